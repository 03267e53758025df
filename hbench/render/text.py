"""The page as plain text for a terminal or a pipe: the tables of the contests, as narrow as can be."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from hbench.render.display import NO_BREAK
from hbench.render.section import Page, Section, Text
from hbench.render.table import Table


def text(page: Page) -> str:
    """Return one block of aligned lines per section that has something for a terminal, without a last line break."""
    return "\n\n".join("\n".join([s.title, *lines]) for s in page.sections if (lines := _lines(s)))


def _lines(section: Section) -> list[str]:
    lines: list[str] = []
    for block in section.blocks:
        if isinstance(block, Table):
            lines += _aligned(block)
        elif isinstance(block, Text) and block.terminal:
            lines.append(block.terminal.replace(NO_BREAK, " "))
    return lines


def _aligned(table: Table) -> list[str]:
    """Return the lines of a table, words to the left, numbers to the right; a cell can have several."""
    rows = table.in_terminal()
    if not rows[0]:
        return []
    left = [heading.words for heading in table.headings if heading.terminal is not None]
    lines = [line for row in rows for line in _lines_of(row)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if words else cell.rjust(width)
            for cell, width, words in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in lines
    ]


def _lines_of(row: list[str]) -> Iterable[tuple[str, ...]]:
    """Return the lines that a row takes; cells with fewer of them are empty below."""
    return zip_longest(*(cell.replace(NO_BREAK, " ").split("\n") for cell in row), fillvalue="")
