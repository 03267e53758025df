"""A change to a board, reviewed in this process: its exit code, and the rows that its comment names."""

from __future__ import annotations

import json

import pytest
from support.actions import edited
from support.synthetic_results import cell, small_board, write_all

from hbench.render.publish import build

CELLS = small_board(tasks=("snli",), keeps=("0.3",))
COMPARED = ("el2n", "grand", "h-score", "length", "random")
ROW = "snli / validation / minilm / 0.3 / equal-epochs"
EL2N = next(c for c in CELLS if c.method == "el2n")


@pytest.fixture
def place(tmp_path):
    """A board, and a copy of its results as they were."""
    write_all(CELLS, tmp_path / "before")
    build(write_all(CELLS, tmp_path / "results"), tmp_path / "board")
    return tmp_path


@pytest.fixture
def reviewed(hbench, place):
    def run(*options):
        folders = ("--base", place / "before", "--results", place / "results", "--out", place / "board")
        return hbench("leaderboard", "review", *folders, "--name", "lab", *options)

    return run


def test_nothing_changed(reviewed):
    done = reviewed()
    assert done.code == 0
    assert done.out.startswith("Leaderboard lab : follows") or "follows from its results" in done.out
    assert "5 rows stayed the same" in done.out


def test_a_comment_names_what_was_added_and_that_the_board_is_to_be_built(reviewed, place):
    write_all([cell("snli", "grand", compared=COMPARED)], place / "results")
    done = reviewed("--format", "markdown")
    assert done.code == 1
    assert done.out.startswith("<!-- hbench leaderboard lab -->\n### Leaderboard ` lab `: drift\n")
    assert f"1 result was added: `{ROW} / grand`." in done.out
    build(place / "results", place / "board")
    assert reviewed().code == 0
    rows = json.loads(reviewed("--format", "json").out)["rows"]["rows"]
    assert {(row["method"], row["what"].partition(";")[0]) for row in rows} >= {("grand", "added")}


def test_what_was_replaced_or_removed_has_to_be_approved(reviewed, place):
    made = cell("snli", "el2n", effect=0.03, compared=EL2N.compared)
    (place / "results" / made.path).write_text(made.dump())
    (place / "results" / cell("snli", "length").path).unlink()
    build(place / "results", place / "board")
    done = reviewed("--format", "markdown")
    assert done.code == 1
    assert f"` replaced: {made.path} `" in done.out
    assert f"` removed: {cell('snli', 'length').path} `" in done.out
    assert "New against old, paired by seed and example" in done.out
    assert reviewed("--allow-replaced").code == 0


def test_what_cannot_be_accepted_is_named(reviewed, place):
    write_all([cell("snli", "grand", compared=COMPARED, protocol=2)], place / "results")
    edited(place / "results" / EL2N.path, values=[0.99, *EL2N.values[1:]])
    done = reviewed("--format", "markdown")
    assert done.code == 2
    assert "cannot be accepted" in done.out
    assert f"{ROW} / grand follows protocol 2, the results here protocol 1" in done.out
    assert "is 0.99, the mean of its per-example results is" in done.out
