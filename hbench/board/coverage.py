"""Coverage: how many of the cells that were to be compared have a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hbench.board.row import BoardRow
from hbench.results.cell import CellResult


@dataclass(frozen=True)
class Coverage:
    """Cells of a board, counted."""

    #: Cells with trainings, and the contests they belong to.
    trained: int
    contests: int
    #: Cells that only rank planted examples.
    diagnostic: int
    #: Cells in which some seeds failed, in which all did, and cells without a result.
    partial: int
    failed: int
    missing: int
    #: Whether there is a single training seed everywhere, so that no test is possible.
    one_seed: bool


def coverage_of(results: Sequence[CellResult], rows: Sequence[BoardRow], contests: int) -> Coverage:
    """Count the results of a board; rows: those of the whole board, missing ones too."""
    statuses = [row.status for row in rows]
    trained = [result for result in results if not result.is_diagnostic]
    return Coverage(
        trained=len(trained),
        contests=contests,
        diagnostic=len(results) - len(trained),
        partial=statuses.count("partial"),
        failed=statuses.count("failed"),
        missing=statuses.count("missing"),
        one_seed=bool(trained) and all(len(result.seeds) == 1 for result in trained),
    )
