"""Any bytes in a table are refused by an error meant for a reader, or give the rows that an oracle finds in them.

`HBENCH_FUZZ=20000` tries that many inputs of each sort.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.reading import Marked, Notes, load

from hbench.errors import HbenchError

TRIES = settings(
    max_examples=int(os.environ.get("HBENCH_FUZZ", "150")), deadline=None, suppress_health_check=list(HealthCheck)
)
#: Pieces that mean something to one format or the other, and a little of everything else.
_SIGNS = [
    ",",
    '"',
    '""',
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ":",
    "\\",
    "\ufeff",
    "\0",
    "é",
    "𝄞",
    "\u2028",
]
_WORDS = ["text", "gold", "key", "page", "0", "1", "-1", "2", "7", "007", "a b", "null", "NaN", "1e400", "true"]
_PARTS = [
    '"text": ',
    '"gold": ',
    '"text": "a"',
    '"gold": 1',
    ", ",
    "\\ud800",
    "\\u00e9",
    "text,gold\n",
    "a,1\n",
    '"a",1\n',
]
_LINES = [
    '{"text": "a", "gold": 1}\n',
    '{"gold": 0, "text": "\\u00e9\\n", "key": 7, "page": "p"}\n',
    "text,gold,key,page\n",
]
PIECES = st.sampled_from([*_SIGNS, *_WORDS, *_PARTS, *_LINES])
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=40)
BYTES = (
    TEXTS.map(str.encode)
    | st.binary(max_size=60)
    | st.tuples(TEXTS, st.binary(max_size=3)).map(lambda p: p[0].encode() + p[1])
)
ENDS = st.sampled_from(["\n", "\n", "\r\n", "\n\n"])
GOLD = st.sampled_from(["0", "1", "2", "-1", " 1", "1", "2", ""])
FIELDS = st.text(max_size=12) | st.lists(PIECES, max_size=4).map("".join)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


#: Fields as they are and in quotes; most tables of them are in the dialect.
CELLS = FIELDS.map(quoted) | st.text("ab, 7é\u2028", max_size=5)
TABLES = st.lists(st.tuples(CELLS, GOLD, ENDS).map(lambda row: f"{row[0]},{row[1]}{row[2]}"), max_size=5).map("".join)
OBJECTS = st.fixed_dictionaries({"text": FIELDS, "gold": st.integers(-1, 2), "note": st.floats() | FIELDS | st.none()})
LINES = st.lists(st.tuples(OBJECTS.map(json.dumps), ENDS).map("".join), max_size=5).map("".join)


def damaged(valid: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Return files with one piece too many somewhere, or none."""

    def put(parts: tuple[str, int, str]) -> bytes:
        text, place, piece = parts
        at = place % (len(text) + 1)
        return (text[:at] + piece + text[at:]).encode(errors="surrogatepass")

    return st.tuples(valid, st.integers(0, 500), st.just("") | PIECES).map(put)


def attempt(file: str, content: bytes, marked: bool = False) -> Any:
    """Return the examples, or None where the file is refused; any other error ends the test."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return load(Path(folder), file, content, Marked() if marked else Notes())
        except HbenchError as error:
            assert "\n" not in str(error)
            str(error).encode()  # can be shown
            return None


def encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


@TRIES
@given(BYTES | damaged(TABLES).map(b"text,gold\n".__add__) | damaged(TABLES.map("text,gold\n".__add__)), st.booleans())
@example(b'text,gold\n"unclosed start,1\nbad,0\nlast "film",1\ndull,0\n', False)
def test_any_csv(content: bytes, marked: bool) -> None:
    found = attempt("train.csv", content, marked)
    if found is None:
        return
    text = content.decode("utf-8-sig")
    head, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    assert {len(row) for row in rows} == {len(head)}
    place = {name: head.index(name) for name in ("text", "gold")}
    rows = [row for row in rows if row[place["gold"]].strip() != "-1"]
    assert found.columns["text"] == [row[place["text"]] for row in rows]
    assert found.columns["gold"] == [int(row[place["gold"]]) for row in rows]


@TRIES
@given(BYTES | damaged(LINES) | damaged(LINES).map(b'{"text": "a", "gold": 1}\n'.__add__), st.booleans())
def test_any_jsonl(content: bytes, marked: bool) -> None:
    found = attempt("train.jsonl", content, marked)
    if found is None:
        return
    lines = [line for line in content.decode("utf-8-sig").split("\n") if line.strip(" \t\r")]
    rows = [row for row in map(json.loads, lines) if row["gold"] != -1]
    assert found.columns["text"] == [row["text"] for row in rows]
    assert found.columns["gold"] == [row["gold"] for row in rows]


@TRIES
@given(
    st.lists(st.tuples(FIELDS, st.integers(0, 2), FIELDS, FIELDS), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
    st.permutations(["text", "gold", "key", "more"]),
)
def test_what_writers_write_is_read_back(rows: list[tuple[Any, ...]], end: str, order: list[str]) -> None:
    """The module csv and the module json write the same rows: both are read, or both are refused."""
    records = [dict(zip(("text", "gold", "key", "more"), row, strict=True)) for row in rows]
    fit = all(encodable(str(value)) for record in records for value in record.values())
    records = [{**record, "page": "p"} for record in records]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow([*order, "page"])
    writer.writerows([[record[name] for name in [*order, "page"]] for record in records])
    lines = end.join(json.dumps(record, ensure_ascii=index % 2 == 0) for index, record in enumerate(records))
    if not fit:
        return
    found = attempt("train.csv", stream.getvalue().encode(), marked=True)
    other = attempt("train.jsonl", lines.encode(), marked=True)
    keys = [record["key"] for record in records]
    named = all(key.strip() and "\0" not in key for key in keys) and len(set(keys)) == len(keys)
    assert (found is not None) == (other is not None) == named
    if named:
        assert found.ids == other.ids == keys
        assert found.columns["text"] == other.columns["text"] == [record["text"] for record in records]
        assert found.columns["gold"] == other.columns["gold"] == [record["gold"] for record in records]
