"""Inputs that neighbouring tools take wrongly, as a user gives them: a command, and what it has to do."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.command_line import refused

from hbench.cli.output import fit_encoding

CAT = "The Normans gave their name to Normandy, a region in France."
FILMS = [{"sentence": "a fine film", "label": 1}, {"sentence": "dull", "label": 0}]


def questions(ids: list[Any]) -> list[dict[str, Any]]:
    answers = {"text": ["Normandy"], "answer_start": [CAT.index("Normandy")]}
    return [{"id": key, "context": CAT, "question": "To what?", "answers": answers} for key in ids]


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def options(task: str, folder: str = "data") -> list[str]:
    given = ["--task", task, "--data-dir", folder, "--model", "tiny", "--scorer", "length", "--keep", "0.5"]
    return ["run", "small", *given, "--seeds", "2", "--scoring-runs", "1", "--jobs", "1", "--quiet"]


@pytest.fixture
def case(hbench, tmp_path, one_thread):
    """Write the training and the evaluation split of a task, and run the small suite on it."""

    def run(task: str, file: str, train: bytes, evaluation: list[Any], split: str = "validation") -> Any:
        folder = tmp_path / "data" / task
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(train)
        (folder / f"{split}.jsonl").write_bytes(lines(evaluation))
        return hbench(*options(task), "--executor", "inline")

    return run


def trained(done: Any) -> None:
    assert done.code == 0, done.err
    assert "length" in done.out
    assert "failed" not in done.out


# --- ids and texts that look like something else


def test_csv_ids_with_leading_zeros(case):
    table = (
        "id,context,question,answer0,answer1,answer2,answer3,label\n"
        "007,It rained.,What?,a,b,c,d,2\n7,It snowed.,What?,a,b,c,d,1\n"
    )
    asked = {"context": "It rained.", "question": "What?", "label": 0, **{f"answer{i}": "abcd"[i] for i in range(4)}}
    trained(case("cosmosqa", "train.csv", table.encode(), [{"id": key, **asked} for key in ("1", "01", "1.0")]))


def test_ids_that_look_like_dates(case):
    ids = [f"2020-01-0{day}" for day in range(1, 5)]
    trained(case("squad_v2", "train.jsonl", lines(questions(ids)), questions(["12:30", "1e5", "null", "True"])))


def test_texts_that_look_like_dates(case):
    texts = ["2020-01-01", "2021-05-06", "2021-05-06T10:00:00Z"]
    rows = [{"sentence": text, "label": i % 2} for i, text in enumerate(texts)]
    trained(case("sst2", "train.jsonl", lines(rows), rows))


def test_jsonl_id_null(case):
    done = case("squad_v2", "train.jsonl", lines(questions(["a", "b", None, "d"])), questions(["a", "b"]))
    refused(done, "train.jsonl, row 3", "'id' holds None")


# --- tables


def test_csv_one_label_missing(case):
    done = case("sst2", "train.csv", b"sentence,label\nfine,1\nbad,\ngood,1\n", FILMS)
    refused(done, "train.csv, row 2", "line 3", "'label' is empty")


def test_csv_text_behind_a_closing_quote(case):
    done = case("sst2", "train.csv", b'sentence,label\n"unclosed start,1\nbad,0\nlast "film",1\ndull,0\n', FILMS)
    refused(done, "train.csv, line 4", "quote", "line 2")


def test_csv_unquoted_comma_in_every_row(case):
    done = case("sst2", "train.csv", b"sentence,label\ngood, very good,1\nbad, so bad,0\n", FILMS)
    refused(done, "train.csv, line 2", "3 fields instead of 2")


# --- encodings


def test_jsonl_latin_1(case):
    done = case("sst2", "train.jsonl", '{"sentence":"naïve","label":1}\n'.encode("latin-1") + lines(FILMS), FILMS)
    refused(done, "train.jsonl, line 1", "not UTF-8", "0xef")


def test_suite_with_bom(hbench, tmp_path):
    text = 'tasks = ["planted-sentence"]\nmodels = ["tiny"]\nscorers = ["length"]\n'
    (tmp_path / "suite.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    marked = hbench("plan", "suite.toml")
    (tmp_path / "suite.toml").write_bytes(text.encode())
    plain = hbench("plan", "suite.toml")
    assert (marked.code, marked.out) == (0, plain.out)


@pytest.mark.parametrize(
    ("content", "words"), [(b"name = '\xe9'\n", "line 1: not UTF-8"), (b"\xff\xfen\0", "not UTF-8")]
)
def test_suite_that_is_not_utf8(content, words, hbench, tmp_path):
    (tmp_path / "suite.toml").write_bytes(content)
    refused(hbench("plan", "suite.toml"), "suite.toml", words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1}\n', "notes.json"),
        (b"\xe9", "line 1: not UTF-8"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b"[", "not JSON"),
    ],
)
def test_results_folder_with_foreign_json(content, words, hbench, tmp_path):
    (tmp_path / "res").mkdir()
    (tmp_path / "res/notes.json").write_bytes(content)
    refused(hbench("leaderboard", "show", "--results", "res"), "notes.json", words)


# --- what a file says beside the rows


def test_jsonl_unused_column_null_for_many_rows(case):
    rows = [{"sentence": f"word {i}", "label": i % 2, "note": None} for i in range(6)]
    padding = [{"sentence": "word", "label": -1, "note": None, "more": "x" * 1_000_000}] * 12
    trained(case("sst2", "train.jsonl", lines([*rows, *padding, {**FILMS[0], "note": "hi"}]), FILMS))


def test_parquet_class_names_in_another_order(case, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    from hbench.data.load import describe_source
    from hbench.kinds import load_examples
    from hbench.plugins.registry import TASKS

    rows = {"premise": ["a", "b", "c"], "hypothesis": ["d", "e", "f"], "label": [0, 1, 2]}
    evaluation = [{"premise": "a", "hypothesis": "d", "label": i} for i in (0, 1, 2)]
    for names, labels in ((["contradiction", "neutral", "entailment"], [2, 1, 0]), (["no", "unclear", "yes"], None)):
        features = {"label": {"names": names, "_type": "ClassLabel"}}
        table = pa.table(rows).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        stream = io.BytesIO()
        pyarrow.parquet.write_table(table, stream)
        done = case("snli", "train.parquet", stream.getvalue(), evaluation, "test")
        if labels is None:
            refused(done, "train.parquet", "0 no, 1 unclear, 2 yes", "0 entailment, 1 neutral, 2 contradiction")
        else:
            trained(done)
            task = TASKS.find("snli")
            source = describe_source(task.plugin, tmp_path / "data", "snli")
            found = load_examples(task, "train", source=source, data_dir=tmp_path / "data", size=None, seed=0)
            assert found.columns["label"] == labels


# --- locales

#: A locale whose encoding holds neither the folder's name nor, as output, a dash.
LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"}


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["inline", "local"])
def test_locale_that_is_not_utf8(executor, tmp_path):
    folder = tmp_path / "dätä" / "sst2"
    folder.mkdir(parents=True)
    rows = [*FILMS, {"sentence": "naïve – 漢字", "label": 1}]
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_bytes("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())
    done = subprocess.run(
        [sys.executable, "-m", "hbench.cli", *options("sst2", "dätä"), "--executor", executor],
        cwd=tmp_path,
        env={**os.environ, **LOCALE},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"length" in done.stdout
    done.stdout.decode("ascii")


def test_signs_that_a_terminal_lacks_are_replaced(tmp_path):
    (tmp_path / "漢字.toml").write_text("nonsense = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "hbench.cli", "plan", "漢字.toml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 2, done.stderr
    assert b"suite ??.toml: unknown key 'nonsense'" in done.stderr


def test_output_fits_the_encoding(monkeypatch):
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream, encoding="latin-1", newline=""))
    fit_encoding()
    sys.stdout.write("a – b — é 漢\n")
    sys.stdout.flush()
    assert stream.getvalue() == b"a - b - \xe9 ?\n"


def test_folder_whose_name_is_no_text(hbench, tmp_path, one_thread):
    """A name of bytes that are not in the encoding of file names."""
    folder = Path(os.fsdecode(bytes(tmp_path / "d") + b"\xe4")) / "sst2"
    folder.mkdir(parents=True)
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_bytes(lines(FILMS))
    trained(hbench(*options("sst2", str(folder.parent)), "--executor", "inline"))
