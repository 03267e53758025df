"""Cost and accuracy: a section per task, split and model with all sizes and budgets together, and its figure."""

from __future__ import annotations

from collections.abc import Callable

from hbench.board.board import Board
from hbench.board.row import BoardRow, Estimate
from hbench.board.tradeoff import Tradeoff, TradeoffRow
from hbench.cost.budgets import DEFAULT_BUDGET
from hbench.render.display import code, ends_of, estimate, points
from hbench.render.figures.plots import CAPTIONS, pictures_of
from hbench.render.names import Names, short_percent
from hbench.render.parts.row_text import labelled, net_cost, net_costs, tested
from hbench.render.section import Picture, Section, Text
from hbench.render.table import NOTHING, Column, Table, Value, View
from hbench.results.cell import kept_share

_TRADEOFF = """\
All sizes and budgets of a task together, cheapest first by net cost alone, which is what one training of one's own
costs. `front` marks what no other row beats at the same or a lower net cost alone, by point values."""

_PUBLISHED = """\
What the authors of these methods report, in settings of their own. None of it was measured here:"""

_SHARE, _TRAININGS = "share of 1", "full trainings"
_INTERVAL = "95 %"
#: The title of what a page folds away under the table of a task.
_MORE = "Shares of the metric of all data, and costs shared"


def _size(line: TradeoffRow) -> str:
    cell = line.row.cell
    if line.row.role == "full":
        return "all"
    share = kept_share(cell.keep)
    kept = code(cell.keep) if share is None else short_percent(share)
    return kept if cell.budget == DEFAULT_BUDGET else f"{kept}, {cell.budget}"


def _front(line: TradeoffRow) -> str:
    return NOTHING if line.front is None else "yes" if line.front else "no"


def _part(get: Callable[[BoardRow], Estimate | None]) -> Callable[[TradeoffRow], Value]:
    return lambda line: None if (found := get(line.row)) is None else found.value


def _shown(get: Callable[[BoardRow], Estimate | None]) -> Callable[[TradeoffRow], str]:
    return lambda line: points(None if (found := get(line.row)) is None else found.value)


def _ends(get: Callable[[BoardRow], Estimate | None]) -> Callable[[TradeoffRow], str]:
    return lambda line: ends_of(get(line.row))


TRADEOFF: tuple[Column[TradeoffRow], ...] = (
    Column("task", lambda line: line.row.cell.task, identifies=True),
    Column(
        "method",
        lambda line: line.row.method,
        identifies=True,
        page=View("method", lambda line: labelled(line.row), words=True),
    ),
    Column(
        "keep",
        lambda line: line.row.cell.keep,
        identifies=True,
        page=View("kept", _size),
        about="The share of the training rows that is kept, or the scorer that sets it, and a budget that is special.",
    ),
    Column("budget", lambda line: line.row.cell.budget, identifies=True),
    Column(
        "net_alone",
        lambda line: None if line.row.costs is None else line.row.costs.net_alone,
        _TRAININGS,
        page=View("net cost", lambda line: net_costs(line.row)[0]),
        about="(scoring + one training on the subset) / one training on all data, as if this were the only method.",
    ),
    Column(
        "metric",
        _part(lambda row: row.metric),
        _SHARE,
        page=View("metric", _shown(lambda row: row.metric)),
        about="The metric in points, mean over training seeds.",
    ),
    Column(
        "metric_interval",
        _ends(lambda row: row.metric),
        page=View(_INTERVAL, _ends(lambda row: row.metric)),
        about="95 % interval of the metric over training seeds and evaluation examples.",
    ),
    Column(
        "gain",
        _part(lambda row: row.gain),
        _SHARE,
        page=View("gain kept, %", _shown(lambda row: row.gain), optional=True),
        about="Share of what training on all data gains over the trivial answer: 0 has learnt nothing.",
    ),
    Column(
        "gain_interval",
        _ends(lambda row: row.gain),
        page=View(_INTERVAL, _ends(lambda row: row.gain), optional=True),
        about="95 % interval of the share of the gain that is kept (Fieller).",
    ),
    Column(
        "front",
        lambda line: line.front,
        page=View("front", _front, words=True),
        about="Whether no other row is better at the same or a lower net cost, going by the numbers and not by tests.",
    ),
    Column(
        "net_shared",
        lambda line: None if line.row.costs is None else line.row.costs.net_shared,
        _TRAININGS,
        page=View("net cost, alone / shared", lambda line: net_cost(line.row), fold=_MORE),
        about="Net cost, and the same with each part of the scoring runs split among the methods that use it.",
    ),
    Column(
        "full_share",
        _part(lambda row: row.share),
        _SHARE,
        page=View("share of full, %", _shown(lambda row: row.share), fold=_MORE),
        about="The metric as a share of that of the full data, over the seeds that both have.",
    ),
    Column(
        "full_share_interval",
        _ends(lambda row: row.share),
        page=View(_INTERVAL, _ends(lambda row: row.share), fold=_MORE),
        about="95 % interval of the share of the full data's metric (Fieller).",
    ),
    Column(
        "values_mean",
        _part(lambda row: row.values),
        _SHARE,
        page=View("values", lambda line: estimate(line.row.values), optional=True, fold=_MORE),
        about="The mean per-example result, which the tests compare where the metric is no mean.",
    ),
    Column(
        "values_share",
        _part(lambda row: row.values_share),
        _SHARE,
        page=View("its share of full, %", lambda line: estimate(line.row.values_share), optional=True, fold=_MORE),
        about="The mean per-example result as a share of that of the full data.",
    ),
)


def tradeoff_sections(board: Board) -> list[Section]:
    """Return the section `Cost and accuracy` and one per task, split and model; nothing where none has a method."""
    if not board.tradeoffs:
        return []
    about = Section("Cost and accuracy", 2, (Text(_TRADEOFF), *_published(board)))
    pictures, names = pictures_of(board), Names.of(board)
    sections = []
    for tradeoff in board.tradeoffs:
        name = names.evaluation(tradeoff.task, tradeoff.split, tradeoff.model)
        shown = pictures[tradeoff.task, tradeoff.split, tradeoff.model]
        drawn = [Picture(path, f"{name}: {tradeoff.metric} {CAPTIONS[plot.kind]}") for path, plot in shown]
        sections.append(_section(tradeoff, drawn, name))
    return [about, *sections]


def _section(tradeoff: Tradeoff, pictures: list[Picture], name: str) -> Section:
    metric = tradeoff.metric
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
    return Section(f"{name}: cost and {metric}", 3, (*map(Text, about), *pictures, table))


def _published(board: Board) -> list[Text]:
    """Return a paragraph and one line per method whose authors' figures are known, nothing where none are."""
    found = sorted({(r.method, r.published) for r in board.results if r.published})
    return (
        [Text("\n".join([_PUBLISHED, "", *(f"- {code(method)}: {text}" for method, text in found)]))] if found else []
    )
