"""Comparing two methods or two versions of a board, in one of the formats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hbench.board.board import Board
from hbench.board.compare.methods import duels_of
from hbench.board.compare.versions import versions_of
from hbench.errors import UsageError, suggest
from hbench.render.compare.markup import literal
from hbench.render.compare.methods import methods_page
from hbench.render.compare.versions import versions_page
from hbench.render.formats import renderer
from hbench.render.section import Page
from hbench.render.show import board_in

#: Of the formats of a board, those that a comparison has.
FORMATS = ("text", "markdown", "json")


def compared_folders(old: Path, new: Path, format: str = "text") -> str:
    """Return what changed from one folder of results, or of a board, to another.

    Raises ResultError when one of them has no results, or some that cannot be read or do not belong together.
    """
    found = versions_of(board_in(old), board_in(new))
    return in_format(versions_page(found, f"From {literal(str(old))} to {literal(str(new))}"), format)


def compared_methods(board: Board, first: str, second: str, format: str = "text") -> str:
    """Return what the results of a board show of two methods. Raises UsageError for one that has no result there."""
    known = {row.method for row in board.rows if row.seeds}
    for name in (first, second):
        if name not in known:
            raise UsageError(f"'{name}' has no result here and is no folder{suggest(name, known)}")
    if first == second:
        raise UsageError(f"'{first}' is named twice; name two methods, or two folders of results")
    return in_format(methods_page(duels_of(board, first, second)), format)


def in_format(page: Page, format: str) -> str:
    """Return a page in a format; a terminal shows the names in its headings without quotes."""
    if format == "text":
        page = replace(page, sections=tuple(replace(s, title=s.title.replace("`", "")) for s in page.sections))
    return renderer(format)(page)
