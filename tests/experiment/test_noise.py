"""Label noise in a suite: an option of its tasks, part of every key, and found again by the scorers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.command_line import refused

from hbench.errors import UsageError
from hbench.experiment.bind import bind
from hbench.experiment.plan import make_plan
from hbench.experiment.suite import Suite
from hbench.jobs.store import Store


def suite(**changes: object) -> Suite:
    fields = {
        "name": "noisy",
        "tasks": ("snli", "race"),
        "models": ("tiny",),
        "scorers": ("el2n",),
        "label_noise": 0.1,
    }
    return Suite(**{**fields, **changes})


def test_it_becomes_an_option_of_every_task():
    assert suite().tasks == ("snli[label_noise=0.1]", "race[label_noise=0.1]")
    assert suite(tasks=("snli[evaluate=validation,noise_seed=2,label_noise=0.3]",)).tasks == (
        "snli[evaluate=validation,label_noise=0.1,noise_seed=2]",
    )
    assert suite(label_noise=None, tasks=("snli[label_noise=0.3]", "snli")).tasks == ("snli[label_noise=0.3]", "snli")


def test_the_command_line_replaces_it_and_new_tasks_have_it_too():
    assert suite().overridden(label_noise=0.2).tasks == ("snli[label_noise=0.2]", "race[label_noise=0.2]")
    assert suite().overridden(tasks=("mnli",)).tasks == ("mnli[label_noise=0.1]",)
    assert suite(label_noise=None).overridden(label_noise=0.2).tasks[0] == "snli[label_noise=0.2]"


@pytest.mark.parametrize("share", [0, 0.0, 1.0, -0.1, True, "0.1", float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(UsageError, match=r"^label_noise .*share above 0 and below 1"):
        suite(label_noise=share)


def test_a_task_without_classes_is_refused_by_name(hbench):
    with pytest.raises(UsageError, match=r"label_noise: task 'squad_v2\[label_noise=0.1\]' is of the kind 'span'"):
        make_plan(suite(tasks=("snli", "squad_v2")))
    refused(hbench("plan", "reading", "--label-noise", "0.1"), "label_noise", "squad_v2", "span")


def test_a_task_can_be_scored_alone_to_see_who_finds_the_noise():
    made = suite(tasks=(), diagnose=("snli", "planted-pair[size=60]"))
    # what an embedded task planted is its own truth
    assert made.diagnose == ("snli[label_noise=0.1]", "planted-pair[size=60]")
    assert all(experiment.diagnosed for experiment in make_plan(made).experiments)
    assert made.overridden(tasks=("snli",)).diagnose == ("snli[label_noise=0.1]",)
    with pytest.raises(UsageError, match=r"'snli' has no planted examples.*label_noise"):
        suite(tasks=(), diagnose=("snli",), label_noise=None)


def test_it_is_part_of_every_key_and_of_what_results_declare(tmp_path):
    keys = set()
    for noise in (None, 0.1, 0.2):
        made = suite(tasks=("planted-sentence[size=60]",), label_noise=noise, scorers=("el2n",))
        bound = bind(make_plan(made).experiments[0], made, None, Store(tmp_path))
        jobs = [*bound.full.values(), *(job for by_seed in bound.scores.values() for job in by_seed.values())]
        declared = jobs[0].task.declaration
        assert declared.get("label_noise") == noise
        assert ("noise_seed" in declared) == (noise is not None)
        assert not keys & {job.key for job in jobs}
        keys |= {job.key for job in jobs}


@pytest.mark.slow
def test_the_changed_rows_are_trained_on_and_looked_for(bench):
    """Noise on top of what was planted, in the store, the results and on the page."""
    text = bench.suite.read_text().replace('"h-score", "el2n", "length"', '"el2n"').replace("scoring_runs = 2", "")
    bench.write(text.replace('keep = [0.3, "h-score"]', "keep = [0.3]"))
    for place, options in (("plain", ()), ("noisy", ("--label-noise", "0.1"))):
        bench.hbench("run", "suite.toml", "--store", f"{place}/store", "--quiet", *options)
    examples = []
    for place in ("plain", "noisy"):
        store = Store(bench.folder / place / "store")
        job = next(job for job, _ in store.finished_jobs() if job.job_type == "finetune" and job.subset is None)
        examples.append(store.arrays("finetune", job.key, "examples.npz"))
    before, after = examples
    changed = np.flatnonzero(before["label"] != after["label"])
    assert len(changed) == 12
    assert (after["planted"][changed] == "mislabelled").all()
    assert (before["planted"][changed] == "clean").all()
    assert (np.delete(after["planted"], changed) == np.delete(before["planted"], changed)).all()

    cells = [json.loads(path.read_text()) for path in (bench.folder / "noisy/results").rglob("*.json")]
    assert {cell["task"] for cell in cells} == {"planted-sentence[label_noise=0.1,size=120]"}
    assert {cell["data"]["declaration"]["label_noise"] for cell in cells} == {0.1}
    found = {cell["method"]: cell["planted"] for cell in cells}
    assert set(found["el2n"]) == {"mislabelled", "ambiguous", "redundant"}
    page = (bench.folder / "noisy/leaderboard/LEADERBOARD.md").read_text()
    assert "10.0 % of the training labels were replaced by another class." in page
    assert "Of a task with `label_noise`" in page
    # results with noise and without are other tables of one board
    bench.hbench(
        "run", "suite.toml", "--store", "plain/store", "--results", "noisy/results", "--out", "both", "--quiet"
    )
    both = (bench.folder / "both/LEADERBOARD.md").read_text()
    assert "`planted-sentence[size=120]`, `validation`" in both
    assert "`planted-sentence[label_noise=0.1,size=120]`, `validation`" in both
    titles = [line for line in both.splitlines() if line.startswith("### Planted sentences")]
    assert len(set(titles)) == len(titles)
    assert "Of a task with `label_noise`" not in (bench.folder / "plain/leaderboard/LEADERBOARD.md").read_text()
