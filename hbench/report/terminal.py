"""The leaderboard as plain text for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hbench.report.boardrow import BoardRow
from hbench.report.compare import Column
from hbench.report.formats import NOTHING, fixed, points

_HEADER = ("method", "metric", "to full", "", "to chance", "", "kept", "net cost")
#: Numbers are set to the right, words to the left.
_RIGHT = (1, 2, 4, 6, 7)


def terminal_text(columns: Iterable[tuple[Column, Sequence[BoardRow]]]) -> str:
    """Return one block of aligned lines per column: metric, differences and verdicts, size, net cost shared / alone."""
    return "\n\n".join(_block(column, rows) for column, rows in columns)


def _block(column: Column, rows: Sequence[BoardRow]) -> str:
    most = max((row.seeds + row.seeds_failed for row in rows), default=0)
    lines = [(*_HEADER[:1], column.any.metric, *_HEADER[2:]), *(_line(row, most) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADER))]
    text = [
        "  ".join(c.rjust(w) if i in _RIGHT else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]
    return "\n".join([column.title, *(line.rstrip() for line in text)])


def _line(row: BoardRow, most: int) -> tuple[str, ...]:
    if row.status in ("missing", "failed"):
        return (row.method, row.status, *[NOTHING, ""] * 2, NOTHING, NOTHING)
    net = NOTHING
    if row.net_shared is not None and row.net_alone is not None:
        net = f"{fixed(row.net_shared, 2)} / {fixed(row.net_alone, 2)}"
    return (
        f"{row.method} ({row.seeds} of {most} seeds)" if row.seeds < most else row.method,
        points(row.metric),
        points(row.full_difference, signed=True),
        row.full_verdict,
        points(row.chance_difference, signed=True),
        row.chance_verdict,
        NOTHING if row.kept_share is None else f"{fixed(row.kept_share * 100, 1)} %",
        net,
    )
