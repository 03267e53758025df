"""Executors: a worker's death costs its job and nothing else; events tell what happens."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.bench import SMALL_SUITE, Bench
from support.finished_jobs import TRAINED
from support.small_jobs import Heard, small_job

from hbench.errors import Interrupted, StoreError, UsageError
from hbench.execute import EXECUTORS, crew, find_executor, local
from hbench.execute.base import Context, Executor, run_job
from hbench.execute.worker import PARENT, work
from hbench.experiment.bind import bind
from hbench.experiment.plan import make_plan
from hbench.experiment.suite_file import load_suite
from hbench.jobs.integrity import write_result
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import PROTOCOL, FineTune, Job, ModelRef, TaskRef, dump
from hbench.jobs.store import Store
from hbench.progress import NullProgress, Progress
from hbench.training import device
from hbench.training.device import resolve_device

#: A task that kills the process which trains on it; planning and checking it is harmless.
DEADLY = """
import os, sys
from dataclasses import dataclass
from hbench_tasks.planted_sentence import PlantedSentence

@dataclass(frozen=True)
class Deadly(PlantedSentence):
    def rows(self, split):
        if "run-job" in sys.argv:
            os.kill(os.getpid(), 9)
        return super().rows(split)
"""


@pytest.mark.slow
def test_death_of_a_worker_is_a_failed_cell_and_the_others_go_on(bench: Bench) -> None:
    (bench.folder / "deadly.py").write_text(DEADLY)
    bench.write(
        SMALL_SUITE.replace("tasks = [", 'tasks = ["deadly[size=60]", ')
        .replace('["h-score", "el2n", "length"]', '["length"]')
        .replace('[0.3, "h-score"]', "[0.3]")
    )
    done = bench.hbench("run", "suite.toml", "--quiet", "--plugin", "deadly.py", "--executor", "local", check=False)
    assert done.returncode == 1, done.stderr
    rows = list(csv.DictReader((bench.folder / ".hbench/leaderboard/leaderboard.csv").open()))
    states = {(row["task"].partition("[")[0], row["method"]): row["status"] for row in rows}
    assert states["deadly", "full"] == "failed"
    assert states["planted-sentence", "full"] == "complete"
    assert states["planted-sentence", "length"] == "complete"
    assert "signal 9" in (bench.folder / ".hbench/leaderboard/LEADERBOARD.md").read_text()
    assert "signal 9" in bench.hbench("status", ".hbench/store", check=False).stdout


def test_worker_tells_its_course_in_lines(tmp_path: Path, bench: Bench) -> None:
    suite = load_suite(str(bench.suite))
    job = bind(make_plan(suite).experiments[0], suite, None, Store(tmp_path)).full[342]
    path = tmp_path / "spec.json"
    path.write_text(dump(job))
    store, out = Store(tmp_path / "store"), io.StringIO()
    store.prepare()
    assert work(store, [str(path)], "cpu", (), out) == 0
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert events[-1] == {"event": "finished", "taken": 0}
    progress = [event for event in events if event["event"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"]
    assert progress[-1]["taken"] == 0  # a CPU's memory is not asked for
    assert store.finished(job)


@pytest.mark.parametrize(
    ("error", "of_the_disk"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (FileNotFoundError(errno.ENOENT, "no such file"), False),
    ],
)
def test_a_full_disk_is_no_failure_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, of_the_disk: bool
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("hbench.training.job.fine_tune", broken)
    job, store = FineTune(TaskRef("t", {}, {}), ModelRef("m", {}), Recipe(), 1), Store(tmp_path)
    if of_the_disk:
        with pytest.raises(StoreError, match="No space left on device; free space"):
            run_job(job, store, "cpu", lambda done, total: None)
        assert store.failure(job) is None
    else:
        reason = run_job(job, store, "cpu", lambda done, total: None)
        assert reason == store.failure(job).reason
        assert "no such file" in reason


def test_devices_are_those_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for visible, count in (("", 0), ("-1", 0), ("0", 1), ("2,5,GPU-1a", 3)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert device.count_gpus() == count
        assert resolve_device("auto") == ("cuda" if count else "cpu")
        assert resolve_device("cpu") == "cpu"
    assert crew._devices("cuda") == crew._devices("auto") == ["cuda:0", "cuda:1", "cuda:2"]
    assert crew._devices("cuda:1") == ["cuda:1"]
    with pytest.raises(UsageError, match="cuda:3: 3 GPUs"):
        resolve_device("cuda:3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UsageError, match="cuda: 0 GPUs"):
        resolve_device("cuda")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(device, "count_gpus", lambda: 0)  # the driver shows none, as in WSL: torch will tell
    assert resolve_device("auto") == "cpu"
    assert crew._devices("auto") == ["auto"]
    assert resolve_device("cuda") == "cuda"
    monkeypatch.setattr(crew, "count_gpus", lambda: 0)
    assert crew._devices("cuda") == ["cuda:0"]
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(UsageError, match="not a Mac"):
        resolve_device("mps")


@pytest.mark.parametrize(("gpus", "device_used"), [("", "cpu"), ("0,1", "cuda")])
def test_the_worker_decides_what_auto_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: str, device_used: str
) -> None:
    seen = []

    def trained(job: FineTune, folder: Path, device: str, step: object, checkpoints: object) -> None:
        seen.append(device)
        write_result(folder, TRAINED)

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
    monkeypatch.setattr("hbench.training.job.fine_tune", trained)
    path = tmp_path / "spec.json"
    path.write_text(dump(FineTune(TaskRef("sst2", {}, {}), ModelRef("tiny", {}), Recipe(), 1)))
    store = Store(tmp_path / "store")
    store.prepare()
    assert work(store, [str(path)], "auto", (), io.StringIO()) == 0
    assert seen == [device_used]


def test_workers_of_the_local_executor_get_one_gpu_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    made = []

    def drain(worker: crew._Worker, *_: object) -> None:
        made.append(worker.device)

    monkeypatch.setattr(crew, "_drain", drain)
    jobs = [FineTune(TaskRef("sst2", {}, {}), ModelRef("tiny", {}), Recipe(), seed) for seed in range(5)]
    find_executor("local").run(jobs, Store(tmp_path), Context("auto"), NullProgress())
    assert sorted(made) == ["cuda:0", "cuda:1"]
    made.clear()
    find_executor("local[jobs=3]").run(jobs, Store(tmp_path), Context("auto"), NullProgress())
    assert sorted(made) == ["cuda:0", "cuda:0", "cuda:1"]


@dataclass(frozen=True)
class Spare(Executor):
    """Runs nothing, and has no options."""

    def run(self, jobs: Sequence[Job], store: Store, context: Context, progress: Progress) -> None:
        raise NotImplementedError


def test_executors_take_options_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXECUTORS._added, "spare", Spare)
    assert find_executor("inline", 1) == find_executor("inline")
    assert find_executor("local") == local.LocalExecutor(jobs=None)
    assert find_executor("local[jobs=2]") == find_executor("local", 2) == find_executor("local[jobs=5]", 2)
    for reference, jobs, said in (
        ("local[job=2]", None, "no option 'job'; did you mean 'jobs'"),
        ("local[jobs=two]", None, "expected an integer"),
        ("local[jobs=0]", None, "at least 1"),
        ("locale", None, "unknown executor 'locale'; did you mean 'local'"),
        ("inline", 2, "executor inline: jobs=2, but it runs one job at a time"),
        ("spare", 2, "--jobs 2: the executor 'spare' has no option 'jobs'"),
    ):
        with pytest.raises(UsageError, match=re.escape(said)):
            find_executor(reference, jobs)


@pytest.mark.parametrize("text", [None, "{", f'{{"job": "finetune", "protocol": {PROTOCOL}}}', "[]"])
def test_a_file_that_is_no_specification_is_refused(tmp_path: Path, text: str | None) -> None:
    path, out = tmp_path / "spec.json", io.StringIO()
    if text is not None:
        path.write_text(text)
    assert work(Store(tmp_path / "store"), [str(path)], "cpu", (), out) == 1
    event = json.loads(out.getvalue())
    assert (event["event"], event["code"]) == ("refused", 2)
    assert "spec.json: " in event["message"]
    assert "not a job specification" in event["message"]


@pytest.mark.parametrize(
    ("checkpoints", "attempts", "failed"),
    [
        ([], 1, True),
        ([True], 2, False),
        ([False, True], 1, True),  # what an earlier run left is no progress of this one
        ([True, True, False], 3, True),
        ([True, True, True], 4, False),
    ],
)
def test_a_job_goes_on_after_the_death_of_a_worker_while_it_comes_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoints: list[bool], attempts: int, failed: bool
) -> None:
    """checkpoints: whether each process wrote one before it died; the one after the last finishes."""
    job, store, heard = small_job(1), Store(tmp_path), Heard()
    deaths, tried = iter(checkpoints or [False]), []

    def save() -> None:
        with store.checkpoints(job).writing(1, 8) as file:
            file.write_bytes(b"%d" % len(tried))

    def run_once(worker: crew._Worker, *_: object) -> crew._Died | None:
        tried.append(worker)
        wrote = next(deaths, None)
        if wrote:
            save()
        return None if wrote is None else crew._Died(-9)

    monkeypatch.setattr(crew._Worker, "_run_once", run_once)
    if checkpoints[:1] == [False]:
        save()
    reason = crew._Worker(store, "cpu", Context(), 1).run(job, heard, "the job")
    assert len(tried) == attempts
    assert (reason is not None) == failed
    assert (store.failure(job) is not None) == failed
    assert heard.notes == ["the job: the worker process ended with signal 9; another one takes over"] * (attempts - 1)


@pytest.mark.parametrize("code", [130, -15, -10, -2])
def test_a_worker_that_was_told_to_stop_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(crew._Worker, "_run_once", lambda *_: crew._Died(code))
    with pytest.raises(Interrupted):
        crew._Worker(Store(tmp_path), "cpu", Context(), 1).run(small_job(1), Heard(), "the job")
    assert Store(tmp_path).failures() == []


def test_a_worker_whose_parent_is_gone_before_it_can_ask_leaves(tmp_path: Path) -> None:
    """Killed while the worker still loads its libraries, the parent has already handed it a job."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    worker = subprocess.Popen(
        [sys.executable, "-m", "hbench.cli", "run-job", "-", "--store", str(tmp_path)],
        stdin=subprocess.PIPE,
        env={**os.environ, PARENT: str(gone.pid)},
    )
    try:
        assert worker.wait(60) == 1
    finally:
        worker.kill()
        worker.communicate()
