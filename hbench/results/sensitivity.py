"""`sensitivity.csv` beside the results: how much a scorer's answer depends on the number of runs and epochs.

`hbench sensitivity` computes it from the dynamics in a store, which are too large to publish, and replaces the lines of
the tasks, models and scorers it was asked for. The same store gives the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NoReturn

from hbench.files import read_text, short_repr
from hbench.results.fields import ResultError, is_text

#: The file's name, in the folder of results.
SENSITIVITY = "sensitivity.csv"
#: What stands for the scorer's own subset, whose size follows from the data, where a share is named otherwise.
NATURAL = "natural"
_PLACES = 4


@dataclass(frozen=True)
class Sensitivity:
    """What a scorer gives from some of the runs and of their epochs, beside what it gives from all; one line.

    Means and lowest values are over sets of runs; correlations and overlaps are rounded to four decimals.
    """

    task: str
    model: str
    #: Reference of the scorer.
    method: str
    #: Runs of a set, and how many of their epochs are read, the first ones.
    runs: int
    epochs: int
    #: Share of the examples kept, as a result's keep label has it, or `NATURAL`.
    keep: str
    #: Examples that are scored.
    examples: int
    #: Sets of so many runs.
    sets: int
    #: Share of the examples in the subset: of a natural one the mean over sets.
    share: float
    #: Rank correlation (Spearman) of the scores with those of all runs and epochs: mean, lowest; None where all scores
    #: of a set are equal.
    correlation: float | None
    lowest_correlation: float | None
    #: Overlap of the subset with that of all runs and epochs, common examples by those in either: mean, lowest.
    overlap: float
    lowest_overlap: float
    #: Pairs of sets without a common run, and the mean over these of correlation and overlap between the two.
    pairs: int
    pair_correlation: float | None
    pair_overlap: float | None


_COLUMNS = [field.name for field in fields(Sensitivity)]


def read_sensitivity(directory: Path) -> tuple[Sensitivity, ...]:
    """Return the lines of a folder's file, sorted; none where there is no file.

    Raises ResultError naming the file, the line, the column and the fix.
    """
    path = directory / SENSITIVITY
    if not path.is_file():
        return ()
    reader = csv.reader(io.StringIO(read_text(path, ResultError)))
    if (header := next(reader, [])) != _COLUMNS:
        odd = sorted(set(header) ^ set(_COLUMNS))
        raise ResultError(
            f"{path}: its columns are not those of this hbench ({', '.join(odd[:5]) or 'another order'}); "
            "run `hbench sensitivity` again"
        )
    rows = []
    for line in reader:
        place = f"{path}, line {reader.line_num}"
        if len(line) != len(_COLUMNS):
            raise ResultError(f"{place}: has {len(line)} cells for {len(_COLUMNS)} columns; restore the file")
        rows.append(_row(dict(zip(_COLUMNS, line, strict=True)), place))
    keys = [row_key(row) for row in rows]
    if len(set(keys)) < len(keys):
        raise ResultError(f"{path}: holds a line twice; restore the file")
    return tuple(sorted(rows, key=row_key))


def row_key(row: Sensitivity) -> tuple[str, str, str, str, int, int]:
    """Return what tells lines apart, in the order in which they are sorted."""
    return row.task, row.model, row.method, row.keep, row.runs, row.epochs


def with_rows(
    known: Iterable[Sensitivity], new: Collection[Sensitivity], gone: Collection[tuple[str, str, str]] = ()
) -> list[Sensitivity]:
    """Return lines sorted, the new ones instead of all others of the same task, model and scorer.

    gone: further tasks, models and scorers whose lines are left out.
    """
    replaced = {(row.task, row.model, row.method) for row in new} | set(gone)
    kept = [row for row in known if (row.task, row.model, row.method) not in replaced]
    return sorted([*kept, *new], key=row_key)


def text_of_rows(rows: Iterable[Sensitivity]) -> str:
    """Return the text of the file."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([_text(getattr(row, name)) for name in _COLUMNS] for row in rows)
    return stream.getvalue()


def rounded(value: float) -> float:
    """Return a number as the file has it, so that what is computed and what is read are equal."""
    return float(_text(value))


def rounded_or_none(value: float | None) -> float | None:
    """Return a number as the file has it, or None where there is none."""
    return None if value is None else rounded(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        text = f"{value:.{_PLACES}f}"
        return text if text.strip("-0.") else text.lstrip("-")
    return str(value)


def _row(line: Mapping[str, str], place: str) -> Sensitivity:
    cells = _Cells(line, place)
    return Sensitivity(
        task=cells.text("task"),
        model=cells.text("model"),
        method=cells.text("method"),
        runs=cells.whole("runs", 1),
        epochs=cells.whole("epochs", 1),
        keep=cells.text("keep"),
        examples=cells.whole("examples", 1),
        sets=cells.whole("sets", 1),
        share=cells.number("share"),
        correlation=cells.number_or_none("correlation"),
        lowest_correlation=cells.number_or_none("lowest_correlation"),
        overlap=cells.number("overlap"),
        lowest_overlap=cells.number("lowest_overlap"),
        pairs=cells.whole("pairs", 0),
        pair_correlation=cells.number_or_none("pair_correlation"),
        pair_overlap=cells.number_or_none("pair_overlap"),
    )


@dataclass(frozen=True)
class _Cells:
    """The cells of a line by column; every method raises ResultError for one that is not what it has to be."""

    line: Mapping[str, str]
    place: str

    def text(self, name: str) -> str:
        return self.line[name] if is_text(self.line[name]) else self._refuse(name)

    def whole(self, name: str, least: int) -> int:
        found = self.line[name]
        return int(found) if found.isdecimal() and int(found) >= least else self._refuse(name)

    def number(self, name: str) -> float:
        try:
            value = float(self.line[name])
        except ValueError:
            self._refuse(name)
        return value if -1 <= value <= 1 else self._refuse(name)

    def number_or_none(self, name: str) -> float | None:
        return self.number(name) if self.line[name] else None

    def _refuse(self, name: str) -> NoReturn:
        raise ResultError(
            f"{self.place}: column '{name}' holds {short_repr(self.line[name])}, which cannot be there; "
            "restore the file"
        )
