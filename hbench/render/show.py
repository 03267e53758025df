"""Showing a board, or a part of it, in one of the formats."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from hbench.board.board import Board
from hbench.board.contests import ContestKey
from hbench.render.display import listed
from hbench.render.formats import renderer
from hbench.render.parts.chosen import chosen_page, columns_of
from hbench.render.sections import glance_of, page_of, results_of_part
from hbench.results.cell import kept_share
from hbench.results.fields import ResultError


def shown(board: Board, format: str = "text") -> str:
    """Return a whole board in a format of `hbench.render.formats.FORMATS`."""
    return renderer(format)(page_of(board))


def at_a_glance(board: Board) -> str:
    """Return what a board shows as text: its matrices, and sentences about them; without any, its tables."""
    return renderer("text")(glance_of(board)) or shown(board)


def show(
    results_dir: Path,
    *,
    task: str | None = None,
    model: str | None = None,
    keep: str | None = None,
    format: str = "text",
    columns: Sequence[str] | None = None,
) -> str:
    """Return the board of a folder in a format, or the contests of one task, model or keep label (0.30 is 0.3).

    A name without options, such as `dream`, stands for `dream[evaluate=validation]` too where no task is called so.
    columns: the tables of the contests alone, in these columns of leaderboard.csv; see `parts.chosen.columns_of`.
    Raises ResultError as `Board.of` does, and when no contest is left, naming those there are, and UsageError for an
    unknown column.
    """
    if columns is not None:
        columns_of(columns)  # refused before results are read
    board = Board.of_folder(results_dir)

    contests = [standing.key for standing in board.standings]
    tasks, models = named(task, {c.task for c in contests}), named(model, {c.model for c in contests})

    def chosen(contest: ContestKey) -> bool:
        here = contest.task in tasks and contest.model in models
        return here and (keep is None or _same_size(keep, contest.keep))

    part = board.narrowed(chosen)
    if not part.standings:
        raise ResultError(f"{results_dir}: no table for these choices; {_choices(board)}")
    if columns is not None:
        return renderer(format)(chosen_page(part, columns))
    return shown(board, format) if task is model is keep is None else renderer(format)(results_of_part(part))


def board_in(folder: Path) -> Board:
    """Return the board of a folder of result files, or of the folder of a board, which has them in `results`.

    Raises ResultError as `Board.of` does.
    """
    inner = folder / "results"
    return Board.of_folder(inner if inner.is_dir() else folder)


def named(wanted: str | None, labels: Collection[str]) -> frozenset[str]:
    """Return the labels that a name stands for: itself, else those of this name with options; None stands for all."""
    if wanted is None or wanted in labels:
        return frozenset(labels if wanted is None else [wanted])
    return frozenset(label for label in labels if label.partition("[")[0].partition("@")[0] == wanted)


def _choices(board: Board) -> str:
    if not board.standings:
        return "there is none at all"
    contests = [standing.key for standing in board.standings]
    names = ("task", "model", "keep")
    return "there are " + "; ".join(
        f"{name} {listed(dict.fromkeys(str(getattr(contest, name)) for contest in contests))}" for name in names
    )


def _same_size(wanted: str, keep: str) -> bool:
    share = kept_share(wanted)
    return wanted == keep or (share is not None and share == kept_share(keep))
