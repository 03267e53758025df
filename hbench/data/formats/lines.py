"""Lines of a text file in UTF-8, plain or compressed by gzip, one at a time."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from hbench.errors import DataError
from hbench.files import decode, first_line


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    r"""Yield the number of each line, from 1, and its text with its line end, which is `\n` whatever the locale.

    A byte order mark is left out. Raises DataError naming the file when it cannot be read, and the line and the byte
    when it is not UTF-8.
    """
    offset = 0
    try:
        # buffered, because a compressed file by itself is slow to give single lines
        with io.BufferedReader(gzip.GzipFile(file) if file.suffix == ".gz" else io.FileIO(file)) as stream:
            for number, line in enumerate(stream, start=1):
                yield number, decode(line, str(file), DataError, line=number, offset=offset)
                offset += len(line)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: cannot be read ({first_line(error)}); fix the file") from error
