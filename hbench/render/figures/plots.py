"""The figures of a board: what each one shows, rounded, so that sums that differ in their last bits draw the same.

How they are drawn is in the modules that are named here; what is drawn has a digest, which the file carries.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from hbench.board.board import Board, Standing
from hbench.board.row import BoardRow
from hbench.board.sensitivity import TaskSensitivity, sensitivities_of
from hbench.board.tradeoff import Tradeoff, TradeoffRow
from hbench.cost.budgets import DEFAULT_BUDGET
from hbench.render.display import fixed, title
from hbench.render.figures.lines import Lines
from hbench.render.figures.marks import FOLDER
from hbench.render.names import Names, kept_of, short_percent, size
from hbench.results.cell import kept_share, slug

#: Raised when figures are drawn in another way: those drawn before are then drawn again.
DRAWING = 3
#: The size of the full data's row.
ALL_DATA = "all data"


@dataclass(frozen=True)
class Point:
    """One row in a figure: share kept in per cent, net cost alone in full trainings, metric and interval in points."""

    method: str
    #: Size, and budget where it is special, or `ALL_DATA`.
    size: str
    kept: float | None
    net: float | None
    metric: float
    low: float | None
    high: float | None
    front: bool


@dataclass(frozen=True)
class Plot:
    """What the figures of a task, split and model show: the metric against net cost, or against the share kept.

    full, trivial: metric of the full data and of the trivial answer in points, None where not known. answer: what the
    latter does. baseline: the method that draws random subsets. methods: those of the whole board, in the order of
    their colours: the random baseline, then by name.
    """

    kind: Literal["cost", "kept"]
    title: str
    metric: str
    full: float | None
    trivial: float | None
    answer: str
    baseline: str
    methods: tuple[str, ...]
    points: tuple[Point, ...]

    @property
    def shown(self) -> list[str]:
        """Return the methods that have a point, in the order of their colours."""
        found = {point.method for point in self.points if point.size != ALL_DATA}
        return [method for method in self.methods if method in found]

    @property
    def sizes(self) -> list[str]:
        """Return the sizes in the order of the rows, cheapest first."""
        return list(dict.fromkeys(point.size for point in self.points if point.size != ALL_DATA))

    @property
    def digest(self) -> str:
        """Return the sha256 of all that decides the drawing but the libraries' versions."""
        return _digest(self)


@dataclass(frozen=True)
class RankPanel:
    """The rank sets of one contest, best metric first: method, best and worst rank."""

    title: str
    ranks: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class RankPlot:
    """The ranks that the tests leave open, for all sizes of a task, split and model."""

    title: str
    metric: str
    baseline: str
    methods: tuple[str, ...]
    panels: tuple[RankPanel, ...]
    kind: Literal["ranks"] = "ranks"

    @property
    def digest(self) -> str:
        """Return the sha256 of all that decides the drawing but the libraries' versions."""
        return _digest(self)


AnyPlot = Plot | RankPlot | Lines
#: What readers call each kind of figure, behind the metric.
CAPTIONS = {
    "cost": "against net cost",
    "kept": "against the share of the training rows kept",
    "ranks": "ranks that the tests leave open",
}
#: Task, split and model.
Evaluation = tuple[str, str, str]


