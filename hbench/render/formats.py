"""The formats in which a board can be shown: a new one is a function of the page, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from hbench.render.section import Page

#: The function that turns a page into text, as `module:function`, by the name of the format.
FORMATS = {
    "text": "hbench.render.text:text",
    "markdown": "hbench.render.markdown:markdown",
    "csv": "hbench.render.csv:csv_page",
    "json": "hbench.render.json:json_page",
    "latex": "hbench.render.latex:latex",
}


def renderer(name: str) -> Callable[[Page], str]:
    """Return the function of a format, which is imported only now."""
    module, _, function = FORMATS[name].partition(":")
    return cast(Callable[[Page], str], getattr(import_module(module), function))
