"""Examples of a task: from the hub, from a folder of the user's, or built in, all read by one path.

`describe_source` says at planning time where the rows come from and their version, without reading them;
`load_examples` reads what it described. `hbench.data.sources` knows where rows are, `hbench.data.formats` how they are
saved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hbench.data.examples import Examples
from hbench.data.hub import resolve_revision
from hbench.data.layout import Columns, Declaration, names_of
from hbench.data.rows import SourceRows
from hbench.data.sources import SplitFiles, find_split, read_hub, read_split
from hbench.data.values import check_encoding, check_names
from hbench.errors import DataError, UsageError
from hbench.files import SHORT, short_repr
from hbench.plugins import Hub, Row, Source, Task
from hbench.plugins.registry import Named, plugin_name, source_digest


class RowRules(Protocol):
    """What a kind of task asks of the rows of its splits; every `hbench.kinds.Kind` answers it."""

    @property
    def class_roles(self) -> tuple[str, ...]:
        """Roles whose column holds classes: integers, or names of the task's labels."""

    def check_rows(self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]) -> Iterable[Any]:
        """Check all rows and return the positions of those with a gold answer. Raises DataError naming a row."""

    def prepare(self, task: Task, row: Row) -> Row:
        """Return a row of the source as it goes into `Task.convert`."""

    def check_file(self, task: Task, file: Path) -> None:
        """Raise DataError for a file of the data's authors that contradicts itself."""


def describe_source(task: Task, data_dir: Path | None, name: str, *, splits: Sequence[str] | None = None) -> Source:
    """Return where the rows of a task come from and which version they are.

    name: the task's name, which is its folder under `data_dir`. splits: those that are used; None for the training
    split and all evaluation splits. An embedded task has {"embedded": sha256 of its rows};
    with a folder the answer is {"files": {file name: sha256}} of the splits in use; otherwise it is
    {"hub": id, "config": name, "revision": commit}, where a revision left open is asked of the hub. Where the task's
    own code reads or converts what is there, the digest of its file is added as "reader".
    Raises DataError when a file is missing, when there is no source at all, or when the hub does not answer.
    """
    used = (task.training(), *task.splits()) if splits is None else splits
    embedded = {split: task.rows(split) for split in used}
    if any(rows is not None for rows in embedded.values()):
        for split, rows in embedded.items():
            _require_rows(name, split, rows)
        return {"embedded": _digest(embedded)}
    if data_dir is not None:
        parts = [part for split in used for part in _files(name, task, split, data_dir)]
        files = {part.name: part.digest() for part in parts}
        return {"files": files, **_reader(task, any(part.original for part in parts))}
    if task.hub is None:
        raise DataError(f"task '{name}' names no data set on the hub; give the folder of its files with --data-dir DIR")
    revision = task.hub.revision or resolve_revision(task.hub.id, "dataset")
    return {"hub": task.hub.id, "config": task.hub.config, "revision": revision, **_reader(task)}


def load_examples(
    task: Named[Task] | Task,
    split: str,
    *,
    source: Source,
    data_dir: Path | None,
    size: int | None,
    seed: int,
    kind: RowRules,
) -> Examples:
    """Read a split, leave out the rows without a gold answer, and draw a sample of the rest.

    source: what `describe_source` returned. kind: what the task's kind asks of rows. size: examples wanted; None, or
    more than there are, for all. The sample is drawn without replacement from `seed` and the split's name; a larger
    one contains the smaller ones.
    Raises DataError, naming file and row, when something is missing, unreadable or not what the task declares.
    """
    name, plugin = (task.name, task.plugin) if isinstance(task, Named) else (plugin_name(type(task)), task)
    if size is not None and size < 1:
        raise UsageError(f"task '{name}': a sample of {size} examples was asked for; use at least 1")
    table = _read(name, plugin, split, source, data_dir, kind)
    declared = {column: table.columns[column] for column in names_of(plugin.columns)}
    if not all(declared.values()):
        raise DataError(f"{table.place}: the split is empty; give it at least one row")

    found = declared

    def place(row: int) -> str:
        return table.row(row) + _identity(plugin, found, row)

    check_encoding(declared, table.row)
    if _converts(plugin):
        declared = _converted(plugin, found, place, kind)
        check_encoding(declared, table.row)
    with_gold = [int(row) for row in kind.check_rows(plugin, declared, place)]
    check_names(plugin, declared, table.row)
    if not with_gold:
        raise DataError(f"{table.place}: no row has a gold label; the task cannot be used with this split")
    rows = _sample(with_gold, size, split, seed)
    ids = _ids(plugin, declared, rows, table)
    kept = {column: [values[row] for row in rows] for column, values in declared.items()}
    planted = table.columns.get(plugin.planted) if plugin.planted is not None else None
    return Examples(
        ids=ids,
        columns=kept,
        digest=_digest({"ids": ids, "columns": kept}),
        planted=None if planted is None else [planted[row] for row in rows],
        cases=_cases(plugin, kept),
        left_out=len(next(iter(declared.values()))) - len(with_gold),
    )


