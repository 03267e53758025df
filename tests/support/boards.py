"""Boards of synthetic results: their rows by the columns of leaderboard.csv, their files and their figures."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

from hbench.board.board import Board
from hbench.board.row import BoardRow
from hbench.render.display import NO_BREAK
from hbench.render.figures.plots import AnyPlot, plots_of
from hbench.render.parts.rivals import RIVALS
from hbench.render.parts.rows import ROWS
from hbench.render.publish import files_of
from hbench.render.sections import page_of
from hbench.results.cell import CellResult

#: The columns of leaderboard.csv.
COLUMNS = [column.key for column in ROWS if column.data]


def board_of(cells: Iterable[CellResult]) -> Board:
    return Board.of(sorted(cells, key=lambda c: c.cell))


def flat(row: BoardRow) -> SimpleNamespace:
    """Return what leaderboard.csv says of a row, at full precision, by column."""
    return SimpleNamespace(**{column.key: column.value(row) for column in ROWS})


def flat_rows(cells: Iterable[CellResult]) -> list[SimpleNamespace]:
    return [flat(row) for row in board_of(cells).rows]


def flat_rivals(board: Board) -> list[SimpleNamespace]:
    """Return what comparisons.csv says, at full precision."""
    return [SimpleNamespace(**{column.key: column.value(c) for column in RIVALS}) for c in board.rivalries]


def files(board: Board) -> dict[str, str]:
    """Return the files of a board that need no figure; spaces at which no line is broken are spaces."""
    return {name: text.replace(NO_BREAK, " ") for name, text in files_of(page_of(board)).items()}


def plots(board: Board) -> dict[str, AnyPlot]:
    return plots_of(board)
