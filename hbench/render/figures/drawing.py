"""Drawing a figure of the board as SVG: net cost on one axis, the metric on the other.

The same content gives the same bytes with one version of matplotlib: its settings are its defaults and not the
user's, ids are salted with a constant, text becomes outlines of the font that comes with it, and no date is written.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hbench.quiet import quiet_loggers
from hbench.render.figures.layout import Axis, cost_axis, metric_axis, side_steps
from hbench.render.figures.lines import Lines, figure_of_lines
from hbench.render.figures.plots import ALL_DATA, MARK, Plot, Point, library

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A symbol for every method, and numbers for those beyond.
_SYMBOLS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "*", ">", "h", "d", "8")
#: A colour for every size and budget: those of Okabe and Ito (2008), which any colour vision tells apart, that stand
#: out on white; black is for the full data. Beyond six, the same again with open symbols, then half-filled ones.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_FILLS = ("full", "none", "left", "bottom")
_BLACK, _GREY, _LIGHT = "#000000", "#777777", "#e6e6e6"
_DASHED = (0, (5, 3))
#: Inches: the axes, the space to the left, below and above them, one line of the legend, one of its letters and the
#: space beside those.
_WIDTH, _HEIGHT, _LEFT, _BELOW, _ABOVE, _LINE, _LETTER, _HANDLE = 5.6, 3.9, 0.65, 0.65, 0.35, 0.175, 0.072, 0.55
_POINTS_PER_INCH = 72


def draw(plot: Plot | Lines) -> str:
    """Return the SVG of a figure with at least one row."""
    with reproducible():
        stream = io.StringIO()
        metadata = {
            "Title": plot.title,
            "Identifier": f"{MARK}{plot.digest}",
            "Creator": f"drawn with {library()}",
            "Date": None,
        }
        figure = figure_of(plot) if isinstance(plot, Plot) else figure_of_lines(plot)
        figure.savefig(stream, format="svg", metadata=metadata)
    return stream.getvalue()


@contextmanager
def reproducible() -> Iterator[None]:
    """Let matplotlib draw by its own defaults inside the block, the same content to the same bytes."""
    with quiet_loggers("matplotlib"):  # which tells of the caches that it makes
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update({"svg.hashsalt": "hbench", "svg.fonttype": "path"})
            yield


def figure_of(plot: Plot) -> Figure:
    """Return the figure as a matplotlib object, for any canvas."""
    from matplotlib.figure import Figure

    entries = _legend(plot)
    height = max(_HEIGHT, _LINE * (len(entries) + 1))
    beside = _HANDLE + _LETTER * max(len(label) for _, label in entries)
    width, total = _LEFT + _WIDTH + beside, _BELOW + height + _ABOVE
    figure = Figure(figsize=(width, total), facecolor="white")
    axes = figure.add_axes((_LEFT / width, _BELOW / total, _WIDTH / width, height / total))
    costs, metrics = cost_axis(plot.points), metric_axis(plot.points, plot.full)
    steps = side_steps(plot.points, costs, metrics, _WIDTH * _POINTS_PER_INCH, height * _POINTS_PER_INCH)
    _frame(axes, plot, costs, metrics, moved=any(steps))
    if plot.full is not None:
        axes.axhline(plot.full, color=_GREY, linewidth=0.8, linestyle=_DASHED, zorder=1)
    front = [point for point in plot.points if point.front]
    axes.step([p.net for p in front], [p.metric for p in front], where="post", color=_GREY, linewidth=0.8, zorder=1)
    for point, step in zip(plot.points, steps, strict=True):
        _mark(figure, axes, point, step, _look(plot, point))
    handles, labels = zip(*entries, strict=True)
    legend = axes.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(1.0, 1.02), frameon=False, fontsize=8, labelspacing=0.35
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _frame(axes: Axes, plot: Plot, costs: Axis, metrics: Axis, moved: bool) -> None:
    """Set title, labels, limits and ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    label = "net cost alone, in trainings on all data" + (", log scale" if costs.log else "")
    axes.set_title(plot.title, fontsize=9, loc="left", parse_math=False)
    axes.set_xlabel(label + ("\nrows that would hide each other stand side by side" if moved else ""), fontsize=9)
    intervals = ", 95 % intervals" if any(point.low is not None for point in plot.points) else ""
    axes.set_ylabel(f"{plot.metric} in points{intervals}", fontsize=9, parse_math=False)
    axes.tick_params(labelsize=8)
    axes.ticklabel_format(useOffset=False)
    if costs.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(costs.ticks()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(costs.low, costs.high)
    axes.set_ylim(metrics.low, metrics.high)
    axes.grid(color=_LIGHT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


class _Marker(NamedTuple):
    """How a symbol looks: matplotlib's names."""

    marker: str
    markersize: float
    color: str
    fillstyle: str
    markerfacecoloralt: str
    markeredgecolor: str
    markeredgewidth: float


def _mark(figure: Figure, axes: Axes, point: Point, step: float, look: _Marker) -> None:
    """Draw a row's symbol and interval, `step` printer's points beside its place."""
    from matplotlib.transforms import ScaledTranslation

    place = axes.transData + ScaledTranslation(step / _POINTS_PER_INCH, 0, figure.dpi_scale_trans)
    if point.low is not None and point.high is not None:
        ends = [point.low, point.high]
        axes.plot([point.net] * 2, ends, color=look.color, linewidth=1.1, alpha=0.6, zorder=2, transform=place)
    axes.plot([point.net], [point.metric], linestyle="none", zorder=3, transform=place, **look._asdict())


def _look(plot: Plot, point: Point) -> _Marker:
    if point.size == ALL_DATA:
        return _marker("o", 0, _BLACK)
    return _marker(_symbol(plot.methods.index(point.method)), plot.sizes.index(point.size))


def _legend(plot: Plot) -> list[tuple[Any, str]]:
    """Return handles and labels: symbols of methods, colours of sizes and budgets, lines."""
    from matplotlib.lines import Line2D

    def symbol(label: str, look: _Marker) -> tuple[Any, str]:
        return Line2D([], [], linestyle="none", **look._asdict()), label

    def line(label: str, **look: Any) -> tuple[Any, str]:
        return Line2D([], [], color=_GREY, linewidth=0.8, **look), label

    found = []
    for number, method in enumerate(plot.methods):
        label = f"{method} (random subset)" if method == plot.baseline else method
        found.append(symbol(label, _marker(_symbol(number), 0, _GREY)))
    found.append((Line2D([], [], linestyle="none"), ""))  # a line between methods and sizes
    found += [symbol(f"keep {size}", _marker("o", number)) for number, size in enumerate(plot.sizes)]
    if plot.full is not None:
        found.append(symbol(ALL_DATA, _marker("o", 0, _BLACK)))
        found.append(line(f"level of {ALL_DATA}", linestyle=_DASHED))
    return [*found, line("front")]


def _symbol(number: int) -> str:
    return _SYMBOLS[number] if number < len(_SYMBOLS) else f"${number + 1}$"


def _marker(symbol: str, number: int, colour: str = "") -> _Marker:
    """Return a marker; `number`: of its size and budget, unless it has a colour of its own."""
    fill = _FILLS[number // len(_COLOURS) % len(_FILLS)]
    colour = colour or _COLOURS[number % len(_COLOURS)]
    return _Marker(
        marker=symbol,
        markersize=9 if symbol == "*" else 6.5,
        color=colour,
        fillstyle=fill,
        markerfacecoloralt="white",
        markeredgecolor="white" if fill == "full" else colour,
        markeredgewidth=0.6 if fill == "full" else 1.1,
    )
