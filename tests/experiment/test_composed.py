"""Scorers made of others from suite to subset: shared jobs, shared runs, keys, and what cannot be chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.made_up_scores import EXAMPLES, finish

from hbench.errors import UsageError
from hbench.experiment.bind import bind
from hbench.experiment.estimate import estimate
from hbench.experiment.plan import make_plan
from hbench.experiment.prune import PrunedRun, Unavailable, prune
from hbench.experiment.suite import Suite
from hbench.jobs.observe import Watch
from hbench.jobs.store import Store

COMBINED = "rank-mean(el2n,h-score)"


def suite(**changes: object) -> Suite:
    fields = {
        "name": "composed",
        "tasks": ("planted-sentence[size=60]",),
        "models": ("tiny",),
        "scorers": ("aum", "ccs(aum)", "ccs(aum)[strata=3]", COMBINED),
        "keep": (0.5,),
        "seeds": 2,
    }
    return Suite(**{**fields, **changes})


def test_a_selection_takes_the_scores_of_the_scorer_inside_it(tmp_path: Path) -> None:
    plan = make_plan(suite())
    bound = bind(plan.experiments[0], plan.suite, None, Store(tmp_path))
    keys = {ref: [job.key for job, _ in bound.distinct_scores(ref)] for ref in bound.scores}
    assert keys["ccs(aum)"] == keys["ccs(aum)[strata=3]"] == keys["aum"]
    assert len({key for of in keys.values() for key in of}) == estimate(plan).total.score_jobs == 2 + 2 + 2
    assert bound.score_job(next(m for m in plan.experiments[0].methods if m.ref == COMBINED), 342).scorer == COMBINED


def test_what_is_observed_is_what_the_scorers_inside_ask_for() -> None:
    (experiment,) = make_plan(suite(scorers=("ccs(aum)", COMBINED))).experiments
    assert experiment.observe == {"train": Watch(), "epoch_end": Watch((1,))}
    with pytest.raises(UsageError, match=r"ccs\(el2n\[epoch=9\]\) asks for epoch 9"):
        make_plan(suite(scorers=("ccs(el2n[epoch=9])",)))


def test_it_takes_as_many_runs_as_the_scorers_inside() -> None:
    table = {"default": 1, "aum": 2}
    groups = make_plan(suite(scoring_runs=table)).experiments[0].groups
    assert {len(groups[ref].runs[0]) for ref in ("aum", "ccs(aum)", "ccs(aum)[strata=3]")} == {2}
    assert len(groups[COMBINED].runs[0]) == 1
    inside = make_plan(suite(scorers=("ccs(aum)",), scoring_runs=table)).experiments[0].groups
    assert len(inside["ccs(aum)"].runs[0]) == 2
    own = make_plan(suite(scoring_runs={**table, "ccs(aum)": 1})).experiments[0].groups
    assert len(own["ccs(aum)"].runs[0]) == 1
    changed = suite(scoring_runs=table).overridden(scorers=("ccs(aum)",))
    assert changed.scoring_runs == table


def test_the_subsets_are_its_own_and_one_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    chosen = suite(scorers=("aum", "ccs(aum)", "ccs(aum)[offset=0.6]", "ccs(aum)[strata=3]"))
    store = Store(tmp_path)
    bound = bind(make_plan(chosen).experiments[0], chosen, None, store)
    scores = np.arange(EXAMPLES, dtype=float) ** 2
    finish(store, bound, {"aum": scores})
    runs = {(arm.method.ref, seed): run for (arm, seed), run in prune(bound, store).runs.items()}
    hardest = slice(EXAMPLES - EXAMPLES // 10, None)
    masks = {}
    for (method, seed), run in runs.items():
        if method == "ccs(aum)[offset=0.6]":
            assert isinstance(run, Unavailable)
            assert "cannot keep 30 of 60 examples after dropping 36" in run.reason
        elif method != "random":
            assert isinstance(run, PrunedRun)
            assert run.mask is not None and run.mask.sum() == EXAMPLES // 2
            masks[method, seed] = run.mask
    assert masks["aum", 342].tolist() == masks["aum", 4827].tolist() == (np.arange(EXAMPLES) >= 30).tolist()
    for method in ("ccs(aum)", "ccs(aum)[strata=3]"):
        first, second = masks[method, 342], masks[method, 4827]
        assert not first[hardest].any()
        assert first.tolist() != second.tolist()  # drawn anew for every seed
    assert masks["ccs(aum)", 342].tolist() != masks["ccs(aum)[strata=3]", 342].tolist()
