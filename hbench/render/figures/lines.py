"""A figure of lines: how near a scorer with few runs comes to the same scorer with all of them, one line a scorer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from hbench.board.sensitivity import TaskSensitivity
from hbench.render.display import fixed, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hbench.render.figures.looks import Format

#: Raised when these figures are drawn in another way.
_DRAWING = 1
_SYMBOLS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "*", ">", "h", "d", "8")
#: Colours of Okabe and Ito (2008), as in the other figures.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_LIGHT = "#e6e6e6"


@dataclass(frozen=True)
class Line:
    """One scorer: a value for each number of runs, from 1; None where it is not known."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    ylabel: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Lines:
    """Everything that a figure shows, rounded as the file of the lines is."""

    title: str
    xlabel: str
    panels: tuple[Panel, ...]
    kind: Literal["lines"] = "lines"

    @classmethod
    def of(cls, found: TaskSensitivity) -> Lines:
        """Return the figure of a task and model: rank correlation, and overlap for the smallest share kept."""
        steps = range(1, found.runs + 1)

        def panel(ylabel: str, value: str, keep: str | None) -> Panel:
            rows = [(m.method, [m.at(runs=runs, keep=keep) for runs in steps]) for m in found.methods]
            lines = (
                Line(name, tuple(None if x is None else _rounded(getattr(x, value)) for x in row)) for name, row in rows
            )
            return Panel(ylabel, tuple(lines))

        panels = [panel("rank correlation of the scores", "correlation", None)]
        if found.keeps:
            kept = fixed(float(found.keeps[0]) * 100, 0)
            panels.append(panel(f"overlap of the subsets, {kept} % kept", "overlap", found.keeps[0]))
        return cls(title((found.task, found.model)), f"runs scored with, of {found.runs}", tuple(panels))

    @property
    def digest(self) -> str:
        """Return the sha256 of all that decides the drawing but the library's version."""
        return hashlib.sha256(json.dumps([_DRAWING, asdict(self)], sort_keys=True).encode()).hexdigest()


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(fixed(value, 4))


def figure_of(lines: Lines, format: Format) -> Figure:
    """Return the figure as a matplotlib object, for any canvas; as wide as its panels and names ask for."""
    from matplotlib.figure import Figure

    names = [line.label for line in lines.panels[0].lines]
    beside = 0.6 + 0.075 * max(map(len, names))
    width = 3.4 * len(lines.panels) + beside
    figure = Figure(figsize=(width, max(3.2, 0.6 + 0.19 * len(names))), facecolor="white")
    axes = figure.subplots(1, len(lines.panels), squeeze=False)[0]
    figure.subplots_adjust(left=0.55 / width, right=1 - beside / width, wspace=0.32, bottom=0.16, top=0.9)
    for place, panel in zip(axes, lines.panels, strict=True):
        _draw(place, panel, lines.xlabel, format)
    axes[0].set_title(lines.title, fontsize=format.letters + 1, loc="left", parse_math=False)
    legend = axes[-1].legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.02), frameon=False, fontsize=format.letters, labelspacing=0.35
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _draw(axes: Axes, panel: Panel, xlabel: str, format: Format) -> None:
    for number, line in enumerate(panel.lines):
        known = [(runs, value) for runs, value in enumerate(line.values, 1) if value is not None]
        axes.plot(
            [runs for runs, _ in known],
            [value for _, value in known],
            label=line.label,
            color=_COLOURS[number % len(_COLOURS)],
            marker=_SYMBOLS[number % len(_SYMBOLS)],
            markersize=5,
            linewidth=1.1,
            linestyle="-" if number < len(_COLOURS) else "--",
        )
    lowest = min((value for line in panel.lines for value in line.values if value is not None), default=0.0)
    axes.set_ylim(min(0.0, lowest) - 0.02, 1.03)
    axes.set_xticks(range(1, max(len(line.values) for line in panel.lines) + 1))
    axes.set_xlabel(xlabel, fontsize=format.letters + 1)
    axes.set_ylabel(panel.ylabel, fontsize=format.letters + 1)
    axes.tick_params(labelsize=format.letters)
    axes.grid(color=_LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
