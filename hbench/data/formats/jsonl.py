"""JSON Lines: an object on each line, plain or compressed by gzip."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hbench.data.formats.lines import read_lines
from hbench.data.layout import Columns, Declaration, Layout
from hbench.data.rows import SourceRows
from hbench.errors import DataError
from hbench.files import JsonObject, short_repr, shorten

#: Digits of an integer; Python converts no longer ones.
_LONGEST = 4300


class _Repeated(JsonObject):
    """An object in which `keys_twice` are given more than once."""

    keys_twice: frozenset[str]


class _NoNumber(str):
    """What JSON does not know as a number: NaN, an infinity, or an integer of thousands of digits."""


def read(file: Path, declaration: Declaration) -> SourceRows:
    """Return the columns that a task declares, with the types that values have in JSON; no other key is looked at.

    Lines of white space are left out. The keys of the first object decide which layout the file follows. Raises
    DataError naming file, line and fix for a line that is not an object or lacks a column, and for a column that is
    read and is given twice or holds a number that JSON does not have, such as NaN.
    """
    layout: Layout = {}
    columns: Columns = {}
    rows = 0
    for line, row, odd in read_objects(file):
        if not columns:
            layout = declaration.choose(list(row), str(file))
            columns = {name: [] for name in declaration.holds(layout)}
        for name, values in columns.items():
            if name not in row:
                raise DataError(f"{file}, line {line}: no '{name}', which the lines before have; add it")
            values.append(row[name])
        if odd:
            fault = odd_value({name: row[name] for name in columns}, row)
            if fault:
                raise DataError(f"{file}, line {line}: {fault}; fix the line")
        rows += 1
    if not columns:
        raise DataError(f"{file}: the split is empty; give it at least one row")
    return SourceRows(columns, [(str(file), rows)], layout)


def read_objects(file: Path) -> Iterator[tuple[int, JsonObject, bool]]:
    """Yield the line of each object, the object, and whether it repeats a key or holds a number unknown to JSON.

    Raises DataError naming file and line of what is not an object.
    """
    odd = False

    def unique(pairs: list[tuple[str, Any]]) -> JsonObject:
        nonlocal odd
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        odd = True
        repeated = _Repeated(made)
        repeated.keys_twice = frozenset(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        return repeated

    def no_number(text: str) -> _NoNumber:
        nonlocal odd
        odd = True
        return _NoNumber(text)

    def integer(text: str) -> int | _NoNumber:
        return int(text) if len(text) <= _LONGEST else no_number(text)

    decoder = json.JSONDecoder(object_pairs_hook=unique, parse_constant=no_number, parse_int=integer)
    for number, line in read_lines(file):
        text = line.strip(" \t\r\n")
        if not text:
            continue
        odd = False
        try:
            row, end = decoder.raw_decode(text)
        except json.JSONDecodeError as error:
            raise DataError(
                f"{file}, line {number}: not JSON ({error.msg} at character {error.colno}); write one object on each "
                "line"
            ) from None
        except RecursionError:
            raise DataError(f"{file}, line {number}: nested too deeply; write one flat object on each line") from None
        if end < len(text):
            raise DataError(
                f"{file}, line {number}: {short_repr(text[end:])} follows a JSON value; write one object on each line"
            )
        if not isinstance(row, dict):
            raise DataError(f"{file}, line {number}: {short_repr(row)} is not an object; write one object on each line")
        yield number, row, odd


def odd_value(read: JsonObject, row: JsonObject) -> str:
    """Return what JSON leaves open in the columns that are read; nothing when it is elsewhere in the row."""
    for name, value in read.items():
        if isinstance(row, _Repeated) and name in row.keys_twice:
            return f"'{name}' is given twice"
        level = [value]
        while level:
            inner = level.pop()
            if isinstance(inner, _NoNumber):
                return f"'{name}' holds {shorten(inner)}, which is not a number in JSON"
            if isinstance(inner, _Repeated):
                return f"'{name}' holds an object with the key '{min(inner.keys_twice)}' twice"
            level += inner if isinstance(inner, list) else inner.values() if isinstance(inner, dict) else ()
    return ""
