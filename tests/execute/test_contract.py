"""What every executor does, whatever package it comes from: one that is registered is tested here by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.small_jobs import Heard, small_job

from hbench.errors import HbenchError
from hbench.execute import EXECUTORS, find_executor
from hbench.execute.base import Context, Executor
from hbench.jobs.spec import FineTune, ModelRef
from hbench.jobs.store import Store
from hbench.plugins.registry import TASKS

#: A task that fails with an error of its own while it is trained on; planning and checking it is harmless.
FLAKY = """
import traceback
from dataclasses import dataclass
from hbench_tasks.planted_sentence import PlantedSentence

@dataclass(frozen=True)
class Flaky(PlantedSentence):
    def rows(self, split):
        if any(frame.name == "fine_tune" for frame in traceback.extract_stack()):
            raise RuntimeError("the weather is bad")
        return super().rows(split)
"""
CONTEXT = Context(device="cpu", labels={})


@dataclass(frozen=True)
class Done:
    """What an executor made of the jobs."""

    store: Store
    heard: Heard


DIVERGES = {"learning_rate": 1e30, "max_grad_norm": 0.0, "epochs": 2}


@pytest.fixture(scope="module")
def jobs() -> list[FineTune]:
    """Two good jobs with one between them that diverges."""
    return [small_job(1), small_job(2, **DIVERGES), small_job(3)]


@pytest.fixture(scope="module")
def inline(jobs: list[FineTune], tmp_path_factory: pytest.TempPathFactory) -> Done:
    return carry_out(find_executor("inline"), jobs, tmp_path_factory.mktemp("reference"))


@pytest.fixture(
    scope="module", params=[pytest.param(n, marks=() if n == "inline" else pytest.mark.slow) for n in EXECUTORS.names()]
)
def executor(request: pytest.FixtureRequest) -> Executor:
    return find_executor(request.param)


@pytest.fixture(scope="module")
def done(executor: Executor, jobs: list[FineTune], tmp_path_factory: pytest.TempPathFactory) -> Done:
    return carry_out(executor, jobs, tmp_path_factory.mktemp("store"))


def carry_out(executor: Executor, jobs: list[FineTune], folder: Path, context: Context = CONTEXT) -> Done:
    store, heard = Store(folder), Heard()
    store.prepare()
    executor.run(jobs, store, context, heard)
    return Done(store, heard)


@pytest.fixture
def plugin_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    from hbench.plugins.registry import load_plugin_file

    monkeypatch.setattr(TASKS, "_added", {})
    path = tmp_path / "flaky.py"
    path.write_text(FLAKY)
    load_plugin_file(path)
    yield path


def test_every_job_is_finished_or_failed_and_one_that_fails_stops_no_other(done: Done, jobs: list[FineTune]) -> None:
    good, diverged, other = jobs
    assert done.store.finished(good)
    assert done.store.finished(other)
    assert not done.store.finished(diverged)
    failure = done.store.failure(diverged)
    assert failure is not None
    assert "not a finite number" in failure.reason
    assert failure.log.is_file()


def test_progress_hears_of_every_start_and_every_end_once(done: Done, jobs: list[FineTune]) -> None:
    heard, keys = done.heard, [job.key for job in jobs]
    assert Counter(heard.started) == Counter(keys)
    assert set(heard.finished) == set(keys)
    assert [heard.finished[key] is None for key in keys] == [True, False, True]
    assert "not a finite number" in str(heard.finished[keys[1]])
    for key in (keys[0], keys[2]):
        assert heard.steps[key] == (8, 8)


def test_every_executor_gives_the_bytes_of_the_inline_one(done: Done, inline: Done, jobs: list[FineTune]) -> None:
    for made in (jobs[0], jobs[2]):
        for name in ("predictions.npz", "examples.npz"):
            files = [d.store.folder(made.job_type, made.key) / name for d in (done, inline)]
            assert files[0].read_bytes() == files[1].read_bytes()


def test_jobs_that_have_finished_are_told_of_like_the_others(
    executor: Executor, done: Done, jobs: list[FineTune]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.store.root.glob("finetune/*/result.json")}
    heard = Heard()
    executor.run([jobs[0]], done.store, CONTEXT, heard)
    assert (heard.started, heard.finished) == ([jobs[0].key], {jobs[0].key: None})
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_no_jobs_are_no_work(executor: Executor, tmp_path: Path) -> None:
    assert carry_out(executor, [], tmp_path).heard == Heard()


def test_input_at_fault_is_raised_and_is_no_failure_of_the_job(executor: Executor, tmp_path: Path) -> None:
    wrong = replace(small_job(1), model=ModelRef("./nowhere", {"files": {}}))
    with pytest.raises(HbenchError, match="nowhere") as caught:
        carry_out(executor, [wrong], tmp_path)
    assert caught.value.exit_code == 2
    assert Store(tmp_path).failure(wrong) is None


def test_an_error_of_a_plugin_is_the_reason_with_the_line_it_came_from(
    executor: Executor, tmp_path: Path, plugin_file: Path
) -> None:
    context = replace(CONTEXT, plugins=(plugin_file,))
    broken = small_job(1, "flaky[size=60]")
    made = carry_out(executor, [broken], tmp_path / "store", context)
    reason = made.heard.finished[broken.key]
    assert reason == "RuntimeError: the weather is bad (flaky.py:10)"
    assert made.store.failure(broken).reason == reason
    assert list(made.store.root.glob("finetune/.*")) == []


def test_a_device_that_is_not_there_is_refused_before_training(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(HbenchError, match="cuda:7"):
        carry_out(executor, [small_job(1)], tmp_path, replace(CONTEXT, device="cuda:7"))
    assert list(tmp_path.glob("finetune/*/*.json")) == []


def test_an_executor_says_what_it_is(executor: Executor) -> None:
    assert type(executor).__doc__
    assert isinstance(hash(executor), int)  # frozen, so that a suite's choice cannot change on the way
