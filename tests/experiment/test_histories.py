"""How many runs a scorer reads where nothing is said, and natural subsets that are empty whatever is trained."""

from __future__ import annotations

import pytest

from hbench.errors import UsageError
from hbench.experiment.histories import holds_any
from hbench.experiment.plan import check_natural, make_plan
from hbench.experiment.suite import Suite
from hbench.plugins import Scorer, observe


def made(**changes: object) -> Suite:
    tasks = ("planted-sentence[size=60]",)
    fields = {"name": "t", "tasks": tasks, "models": ("tiny",), "scorers": ("el2n", "h-score"), "keep": (0.5,)}
    return Suite(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        ({}, 3),
        ({"seeds": 12}, 6),
        ({"seeds": 12, "looks": (6, 12)}, 3),
        ({"seeds": 3}, 2),
        ({"scoring_runs": 1}, 1),
        ({"scoring_runs": {"default": 2}}, 2),
        ({"scoring_runs": {"el2n": 2}}, 3),
        ({"scoring_runs": {"h-score": 1}}, 1),
    ],
)
def test_a_scorer_that_counts_runs_takes_half_of_the_seeds_where_nothing_is_said(changes, runs):
    suite = made(scorers=("el2n", "h-score", "forgetting"), **changes)
    groups = make_plan(suite).experiments[0].groups
    assert len(groups["h-score"].runs[0]) == runs
    assert len(groups["forgetting"].runs[0]) == suite.scoring_runs.get("default", 1)


@pytest.mark.parametrize("ref", ["h-score", "h-score[remove=01]"])
def test_a_size_from_a_natural_subset_that_is_always_empty_is_refused_at_planning(ref):
    with pytest.raises(UsageError) as caught:
        make_plan(made(name="mine", scorers=("el2n",), keep=(0.5, ref), scoring_runs=1))
    for fragment in ("suite 'mine'", f"scoring_runs 1 of '{ref}'", "empty", f"--scoring-runs {ref}=3"):
        assert fragment in str(caught.value)


def test_a_natural_subset_that_one_run_can_fill_is_planned():
    """The examples that the run had right at every epoch are left."""
    assert make_plan(made(keep=("h-score[remove=0]",), scoring_runs=1)).experiments


def test_only_a_size_needs_a_natural_subset():
    assert make_plan(made(scoring_runs=1)).experiments


@pytest.mark.parametrize(
    "changes",
    [{"scorers": ("h-score[remove=016]",)}, {"scorers": ("el2n",), "keep": ("h-score[remove=016]",)}],
    ids=["method", "size"],
)
def test_a_level_above_the_number_of_runs_is_refused_before_a_run(changes):
    plan = make_plan(made(name="mine", scoring_runs=3, **changes))
    with pytest.raises(UsageError, match=r"suite 'mine', scoring_runs 3 of .*there is no level 6"):
        check_natural(plan)
    check_natural(make_plan(made(scoring_runs=6, seeds=12, **changes)))


class Counting(Scorer):
    """Examples of which the only run was right at one epoch, but not at all."""

    needs = observe("correct", at="train")
    per_example = True

    def score(self, dynamics):
        return dynamics["correct"].sum(("run", "epoch"))

    def natural(self, scores, runs):
        return scores == runs


class Ranking(Counting):
    per_example = False


class Losing(Counting):
    needs = observe("loss", at="train")


class Plain(Scorer):
    needs = observe("correct", at="train")
    per_example = True

    def score(self, dynamics):
        return dynamics["correct"].sum(("run", "epoch"))


class Empty(Counting):
    def natural(self, scores, runs):
        return scores > 1000


class Late(Empty):
    needs = observe("correct", at="epoch_end", epochs=(2, 5))


@pytest.mark.parametrize(
    ("scorer", "runs", "epochs", "holds"),
    [
        (Counting(), 1, 3, True),
        (Counting(), 12, 30, True),  # only some histories are tried
        (Counting(), 13, 1, None),
        (Empty(), 2, 3, False),
        (Empty(), 2, 30, None),
        (Late(), 2, 30, False),
        (Ranking(), 1, 3, None),
        (Losing(), 1, 3, None),
        (Plain(), 1, 3, None),
    ],
)
def test_every_history_is_tried_where_it_tells(scorer, runs, epochs, holds):
    assert holds_any(scorer, runs, epochs) is holds
