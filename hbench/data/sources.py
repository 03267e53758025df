"""Where rows come from: tables in the user's folder, files as their authors distribute them, and the hub."""

from __future__ import annotations

import codecs
import hashlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.data.formats import FORMATS
from hbench.data.formats.csv import read_records
from hbench.data.hub import failures
from hbench.data.layout import Columns, Declaration, Holds
from hbench.data.rows import SourceRows
from hbench.errors import DataError
from hbench.files import digest_file, first_line, read_text, root_cause
from hbench.plugins import Hub, Task
from hbench.quiet import quiet_loggers

if TYPE_CHECKING:
    import datasets


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


def find_split(task: Task, folder: Path, split: str) -> SplitFiles:
    """Return the files of a split in a task's folder. Raises DataError when there are none, or two tables."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; --data-dir needs one folder per task, named like the task")
    found = [folder / f"{split}{ending}" for ending in FORMATS if (folder / f"{split}{ending}").is_file()]
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
        f"{', '.join(FORMATS)}; there is: {there}"
    )


def read_split(part: SplitFiles, task: Task, declaration: Declaration) -> SourceRows:
    """Return the rows of one split's files. Raises DataError naming the file that cannot be read."""
    if not part.original:
        file = part.files[0]
        return next(read for ending, read in FORMATS.items() if file.name.endswith(ending))(file, declaration)
    tables = [_from_original(file, task, declaration) for file in part.files]
    return SourceRows(SourceRows.joined(tables).columns, [p for t in tables for p in t.parts], tables[0].layout)


def read_hub(hub: Hub, split: str, declaration: Declaration) -> SourceRows:
    """Return the rows of a split on the hub, whose classes with names are mapped by name onto the task's.

    Raises DataError when the hub does not give it.
    """
    import datasets

    place = f"{hub.id} at {str(hub.revision)[:8]}, split '{split}'"
    found = fetch_split(hub, split)
    layout = declaration.choose(found.column_names, place)
    holds = declaration.holds(layout)
    columns: Columns = found.select_columns(list(holds)).with_format(None).to_dict()
    for name, what in holds.items():
        feature = found.features[name]
        if what is Holds.CLASSES and isinstance(feature, datasets.ClassLabel) and feature.names:
            columns[name] = declaration.by_name(columns[name], feature.names, place, name)
    return SourceRows(columns, [(place, found.num_rows)], layout)


def _from_original(file: Path, task: Task, declaration: Declaration) -> SourceRows:
    if file.suffix == ".csv":
        deque(read_records(file), maxlen=0)  # a stray quote may end in rows that look right
    try:
        with file.open("rb") as stream:
            marked = stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        if marked:
            raise DataError(f"{file}: begins with a byte order mark, which its readers take for text; save it without")
        columns = task.read(file)
    except UnicodeDecodeError as error:
        read_text(file, DataError)  # says where
        raise DataError(f"{file}: cannot be read ({first_line(error)}); fix the file") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({first_line(root_cause(error))}); fix the file") from error
    except RecursionError:
        raise DataError(f"{file}: nested too deeply; fix the file") from None
    except (ValueError, KeyError, TypeError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else first_line(root_cause(error))
        raise DataError(f"{file}: not in the form of the original files ({what}); fix the file") from error
    layout = declaration.choose(list(columns), str(file))
    return SourceRows(columns, [(str(file), len(next(iter(columns.values()))))], layout)


def fetch_split(hub: Hub, split: str) -> datasets.Dataset:
    """Return a split on the hub. Raises DataError when the hub does not give it."""
    import datasets

    place = f"data set '{hub.id}' at revision {str(hub.revision)[:8]}"
    way = "or use local files with --data-dir DIR"
    with _quiet():
        try:
            return datasets.load_dataset(hub.id, hub.config, revision=hub.revision, split=split)
        except failures() as error:
            check = "check the network, and that the revision exists"
            raise DataError(
                f"{place}: could not be fetched from the hub ({first_line(root_cause(error))}); {check}, {way}"
            ) from error
        except (datasets.exceptions.DatasetsError, ValueError) as error:
            check = "check config and split"
            raise DataError(f"{place}: cannot be read ({first_line(root_cause(error))}); {check}, {way}") from error


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
