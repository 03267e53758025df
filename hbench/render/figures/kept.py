"""The metric against the share of the training rows that is kept: from all data at the left to the smallest subset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hbench.render.figures.frames import INCH, axes_of, levels, titled, written
from hbench.render.figures.labels import spread
from hbench.render.figures.layout import Spot, metric_axis
from hbench.render.figures.looks import Format, colour, symbol
from hbench.render.figures.plots import ALL_DATA, Plot, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figure_of(plot: Plot, format: Format) -> Figure:
    """Return the figure: a line with a band of its 95 % intervals for every method, named at its smallest subset."""
    points = [point for point in plot.points if point.kept is not None]
    longest = max(map(len, plot.shown), default=0)
    names = min(longest * format.letters * 0.56 / INCH + 0.3, format.width * 0.4)
    figure, axes = axes_of(format, right=names)
    axis = metric_axis([Spot(0.0, p.metric, p.low, p.high, False) for p in points], plot.full, plot.trivial)
    least = min((p.kept for p in points if p.kept is not None), default=0.0)
    room = max((100 - least) * 0.04, 0.5)
    axes.set_xlim(100 + room, least - room)
    axes.set_ylim(axis.low, axis.high)
    axes.set_xlabel("training rows kept, %", fontsize=format.letters)
    intervals = ", 95 % bands" if any(p.low is not None for p in points) else ""
    axes.set_ylabel(f"{plot.metric} in points{intervals}", fontsize=format.letters, parse_math=False)
    titled(axes, f"{plot.title}: {plot.metric} by share kept", format)
    levels(axes, plot.full, plot.trivial, plot.answer, format)
    # a budget of its own is a line of its own, from the same point
    lines = [line for method in plot.shown for line in _lines(points, method)]
    for method, line in lines:
        _line(axes, plot, method, line)
    _names(axes, plot, format, lines)
    return figure


def _lines(points: list[Point], method: str) -> list[tuple[str, list[Point]]]:
    """Return the points of a method by budget, largest share first, behind that of all data."""
    full = [point for point in points if point.size == ALL_DATA]
    own: dict[str, list[Point]] = {}
    for point in points:
        if point.method == method and point.size != ALL_DATA:
            own.setdefault(point.size.partition(", ")[2], []).append(point)
    name = f"{method}, {{}}" if len(own) > 1 else method
    return [
        (name.format(budget or "equal-epochs") if len(own) > 1 else method, [*full, *sorted(line, key=_share)])
        for budget, line in own.items()
    ]


def _share(point: Point) -> float:
    return -(point.kept or 0.0)


def _line(axes: Axes, plot: Plot, name: str, line: list[Point]) -> None:
    method = line[-1].method
    width = 1.4 if method != plot.baseline else 1.8
    looks: dict[str, Any] = {"color": colour(plot.methods, method, plot.baseline), "linewidth": width}
    kept = [point.kept or 0.0 for point in line]
    axes.plot(
        kept,
        [point.metric for point in line],
        marker=symbol(plot.methods, method, plot.baseline),
        markersize=4,
        zorder=3,
        **looks,
    )
    band = [point for point in line if point.low is not None and point.high is not None]
    axes.fill_between(
        [point.kept or 0.0 for point in band],
        [point.low or 0.0 for point in band],
        [point.high or 0.0 for point in band],
        color=looks["color"],
        alpha=0.13,
        linewidth=0,
        zorder=2,
    )


def _names(axes: Axes, plot: Plot, format: Format, lines: list[tuple[str, list[Point]]]) -> None:
    """Write the names of the methods at the right, each as high as its last point if there is room."""
    low, high = axes.get_ylim()
    tall = axes.get_position().height * format.height * INCH
    scale = tall / (high - low)
    wanted = [(line[-1].metric - low) * scale for _, line in lines]
    heights = spread(wanted, format.letters * 1.2, 0.0, tall)
    for (name, line), height in zip(lines, heights, strict=True):
        end = line[-1]
        axes.annotate(
            "",
            (end.kept or 0.0, end.metric),
            xytext=(1.03, height / tall),
            textcoords="axes fraction",
            arrowprops={
                "arrowstyle": "-",
                "color": colour(plot.methods, end.method, plot.baseline),
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 3,
            },
            annotation_clip=False,
        )
        written(
            axes,
            1.04,
            height / tall,
            name,
            transform=axes.transAxes,
            fontsize=format.letters,
            verticalalignment="center",
        )
