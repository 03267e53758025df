"""The site of the documentation: `python -m sphinx -W docs _site`."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any

REPOSITORY = "https://github.com/hbench/hbench/blob/main"

project = "hbench"
author = "The hbench developers"
release = metadata.version("hbench")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_click"]
exclude_patterns = ["_site"]
html_theme = "pydata_sphinx_theme"
html_title = "hbench"
html_show_copyright = False
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
}

# The same pages are read on GitHub: ordinary links and fences, with anchors as GitHub makes them.
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block"]
suppress_warnings = ["mystnb.unknown_mime_type"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"


def _links(app: Any, page: str, source: list[str]) -> None:
    """Point links that leave the folder of the pages at the repository, and those to CONTRIBUTING at its page here."""
    text = source[0].replace("](../CONTRIBUTING.md", "](contributing.md")
    source[0] = re.sub(r"\]\(\.\./([^)#]+)", rf"]({REPOSITORY}/\1", text)


def setup(app: Any) -> None:
    """Read pages as they are on GitHub."""
    app.connect("source-read", _links)
