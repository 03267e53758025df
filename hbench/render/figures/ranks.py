"""The ranks that the tests leave open: a bar from the best to the worst rank of every method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hbench.render.figures.frames import INCH, titled
from hbench.render.figures.looks import GRID, Format, colour, symbol
from hbench.render.figures.plots import RankPanel, RankPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Height of a bar with the space around it, and room above and below the bars of a panel, in inches.
_BAR, _ABOVE, _BELOW = 0.17, 0.3, 0.42


def figure_of(plot: RankPlot, format: Format) -> Figure:
    """Return the figure: a panel for every size, beside each other where the page is wide and there are few."""
    from matplotlib.figure import Figure

    across = min(len(plot.panels), 2 if format.width > 5 else 1)
    rows = [plot.panels[i : i + across] for i in range(0, len(plot.panels), across)]
    heights = [_ABOVE + _BELOW + _BAR * max(len(panel.ranks) for panel in row) for row in rows]
    longest = max((len(name) for panel in plot.panels for name, _, _ in panel.ranks), default=0)
    names = min(longest * format.letters * 0.56 / INCH + 0.12, format.width / across * 0.6)
    height = sum(heights) + 0.22
    figure = Figure(figsize=(format.width, height))
    wide = format.width / across - names - 0.12
    top = height - 0.22
    for row, tall in zip(rows, heights, strict=True):
        for place, panel in enumerate(row):
            left = place * format.width / across + names
            bars = tall - _ABOVE - _BELOW
            bottom = top - _ABOVE - bars
            box = (left / format.width, bottom / height, wide / format.width, bars / height)
            _panel(figure.add_axes(box), plot, panel, format)
        top -= tall
    titled(
        figure.axes[0],
        f"{plot.title}: ranks that the tests leave open, all at once at 95 %",
        Format(format.width, height, format.letters),
    )
    return figure


def _panel(axes: Axes, plot: RankPlot, panel: RankPanel, format: Format) -> None:
    count = len(panel.ranks)
    for place, (method, best, worst) in enumerate(panel.ranks):
        looks: dict[str, Any] = {"color": colour(plot.methods, method, plot.baseline), "zorder": 3}
        axes.plot([best, worst], [place, place], linewidth=3.2, solid_capstyle="round", alpha=0.85, **looks)
        mark = symbol(plot.methods, method, plot.baseline)
        axes.plot([best, worst], [place, place], linestyle="none", marker=mark, markersize=4, **looks)
    axes.set_ylim(count - 0.4, -0.6)
    axes.set_xlim(0.6, count + 0.4)
    axes.set_yticks(range(count))
    axes.set_yticklabels([method for method, _, _ in panel.ranks], parse_math=False)
    axes.set_xticks(range(1, count + 1))
    axes.tick_params(labelsize=format.letters - 0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("rank, 1 = best", fontsize=format.letters - 0.5)
    axes.set_title(panel.title, fontsize=format.letters, loc="left", parse_math=False)
