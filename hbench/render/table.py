"""Tables: a column is declared once, and every format shows what it says of itself.

A cell holds its value, at full precision, apart from its display: files of data take the one, pages the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Record = TypeVar("Record")
#: What a cell holds: None where nothing is known; pairs are names with their numbers or texts.
Value = None | bool | int | float | str | tuple[tuple[str | int, float | str], ...]

#: What an empty cell shows.
NOTHING = "–"


@dataclass(frozen=True)
class View(Generic[Record]):
    """How a column is shown to readers: its heading, and the text of its cell, whose lines are kept."""

    heading: str
    show: Callable[[Record], str]
    #: Words are set to the left, numbers to the right.
    words: bool = False
    #: Left out of a table in which all of its cells are empty.
    optional: bool = False
    #: On pages: the title of the table, folded away under the main one, in which it is; empty for the main one.
    fold: str = ""


@dataclass(frozen=True)
class Column(Generic[Record]):
    """One column: what it is called, what it holds, and where it is shown."""

    #: Its name in files of data: CSV, JSON and the data frame.
    key: str
    value: Callable[[Record], Value]
    #: Of the value; empty for names, words and counts.
    unit: str = ""
    #: Decimals of the value in CSV.
    places: int = 10
    #: Whether it is one of the columns that tell rows apart.
    identifies: bool = False
    #: Whether files of data have it; a column that only repeats others for readers is left out there.
    data: bool = True
    #: On pages, and in a terminal, which has room for less; None where it is not shown.
    page: View[Record] | None = None
    terminal: View[Record] | None = None
    #: What one of its numbers means, in a sentence, for readers who ask.
    about: str = ""
    #: A word for how a cell is to be coloured where that is possible, such as its verdict.
    tone: Callable[[Record], str] | None = None
    #: Key and value of the identifying column that this one is about, where it is about one: `("task", "sst2")`.
    only: tuple[str, str] | None = None


@dataclass(frozen=True)
class Cell:
    """One entry of a table: the value, what a page and a terminal show, and a word for its colour."""

    value: Value
    page: str
    terminal: str
    tone: str = ""


@dataclass(frozen=True)
class Heading:
    """The words above the cells of a column; a heading that is None is not shown there."""

    key: str
    unit: str
    places: int
    identifies: bool
    data: bool
    page: str | None
    terminal: str | None
    #: Whether a page, and a terminal, set its cells to the left.
    page_words: bool
    words: bool
    fold: str = ""
    about: str = ""
    only: tuple[str, str] | None = None


@dataclass(frozen=True)
class Part:
    """The columns of a table that a page shows together, by their positions; without a title the main ones."""

    title: str
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """Headings, and rows with one cell for each of them."""

    headings: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @classmethod
    def of(
        cls, columns: Iterable[Column[Record]], records: Iterable[Record], names: Mapping[str, str] | None = None
    ) -> Table:
        """Return the table of some records; `names`: headings by key that depend on what the table shows."""
        columns, records = tuple(columns), tuple(records)
        names = names or {}
        body = [tuple(_cell(column, record) for column in columns) for record in records]
        headings = []
        for position, column in enumerate(columns):
            cells = [row[position] for row in body]
            page = _heading(column.page, [cell.page for cell in cells], names.get(column.key))
            terminal = _heading(column.terminal, [cell.terminal for cell in cells], names.get(column.key))
            headings.append(
                Heading(
                    column.key,
                    column.unit,
                    column.places,
                    column.identifies,
                    column.data,
                    page,
                    terminal,
                    page_words=column.page is not None and column.page.words,
                    words=column.terminal is not None and column.terminal.words,
                    fold="" if column.page is None else column.page.fold,
                    about=column.about,
                    only=column.only,
                )
            )
        return cls(tuple(headings), tuple(body))

    def parts(self) -> tuple[Part, ...]:
        """Return what a page shows: the main columns, then those of each fold behind those that tell rows apart.

        Folds are in the order of their last columns.
        """
        shown = [i for i, heading in enumerate(self.headings) if heading.page is not None]
        names = [i for i in shown if self.headings[i].identifies and not self.headings[i].fold]
        folds: dict[str, list[int]] = {}
        for i in shown:
            folds.setdefault(self.headings[i].fold, []).append(i)
        main = Part("", tuple(folds.pop("", [])))
        in_order = sorted(folds.items(), key=lambda fold: fold[1][-1])
        return (main, *(Part(title, (*names, *own)) for title, own in in_order))

    def on_page(self, part: Part | None = None) -> list[list[str]]:
        """Return the texts of a part of the page, the main one unless given: headings, then a list for every row."""
        shown = (self.parts()[0] if part is None else part).positions
        head = [self.headings[i].page or "" for i in shown]
        return [head, *([row[i].page for i in shown] for row in self.rows)]

    def in_terminal(self) -> list[list[str]]:
        """Return the texts of a terminal, as `on_page`; without any heading when it has no room for this table."""
        shown = [i for i, heading in enumerate(self.headings) if heading.terminal is not None]
        head = [self.headings[i].terminal or "" for i in shown]
        return [head, *([row[i].terminal for i in shown] for row in self.rows)]

    def data(self) -> Table:
        """Return the table of the columns that files of data have."""
        shown = [i for i, heading in enumerate(self.headings) if heading.data]
        return self._only(shown)

    def shown(self) -> Table:
        """Return the table of the columns that a page or a terminal shows, and those that tell rows apart."""
        return self._only(
            [i for i, h in enumerate(self.headings) if h.identifies or h.page is not None or h.terminal is not None]
        )

    def records(self) -> list[dict[str, Value]]:
        """Return the values of every row by key."""
        keys = [heading.key for heading in self.headings]
        return [dict(zip(keys, (cell.value for cell in row), strict=True)) for row in self.rows]

    def _only(self, positions: list[int]) -> Table:
        rows = tuple(tuple(row[i] for i in positions) for row in self.rows)
        return Table(tuple(self.headings[i] for i in positions), rows)


def _cell(column: Column[Record], record: Record) -> Cell:
    page, terminal = (view.show(record) if view is not None else "" for view in (column.page, column.terminal))
    return Cell(column.value(record), page, terminal, "" if column.tone is None else column.tone(record))


def _heading(view: View[Record] | None, texts: list[str], name: str | None) -> str | None:
    if view is None or (view.optional and all(text == NOTHING for text in texts)):
        return None
    return view.heading if name is None else name
