"""Reading examples from files: one answer whatever the format, and errors that name file, row and fix."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench import Hub, Task
from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.errors import DataError, UsageError
from hbench.kinds import load_examples
from hbench.plugins.registry import Named

ROWS = [
    {"text": "null", "other": "", "gold": 1},
    {"text": 'one, "two"', "other": "NA", "gold": -1},
    {"text": "naïve – 漢字", "other": "line\nbreak", "gold": 0},
    {"text": " spaces ", "other": "None", "gold": 1},
]


@dataclass(frozen=True)
class Pairs(Task):
    """A task of two texts that has no home on the hub."""

    kind = "classification"
    columns = {"text": ("text", "other"), "label": "gold"}
    labels = ("no", "yes")


@dataclass(frozen=True)
class Numbered(Pairs):
    """The same with ids of its own."""

    columns = {"text": ("text", "other"), "label": "gold", "id": "key"}


PAIRS = Named("pairs", "pairs", Pairs())


def save(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    """Write rows in the format that the ending asks for."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    elif name.endswith(".jsonl"):
        path.write_text(lines)
    elif name.endswith(".csv"):
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        pd.DataFrame(rows).to_parquet(path)
    return path


def read(folder: Path, split: str = "train", task: Named[Task] = PAIRS, **settings: Any) -> Examples:
    """Describe and load as the engine does, with the same file for both splits."""
    source = describe_source(task.plugin, folder, task.name)
    return load_examples(task, split, source=source, data_dir=folder, **{"size": None, "seed": 0, **settings})


def prepare(folder: Path, rows: list[dict[str, Any]], ending: str = ".jsonl") -> Path:
    save(folder, f"pairs/train{ending}", rows)
    save(folder, "pairs/validation.jsonl", ROWS)
    return folder


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet", ".csv"])
def test_every_format_gives_the_same_examples(ending: str, tmp_path: Path) -> None:
    found = read(prepare(tmp_path, ROWS, ending))
    assert found.ids == ["0", "2", "3"]  # the row numbers of the source; -1 is left out
    assert found.columns == {
        "text": ["null", "naïve – 漢字", " spaces "],
        "other": ["", "line\nbreak", "None"],
        "gold": [1, 0, 1],
    }
    assert found.digest == read(prepare(tmp_path / "plain", ROWS)).digest
    assert found.size == 3
    assert found.planted is None


def test_digest_follows_every_value(tmp_path: Path) -> None:
    digests = {read(prepare(tmp_path / "0", ROWS)).digest}
    for name, value in (("text", "other"), ("other", "x"), ("gold", 0)):
        changed = [{**ROWS[0], name: value}, *ROWS[1:]]
        digests.add(read(prepare(tmp_path / name, changed)).digest)
    digests.add(read(prepare(tmp_path / "later", [ROWS[1], *ROWS])).digest)  # the same rows under other ids
    assert len(digests) == 5


def test_source_names_the_files_in_use_and_their_digests(tmp_path: Path) -> None:
    folder = prepare(tmp_path, ROWS)
    save(folder, "pairs/extra.jsonl", ROWS)
    digest = hashlib.sha256((folder / "pairs/train.jsonl").read_bytes()).hexdigest()
    source = describe_source(PAIRS.plugin, folder, "pairs")
    assert source == {"files": {"train.jsonl": digest, "validation.jsonl": digest}}
    other = describe_source(Pairs(evaluate="extra"), folder, "pairs")
    assert sorted(other["files"]) == ["extra.jsonl", "train.jsonl"]


def test_describing_a_source_imports_no_heavy_library(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from hbench.data.load import describe_source; from hbench.plugins.registry import task;"
        f"describe_source(task('sst2'), Path({str(tmp_path)!r}), 'sst2'); describe_source(task('snli'), None, 'snli');"
        "describe_source(task('planted-pair'), None, 'planted-pair');"
        "assert not {'torch', 'transformers', 'datasets', 'numpy', 'pandas'} & set(sys.modules), sys.modules.keys()"
    )
    for split in ("train", "validation"):
        save(tmp_path, f"sst2/{split}.jsonl", [{"sentence": "a", "label": 0}])
    subprocess.run([sys.executable, "-c", code], check=True)


