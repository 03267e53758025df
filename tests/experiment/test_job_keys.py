"""Job keys never change by accident: a changed key trains everything again and breaks the tie to published results.

The golden keys are those of protocol 2. A change that is meant to alter results
raises `PROTOCOL` and writes them anew; a scorer or task file that is edited changes the keys of its own jobs.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.made_up_scores import finish
from support.paths import GOLDEN

from hbench.experiment.bind import bind
from hbench.experiment.jobs import full_jobs, score_jobs, task_ref
from hbench.experiment.plan import make_plan
from hbench.experiment.prune import PrunedRun, prune
from hbench.experiment.suite import Suite
from hbench.experiment.suite_file import load_suite
from hbench.experiment.suites import shipped
from hbench.jobs.spec import ModelRef
from hbench.jobs.store import Store

KEYS = json.loads((GOLDEN / "job_keys.json").read_text())


#: Suites that nobody has run yet, so that no job could be trained again.
NEVER_RUN = {"paper-large"}


def test_every_shipped_suite_that_was_run_has_golden_keys() -> None:
    assert set(KEYS["suites"]) == set(shipped()) - NEVER_RUN


@pytest.mark.parametrize("name", sorted(KEYS["suites"]))
def test_full_runs_and_scores_of_a_shipped_suite_keep_their_keys(name: str) -> None:
    """Stand-in versions of data and models: no file and no network is needed."""
    suite = load_suite(name)
    keys = {}
    for experiment in make_plan(suite).experiments:
        task = task_ref(experiment, suite, {"stand-in": 1}, None)
        full = full_jobs(experiment, task, ModelRef(experiment.model.ref, {"stand-in": 2}))
        diagnosed = "" if experiment.evaluation_seeds else " diagnosed"
        keys[experiment.title + diagnosed] = {
            "full": {str(seed): job.key for seed, job in full.items()},
            "scores": {
                method.ref: {str(draw): job.key for draw, job in score_jobs(experiment, method, full).items()}
                for method in experiment.scored()
            },
        }
    assert keys == KEYS["suites"][name]


def test_pruned_runs_keep_their_keys_at_every_size_and_budget(tmp_path: Path) -> None:
    suite = Suite(
        name="pruned",
        tasks=("planted-sentence[size=60]",),
        models=("tiny",),
        scorers=(
            *("h-score", "el2n", "el2n[balance=true,offset=0.1]", "el2n[offset=0.6]", "length"),
            *("dynamic-el2n", "dynamic-random[period=2]", "infobatch"),
        ),
        keep=(0.3, 1.0, "h-score"),
        budgets=("equal-epochs", "equal-steps", "equal-cost"),
        seeds=2,
        scoring_runs=2,
        selection_seed=3,
    )
    store = Store(tmp_path)
    bound = bind(make_plan(suite).experiments[0], suite, None, store)
    finish(store, bound)
    keys = {
        f"{arm.method.ref} {arm.keep.label} {arm.budget} {seed}": run.job.key
        if isinstance(run, PrunedRun)
        else run.reason
        for (arm, seed), run in prune(bound, store).runs.items()
    }
    assert keys == KEYS["pruned"]
