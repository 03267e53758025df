"""Cost and accuracy: all rows of a task, split and model together, whatever their size and budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hbench.board.row import BoardRow
from hbench.results.cell import CellKey


@dataclass(frozen=True)
class TradeoffRow:
    """A row of the board beside its task's other sizes and budgets."""

    row: BoardRow
    #: Whether no other row is better at the same or a lower net cost alone, by point values; None without a cost.
    front: bool | None


@dataclass(frozen=True)
class Tradeoff:
    """The rows of one task, split and model that have a metric, cheapest first by net cost alone, better ones first."""

    task: str
    split: str
    model: str
    rows: tuple[TradeoffRow, ...]

    @property
    def metric(self) -> str:
        """Return the name of the metric."""
        return self.rows[0].row.metric_name

    @property
    def full(self) -> BoardRow | None:
        """Return the row of the full data, None where it has no result."""
        return next((line.row for line in self.rows if line.row.role == "full"), None)


def tradeoffs_of(contests: Iterable[Sequence[BoardRow]]) -> tuple[Tradeoff, ...]:
    """Return one per task, split and model that has a pruned row with a metric, from the rows of all contests."""
    evaluations: dict[tuple[str, str, str], dict[CellKey, BoardRow]] = {}
    for rows in contests:
        for row in rows:
            known = evaluations.setdefault((row.cell.task, row.cell.split, row.cell.model), {})
            if row.metric is not None:
                known[row.cell] = row
    return tuple(
        Tradeoff(*key, rows=_with_front(sorted(known.values(), key=_order)))
        for key, known in evaluations.items()
        if any(row.role != "full" for row in known.values())
    )


def _order(row: BoardRow) -> tuple[float, float, CellKey]:
    return _net(row), -_metric(row), row.cell


def _with_front(rows: Sequence[BoardRow]) -> tuple[TradeoffRow, ...]:
    """Mark the rows that none beats; rows: cheapest first, of equal cost the better ones, so that those come before."""
    best, found = -math.inf, []
    for row in rows:
        best = max(best, _metric(row))
        found.append(TradeoffRow(row, None if math.isinf(_net(row)) else _metric(row) >= best))
    return tuple(found)


def _net(row: BoardRow) -> float:
    """Return the net cost alone, rounded so that costs equal on paper compare as equal; infinite where not known."""
    net = None if row.costs is None else row.costs.net_alone
    return math.inf if net is None else round(net, 10)


def _metric(row: BoardRow) -> float:
    return round(row.metric.value if row.metric else 0.0, 10)
