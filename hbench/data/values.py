"""Checks of values that hold for every kind and every source: what can be written down, and what names a row."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hbench.data.layout import Columns
from hbench.errors import DataError
from hbench.files import lone_surrogate, short_repr
from hbench.plugins import Task


def check_encoding(columns: Columns, place: Callable[[int], str]) -> None:
    """Raise DataError naming the first row of a column with half of a surrogate pair, which no file can hold."""
    for name, values in columns.items():
        if lone_surrogate(map(_text, values)):
            row = next(row for row, value in enumerate(values) if lone_surrogate([_text(value)]))
            raise DataError(
                f"{place(row)}: column '{name}' holds half of a surrogate pair, {short_repr(values[row])}; fix the text"
            )


def check_names(task: Task, columns: Columns, place: Callable[[int], str]) -> None:
    """Raise DataError naming the first row without an id, or without a passage, where the task declares them.

    An id is a string or an integer; a passage is that, or a list of strings. Neither is blank. What is nothing in the
    source would otherwise be one name that many rows share.
    """
    for role in ("id", "passage"):
        name = task.columns.get(role)
        if name is None:
            continue
        for row, value in enumerate(columns[name]):
            if isinstance(value, str):
                fault = "is blank" if not value.strip() else "holds a NUL character" if "\0" in value else ""
            elif type(value) is int or (role == "passage" and _is_texts(value)):
                continue
            else:
                fault = f"holds {short_repr(value)}, which is neither a string nor an integer"
            if fault:
                raise DataError(f"{place(row)}: column '{name}' {fault}; give the row its {role}")


def _text(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else ""
        if value is None or type(value) is int
        else json.dumps(value, ensure_ascii=False, default=repr)
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)
