"""Tables whose columns have types: Parquet, data sets of the library `datasets`, data frames, rows in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbench.data.formats.parquet import class_names, features_of
from hbench.data.own.table import Table, check_ending
from hbench.errors import DataError
from hbench.files import first_line, root_cause, short_repr

if TYPE_CHECKING:
    import datasets
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: Endings of the files in which a data set of the library is written, besides its own folder.
_ENDINGS = (".parquet", ".jsonl", ".csv")


class ParquetFile(Table):
    """A Parquet file; what is written has its columns, types and descriptions."""

    def __init__(self, file: Path) -> None:
        """Read a file. Raises DataError when it cannot be read."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            self._table = parquet.read_table(file)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(f"{file}: cannot be read ({first_line(root_cause(error))}); fix the file") from error
        self.place, self.names, self.size = str(file), self._table.column_names, self._table.num_rows
        self._features = features_of(self._table.schema, file)
        if not self.size:
            raise DataError(f"{file}: there are no rows; give it at least one")

    def column(self, name: str) -> list[Any]:
        """Return the values of a column in Python's types."""
        values: list[Any] = self._table.column(name).to_pylist()
        return values

    def classes(self, name: str) -> list[str]:
        """Return the names that `datasets` gave the classes of a column."""
        return class_names(self._features.get(name))

    def check_out(self, out: Path) -> None:
        """Raise DataError for a name of a file with another ending."""
        check_ending(out, ".parquet", self.place)

    def part(self, mask: npt.NDArray[np.bool_]) -> Any:
        """Return the rows of a mask as a pyarrow.Table."""
        import pyarrow as pa

        return self._table.filter(pa.array(mask))

    def write(self, mask: npt.NDArray[np.bool_], out: Path) -> None:
        """Write the rows of a mask."""
        from pyarrow import parquet

        self.check_out(out)
        parquet.write_table(self.part(mask), out)


class DataSet(Table):
    """A `datasets.Dataset`: a folder of `save_to_disk`, a split on the hub, or an object in Python."""

    def __init__(self, data: datasets.Dataset, place: str) -> None:
        self._data = data.with_format(None)
        self._given = data
        self.place, self.names, self.size = place, list(data.column_names), len(data)
        if not self.size:
            raise DataError(f"{place}: there are no rows; give it at least one")

    def column(self, name: str) -> list[Any]:
        """Return the values of a column in Python's types."""
        return list(self._data[name])

    def classes(self, name: str) -> list[str]:
        """Return the names of a column's classes."""
        import datasets

        feature = self._data.features[name]
        return list(feature.names or []) if isinstance(feature, datasets.ClassLabel) else []

    def check_out(self, out: Path) -> None:
        """Raise DataError for the name of something that is there, or of a file in a form that cannot be written."""
        if out.suffix and out.suffix not in _ENDINGS:
            raise DataError(f"{out}: name a folder, or a file with one of the endings {', '.join(_ENDINGS)}")
        if not out.suffix and out.exists() and not (out / "dataset_info.json").is_file():
            raise DataError(f"{out}: is there already, and is no folder of `save_to_disk`; name another one")

    def part(self, mask: npt.NDArray[np.bool_]) -> Any:
        """Return the rows of a mask as a Dataset."""
        return self._given.select(mask.nonzero()[0])

    def write(self, mask: npt.NDArray[np.bool_], out: Path) -> None:
        """Write the rows of a mask as the name says: a folder of `save_to_disk`, or a file."""
        self.check_out(out)
        kept = self._data.select(mask.nonzero()[0])
        if out.suffix == ".parquet":
            kept.to_parquet(out)
        elif out.suffix == ".jsonl":
            kept.to_json(out, force_ascii=False)
        elif out.suffix == ".csv":
            kept.to_csv(out, index=False)
        else:
            kept.save_to_disk(out)


class Frame(Table):
    """A pandas data frame."""

    def __init__(self, frame: pd.DataFrame, place: str) -> None:
        self._frame = frame
        self.place, self.names, self.size = place, list(map(str, frame.columns)), len(frame)
        if not self.size:
            raise DataError(f"{place}: there are no rows; give it at least one")

    def column(self, name: str) -> list[Any]:
        """Return the values of a column in Python's types, None where one is missing."""
        column = self._frame.iloc[:, self.names.index(name)]
        missing = column.isna().tolist()
        return [None if gone else _plain(value) for value, gone in zip(column.tolist(), missing, strict=True)]

    def part(self, mask: npt.NDArray[np.bool_]) -> Any:
        """Return the rows of a mask as a data frame, with their index."""
        return self._frame.iloc[mask.nonzero()[0]]

    def write(self, mask: npt.NDArray[np.bool_], out: Path) -> None:
        """Refuse: rows in memory are returned, not written."""
        raise DataError(f"{out}: {self.place} is in memory; write what `part` returns")


class Rows(Table):
    """A list of dictionaries with the keys of the first one."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], place: str) -> None:
        """Take the rows. Raises DataError naming one that is not a dictionary."""
        for at, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise DataError(f"{place}, row {at + 1} (the first is 1): {short_repr(row)} is not a dictionary")
        if not rows:
            raise DataError(f"{place}: there are no rows; give it at least one")
        self._rows = rows
        self.place, self.names, self.size = place, list(rows[0]), len(rows)

    def column(self, name: str) -> list[Any]:
        """Return the values of a key. Raises DataError naming a row without it."""
        absent = next((at for at, row in enumerate(self._rows) if name not in row), None)
        if absent is not None:
            raise DataError(f"{self.row(absent)}: no '{name}', which the rows before have; add it")
        return [_plain(row[name]) for row in self._rows]

    def part(self, mask: npt.NDArray[np.bool_]) -> Any:
        """Return the rows of a mask as a list of the same dictionaries."""
        return [self._rows[at] for at in mask.nonzero()[0].tolist()]

    def write(self, mask: npt.NDArray[np.bool_], out: Path) -> None:
        """Refuse: rows in memory are returned, not written."""
        raise DataError(f"{out}: {self.place} is in memory; write what `part` returns")


def _plain(value: Any) -> Any:
    """Return a value of numpy as one of Python."""
    return value.tolist() if hasattr(value, "tolist") else value
