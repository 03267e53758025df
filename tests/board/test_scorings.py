"""Rows whose seeds share sets of scores: read, corrected, marked and charged."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from support.boards import board_of, files, flat
from support.synthetic_results import SEEDS, cell, cost_of, outcomes_of, small_board, with_rivals, with_trivial

from hbench.render.formats import renderer
from hbench.render.publish import MARKDOWN
from hbench.render.sections import page_of
from hbench.results.cell import CellResult, Scoring
from hbench.results.fields import ResultError
from hbench.results.parse import parse_cell
from hbench.statistics import GroupedMeans, inflation, pooled_lambda, two_t_mean, two_t_ratio, two_t_test

ONES = Scoring(tuple((seed,) for seed in SEEDS), (1, 2, 3, 4, 5, 0))
HALVES = Scoring((SEEDS[:3], SEEDS[3:]), (1, 1, 1, 0, 0, 0))


def column(**scorings: Scoring) -> list[CellResult]:
    """One table in which some methods are scored by groups."""
    cells = small_board(tasks=("snli",), keeps=("0.3",))
    named = {name.replace("_", "-"): scoring for name, scoring in scorings.items()}
    made = [grouped(c, named[c.method]) if c.method in named else c for c in cells]
    return [with_trivial(c) if c.is_full else c for c in made]


def grouped(made: CellResult, scoring: Scoring) -> CellResult:
    """The same cell, charged for the runs that one set of scores takes."""
    parts = {(epoch, "training"): scoring.runs / 3 for epoch in (1, 2, 3)}
    return replace(made, scoring=scoring, cost=cost_of(0.3, True, parts))


def rows_of(cells):
    return {row.method: row for row in board_of(cells).rows}


def test_groups_are_read_back_and_left_out_where_there_are_none():
    made = replace(cell(), scoring=HALVES)
    payload = json.loads(made.dump())
    assert payload["scoring"] == {"groups": [list(SEEDS[:3]), list(SEEDS[3:])], "scored_by": [1, 1, 1, 0, 0, 0]}
    assert parse_cell(made.dump(), "x.json") == made
    assert "scoring" not in json.loads(cell().dump())
    assert cell().scored_from == Scoring((SEEDS,), (0,) * 6)  # of before there were groups
    assert cell(method="random").scored_from is None


@pytest.mark.parametrize(
    ("scoring", "field", "fragment"),
    [
        ({"groups": [], "scored_by": [0] * 6}, "scoring.groups", "a list of groups"),
        ({"groups": [[342], [4827, 98]], "scored_by": [0] * 6}, "scoring.groups", "all of one size"),
        ({"groups": [[342], [342]], "scored_by": [0] * 6}, "scoring.groups", "none twice"),
        ({"groups": [[]], "scored_by": [0] * 6}, "scoring.groups", "at least 1"),
        ({"groups": [[True]], "scored_by": [0] * 6}, "scoring.groups", "a list of groups"),
        ({"groups": [list(SEEDS)[:5]], "scored_by": [0] * 6}, "scoring.groups", "the runs of scoring_runs"),
        ({"groups": [list(SEEDS)], "scored_by": [0] * 5}, "scoring.scored_by", "names 5 groups for 6 seeds"),
        ({"groups": [list(SEEDS)], "scored_by": [1] * 6}, "scoring.scored_by", "names group 1 of 1"),
        ({"groups": [list(SEEDS)], "scored_by": "all"}, "scoring.scored_by", "a list of integers"),
        ({"groups": [list(SEEDS)]}, "scoring.scored_by", "is missing"),
        ({"groups": [list(SEEDS)], "scored_by": [0] * 6, "x": 1}, "scoring.x", "is unknown"),
        (
            {"groups": [list(SEEDS[:3]), list(SEEDS[3:])], "scored_by": [0, 1, 1, 0, 0, 0]},
            "scoring.scored_by",
            "lets seed 342 be scored by group 0, which holds its run",
        ),
    ],
)
def test_groups_that_cannot_be_are_refused_by_name(scoring, field, fragment):
    payload = json.loads(cell().dump()) | {"scoring": scoring}
    with pytest.raises(ResultError) as caught:
        parse_cell(json.dumps(payload), "x.json")
    assert f"x.json: field '{field}'" in str(caught.value)
    assert fragment in str(caught.value)


def test_a_set_for_every_seed_is_tested_as_it_is_and_bears_no_mark():
    rows = rows_of(column(el2n=ONES))
    assert (rows["el2n"].scorings, rows["el2n"].scoring_runs, rows["el2n"].seed_inflation) == (6, 1, None)
    found = rows["el2n"].against("random")
    x, y = (np.stack(outcomes_of("snli", name, "0.3")) for name in ("el2n", "random"))
    assert found.test == two_t_test(x, y)
    assert not found.these_examples
    assert rows["h-score"].against("random").these_examples
    assert board_of(column(el2n=ONES)).shared_scores is None


def test_shared_sets_enter_every_test_of_their_rows_and_of_no_other():
    board = board_of(with_rivals(column(el2n=HALVES, h_score=HALVES), "length", "h-score"))
    table = {name: np.stack(outcomes_of("snli", name, "0.3")) for name in ("el2n", "h-score", "random", "length")}
    full = np.stack(outcomes_of("snli", "full", "1"))
    means = [
        GroupedMeans((table[m] - table["random"]).mean(axis=1).tolist(), HALVES.scored_by) for m in ("el2n", "h-score")
    ]
    ratio = pooled_lambda(means)
    factor = inflation(ratio, HALVES.scored_by)
    assert (board.shared_scores.ratio, board.shared_scores.rows) == (pytest.approx(ratio), 2)
    assert board.shared_scores.methods == ("el2n", "h-score")
    rows = {row.method: row for row in board.rows}
    row = rows["el2n"]
    assert row.seed_inflation == pytest.approx(factor)
    assert row.against("random").p == pytest.approx(two_t_test(table["el2n"], table["random"], inflation=factor).p)
    assert row.against("full").low == pytest.approx(two_t_test(table["el2n"], full, inflation=factor).low)
    assert row.metric.low == pytest.approx(two_t_mean(table["el2n"], inflation=factor).low)
    assert row.share.low == pytest.approx(two_t_ratio(table["el2n"], full, inflation=factor).low)
    by_rival = {c.baseline: c for c in row.rivals}
    assert by_rival["length"].p == pytest.approx(two_t_test(table["el2n"], table["length"], inflation=factor).p)
    plain = rows_of(column())["length"].against("random")
    assert rows["length"].against("random").test == plain.test
    # a side that is the rival counts as well
    length = {c.baseline: c for c in rows["length"].rivals}["h-score"]
    assert length.p == pytest.approx(two_t_test(table["length"], table["h-score"], inflation=factor).p)


def test_a_row_counts_once_and_not_where_its_split_is_a_further_one():
    cells = column(h_score=HALVES)
    further = [replace(c, split="second", primary=False) for c in cells]
    assert board_of([*cells, *further]).shared_scores == board_of(cells).shared_scores


def test_without_a_random_subset_the_full_data_tell_the_ratio_and_without_both_it_is_1():
    cells = column(h_score=HALVES)
    no_random = [c for c in cells if c.method != "random"]
    x, y = np.stack(outcomes_of("snli", "h-score", "0.3")), np.stack(outcomes_of("snli", "full", "1"))
    expected = pooled_lambda([GroupedMeans((x - y).mean(axis=1).tolist(), HALVES.scored_by)])
    assert board_of(no_random).shared_scores.ratio == pytest.approx(expected)
    alone = [c for c in no_random if not c.is_full]
    assert (board_of(alone).shared_scores.ratio, board_of(alone).shared_scores.rows) == (1.0, 0)
    assert "is taken to be 1.00 times" in files(board_of(alone))[MARKDOWN]


def test_the_page_states_the_ratio_and_what_it_does():
    board = board_of(column(el2n=ONES, h_score=HALVES))
    text = files(board)[MARKDOWN]
    ratio = f"{board.shared_scores.ratio:.2f}"
    assert "Several seeds share each set of scores of `h-score`" in text
    assert f"is {ratio} times that between the seeds of one set, by restricted likelihood over 1 row" in text
    assert f"(1 + {ratio} k) / (1 + {ratio} (S - k) / (S - 1))" in text
    assert "Several seeds share" not in files(board_of(column()))[MARKDOWN]


def test_verdicts_about_one_set_of_scores_are_marked_in_every_format():
    board = board_of(column(el2n=ONES))
    said = {row.method: row.against("random").verdict for row in board.rows if row.role == "method"}
    page = page_of(board)
    text = renderer("markdown")(page)
    assert f"{said['h-score']}†" in text
    assert f"{said['el2n']}†" not in text.replace(f"{said['h-score']}†", "") or said["el2n"] == said["h-score"]
    assert "- † these examples, not the method: `h-score`." in text
    terminal = renderer("text")(page)
    lines = {line.split()[0]: line for line in terminal.splitlines() if line}  # the last ones: those of the table
    assert f"{said['h-score']}†" in lines["h-score"]
    assert "†" not in lines["el2n"]
    assert "6 × 1 run" in lines["el2n"]
    assert "1 × 6 runs" in lines["h-score"]
    assert "† these examples, not the method" in terminal
    flags = {row.method: flat(row).these_examples for row in board.rows}
    assert flags == {"full": False, "random": False, "length": False, "el2n": False, "h-score": True}
    across = text[text.index("## Across tasks") :]
    assert "| `h-score`† |" in across
    assert "| `el2n` |" in across


def test_a_set_of_one_run_shares_its_run_with_a_set_of_three():
    parts = {(1, "training"): 1.0}
    cells = [
        *(c for c in column(el2n=ONES, h_score=HALVES) if c.method not in ("el2n", "h-score")),
        replace(cell(scoring=ONES), cost=cost_of(0.3, True, parts)),
        replace(cell(method="h-score", scoring=HALVES), cost=cost_of(0.3, True, {(1, "training"): 3.0})),
    ]
    rows = rows_of(cells)
    found = {m: (rows[m].costs.net_shared - 0.3, rows[m].costs.net_alone - 0.3) for m in ("el2n", "h-score")}
    assert found == {
        "el2n": (pytest.approx(0.5), pytest.approx(1.0)),
        "h-score": (pytest.approx(2.5), pytest.approx(3.0)),
    }
