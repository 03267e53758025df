"""Scores made elsewhere, in whatever language: a table with an id and a number for each example."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hbench import GivenScorer
from hbench.errors import DataError, suggest
from hbench.files import short_repr


@dataclass(frozen=True)
class File(GivenScorer):
    """Numbers from a table of comma-separated values, matched by the column `id`.

    path: the table; `{seed}` in it stands for the training seed. column: the numbers. order: which end is kept.
    cost: what making them took, in trainings on all examples, as their maker declares it.
    """

    column: str = "score"
    order: Literal["highest", "lowest"] = "highest"

    per_example = True

    @property
    def keep(self) -> str:
        """The end that the option `order` names."""
        return self.order

    def read(self, file: Path) -> Mapping[str, float]:
        """Return the numbers by id. Raises DataError naming the line of an id that is there twice, or of no number."""
        from hbench.data.formats.csv import read_records  # naming a scorer reads no table

        records = read_records(file)
        first, header = next(records, (1, []))
        for name in ("id", self.column):
            if header.count(name) != 1:
                many = "is there twice" if name in header else f"is missing{suggest(name, header)}"
                raise DataError(f"{file}, line {first}: column '{name}' {many}; name each column once")
        at, to = header.index("id"), header.index(self.column)
        lines: dict[str, int] = {}
        numbers: dict[str, float] = {}
        for line, fields in records:
            name = fields[at]
            if lines.setdefault(name, line) != line:
                raise DataError(
                    f"{file}, line {line}: id {short_repr(name)} is in line {lines[name]} too; give it once"
                )
            numbers[name] = _number(fields[to])
            if not math.isfinite(numbers[name]):
                raise DataError(
                    f"{file}, line {line}: column '{self.column}' holds {short_repr(fields[to])}; write a finite number"
                )
        return numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
