"""The page as Markdown: LEADERBOARD.md."""

from __future__ import annotations

from hbench.render.section import Page, Picture, Section, Text
from hbench.render.table import Table


def markdown(page: Page) -> str:
    """Return the text of the page, which ends with a line break."""
    return "\n\n".join(block for section in page.sections for block in _section(section)) + "\n"


def _section(section: Section) -> list[str]:
    return [f"{'#' * section.level} {section.title}", *filter(None, map(_block, section.blocks))]


def _block(block: Text | Table | Picture) -> str:
    if isinstance(block, Text):
        return block.page
    if isinstance(block, Picture):
        return f"![{block.title}]({block.path})"
    header, *rows = block.on_page()
    # The first column is a name, the others are aligned to the right.
    rule = [":--", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))
