"""The rows of a split in columns, each row with words for where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hbench.data.layout import Columns, Layout


@dataclass(frozen=True)
class SourceRows:
    """The rows of a split, in columns."""

    columns: Columns
    #: In order: where rows come from, and how many.
    parts: list[tuple[str, int]]
    #: The source's own names of the columns by role; None where they are the task's.
    layout: Layout | None = None

    @classmethod
    def joined(cls, tables: list[SourceRows]) -> SourceRows:
        """Return the rows of several tables with the same columns, one after the other."""
        if len(tables) == 1:
            return tables[0]
        columns = {name: [value for t in tables for value in t.columns[name]] for name in tables[0].columns}
        return cls(columns, [part for t in tables for part in t.parts])

    @property
    def place(self) -> str:
        """Words for where the rows come from."""
        return " and ".join(place for place, _ in self.parts)

    def row(self, row: int) -> str:
        """Return words for where one row is, given by its position from 0."""
        for place, rows in self.parts:
            if row < rows:
                return name_row(place, row)
            row -= rows
        raise IndexError(row)

    def renamed(self, columns: Layout) -> SourceRows:
        """Return the table under a task's own names; several columns of one role become lists in one column."""
        if self.layout is None or self.layout == columns:
            return self
        renamed: dict[str, list[Any]] = {}
        for role, name in columns.items():
            theirs = self.layout.get(role)
            if theirs is None:
                raise TypeError(f"layout {dict(self.layout)} has no column for the role '{role}'")
            if isinstance(name, str) and not isinstance(theirs, str):
                renamed[name] = [list(row) for row in zip(*(self.columns[t] for t in theirs), strict=True)]
                continue
            ours, theirs = ((name,), (theirs,)) if isinstance(name, str) else (name, theirs)
            renamed |= {o: self.columns[t] for o, t in zip(ours, theirs, strict=True)}
        return SourceRows(renamed, self.parts)


def name_row(place: str, row: int) -> str:
    """Return words for a row of a file or a split, given by its position from 0."""
    return f"{place}, row {row + 1} (the first is 1)"
