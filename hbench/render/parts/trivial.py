"""The full data against an answer that needs no reading: below it, a verdict about pruning says little."""

from __future__ import annotations

from collections.abc import Iterable

from hbench.board.board import Board
from hbench.board.row import BoardRow
from hbench.render.display import code, interval, points
from hbench.render.parts.row_text import interval_to, p_to, tone_of, verdict_on
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
    Column(
        "task",
        lambda row: row.cell.task,
        identifies=True,
        page=View("task", lambda row: code(row.cell.task), words=True),
    ),
    Column("split", lambda row: row.cell.split, identifies=True),
    Column(
        "model",
        lambda row: row.cell.model,
        identifies=True,
        page=View("model", lambda row: code(row.cell.model), words=True),
    ),
    Column("answer", _answer, page=View("trivial answer", _answer, words=True), about="What needs no reading."),
    Column(
        "reaches",
        lambda row: row.trivial_mean,
        _SHARE,
        page=View("reaches", lambda row: points(row.trivial_mean)),
        about="What the trivial answer reaches on the evaluation rows, in points.",
    ),
    Column(
        "full_data",
        _mean,
        _SHARE,
        page=View("all data", lambda row: points(_mean(row))),
        about="What the model trained on all data reaches, in points.",
    ),
    Column(
        "difference",
        _difference,
        _SHARE,
        page=View("difference", lambda row: points(_difference(row), signed=True)),
        about="All data minus the trivial answer, in points.",
    ),
    Column(
        "interval",
        interval_to("trivial"),
        page=View("95 %", interval_to("trivial")),
        about="95 % interval of the difference.",
    ),
    Column(
        "p",
        p_to("trivial"),
        page=View("p", p_to("trivial")),
        about="p value of no difference, not adjusted: one test per task and model.",
    ),
    Column(
        "verdict",
        verdict_on("trivial"),
        page=View("verdict", verdict_on("trivial"), words=True),
        about="Where the model is not superior to the trivial answer, its tables have no assay and give no verdicts.",
        tone=tone_of("trivial"),
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
