"""Asking for a signal that a task does not record: said when the suite is planned, and never left out in silence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from support.finished_jobs import TRAINED

from hbench import Scorer, dynamics, observe
from hbench.errors import TrainingFailed, UsageError
from hbench.experiment.plan import make_plan
from hbench.experiment.suite import Suite
from hbench.jobs.integrity import write_result
from hbench.jobs.observe import CurriculumSpec, Watch
from hbench.jobs.recipe import Recipe
from hbench.jobs.score import run_score
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef
from hbench.jobs.store import Store
from hbench.plugins import registry
from hbench.plugins.recording import why_unrecorded
from hbench.plugins.registry import SCORERS, TASKS
from hbench.training.job import fine_tune


@dataclass(frozen=True)
class Confusion(Scorer):
    """Probability of the best class."""

    needs = observe("prob", at="epoch_end")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean over runs and epochs."""
        return dynamics["prob"].max("class").mean(("run", "epoch"))


@pytest.fixture(autouse=True)
def confusion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.SCORERS, "_added", {"confusion": Confusion})


def suite(scorers: tuple[str, ...], *tasks: str, diagnose: tuple[str, ...] = ()) -> Suite:
    return Suite(name="s", tasks=tasks, models=("tiny",), scorers=scorers, keep=(0.5,), diagnose=diagnose)


@pytest.mark.parametrize(
    ("scorer", "task", "signal", "kind", "others"),
    [
        ("el2n[joint=sum]", "planted-sentence", "el2n_sum", "classification", ["joint"]),
        ("dynamic-el2n[joint=mean]", "planted-choice", "el2n_mean", "choice", ["joint"]),
        ("confusion", "planted-span", "prob", "span", ["choice", "classification"]),
        ("confusion", "planted-joint", "prob", "joint", ["choice", "classification"]),
    ],
)
def test_a_signal_that_no_task_of_the_suite_records_is_refused_when_it_is_planned(
    scorer: str, task: str, signal: str, kind: str, others: list[str]
) -> None:
    with pytest.raises(UsageError) as error:
        make_plan(suite((scorer,), task))
    wanted = [scorer, f"the signal '{signal}'", f"task '{task}'", f"kind '{kind}'", "leave the option"]
    for text in (*wanted, *(f"'{name}'" for name in others)):
        assert text in str(error.value)


def test_where_one_task_records_it_the_suite_is_planned() -> None:
    tasks = ("planted-sentence", "planted-joint")
    assert len(make_plan(suite(("el2n[joint=sum]", "confusion"), *tasks)).experiments) == 2
    with pytest.raises(UsageError, match="el2n_sum"):
        make_plan(suite(("el2n[joint=sum]",), "planted-sentence", diagnose=("planted-pair",)))


def test_whether_a_distribution_is_recorded_follows_from_the_number_of_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    named, task = SCORERS.find("confusion"), TASKS.find("snli")
    assert why_unrecorded(named, task) is None
    monkeypatch.setattr(type(task.plugin), "labels", tuple(f"class {i}" for i in range(17)))
    assert "task 'snli' of the kind 'classification' does not record" in str(why_unrecorded(named, task))


def test_a_run_that_lacks_a_signal_is_an_error_by_name(tmp_path: Path) -> None:
    task = TaskRef("planted-span", {}, {})
    run = FineTune(task, ModelRef("m", {}), Recipe(), 1, {"epoch_end": Watch()})
    store = Store(tmp_path)
    ids = ["a", "b"]
    with store.writing(run) as folder:
        given = dynamics.from_arrays(loss=np.ones((1, 1, 2)), ids=ids, label=[0, 1], length=[1, 2])
        dynamics.save(folder / "dynamics.nc", {"epoch_end": given})
        np.savez(folder / "examples.npz", id=np.array(ids), label=np.array([0, 1]), length=np.array([1, 2]))
        write_result(folder, TRAINED)
    job = Score(task, "confusion", {}, "digest", run.key, (run.key,), "epoch_end")
    for ref, said in (("planted-span", "of the kind 'span' does not record"), ("planted-pair", "did not record")):
        with pytest.raises(TrainingFailed) as error:
            run_score(replace(job, task=replace(task, ref=ref)), store, tmp_path)
        for text in ("confusion reads the signal 'prob'", f"task '{ref}'", said):
            assert text in str(error.value)


def test_a_training_that_prunes_by_it_is_refused_before_its_first_step(tmp_path: Path) -> None:
    from hbench.experiment.bind import bind

    small = suite(("random", "dynamic-el2n[joint=sum]"), "planted-sentence[size=60]", "planted-joint[size=60]")
    bound = bind(make_plan(small).experiments[0], small, None, Store(tmp_path))
    first = next(iter(bound.full.values()))
    method = SCORERS.find("dynamic-el2n[joint=sum]")
    curriculum = CurriculumSpec(method.name, method.options, source="", count=10, selection_seed=0)
    steps: list[int] = []
    with pytest.raises(TrainingFailed, match=r"'planted-sentence.*' of the kind 'classification' does not record"):
        fine_tune(replace(first, curriculum=curriculum), tmp_path, "cpu", lambda done, total: steps.append(done))
    assert steps == []
