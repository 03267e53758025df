"""Scores of a user's own rows: one number for each example and scorer, and the table that holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hbench.data.formats.csv import read_records, write_record
from hbench.data.own.roles import OwnSplit
from hbench.errors import DataError, UsageError, suggest
from hbench.files import short_repr, shorten, write_together
from hbench.own.provenance import Provenance, provenance_of, read_provenance
from hbench.own.suspects import Doubts, Suspect

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

#: First column of a table of scores.
ID = "id"


@dataclass(frozen=True)
class Scores:
    """One number for each example and scorer, with what is needed to read them."""

    #: Of the examples, in the order of their rows.
    ids: tuple[str, ...]
    #: Columns of the user's that are shown beside the scores, by name.
    shown: Mapping[str, Sequence[Any]]
    #: By the reference of a scorer: float64 (n,).
    columns: Mapping[str, npt.NDArray[np.float64]]
    #: None where the file that says it is missing.
    provenance: Provenance | None
    #: How the model sees the labels; None where it was not observed, and for scores from a file.
    doubts: Doubts | None = None
    #: Words for where the scores are.
    place: str = "scores"

    def column(self, by: str) -> npt.NDArray[np.float64]:
        """Return a scorer's column, float64 (n,). Raises UsageError naming those there are."""
        if by not in self.columns:
            raise UsageError(f"{self.place}: no column of scores '{shorten(by)}'{suggest(by, self.columns)}")
        return self.columns[by]

    def only(self) -> str:
        """Return the name of the one column. Raises UsageError where there are several, or none."""
        if len(self.columns) != 1:
            raise UsageError(f"{self.place}: name the column of scores; there are {', '.join(self.columns) or 'none'}")
        return next(iter(self.columns))

    def frame(self) -> pd.DataFrame:
        """Return the table as a data frame: id, the user's columns, and one column for each scorer."""
        import pandas as pd

        return pd.DataFrame({ID: list(self.ids), **self.shown, **self.columns})

    def suspects(self, count: int = 20) -> list[Suspect]:
        """Return the examples that look mislabelled most, the lowest confidence first.

        Raises UsageError for scores without an observed training, such as those of a file.
        """
        if self.doubts is None:
            raise UsageError(f"{self.place}: no training was observed for these scores; score the rows again")
        return self.doubts.lowest(self.ids, count)

    def save(self, path: Path | str) -> None:
        """Write the table, and its provenance beside it. Raises DataError for a path that cannot be written."""
        path = check_path(Path(path))
        names = [ID, *self.shown, *self.columns]
        shown = [map(cell, values) for values in self.shown.values()]
        numbers = [map(repr, values.tolist()) for values in self.columns.values()]
        rows = zip(self.ids, *shown, *numbers, strict=True)
        text = write_record(names) + "".join(map(write_record, rows))
        beside = None if self.provenance is None else self.provenance.as_text()
        try:
            write_together({path: text, provenance_of(path): beside})
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be written ({error.strerror}); name another file") from None


def check_path(path: Path) -> Path:
    """Return the path of a table of scores. Raises DataError for one with another ending."""
    if path.suffix != ".csv":
        raise DataError(f"{path}: scores are a table of comma-separated values; let the name end in .csv")
    return path


def load_scores(path: Path | str) -> Scores:
    """Read a table of scores: a column `id`, and columns of numbers under whatever names.

    Raises DataError naming file and line for a table that cannot be read, has no ids or repeats one, and for a score
    that is not a finite number.
    """
    path = check_path(Path(path))
    records = read_records(path)
    _, header = next(records, (0, []))
    if ID not in header:
        raise DataError(f"{path}: there is no column '{ID}'; name it in the first line")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: column '{twice}' is listed twice; rename or remove one of the two")
    lines: list[int] = []
    rows: list[list[str]] = []
    for line, fields in records:
        lines.append(line)
        rows.append(fields)
    if not rows:
        raise DataError(f"{path}: there are no rows; score the rows again")
    texts = {name: [row[at] for row in rows] for at, name in enumerate(header)}
    ids = texts.pop(ID)
    first: dict[str, int] = {}
    for name, line in zip(ids, lines, strict=True):
        if first.setdefault(name, line) != line:
            raise DataError(f"{path}, line {line}: the same {ID} {short_repr(name)} as in line {first[name]}")
    provenance = read_provenance(provenance_of(path)) if provenance_of(path).is_file() else None
    scored = () if provenance is None else provenance.scorers
    columns = {}
    for name, values in texts.items():
        numbers = _numbers(path, name, values, lines, strict=name in scored)
        if numbers is not None:
            columns[name] = numbers
    return Scores(tuple(ids), texts, columns, provenance, place=str(path))


def columns_taken(train: OwnSplit, scorers: Sequence[str]) -> None:
    """Raise UsageError when a column of the rows has the name of one that a table of scores adds."""
    for name in _columns(train.layout):
        if name in (ID, *scorers):
            raise UsageError(
                f"column '{name}' of {train.table.place} has the name of a column of the scores; rename it in the file"
            )


def shown_of(train: OwnSplit) -> dict[str, list[Any]]:
    """Return the user's own columns of the examples, classes that the source numbers by their names."""
    found = {}
    for name in _columns(train.layout):
        values = shown_column(train, name)
        found[name] = [values[row] for row in train.examples]
    return found


def shown_column(train: OwnSplit, name: str) -> list[Any]:
    """Return a column of all rows as a table of scores shows it."""
    values, names = train.table.column(name), train.table.classes(name)
    return [names[value] if type(value) is int and 0 <= value < len(names) else value for value in values]


def cell(value: Any) -> str:
    """Return the text that a table of scores holds for a value of a row."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _columns(layout: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for of in layout.values() for name in ((of,) if isinstance(of, str) else of)))


def _numbers(
    path: Path, name: str, values: Sequence[str], lines: Sequence[int], *, strict: bool
) -> npt.NDArray[np.float64] | None:
    """Return a column as numbers, None where it holds something else and need not be numbers."""
    numbers = np.empty(len(values))
    for row, text in enumerate(values):
        try:
            numbers[row] = float(text)
        except ValueError:
            numbers[row] = np.nan
        if not np.isfinite(numbers[row]):
            if strict:
                raise DataError(
                    f"{path}, line {lines[row]}: column '{name}' holds {short_repr(text)}, which is not a finite "
                    "number; score the rows again"
                )
            return None
    return numbers
