"""The figures of a board for papers: SVG and PDF, in the sizes of one and of two columns."""

from __future__ import annotations

from pathlib import Path, PurePath

from hbench.board.board import Board
from hbench.render.figures.plots import pictures_of
from hbench.results.fields import ResultError
from hbench.results.folder import results_of

#: The columns that a figure is drawn for.
_COLUMNS = ("one", "two")


def write_figures(results_dir: Path, folder: Path, task: str | None = None) -> list[Path]:
    """Draw every figure of a folder of results, or those of one task, in all sizes and formats; return their paths.

    A file's name says its columns: `sst2--validation--minilm-l6--kept--one-column.pdf`. The same results give the same
    bytes. Raises ResultError where there is nothing to draw, and when a file cannot be written.
    """
    from hbench.render.figures.drawing import draw, draw_pdf

    board = Board.of(results_of(results_dir))
    pictures = pictures_of(board)
    tasks = {key[0] for key in pictures}
    chosen = [plots for key, plots in pictures.items() if task is None or task in (key[0], key[0].partition("[")[0])]
    if not any(chosen):
        raise ResultError(f"{results_dir}: nothing to draw for these choices; there are figures of {_listed(tasks)}")
    texts: dict[str, bytes] = {}
    for path, plot in (entry for plots in chosen for entry in plots):
        for columns in _COLUMNS:
            name = f"{PurePath(path).stem}--{columns}-column"
            texts[f"{name}.svg"] = draw(plot, columns).encode()
            texts[f"{name}.pdf"] = draw_pdf(plot, columns)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in texts.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise ResultError(
            f"{error.filename}: cannot be written ({error.strerror}); name a writable folder with --to"
        ) from None
    return [folder / name for name in texts]


def _listed(tasks: set[str]) -> str:
    return ", ".join(sorted(tasks)) or "no task"
