"""Metrics that are no mean on the board: one and the same metric in every column of a row."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef
from support.boards import board_of, files, flat_rivals, flat_rows
from support.paths import ROOT
from support.synthetic_results import SEEDS, cell, failing, small_board, with_rivals, with_trivial

from hbench.board.measures import measure_of
from hbench.errors import HbenchError
from hbench.results.cell import TrivialAnswer
from hbench.results.folder import results_of
from hbench.results.outcomes import Outcomes
from hbench.results.parse import parse_cell
from hbench.statistics import pseudo_values, two_t_mean, two_t_ratio, two_t_test
from hbench.statistics.confusion import METRICS, counts_by_example

LABELS = ["unequal", "equal"]
GOLD = np.random.default_rng(3).random(400) < 0.6
SKLEARN = {"f1": lambda gold, said: f1_score(gold, said, zero_division=0.0), "matthews": matthews_corrcoef}
#: One class is named by the trivial answer of a task whose first or second class is the more frequent one.
ANSWERS = {"always equal": GOLD, "always unequal": ~GOLD}


def one_column():
    return small_board(tasks=("snli",), keeps=("0.3",))


def right(made):
    return np.stack([made.examples.decode(i) for i in range(len(made.seeds))])


def of_two(metric, cells, publish=False):
    """Cells of a task of two classes by a metric of them, which tell the gold classes when `publish` says so."""
    found = []
    for made in cells:
        rows = right(made)
        values = tuple(float(SKLEARN[metric](GOLD, np.where(row == 1, GOLD, ~GOLD))) for row in rows)
        data = replace(made.data, declaration={**made.data.declaration, "labels": LABELS})
        examples = Outcomes.encode(list(rows), made.examples.cases, GOLD if publish else None)
        found.append(replace(made, metric=metric, values=values, data=data, examples=examples))
    return found


def with_answer(cells, answer="always equal"):
    trivial = TrivialAnswer(answer, Outcomes.encode([ANSWERS[answer].astype(float)]))
    return [replace(c, trivial=trivial) if c.is_full else c for c in cells]


def rows_by_method(cells):
    return {row.method: row for row in flat_rows(cells)}


@pytest.mark.parametrize("metric", SKLEARN)
@pytest.mark.parametrize("told", ["by the files", "by the second class", "by the first class"])
def test_metric_difference_interval_and_shares_are_of_the_metric(metric, told):
    cells = of_two(metric, one_column(), publish=told == "by the files")
    cells = with_answer(cells, "always unequal" if told == "by the first class" else "always equal")
    rows, by_method = rows_by_method(cells), {c.method: c for c in cells}
    full, row = rows["full"], rows["el2n"]
    pseudo = {name: pseudo_values(counts_by_example(right(c), GOLD), METRICS[metric]) for name, c in by_method.items()}
    trivial = np.where(ANSWERS[by_method["full"].trivial.answer], GOLD, ~GOLD)
    reached = SKLEARN[metric](GOLD, trivial)
    assert row.tested == metric
    assert row.values_mean is None
    assert row.metric == pytest.approx(np.mean(by_method["el2n"].values))
    assert row.full_difference == pytest.approx(row.metric - full.metric)
    assert row.random_difference == pytest.approx(row.metric - rows["random"].metric)
    assert row.full_share == pytest.approx(row.metric / full.metric)
    assert row.gain == pytest.approx((row.metric - reached) / (full.metric - reached))
    assert full.trivial_mean == pytest.approx(reached)
    assert full.trivial_difference == pytest.approx(full.metric - reached)
    test = two_t_test(pseudo["el2n"], pseudo["random"])
    assert (row.random_p, row.random_low, row.random_high) == pytest.approx((test.p, test.low, test.high))
    mean, share = two_t_mean(pseudo["el2n"]), two_t_ratio(pseudo["el2n"], pseudo["full"])
    assert (row.metric_low, row.metric_high) == pytest.approx((mean.low, mean.high))
    assert (row.full_share_low, row.full_share_high) == pytest.approx((share.low, share.high))


def test_rivals_and_passages_are_of_the_metric_too():
    cases = [i // 7 for i in range(400)]
    cells = [replace(c, examples=replace(c.examples, cases=tuple(cases))) for c in one_column()]
    cells = of_two("f1", with_rivals(cells, "length"), publish=True)
    by_method = {c.method: c for c in cells}
    [found] = [c for c in flat_rivals(board_of(cells)) if c.method == "el2n"]
    ours, theirs = (
        pseudo_values(counts_by_example(right(by_method[name]), GOLD), METRICS["f1"], cases)
        for name in ("el2n", "length")
    )
    test = two_t_test(ours, theirs, cases)
    assert found.difference == pytest.approx(np.mean(by_method["el2n"].values) - np.mean(by_method["length"].values))
    assert (found.difference, found.p) == pytest.approx((test.mean, test.p))


def test_a_failed_seed_counts_as_the_metric_of_the_trivial_answer():
    cells = with_answer(of_two("f1", one_column()))
    cells = [failing(c, SEEDS[0]) if c.method == "el2n" else c for c in cells]
    lost = next(c for c in cells if c.method == "el2n")
    reached = f1_score(GOLD, np.ones(400))
    assert rows_by_method(cells)["el2n"].metric == pytest.approx((sum(lost.values[1:]) + reached) / 6)


def test_runs_are_held_against_the_metric_of_the_trivial_answer():
    """Always naming the positive class has an F1 of .75 here: runs that are right on 70 % need not be above it."""
    cells = with_answer(of_two("f1", [cell(method="full", effect=-0.05), *one_column()[1:]]))
    full = rows_by_method(cells)["full"]
    assert full.trivial_mean == pytest.approx(f1_score(GOLD, np.ones(400)))
    assert (full.metric > full.trivial_mean) == (full.trivial_difference > 0)


@pytest.mark.parametrize("wrong", ["no labels", "another answer", "a metric that does not follow", "no gold classes"])
def test_what_cannot_be_recomputed_is_tested_by_its_examples_and_said(wrong):
    cells = with_answer(of_two("f1", one_column()))
    if wrong == "no labels":
        cells = [replace(c, data=replace(c.data, declaration={"kind": "classification"})) for c in cells]
    if wrong == "another answer":
        cells = [replace(c, trivial=replace(c.trivial, answer="guessing")) if c.trivial else c for c in cells]
    if wrong == "a metric that does not follow":
        cells = [replace(c, values=tuple(v - 0.01 for v in c.values)) if c.method == "length" else c for c in cells]
    if wrong == "no gold classes":
        cells = [replace(c, trivial=None) for c in cells]
    assert measure_of(cells) is None
    row = rows_by_method(cells)["el2n"]
    assert row.tested == "per-example result"
    assert row.metric_low is None
    assert "f1 is not a mean over examples and cannot be recomputed here" in files(board_of(cells))["LEADERBOARD.md"]


def test_a_page_says_what_the_tests_of_a_recomputed_metric_are_about():
    cells = of_two("f1", one_column(), publish=True)
    text = files(board_of(cells))["LEADERBOARD.md"]
    assert "verdicts are about f1 itself, recomputed without each example in turn" in text
    assert "cannot be recomputed here" not in text
    assert "f1 itself" not in files(board_of(one_column()))["LEADERBOARD.md"]


def test_gold_classes_are_published_once_and_checked():
    [made] = of_two("f1", [cell()], publish=True)
    assert parse_cell(made.dump(), "a.json") == made
    assert "gold" not in json.loads(cell().dump())["examples"]
    told = json.loads(made.dump())
    for change, words in (
        ({"values": [v - 0.01 for v in made.values]}, r"values\[0\]' is .* the f1 of its per-example results"),
        ({"metric": "accuracy"}, "of no use to accuracy"),
        ({"examples": {**told["examples"], "gold": "AAAA"}}, "holds 3 bytes where 400 examples take 50"),
        ({"examples": {**told["examples"], "gold": "no!"}}, "not base64"),
    ):
        changed = told | change
        if change.get("metric") == "accuracy":
            changed["values"] = [float(row.mean()) for row in right(made)]
        with pytest.raises(HbenchError, match=words):
            parse_cell(json.dumps(changed), "a.json")
    with pytest.raises(HbenchError, match=r"trivial\.examples\.gold"):
        full = with_trivial(cell(method="full"))
        inner = replace(full.trivial.examples, gold=made.examples.gold)
        parse_cell(replace(full, trivial=replace(full.trivial, examples=inner)).dump(), "a.json")


@pytest.mark.parametrize("labels", [["a"], ["a", "b", "c"], 7, None, "ab"])
def test_labels_that_are_not_two_tell_nothing(labels):
    made = replace(cell(), metric="f1")
    made = replace(made, data=replace(made.data, declaration={"labels": labels}))
    assert made.metric_of_counts is None


def test_published_results_of_mrpc_follow_from_their_bits():
    """Older files do not hold the gold classes; the trivial answer, which always says `equivalent`, tells them."""
    found = results_of(ROOT / "leaderboard" / "dynamic" / "results" / "mrpc")
    measure = measure_of(found)
    assert measure is not None
    runs = [(c, i) for c in found for i, value in enumerate(c.values) if value is not None]
    assert len(runs) == 66
    for c, i in runs:
        assert measure.of(c.examples.decode(i)) == pytest.approx(c.values[i], abs=1e-12)
    board = board_of(found)
    for standing in board.standings:
        metric = {row.method: row.metric.value for row in standing.rows}
        for row in standing.rows:
            for role, baseline in (("full", "full"), ("random", "random")):
                difference = row.against(role)
                if difference is not None:
                    assert difference.difference == pytest.approx(metric[row.method] - metric[baseline], abs=1e-12)
            for rival in row.rivals:
                assert rival.difference == pytest.approx(metric[row.method] - metric[rival.baseline], abs=1e-12)
