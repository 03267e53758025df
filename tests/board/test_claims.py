"""What a board says to the claims of authors: it follows the verdicts, and says nothing where there is no assay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.boards import board_of, files
from support.synthetic_results import cell, failing, small_board, with_rivals, with_trivial

from hbench.board.claims import counts
from hbench.plugins.claims import Claim
from hbench.render.publish import MARKDOWN
from hbench.results.parse import parse_cell


def claim(relation, **changes):
    return Claim("it is so", "Author 2024, table 1", "paper", relation, **changes)


def answers(cells, method, *claims):
    cells = [replace(c, claims=claims) if c.method == method else c for c in cells]
    return board_of(cells).claims


def the_answers(cells, method, *claims):
    return [a.answer for a in answers(cells, method, *claims)]


#: el2n is 8 points above random and 2 below full, length as good as random, h-score 2 above full.
BOARD = small_board(tasks=("snli",), keeps=("0.3",))


@pytest.mark.parametrize(
    ("method", "relation", "against", "said"),
    [
        ("el2n", "better than", "random", "supported"),
        ("el2n", "worse than", "random", "contradicted"),
        ("length", "better than", "random", "undecided"),
        ("length", "not worse than full", None, "contradicted"),
        ("h-score", "not worse than full", None, "supported"),
    ],
)
def test_an_answer_follows_the_verdict(method, relation, against, said):
    assert the_answers(BOARD, method, claim(relation, against=against)) == [said]


def test_an_answer_changes_when_the_results_do():
    worse = [
        replace(cell(method="length", effect=-0.25), compared=BOARD[0].compared) if c.method == "length" else c
        for c in BOARD
    ]
    asked = claim("better than", against="random")
    assert the_answers(worse, "length", asked) == ["contradicted"]
    assert the_answers(BOARD, "length", asked) == ["undecided"]


def test_a_loss_that_the_claim_allows_takes_the_place_of_the_margin():
    """el2n loses about two points: more than the margin, less than ten."""
    assert the_answers(BOARD, "el2n", claim("not worse than full", loss=0.1)) == ["supported"]
    assert the_answers(BOARD, "length", claim("not worse than full", loss=0.02)) == ["contradicted"]


def test_rivals_answer_where_they_are_compared():
    rivalled = with_rivals(BOARD, "length")
    asked = claim("better than", against="length")
    assert the_answers(rivalled, "el2n", asked) == ["supported"]
    made = answers(BOARD, "el2n", asked)
    assert [(a.answer, a.reason) for a in made] == [("not tested", "not compared with length here")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tasks": ("sst2",)}, "no row of this board is in its range"),
        ({"kept": (0.6, 0.9)}, "no row of this board is in its range"),
        ({"kept": None}, "no row of this board is in its range"),
        ({"budget": "equal-steps"}, "no row of this board is in its range"),
    ],
)
def test_a_claim_about_something_else_is_not_tested(changes, reason):
    made = answers(BOARD, "el2n", claim("better than", against="random", **changes))
    assert [(a.answer, a.reason, a.cell) for a in made] == [("not tested", reason, None)]


def test_what_authors_claim_is_not_about_data_with_label_noise():
    noisy = [replace(c, task="snli[label_noise=0.1]") for c in BOARD]
    made = answers(noisy, "el2n", claim("better than", against="random"))
    assert [(a.answer, a.reason) for a in made] == [("not tested", "no row of this board is in its range")]


def test_a_claim_that_no_board_can_test():
    assert the_answers(BOARD, "el2n", claim("other")) == ["not tested"]


def test_without_an_assay_nothing_is_answered():
    hopeless = [with_trivial(c, share=0.9) if c.method == "full" else c for c in BOARD]
    made = answers(hopeless, "el2n", claim("better than", against="random"), claim("not worse than full"))
    assert [(a.answer, a.reason) for a in made] == [("not tested", "no assay")] * 2


def test_too_few_seeds_answer_nothing():
    few = [failing(c, 342, 4827, 1215) for c in BOARD]
    assert the_answers(few, "el2n", claim("better than", against="random")) == ["not tested"]


def test_every_row_in_range_answers():
    cells = small_board(tasks=("snli", "mnli"), keeps=("0.3", "0.5"))
    made = answers(cells, "el2n", claim("better than", against="random", tasks=("snli",)))
    assert [(a.cell.task, a.cell.keep) for a in made] == [("snli", "0.3"), ("snli", "0.5")]
    assert sum(counts(made).values()) == 2


def test_sizes_vary_where_those_of_two_tasks_lie_apart():
    """The size of a natural subset: 25 % of both tasks, then 25 % of one and half of the other."""
    cells = small_board(tasks=("snli", "mnli"), keeps=("h-score",))
    asked = claim("size varies", kept=None)
    assert the_answers(cells, "h-score", asked) == ["undecided"]
    apart = [
        replace(c, subset=replace(c.subset, sizes=(2000,) * 6, share=0.5)) if c.task == "mnli" and c.keep != "1" else c
        for c in cells
    ]
    made = answers(apart, "h-score", asked)
    assert [a.answer for a in made] == ["supported"]
    assert "snli 25.0% to 25.0%" in made[0].reason
    assert [a.answer for a in answers(small_board(("snli",), ("h-score",)), "h-score", asked)] == ["not tested"]


def test_the_page_shows_claims_and_answers_only_where_there_are_some():
    claims = (claim("better than", against="random", kept=(0.0, 0.6), setting="BERT, all rows"),)
    text = files(board_of([replace(c, claims=claims) if c.method == "el2n" else c for c in BOARD]))[MARKDOWN]
    section = text[text.index("## Claims of the papers") : text.index("## Cost and accuracy")]
    row = next(line for line in section.splitlines() if line.startswith("| `el2n` | it is so"))
    for shown in ("up to 60 %", "superior", "supported"):
        assert shown in row
    folded = section.split("<details>")[1]
    assert "| Author 2024, table 1 (paper) | BERT, all rows |" in folded
    assert "1 supported" in section
    assert "Claims of the papers" not in files(board_of(BOARD))[MARKDOWN]


def test_claims_are_written_and_read_back():
    claims = (
        claim("better than", against="random", kept=None, tasks=("snli",), options={"offset": 0.05}),
        claim("not worse than full", loss=0.01, budget="equal-cost", figure="1 point"),
    )
    made = replace(cell(), claims=claims)
    assert parse_cell(made.dump(), "x.json").claims == claims
    assert '"claims"' not in cell().dump()
