"""Drawing a figure of the board, as SVG or PDF, in the size of one or two columns.

The same content gives the same bytes with one version of the libraries: their settings are their defaults and not the
user's, ids are salted with a constant, and no date is written. Text stays text, in a font that the file brings along.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from hbench.quiet import quiet_loggers
from hbench.render.figures.fonts import with_font
from hbench.render.figures.looks import FORMATS, SETTINGS, Format
from hbench.render.figures.marks import MARK, library
from hbench.render.figures.plots import AnyPlot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Where each kind of figure is drawn, as `module:function`.
_DRAWERS = {
    "cost": "hbench.render.figures.cost:figure_of",
    "kept": "hbench.render.figures.kept:figure_of",
    "ranks": "hbench.render.figures.ranks:figure_of",
    "lines": "hbench.render.figures.lines:figure_of",
}


def draw(plot: AnyPlot, columns: str = "two") -> str:
    """Return the SVG of a figure with at least one row; columns: `one` or `two`."""
    metadata: dict[str, Any] = {
        "Title": plot.title,
        "Identifier": f"{MARK}{plot.digest}",
        "Creator": f"drawn with {library()}",
        "Date": None,
    }
    return with_font(_saved(plot, columns, "svg", metadata).decode())


def draw_pdf(plot: AnyPlot, columns: str = "two") -> bytes:
    """Return the PDF of a figure, for papers; columns: `one` or `two`."""
    metadata = {"Title": plot.title, "Creator": f"drawn with {library()}", "Producer": None, "CreationDate": None}
    return _saved(plot, columns, "pdf", metadata)


def figure_of(plot: AnyPlot, columns: str = "two") -> Figure:
    """Return the figure as a matplotlib object, for any canvas; its looks are those of the settings in use."""
    module, _, function = _DRAWERS[plot.kind].partition(":")
    drawn_by = cast(Callable[[AnyPlot, Format], "Figure"], getattr(import_module(module), function))
    return drawn_by(plot, FORMATS[columns])


@contextmanager
def reproducible() -> Iterator[None]:
    """Let matplotlib draw with the settings of hbench alone inside the block, the same content to the same bytes."""
    with quiet_loggers("matplotlib"):  # which tells of the caches that it makes
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            for name, value in SETTINGS.items():
                matplotlib.rcParams[cast(Any, name)] = value
            yield


def _saved(plot: AnyPlot, columns: str, format: str, metadata: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    with reproducible():
        figure_of(plot, columns).savefig(stream, format=format, metadata=metadata)
    return stream.getvalue()
