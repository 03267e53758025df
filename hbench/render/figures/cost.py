"""The metric against the net cost of a method alone: what is at the top left is good and cheap."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hbench.render.figures.frames import INCH, axes_of, levels, titled
from hbench.render.figures.labels import Box, beside
from hbench.render.figures.layout import Axis, Spot, cost_axis, metric_axis, side_steps
from hbench.render.figures.looks import FILLS, INK, PAPER, REMARK, Format, colour, symbol
from hbench.render.figures.plots import ALL_DATA, Plot, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The room a symbol takes, in printer's points.
_SYMBOL = 7.0


def figure_of(plot: Plot, format: Format) -> Figure:
    """Return the figure: a symbol with its interval for every row, and each method's name beside one of its own."""
    points = [point for point in plot.points if point.net is not None]
    spots = [Spot(p.net or 0.0, p.metric, p.low, p.high, p.front) for p in points]
    figure, axes = axes_of(format, right=0.12, below=0.68)
    costs, metrics = cost_axis(spots), metric_axis(spots, plot.full, plot.trivial)
    place = axes.get_position()
    wide, tall = place.width * format.width * INCH, place.height * format.height * INCH
    steps = side_steps(spots, costs, metrics, wide, tall)
    _scales(axes, plot, costs, metrics, format)
    titled(axes, f"{plot.title}: {plot.metric} by net cost", format)
    levels(axes, plot.full, plot.trivial, plot.answer, format, name="")
    front = [spot for spot in spots if spot.front]
    axes.step([s.net for s in front], [s.metric for s in front], where="post", color=REMARK, linewidth=0.7, zorder=1)
    for point, spot, step in zip(points, spots, steps, strict=True):
        _mark(axes, plot, point, spot, step)
    _names(axes, plot, points, spots, steps, costs, metrics, format)
    moved = " Rows that would hide each other stand side by side." if any(steps) else ""
    figure.text(
        4 / (format.width * INCH),
        4 / (format.height * INCH),
        _remark(plot, format) + ("" if format.width < 5 else moved),
        fontsize=format.letters - 1.5,
        color=REMARK,
        parse_math=False,
    )
    return figure


