"""The full data against an answer that needs no reading: below it, a verdict about pruning says little."""

from __future__ import annotations

from collections.abc import Iterable

from hbench.board.board import Board
from hbench.board.row import BoardRow
from hbench.render.display import code, difference, estimate, interval, points
from hbench.render.section import Section, Text
from hbench.render.table import Column, Table, View

_TRIVIAL = """\
What needs no reading: always naming one class, never answering, guessing. Where the model trained on all data is
not `superior` to it (p at most 0.05, not adjusted), its tables have no assay and give no verdicts. Where the metric is
neither a mean over examples nor recomputed from them, both are the mean per-example result."""
_SHARE = "share of 1"


def _answer(row: BoardRow) -> str:
    found = row.against("trivial")
    return "" if found is None else found.baseline


def _difference(row: BoardRow) -> float | None:
    found = row.against("trivial")
    return None if found is None else found.difference


def _mean(row: BoardRow) -> float | None:
    """Return the mean that the test is about."""
    found = row.values or row.metric
    return None if found is None else found.value


TRIVIAL: tuple[Column[BoardRow], ...] = (
    Column("task", lambda row: row.cell.task, identifies=True, page=View("task", lambda row: code(row.cell.task))),
    Column("split", lambda row: row.cell.split, identifies=True, page=View("split", lambda row: code(row.cell.split))),
    Column("model", lambda row: row.cell.model, identifies=True, page=View("model", lambda row: code(row.cell.model))),
    Column("answer", _answer, page=View("answer", _answer)),
    Column("reaches", lambda row: row.trivial_mean, _SHARE, page=View("reaches", lambda row: points(row.trivial_mean))),
    Column("full_data", _mean, _SHARE, page=View("full data", lambda row: estimate(row.values or row.metric))),
    Column(
        "difference",
        _difference,
        _SHARE,
        page=View("difference", lambda row: difference(row.against("trivial"))),
    ),
)


def trivial_sections(board: Board) -> list[Section]:
    """Return the section with one line per task, split and model whose trivial answer is known; none without any."""
    rows = [row for row in board.rows if row.against("trivial") is not None]
    if not rows:
        return []
    return [Section("The full data against a trivial answer", 2, (Text(_TRIVIAL), Table.of(TRIVIAL, rows)))]


def trivial_lines(rows: Iterable[BoardRow]) -> list[Text]:
    """Return what a terminal shows below a contest's table: how far the full data is from the trivial answer."""
    return [
        Text(
            "",
            f"{row.method} to {found.baseline} ({points(row.trivial_mean)}): "
            f"{points(found.difference, signed=True)}{interval(found.low, found.high, signed=True)}, {found.verdict}",
        )
        for row in rows
        if (found := row.against("trivial")) is not None
    ]
