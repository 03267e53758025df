"""Checking that the committed files of a leaderboard still follow from its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hbench.board.board import Board
from hbench.render.csv import csv_differences
from hbench.render.figures.plots import Plot, drawn_from, library, plots_of
from hbench.render.publish import COMPARISONS, CSV, MARKDOWN, files_of, left_over
from hbench.render.sections import page_of
from hbench.results.fields import ResultError
from hbench.results.folder import results_of

SAME, DRIFT, INCOMPATIBLE = 0, 1, 2


@dataclass(frozen=True)
class Check:
    """The differences between committed files and those that follow from the results."""

    #: `SAME`, `DRIFT`, or `INCOMPATIBLE` where results or files are missing or of another form.
    code: int
    #: One line for each difference.
    problems: tuple[str, ...]


def check(results_dir: Path, out_dir: Path) -> Check:
    """Build in memory and compare with the committed files: numbers with tolerance, everything else exactly.

    Every figure has to say that it shows these results. Those that were drawn with the installed version of the
    drawing library are drawn again and compared; another version draws the same results otherwise.
    """
    try:
        board = Board.of(results_of(results_dir))
        page, plots = page_of(board), plots_of(board.tradeoffs)
        rebuilt = files_of(page)
        committed = {name: _committed(out_dir / name) for name in (*rebuilt, *plots)}
        problems = csv_differences(committed[CSV], page.rows, CSV)
        if COMPARISONS in rebuilt:
            problems += csv_differences(committed[COMPARISONS], page.rivals, COMPARISONS)
    except ResultError as error:
        return Check(INCOMPATIBLE, (str(error),))
    problems += _line_differences(committed[MARKDOWN], rebuilt[MARKDOWN], MARKDOWN)
    problems += _figure_differences(out_dir, committed, plots)
    for path in left_over(out_dir, rebuilt, plots):
        problems.append(f"{path.relative_to(out_dir)}: follows from no result; run `hbench leaderboard build`")
    return Check(DRIFT if problems else SAME, tuple(problems))


def _committed(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ResultError(f"{path}: is missing or unreadable; run `hbench leaderboard build`") from None


def _figure_differences(out_dir: Path, committed: Mapping[str, str], plots: Mapping[str, Plot]) -> list[str]:
    problems = []
    for name, plot in plots.items():
        digest, drawn_with = drawn_from(out_dir / name) or ("", "")
        if digest != plot.digest:
            problems.append(f"{name}: does not show these results; run `hbench leaderboard build`")
        elif drawn_with == library():
            from hbench.render.figures.drawing import draw

            if committed[name] != draw(plot):
                problems.append(f"{name}: was changed since it was drawn; run `hbench leaderboard build`")
    return problems


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
