"""How a split may be saved: one module for each format, and one line for it here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hbench.data.formats import csv, jsonl, parquet
from hbench.data.layout import Declaration
from hbench.data.rows import SourceRows

#: Reads of a file the columns that a task declares. Raises DataError naming the file, the line or row, and the fix.
Reader = Callable[[Path, Declaration], SourceRows]

#: Ending -> reader, the ones looked for first first.
FORMATS: dict[str, Reader] = {
    ".jsonl.gz": jsonl.read,
    ".jsonl": jsonl.read,
    ".parquet": parquet.read,
    ".csv": csv.read,
}
