"""Publishing a board: the files that follow from results, and writing them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from hbench.board.board import Board
from hbench.files import write_together
from hbench.parallel import spread
from hbench.render.csv import csv_text
from hbench.render.figures.marks import drawn_from, leftovers, library
from hbench.render.figures.plots import AnyPlot, plots_of
from hbench.render.latex import latex
from hbench.render.markdown import markdown
from hbench.render.section import Page
from hbench.render.sections import page_of
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError
from hbench.results.folder import merged, results_of, text_of
from hbench.results.sensitivity import SENSITIVITY, Sensitivity, read_sensitivity, text_of_rows, with_rows

#: Figures from which on they are drawn on all cores.
_MANY = 24
MARKDOWN, HTML, CSV, LATEX = "LEADERBOARD.md", "index.html", "leaderboard.csv", "leaderboard.tex"
COMPARISONS = "comparisons.csv"


def build(results_dir: Path, out_dir: Path) -> list[Path]:
    """Write the files of the leaderboard of a folder of results; return their paths.

    Raises ResultError when results are missing, unreadable or do not belong together, or a file cannot be written.
    """
    return write(Board.of_folder(results_dir), out_dir)


def publish(cells: Sequence[CellResult], results_dir: Path, out_dir: Path) -> Board:
    """Write cells and the board that they make with the results already in the folder; return that board.

    Results and board are replaced together or not at all: nothing is written unless the board can be built, and what
    was written is put back when a file cannot be. Raises ResultError naming `--results` as the way out.
    """
    try:
        board = Board.of(merged(results_dir, cells), read_sensitivity(results_dir))
    except ResultError as error:
        raise ResultError(
            f"{error}. No result was written, and no training is lost: name another folder with --results"
        ) from None
    texts = {results_dir / cell.path: text_of(cell, results_dir / cell.path) for cell in cells}
    write_with(texts, board, out_dir)
    return board


def files_of(page: Page) -> dict[str, str]:
    """Return the text of every file of the leaderboard that needs no figure, by name."""
    files = {MARKDOWN: markdown(page), CSV: csv_text(page.rows), LATEX: latex(page)}
    return {**files, COMPARISONS: csv_text(page.rivals)} if page.rivals.rows else files


def write(board: Board, out_dir: Path) -> list[Path]:
    """Write all files, byte-identical for the same results, and remove what an earlier board left; return paths.

    All figures are drawn, also those that say they show these results. The files are replaced together or not at all.
    Raises ResultError when one cannot be written.
    """
    page, plots = page_of(board), plots_of(board)
    _write(_texts(page, plots, out_dir, redraw=True))
    return [out_dir / name for name in (*files_of(page), HTML, *plots)]


def write_with(results: Mapping[Path, str | None], board: Board, out_dir: Path) -> None:
    """Write result files, or remove those without a text, and the board: together or not at all.

    Figures that say they show these results stay. Raises ResultError when a file cannot be written.
    """
    _write({**results, **_texts(page_of(board), plots_of(board), out_dir, redraw=False)})


def _texts(page: Page, plots: Mapping[str, AnyPlot], out_dir: Path, *, redraw: bool) -> dict[Path, str | None]:
    """Return the text of every file of a board that is to be written; None for what an earlier board left."""
    from hbench.render.html.page import html_page

    files, figures = files_of(page), _figures(plots, out_dir, redraw)
    shown = {name: figures.get(name) or (out_dir / name).read_text(encoding="utf-8") for name in plots}
    files |= {HTML: html_page(page, shown), **figures}
    texts: dict[Path, str | None] = {out_dir / name: text for name, text in files.items()}
    return texts | dict.fromkeys(left_over(out_dir, files, plots))


def _figures(plots: Mapping[str, AnyPlot], out_dir: Path, redraw: bool) -> dict[str, str]:
    """Return the figures that are to be drawn, on all cores where they are many: all, or those that are not there."""
    wanted = {
        name: plot for name, plot in plots.items() if redraw or drawn_from(out_dir / name) != (plot.digest, library())
    }
    if not wanted:
        return {}
    from hbench.render.figures.drawing import draw

    return dict(zip(wanted, spread(draw, list(wanted.values()), fewest=_MANY), strict=True))


def left_over(out_dir: Path, files: Collection[str], plots: Collection[str]) -> list[Path]:
    """Return the files of an earlier board that this one does not have; others in the folder are not hbench's."""
    table = out_dir / COMPARISONS
    return [*([table] if COMPARISONS not in files and table.is_file() else []), *leftovers(out_dir, plots)]


def _write(texts: Mapping[Path, str | None]) -> None:
    """Write files, or remove those without a text, together or not at all; raise ResultError naming the fault."""
    try:
        write_together(texts)
    except OSError as error:
        raise ResultError(
            f"{error.filename}: cannot be written ({error.strerror}), so nothing was; "
            "name a writable folder with --out, or with --results for a result"
        ) from None


def publish_sensitivity(rows: Collection[Sensitivity], results_dir: Path, out_dir: Path) -> Path:
    """Write lines of `sensitivity.csv`, instead of those of the same task, model and scorer; return its path.

    The board is written anew where the folder holds results: together with the file, or not at all. Raises ResultError
    when a file cannot be read or written.
    """
    path = results_dir / SENSITIVITY
    merged_rows = with_rows(read_sensitivity(results_dir), rows)
    texts: dict[Path, str | None] = {path: text_of_rows(merged_rows)}
    if any(results_dir.rglob("*.json")):
        write_with(texts, Board.of(results_of(results_dir), merged_rows), out_dir)
    else:
        _write(texts)
    return path
