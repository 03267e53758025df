"""The leaderboard: build its files from results, check that committed files still follow from them, show it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hbench.board.columns import Column, Place, columns_of
from hbench.board.comparisons import Comparison, comparisons_of
from hbench.board.costs import shared_bills
from hbench.board.measured import Measured
from hbench.board.planted import PlantedRecovery, diagnostics_of
from hbench.board.row import BoardRow
from hbench.board.rows import diagnostic_rows, rows_of
from hbench.board.tradeoff import Tradeoff, tradeoffs_of
from hbench.files import write_whole
from hbench.render.csv import csv_differences, csv_text
from hbench.render.figures.plots import Plot, drawn_from, leftovers, library, plots_of
from hbench.render.formats import listed
from hbench.render.markdown import markdown
from hbench.render.terminal import terminal_text
from hbench.results.cell import DIAGNOSTIC, CellResult, kept_share
from hbench.results.fields import ResultError
from hbench.results.folder import merged, results_of, write_cell

MARKDOWN, CSV, COMPARISONS = "LEADERBOARD.md", "leaderboard.csv", "comparisons.csv"
SAME, DRIFT, INCOMPATIBLE = 0, 1, 2


@dataclass(frozen=True)
class Board:
    """All results, laid out: the columns with their rows as shown, and every row once.

    planted: by task and model, how well every method finds the planted examples. comparisons: by `Column.place`, every
    method against every rival, for the columns that have some. tradeoffs: cost and accuracy, one per task, split and
    model.
    """

    results: tuple[CellResult, ...]
    columns: tuple[tuple[Column, tuple[BoardRow, ...]], ...]
    rows: tuple[BoardRow, ...]
    planted: dict[tuple[str, str], tuple[PlantedRecovery, ...]]
    comparisons: dict[Place, tuple[Comparison, ...]]
    tradeoffs: tuple[Tradeoff, ...]

    @classmethod
    def of(cls, results: list[CellResult]) -> Board:
        """Lay out results. Raises ResultError when two that are compared differ in version, size or charges."""
        measured = {r.cell: Measured.of(r) for r in results if r.keep != DIAGNOSTIC}
        found, bills, planted = columns_of(results), shared_bills(results), diagnostics_of(results)
        columns = tuple((column, tuple(rows_of(column, measured, bills))) for column in found)
        # The full-data row stands in every column of its task and model; here it stands once.
        rows = {row.cell: row for _, shown in columns for row in shown}
        rows |= {row.cell: row for row in diagnostic_rows(results, planted)}
        comparisons = {column.place: tuple(comparisons_of(column, measured)) for column in found}
        return cls(
            results=tuple(results),
            columns=columns,
            rows=tuple(rows[cell] for cell in sorted(rows)),
            planted=planted,
            comparisons={place: lines for place, lines in comparisons.items() if lines},
            tradeoffs=tuple(tradeoffs_of(columns)),
        )

    def files(self) -> dict[str, str]:
        """Return the text of every file of the leaderboard but its figures, by name."""
        page = markdown(self.results, self.columns, self.rows, self.planted, self.comparisons, self.tradeoffs)
        files = {MARKDOWN: page, CSV: csv_text(self.rows, BoardRow)}
        lines = [line for place in sorted(self.comparisons) for line in self.comparisons[place]]
        return {**files, COMPARISONS: csv_text(lines, Comparison)} if lines else files

    def plots(self) -> dict[str, Plot]:
        """Return what every figure of the leaderboard shows, by name."""
        return dict(found for found in plots_of(self.tradeoffs) if found is not None)

    def write(self, out_dir: Path, *, redraw: bool = True) -> list[Path]:
        """Write all files, byte-identical for the same results, and remove what an earlier board left; return paths.

        redraw: draw figures that say they show these results too. Raises ResultError when a file cannot be written.
        """
        files, plots = self.files(), self.plots()
        for name, text in files.items():
            _write(out_dir / name, text)
        for name, plot in plots.items():
            if redraw or drawn_from(out_dir / name) != (plot.digest, library()):
                from hbench.render.figures.drawing import draw

                _write(out_dir / name, draw(plot))
        for path in _left(out_dir, files, plots):
            _write(path, None)
        return [out_dir / name for name in (*files, *plots)]


@dataclass(frozen=True)
class Check:
    """What `check` found. code: 0 same, 1 drift, 2 missing or incompatible; problems: one line for each difference."""

    code: int
    problems: tuple[str, ...]


def build(results_dir: Path, out_dir: Path) -> list[Path]:
    """Write the files of the leaderboard of a folder of results; return their paths.

    Raises ResultError when results are missing, unreadable or do not belong together, or a file cannot be written.
    """
    return Board.of(results_of(results_dir)).write(out_dir)


def publish(cells: Sequence[CellResult], results_dir: Path, out_dir: Path) -> Board:
    """Write cells and the board that they make with the results already in the folder; return that board.

    Nothing is written unless the board can be laid out: results that do not fit together overwrite none that do.
    Raises ResultError naming `--results` as the way out.
    """
    try:
        board = Board.of(merged(results_dir, cells))
    except ResultError as error:
        raise ResultError(
            f"{error}. No result was written, and no training is lost: name another folder with --results"
        ) from None
    for cell in cells:
        write_cell(cell, results_dir / cell.path)
    board.write(out_dir, redraw=False)
    return board


def check(results_dir: Path, out_dir: Path) -> Check:
    """Build in memory and compare with the committed files: numbers with tolerance, everything else exactly.

    Every figure has to say that it shows these results. Those that were drawn with the installed version of the
    drawing library are drawn again and compared; another version draws the same results otherwise.
    """
    try:
        board = Board.of(results_of(results_dir))
        rebuilt, plots = board.files(), board.plots()
        committed = {name: _committed(out_dir / name) for name in (*rebuilt, *plots)}
        problems = csv_differences(committed[CSV], rebuilt[CSV], CSV, BoardRow)
        if COMPARISONS in rebuilt:
            problems += csv_differences(committed[COMPARISONS], rebuilt[COMPARISONS], COMPARISONS, Comparison)
    except ResultError as error:
        return Check(INCOMPATIBLE, (str(error),))
    problems += _line_differences(committed[MARKDOWN], rebuilt[MARKDOWN], MARKDOWN)
    for name, plot in plots.items():
        digest, drawn_with = drawn_from(out_dir / name) or ("", "")
        if digest != plot.digest:
            problems.append(f"{name}: does not show these results; run `hbench leaderboard build`")
        elif drawn_with == library():
            from hbench.render.figures.drawing import draw

            if committed[name] != draw(plot):
                problems.append(f"{name}: was changed since it was drawn; run `hbench leaderboard build`")
    for path in _left(out_dir, rebuilt, plots):
        problems.append(f"{path.relative_to(out_dir)}: follows from no result; run `hbench leaderboard build`")
    return Check(DRIFT if problems else SAME, tuple(problems))


def show(results_dir: Path, *, task: str | None = None, model: str | None = None, keep: str | None = None) -> str:
    """Return the tables as plain text, all or those of one task, model or keep label (0.30 is 0.3).

    Raises ResultError as `build` does, and when no table is left, naming the tables there are.
    """
    board = Board.of(results_of(results_dir))
    columns = board.columns
    chosen = [
        (column, rows)
        for column, rows in columns
        if task in (None, column.task) and model in (None, column.model) and (keep is None or _is(keep, column.keep))
    ]
    if not chosen:
        there = "; ".join(
            f"{name} {listed(list(dict.fromkeys(getattr(column, name) for column, _ in columns)))}"
            for name in ("task", "model", "keep")
        )
        raise ResultError(
            f"{results_dir}: no table for these choices; "
            + (f"there are {there}" if columns else "there is none at all")
        )
    return terminal_text(chosen, board.comparisons)


def _is(wanted: str, keep: str) -> bool:
    share = kept_share(wanted)
    return wanted == keep or (share is not None and share == kept_share(keep))


def _write(path: Path, text: str | None) -> None:
    """Write a file whole, or remove it where there is no text."""
    try:
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
    except OSError as error:
        raise ResultError(f"{path}: cannot be written ({error.strerror}); name a writable folder with --out") from None


def _left(out_dir: Path, files: Collection[str], plots: Collection[str]) -> list[Path]:
    """Return the files of an earlier board that this one does not have; others in the folder are not hbench's."""
    table = out_dir / COMPARISONS
    return [*([table] if COMPARISONS not in files and table.is_file() else []), *leftovers(out_dir, plots)]


