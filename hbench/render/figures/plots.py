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

from hbench.board.row import BoardRow
from hbench.board.tradeoff import Tradeoff
from hbench.render.formats import fixed
from hbench.results.cell import slug

FOLDER = "figures"
#: Raised when figures are drawn in another way: those drawn before are then drawn again.
DRAWING = 1
#: The size of the full data's row.
ALL_DATA = "all data"
#: What marks a file as a figure of hbench; the digest follows.
MARK = "hbench-figure-"
_MARKED = re.compile(rf">{MARK}([0-9a-f]{{64}})<.*?>drawn with ([^<]*)<", re.DOTALL)
#: Characters of a file in which the mark stands.
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

    full: metric of the full data in points, None where it has no result. chance: the method whose symbol comes first.
    """

    title: str
    metric: str
    full: float | None
    chance: str
    points: tuple[Point, ...]

    @classmethod
    def of(cls, tradeoff: Tradeoff) -> Plot:
        """Return the figure of a task, split and model; rows without a known cost are not in it."""
        full = tradeoff.full
        points = [_point(r, r.net_alone, r.cell in tradeoff.front) for r in tradeoff.rows if r.net_alone is not None]
        return cls(
            title=tradeoff.title,
            metric=tradeoff.metric,
            full=None if full is None else _points(full.metric),
            chance=next((row.method for row in tradeoff.rows if row.role == "chance"), ""),
            points=tuple(points),
        )

    @property
    def methods(self) -> list[str]:
        """Return the methods in the order of their symbols: chance, then by name."""
        found = {point.method for point in self.points if point.size != ALL_DATA}
        return sorted(found, key=lambda method: (method != self.chance, method))

    @property
    def sizes(self) -> list[str]:
        """Return keep labels with budgets in the order of their colours: that of the rows, cheapest first."""
        return list(dict.fromkeys(point.size for point in self.points if point.size != ALL_DATA))

    @property
    def digest(self) -> str:
        """Return the sha256 of all that decides the drawing but the library's version."""
        return hashlib.sha256(json.dumps([DRAWING, asdict(self)], sort_keys=True).encode()).hexdigest()


def _point(row: BoardRow, net: float, front: bool) -> Point:
    size = ALL_DATA if row.role == "full" else f"{row.keep}, {row.budget}"
    low, high = _points(row.metric_low), _points(row.metric_high)
    return Point(row.method, size, float(fixed(net, 6)), _points(row.metric) or 0.0, low, high, front)


def _points(share: float | None) -> float | None:
    return None if share is None else float(fixed(share * 100, 4))


def plots_of(tradeoffs: Sequence[Tradeoff]) -> list[tuple[str, Plot] | None]:
    """Return path under the board's folder and content of each one's figure, None where no row has a known cost."""
    plots = [Plot.of(tradeoff) for tradeoff in tradeoffs]
    names = ["--".join(slug(part) for part in (t.task, t.split, t.model)) for t in tradeoffs]
    # Names that differ in signs or capitals only would meet in one file, on some file systems at least.
    often = Counter(name.lower() for name in names)
    for i, t in enumerate(tradeoffs):
        if often[names[i].lower()] > 1:
            names[i] += f"--{hashlib.sha256(t.title.encode()).hexdigest()[:8]}"
    return [(f"{FOLDER}/{name}.svg", plot) if plot.points else None for name, plot in zip(names, plots, strict=True)]


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