def test_local_files_leave_no_cache_behind(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data", ROWS, ".jsonl.gz")
    (tmp_path / "temporary").mkdir()
    code = (
        "from pathlib import Path; from hbench import Task\n"
        "from hbench.data.load import describe_source; from hbench.kinds import load_examples\n"
        "class T(Task): kind, labels = 'classification', ('no', 'yes'); columns = {'text': 'text', 'label': 'gold'}\n"
        f"d = Path({str(folder)!r}); s = describe_source(T(), d, 'pairs')\n"
        "from hbench.plugins.registry import Named\n"
        "load_examples(Named('pairs', 'pairs', T()), 'train', source=s, data_dir=d, size=None, seed=0)"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in left) == ["train.jsonl.gz", "validation.jsonl"]


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 40), larger=st.integers(0, 10), seed=st.integers(0, 2**31))
def test_sample_keeps_order_and_grows(size: int, larger: int, seed: int) -> None:
    from hbench.data.load import _sample

    rows = list(range(0, 90, 3))
    found = _sample(rows, size, "train", seed)
    assert found == sorted(set(found))
    assert len(found) == min(size, len(rows))
    assert set(found) <= set(rows)
    assert set(found) <= set(_sample(rows, size + larger, "train", seed))


def test_sample_depends_on_seed_and_split(tmp_path: Path) -> None:
    rows = [{"text": str(i) + "x", "other": "", "gold": i % 3 - 1} for i in range(300)]
    folder = prepare(tmp_path, rows)
    save(folder, "pairs/validation.jsonl", rows)
    drawn = read(folder, size=50, seed=1)
    assert drawn == read(folder, size=50, seed=1)
    assert drawn.size == 50
    assert -1 not in drawn.columns["gold"]
    assert drawn.columns["text"] == [f"{i}x" for i in drawn.ids]
    assert drawn.ids != read(folder, size=50, seed=2).ids
    assert drawn.ids != read(folder, "validation", size=50, seed=1).ids
    assert read(folder, size=1000).size == read(folder).size == 200


def test_declared_ids_are_used_and_have_to_be_distinct(tmp_path: Path) -> None:
    numbered: Named[Task] = Named("pairs", "pairs", Numbered())
    rows = [{**row, "key": key} for row, key in zip(ROWS, ["a", "b", "c", "d"], strict=True)]
    prepare(tmp_path, rows)
    save(tmp_path, "pairs/validation.jsonl", rows)
    assert read(tmp_path, task=numbered).ids == ["a", "c", "d"]
    save(tmp_path, "pairs/train.jsonl", [*rows, {**rows[0]}])
    with pytest.raises(DataError, match=r"row 5 .*: the same key 'a' as in .*row 1 "):
        read(tmp_path, task=numbered)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"gold": 2}, ["'gold' holds 2", "0 (no), 1 (yes)", "-1"]),
        ({"gold": -2}, ["'gold' holds -2"]),
        ({"gold": None}, ["'gold' holds None"]),
        ({"text": None}, ["'text' holds None", "not a string"]),
        ({"other": None}, ["'other' holds None", "not a string"]),
    ],
)
@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_bad_row_is_named(row: dict[str, Any], words: list[str], ending: str, tmp_path: Path) -> None:
    if ending == ".parquet" and row.get("gold", 0) is None:
        words = ["'gold' is empty"]  # a column with gaps holds fractions, which are none of the other rows' faults
    folder = prepare(tmp_path, [*ROWS, {**ROWS[0], **row}], ending)
    with pytest.raises(DataError) as found:
        read(folder)
    message = str(found.value)
    assert message.startswith(f"{folder}/pairs/train{ending}, row 5 (the first is 1): ")
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize("value", ["entailment", 0.5, True, [0]], ids=["text", "fraction", "bool", "list"])
def test_label_that_is_no_integer_is_named(value: Any, tmp_path: Path) -> None:
    folder = prepare(tmp_path, [{**row, "gold": value} for row in ROWS])
    with pytest.raises(DataError, match=r"train\.jsonl, row 1 .*column 'gold' holds .*integer: 0 \(no\), 1 \(yes\)"):
        read(folder)


def test_text_that_is_a_number_is_named(tmp_path: Path) -> None:
    folder = prepare(tmp_path, [{**row, "text": 7} for row in ROWS])
    with pytest.raises(DataError, match=r"row 1 .*column 'text' holds 7, which is not a string"):
        read(folder)


