"""What is not UTF-8, a byte order mark, half of a surrogate pair: read, or refused by name, in every file of data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.reading import Marked, Notes, load, refused

from hbench.data.load import describe_source
from hbench.errors import DataError
from hbench.kinds import load_examples
from hbench.plugins.registry import TASKS

MARK = b"\xef\xbb\xbf"
CONTENT = {
    "train.csv": b"text,gold\nfine,1\n%s,0\n",
    "train.jsonl": b'{"text":"fine","gold":1}\n{"text":"%s","gold":0}\n',
    "train.jsonl.gz": b'{"text":"fine","gold":1}\n{"text":"%s","gold":0}\n',
}
LINE = {"train.csv": 3, "train.jsonl": 2, "train.jsonl.gz": 2}


@pytest.mark.parametrize("file", CONTENT)
@pytest.mark.parametrize(
    ("text", "byte"),
    [
        ("naïve".encode("latin-1"), b"\xef"),
        ("“quoted”".encode("cp1252"), b"\x93"),
        (b"\xed\xa0\x80", b"\xed"),  # half of a surrogate pair, as other languages write it
        (b"\xc0\x80", b"\xc0"),
        (b"cut \xe2\x82", b"\xe2"),
    ],
)
def test_what_is_not_utf8_is_refused_by_line_and_byte(file, text, byte, tmp_path):
    content = CONTENT[file] % text
    at = content.index(byte) + 1
    refused(tmp_path, file, content, f"line {LINE[file]}: not UTF-8", f"byte {at} ", f"0x{byte.hex()}")
    refused(tmp_path, file, MARK + content, f"line {LINE[file]}: not UTF-8", f"byte {at + 3} ", f"0x{byte.hex()}")


@pytest.mark.parametrize("file", CONTENT)
def test_utf16_is_refused(file, tmp_path):
    refused(tmp_path, file, (CONTENT[file] % b"x").decode().encode("utf-16"), "line 1: not UTF-8", "byte 1 ", "0xff")


@pytest.mark.parametrize("file", CONTENT)
def test_a_byte_order_mark_at_the_start_is_left_out_and_elsewhere_kept(file, tmp_path):
    content = CONTENT[file] % (MARK + b"x" + MARK)
    found = load(tmp_path, file, MARK + content)
    assert found.columns["text"] == ["fine", "\ufeffx\ufeff"]
    assert found == load(tmp_path, file, content)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc00\ud800"])
def test_half_of_a_surrogate_pair_is_refused_by_row(text, tmp_path):
    rows = [{"text": "fine", "gold": 1}, {"text": text, "gold": -1}]
    refused(tmp_path, "train.jsonl", rows, "row 2 (", "'text' holds half of a surrogate pair")
    marked = [{"text": "a", "gold": 1, "key": key, "page": ["p", page]} for key, page in (("k", "q"), ("l", text))]
    refused(tmp_path, "train.jsonl", marked, "row 2 (", "'page' holds half of a surrogate pair", task=Marked())
    marked = [{"text": "a", "gold": 1, "key": text, "page": "p"}]
    refused(tmp_path, "train.jsonl", marked, "row 1 (", "'key' holds half of a surrogate pair", task=Marked())
    assert load(tmp_path, "train.jsonl", '{"text": "\\ud834\\udd1e", "gold": 1}').columns["text"] == ["𝄞"]


@dataclass(frozen=True)
class Converted(Notes):
    """A task whose rows hold JSON, which is decoded late."""

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "text": json.loads(row["text"])}


def test_half_of_a_surrogate_pair_that_a_task_decodes_is_refused(tmp_path):
    refused(tmp_path, "train.jsonl", [{"text": '"\\ud800"', "gold": 1}], "row 1 (", "surrogate", task=Converted())


# --- files as their authors distribute them

AUTHORS = {
    "squad_v2": (
        "train.json",
        '{"data": [{"paragraphs": [{"context": "A red cat.", '
        '"qas": [{"id": "q", "question": "Which %s?", "answers": []}]}]}]}',
    ),
    "dream": ("train.json", '[[["M: hi"], [{"question": "%s?", "choice": ["a", "b", "c"], "answer": "a"}], "1"]]'),
    "cosmosqa": ("valid.csv", "id,context,question,answer0,answer1,answer2,answer3,label\nq,c,%s?,a,b,c,d,1\n"),
    "mtop": (
        "en/train.txt",
        '1\tIN:GET_WEATHER\t\t%s\tweather\ten\t\t{"tokens": ["x"], "tokenSpans": [{"start": 0, "length": 1}]}\n',
    ),
}


def authors(folder: Path, name: str, content: bytes) -> Any:
    file = AUTHORS[name][0]
    path = folder / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    split = {"mtop": "train_en", "cosmosqa": "validation"}.get(name, "train")
    task = TASKS.find(f"{name}[train={split},evaluate=other]")
    from hbench.data.sources import find_split

    part = find_split(task.plugin, folder / name, split)
    source = {"files": {part.name: part.digest()}}
    return load_examples(task, split, source=source, data_dir=folder, size=None, seed=0)


@pytest.mark.parametrize("name", AUTHORS)
def test_files_of_the_authors_are_utf8_without_a_mark(name, tmp_path):
    template = AUTHORS[name][1]
    file = Path(AUTHORS[name][0]).name
    assert authors(tmp_path, name, (template % "ö").encode()).size == 1
    for content, words in (
        ((template % "ö").encode("latin-1"), ["not UTF-8", "0xf6", f"line {2 if name == 'cosmosqa' else 1}"]),
        (MARK + (template % "o").encode(), ["byte order mark"]),
    ):
        with pytest.raises(DataError) as found:
            authors(tmp_path, name, content)
        assert [word for word in [file, *words] if word not in str(found.value)] == [], str(found.value)


@pytest.mark.parametrize("name", ["squad_v2", "dream"])
def test_half_of_a_surrogate_pair_and_depth_in_files_of_the_authors(name, tmp_path):
    for question, word in (("\\ud800", "surrogate"), ('", "x": ' + "[" * 100_000 + '"', "nested too deeply")):
        with pytest.raises(DataError, match=rf"train\.json.*{word}"):
            authors(tmp_path, name, (AUTHORS[name][1] % question).encode())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('q,a "b" c,x?,a,b,c,d,1\n', ["line 2", "stray quote"]),
        ('q,"c,x?,a,b,c,d,1\nr,c,"x"?,a,b,c,d,1\n', ["line 3", "closing quote", "line 2"]),
        ("q,c,x,?,a,b,c,d,1\n", ["line 2", "9 fields instead of 8"]),
        (",c,x?,a,b,c,d,1\n", ["row 1", "'example_id' is blank"]),
    ],
)
def test_tables_of_the_authors_are_in_the_same_dialect(row, words, tmp_path):
    with pytest.raises(DataError) as found:
        authors(tmp_path, "cosmosqa", (AUTHORS["cosmosqa"][1].split("\n")[0] + "\n" + row).encode())
    assert [word for word in ["valid.csv", *words] if word not in str(found.value)] == [], str(found.value)


def test_ids_of_the_authors_are_names(tmp_path):
    content = AUTHORS["squad_v2"][1].replace('"id": "q"', '"id": null') % "one"
    with pytest.raises(DataError, match=r"train\.json, row 1 .*'id' holds None"):
        authors(tmp_path, "squad_v2", content.encode())


def test_columns_that_a_reader_does_not_give_are_named(tmp_path):
    @dataclass(frozen=True)
    class Short(Notes):
        def originals(self, folder: Path, split: str) -> list[Path]:
            return [folder / f"{split}.txt"]

        def read(self, file: Path) -> dict[str, list[Any]]:
            return {"text": ["a"]}

    for split in ("train", "validation"):
        (tmp_path / "short").mkdir(exist_ok=True)
        (tmp_path / "short" / f"{split}.txt").write_text("x")
    source = describe_source(Short(), tmp_path, "short")
    with pytest.raises(DataError, match=r"train\.txt: column 'gold' is missing; the columns are: text"):
        load_examples(Short(), "train", source=source, data_dir=tmp_path, size=None, seed=0)


def test_embedded_rows_are_checked_alike():
    @dataclass(frozen=True)
    class Embedded(Notes):
        def rows(self, split: str) -> dict[str, list[Any]]:
            return {"text": ["fine", "\ud800"], "gold": [0, 1]}

    with pytest.raises(DataError, match=r"split 'train', row 2 .*surrogate"):
        load_examples(Embedded(), "train", source={"embedded": ""}, data_dir=None, size=None, seed=0)