def _committed(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ResultError(f"{path}: is missing or unreadable; run `hbench leaderboard build`") from None


def _line_differences(committed: str, rebuilt: str, file: str) -> list[str]:
    """Name the first line that differs, the heading above it and, in a table, the row and the columns."""
    ours, theirs = rebuilt.splitlines(), committed.splitlines()
    for number in range(max(len(ours), len(theirs))):
        line = ours[number] if number < len(ours) else ""
        other = theirs[number] if number < len(theirs) else ""
        if line != other or number >= min(len(ours), len(theirs)):
            above = ours[: number + 1]
            heading = next((text.lstrip("# ") for text in reversed(above) if text.startswith("#")), "the top")
            return [f"{file}: line {number + 1}, under '{heading}': {_changed(above, other, line)}"]
    return []


def _changed(above: list[str], committed: str, rebuilt: str) -> str:
    mine, other = rebuilt.split(" | "), committed.split(" | ")
    if rebuilt.startswith("| ") and len(mine) == len(other):
        rule = max((i for i, text in enumerate(above) if text.startswith("| :--")), default=0)
        header = above[rule - 1].split(" | ")
        names = [h.strip("| ") for h, a, b in zip(header, other, mine, strict=False) if a != b]
        return (
            f"row {mine[0].strip('| ')}, column {', '.join(names)}: the file has '{committed}', the results '{rebuilt}'"
        )
    return f"the file has '{committed}', the results '{rebuilt}'"