@pytest.mark.parametrize(
    ("content", "line"),
    [('{"text": "a", "other": "b", "gold": 0}\n{"text": "a', 2), ("not json\n", 1), ("[1, 2]\n", 1)],
)
def test_damaged_file_is_named(content: str, line: int, tmp_path: Path) -> None:
    folder = prepare(tmp_path, ROWS)
    (folder / "pairs/train.jsonl").write_text(content)
    with pytest.raises(DataError) as found:
        read(folder)
    assert str(found.value).startswith(f"{folder}/pairs/train.jsonl, line {line}: ")
    assert "\n" not in str(found.value)


def test_mixed_types_are_named(tmp_path: Path) -> None:
    folder = prepare(tmp_path, [*ROWS, {**ROWS[0], "gold": "yes"}])
    with pytest.raises(DataError, match=r"train\.jsonl.*gold"):
        read(folder)


def test_truncated_gzip_and_text_that_is_not_utf8_are_named(tmp_path: Path) -> None:
    folder = prepare(tmp_path, ROWS * 200, ".jsonl.gz")
    path = folder / "pairs/train.jsonl.gz"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"train\.jsonl\.gz: cannot be read"):
        read(folder)
    path.unlink()
    (folder / "pairs/train.csv").write_bytes(b"text,other,gold\n\xff\xfe,b,0\n")
    with pytest.raises(DataError, match=r"train\.csv, line 2: not UTF-8 text \(byte 17 .*0xff"):
        read(folder)


@pytest.mark.parametrize(
    ("rows", "ending", "words"),
    [
        ([], ".jsonl", "empty"),
        ([ROWS[1]], ".jsonl", "no row has a gold label"),
        ([{"text": "a", "gold": 0}], ".jsonl", "column 'other' is missing; the columns are: text, gold"),
        ([{"text": "a", "gold": 0}], ".csv", "column 'other' is missing; the columns are: text, gold"),
    ],
)
def test_unusable_split_is_named(rows: list[dict[str, Any]], ending: str, words: str, tmp_path: Path) -> None:
    folder = prepare(tmp_path, rows, ending)
    with pytest.raises(DataError) as found:
        read(folder)
    assert str(found.value).startswith(f"{folder}/pairs/train{ending}: ")
    assert words in str(found.value)


def test_empty_tables_with_columns_are_named(tmp_path: Path) -> None:
    folder = prepare(tmp_path, ROWS)
    (folder / "pairs/train.jsonl").unlink()
    for ending in (".csv", ".parquet"):
        path = folder / f"pairs/train{ending}"
        empty = pd.DataFrame({"text": [], "other": [], "gold": []})
        empty.to_csv(path, index=False) if ending == ".csv" else empty.to_parquet(path)
        with pytest.raises(DataError, match="the split is empty"):
            read(folder)
        path.unlink()


def test_missing_files_are_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"pairs: no such folder; --data-dir needs one folder per task"):
        describe_source(PAIRS.plugin, tmp_path, "pairs")
    save(tmp_path, "pairs/train.jsonl", ROWS)
    save(tmp_path, "pairs/dev.jsonl", ROWS)
    expected = r"split 'validation'; expected validation with .*\.jsonl\.gz.*; there is: dev\.jsonl, train\.jsonl"
    with pytest.raises(DataError, match=expected):
        describe_source(PAIRS.plugin, tmp_path, "pairs")
    save(tmp_path, "pairs/train.csv", ROWS)
    with pytest.raises(DataError, match=r"both train\.jsonl and train\.csv hold the split 'train'; keep one"):
        describe_source(PAIRS.plugin, tmp_path, "pairs")


def test_file_that_changed_since_the_plan_is_refused(tmp_path: Path) -> None:
    folder = prepare(tmp_path, ROWS)
    source = describe_source(PAIRS.plugin, folder, "pairs")
    save(folder, "pairs/train.jsonl", ROWS[:3])
    with pytest.raises(DataError, match=r"train\.jsonl has changed since the job was planned"):
        load_examples(PAIRS, "train", source=source, data_dir=folder, size=None, seed=0)
    with pytest.raises(DataError, match="--data-dir"):
        load_examples(PAIRS, "train", source=source, data_dir=None, size=None, seed=0)


def test_task_without_any_source_and_empty_sample_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"names no data set on the hub; .*--data-dir"):
        describe_source(PAIRS.plugin, None, "pairs")
    with pytest.raises(UsageError, match="sample of 0"):
        read(prepare(tmp_path, ROWS), size=0)


