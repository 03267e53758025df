"""Tables of data as CSV: one line per row, numbers with fixed precision."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import Any

from hbench.render.section import Page
from hbench.render.table import Table
from hbench.results.fields import ResultError

#: Largest difference between two numbers that counts as none, absolute below 1 and relative above.
TOLERANCE = 1e-9


def csv_page(page: Page) -> str:
    """Return every row of the board with all its columns, without a last line break."""
    return csv_text(page.rows).rstrip("\n")


def csv_text(table: Table) -> str:
    """Return the text of a file with the columns of a table that are data."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    table = table.data()
    places = [heading.places for heading in table.headings]
    writer.writerow([heading.key for heading in table.headings])
    writer.writerows([_text(cell.value, p) for cell, p in zip(row, places, strict=True)] for row in table.rows)
    return stream.getvalue()


def csv_differences(committed: str, rebuilt: Table, file: str) -> list[str]:
    """Return one line per difference to the file of a table, naming row and column; numbers within `TOLERANCE` agree.

    Raises ResultError when the committed text does not have the columns of this hbench.
    """
    ours, theirs = _read(csv_text(rebuilt), file, rebuilt), _read(committed, file, rebuilt)
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


@dataclass(frozen=True)
class Changes:
    """Rows by which two tables differ, each by what identifies it."""

    #: Results that only the rebuilt table has, and that only the committed one has.
    added: tuple[tuple[str, ...], ...]
    removed: tuple[tuple[str, ...], ...]
    #: Other rows of which some column differs.
    changed: tuple[tuple[str, ...], ...]


def changes_of(committed: str, rebuilt: Table, file: str) -> Changes:
    """Return the rows that were added, removed or changed; one that is missing on a board counts as not there.

    Raises ResultError as `csv_differences` does.
    """
    ours, theirs = _read(csv_text(rebuilt), file, rebuilt), _read(committed, file, rebuilt)
    here = {key for key, row in ours.items() if row.get("status") != "missing"}
    there = {key for key, row in theirs.items() if row.get("status") != "missing"}
    both = [key for key in ours if key in theirs and (key in here) == (key in there)]
    return Changes(
        tuple(key for key in ours if key in here - there),
        tuple(key for key in theirs if key in there - here),
        tuple(key for key in both if any(not _same(theirs[key][name], value) for name, value in ours[key].items())),
    )


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


def _read(text: str, file: str, table: Table) -> dict[tuple[str, ...], dict[str, str]]:
    headings = table.data().headings
    reader = csv.reader(io.StringIO(text))
    header, columns = next(reader, []), [heading.key for heading in headings]
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
        key = tuple(row[heading.key] for heading in headings if heading.identifies)
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
