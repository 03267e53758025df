"""Drawing a data map: variability against confidence, an example a symbol, coloured by how often it was right."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from hbench.render.figures.drawing import reproducible
from hbench.render.figures.fonts import with_font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["svg", "pdf", "png"]

#: From never right to always right: colours of the map cividis, which any colour vision orders, and a symbol for each.
_COLOURS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
_SYMBOLS = ("X", "v", "s", "D", "^", "o")
#: Where the regions of the paper lie, in shares of the axes: text, x, y, horizontal and vertical alignment.
_REGIONS = (
    ("easy to learn", 0.02, 0.97, "left", "top"),
    ("ambiguous", 0.98, 0.5, "right", "center"),
    ("hard to learn", 0.02, 0.03, "left", "bottom"),
)


@dataclass(frozen=True)
class MapPlot:
    """What a data map shows of `n` examples."""

    title: str
    #: float64 (n,) each, as `hbench.dynamics.data_map` defines them.
    confidence: npt.NDArray[np.float64]
    variability: npt.NDArray[np.float64]
    correctness: npt.NDArray[np.float64]
    #: Epochs of a run, times runs: `correctness` is a share of so many.
    observations: int
    #: Most examples that are drawn, a random part of all, always the same one.
    most: int = 10_000


def draw_data_map(plot: MapPlot, format: Format = "svg") -> bytes:
    """Return the bytes of a figure; the same content gives the same bytes with one version of matplotlib."""
    stream = io.BytesIO()
    metadata: dict[Format, dict[str, Any]] = {
        "svg": {"Title": plot.title, "Creator": "hbench", "Date": None},
        "pdf": {"Title": plot.title, "Creator": "hbench", "CreationDate": None, "Producer": None},
        "png": {"Title": plot.title, "Software": None},
    }
    with reproducible():
        figure_of(plot).savefig(stream, format=format, metadata=metadata[format], dpi=150)
    return with_font(stream.getvalue().decode()).encode() if format == "svg" else stream.getvalue()


def figure_of(plot: MapPlot) -> Figure:
    """Return the figure as a matplotlib object, for any canvas."""
    from matplotlib.figure import Figure

    size = len(plot.confidence)
    drawn = np.arange(size)
    if size > plot.most:
        drawn = np.sort(np.random.default_rng(0).choice(size, plot.most, replace=False))
    figure = Figure(figsize=(6.4, 4.6), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    part = "" if len(drawn) == size else f", {len(drawn):,} of them drawn"
    axes.set_title(f"{plot.title}\n{size:,} examples{part}", fontsize=9, loc="left", parse_math=False)
    axes.set_xlabel("variability: standard deviation of the gold probability over epochs", fontsize=9)
    axes.set_ylabel("confidence: mean gold probability", fontsize=9)
    _points(axes, plot, drawn)
    axes.set_xlim(left=-0.01)
    axes.set_ylim(-0.03, 1.03)
    axes.tick_params(labelsize=8)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for text, x, y, horizontal, vertical in _REGIONS:
        axes.text(
            x,
            y,
            text,
            transform=axes.transAxes,
            ha=horizontal,
            va=vertical,
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "#777777", "linewidth": 0.6, "pad": 2.5, "alpha": 0.75},
        )
    return figure


def _points(axes: Axes, plot: MapPlot, drawn: npt.NDArray[np.int64]) -> None:
    """Draw the examples by how often they were right; those that never were last, for there are few of them."""
    labels, level = _levels(plot.correctness[drawn], plot.observations)
    for number in reversed(range(len(labels))):
        members = drawn[level == number]
        look = round(number * (len(_COLOURS) - 1) / max(1, len(labels) - 1))
        axes.plot(
            plot.variability[members],
            plot.confidence[members],
            linestyle="none",
            marker=_SYMBOLS[look],
            markersize=4,
            color=_COLOURS[look],
            markeredgecolor="#333333",
            markeredgewidth=0.25,
            alpha=0.7,
            label=labels[number],
        )
    handles, names = axes.get_legend_handles_labels()
    axes.legend(
        handles,
        names,
        title="right in",
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=8,
        title_fontsize=8,
    )


def _levels(correctness: npt.NDArray[np.float64], observations: int) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the names of the levels, from never right on, and the level of each example."""
    if observations < len(_COLOURS):
        labels = [f"{right} of {observations} epochs" for right in range(observations + 1)]
        return labels, np.rint(correctness * observations).astype(np.int64)
    steps = len(_COLOURS) - 1
    bounds = [100 * step // steps for step in range(steps + 1)]
    labels = [f"{low} to {high} %" for low, high in pairwise(bounds)]
    return labels, np.minimum((correctness * steps + 1e-9).astype(np.int64), steps - 1)
