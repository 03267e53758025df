"""Rows as a user has them: reviews with names for labels, some of them wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path

WORDS = {"good": ("fine", "great", "lovely", "warm", "clever"), "bad": ("dull", "awful", "grim", "cold", "silly")}


def reviews(count: int = 40, wrong: tuple[int, ...] = ()) -> list[dict[str, object]]:
    """Return rows with id, text, label and a note that nothing reads; those at `wrong` have the other label."""
    rows: list[dict[str, object]] = []
    for i in range(count):
        label = "good" if i % 2 else "bad"
        words = WORDS[label]
        text = f"A {words[i % 5]}, {words[(i // 5) % 5]} film of {i} scenes"
        given = {"good": "bad", "bad": "good"}[label] if i in wrong else label
        rows.append({"id": f"r{i:03d}", "text": text, "label": given, "note": f'said "{i}"'})
    return rows


def as_csv(rows: list[dict[str, object]]) -> str:
    """Return rows as a table with quotes where they are needed."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def write_reviews(path: Path, count: int = 40, wrong: tuple[int, ...] = ()) -> Path:
    """Write reviews as a table."""
    path.write_text(as_csv(reviews(count, wrong)), encoding="utf-8")
    return path
