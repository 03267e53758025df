"""Where rows come from: tables in the user's folder, files as their authors distribute them, and the hub."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbench.data.hub import failures
from hbench.errors import DataError
from hbench.files import digest_file, first_line, root_cause
from hbench.plugins import Hub, Task
from hbench.quiet import quiet_loggers

if TYPE_CHECKING:
    import datasets

Columns = dict[str, list[Any]]
#: Role -> column, or several columns: what a task declares, or the source's own names for it.
Layout = Mapping[str, Any]
#: From the names of the columns there are to the layout they follow.
ChooseLayout = Callable[[list[str]], Layout]

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
class SourceRows:
    """The rows of a split, in columns."""

    columns: Columns
    #: In order: a place the rows come from, and how many of them do.
    parts: list[tuple[str, int]]
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
        """Return words for the place of one row, given by its position from 0."""
        for place, rows in self.parts:
            if row < rows:
                return f"{place}, row {row + 1} (the first is 1)"
            row -= rows
        raise IndexError(row)

    def renamed(self, columns: Layout) -> SourceRows:
        """Return the table under a task's own names; several columns of one role become lists in one column."""
        if self.layout is None or self.layout == columns:
            return self
        renamed: Columns = {}
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


@dataclass(frozen=True)
class SplitFiles:
    """The files of one split: a single table, or files in the form of the data's authors."""

    split: str
    files: tuple[Path, ...]
    original: bool = False

    @property
    def name(self) -> str:
        """What the source of a job calls them: the file's name, or the split's where there are several."""
        return self.files[0].name if len(self.files) == 1 else f"{self.split}: {len(self.files)} files"

    @property
    def place(self) -> str:
        """Words for where they are."""
        first = str(self.files[0])
        return first if len(self.files) == 1 else f"{first} and {len(self.files) - 1} more"

    def digest(self) -> str:
        """Return the sha256 of the one file, or of the digests of all of them under their names."""
        if len(self.files) == 1:
            return digest_file(self.files[0])
        lines = "".join(f"{digest_file(file)}  {file.name}\n" for file in self.files)
        return hashlib.sha256(lines.encode()).hexdigest()


def names_of(layout: Layout) -> list[str]:
    """Return the columns of a layout, each once."""
    names: list[str] = []
    for value in layout.values():
        names += [value] if isinstance(value, str) else list(value)
    return list(dict.fromkeys(names))


def find_split(task: Task, folder: Path, split: str) -> SplitFiles:
    """Return the files of a split in a task's folder. Raises DataError when there are none, or two tables."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; --data-dir needs one folder per task, named like the task")
    found = [folder / f"{split}{ending}" for ending in _FORMATS if (folder / f"{split}{ending}").is_file()]
    if len(found) > 1:
        raise DataError(f"{folder}: both {found[0].name} and {found[1].name} hold the split '{split}'; keep one")
    if found:
        return SplitFiles(split, (found[0],))
    originals = task.originals(folder, split)
    if originals:
        return SplitFiles(split, tuple(sorted(originals)), original=True)
    there = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
    raise DataError(
        f"{folder}: no file for the split '{split}'; expected {split} with one of the endings "
        f"{', '.join(_FORMATS)}; there is: {there}"
    )


def read_split(part: SplitFiles, task: Task, choose: ChooseLayout) -> SourceRows:
    """Return the rows of one split's files. Raises DataError naming the file that cannot be read."""
    if not part.original:
        return _from_file(part.files[0], choose)
    tables = [_from_original(file, task, choose) for file in part.files]
    return SourceRows(SourceRows.joined(tables).columns, [p for t in tables for p in t.parts], tables[0].layout)


def read_hub(hub: Hub, split: str, choose: ChooseLayout) -> SourceRows:
    """Return the rows of a split on the hub. Raises DataError when the hub does not give it."""
    place = f"{hub.id} at {str(hub.revision)[:8]}, split '{split}'"
    return _table(_from_hub(hub, split), choose, place)


def _from_file(file: Path, choose: ChooseLayout) -> SourceRows:
    import datasets

    reader, settings = next(form for ending, form in _FORMATS.items() if file.name.endswith(ending))
    # `datasets` converts files into a cache of its own, which has no use for files that are at hand.
    with _quiet(), tempfile.TemporaryDirectory(prefix="hbench-data-") as cache:
        try:
            found = datasets.load_dataset(
                reader, data_files=str(file), split="train", cache_dir=cache, keep_in_memory=True, **settings
            )
        except (datasets.exceptions.DatasetsError, OSError, EOFError, ValueError, StopIteration) as error:
            reason = first_line(root_cause(error))
            # what `datasets` says of a file without rows differs from format to format
            if isinstance(error, StopIteration) or "corresponds to no data" in reason:
                raise DataError(f"{file}: the split is empty; give it at least one row") from error
            raise DataError(f"{file}: cannot be read ({reason}); fix the file") from error
        return _table(found, choose, str(file))


def _from_original(file: Path, task: Task, choose: ChooseLayout) -> SourceRows:
    try:
        columns = task.read(file)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({first_line(root_cause(error))}); fix the file") from error
    except (ValueError, KeyError, TypeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else first_line(root_cause(error))
        raise DataError(f"{file}: not in the form of the original files ({what}); fix the file") from error
    layout = choose(list(columns))
    return SourceRows(columns, [(str(file), len(next(iter(columns.values()))))], layout)


def _from_hub(hub: Hub, split: str) -> datasets.Dataset:
    import datasets

    place = f"data set '{hub.id}' at revision {str(hub.revision)[:8]}"
    way = "or use local files with --data-dir DIR"
    with _quiet():
        try:
            return datasets.load_dataset(hub.id, hub.config, revision=hub.revision, split=split)
        except failures() as error:
            check = "check the network, and that the revision exists"
            raise DataError(
                f"{place}: the hub did not give it ({first_line(root_cause(error))}); {check}, {way}"
            ) from error
        except (datasets.exceptions.DatasetsError, ValueError) as error:
            check = "check config and split"
            raise DataError(f"{place}: cannot be read ({first_line(root_cause(error))}); {check}, {way}") from error


def _table(found: datasets.Dataset, choose: ChooseLayout, place: str) -> SourceRows:
    layout = choose(found.column_names)
    names = names_of(layout)
    missing = [name for name in names if name not in found.column_names]
    if missing:
        there = ", ".join(found.column_names) or "none"
        raise DataError(f"{place}: column '{missing[0]}' is missing; the columns are: {there}")
    # Classes stay integers: a hub's ClassLabel is stored as one.
    columns: Columns = found.select_columns(names).with_format(None).to_dict()
    return SourceRows(columns, [(place, found.num_rows)], layout)


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