def _scales(axes: Axes, plot: Plot, costs: Axis, metrics: Axis, format: Format) -> None:
    """Set labels, limits and ticks."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    label = "net cost alone, in trainings on all data" + (" (log scale)" if costs.log else "")
    axes.set_xlabel(label, fontsize=format.letters)
    intervals = ", 95 % intervals" if any(point.low is not None for point in plot.points) else ""
    axes.set_ylabel(f"{plot.metric} in points{intervals}", fontsize=format.letters, parse_math=False)
    axes.ticklabel_format(useOffset=False)
    if costs.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(costs.ticks()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(costs.low, costs.high)
    axes.set_ylim(metrics.low, metrics.high)


def _mark(axes: Axes, plot: Plot, point: Point, spot: Spot, step: float) -> None:
    """Draw a row's symbol and interval, `step` printer's points beside its place."""
    from matplotlib.transforms import ScaledTranslation

    looks = _looks(plot, point)
    figure = axes.get_figure(root=True)  # which knows the scale of printer's points
    assert figure is not None
    place = axes.transData + ScaledTranslation(step / INCH, 0, figure.dpi_scale_trans)
    if spot.low is not None and spot.high is not None:
        ends = [spot.low, spot.high]
        axes.plot([spot.net] * 2, ends, color=looks["color"], linewidth=1.0, alpha=0.55, zorder=2, transform=place)
    axes.plot([spot.net], [spot.metric], linestyle="none", zorder=3, transform=place, **looks)


def _looks(plot: Plot, point: Point) -> dict[str, Any]:
    """Return how a row's symbol looks: its method's colour and shape, filled by size."""
    if point.size == ALL_DATA:
        return {"marker": "o", "markersize": 5.5, "color": INK}
    own = colour(plot.methods, point.method, plot.baseline)
    fill = FILLS[plot.sizes.index(point.size) % len(FILLS)]
    return {
        "marker": symbol(plot.methods, point.method, plot.baseline),
        "markersize": 5.5,
        "color": own,
        "fillstyle": fill,
        "markerfacecoloralt": PAPER,
        "markeredgecolor": own,
        "markeredgewidth": 1.0,
    }


def _names(
    axes: Axes,
    plot: Plot,
    points: list[Point],
    spots: list[Spot],
    steps: list[float],
    costs: Axis,
    metrics: Axis,
    format: Format,
) -> None:
    """Write each method's name once, beside the symbol of its that leaves most room."""
    place = axes.get_position()
    wide, tall = place.width * format.width * INCH, place.height * format.height * INCH
    room = Box(0, 0, wide, tall)
    at = [(costs.at(s.net) * wide + step, metrics.at(s.metric) * tall) for s, step in zip(spots, steps, strict=True)]
    half = _SYMBOL / 2
    taken = [Box(x - half, y - half, x + half, y + half) for x, y in at]
    for spot, (x, _) in zip(spots, at, strict=True):
        if spot.low is not None and spot.high is not None:
            ends = (max(metrics.at(end), 0.0) * tall for end in (spot.low, spot.high))
            low, high = ends
            taken.append(Box(x - 0.7, low, x + 0.7, high))
    front = [place for spot, place in zip(spots, at, strict=True) if spot.front]
    taken += [Box(x, y - 0.5, right, y + 0.5) for (x, y), (right, _) in pairwise(front)]
    taken += [
        Box(0, y - 0.5, wide, y + 0.5)
        for level in (plot.full, plot.trivial)
        if level is not None
        for y in [metrics.at(level) * tall]
    ]
    for method in dict.fromkeys(point.method for point in points):
        name = ALL_DATA if any(p.size == ALL_DATA for p in points if p.method == method) else method
        own = [place for point, place in zip(points, at, strict=True) if point.method == method]
        found = [(*beside(name, x, y, format.letters - 1, taken, room), (x, y)) for x, y in own]
        box, _, (x, y) = min(found, key=lambda entry: round(entry[1], 6))
        taken.append(box)
        _lead(axes, box, (x, y), (wide, tall), _looks(plot, next(p for p in points if p.method == method))["color"])
        axes.annotate(
            name,
            (box.left / wide, (box.bottom + box.top) / 2 / tall),
            xycoords="axes fraction",
            fontsize=format.letters - 1,
            verticalalignment="center",
            zorder=4,
            parse_math=False,
        )


def _lead(axes: Axes, box: Box, at: tuple[float, float], size: tuple[float, float], own: str) -> None:
    """Draw a line from a symbol to its name where that is not right beside it."""
    (x, y), (wide, tall) = at, size
    near = (min(max(x, box.left), box.right), min(max(y, box.bottom + 2), box.top - 2))
    if abs(near[0] - x) + abs(near[1] - y) > _SYMBOL:
        axes.plot(
            [x / wide, near[0] / wide],
            [y / tall, near[1] / tall],
            color=own,
            linewidth=0.6,
            zorder=1,
            transform=axes.transAxes,
        )


def _remark(plot: Plot, format: Format) -> str:
    """Return which symbols are of which size."""
    words = dict(zip(FILLS, ("filled", "open", "left half filled", "lower half filled"), strict=True))
    told = [f"{words[fill]}: {size}" for fill, size in zip(FILLS, plot.sizes, strict=False)]
    more = f"; {len(plot.sizes) - len(FILLS)} more sizes in turn" if len(plot.sizes) > len(FILLS) else ""
    text = (
        f"Rows kept: {', '.join(told)}{more}."
        if len(plot.sizes) > 1
        else f"Rows kept: {plot.sizes[0]}."
        if told
        else ""
    )
    return f"{text} Line: the front." if format.width >= 5 else text
