"""The settings in which the authors of a method measured it: model, rows and recipe, task by task.

Those of a scorer are a file beside its module, `h_score.settings.toml` beside `h_score.py`, like its claims: a board
shows them beside its own setting, so that a reader sees in which regime a claim was made.
"""

from __future__ import annotations

import inspect
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

from hbench.errors import UsageError, suggest
from hbench.files import JsonObject, read_text, short_repr
from hbench.plugins.claims import Read


@dataclass(frozen=True)
class Setting:
    """One published setting."""

    #: Paper, such as `Tayaranian et al. 2024`, and how it is known.
    source: str
    read: Read
    #: Name of the task, without options, and of the model as the paper calls it.
    task: str
    model: str
    #: Training rows, and the share of them that is kept; None where that is not one number.
    rows: int
    kept: float | None
    epochs: int
    batch_size: int
    learning_rate: float

    def __post_init__(self) -> None:
        for name in ("source", "task", "model"):
            if not getattr(self, name).strip():
                raise UsageError(f"a setting has no {name}; write it")
        if self.read not in get_args(Read):
            raise UsageError(f"setting: read = {short_repr(self.read)}{suggest(self.read, get_args(Read))}")
        for name in ("rows", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"setting: {name} = {getattr(self, name)}; use at least 1")
        if not 0 < self.learning_rate < 1 or (self.kept is not None and not 0 < self.kept <= 1):
            raise UsageError(
                f"setting: learning_rate = {self.learning_rate}, kept = {self.kept}; use a rate and a share above 0"
            )

    @property
    def full_steps(self) -> int:
        """Return the optimiser steps on all rows."""
        return self.epochs * -(-self.rows // self.batch_size)

    @property
    def steps(self) -> int | None:
        """Return the optimiser steps on the rows that are kept, None where their share is not known."""
        if self.kept is None:
            return None
        return self.epochs * -(-round(self.kept * self.rows) // self.batch_size)

    def as_json(self) -> JsonObject:
        """Return the object that `setting_from` reads."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}


def settings_of(plugin: Any, task: str) -> tuple[Setting, ...]:
    """Return the published settings of a scorer on a task, by name, in the order of their file; none without a file.

    Raises UsageError naming the file and what is wrong in it.
    """
    path = Path(inspect.getfile(type(plugin))).with_suffix(".settings.toml")
    return tuple(found for found in read_settings(path) if found.task == task) if path.is_file() else ()


def read_settings(path: Path) -> tuple[Setting, ...]:
    """Return the settings of a file. Raises UsageError naming the file and what is wrong in it."""
    try:
        table = tomllib.loads(read_text(path, UsageError))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"{path}: malformed TOML: {error}; fix the line") from None
    entries = table.pop("setting", [])
    if table or not isinstance(entries, list):
        raise UsageError(f"{path}: holds {short_repr(next(iter(table), entries))}; use [[setting]] tables only")
    try:
        return tuple(setting_from(entry) for entry in entries)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


#: Of every key: the type of its value.
_TYPES: dict[str, type] = {
    **dict.fromkeys(("source", "read", "task", "model"), str),
    **dict.fromkeys(("rows", "epochs", "batch_size"), int),
    **dict.fromkeys(("kept", "learning_rate"), float),
}


def setting_from(entry: JsonObject) -> Setting:
    """Return the setting that a table of JSON or TOML holds. Raises UsageError for a key or a value that cannot be."""
    for name, value in entry.items():
        if name not in _TYPES:
            raise UsageError(f"setting: unknown key '{name}'{suggest(name, _TYPES)}")
        if type(value) is not _TYPES[name] or (isinstance(value, str) and not value.isprintable()):
            raise UsageError(f"setting: {name} = {short_repr(value)}; use {_TYPES[name].__name__}")
    absent = [name for name in _TYPES if name not in entry and name != "kept"]
    if absent:
        raise UsageError(f"setting: '{absent[0]}' is missing; add it")
    return Setting(**{"kept": None, **entry})
