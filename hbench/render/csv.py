"""The board's CSV files: one line per record, one column per field of its class, numbers with fixed precision."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from hbench.board.comparisons import Comparison
from hbench.board.row import BoardRow
from hbench.results.fields import ResultError

#: Decimals of a number, but for those whose field says otherwise.
PLACES = 10
#: Largest difference between two numbers that counts as none, absolute below 1 and relative above.
TOLERANCE = 1e-9
#: The class of a file's records: its fields are the columns, its KEY those that tell rows apart.
Record = type[BoardRow] | type[Comparison]


def csv_text(rows: Sequence[BoardRow | Comparison], record: Record) -> str:
    """Return the text of a file of such records."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    places = [(f.name, f.metadata.get("places", PLACES)) for f in fields(record)]
    writer.writerow([name for name, _ in places])
    writer.writerows([_text(getattr(row, name), digits) for name, digits in places] for row in rows)
    return stream.getvalue()


def csv_differences(committed: str, rebuilt: str, file: str, record: Record) -> list[str]:
    """Return one line per difference between two such texts, naming row and column; numbers within `TOLERANCE` agree.

    Raises ResultError when the committed text does not have the columns of this hbench.
    """
    ours, theirs = _read(rebuilt, file, record), _read(committed, file, record)
    found = [f"{file}: row {' / '.join(key)} is not in the results" for key in theirs if key not in ours]
    for key, row in ours.items():
        if key not in theirs:
            found.append(f"{file}: row {' / '.join(key)} is missing")
            continue
        found += [
            f"{file}: row {' / '.join(key)}, column {name}: the file has '{theirs[key][name]}', the results '{value}'"
            for name, value in row.items()
            if not _same(theirs[key][name], value)
        ]
    if not found and list(ours) != list(theirs):
        found.append(f"{file}: the rows are in another order")
    return found


def _text(value: Any, places: int) -> str:
    """Return one cell: fixed decimals, true and false, pairs as name=number with semicolons between."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = f"{value:.{places}f}"
        return text if text.strip("-0.") else text.lstrip("-")
    if isinstance(value, tuple):
        return ";".join(f"{name}={_text(item, places)}" for name, item in value)
    return str(value)


def _read(text: str, file: str, record: Record) -> dict[tuple[str, ...], dict[str, str]]:
    reader = csv.reader(io.StringIO(text))
    header, columns = next(reader, []), [f.name for f in fields(record)]
    if header != columns:
        odd = sorted(set(header) ^ set(columns))
        raise ResultError(
            f"{file}: its columns are not those of this hbench ({', '.join(odd[:5]) or 'another order'}); "
            "run `hbench leaderboard build`"
        )
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for line in reader:
        if len(line) != len(columns):
            raise ResultError(
                f"{file}: line {reader.line_num} has {len(line)} cells for {len(columns)} columns; restore it"
            )
        row = dict(zip(columns, line, strict=True))
        key = tuple(row[name] for name in record.KEY)
        if key in rows:
            raise ResultError(f"{file}: row {' / '.join(key)} is listed twice; run `hbench leaderboard build`")
        rows[key] = row
    return rows


def _same(committed: str, rebuilt: str) -> bool:
    if committed == rebuilt:
        return True
    try:
        return math.isclose(float(committed), float(rebuilt), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except ValueError:
        return False
