"""The leaderboard as plain text for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from hbench.board.columns import Column, Place
from hbench.board.comparisons import LACKING, Comparison
from hbench.board.row import BoardRow
from hbench.render.formats import NOTHING, fixed, points
from hbench.render.trivial import trivial_line

_HEADER = ("method", "metric", "to full", "", "to chance", "", "kept", "net cost")
#: Numbers are set to the right, words to the left.
_RIGHT = {1, 2, 4, 6, 7}


def terminal_text(
    columns: Iterable[tuple[Column, Sequence[BoardRow]]], comparisons: Mapping[Place, Sequence[Comparison]]
) -> str:
    """Return one block of aligned lines per column: metric, differences and verdicts, size, net cost shared / alone.

    Below it the full data against a trivial answer where that is known, and, where a column has rivals, one line per
    method: differences to them and verdicts.
    """
    return "\n\n".join(_block(column, rows, comparisons.get(column.place, ())) for column, rows in columns)


def _block(column: Column, rows: Sequence[BoardRow], comparisons: Sequence[Comparison]) -> str:
    most = max((row.seeds + row.seeds_failed for row in rows), default=0)
    lines = [(*_HEADER[:1], column.any.metric, *_HEADER[2:]), *(_line(row, most) for row in rows)]
    text = [column.title, *_aligned(lines, _RIGHT), *trivial_line(rows)]
    if comparisons:
        text += _aligned(_against(rows, comparisons), set(range(1, 2 * len(column.rivals), 2)))
    return "\n".join(text)


def _against(rows: Sequence[BoardRow], comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Return header and lines: per rival the difference to it and the verdict."""
    found = {(c.method, c.rival): c for c in comparisons}
    rivals = {c.rival: f" ({c.rival_status})" if c.rival_status in LACKING else "" for c in comparisons}
    lines = [("method", *(text for rival in sorted(rivals) for text in (f"to {rival}{rivals[rival]}", "")))]
    for row in rows:
        against = [found.get((row.method, rival)) for rival in sorted(rivals)]
        if any(against):
            shown = ((points(c.difference, signed=True), c.verdict) if c else (NOTHING, "") for c in against)
            lines.append((row.method, *(text for pair in shown for text in pair)))
    return lines


def _aligned(lines: Sequence[tuple[str, ...]], right: AbstractSet[int]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


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
