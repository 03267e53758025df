"""`hbench score` and `hbench prune`: what they write and print, and what they refuse."""

from __future__ import annotations

import csv

import datasets
import pytest
from support.command_line import refused
from support.own_rows import write_reviews

FAST = ("--model", "tiny", "--executor", "inline", "--recipe", "epochs=2", "--recipe", "max_length=32")
READ = ("--text", "text", "--label", "label", "--id", "id")


@pytest.fixture
def train(tmp_path):
    return write_reviews(tmp_path / "train.csv", 40, (3, 10, 17, 24))


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_table_of_ones_own_is_scored_and_pruned_by_two_commands(hbench, train, tmp_path, one_thread):
    done = hbench(
        "score",
        train,
        *READ,
        *FAST,
        "--scorer",
        "el2n",
        "--scorer",
        "h-score",
        "--runs",
        2,
        "--suspects",
        3,
        "--out",
        "scores.csv",
    )
    assert done.code == 0, done.err
    assert "classes: 0 bad (20), 1 good (20)" in done.err
    assert "2 trainings of tiny on 40 examples" in done.err
    assert "wrote scores.csv: 40 rows, el2n, h-score" in done.out
    assert "model answers" in done.out
    assert (tmp_path / "scores.provenance.json").is_file()
    again = hbench(
        "score", train, *READ, *FAST, "--scorer", "el2n", "--scorer", "h-score", "--runs", 2, "--out", "again.csv"
    )
    assert again.code == 0
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "scores.csv").read_bytes()

    done = hbench(
        "prune",
        train,
        "--scores",
        "scores.csv",
        "--by",
        "h-score",
        "--keep",
        0.3,
        "--balance",
        "--ids",
        "ids.txt",
        "--out",
        "pruned.csv",
    )
    assert done.code == 0, done.err
    assert "12 of 40 examples kept (30.0 %)" in done.out
    assert "scoring cost 2.00 trainings" in done.out
    assert "pays after 3 trainings" in done.out
    assert "Some of what was dropped" in done.out
    kept = rows(tmp_path / "pruned.csv")
    assert [row for row in rows(train) if row in kept] == kept
    assert len(kept) == 12
    assert (tmp_path / "ids.txt").read_text().split() == [row["id"] for row in kept]
    found = datasets.load_dataset(
        "csv", data_files=str(tmp_path / "pruned.csv"), split="train", cache_dir=str(tmp_path)
    )
    assert found["id"] == [row["id"] for row in kept]


def test_pruning_in_one_go(hbench, train, tmp_path, one_thread):
    done = hbench(
        "prune",
        train,
        *READ,
        *FAST,
        "--scorer",
        "aum",
        "--runs",
        1,
        "--keep",
        0.5,
        "--examples",
        0,
        "--out",
        "pruned.csv",
    )
    assert done.code == 0, done.err
    assert "20 of 40 examples kept" in done.out
    assert len(rows(tmp_path / "pruned.csv")) == 20


