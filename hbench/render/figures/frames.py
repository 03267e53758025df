"""What figures have in common: axes with room around them, levels with their names, names of methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hbench.render.figures.looks import DASHED, DOTTED, GRID, REMARK, Format

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Printer's points in an inch.
INCH = 72


def axes_of(
    format: Format, *, right: float, left: float = 0.52, below: float = 0.5, above: float = 0.3
) -> tuple[Figure, Axes]:
    """Return a figure and its axes; left, right, below, above: the room around them, in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(format.width, format.height))
    wide, high = format.width - left - right, format.height - below - above
    axes = figure.add_axes((left / format.width, below / format.height, wide / format.width, high / format.height))
    axes.tick_params(labelsize=format.letters - 0.5)
    axes.grid(color=GRID, linewidth=0.5)
    return figure, axes


def titled(axes: Axes, title: str, format: Format) -> None:
    """Write a title over the axes, from the left edge of the figure; one that is too long is written smaller."""
    room = format.width * INCH - 8
    letters = min(format.letters + 0.5, room / max(len(title) * 0.58, 1))
    figure = axes.figure
    figure.text(
        4 / (format.width * INCH),
        1 - 5 / (format.height * INCH),
        title,
        fontsize=letters,
        verticalalignment="top",
        parse_math=False,
    )


def written(axes: Axes, x: float, y: float, text: str, **looks: Any) -> None:
    """Write a text, signs of formulas in it as they are."""
    axes.text(x, y, text, parse_math=False, **looks)


def levels(
    axes: Axes, full: float | None, trivial: float | None, answer: str, format: Format, name: str = "all data"
) -> None:
    """Draw the levels of all data and of the trivial answer, with their names at the left."""
    named = []
    if full is not None:
        axes.axhline(full, color=REMARK, linewidth=0.7, linestyle=DASHED, zorder=1)
        named.append((full, name))
    if trivial is not None:
        axes.axhline(trivial, color=REMARK, linewidth=0.9, linestyle=DOTTED, zorder=1)
        named.append((trivial, answer))
    for level, text in named:
        axes.annotate(
            text,
            (0, level),
            xycoords=("axes fraction", "data"),
            xytext=(3, 2),
            textcoords="offset points",
            color=REMARK,
            fontsize=format.letters - 1.5,
            parse_math=False,
        )
