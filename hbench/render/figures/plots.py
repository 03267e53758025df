"""The figures of a board: what each one shows, whether a file shows it, and which files are left over.

A figure's file names what it was drawn from, as a digest, and with which version of the drawing library. So a run that
changed nothing draws nothing, and a figure that does not show the results is found, without that library, which takes
most of a second to import.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from hbench.board.board import Board
from hbench.board.sensitivity import TaskSensitivity, sensitivities_of
from hbench.board.tradeoff import Tradeoff, TradeoffRow
from hbench.render.display import fixed, title
from hbench.render.figures.lines import Lines
from hbench.results.cell import slug

FOLDER = "figures"
#: Raised when figures are drawn in another way: those drawn before are then drawn again.
DRAWING = 2
#: The size of the full data's row.
ALL_DATA = "all data"
#: What marks a file as a figure of hbench; the digest follows.
MARK = "hbench-figure-"
_MARKED = re.compile(rf">{MARK}([0-9a-f]{{64}})<.*?>drawn with ([^<]*)<", re.DOTALL)
#: Characters of a file that are searched for the mark.
_HEAD = 4000


@dataclass(frozen=True)
class Point:
    """One row in a figure: net cost alone in full trainings; metric and interval in points."""

    method: str
    #: Keep label and budget, or `ALL_DATA`.
    size: str
    net: float
    metric: float
    low: float | None
    high: float | None
    front: bool


@dataclass(frozen=True)
class Plot:
    """Everything that a figure shows, rounded, so that sums that differ in their last bits draw the same.

    full: metric of the full data in points, None where it has no result. baseline: the method that draws random
    subsets, whose symbol comes first.
    """

    title: str
    metric: str
    full: float | None
    baseline: str
    points: tuple[Point, ...]

    @classmethod
    def of(cls, tradeoff: Tradeoff) -> Plot:
        """Return the figure of a task, split and model; rows without a known cost are not in it."""
        full = None if tradeoff.full is None else tradeoff.full.metric
        return cls(
            title=title((tradeoff.task, tradeoff.split, tradeoff.model)),
            metric=tradeoff.metric,
            full=None if full is None else _points(full.value),
            baseline=next((line.row.method for line in tradeoff.rows if line.row.role == "random"), ""),
            points=tuple(point for line in tradeoff.rows if (point := _point(line)) is not None),
        )

    @property
    def methods(self) -> list[str]:
        """Return the methods in the order of their symbols: the random baseline, then by name."""
        found = {point.method for point in self.points if point.size != ALL_DATA}
        return sorted(found, key=lambda method: (method != self.baseline, method))

    @property
    def sizes(self) -> list[str]:
        """Return keep labels with budgets in the order of their colours: that of the rows, cheapest first."""
        return list(dict.fromkeys(point.size for point in self.points if point.size != ALL_DATA))

    @property
    def digest(self) -> str:
        """Return the sha256 of all that decides the drawing but the library's version."""
        return hashlib.sha256(json.dumps([DRAWING, asdict(self)], sort_keys=True).encode()).hexdigest()


def _point(line: TradeoffRow) -> Point | None:
    row, net = line.row, None if line.row.costs is None else line.row.costs.net_alone
    if net is None or row.metric is None:
        return None
    size = ALL_DATA if row.role == "full" else f"{row.cell.keep}, {row.cell.budget}"
    metric, low, high = _points(row.metric.value) or 0.0, _points(row.metric.low), _points(row.metric.high)
    return Point(row.method, size, float(fixed(net, 6)), metric, low, high, bool(line.front))


def _points(share: float | None) -> float | None:
    return None if share is None else float(fixed(share * 100, 4))


def plots_of(board: Board) -> dict[str, Plot | Lines]:
    """Return what every figure shows, by its path under the board's folder."""
    shown = zip(paths_of(board.tradeoffs), map(Plot.of, board.tradeoffs), strict=True)
    found: dict[str, Plot | Lines] = {path: plot for path, plot in shown if path is not None}
    return found | {sensitivity_path(s): Lines.of(s) for s in sensitivities_of(board.sensitivity)}


def sensitivity_path(sensitivity: TaskSensitivity) -> str:
    """Return the path of the figure of how much scorers depend on their runs."""
    return f"{FOLDER}/sensitivity--{slug(sensitivity.task)}--{slug(sensitivity.model)}.svg"


def paths_of(tradeoffs: Sequence[Tradeoff]) -> list[str | None]:
    """Return the path of each one's figure under the board's folder, None where no row has a known cost."""
    keys = [(t.task, t.split, t.model) for t in tradeoffs]
    names = ["--".join(map(slug, key)) for key in keys]
    # Names that differ in signs or capitals only would meet in one file, on some file systems at least.
    often = Counter(name.lower() for name in names)
    for i, key in enumerate(keys):
        if often[names[i].lower()] > 1:
            names[i] += f"--{hashlib.sha256(title(key).encode()).hexdigest()[:8]}"
    return [
        f"{FOLDER}/{name}.svg" if any(line.front is not None for line in t.rows) else None
        for name, t in zip(names, tradeoffs, strict=True)
    ]


def library() -> str:
    """Return name and version of the installed drawing library, without importing it."""
    return f"matplotlib {version('matplotlib')}"


def drawn_from(path: Path) -> tuple[str, str] | None:
    """Return digest and library that a file names, None where there is no file of hbench."""
    try:
        with path.open(encoding="utf-8") as stream:
            found = _MARKED.search(stream.read(_HEAD))
    except (OSError, UnicodeDecodeError):
        return None
    return None if found is None else (found[1], found[2])


def leftovers(out_dir: Path, names: Collection[str]) -> Iterable[Path]:
    """Return the figures of hbench in a board's folder that the board does not have, sorted."""
    for path in sorted((out_dir / FOLDER).glob("*.svg")):
        if f"{FOLDER}/{path.name}" not in names and drawn_from(path) is not None:
            yield path