def _digest(plot: Plot | RankPlot) -> str:
    content = [DRAWING, asdict(plot)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def plots_of(board: Board) -> dict[str, AnyPlot]:
    """Return what every figure shows, by its path under the board's folder."""
    found: dict[str, AnyPlot] = {path: plot for plots in pictures_of(board).values() for path, plot in plots}
    return found | {sensitivity_path(s): Lines.of(s) for s in sensitivities_of(board.sensitivity)}


def pictures_of(board: Board) -> dict[Evaluation, list[tuple[str, AnyPlot]]]:
    """Return the figures of every task, split and model of a board: path under its folder, and what is shown."""
    names, methods = Names.of(board), _methods(board)
    stems = _stems([_key(tradeoff) for tradeoff in board.tradeoffs])
    ranked: dict[Evaluation, list[Standing]] = {}
    for standing in board.standings:
        if any(row.ranks is not None for row in standing.rows):
            ranked.setdefault((standing.key.task, standing.key.split, standing.key.model), []).append(standing)
    pictures: dict[Evaluation, list[tuple[str, AnyPlot]]] = {}
    for tradeoff in board.tradeoffs:
        key = _key(tradeoff)
        plot = _plot(tradeoff, names, methods)
        found: list[tuple[str, AnyPlot]] = []
        if any(point.kept is not None and point.size != ALL_DATA for point in plot.points):
            found.append((f"{stems[key]}--kept", replace(plot, kind="kept")))
        if any(point.net is not None for point in plot.points):
            found.append((stems[key], plot))
        if key in ranked:
            panels = tuple(map(_panel, ranked[key]))
            found.append((f"{stems[key]}--ranks", RankPlot(plot.title, plot.metric, plot.baseline, methods, panels)))
        pictures[key] = [(f"{FOLDER}/{name}.svg", plot) for name, plot in found]
    return pictures


def _key(tradeoff: Tradeoff) -> Evaluation:
    return tradeoff.task, tradeoff.split, tradeoff.model


def _stems(keys: Sequence[Evaluation]) -> dict[Evaluation, str]:
    """Return a name for the files of each; names that differ in signs or capitals only are told apart.

    These would meet in one file, on some file systems at least. No part of a name holds two hyphens in a row.
    """
    names = ["--".join(map(slug, key)) for key in keys]
    often = Counter(name.lower() for name in names)
    for i, key in enumerate(keys):
        if often[names[i].lower()] > 1:
            names[i] += f"--{hashlib.sha256(title(key).encode()).hexdigest()[:8]}"
    return dict(zip(keys, names, strict=True))


def _methods(board: Board) -> tuple[str, ...]:
    baselines = {row.method for row in board.rows if row.role == "random"}
    found = {row.method for row in board.rows if row.role != "full" and row.status != "diagnostic"}
    return tuple(sorted(found, key=lambda method: (method not in baselines, method)))


def _plot(tradeoff: Tradeoff, names: Names, methods: tuple[str, ...]) -> Plot:
    full = tradeoff.full
    trivial = None if full is None or full.values is not None else full.against("trivial")
    return Plot(
        kind="cost",
        title=names.evaluation(tradeoff.task, tradeoff.split, tradeoff.model),
        metric=tradeoff.metric,
        full=None if full is None or full.metric is None else _points(full.metric.value),
        trivial=None if trivial is None or full is None else _points(full.trivial_mean),
        answer="" if trivial is None else trivial.baseline,
        baseline=next((line.row.method for line in tradeoff.rows if line.row.role == "random"), ""),
        methods=methods,
        points=tuple(point for line in tradeoff.rows if (point := _point(line)) is not None),
    )


def _point(line: TradeoffRow) -> Point | None:
    row, net = line.row, None if line.row.costs is None else line.row.costs.net_alone
    if row.metric is None:
        return None
    metric, low, high = _points(row.metric.value) or 0.0, _points(row.metric.low), _points(row.metric.high)
    kept = 1.0 if row.role == "full" else None if row.kept is None else row.kept.share
    return Point(
        row.method,
        ALL_DATA if row.role == "full" else _size(row),
        None if kept is None else float(fixed(kept * 100, 4)),
        None if net is None else float(fixed(net, 6)),
        metric,
        low,
        high,
        bool(line.front),
    )


def _size(row: BoardRow) -> str:
    share = kept_share(row.cell.keep)
    kept = f"as {row.cell.keep}" if share is None else short_percent(share)
    return kept if row.cell.budget == DEFAULT_BUDGET else f"{kept}, {row.cell.budget}"


def _points(share: float | None) -> float | None:
    return None if share is None else float(fixed(share * 100, 4))


def sensitivity_path(sensitivity: TaskSensitivity) -> str:
    """Return the path of the figure of how much scorers depend on their runs."""
    return f"{FOLDER}/sensitivity--{slug(sensitivity.task)}--{slug(sensitivity.model)}.svg"


def _panel(standing: Standing) -> RankPanel:
    text = size(standing.key.keep, kept_of(standing))
    if standing.key.budget != DEFAULT_BUDGET:
        text += f", {standing.key.budget}"
    return RankPanel(text, tuple(_ranks(standing.rows)))


def _ranks(rows: Iterable[BoardRow]) -> Iterable[tuple[str, int, int]]:
    for row in rows:
        if row.ranks is not None:
            yield row.method, row.ranks.best, row.ranks.worst
