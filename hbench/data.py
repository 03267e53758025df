"""Examples of a task: from the hub, from a folder of the user's, or built in, all read by one path.

`describe_source` says at planning time where the rows come from and their version, without reading them;
`load_examples` reads what it described.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbench import problems
from hbench.errors import DataError, UsageError
from hbench.models import digest_file, resolve_revision
from hbench.plugins import Hub, Task
from hbench.quiet import quiet_loggers
from hbench.registry import Named, plugin_name

if TYPE_CHECKING:
    import datasets

#: How a split may be saved: ending -> reader of `datasets` and its settings, the ones looked for first first.
_FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".jsonl.gz": ("json", {}),
    ".jsonl": ("json", {}),
    # The reader's own choice, the size of the first row group, is refused for a file without rows.
    ".parquet": ("parquet", {"batch_size": 10_000}),
    # Words such as "null" and "NA" are texts, not missing values.
    ".csv": ("csv", {"keep_default_na": False}),
}


@dataclass(frozen=True)
class Examples:
    """Rows of one split that have a gold answer, in the order of their source."""

    #: Stable and distinct: the task's id column, or the number of the row in its source split, from 0.
    ids: list[str]
    #: The columns the task declares, by the name its source gives them.
    columns: dict[str, list[Any]]
    #: sha256 of ids and columns.
    digest: str
    #: What each example was planted as, for an embedded task that says so.
    planted: list[str] | None = None

    @property
    def size(self) -> int:
        """Number of examples."""
        return len(self.ids)


def describe_source(task: Task, data_dir: Path | None, name: str) -> dict[str, Any]:
    """Return where the rows of a task come from and which version they are.

    name: the task's name, which is its folder under `data_dir`. An embedded task has {"embedded": sha256 of its rows};
    with a folder the answer is {"files": {file name: sha256}} of the splits in use; otherwise it is
    {"hub": id, "config": name, "revision": commit}, where a revision left open is asked of the hub.
    Raises DataError when a file is missing, when there is no source at all, or when the hub does not answer.
    """
    used = (task.train_split, *task.splits())
    embedded = {split: task.rows(split) for split in used}
    if any(rows is not None for rows in embedded.values()):
        for split, rows in embedded.items():
            _require_rows(name, split, rows)
        return {"embedded": _digest(embedded)}
    if data_dir is not None:
        files = [_split_file(Path(data_dir) / name, split) for split in used]
        return {"files": {file.name: digest_file(file) for file in files}}
    if task.hub is None:
        raise DataError(f"task '{name}' names no data set on the hub; give the folder of its files with --data-dir DIR")
    revision = task.hub.revision or resolve_revision(task.hub.id, "dataset")
    return {"hub": task.hub.id, "config": task.hub.config, "revision": revision}


def load_examples(
    task: Named[Task] | Task,
    split: str,
    *,
    source: dict[str, Any],
    data_dir: Path | None,
    size: int | None,
    seed: int,
) -> Examples:
    """Read a split, leave out the rows without a gold answer, and draw a sample of the rest.

    source: what `describe_source` returned. size: examples wanted; None, or more than there are, for all. The sample
    is drawn without replacement from `seed` and the split's name; a larger one contains the smaller ones.
    Raises DataError, naming file and row, when something is missing, unreadable or not what the task declares.
    """
    name, plugin = (task.name, task.plugin) if isinstance(task, Named) else (plugin_name(type(task)), task)
    if size is not None and size < 1:
        raise UsageError(f"task '{name}': a sample of {size} examples was asked for; use at least 1")
    columns, place = _read(name, plugin, split, source, data_dir)
    declared = {column: columns[column] for column in _declared(plugin)}
    if not all(declared.values()):
        raise DataError(f"{place}: the split is empty; give it at least one row")
    usable = problems.find(plugin.kind).usable(plugin, declared, lambda row: f"{place}, row {row + 1} (the first is 1)")
    if not len(usable):
        raise DataError(f"{place}: no row has a gold label; the task cannot be used with this split")
    rows = _sample([int(row) for row in usable], size, split, seed)
    ids = _ids(plugin, declared, rows, place)
    kept = {column: [values[row] for row in rows] for column, values in declared.items()}
    planted = columns.get(plugin.planted) if plugin.planted is not None else None
    return Examples(
        ids=ids,
        columns=kept,
        digest=_digest({"ids": ids, "columns": kept}),
        planted=None if planted is None else [planted[row] for row in rows],
    )


def _read(
    name: str, task: Task, split: str, source: dict[str, Any], data_dir: Path | None
) -> tuple[dict[str, list[Any]], str]:
    """Return the columns of a split, and words for the place they come from."""
    if "embedded" in source:
        rows = _require_rows(name, split, task.rows(split))
        return rows, f"task '{name}', split '{split}'"
    if "hub" in source:
        hub = Hub(source["hub"], source.get("config"), source["revision"])
        found = _from_hub(hub, split)
        place = f"{hub.id} at {str(hub.revision)[:8]}, split '{split}'"
        return _columns(found, _declared(task), place), place
    if data_dir is None:
        raise DataError(f"task '{name}' was planned with data files; give their folder with --data-dir DIR")
    file = _split_file(Path(data_dir) / name, split)
    if digest_file(file) != source["files"].get(file.name):
        raise DataError(f"{file} has changed since the job was planned; plan the suite again")
    return _from_file(file, _declared(task)), str(file)


def _declared(task: Task) -> list[str]:
    """Return the names of the columns that the task reads."""
    names: list[str] = []
    for value in task.columns.values():
        names += [value] if isinstance(value, str) else list(value)
    return names


def _require_rows(name: str, split: str, rows: dict[str, list[Any]] | None) -> dict[str, list[Any]]:
    if rows is None:
        raise DataError(f"task '{name}' is built in and has no split '{split}'; use one that it declares")
    return rows


def _split_file(folder: Path, split: str) -> Path:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; --data-dir needs one folder per task, named like the task")
    found = [folder / f"{split}{ending}" for ending in _FORMATS if (folder / f"{split}{ending}").is_file()]
    if not found:
        there = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise DataError(
            f"{folder}: no file for the split '{split}'; expected {split} with one of the endings "
            f"{', '.join(_FORMATS)}; there is: {there}"
        )
    if len(found) > 1:
        raise DataError(f"{folder}: both {found[0].name} and {found[1].name} hold the split '{split}'; keep one")
    return found[0]


def _from_file(file: Path, names: list[str]) -> dict[str, list[Any]]:
    import datasets

    reader, settings = next(form for ending, form in _FORMATS.items() if file.name.endswith(ending))
    # `datasets` converts files into a cache of its own, which has no use for files that are at hand.
    with _quiet(), tempfile.TemporaryDirectory(prefix="hbench-data-") as cache:
        try:
            found = datasets.load_dataset(
                reader, data_files=str(file), split="train", cache_dir=cache, keep_in_memory=True, **settings
            )
        except (datasets.exceptions.DatasetsError, OSError, EOFError, ValueError, StopIteration) as error:
            reason = _reason(error)
            # what `datasets` says of a file without rows differs from format to format
            if isinstance(error, StopIteration) or "corresponds to no data" in reason:
                raise DataError(f"{file}: the split is empty; give it at least one row") from error
            raise DataError(f"{file}: cannot be read ({reason}); mend the file") from error
        return _columns(found, names, str(file))


def _from_hub(hub: Hub, split: str) -> datasets.Dataset:
    import datasets
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

    place = f"data set '{hub.id}' at revision {str(hub.revision)[:8]}"
    way = "or use local files with --data-dir DIR"
    with _quiet():
        try:
            return datasets.load_dataset(hub.id, hub.config, revision=hub.revision, split=split)
        except (HfHubHTTPError, httpx.HTTPError, OSError) as error:
            check = "check the network, and that the revision exists"
            raise DataError(f"{place}: the hub did not give it ({_reason(error)}); {check}, {way}") from error
        except (datasets.exceptions.DatasetsError, ValueError) as error:
            check = "check config and split"
            raise DataError(f"{place}: cannot be read ({_reason(error)}); {check}, {way}") from error


def _columns(found: datasets.Dataset, names: list[str], place: str) -> dict[str, list[Any]]:
    missing = [name for name in names if name not in found.column_names]
    if missing:
        there = ", ".join(found.column_names) or "none"
        raise DataError(f"{place}: column '{missing[0]}' is missing; the columns are: {there}")
    # Classes stay integers: a hub's ClassLabel is stored as one.
    columns: dict[str, list[Any]] = found.select_columns(names).with_format(None).to_dict()
    return columns


def _ids(task: Task, columns: dict[str, list[Any]], rows: list[int], place: str) -> list[str]:
    name = task.columns.get("id")
    if name is None:
        return [str(row) for row in rows]
    first: dict[str, int] = {}
    for row, value in enumerate(columns[name]):
        other = first.setdefault(str(value), row)
        if other != row:
            raise DataError(f"{place}: rows {other + 1} and {row + 1} have the same {name} '{value}'; make it unique")
    return [str(columns[name][row]) for row in rows]


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


def _reason(error: BaseException) -> str:
    """Return the first line of the innermost error: `datasets` wraps what went wrong in a general remark."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the bars and notices of `datasets` and of the hub's client off the terminal: errors are told by hbench."""
    import datasets

    bars = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        with quiet_loggers("datasets", "huggingface_hub"):
            yield
    finally:
        if bars:
            datasets.enable_progress_bars()
