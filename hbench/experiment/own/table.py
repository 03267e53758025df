"""The table `[data.NAME]` of a suite file: rows of the user's own as a task of this name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hbench.data.own.read import OwnRows, read_own
from hbench.data.own.source import Origin
from hbench.errors import HbenchError, UsageError
from hbench.files import JsonObject, short_repr, shorten

#: Keys that name no column. Every other one is a role of the kind of task.
_TEXTS = ("kind", "id", "unlabelled", "metric", "split", "config", "revision")


def own_tasks(tables: Any, folder: Path) -> list[str]:
    """Read the rows of every table, and return the names of the tasks that they make.

    folder: that of the suite file, from which paths go on. Raises UsageError naming the table and the key, DataError
    for rows at fault.
    """
    from hbench.kinds import find_kind  # needs numpy, which suites without such a table do without

    if not isinstance(tables, dict):
        raise UsageError(f"data {short_repr(tables)}: use a table for each set of rows, such as [data.mine]")
    names = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(f"data.{shorten(name)} {short_repr(table)}: use a table, such as [data.mine]")
        try:
            names.append(read_own(_rows(name, dict(table), folder), find_kind).task.ref)
        except HbenchError as error:
            raise type(error)(f"data.{shorten(name)}: {error}") from None
    return names


def _rows(name: str, table: JsonObject, folder: Path) -> OwnRows:
    for key in ("train", "eval"):
        if not isinstance(table.get(key), str):
            raise UsageError(f'{key} {short_repr(table.get(key))}: name a file, such as {key} = "{key}.csv"')
    for key, value in table.items():
        names = isinstance(value, list) and value and key not in _TEXTS
        if not isinstance(value, str) and not (names and all(isinstance(one, str) for one in value)):
            what = "a string" if key in _TEXTS else "the name of a column, or a list of names"
            raise UsageError(f"{shorten(key)} {short_repr(value)}: use {what}")
    data, evaluation = (_named(table.pop(key), folder) for key in ("train", "eval"))
    texts = {key: table.pop(key, None) for key in _TEXTS}
    return OwnRows(
        data,
        evaluation,
        kind=texts["kind"] or "classification",
        columns={role: names if isinstance(names, str) else tuple(names) for role, names in table.items()},
        id=texts["id"],
        unlabelled=texts["unlabelled"],
        metric=texts["metric"],
        origin=Origin(texts["split"] or "train", texts["config"], texts["revision"]),
        name=name,
    )


def _named(data: str, folder: Path) -> Any:
    """Return a path as it goes on from a folder; what is not there may be a data set on the hub."""
    path = folder / data
    return path if path.exists() or path.suffix else data