def _converts(task: Task) -> bool:
    return type(task).convert is not Task.convert


def _converted(task: Task, columns: Columns, place: Callable[[int], str], kind: RowRules) -> Columns:
    """Return the columns with every row in the task's own form. Raises DataError naming one that cannot be read."""
    rows = []
    for position, values in enumerate(zip(*columns.values(), strict=True)):
        try:
            rows.append(task.convert(kind.prepare(task, dict(zip(columns, values, strict=True)))))
        except (ValueError, KeyError, TypeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            raise DataError(f"{place(position)}: not in a form that the task reads ({what}); fix the row") from error
    return {column: [row[column] for row in rows] for column in columns}


def _reader(task: Task, original: bool = False) -> Source:
    return {"reader": source_digest(type(task))} if original or _converts(task) else {}


def _read(name: str, task: Task, split: str, source: Source, data_dir: Path | None, kind: RowRules) -> SourceRows:
    if "embedded" in source:
        rows = _require_rows(name, split, task.rows(split))
        return SourceRows(rows, [(f"task '{name}', split '{split}'", len(next(iter(rows.values()))))])
    declaration = Declaration.of(task, kind.class_roles)
    if "hub" in source:
        hub = Hub(source["hub"], source.get("config"), source["revision"])
        return read_hub(hub, split, declaration).renamed(task.columns)
    if data_dir is None:
        raise DataError(f"task '{name}' was planned with data files; give their folder with --data-dir DIR")
    tables = []
    for part in _files(name, task, split, data_dir):
        if part.digest() != source["files"].get(part.name):
            raise DataError(f"{part.place} has changed since the job was planned; plan the suite again")
        tables.append(read_split(part, task, declaration).renamed(task.columns))
        for file in part.files if part.original else ():
            kind.check_file(task, file)
    return SourceRows.joined(tables)


def _files(name: str, task: Task, split: str, data_dir: Path) -> list[SplitFiles]:
    """Return the files of a split, one entry for each of the splits that `+` joins."""
    return [find_split(task, Path(data_dir) / name, part.strip()) for part in split.split("+")]


def _require_rows(name: str, split: str, rows: Columns | None) -> Columns:
    if rows is None:
        raise DataError(f"task '{name}' is built in and has no split '{split}'; use one that it declares")
    return rows


def _identity(task: Task, columns: Columns, row: int) -> str:
    """Return what a row calls itself, for an error message: its id, or the name of its passage."""
    for role in ("id", "passage"):
        column = task.columns.get(role)
        value = None if column is None else columns[column][row]
        if isinstance(value, str | int) and 0 < len(str(value)) <= SHORT and str(value).isprintable():
            return f", {column} {value}"
    return ""


def _ids(task: Task, columns: Columns, rows: list[int], table: SourceRows) -> list[str]:
    name = task.columns.get("id")
    if name is None:
        return [str(row) for row in rows]
    first: dict[str, int] = {}
    for row, value in enumerate(columns[name]):
        other = first.setdefault(str(value), row)
        if other != row:
            raise DataError(
                f"{table.row(row)}: the same {name} {short_repr(str(value))} as in {table.row(other)}; make it unique"
            )
    return [str(columns[name][row]) for row in rows]


def _cases(task: Task, columns: Columns) -> list[int] | None:
    name = task.columns.get("passage")
    if name is None:
        return None
    number: dict[str, int] = {}
    return [number.setdefault(json.dumps(value), len(number)) for value in columns[name]]


def _sample(usable: list[int], size: int | None, split: str, seed: int) -> list[int]:
    """Draw rows by a permutation of seed and split alone, so that a larger sample contains the smaller ones."""
    import numpy as np

    if size is None or size >= len(usable):
        return usable
    name = int.from_bytes(hashlib.sha256(split.encode()).digest()[:8])
    order = np.random.default_rng([seed, name]).permutation(len(usable))
    return [usable[i] for i in sorted(order[:size])]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
