"""The full data against an answer that needs no reading: below it, a verdict about pruning says little."""

from __future__ import annotations

from collections.abc import Iterable

from hbench.board.row import BoardRow
from hbench.render.formats import code, difference, interval, points, table

_HEADER = ["task", "split", "model", "answer", "reaches", "full data", "difference"]


def trivial_table(rows: Iterable[BoardRow]) -> list[str]:
    """Return one line per task, split and model whose trivial answer is known, and nothing where none is."""
    body = [
        [
            code(row.task),
            code(row.split),
            code(row.model),
            row.trivial,
            points(row.trivial_mean),
            points(_shown(row, "")) + interval(_shown(row, "_low"), _shown(row, "_high")),
            difference(row.trivial_difference, row.trivial_low, row.trivial_high, row.trivial_p, row.trivial_verdict),
        ]
        for row in rows
        if row.trivial_difference is not None
    ]
    return table(_HEADER, body) if body else []


def _shown(row: BoardRow, end: str) -> float | None:
    """Return the mean that the test is about, or an end of its interval."""
    found: float | None = getattr(row, f"values{end or '_mean'}" if row.values_mean is not None else f"metric{end}")
    return found


def trivial_line(rows: Iterable[BoardRow]) -> list[str]:
    """Return what a terminal shows below a table: how far the full data is from the trivial answer."""
    return [
        f"{row.method} to {row.trivial} ({points(row.trivial_mean)}): "
        f"{points(row.trivial_difference, signed=True)}{interval(row.trivial_low, row.trivial_high, signed=True)}, "
        f"{row.trivial_verdict}"
        for row in rows
        if row.trivial
    ]