REFUSED = {
    "no scorer": (("score", "train.csv", *READ, "--out", "s.csv"), ("--scorer",)),
    "no column": (
        ("score", "train.csv", "--text", "txt", "--label", "label", "--scorer", "el2n", "--out", "s.csv"),
        ("train.csv", "'txt' is missing", "--text"),
    ),
    "no file": (("score", "trian.csv", *READ, "--scorer", "el2n", "--out", "s.csv"), ("trian.csv", "no such file")),
    "no table": (("score", "train.csv", *READ, "--scorer", "el2n", "--out", "s.json"), ("s.json", ".csv")),
    "no folder": (("score", "train.csv", *READ, "--scorer", "el2n", "--out", "a/s.csv"), ("a/s.csv", "no folder a")),
    "unknown kind": (
        ("score", "train.csv", *READ, "--kind", "clasification", "--scorer", "el2n", "--out", "s.csv"),
        ("clasification", "did you mean 'classification'"),
    ),
    "recipe": (
        ("score", "train.csv", *READ, "--scorer", "el2n", "--recipe", "epochs", "--out", "s.csv"),
        ("--recipe epochs", "KEY=VALUE"),
    ),
    "recipe type": (
        ("score", "train.csv", *READ, "--scorer", "el2n", "--recipe", "epochs=two", "--out", "s.csv"),
        ("epochs=two", "int"),
    ),
    "column": (
        ("score", "train.csv", "--column", "text", "--scorer", "el2n", "--out", "s.csv"),
        ("--column text", "ROLE=COLUMN"),
    ),
    "role twice": (
        ("score", "train.csv", *READ, "--column", "text=note", "--scorer", "el2n", "--out", "s.csv"),
        ("'text' are given twice",),
    ),
    "suspects of texts": (
        ("score", "train.csv", *READ, *FAST, "--scorer", "length", "--suspects", 3, "--out", "s.csv"),
        ("--suspects", "observe no training"),
    ),
    "no share": (("prune", "train.csv", "--scores", "s.csv", "--out", "p.csv"), ("--keep", "--natural")),
    "share": (("prune", "train.csv", "--scores", "s.csv", "--keep", "3", "--out", "p.csv"), ("--keep 3.0", "0.3")),
    "offset": (
        ("prune", "train.csv", "--scores", "s.csv", "--keep", "0.3", "--offset", "5", "--out", "p.csv"),
        ("--offset 5.0", "0.05"),
    ),
    "no scores": (("prune", "train.csv", "--keep", "0.3", "--out", "p.csv"), ("--scores", "--scorer")),
    "scores missing": (
        ("prune", "train.csv", "--scores", "s.csv", "--keep", "0.3", "--out", "p.csv"),
        ("s.csv", "cannot be read"),
    ),
    "other form": (
        ("prune", "train.csv", *READ, *FAST, "--scorer", "el2n", "--keep", "0.3", "--out", "p.parquet"),
        ("p.parquet", "end in .csv"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_before_anything_is_trained(hbench, train, tmp_path, name):
    arguments, fragments = REFUSED[name]
    refused(hbench(*arguments), *fragments)
    assert not (tmp_path / ".hbench").exists()


def test_ids_that_do_not_match_are_named_with_exit_code_2(hbench, train, tmp_path):
    (tmp_path / "s.csv").write_text("id,mine\n" + "".join(f"r{i:03d},{i}\n" for i in range(1, 41)))
    asked = ("prune", train, "--id", "id", "--scores", "s.csv", "--keep", "0.3", "--order", "highest", "--out", "p.csv")
    refused(hbench(*asked), "s.csv", "no scores for id 'r000'", "train.csv")
    (tmp_path / "s.csv").write_text("id,mine\n" + "".join(f"r{i:03d},{i}\n" for i in range(41)))
    refused(hbench(*asked), "s.csv", "id 'r040'", "train.csv does not have")
    (tmp_path / "s.csv").write_text("id,mine\nr000,1\nr001,2\nr000,3\n")
    refused(hbench(*asked), "s.csv, line 4", "'r000'", "line 2")
    assert not (tmp_path / "p.csv").exists()


def test_scores_of_ones_own_prune_without_a_provenance(hbench, train, tmp_path):
    (tmp_path / "s.csv").write_text("id,mine\n" + "".join(f"r{i:03d},{i}\n" for i in reversed(range(40))))
    asked = (
        "prune",
        train,
        "--id",
        "id",
        "--label",
        "label",
        "--scores",
        "s.csv",
        "--keep",
        "0.25",
        "--order",
        "lowest",
    )
    done = hbench(*asked, "--out", "p.csv")
    assert done.code == 0, done.err
    assert [row["id"] for row in rows(tmp_path / "p.csv")] == [f"r{i:03d}" for i in range(10)]
    assert "bad" in done.out
    every = "".join(f"{row['id']},{int(row['label'] == 'good')}\n" for row in rows(train))
    (tmp_path / "s.csv").write_text(f"id,mine\n{every}")
    done = hbench(*asked, "--out", "p.csv")
    assert "No example of the class 'good' is kept; --balance" in done.out