def test_pinned_hub_source_needs_no_network() -> None:
    class Pinned(Pairs):
        hub = Hub("owner/name", "config", "some-commit")

    found = describe_source(Pinned(), None, "pinned")
    assert found == {"hub": "owner/name", "config": "config", "revision": "some-commit"}


def test_a_split_is_not_trained_on_and_evaluated_on() -> None:
    for options in ({"train": "validation"}, {"train": "train+validation"}, {"evaluate": "train"}):
        with pytest.raises(UsageError, match="cannot be trained on and evaluated on"):
            Pairs(**options)


def test_several_splits_are_read_as_one(tmp_path: Path) -> None:
    folder = prepare(tmp_path, ROWS)
    save(folder, "pairs/more.jsonl.gz", [{"text": "x", "other": "y", "gold": 0}])
    task = Named("pairs[train=train+more]", "pairs", Pairs(train="train+more"))
    found = read(folder, task.plugin.training(), task=task)
    assert found.ids == ["0", "2", "3", "4"]
    assert found.columns["text"][-1] == "x"
    source = describe_source(task.plugin, folder, "pairs")
    assert sorted(source["files"]) == ["more.jsonl.gz", "train.jsonl", "validation.jsonl"]
    save(folder, "pairs/more.jsonl.gz", [{"text": "x", "other": "y", "gold": 5}])
    with pytest.raises(DataError, match=r"more.jsonl.gz, row 1 \(the first is 1\): column 'gold' holds 5"):
        read(folder, task.plugin.training(), task=task)


@dataclass(frozen=True)
class Own(Pairs):
    """A task that reads files of its own form, and knows a second layout."""

    columns = {"text": ("text", "other"), "label": "gold", "passage": "page"}
    layouts = ({"text": ("a", "b"), "label": "y", "passage": "p"},)

    def originals(self, folder: Path, split: str) -> list[Path]:
        return list((folder / split).glob("*.txt"))

    def read(self, file: Path) -> dict[str, list[Any]]:
        page, *lines = file.read_text().splitlines()
        cells = [line.split("|") for line in lines]
        return {
            "text": [a for a, _, _ in cells],
            "other": [b for _, b, _ in cells],
            "gold": [int(y) for _, _, y in cells],
            "page": [page] * len(cells),
        }


def test_original_files_and_other_layouts_give_the_same_examples(tmp_path: Path) -> None:
    task = Named("own", "own", Own())
    rows = [("one", "two", 0, "P"), ("three", "four", 1, "P"), ("five", "six", 1, "Q")]
    plain, other, own = tmp_path / "plain", tmp_path / "other", tmp_path / "own"
    for folder, names in ((plain, ("text", "other", "gold", "page")), (other, ("a", "b", "y", "p"))):
        for split in ("train", "validation"):
            save(folder, f"own/{split}.jsonl", [dict(zip(names, row, strict=True)) for row in rows])
    for split in ("train", "validation"):
        (own / "own" / split).mkdir(parents=True)
        (own / "own" / split / "1.txt").write_text("P\none|two|0\nthree|four|1\n")
        (own / "own" / split / "2.txt").write_text("Q\nfive|six|1\n")
    found = [read(folder, task=task) for folder in (plain, other, own)]
    assert found[0] == found[1] == found[2]
    assert found[0].cases == [0, 0, 1]
    source = describe_source(task.plugin, own, "own")
    assert set(source["files"]) == {"train: 2 files", "validation: 2 files"}
    assert len(source["reader"]) == 64
    (own / "own/train/2.txt").write_text("Q\nfive|six|7\n")
    with pytest.raises(DataError, match=r"2.txt, row 1 \(the first is 1\), page Q: column 'gold' holds 7"):
        read(own, task=task)
    (own / "own/train/2.txt").write_text("Q\nfive|six\n")
    with pytest.raises(DataError, match=r"2.txt: not in the form of the original files"):
        read(own, task=task)


@dataclass(frozen=True)
class Unread(Pairs):
    """A task that names files of its own form and cannot read them."""

    def originals(self, folder: Path, split: str) -> list[Path]:
        return [folder / f"{split}.txt"]


def test_original_files_without_a_reader_are_the_tasks_fault(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        save(tmp_path, f"unread/{split}.jsonl", [])
        (tmp_path / f"unread/{split}.jsonl").rename(tmp_path / f"unread/{split}.txt")
    with pytest.raises(UsageError, match=r"train.txt: task Unread names it .* define `read` as well"):
        read(tmp_path, task=Named("unread", "unread", Unread()))
