"""Two versions of a board, or two folders of results: which rows came, went and changed, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from hbench.board.board import Board, values_of
from hbench.board.paired import differences
from hbench.board.row import BoardRow
from hbench.board.scorings import with_shared_scores
from hbench.board.values import CellValues
from hbench.results.cell import CellKey, CellResult
from hbench.statistics import TwoTTest, holm

#: added, removed: only the new, or only the old version has a result; replaced: the result files differ; follows: only
#: numbers or verdicts that rest on other results too.
Kind = Literal["added", "removed", "replaced", "follows"]


@dataclass(frozen=True)
class RowChange:
    """One row that is not the same in both versions."""

    kind: Kind
    cell: CellKey
    before: BoardRow | None
    after: BoardRow | None
    #: Fields of a result file that differ, sorted; empty unless it was replaced.
    fields: tuple[str, ...] = ()
    #: New minus old, paired by seed and example; None where `untested` says why there is none.
    test: TwoTTest | None = None
    untested: str = ""
    #: Holm-adjusted over the rows that were replaced; None without a test.
    p_adjusted: float | None = None


@dataclass(frozen=True)
class Versions:
    """What changed from one version of a board to another."""

    #: Sorted by kind in the order of `Kind`, then by cell.
    changes: tuple[RowChange, ...]
    #: Rows with a result in both that are the same.
    same: int
    #: Protocols of the old and the new one, each None without results.
    protocols: tuple[int | None, int | None]

    def of(self, kind: Kind) -> tuple[RowChange, ...]:
        """Return the changes of a kind."""
        return tuple(change for change in self.changes if change.kind == kind)


def versions_of(before: Board | None, after: Board | None) -> Versions:
    """Compare two versions of a board, None for one without any result."""
    old, new = _Side.of(before), _Side.of(after)
    both = sorted({*old.results} & {*new.results})
    changes = [RowChange("added", cell, None, new.rows[cell]) for cell in sorted({*new.results} - {*old.results})]
    changes += [RowChange("removed", cell, old.rows[cell], None) for cell in sorted({*old.results} - {*new.results})]
    changes += _adjusted([_replaced(cell, old, new) for cell in both if old.results[cell] != new.results[cell]])
    changes += [
        RowChange("follows", cell, old.rows[cell], new.rows[cell])
        for cell in both
        if old.results[cell] == new.results[cell] and _moved(old.rows[cell], new.rows[cell])
    ]
    touched = {change.cell for change in changes}
    return Versions(tuple(changes), sum(cell not in touched for cell in both), (old.protocol, new.protocol))


@dataclass(frozen=True)
class _Side:
    """One version: its results, rows and per-example values by cell."""

    results: Mapping[CellKey, CellResult]
    rows: Mapping[CellKey, BoardRow]
    values: Mapping[CellKey, CellValues]

    @classmethod
    def of(cls, board: Board | None) -> _Side:
        if board is None:
            return cls({}, {}, {})
        return cls(
            {result.cell: result for result in board.results},
            {row.cell: row for row in board.rows},
            with_shared_scores(values_of(board.results), board.shared_scores),
        )

    @property
    def protocol(self) -> int | None:
        return next((result.protocol for result in self.results.values()), None)


def _replaced(cell: CellKey, old: _Side, new: _Side) -> RowChange:
    before, after = old.results[cell], new.results[cell]
    change = RowChange("replaced", cell, old.rows[cell], new.rows[cell], _differing(before, after))
    ours, theirs = new.values.get(cell), old.values.get(cell)
    if ours is None or theirs is None or not ours.rows or not theirs.rows:
        return replace(change, untested="no trainings on one side")
    why = _why_untested(before, after, theirs, ours)
    if why:
        return replace(change, untested=why)
    (test,) = differences([(ours, theirs)])
    return replace(change, test=test, untested="" if test is not None else "no seed in common")


def _why_untested(before: CellResult, after: CellResult, old: CellValues, new: CellValues) -> str:
    """Return why two results of one cell cannot be compared by example, nothing where they can."""
    if before.data.eval_digest != after.data.eval_digest or before.data.eval_rows != after.data.eval_rows:
        return "other evaluation examples"
    if (old.measure is None) != (new.measure is None) or before.metric != after.metric:
        return "another metric"
    if not _same_cases(old, new):
        return "other cases"
    if {*_differing(before, after)} <= _APART:
        return "the same predictions"
    return ""


#: Fields of a result without any bearing on what was predicted.
_APART = frozenset({"baseline", "compared", "claims", "cost", "looks", "margin", "planted", "published", "rivals"})


def _differing(before: CellResult, after: CellResult) -> tuple[str, ...]:
    return tuple(sorted(f.name for f in fields(CellResult) if getattr(before, f.name) != getattr(after, f.name)))


def _same_cases(old: CellValues, new: CellValues) -> bool:
    if old.cases is None or new.cases is None:
        return old.cases is None and new.cases is None
    return np.array_equal(old.cases, new.cases)


def _adjusted(changes: Sequence[RowChange]) -> list[RowChange]:
    p = holm([None if change.test is None else change.test.p for change in changes])
    return [replace(change, p_adjusted=value) for change, value in zip(changes, p, strict=True)]


def _moved(before: BoardRow, after: BoardRow) -> bool:
    """Return whether a verdict, or what the row was compared with, is another; not every digit of a p value."""
    return _outcome(before) != _outcome(after)


def _outcome(row: BoardRow) -> tuple[object, ...]:
    return (
        row.status,
        *((c.role, c.baseline, c.baseline_status, c.verdict, c.holds_over_board) for c in row.comparisons),
        None if row.ranks is None else (row.ranks.best, row.ranks.worst),
    )
