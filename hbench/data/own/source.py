"""What the user names as data: a file, a folder of `save_to_disk`, a data set on the hub, or an object in Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbench.data.hub import resolve_revision
from hbench.data.own.table import Table
from hbench.data.own.text_files import CsvFile, JsonLinesFile
from hbench.data.own.typed import DataSet, Frame, ParquetFile, Rows
from hbench.data.sources import fetch_split
from hbench.errors import DataError, UsageError
from hbench.files import first_line, short_repr, shorten
from hbench.plugins import Hub

#: What can be read of a file, by its ending; the longer endings first.
_FILES: dict[str, Callable[[Path], Table]] = {
    ".jsonl.gz": JsonLinesFile,
    ".jsonl": JsonLinesFile,
    ".parquet": ParquetFile,
    ".csv": CsvFile,
}
_HUB_ID = re.compile(r"[\w.-]+(?:/[\w.-]+)?")
#: Files by which a folder of `save_to_disk` is known: of one split, and of several.
_SAVED = ("dataset_info.json", "dataset_dict.json")


@dataclass(frozen=True)
class Origin:
    """Which part of a data set is meant where its name alone does not say it."""

    #: Split of a data set on the hub, or of a folder that holds several.
    split: str = "train"
    #: Configuration of a data set on the hub.
    config: str | None = None
    #: Its commit; None for the current one.
    revision: str | None = None


#: What is meant where nothing else is said.
WHOLE = Origin()


def open_table(data: Any, origin: Origin = WHOLE, option: str = "data") -> Table:
    """Return the rows that the user names.

    data: a path, the id of a data set on the hub, a `datasets.Dataset`, a pandas data frame, a list of dictionaries.
    option: what gave it, for messages. Raises DataError naming what cannot be read, UsageError for anything else.
    """
    if isinstance(data, str | Path):
        return _named(data, origin, option)
    if isinstance(data, list | tuple):
        return Rows(data, option)
    kind = f"{type(data).__module__}.{type(data).__name__}"
    if kind.startswith("pandas.") and type(data).__name__ == "DataFrame":
        return Frame(data, option)
    if hasattr(data, "features") and hasattr(data, "select"):
        return DataSet(data, option)
    if isinstance(data, dict) or hasattr(data, "column_names"):
        raise UsageError(f"{option}: {kind} holds several splits, or is read as it comes; give one split as a Dataset")
    raise UsageError(
        f"{option}: {short_repr(data)} is not data; give a path, the id of a data set on the hub, a datasets.Dataset, "
        "a pandas.DataFrame or a list of dictionaries"
    )


def stem_of(data: Any) -> str:
    """Return a plain name for data: that of the file or data set without its ending, `own` where there is none."""
    if not isinstance(data, str | Path):
        return "own"
    name = Path(data).name
    ending = next((ending for ending in _FILES if name.lower().endswith(ending)), "")
    return re.sub(r"[^\w.+-]+", "-", name[: len(name) - len(ending)]).strip("-.+") or "own"


def _named(data: str | Path, origin: Origin, option: str) -> Table:
    path = Path(data)
    if path.is_dir():
        return _folder(path, origin, option)
    for ending, read in _FILES.items():
        if path.name.lower().endswith(ending):
            if not path.is_file():
                raise DataError(f"{option} {shorten(str(data), 200)}: no such file; check the path")
            return read(path)
    if path.is_file():
        raise DataError(f"{option} {path}: unknown ending; save it as one of {', '.join(_FILES)}")
    if isinstance(data, str) and _HUB_ID.fullmatch(data) and ("/" in data or not path.suffix):
        try:
            revision = origin.revision or resolve_revision(data, "dataset")
        except DataError as error:
            raise DataError(f"{option} {data}: no such file or folder, and as a data set of the hub: {error}") from None
        found = fetch_split(Hub(data, origin.config, revision), origin.split)
        return DataSet(found, f"{data} at {revision[:8]}, split '{origin.split}'")
    raise DataError(f"{option} {shorten(str(data), 200)}: no such file or folder, and no id of the hub; check the path")


def _folder(path: Path, origin: Origin, option: str) -> Table:
    if not any((path / name).is_file() for name in _SAVED):
        raise DataError(
            f"{option} {path}: a folder, but not one of `datasets.save_to_disk`; name the file with the rows"
        )
    import datasets

    try:
        found = datasets.load_from_disk(str(path))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{option} {path}: cannot be read ({first_line(error)}); save it again") from error
    if not isinstance(found, datasets.DatasetDict):
        return DataSet(found, str(path))
    if origin.split not in found:
        raise DataError(f"{option} {path}: no split '{origin.split}'; name one of {', '.join(found)} with --split")
    return DataSet(found[origin.split], f"{path}, split '{origin.split}'")
