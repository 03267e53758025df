"""The page as Markdown: LEADERBOARD.md."""

from __future__ import annotations

from collections.abc import Iterable

from hbench.render.section import Page, Picture, Section, Text
from hbench.render.table import Part, Table


def markdown(page: Page) -> str:
    """Return the text of the page, which ends with a line break."""
    return "\n\n".join(block for section in page.sections for block in _section(section)) + "\n"


def _section(section: Section) -> list[str]:
    blocks = list(filter(None, map(_block, section.blocks)))
    return [f"{'#' * section.level} {section.title}", *(_folded(section.fold, blocks) if section.fold else blocks)]


def _block(block: Text | Table | Picture) -> str:
    if isinstance(block, Text):
        return block.page
    if isinstance(block, Picture):
        return f"![{block.title}]({block.path})"
    main, *folds = block.parts()
    texts = [_grid(block, main)]
    for fold in folds:
        texts += _folded(fold.title, [_grid(block, fold)])
    return "\n\n".join(texts)


def _folded(title: str, blocks: Iterable[str]) -> list[str]:
    """Return blocks that a forge shows when their title is pressed."""
    return [f"<details><summary>{title}</summary>", *blocks, "</details>"]


def _grid(table: Table, part: Part) -> str:
    header, *rows = table.on_page(part)
    # The first column is a name, numbers are set to the right.
    words = [table.headings[i].page_words for i in part.positions]
    rule = [":--" if place == 0 or left else "--:" for place, left in enumerate(words)]
    lines = [header, rule, *rows]
    return "\n".join(f"| {' | '.join(cell.replace(chr(10), '<br>') for cell in cells)} |" for cells in lines)
