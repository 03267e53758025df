r"""Tables of comma-separated values in one strict dialect, that of RFC 4180.

Fields are parted by commas and records by `\n` or `\r\n`; the first record names the columns. A field that holds a
comma, a quote or a line end is written in double quotes, and its quotes are doubled. Every record has as many fields as
there are columns. Nothing else is read: a file that can be taken in two ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hbench.data.formats.lines import read_lines
from hbench.data.layout import Columns, Declaration, Holds, Layout
from hbench.data.rows import SourceRows, name_row
from hbench.errors import DataError
from hbench.files import short_repr

Lines = Iterator[tuple[int, str]]

#: Integers written as computers write them, at most as large as other formats hold.
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
#: What a field is put in quotes for; so is a record of one empty field, which would be an empty line.
_SPECIAL = re.compile('[,"\r\n]|^$|^\ufeff')


def read(file: Path, declaration: Declaration) -> SourceRows:
    """Return the columns that a task declares.

    Texts are what the file holds, character by character. Names are too: where all of a column are integers without
    leading zeros they are read as integers, as they are in other formats. Classes are integers where all of a column
    are. Raises DataError naming file, line and fix, and the row too where a class or a name is empty.
    """
    records = read_records(file)
    first, header = next(records, (0, []))
    if not header:
        raise DataError(f"{file}: the split is empty; give it at least one row")
    layout = declaration.choose(header, str(file))
    holds = declaration.holds(layout)
    twice = next((name for name in holds if header.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{file}, line {first}: column '{twice}' is listed twice; rename or remove one of the two")
    places = [(name, header.index(name)) for name in holds]
    required = [(name, header.index(name)) for name, what in holds.items() if what is not Holds.TEXTS]
    columns: Columns = {name: [] for name in holds}
    rows = 0
    for line, fields in records:
        for name, place in required:
            if not fields[place].strip():
                raise DataError(f"{name_row(str(file), rows)}, line {line}: column '{name}' is empty; fill it in")
        for name, place in places:
            columns[name].append(fields[place])
        rows += 1
    for name, what in holds.items():
        if what is Holds.NAMES:
            columns[name] = _integers(columns[name]) or columns[name]
        elif what is Holds.CLASSES:
            columns[name] = _classes(columns, name, layout, str(file))
    return SourceRows(columns, [(str(file), rows)], layout)


def read_records(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record begins, from 1, and its fields; empty lines are left out.

    Raises DataError naming the line of a stray quote, of a carriage return that ends no line, and of a record that has
    more or fewer fields than the first.
    """
    width = 0
    lines = read_lines(file)
    for number, line in lines:
        if '"' in line:
            fields = list(_quoted(file, number, line, lines))
        else:  # by far the most lines
            text = _cut(line)
            if "\r" in text:
                raise _carriage_return(file, number)
            if not text:
                continue
            fields = text.split(",")
        width = width or len(fields)
        if len(fields) != width:
            raise DataError(
                f"{file}, line {number}: {len(fields)} fields instead of {width}; put a field that holds a comma in "
                "double quotes"
            )
        yield number, fields


def write_record(fields: Iterable[str]) -> str:
    """Return a record with its line end, as `read_records` reads it back."""
    return ",".join(_written(field) for field in fields) + "\n"


def _written(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if _SPECIAL.search(field) else field


def _quoted(file: Path, number: int, line: str, lines: Lines) -> Iterator[str]:
    """Yield the fields of a record that begins with a line, and goes on in the next ones where a quote is open."""
    at = 0
    while True:
        if line.startswith('"', at):
            opened = number
            field, number, line, at = _closed(file, number, line, at + 1, lines)
            rest = _cut(line[at:])
            if rest and not rest.startswith(","):
                begins = "" if opened == number else f", which a quote on line {opened} opens"
                raise DataError(
                    f"{file}, line {number}: {short_repr(rest)} follows the closing quote of a field{begins}; "
                    "double the quotes inside a field"
                )
        else:
            field, comma, _ = _cut(line[at:]).partition(",")
            rest = comma
            at += len(field)
            if '"' in field:
                raise DataError(
                    f"{file}, line {number}: a stray quote inside the field {short_repr(field)}; put the whole field "
                    "in quotes and double those inside it"
                )
            if "\r" in field:
                raise _carriage_return(file, number)
        yield field
        if not rest:
            return
        at += 1


def _closed(file: Path, number: int, line: str, at: int, lines: Lines) -> tuple[str, int, str, int]:
    """Return a field from behind its opening quote to its closing one, and the line and the character behind that."""
    opened, parts = number, []
    while True:
        end = line.find('"', at)
        if end < 0:
            parts.append(line[at:])
            number, line = next(lines, (number, ""))
            at = 0
            if not line:
                raise DataError(
                    f"{file}, line {opened}: the quote that opens a field here is never closed; close it, or double it "
                    "and put the whole field in quotes"
                )
            continue
        parts.append(line[at:end])
        if not line.startswith('"', end + 1):
            return "".join(parts), number, line, end + 1
        parts.append('"')
        at = end + 2


def _cut(line: str) -> str:
    """Return a line without its end."""
    return line.removesuffix("\n").removesuffix("\r")


def _carriage_return(file: Path, line: int) -> DataError:
    return DataError(
        f"{file}, line {line}: a carriage return that ends no line; save the file with line ends of Unix or Windows, "
        "or put the field in quotes"
    )


def _integers(fields: Sequence[str]) -> list[int] | None:
    """Return integers where all fields are written as such."""
    return [int(field) for field in fields] if all(map(_INTEGER.fullmatch, fields)) else None


def _classes(columns: Columns, name: str, layout: Layout, file: str) -> list[Any]:
    """Return integers where all classes are, else the fields as they are.

    Refused are classes that are, in every row, the position of one option and the text of another: a table has no
    types to tell the two by.
    """
    numbers = _integers([field.strip() for field in columns[name]])
    options = layout.get("options")
    if not numbers or options is None or isinstance(options, str):
        return columns[name] if numbers is None else numbers
    rows = list(zip(*(columns[option] for option in options), strict=True))
    if all(str(number) in texts for number, texts in zip(numbers, rows, strict=True)):
        for row, (number, texts) in enumerate(zip(numbers, rows, strict=True)):
            if texts.index(str(number)) != number:
                raise DataError(
                    f"{name_row(file, row)}: column '{name}' holds {number}, which may be the position of one option "
                    f"or the text of '{options[texts.index(str(number))]}'; write the letter of the right option"
                )
    return numbers
