"""Texts of a page as HTML: what results say is shown as text, whatever signs it holds."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from html import escape

from markdown_it import MarkdownIt

#: Signs that turn the direction of what follows: shown by their numbers, so that no name can pose as another.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: What Markdown means something by within a line; texts without it need no parser.
_MARKS = re.compile(r"[`*_\[\]\\&<>~!]|://")


def visible(text: str) -> str:
    """Return a text whose signs for the direction of writing are replaced by their numbers, such as `[U+202E]`."""
    return _TURNS.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def block(text: str) -> str:
    """Return paragraphs and lists in Markdown as HTML; tags in them are text."""
    return str(_parser().render(visible(text)))


@lru_cache(maxsize=50_000)
def inline(text: str) -> str:
    """Return a cell, whose lines are kept, as HTML; tags in it are text."""
    return "<br>".join(_line(line) for line in visible(text).split("\n"))


def _line(text: str) -> str:
    return str(_parser().renderInline(text)) if _MARKS.search(text) else escape(text)


@cache
def _parser() -> MarkdownIt:
    # without `html` tags are escaped; links to scripts are refused anyway
    return MarkdownIt("commonmark", {"html": False})
