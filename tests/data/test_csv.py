"""Tables of comma-separated values: one strict dialect, and texts, names and classes as they are written."""

from __future__ import annotations

import pytest
from support.reading import Marked, Quiz, load, refused

HEAD = "text,gold\n"


@pytest.mark.parametrize(
    "text",
    ["2020-01-01", "007", "1e5", "null", "NA", "None", "nan", "True", " padded ", "", "\N{LINE SEPARATOR}", "a\tb"],
)
def test_texts_are_kept_as_they_are_written(text, tmp_path):
    assert load(tmp_path, "train.csv", f"text,gold\n{text},1\n").columns == {"text": [text], "gold": [1]}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ('"a, b"', "a, b"),
        ('"a ""b"" c"', 'a "b" c'),
        ('""', ""),
        ('""""', '"'),
        ('"a\nb"', "a\nb"),
        ('"a\r\nb"', "a\r\nb"),
        ('"a\rb"', "a\rb"),
        ('"\n\n"', "\n\n"),
        ("it's", "it's"),
        ("a\\", "a\\"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quoted_fields(field, text, end, tmp_path):
    content = end.join(["text,gold", f"{field},1", "next,0", ""])
    assert load(tmp_path, "train.csv", content).columns == {"text": [text, "next"], "gold": [1, 0]}


def test_order_of_columns_last_line_end_empty_lines_and_other_columns_do_not_matter(tmp_path):
    found = load(tmp_path, "train.csv", 'more,gold,more,text\n,2,"\n",a\n\n\n9,0,x,b')
    assert found.columns == {"text": ["a", "b"], "gold": [2, 0]}
    assert found.ids == ["0", "1"]
    assert found.digest == load(tmp_path / "", "train.csv", "text,gold\r\na,2\r\nb,0\r\n").digest


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (HEAD + 'a,1\n"b,0\nc "film",1\nd,0\n', ["line 4", "closing quote", "line 3", "film"]),
        (HEAD + '"a" b,1\n', ["line 2", "closing quote", "b,1"]),
        (HEAD + 'a,1\nthe "film",1\n', ["line 3", "stray quote", 'the "film"']),
        (HEAD + 'a,1\n6" nails,0\n', ["line 3", "stray quote"]),
        (HEAD + 'a,1\n"b,0\nc,1\n', ["line 3", "never closed"]),
        (HEAD + 'a,"1\n', ["line 2", "never closed"]),
        (HEAD + "good, very good,1\n", ["line 2", "3 fields instead of 2"]),
        (HEAD + 'a,1\n"b\nc",0,\n', ["line 3", "3 fields instead of 2"]),
        (HEAD + "a,1\nb\n", ["line 3", "1 fields instead of 2"]),
        (HEAD + "a,1\n  \n", ["line 3", "1 fields instead of 2"]),
        ("text,gold\ra,1\r", ["line 1", "carriage return"]),
        (HEAD + "a,1\nb\rc,1\n", ["line 3", "carriage return"]),
        (HEAD + 'a,1\nb\rc,"1"\n', ["line 3", "carriage return"]),
        ("text,gold,text\na,1,b\n", ["line 1", "'text' is listed twice"]),
        ("text;gold\na;1\n", ["column 'text' is missing", "text;gold"]),
        (HEAD, ["empty"]),
        ("", ["empty"]),
        ("\n\n", ["empty"]),
    ],
)
def test_what_is_not_in_the_dialect_is_refused_by_line(content, fragments, tmp_path):
    refused(tmp_path, "train.csv", content, *fragments)


@pytest.mark.parametrize("field", ["", " ", '""'])
@pytest.mark.parametrize("row", [1, 2, 3])
def test_an_empty_class_is_refused_by_row_and_line(field, row, tmp_path):
    rows = [f"a{i},{field if i == row else 1}\n" for i in (1, 2, 3)]
    refused(tmp_path, "train.csv", HEAD + "".join(rows), f"row {row} (", f"line {row + 1}", "'gold' is empty")


@pytest.mark.parametrize("field", ["", '" "'])
@pytest.mark.parametrize("column", ["key", "page"])
def test_an_empty_name_is_refused_by_row_and_line(column, field, tmp_path):
    values = {"key": "k", "page": "p", column: field}
    content = f'text,gold,key,page\n"a\nb",1,x,y\nc,0,{values["key"]},{values["page"]}\n'
    refused(tmp_path, "train.csv", content, "row 2 (", "line 4", f"'{column}' is empty", task=Marked())


@pytest.mark.parametrize("gold", ["maybe", "1.0", "01", "1e0", "+1", "0x1", "--1", "1 2", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_a_class_that_is_no_integer_is_refused_by_row(gold, tmp_path):
    refused(tmp_path, "train.csv", f"{HEAD}a,1\nb,{gold}\n", "row 1 (", "'gold' holds '1'", task=None)


def test_classes_may_have_blanks_around_them_and_minus_one_leaves_out(tmp_path):
    assert load(tmp_path, "train.csv", HEAD + "a, 1\nb,-1\nc,2 \n").columns["gold"] == [1, 2]


def test_names_are_kept_as_they_are_written(tmp_path):
    content = "text,gold,key,page\na,1,007,1e3\nb,1,7,1000\nc,1,7.0,1000.0\n"
    found = load(tmp_path, "train.csv", content, Marked())
    assert found.ids == ["007", "7", "7.0"]
    assert found.cases == [0, 1, 2]
    large = str(10**22)
    content = f"text,gold,key,page\na,1,{large},x\nb,1,{large[:-1]}1,x\n"
    assert load(tmp_path, "train.csv", content, Marked()).ids == [large, f"{large[:-1]}1"]


def test_names_that_are_all_integers_are_the_integers_of_other_formats(tmp_path):
    rows = [{"text": "a", "gold": 1, "key": 7, "page": 0}, {"text": "b", "gold": 2, "key": -8, "page": 0}]
    found = load(tmp_path, "train.csv", "text,gold,key,page\na,1,7,0\nb,2,-8,0\n", Marked())
    (tmp_path / "task/train.csv").unlink()
    assert found == load(tmp_path, "train.jsonl", rows, Marked())
    assert found.ids == ["7", "-8"]


QUIZ = "article,question,a,b,c,d,answer\n"


def test_answers_are_places_letters_or_texts(tmp_path):
    found = load(tmp_path, "train.csv", QUIZ + "r,q,w,x,y,z,2\nr,q,w,x,2,3,3\n", Quiz())
    assert found.columns["answer"] == [2, 3]  # in the first row it can only be a place
    found = load(tmp_path, "train.csv", QUIZ + "r,q,4,5,6,7,B\nr,q,4,5,6,7,7\n", Quiz())
    assert found.columns["answer"] == ["B", "7"]


def test_answers_with_two_meanings_are_refused(tmp_path):
    refused(tmp_path, "train.csv", QUIZ + "r,q,0,1,2,3,1\nr,q,3,2,1,0,1\n", "row 2 (", "'answer' holds 1", task=Quiz())
