"""Rows of the user's own: read as they are saved, refused with file, line and fix, and written back in part."""

from __future__ import annotations

import gzip
import json

import datasets
import numpy as np
import pandas as pd
import pytest
from support.own_rows import as_csv, reviews

from hbench.data.own.read import OwnRows, read_own
from hbench.data.own.source import Origin, open_table, stem_of
from hbench.data.own.task import OwnTask, make_known, own_folder
from hbench.errors import DataError, UsageError
from hbench.files import digest_file
from hbench.kinds import find_kind, load_examples
from hbench.plugins.registry import TASKS

COLUMNS = {"text": "text", "label": "label"}


@pytest.fixture(autouse=True)
def _forget_tasks(monkeypatch):
    monkeypatch.setattr(TASKS, "_added", {})


def read(data, **changes):
    return read_own(OwnRows(data, **{"columns": COLUMNS, **changes}), find_kind)


def put(tmp_path, text, name="train.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_labels_that_are_names_become_classes_in_their_order(tmp_path):
    made = read(put(tmp_path, as_csv(reviews(10))), id="id")
    assert made.task.plugin.labels == ("bad", "good")
    assert made.train.values["label"] == [0, 1] * 5
    assert made.train.example_ids()[:2] == ["r000", "r001"]
    assert "0 bad (5), 1 good (5)" in made.notes[0]


def test_numbers_are_classes_in_the_order_of_numbers(tmp_path):
    made = read(put(tmp_path, "text,label\na,10\nb,9\nc,10\n"))
    assert made.task.plugin.labels == ("9", "10")
    assert made.train.example_ids() == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("label", "labels"),
    [([0, 1, 1, 0], ("0", "1")), ([True, False, True, True], ("false", "true")), ([2.0, 1.0, 1.0, 2.0], ("1", "2"))],
)
def test_rows_in_python_may_have_labels_of_any_plain_type(label, labels):
    frame = pd.DataFrame({"text": list("abcd"), "label": label})
    assert read(frame).task.plugin.labels == labels
    assert read(frame.to_dict("records")).task.plugin.labels == labels


def test_every_form_gives_the_same_examples(tmp_path):
    """And so the same key: what was trained on a table is found again when the rows come from Python."""
    rows = reviews(12)
    frame = pd.DataFrame(rows)
    frame.to_parquet(tmp_path / "rows.parquet")
    made = datasets.Dataset.from_list(rows)
    made.save_to_disk(tmp_path / "saved")
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    sources = [
        put(tmp_path, as_csv(rows)),
        put(tmp_path, lines, "rows.jsonl"),
        put(tmp_path, gzip.compress(lines.encode()), "rows.jsonl.gz"),
        tmp_path / "rows.parquet",
        tmp_path / "saved",
        made,
        frame,
        rows,
    ]
    texts = [read(source, id="id").task.plugin.texts for source in sources]
    assert all(text == texts[0] for text in texts)
    assert json.loads(texts[0]["train"].splitlines()[1]) == {"id": "r001", "text": rows[1]["text"], "label": 1}


def test_class_names_of_a_data_set_keep_their_order_and_its_minus_one_is_no_label(tmp_path):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["yes", "no", "never"])}
    )
    made = datasets.Dataset.from_dict({"text": list("abcd"), "label": [1, 0, -1, 1]}, features=features)
    made.to_parquet(tmp_path / "rows.parquet")
    for source in (made, tmp_path / "rows.parquet"):
        found = read(source)
        assert found.task.plugin.labels == ("yes", "no", "never")
        assert found.train.examples == (0, 1, 3)
        assert "1 row without a label left out" in found.notes[1]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    assert read(put(tmp_path, b"\xef\xbb\xbf" + as_csv(reviews(6)).encode()), id="id").train.ids[0] == "r000"


