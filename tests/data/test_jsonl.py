"""JSON Lines: values keep their types, no other key is looked at, and what JSON leaves open is refused by line."""

from __future__ import annotations

import json

import pytest
from support.reading import Marked, load, refused

GOOD = '{"text": "a", "gold": 1}\n'


@pytest.mark.parametrize(
    "text", ["2020-01-01", "2020-01-01T10:00:00Z", "007", "null", "", " ", "\u2028\x85\x0c", "\0", "𝄞"]
)
@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("file", ["train.jsonl", "train.jsonl.gz"])
def test_texts_are_kept(text, escaped, file, tmp_path):
    line = json.dumps({"text": text, "gold": 1}, ensure_ascii=escaped)
    assert load(tmp_path, file, line).columns == {"text": [text], "gold": [1]}


@pytest.mark.parametrize(
    "values",
    [
        [None] * 20 + ["hi"],
        [1, "one"],
        [{"a": 1}, {"a": "x"}, [1], 0.5],
        ["2020-01-01", "tomorrow"],
        [10**30, 1],
    ],
)
def test_a_key_that_is_not_read_cannot_fail_the_load(values, tmp_path):
    rows = [{"note": value, "text": "a", "gold": 1} for value in values]
    assert load(tmp_path, "train.jsonl", rows).size == len(values)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", '{"b": 1, "b": 2}', "1" * 5000, '"\\ud800"', "1e999"])
def test_nor_can_what_json_leaves_open_in_it(value, tmp_path):
    line = '{"text": "a", "note": ' + value + ', "gold": 1, "more": 1, "more": 2}\n'
    assert load(tmp_path, "train.jsonl", GOOD + line).size == 2


def test_keys_in_another_order_empty_lines_and_windows_line_ends_do_not_matter(tmp_path):
    found = load(tmp_path, "train.jsonl", '\r\n{"gold": 1, "text": "a"}\r\n  \n{"text": "b", "x": 0, "gold": 2}')
    assert found.columns == {"text": ["a", "b"], "gold": [1, 2]}
    assert found.ids == ["0", "1"]


@pytest.mark.parametrize(
    ("line", "fragments"),
    [
        ('{"text": "b", "text": "c", "gold": 1}', ["'text' is given twice"]),
        ('{"text": "b", "gold": 1, "gold": 1}', ["'gold' is given twice"]),
        ('{"text": {"x": 1, "x": 2}, "gold": 1}', ["'text'", "'x' twice"]),
        ('{"text": "b", "gold": NaN}', ["'gold' holds NaN"]),
        ('{"text": ["b", Infinity], "gold": 1}', ["'text' holds Infinity"]),
        ('{"text": "b", "gold": %s}' % ("1" * 5000), ["'gold' holds 111", "not a number"]),
        ('{"text": "b"}', ["no 'gold'"]),
        ("{}", ["no 'text'"]),
        ('{"text": "b", "gold": 1} {"text": "c", "gold": 1}', ["follows", "one object on each line"]),
        ('[{"text": "b", "gold": 1}]', ["not an object"]),
        ("7", ["7", "not an object"]),
        ("null", ["None", "not an object"]),
        ("{'text': 'b', 'gold': 1}", ["not JSON"]),
        ('{"text": "b", "gold": 1,}', ["not JSON"]),
        ('{"text": "b\tc", "gold": 1}', ["not JSON"]),
        ("[" * 200_000, ["nested too deeply"]),
        ('{"text": "b", "gold": 01}', ["not JSON"]),
        ("\xa0", ["not JSON"]),
    ],
)
def test_a_line_at_fault_is_named(line, fragments, tmp_path):
    refused(tmp_path, "train.jsonl", GOOD + line + "\n", "line 2", *fragments)


@pytest.mark.parametrize("key", [None, "", " ", "a\0b", 0.5, True, [], {"a": 1}])
def test_an_id_that_names_nothing_is_refused_by_row(key, tmp_path):
    rows = [{"text": "a", "gold": 1, "page": "p", "key": value} for value in ("x", key)]
    refused(tmp_path, "train.jsonl", rows, "row 2 (", "column 'key'", "its id", task=Marked())


@pytest.mark.parametrize("page", [None, "", " ", 0.5, False, {}, [1], [None]])
def test_a_passage_that_names_nothing_is_refused_by_row(page, tmp_path):
    rows = [{"text": "a", "gold": 1, "page": value, "key": i} for i, value in enumerate(("x", page))]
    refused(tmp_path, "train.jsonl", rows, "row 2 (", "column 'page'", "its passage", task=Marked())


def test_ids_of_integers_keep_every_digit(tmp_path):
    keys = [10**22, 10**22 + 1, -5]
    rows = [{"text": "a", "gold": 1, "page": ["x", "y"], "key": key} for key in keys]
    found = load(tmp_path, "train.jsonl", rows, Marked())
    assert found.ids == [str(key) for key in keys]
    assert found.cases == [0, 0, 0]
    refused(tmp_path, "train.jsonl", [{**rows[0], "key": 7}, {**rows[0], "key": "7"}], "same key '7'", task=Marked())
