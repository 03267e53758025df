"""The examples of a split: what a source gives and a kind of task encodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Examples:
    """Rows of one split that have a gold answer, in the order of their source."""

    #: Stable and distinct: the task's id column, or the number of the row in its source split, from 0.
    ids: list[str]
    #: The columns the task declares, by the names in `Task.columns`.
    columns: dict[str, list[Any]]
    #: sha256 of ids and columns.
    digest: str
    #: What each example was planted as, for an embedded task that says so.
    planted: list[str] | None = None
    #: The passage or article each example belongs to, numbered from 0; None when the task names no such column.
    cases: list[int] | None = None
    #: Rows of the split that were left out, since they have no gold answer.
    left_out: int = 0

    @property
    def size(self) -> int:
        """Number of examples."""
        return len(self.ids)
