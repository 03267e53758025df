"""Cost and accuracy: all rows of a task, split and model together, whatever their size and budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hbench.board.columns import Column
from hbench.board.row import BoardRow
from hbench.render.formats import NOTHING, code, fixed, interval, points, table
from hbench.results.cell import CellKey

_LABELS = {"full": " (all data)", "chance": " (chance)"}
_SHARE = "share of full, %"


@dataclass(frozen=True)
class Tradeoff:
    """The rows of one task, split and model that have a metric, cheapest first by net cost alone, better ones first.

    front: the cells that no other row beats at the same or a lower net cost, by point values.
    """

    task: str
    split: str
    model: str
    rows: tuple[BoardRow, ...]
    front: frozenset[CellKey]

    @property
    def title(self) -> str:
        """Return what identifies it."""
        return " / ".join((self.task, self.split, self.model))

    @property
    def metric(self) -> str:
        """Return the name of the metric."""
        return self.rows[0].metric_name

    @property
    def full(self) -> BoardRow | None:
        """Return the row of the full data, None where it has no result."""
        return next((row for row in self.rows if row.role == "full"), None)


def tradeoffs_of(columns: Iterable[tuple[Column, Sequence[BoardRow]]]) -> list[Tradeoff]:
    """Return one per task, split and model that has a pruned row with a metric, in the order of the board."""
    groups: dict[tuple[str, str, str], dict[CellKey, BoardRow]] = {}
    for column, rows in columns:
        group = groups.setdefault((column.task, column.split, column.model), {})
        group |= {row.cell: row for row in rows if row.metric is not None}
    return [
        Tradeoff(*key, rows=tuple(sorted(group.values(), key=_order)), front=_front(list(group.values())))
        for key, group in groups.items()
        if any(row.role != "full" for row in group.values())
    ]


def _order(row: BoardRow) -> tuple[float, float, CellKey]:
    return _net(row), -_metric(row), row.cell


def _front(rows: Sequence[BoardRow]) -> frozenset[CellKey]:
    known = [row for row in rows if row.net_alone is not None]
    return frozenset(
        row.cell
        for row in known
        if not any(_net(other) <= _net(row) and _metric(other) > _metric(row) for other in known)
    )


def _net(row: BoardRow) -> float:
    """Return the net cost alone, rounded, so that costs that are equal on paper tie on every machine."""
    return math.inf if row.net_alone is None else round(row.net_alone, 10)


def _metric(row: BoardRow) -> float:
    return round(row.metric or 0.0, 10)


def tradeoff_table(tradeoff: Tradeoff, figure: str | None) -> list[str]:
    """Return the section of one task, split and model; `figure` is the path of its picture beside the page, if any."""
    metric = tradeoff.metric
    header = ["method", "keep", "budget", "net cost alone", "net cost shared", metric, _SHARE, "front"]
    lines = [f"### {tradeoff.title}", ""]
    tested = next((row.tested for row in tradeoff.rows if row.tested and row.tested != metric), None)
    if tested is not None:
        header[-1:-1] = [tested, f"its {_SHARE}"]
        lines += [
            f"{metric} is not a mean over examples: it and its share of full are shown without an interval. Beside "
            f"them stands the mean {tested}, which the tests compare, with its own share of full.",
            "",
        ]
    if tradeoff.full is None:
        lines += ["The full data have no result here: no share of it is shown.", ""]
    body = [_cells(row, row.cell in tradeoff.front, tested is not None) for row in tradeoff.rows]
    lines += table(header, body)
    return lines if figure is None else [*lines, "", f"![{metric} against net cost: {tradeoff.title}]({figure})"]


def _cells(row: BoardRow, front: bool, values: bool) -> list[str]:
    cells = [
        code(row.method) + _LABELS.get(row.role, ""),
        code(row.keep),
        NOTHING if row.role == "full" else row.budget,
        NOTHING if row.net_alone is None else fixed(row.net_alone, 2),
        NOTHING if row.net_shared is None else fixed(row.net_shared, 2),
        points(row.metric) + interval(row.metric_low, row.metric_high),
        points(row.full_share) + interval(row.full_share_low, row.full_share_high),
    ]
    if values:
        cells += [
            points(row.values_mean) + interval(row.values_low, row.values_high),
            points(row.values_share) + interval(row.values_share_low, row.values_share_high),
        ]
    return [*cells, NOTHING if row.net_alone is None else "yes" if front else "no"]