REFUSED = {
    "column": ("words,label\na,x\nb,y\n", ("train.csv", "column 'text' is missing", "words, label", "--text")),
    "label column": ("text,kind\na,x\nb,y\n", ("column 'label' is missing", "--label")),
    "column twice": ("text,label,text\na,x,b\n", ("column 'text' is listed twice", "rename")),
    "blank label": ("text,label\na,x\nb,\n", ("train.csv, line 3", "'label' is empty", "write the label")),
    "white space": ("text,label\na,x\nb,y\nc,x \n", ("line 4", "'x '", "'x'", "line 2", "white space")),
    "one class": ("text,label\na,x\nb,x\n", ("train.csv", "'x' in every row", "two classes")),
    "no rows": ("text,label\n", ("train.csv", "no rows")),
    "fields": ("text,label\na,x\nb,y,z\n", ("line 3", "3 fields instead of 2")),
    "not UTF-8": (b"text,label\na,x\nb\xff,y\n", ("line 3", "UTF-8")),
    "minus one": ("text,label\na,0\nb,1\nc,-1\n", ("line 4", "-1", "--unlabelled=-1")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_at_fault_is_refused_with_place_and_fix(tmp_path, name):
    text, fragments = REFUSED[name]
    with pytest.raises(DataError) as error:
        read(put(tmp_path, text))
    for fragment in fragments:
        assert fragment in str(error.value)


def test_values_that_are_no_classes_are_refused(tmp_path):
    rows = "".join(f"text {i},{i / 7}\n" for i in range(40))
    with pytest.raises(DataError, match="40 different values in 40 rows"):
        read(put(tmp_path, f"text,label\n{rows}"))


@pytest.mark.parametrize(
    ("ids", "fragments"),
    [
        (["a", "b", "a"], ("line 4", "'a'", "line 2", "unique")),
        (["a", " ", "c"], ("line 3", "blank")),
    ],
)
def test_ids_that_repeat_or_are_blank_are_refused(tmp_path, ids, fragments):
    rows = "".join(f"{name},text {i},{'xy'[i % 2]}\n" for i, name in enumerate(ids))
    with pytest.raises(DataError) as error:
        read(put(tmp_path, f"id,text,label\n{rows}"), id="id")
    for fragment in fragments:
        assert fragment in str(error.value)


def test_labels_of_two_types_name_both_rows(tmp_path):
    lines = '{"text": "a", "label": 1}\n{"text": "b", "label": "1"}\n'
    with pytest.raises(DataError, match=r"line 2: .*'1', and 1 in .*line 1"):
        read(put(tmp_path, lines, "train.jsonl"))


def test_a_row_of_json_without_the_column_is_named_by_its_line(tmp_path):
    lines = '{"text": "a", "label": "x"}\n\n{"text": "b"}\n'
    with pytest.raises(DataError, match="line 3: no 'label'"):
        read(put(tmp_path, lines, "train.jsonl"))


def test_missing_values_of_a_data_frame_are_blank_labels():
    frame = pd.DataFrame({"text": list("abc"), "label": [1, None, 0]})
    with pytest.raises(DataError, match=r"data, row 2 .*'label' is empty"):
        read(frame)


def test_rows_without_a_label_are_left_out_when_the_user_says_so(tmp_path):
    made = read(put(tmp_path, "text,label\na,0\nb,1\nc,-1\nd,1\n"), unlabelled="-1")
    assert made.train.examples == (0, 1, 3)
    assert made.task.plugin.labels == ("0", "1")


def test_an_evaluation_class_that_does_not_occur_in_training_is_refused(tmp_path):
    train = put(tmp_path, as_csv(reviews(6)))
    dev = put(tmp_path, "text,label\na,good\nb,goood\n", "dev.csv")
    with pytest.raises(DataError, match=r"dev.csv, line 3: .*'goood'.*did you mean 'good'"):
        read(train, evaluation=dev)


def test_what_is_odd_is_told(tmp_path):
    train = put(tmp_path, "text,label\na,x\na,y\nb,x\nb,x\n")
    made = read(train, evaluation=put(tmp_path, "text,label\na,x\nc,y\n", "dev.csv"))
    assert any("2 examples repeat" in note and "1 of them with another label" in note for note in made.notes)
    assert any("1 example" in note and "training example" in note for note in made.notes)


@pytest.mark.parametrize(
    ("data", "fragments"),
    [
        ("missing.csv", ("missing.csv", "no such file")),
        ("missing.xls", ("missing.xls", "no such file")),
        (7, ("7", "is not data")),
        ([], ("no rows",)),
        ([{"text": "a"}, 3], ("row 2", "not a dictionary")),
        (datasets.DatasetDict(), ("several splits",)),
    ],
)
def test_what_is_not_data_is_refused(data, fragments):
    with pytest.raises((DataError, UsageError)) as error:
        open_table(data)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_a_split_of_a_saved_folder_is_named(tmp_path):
    made = datasets.Dataset.from_list(reviews(6))
    datasets.DatasetDict({"dev": made}).save_to_disk(tmp_path / "saved")
    with pytest.raises(DataError, match="no split 'train'; name one of dev"):
        open_table(tmp_path / "saved")
    assert open_table(tmp_path / "saved", Origin("dev")).size == 6


def test_an_unknown_role_and_three_texts_are_refused(tmp_path):
    path = put(tmp_path, as_csv(reviews(6)))
    with pytest.raises(UsageError, match="reads no 'txt'; did you mean 'text'"):
        read(path, columns={"txt": "text", "label": "label"})
    with pytest.raises(UsageError, match="two that are read as a pair"):
        read(path, columns={"text": ("id", "text", "note"), "label": "label"})


def test_two_texts_are_a_pair(tmp_path):
    made = read(put(tmp_path, as_csv(reviews(6))), columns={"text": ("text", "note"), "label": "label"})
    assert made.task.plugin.columns["text"] == ("text1", "text2")
    assert json.loads(made.task.plugin.texts["train"].splitlines()[0])["text2"] == 'said "0"'


KINDS = {
    "choice": (
        [
            {"article": "It rained.", "question": "What?", "a": "rain", "b": "sun", "c": "snow", "answer": "AB"[i % 2]}
            for i in range(4)
        ],
        {"options": ("a", "b", "c")},
    ),
    "span": (
        [
            {"question": "Where?", "context": "In Rome.", "answers": {"text": ["Rome"], "answer_start": [3]}},
            {"question": "When?", "context": "In Rome.", "answers": {"text": [], "answer_start": []}},
        ],
        {},
    ),
    "joint": (
        [
            {"tokens": "play some jazz", "tags": "O O B-genre", "intent": "play"},
            {"tokens": ["stop"], "tags": ["O"], "intent": "stop"},
        ],
        {},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_every_kind_are_read_back_from_a_store(tmp_path, kind):
    """As a worker does, which knows the task by what its job says alone."""
    rows, columns = KINDS[kind]
    made = read(rows, kind=kind, columns=columns)
    declaration = json.loads(json.dumps(find_kind(kind).declaration(made.task.plugin)))
    folder = own_folder(made.task.plugin, made.task.name, tmp_path)
    TASKS._added.clear()
    make_known(made.task.ref, declaration)
    task = TASKS.find(made.task.ref)
    assert isinstance(task.plugin, OwnTask)
    assert find_kind(kind).declaration(task.plugin) == find_kind(kind).declaration(made.task.plugin)
    files = {"files": {"train.jsonl": digest_file(folder / "own" / "train.jsonl")}}
    examples = load_examples(task, "train", source=files, data_dir=folder, size=None, seed=0)
    assert examples.ids == [str(row) for row in range(len(rows))]


def test_the_same_rows_are_kept_once(tmp_path):
    made = read(reviews(6))
    first, second = (own_folder(made.task.plugin, "own", tmp_path) for _ in range(2))
    assert first == second
    assert len(list((tmp_path / "data").iterdir())) == 1


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("train.csv", "train"),
        ("a/b/my rows.jsonl.gz", "my-rows"),
        ("owner/name", "name"),
        ("-.csv", "own"),
        ([{}], "own"),
    ],
)
def test_a_task_is_named_like_its_file(data, name):
    assert stem_of(data) == name


def test_a_file_named_like_an_installed_task_is_told_apart(tmp_path):
    assert read(put(tmp_path, as_csv(reviews(6)), "snli.csv")).task.ref == "own-snli"


def test_a_part_of_a_text_file_is_the_same_bytes(tmp_path):
    text = '\ufefftext,label\r\n"a\nb",x\r\n\r\nc,"y"\r\nd,x'
    path = put(tmp_path, text)
    table = open_table(path)
    table.write(np.array([True, True, True]), tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_bytes() == path.read_bytes()
    table.write(np.array([True, False, True]), tmp_path / "some.csv")
    assert (tmp_path / "some.csv").read_bytes() == '\ufefftext,label\r\n"a\nb",x\r\n\r\nd,x'.encode()


def test_a_part_of_compressed_lines_is_compressed(tmp_path):
    rows = [json.dumps(row) + "\n" for row in reviews(4)]
    table = open_table(put(tmp_path, gzip.compress("".join(rows).encode()), "rows.jsonl.gz"))
    table.write(np.array([False, True, False, True]), tmp_path / "some.jsonl.gz")
    assert gzip.decompress((tmp_path / "some.jsonl.gz").read_bytes()).decode() == rows[1] + rows[3]


def test_a_part_of_typed_rows_keeps_columns_types_and_order(tmp_path):
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["yes", "no"])})
    made = datasets.Dataset.from_dict({"text": list("abc"), "label": [1, 0, 1]}, features=features)
    made.to_parquet(tmp_path / "rows.parquet")
    made.save_to_disk(tmp_path / "saved")
    mask = np.array([True, False, True])
    open_table(tmp_path / "rows.parquet").write(mask, tmp_path / "some.parquet")
    open_table(tmp_path / "saved").write(mask, tmp_path / "some")
    for found in (
        datasets.Dataset.from_parquet(str(tmp_path / "some.parquet"), cache_dir=str(tmp_path / "cache")),
        datasets.load_from_disk(tmp_path / "some"),
    ):
        assert found.features == features
        assert found["text"] == ["a", "c"]
    frame = pd.DataFrame({"text": list("abc")}, index=[7, 8, 9])
    assert open_table(frame).part(mask).index.tolist() == [7, 9]
    assert open_table([{"text": t} for t in "abc"]).part(mask) == [{"text": "a"}, {"text": "c"}]
    assert open_table(made).part(mask)["text"] == ["a", "c"]


def test_another_ending_is_refused_before_anything_is_written(tmp_path):
    table = open_table(put(tmp_path, as_csv(reviews(4))))
    with pytest.raises(DataError, match=r"some.parquet: .*let the name end in .csv"):
        table.check_out(tmp_path / "some.parquet")
