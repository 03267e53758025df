"""Figures inside the page: the SVG of a file without what only a file needs."""

from __future__ import annotations

import re
from html import escape

from hbench.render.figures.looks import GRID, INK, PAPER, REMARK
from hbench.render.html.markup import visible

#: What comes before the drawing, remarks, metadata, and the fonts of a file: the page has its own.
_DROPPED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|@font-face\s*\{[^}]*\}", re.DOTALL
)
_SIZE = re.compile(r'<svg\b[^>]*?\bviewBox="0 0 ([0-9.]+) ([0-9.]+)"[^>]*>', re.DOTALL)
_ID = re.compile(r'\bid="([^"]+)"')

#: Colours of a figure that follow those of the page, light or dark.
_COLOURS = {INK: "currentColor", REMARK: "var(--soft)", GRID: "var(--line)", PAPER: "var(--paper)"}


def inlined(svg: str, prefix: str, title: str) -> str:
    """Return a figure's SVG for the page: as wide as there is room, with its title for those who cannot see it.

    prefix: what its ids begin with, so that no two figures of the page have one. Text that is no figure is left out.
    """
    body = _DROPPED.sub("", svg)
    opening = _SIZE.search(body)
    end = body.rfind("</svg>")
    if opening is None or end < opening.end():
        return ""
    inner = visible(body[opening.end() : end])
    for own in dict.fromkeys(_ID.findall(inner)):
        new = f"{prefix}-{own}"
        for before, after in (('id="', '"'), ("url(#", ")"), ('href="#', '"')):
            inner = inner.replace(f"{before}{own}{after}", f"{before}{new}{after}")
    for colour, own in _COLOURS.items():
        inner = inner.replace(colour, own)
    inner = re.sub(r"\n\s+", "\n", inner)
    label = escape(visible(title))
    size = f'viewBox="0 0 {opening[1]} {opening[2]}" style="max-width:{opening[1]}pt"'
    head = f'<svg {size} role="img" aria-label="{label}">'
    return f"{head}{inner.strip()}</svg>"
