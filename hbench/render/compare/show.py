"""Comparing two methods or two versions of a board, in one of the formats."""

from __future__ import annotations

from pathlib import Path

from hbench.board.board import Board
from hbench.board.compare.methods import duels_of
from hbench.board.compare.versions import versions_of
from hbench.errors import UsageError, suggest
from hbench.render.compare.methods import methods_page
from hbench.render.compare.versions import versions_page
from hbench.render.display import code
from hbench.render.formats import renderer
from hbench.render.show import board_in

#: Of the formats of a board, those that a comparison has.
FORMATS = ("text", "markdown", "json")


def compared_folders(old: Path, new: Path, format: str = "text") -> str:
    """Return what changed from one folder of results, or of a board, to another.

    Raises ResultError when one of them has no results, or some that cannot be read or do not belong together.
    """
    found = versions_of(board_in(old), board_in(new))
    return renderer(format)(versions_page(found, f"From {code(str(old))} to {code(str(new))}"))


def compared_methods(board: Board, first: str, second: str, format: str = "text") -> str:
    """Return what the results of a board show of two methods. Raises UsageError for one that has no result there."""
    known = {row.method for row in board.rows if row.seeds}
    for name in (first, second):
        if name not in known:
            raise UsageError(f"'{name}' has no result here and is no folder{suggest(name, known)}")
    if first == second:
        raise UsageError(f"'{first}' is named twice; name two methods, or two folders of results")
    return renderer(format)(methods_page(duels_of(board, first, second)))
