"""The regime of a board: what was trained here, in how many steps, beside what the authors of the methods trained."""

from __future__ import annotations

from dataclasses import dataclass

from hbench.board.board import Board
from hbench.board.regimes.budgets import BudgetLine, BudgetTable
from hbench.board.regimes.regime import Regime
from hbench.board.steps import Steps
from hbench.render.display import code, count, difference, estimate, fixed, title
from hbench.render.names import steps_text
from hbench.render.section import Section, Text
from hbench.render.table import NOTHING, Column, Table, View

_ABOUT = """\
What was trained here beside what the authors of the methods trained, as their papers say it: a claim that holds for
tens of thousands of steps need not hold for a hundred. Steps are those of the optimiser, on the rows kept and on all
rows; of a published setting they follow from rows, batch size and epochs."""

_BUDGETS = """\
The same methods at the same size under several budgets: with as many epochs as the full data, a small part trains for
few steps; with as many steps, it is read more often. Metric, then the difference to the random subset of the same
budget."""


@dataclass(frozen=True)
class _Line:
    """One line of the box: a size and budget here, or a published setting."""

    task: str
    #: `here`, or the paper.
    whose: str
    model: str
    rows: int
    kept: float | None
    keep: str
    budget: str
    epochs: int
    batch_size: int
    learning_rate: float
    steps: Steps | None
    full_steps: Steps | None


def regime_sections(board: Board) -> list[Section]:
    """Return the section `Regime` with a line per size and budget, and one per budget table; none without steps."""
    sections = []
    if board.regimes:
        table = Table.of(_LINES, [line for regime in board.regimes for line in _lines(regime)])
        sections.append(Section("Regime", 2, (Text(_ABOUT), table)))
    if board.budgets:
        sections.append(Section("Budgets side by side", 2, (Text(_BUDGETS),)))
        sections += [_section(found) for found in board.budgets]
    return sections


def _lines(regime: Regime) -> list[_Line]:
    here = [
        _Line(
            regime.task,
            "here",
            regime.model,
            regime.rows,
            size.rows / regime.rows if regime.rows else None,
            size.keep,
            size.budget,
            regime.epochs,
            regime.batch_size,
            regime.learning_rate,
            size.steps,
            regime.full_steps,
        )
        for size in regime.sizes
    ]
    theirs = [
        _Line(
            regime.task,
            f"{found.source} ({found.read})",
            found.model,
            found.rows,
            found.kept,
            "",
            "",
            found.epochs,
            found.batch_size,
            found.learning_rate,
            None if found.steps is None else Steps(found.steps, found.steps),
            Steps(found.full_steps, found.full_steps),
        )
        for found in regime.published
    ]
    return here + theirs


def _kept(line: _Line) -> str:
    return NOTHING if line.kept is None else f"{fixed(100 * line.kept, 1)} %"


def _most(steps: Steps | None) -> int | None:
    return None if steps is None else steps.most


_LINES: tuple[Column[_Line], ...] = (
    Column("task", lambda x: x.task, identifies=True, page=View("task", lambda x: code(x.task))),
    Column("whose", lambda x: x.whose, identifies=True, page=View("setting", lambda x: x.whose)),
    Column("model", lambda x: x.model, identifies=True, page=View("model", lambda x: code(x.model))),
    Column("rows", lambda x: x.rows, "rows", page=View("rows", lambda x: count(x.rows))),
    Column("keep", lambda x: x.keep or None, identifies=True),
    Column("kept", lambda x: x.kept, "share of 1", page=View("kept", _kept)),
    Column("budget", lambda x: x.budget or None, identifies=True, page=View("budget", lambda x: x.budget or NOTHING)),
    Column("epochs", lambda x: x.epochs, page=View("epochs", lambda x: str(x.epochs))),
    Column("batch_size", lambda x: x.batch_size, page=View("batch size", lambda x: str(x.batch_size))),
    Column("learning_rate", lambda x: x.learning_rate, places=12, page=View("rate", lambda x: f"{x.learning_rate:g}")),
    Column("steps", lambda x: _most(x.steps), "steps", page=View("steps", lambda x: steps_text(x.steps))),
    Column(
        "full_steps",
        lambda x: _most(x.full_steps),
        "steps",
        page=View("steps on all rows", lambda x: steps_text(x.full_steps)),
    ),
)


def _section(found: BudgetTable) -> Section:
    columns = [_METHOD, *(column for budget in found.budgets for column in _under(budget))]
    full = (
        "" if found.full is None else f"Full data: {estimate(found.full.metric)}, {steps_text(found.full.steps)} steps."
    )
    table = Table.of(columns, found.lines)
    return Section(title(found.key), 3, (*([Text(full)] if full else []), table))


_METHOD: Column[BudgetLine] = Column(
    "method", lambda x: x.method, identifies=True, page=View("method", lambda x: code(x.method))
)


def _under(budget: str) -> list[Column[BudgetLine]]:
    """Return the columns of one budget: metric, and difference to random."""

    def metric(line: BudgetLine) -> float | None:
        row = line.rows.get(budget)
        return None if row is None or row.metric is None else row.metric.value

    def to_random(line: BudgetLine) -> float | None:
        row = line.rows.get(budget)
        found = None if row is None else row.against("random")
        return None if found is None else found.difference

    def shown(line: BudgetLine) -> str:
        row = line.rows.get(budget)
        if row is None:
            return NOTHING
        return estimate(row.metric) if row.metric is not None else row.status

    def compared(line: BudgetLine) -> str:
        row = line.rows.get(budget)
        return NOTHING if row is None else difference(row.against("random"))

    return [
        Column(f"{budget} metric", metric, "share of 1", page=View(f"{budget}: metric", shown)),
        Column(f"{budget} random", to_random, "share of 1", page=View(f"{budget}: to random", compared)),
    ]
