"""What results say of their comparison: rivals, run like every method, and what the authors of a method report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.finished_jobs import TRAINED
from support.made_up_scores import finish

from hbench.experiment.bind import BoundExperiment, bind
from hbench.experiment.collect import collect
from hbench.experiment.plan import make_plan
from hbench.experiment.prune import prune
from hbench.experiment.suite import Suite
from hbench.jobs.integrity import write_result
from hbench.jobs.store import Store
from hbench.plugins.registry import SCORERS
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError

RIVALS = ("length", "dynamic-random")


def suite(**changes: object) -> Suite:
    fields = {
        "name": "rivals",
        "tasks": ("planted-sentence[size=60]",),
        "diagnose": ("planted-pair[size=60]",),
        "models": ("tiny",),
        "scorers": ("el2n",),
        "rivals": RIVALS,
    }
    return Suite(**{**fields, **changes})


def bound_of(made: Suite, folder: Path) -> list[BoundExperiment]:
    """The experiment on each task; nothing of it has run."""
    return [bind(experiment, made, None, Store(folder)) for experiment in make_plan(made).experiments]


def cells_of(bound: BoundExperiment, folder: Path) -> list[CellResult]:
    store = Store(folder)
    return list(collect(bound, prune(bound, store), store))


def test_rivals_are_run_like_every_method_and_every_result_names_them(tmp_path):
    trained, scored = bound_of(suite(), tmp_path)
    assert [m.ref for m in trained.experiment.methods] == ["el2n", "random", *RIVALS]
    cells = cells_of(trained, tmp_path)
    assert {cell.method for cell in cells} == {"full", "el2n", "random", *RIVALS}
    assert {cell.rivals for cell in cells} == {("dynamic-random", "length")}
    assert all(json.loads(cell.dump())["rivals"] == ["dynamic-random", "length"] for cell in cells)
    # a task that is only scored trains nothing, so nothing is compared
    assert {cell.rivals for cell in cells_of(scored, tmp_path)} == {()}


def test_results_carry_what_the_authors_of_their_method_report(tmp_path):
    trained, scored = bound_of(suite(scorers=("h-score", "dynamic-el2n[period=2]")), tmp_path)
    published = {cell.method: cell.published for cell in cells_of(trained, tmp_path)}
    assert published["dynamic-el2n[period=2]"] == SCORERS.find("dynamic-el2n").plugin.published
    assert published["h-score"] == SCORERS.find("h-score").plugin.published
    assert {method for method, text in published.items() if text is None} == {"full", "random", *RIVALS}
    # a task that is only scored has no accuracy to stand beside
    assert {cell.published for cell in cells_of(scored, tmp_path)} == {None}


def test_naming_rivals_changes_no_job_and_without_them_no_result(tmp_path):
    rivalled, _ = bound_of(suite(), tmp_path)
    plain, _ = bound_of(suite(scorers=("el2n", "random", *RIVALS), rivals=()), tmp_path)
    assert {job.key for job in plain.full.values()} == {job.key for job in rivalled.full.values()}
    assert {job.key for jobs in plain.scores.values() for job in jobs.values()} == {
        job.key for jobs in rivalled.scores.values() for job in jobs.values()
    }
    for cell in cells_of(plain, tmp_path):
        assert cell.rivals == ()
        assert "rivals" not in json.loads(cell.dump())


@pytest.mark.parametrize("other", [{"device": "cuda"}, {"precision": "bf16"}], ids=["device", "precision"])
def test_trainings_on_two_devices_or_in_two_precisions_are_not_compared(tmp_path, other):
    """`auto` may come to other things on the machines that share a store."""
    trained, _ = bound_of(suite(), tmp_path)
    store = Store(tmp_path)
    finish(store, trained)
    odd = next(prune(trained, store).available()).job
    with store.writing(odd) as folder:
        write_result(folder, replace(TRAINED, **other))
    with pytest.raises(ResultError) as caught:
        cells_of(trained, tmp_path)
    assert odd.key[:12] in str(caught.value)
    assert ("cuda in fp32" if "device" in other else "in bf16") in str(caught.value)
    assert "--device" in str(caught.value)
