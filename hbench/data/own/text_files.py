"""CSV and JSON Lines whose records are kept as they are written: a part of the rows is the same bytes."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbench.data.formats import csv, jsonl
from hbench.data.own.table import Table, check_ending
from hbench.errors import DataError
from hbench.files import JsonObject, write_bytes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class TextFile(Table):
    """Records of a text file, each with the line on which it begins."""

    def __init__(self, file: Path, ending: str, names: Sequence[str], lines: Sequence[int]) -> None:
        """lines: of each record, from 1."""
        self.place, self.names, self.size = str(file), list(names), len(lines)
        self._file, self._ending, self._lines = file, ending, list(lines)

    def row(self, row: int) -> str:
        """Return the file and the line of a row."""
        return f"{self.place}, line {self._lines[row]}"

    def check_out(self, out: Path) -> None:
        """Raise DataError for a name of a file with another ending."""
        check_ending(out, self._ending, self.place)

    def part(self, mask: npt.NDArray[np.bool_]) -> bytes:
        """Return the bytes of the records of a mask, with what is before the first one, such as a header."""
        data = self._file.read_bytes()
        lines = (gzip.decompress(data) if self._file.suffix == ".gz" else data).split(b"\n")
        whole = [line + b"\n" for line in lines[:-1]] + lines[-1:]  # empty where the last line has its end
        starts = [line - 1 for line in self._lines]
        ends = [*starts[1:], len(whole)]
        head = b"".join(whole[: starts[0]])
        kept = (b"".join(whole[a:b]) for a, b, keep in zip(starts, ends, mask.tolist(), strict=True) if keep)
        return head + b"".join(kept)

    def write(self, mask: npt.NDArray[np.bool_], out: Path) -> None:
        """Write the records of a mask as they are."""
        self.check_out(out)
        data = self.part(mask)
        write_bytes(out, gzip.compress(data, mtime=0) if out.name.endswith(".gz") else data)


class CsvFile(TextFile):
    """A table of comma-separated values; every value is a text, as the file holds it."""

    def __init__(self, file: Path) -> None:
        """Read a file. Raises DataError naming the line of a record that cannot be read."""
        records = csv.read_records(file)
        _, header = next(records, (0, []))
        lines: list[int] = []
        self._records: list[list[str]] = []
        for line, fields in records:
            lines.append(line)
            self._records.append(fields)
        if not lines:
            raise DataError(f"{file}: there are no rows; give it at least one below the names of the columns")
        super().__init__(file, ".csv", header, lines)

    def column(self, name: str) -> list[Any]:
        """Return the texts of a column."""
        at = self.names.index(name)
        return [record[at] for record in self._records]


class JsonLinesFile(TextFile):
    """Objects of JSON, one a line; the columns are the keys of the first one."""

    def __init__(self, file: Path) -> None:
        """Read a file. Raises DataError naming a line that is not an object."""
        read = list(jsonl.read_objects(file))
        if not read:
            raise DataError(f"{file}: there are no rows; give it at least one object on a line")
        self._objects: list[JsonObject] = [row for _, row, _ in read]
        self._odd = [odd for _, _, odd in read]
        ending = ".jsonl.gz" if file.suffix == ".gz" else ".jsonl"
        super().__init__(file, ending, list(self._objects[0]), [line for line, _, _ in read])

    def column(self, name: str) -> list[Any]:
        """Return the values of a key. Raises DataError naming a line without it, or with what JSON leaves open."""
        values = []
        for row, (read, odd) in enumerate(zip(self._objects, self._odd, strict=True)):
            if name not in read:
                raise DataError(f"{self.row(row)}: no '{name}', which the lines before have; add it")
            if odd and (fault := jsonl.odd_value({name: read[name]}, read)):
                raise DataError(f"{self.row(row)}: {fault}; fix the line")
            values.append(read[name])
        return values
