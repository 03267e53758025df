"""Which full-data runs score for which training seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.made_up_scores import finish

from hbench.errors import UsageError
from hbench.experiment.bind import BoundExperiment, bind
from hbench.experiment.groups import groups_of
from hbench.experiment.plan import make_plan
from hbench.experiment.prune import Unavailable, prune
from hbench.experiment.seeds import tie_seed, training_seeds
from hbench.experiment.suite import Suite
from hbench.jobs.store import Store

ONE_TASK = ("planted-sentence[size=60]",)


@pytest.mark.parametrize(
    ("seeds", "size", "runs", "scored_by"),
    [
        (6, 1, "0 1 2 3 4 5", "123450"),
        (6, 2, "01 23 45", "112200"),
        (6, 3, "012 345", "111000"),
        (6, 4, "0123", "000000"),
        (6, 8, "01234567", "000000"),
        (2, 1, "0 1", "10"),
        (1, 1, "0", "0"),
        (5, 2, "01 23", "11000"),  # the run left over is in no group
        (7, 3, "012 345", "1110000"),
        (8, 3, "012 345", "11100001"),
        (11, 4, "0123 4567", "11110000010"),
        (6, 0, "", "000000"),  # a method that reads no run
    ],
)
def test_groups_are_consecutive_runs_and_the_next_group_scores(seeds, size, runs, scored_by):
    found, named = groups_of(seeds, size), training_seeds(8)
    places = training_seeds(max(seeds, size))
    assert found.runs == tuple(tuple(places[int(digit)] for digit in group) for group in runs.split(" "))
    assert [found.scored_by[seed] for seed in training_seeds(seeds)] == [int(digit) for digit in scored_by]
    assert named[:6] == places[:6] or seeds < 6


@given(st.integers(1, 40), st.integers(1, 40))
def test_no_seed_is_scored_by_a_group_that_holds_it_and_groups_share_the_work(seeds, size):
    found = groups_of(seeds, size)
    assert {len(group) for group in found.runs} == {size}
    assert len(set(found.seeds)) == len(found.seeds) == size * len(found.runs)
    if len(found.runs) == 1:
        assert 2 * size > seeds
        return
    assert len(found.runs) == seeds // size
    for seed in training_seeds(seeds):
        assert seed not in found.of(seed)
    served = Counter(found.scored_by.values())
    assert max(served.values()) - min(served.values()) <= 1


@pytest.mark.parametrize(
    ("seeds", "size", "runs", "scored_by"),
    [
        (4, 1, "0 1 2 3", "1230"),
        (8, 1, "0 1 2 3 4 5 6 7", "12305674"),
        (8, 2, "01 23 45 67", "11003322"),
        (8, 3, "012", "00000000"),
    ],
)
def test_the_seeds_that_a_look_adds_score_for_each_other(seeds, size, runs, scored_by):
    found, names = groups_of(seeds, size, 4), training_seeds(seeds)
    assert found.runs == tuple(tuple(names[int(digit)] for digit in group) for group in runs.split(" "))
    assert [found.scored_by[seed] for seed in names] == [int(digit) for digit in scored_by]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(2, 4))
def test_another_look_leaves_the_groups_of_earlier_seeds_as_they_are(step, size, looks):
    earlier, later = groups_of(step, size, step), groups_of(step * looks, size, step)
    for seed in training_seeds(step):
        assert later.of(seed) == earlier.of(seed)
    for seed in training_seeds(step * looks):
        assert len(later.runs) == 1 or seed not in later.of(seed)


def test_a_suite_with_looks_rotates_within_each_look():
    scorer = make_plan(made(looks=(4, 8), seeds=4)).experiments[0].methods[0]
    four, eight = (made(looks=(4, 8), seeds=seeds).groups_for(scorer) for seeds in (4, 8))
    assert [eight.of(seed) for seed in training_seeds(4)] == [four.of(seed) for seed in training_seeds(4)]
    without = made(seeds=8).groups_for(scorer)
    assert without.of(training_seeds(4)[-1]) != four.of(training_seeds(4)[-1])


def made(**changes: object) -> Suite:
    fields = {"name": "t", "tasks": ONE_TASK, "models": ("tiny",), "scorers": ("el2n", "h-score"), "keep": (0.5,)}
    return Suite(**{**fields, **changes})


def bound_to(suite: Suite, folder: Path) -> BoundExperiment:
    return bind(make_plan(suite).experiments[0], suite, None, Store(folder))


def test_a_score_reads_the_runs_of_its_group_and_one_job_serves_the_seeds_of_a_block(tmp_path):
    bound = bound_to(made(scoring_runs={"h-score": 3}), tmp_path)
    key = {job.key: seed for seed, job in bound.full.items()}
    seeds = training_seeds(6)
    read = {ref: [[key[run] for run in job.runs] for job in jobs.values()] for ref, jobs in bound.scores.items()}
    assert read["el2n"] == [[seed] for seed in (*seeds[1:], seeds[0])]
    assert read["h-score"] == [list(seeds[3:])] * 3 + [list(seeds[:3])] * 3
    assert read["random"] == [[]] * 6
    assert [len(bound.distinct_scores(ref)) for ref in ("el2n", "h-score", "random")] == [6, 2, 6]
    # a score needs no run beside its own: the others may fail
    assert all(job.examples in job.runs for ref in ("el2n", "h-score") for job in bound.scores[ref].values())
    assert [job.draw for job in bound.scores["random"].values()] == list(seeds)
    names = bound.ready_scores(finished(bound, tmp_path))
    assert f"{bound.experiment.title} el2n scores for seed 342" in names
    assert f"{bound.experiment.title} h-score scores for seeds 342, 4827, 1215" in names


def finished(bound: BoundExperiment, folder: Path, **scores: np.ndarray) -> Store:
    store = Store(folder)
    finish(store, bound, scores)
    return store


def test_a_group_with_more_runs_than_seeds_trains_the_further_ones(tmp_path):
    bound = bound_to(made(seeds=2, scoring_runs=3), tmp_path)
    assert tuple(bound.full) == training_seeds(3)
    assert all(job.observe is not None for job in bound.full.values())
    assert len(bound.distinct_scores("el2n")) == 1
    assert bound.experiment.evaluation_seeds == training_seeds(2)


def test_a_task_that_is_only_scored_is_scored_as_often_as_the_others(tmp_path):
    suite = made(tasks=(), diagnose=ONE_TASK, scoring_runs={"h-score": 3}, seeds=7)
    bound = bound_to(suite, tmp_path)
    assert [len(bound.distinct_scores(ref)) for ref in ("el2n", "h-score", "random")] == [7, 2, 7]
    assert tuple(bound.full) == training_seeds(7)
    assert tuple(bound_to(made(tasks=(), diagnose=ONE_TASK, scorers=("length",)), tmp_path).full) == training_seeds(1)


def test_every_seed_has_the_subset_and_the_size_of_its_own_group(tmp_path):
    bound = bound_to(made(keep=(0.5, "h-score"), scoring_runs={"h-score": 3}), tmp_path)
    store = finished(bound, tmp_path)
    masks = {(arm.method.ref, arm.keep.label, seed): run.mask for (arm, seed), run in prune(bound, store).runs.items()}
    subsets = {
        ref: [masks[ref, "0.5", seed].tobytes() for seed in training_seeds(6)] for ref in ("el2n", "h-score", "random")
    }
    assert [len(set(found)) for found in subsets.values()] == [6, 2, 6]
    assert len(set(subsets["h-score"][:3])) == len(set(subsets["h-score"][3:])) == 1
    # two scores, two natural subsets of made-up sizes
    assert len({masks["h-score", "h-score", seed].tobytes() for seed in training_seeds(6)}) == 2


def test_ties_are_broken_anew_for_every_seed_and_alike_for_all_methods(tmp_path):
    bound = bound_to(made(scorers=("el2n", "length", "dynamic-random")), tmp_path)
    ties = np.repeat([1.0, 0.0], [10, 50])
    store = finished(bound, tmp_path, el2n=ties, length=ties)
    runs = prune(bound, store).runs
    by_method = {ref: [] for ref in ("el2n", "length")}
    for (arm, _), run in runs.items():
        if arm.method.ref in by_method:
            assert run.mask[:10].all() and run.mask.sum() == 30
            by_method[arm.method.ref].append(run.mask.tobytes())
    assert by_method["el2n"] == by_method["length"]
    assert len(set(by_method["el2n"])) == 6
    drawn = {seed: run.job.curriculum.selection_seed for (arm, seed), run in runs.items() if run.mask is None}
    assert drawn == {seed: tie_seed(0, seed) for seed in training_seeds(6)}


def test_the_seeds_of_ties_never_change():
    assert (tie_seed(0, 342), tie_seed(0, 4827), tie_seed(1, 342)) == (587533394, 1377640388, 347591370)


def test_a_natural_subset_that_is_empty_says_how_many_runs_it_had(tmp_path):
    bound = bound_to(made(keep=("h-score",)), tmp_path)
    store = Store(tmp_path)
    finish(store, bound, natural=np.zeros(60, dtype=bool))
    reasons = {run.reason for run in prune(bound, store).runs.values() if isinstance(run, Unavailable)}
    assert reasons == {
        "the natural subset of h-score is empty with 3 scoring runs; give it more with --scoring-runs h-score=N"
    }


# --- what a suite and the command line may say


@pytest.mark.parametrize(
    ("given_runs", "expected"),
    [
        (2, {"default": 2}),
        ({"h-score": 3}, {"h-score": 3}),
        ({}, {}),
        ({"default": 2, "el2n[ epoch = 2 ]": 4}, {"default": 2, "el2n[epoch=2]": 4}),
    ],
)
def test_the_table_is_brought_to_one_form(given_runs, expected):
    assert made(scorers=("el2n[epoch=2]", "el2n", "h-score"), scoring_runs=given_runs).scoring_runs == expected


def test_the_reference_of_a_scorer_wins_over_its_name_and_that_over_the_default(tmp_path):
    table = {"default": 2, "el2n": 1, "el2n[epoch=2]": 3}
    suite = made(scorers=("el2n", "el2n[epoch=2]", "el2n[epoch=3]", "h-score", "length"), scoring_runs=table)
    runs = {ref: len(groups.runs[0]) for ref, groups in make_plan(suite).experiments[0].groups.items()}
    assert runs == {"el2n": 1, "el2n[epoch=2]": 3, "el2n[epoch=3]": 1, "h-score": 2, "length": 0, "random": 0}


@pytest.mark.parametrize(
    ("table", "fragments"),
    [
        ({"h-scor": 3}, ["scoring_runs: unknown scorer 'h-scor'", "did you mean 'h-score'"]),
        ({"grand": 3}, ["scoring_runs: 'grand' is not among the scorers of this suite"]),
        ({"el2n[epoch=2]": 3}, ["'el2n[epoch=2]' is not among", "known: el2n, h-score"]),
        ({"el2n[epoc=2]": 3}, ["scoring_runs: el2n has no option 'epoc'"]),
        ({"el2n": 0}, ["scoring_runs.el2n 0: use an integer of at least 1"]),
        ({"default": "x"}, ["scoring_runs.default 'x': use an integer"]),
        ({"el2n": 1001}, ["scoring_runs.el2n 1001", "at most 1000"]),
        ({"el2n": 1, "el2n[]": 2}, ["scoring_runs"]),
        ([1], ["scoring_runs [1]: use an integer"]),
        (True, ["scoring_runs True: use an integer"]),
    ],
)
def test_a_mistake_in_the_table_is_named(table, fragments):
    with pytest.raises(UsageError) as caught:
        made(scoring_runs=table)
    for fragment in fragments:
        assert fragment in str(caught.value)
    assert str(caught.value).startswith("scoring_runs")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), {"default": 2, "h-score": 3}),
        (("1",), {"default": 1}),
        (("h-score=2",), {"default": 2, "h-score": 2}),
        (("el2n=4",), {"default": 2, "h-score": 3, "el2n": 4}),
        (("h-score=2", "1"), {"default": 1, "h-score": 2}),
        (("default=5",), {"default": 5, "h-score": 3}),
    ],
)
def test_the_command_line_changes_one_scorer_or_all(texts, expected):
    suite = made(scoring_runs={"default": 2, "h-score": 3})
    assert suite.overridden(scoring_runs=texts).scoring_runs == expected


def test_what_the_suite_says_of_scorers_left_out_goes_with_them():
    suite = made(scoring_runs={"default": 2, "h-score": 3}, keep=(0.5, "h-score"))
    assert suite.overridden(scorers=["el2n"]).scoring_runs == {"default": 2, "h-score": 3}  # it still sets a size
    assert suite.overridden(scorers=["el2n"], keep=["0.5"]).scoring_runs == {"default": 2}
    assert suite.overridden(scorers=["el2n[epoch=2]"], scoring_runs=["el2n[epoch=2]=4"]).scoring_runs == {
        **{"default": 2, "h-score": 3},
        "el2n[epoch=2]": 4,
    }


@pytest.mark.parametrize(
    ("texts", "fragments"),
    [
        (("x",), ["--scoring-runs 'x': use a number such as 1, or a scorer with one, such as h-score=3"]),
        (("el2n[epoch=2]",), ["--scoring-runs 'el2n[epoch=2]'", "h-score=3"]),
        (("0",), ["--scoring-runs 0: use an integer of at least 1"]),
        (("h-score=0",), ["--scoring-runs.h-score 0: use an integer of at least 1"]),
        (("hscore=3",), ["--scoring-runs: unknown scorer 'hscore'", "did you mean 'h-score'"]),
        (("grand=3",), ["--scoring-runs: 'grand' is not among the scorers of this suite"]),
        (("1", "2"), ["--scoring-runs: 1 and 2 are both given"]),
        (("el2n=1", "el2n=2"), ["--scoring-runs: el2n is given twice"]),
    ],
)
def test_a_mistake_on_the_command_line_names_the_option(texts, fragments):
    with pytest.raises(UsageError) as caught:
        made().overridden(scoring_runs=texts)
    for fragment in fragments:
        assert fragment in str(caught.value)
