"""Parquet: the file's types, and its classes by name."""

from __future__ import annotations

import datetime
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from support.reading import Marked, load, refused

from hbench import Hub


def table(columns: dict[str, Any], names: list[str] | None = None, description: Any = None) -> bytes:
    """Return a file of these columns; names: of the classes in `gold`; description: what stands in their place."""
    made = pa.table(columns)
    if names is not None:
        description = {"info": {"features": {"gold": {"names": names, "_type": "ClassLabel"}}}}
    if description is not None:
        text = description if isinstance(description, str) else json.dumps(description)
        made = made.replace_schema_metadata({"huggingface": text})
    stream = io.BytesIO()
    pyarrow.parquet.write_table(made, stream)
    return stream.getvalue()


TEXTS = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("names", "gold"),
    [
        (["no", "maybe", "yes"], [0, 1, 2, -1]),
        (["yes", "maybe", "no"], [2, 1, 0, -1]),
        (["maybe", "no", "yes"], [1, 0, 2, -1]),
        (["0", "1", "2"], [0, 1, 2, -1]),  # names that say nothing
        (["unused", "maybe", "yes", "no"], [3, 1, 2, -1]),
    ],
)
def test_classes_are_mapped_by_name(names, gold, tmp_path):
    found = load(tmp_path, "train.parquet", table({"text": TEXTS, "gold": gold}, names))
    assert found.columns["gold"] == ([0, 1, 2])
    assert found.ids == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("names", "gold", "fragments"),
    [
        (["no", "perhaps", "yes"], [0, 1], ["'perhaps'", "0 no, 1 perhaps, 2 yes", "0 no, 1 maybe, 2 yes"]),
        (["No", "Maybe", "Yes"], [0, 1], ["'No'", "0 No, 1 Maybe, 2 Yes"]),
        (["yes", "no"], [0, 2], ["holds 2", "0 yes, 1 no"]),
    ],
)
def test_classes_that_the_task_does_not_have_are_refused(names, gold, fragments, tmp_path):
    refused(tmp_path, "train.parquet", table({"text": TEXTS[:2], "gold": gold}, names), "'gold'", *fragments)


def test_datasets_itself_writes_what_is_mapped(tmp_path):
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "gold": datasets.ClassLabel(names=["yes", "no"])})
    made = datasets.Dataset.from_dict({"text": ["a", "b"], "gold": [0, 1]}, features=features)
    made.to_parquet(tmp_path / "made.parquet")
    found = load(tmp_path, "train.parquet", (tmp_path / "made.parquet").read_bytes())
    assert found.columns["gold"] == [2, 0]


def test_a_description_that_cannot_be_read_is_refused(tmp_path):
    for description in ("{", {"info": {}}, [1]):
        content = table({"text": TEXTS, "gold": [0, 1, 2, 0]}, description=description)
        refused(tmp_path, "train.parquet", content, "cannot be read", "write the file again")


@pytest.mark.parametrize("gap", [0, 3])
def test_the_row_without_a_class_is_named(gap, tmp_path):
    gold = [None if row == gap else 1.0 for row in range(4)]
    refused(tmp_path, "train.parquet", table({"text": TEXTS, "gold": gold}), f"row {gap + 1} (", "'gold' is empty")
    gold = pa.array([None if row == gap else 1 for row in range(4)], pa.int64())
    refused(tmp_path, "train.parquet", table({"text": TEXTS, "gold": gold}), f"row {gap + 1} (", "'gold' holds None")


def test_fractions_that_are_whole_are_classes(tmp_path):
    assert load(tmp_path, "train.parquet", table({"text": TEXTS, "gold": [0.0, 2.0, 1.0, -1.0]})).columns["gold"] == [
        0,
        2,
        1,
    ]
    refused(tmp_path, "train.parquet", table({"text": TEXTS, "gold": [0, 1, 0.5, 1]}), "row 3 (", "'gold' holds 0.5")


def test_a_column_that_is_not_read_cannot_fail_the_load(tmp_path):
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    content = table({"text": ["a"], "gold": [1], "other": broken})
    assert load(tmp_path, "train.parquet", content).size == 1
    content = table({"text": broken, "gold": [1]})
    refused(tmp_path, "train.parquet", content, "cannot be read", "utf-8")


@pytest.mark.parametrize("value", [datetime.date(2020, 1, 1), b"bytes", 1.5, datetime.datetime(2020, 1, 1)])
def test_what_is_no_text_is_refused_by_row(value, tmp_path):
    refused(tmp_path, "train.parquet", table({"text": [value], "gold": [1]}), "row 1 (", "'text' holds")
    columns = {"text": ["a"], "gold": [1], "page": ["p"], "key": [value]}
    refused(tmp_path, "train.parquet", table(columns), "row 1 (", "'key' holds", task=Marked())


def test_what_is_no_parquet_is_refused(tmp_path):
    whole = table({"text": TEXTS, "gold": [0, 1, 2, 0]})
    for content in (b"", b"PAR1", whole[:-20], whole[:40] + b"\xff" * 40 + whole[80:]):
        refused(tmp_path, "train.parquet", content, "fix the file")
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array([1]), pa.array(["b"])], names=["text", "gold", "text"])
    stream = io.BytesIO()
    pyarrow.parquet.write_table(twice, stream)
    refused(tmp_path, "train.parquet", stream.getvalue(), "'text' is listed twice")


@pytest.mark.parametrize(("names", "gold"), [(["yes", "no"], [2, 0]), (["1 star", "2 stars"], None)])
def test_classes_of_the_hub_are_mapped_alike(names, gold, monkeypatch):
    import datasets

    from hbench.data import sources
    from hbench.data.layout import Declaration
    from hbench.errors import DataError

    features = {
        "text": datasets.Value("string"),
        "gold": datasets.ClassLabel(names=names),
        "spans": {"start": datasets.Value("int64")},
    }
    rows = {"text": ["a", "b"], "gold": [0, 1], "spans": [{"start": 1}, {"start": 2}]}
    made = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    monkeypatch.setattr(sources, "fetch_split", lambda hub, split: made)
    columns = {"text": ("text", "spans"), "label": "gold"}
    declaration = Declaration((columns,), ("label",), ("no", "maybe", "yes"))
    if gold is None:
        with pytest.raises(DataError, match=r"owner/name at abcd, split 'train'.*0 1 star, 1 2 stars.*0 no"):
            sources.read_hub(Hub("owner/name", None, "abcd"), "train", declaration)
    else:
        found = sources.read_hub(Hub("owner/name", None, "abcd"), "train", declaration)
        assert found.columns == {**rows, "gold": gold}
