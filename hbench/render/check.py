"""Checking that the committed files of a leaderboard still follow from its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from hbench.board.board import Board
from hbench.render.csv import Changes, changes_of, csv_differences
from hbench.render.display import plural
from hbench.render.figures.marks import drawn_from, library
from hbench.render.figures.plots import AnyPlot, plots_of
from hbench.render.publish import COMPARISONS, CSV, HTML, LATEX, MARKDOWN, files_of, left_over
from hbench.render.section import Page
from hbench.render.sections import page_of
from hbench.results.fields import ResultError
from hbench.results.folder import read_cell

SAME, DRIFT, INCOMPATIBLE = 0, 1, 2
#: Rows that a summary names.
_NAMED = 5


@dataclass(frozen=True)
class Check:
    """The outcome of comparing a board with its results."""

    #: `SAME`, `DRIFT`, or `INCOMPATIBLE` where results or files are missing or of another form.
    code: int
    #: One line for each difference.
    problems: tuple[str, ...]
    #: The same in a few lines: results added and removed, rows and files that differ.
    summary: tuple[str, ...] = ()


def check(results_dir: Path, out_dir: Path) -> Check:
    """Build in memory and compare with the committed files: numbers with tolerance, everything else exactly.

    Every figure has to say that it shows these results. Those that were drawn with the installed version of the
    drawing library are drawn again and compared; another version draws the same results otherwise.
    """
    unreadable = _unreadable(results_dir)
    if unreadable:
        return Check(INCOMPATIBLE, unreadable, unreadable)
    try:
        board = Board.of_folder(results_dir)
        page, plots = page_of(board), plots_of(board)
        rebuilt = files_of(page)
        committed = {name: _committed(out_dir / name) for name in (MARKDOWN, CSV)}
        problems = csv_differences(committed[CSV], page.rows, CSV)
        changes = changes_of(committed[CSV], page.rows, CSV)
        # a result that was added or removed may bring or take the files of its own: that is drift too
        for name in (HTML, LATEX, *({COMPARISONS} & {*rebuilt}), *plots):
            if (out_dir / name).is_file():
                committed[name] = _committed(out_dir / name)
            else:
                problems.append(f"{name}: is missing; run `hbench leaderboard build`")
        if COMPARISONS in committed:
            problems += csv_differences(committed[COMPARISONS], page.rivals, COMPARISONS)
    except ResultError as error:
        return Check(INCOMPATIBLE, (str(error),), (str(error),))
    plots = {name: plot for name, plot in plots.items() if name in committed}
    for name in (MARKDOWN, LATEX):
        if name in committed:
            problems += _line_differences(committed[name], rebuilt[name], name)
    problems += _figure_differences(out_dir, committed, plots)
    problems += _html_differences(page, committed)
    for path in left_over(out_dir, rebuilt, plots_of(board)):
        problems.append(f"{path.relative_to(out_dir)}: follows from no result; run `hbench leaderboard build`")
    return Check(DRIFT, tuple(problems), _summary(changes, problems)) if problems else Check(SAME, ())


def _unreadable(results_dir: Path) -> tuple[str, ...]:
    """Return a line for every result that cannot be read, so that all are named at once."""
    faults = []
    for path in sorted(results_dir.rglob("*.json")):
        try:
            read_cell(path)
        except ResultError as error:
            faults.append(str(error))
    return tuple(faults)


def _summary(changes: Changes, problems: Sequence[str]) -> tuple[str, ...]:
    """Return a few lines: results added or removed, what follows from that, and the files that differ."""
    lines = []
    for what, rows in (("added", changes.added), ("removed", changes.removed)):
        if rows:
            lines.append(f"{plural(len(rows), 'result')} {what}: {_named(rows)}")
    if changes.changed:
        count = plural(len(changes.changed), "row")
        if lines:
            lines[-1] += f"; {count} follow{'s' if len(changes.changed) == 1 else ''}"
        else:
            lines.append(f"{count} differ{'s' if len(changes.changed) == 1 else ''}: {_named(changes.changed)}")
    files = sorted({problem.partition(":")[0] for problem in problems})
    return (*lines, f"{plural(len(files), 'file')} to build again: {', '.join(files)}; run `hbench leaderboard build`")


def _named(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows by task, size and method, the first few of many."""
    names = [" / ".join((row[0], row[3], row[5])) for row in rows]
    return "; ".join(names[:_NAMED]) + (f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _committed(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ResultError(f"{path}: is missing or unreadable; run `hbench leaderboard build`") from None


def _figure_differences(out_dir: Path, committed: Mapping[str, str], plots: Mapping[str, AnyPlot]) -> list[str]:
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


def _html_differences(page: Page, committed: Mapping[str, str]) -> list[str]:
    """Compare the page for browsers with what follows from the results and the committed figures, which it shows."""
    if HTML not in committed:
        return []
    from hbench.render.html.page import html_page

    rebuilt = html_page(page, committed)
    if committed[HTML] == rebuilt:
        return []
    lines = zip_longest(rebuilt.splitlines(), committed[HTML].splitlines())
    number = next((n for n, (ours, theirs) in enumerate(lines, 1) if ours != theirs), 0)
    return [f"{HTML}: line {number} does not follow from the results; run `hbench leaderboard build`"]


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
