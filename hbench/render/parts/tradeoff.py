"""Cost and accuracy: a section per task, split and model with all sizes and budgets together, and its figure."""

from __future__ import annotations

from hbench.board.board import Board
from hbench.board.tradeoff import Tradeoff, TradeoffRow
from hbench.render.display import code, estimate, title
from hbench.render.figures.plots import paths_of
from hbench.render.parts.row_text import labelled, net_costs, tested
from hbench.render.section import Picture, Section, Text
from hbench.render.table import NOTHING, Column, Table, View

_TRADEOFF = """\
All sizes and budgets of a task together, cheapest first by net cost alone, which is what one training of one's own
costs. `front` marks what no other row beats at the same or a lower net cost alone, by point values."""

_PUBLISHED = """\
What the authors of these methods report, in settings of their own. None of it was measured here:"""

_SHARE, _TRAININGS, _OF_FULL = "share of 1", "full trainings", "share of full, %"


def _budget(line: TradeoffRow) -> str:
    return NOTHING if line.row.role == "full" else line.row.cell.budget


def _front(line: TradeoffRow) -> str:
    return NOTHING if line.front is None else "yes" if line.front else "no"


TRADEOFF: tuple[Column[TradeoffRow], ...] = (
    Column(
        "method", lambda line: line.row.method, identifies=True, page=View("method", lambda line: labelled(line.row))
    ),
    Column(
        "keep",
        lambda line: line.row.cell.keep,
        identifies=True,
        page=View("keep", lambda line: code(line.row.cell.keep)),
    ),
    Column("budget", lambda line: line.row.cell.budget, identifies=True, page=View("budget", _budget)),
    Column(
        "net_alone",
        lambda line: None if line.row.costs is None else line.row.costs.net_alone,
        _TRAININGS,
        page=View("net cost alone", lambda line: net_costs(line.row)[0]),
    ),
    Column(
        "net_shared",
        lambda line: None if line.row.costs is None else line.row.costs.net_shared,
        _TRAININGS,
        page=View("net cost shared", lambda line: net_costs(line.row)[1]),
    ),
    Column(
        "metric",
        lambda line: None if line.row.metric is None else line.row.metric.value,
        _SHARE,
        page=View("metric", lambda line: estimate(line.row.metric)),
    ),
    Column(
        "full_share",
        lambda line: None if line.row.share is None else line.row.share.value,
        _SHARE,
        page=View(_OF_FULL, lambda line: estimate(line.row.share)),
    ),
    Column(
        "values_mean",
        lambda line: None if line.row.values is None else line.row.values.value,
        _SHARE,
        page=View("values", lambda line: estimate(line.row.values), optional=True),
    ),
    Column(
        "values_share",
        lambda line: None if line.row.values_share is None else line.row.values_share.value,
        _SHARE,
        page=View(f"its {_OF_FULL}", lambda line: estimate(line.row.values_share), optional=True),
    ),
    Column(
        "gain",
        lambda line: None if line.row.gain is None else line.row.gain.value,
        _SHARE,
        page=View("share of the gain, %", lambda line: estimate(line.row.gain), optional=True),
    ),
    Column("front", lambda line: line.front, page=View("front", _front)),
)


def tradeoff_sections(board: Board) -> list[Section]:
    """Return the section `Cost and accuracy` and one per task, split and model; nothing where none has a method."""
    if not board.tradeoffs:
        return []
    about = Section("Cost and accuracy", 2, (Text(_TRADEOFF), *_published(board)))
    paths = paths_of(board.tradeoffs)
    return [about, *(_section(t, path) for t, path in zip(board.tradeoffs, paths, strict=True))]


def _section(tradeoff: Tradeoff, figure: str | None) -> Section:
    metric, name = tradeoff.metric, title((tradeoff.task, tradeoff.split, tradeoff.model))
    about = []
    beside = next((tested(line.row) for line in tradeoff.rows if line.row.values is not None), None)
    if beside is not None:
        about.append(
            f"{metric} is not a mean over examples and cannot be recomputed here: it and its share of full are shown "
            f"without an interval. The mean {beside}, which the tests compare, is shown beside them with its own share "
            "of full."
        )
    if tradeoff.full is None:
        about.append("The full data have no result here: no share of it is shown.")
    table = Table.of(TRADEOFF, tradeoff.rows, {"metric": metric, "values_mean": beside or ""})
    picture = [] if figure is None else [Picture(figure, f"{metric} against net cost: {name}")]
    return Section(name, 3, (*map(Text, about), table, *picture))


def _published(board: Board) -> list[Text]:
    """Return a paragraph and one line per method whose authors' figures are known, nothing where none are."""
    found = sorted({(r.method, r.published) for r in board.results if r.published})
    return (
        [Text("\n".join([_PUBLISHED, "", *(f"- {code(method)}: {text}" for method, text in found)]))] if found else []
    )
