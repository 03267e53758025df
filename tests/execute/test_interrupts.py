"""Being told to stop: a checkpoint is left, nothing has failed, and the next run goes on."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.bench import SMALL_SUITE, Bench
from support.killed_runs import files, run
from support.small_jobs import Heard, small_job

from hbench.errors import Interrupted
from hbench.execute import find_executor
from hbench.execute.base import Context, run_job
from hbench.execute.worker import work
from hbench.jobs.spec import FineTune, dump
from hbench.jobs.store import Store

pytestmark = pytest.mark.usefixtures("one_thread")


def stopped_at(step: int, number: int = signal.SIGTERM):
    """Return what hears of steps, and tells this process to stop at one of them."""
    return lambda done, total: signal.raise_signal(number) if done == step else None


def predictions(store: Store, job: FineTune) -> bytes:
    return (store.place(job) / "predictions.npz").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    store = Store(tmp_path_factory.mktemp("whole"))
    assert run_job(small_job(1), store, "cpu", lambda done, total: None) is None
    return predictions(store, small_job(1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_job_that_is_told_to_stop_goes_on_in_the_next_run(tmp_path: Path, whole: bytes, number: int) -> None:
    store, job = Store(tmp_path), small_job(1)
    with pytest.raises(Interrupted):
        run_job(job, store, "cpu", stopped_at(3, number), checkpoint_minutes=0)
    assert not store.finished(job)
    assert store.failure(job) is None
    assert store.checkpoints(job).latest().step == 3
    assert list((tmp_path / "finetune").iterdir()) == []
    steps: list[int] = []
    notes: list[str] = []
    assert run_job(job, store, "cpu", lambda done, total: steps.append(done), note=notes.append) is None
    assert steps == [4, 5, 6, 7, 8]
    assert notes == ["goes on from its checkpoint at step 3 of 8"]
    assert predictions(store, job) == whole
    assert not store.checkpoints(job).folder.exists()


def test_the_worker_says_that_it_goes_on(tmp_path: Path) -> None:
    store, job, out = Store(tmp_path / "store"), small_job(1), io.StringIO()
    with pytest.raises(Interrupted):
        run_job(job, store, "cpu", stopped_at(2))
    (tmp_path / "spec.json").write_text(dump(job))
    assert work(store, [str(tmp_path / "spec.json")], "cpu", (), out) == 0
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert events[0] == {"event": "note", "text": "goes on from its checkpoint at step 2 of 8"}


def test_the_inline_executor_names_the_job_that_goes_on(tmp_path: Path) -> None:
    store, job, heard = Store(tmp_path), small_job(1), Heard()
    with pytest.raises(Interrupted):
        run_job(job, store, "cpu", stopped_at(2))
    latest = store.checkpoints(job).latest()
    latest.path.write_bytes(b"")
    find_executor("inline").run([job], store, Context("cpu", labels={job.key: "the job"}), heard)
    assert heard.notes == [f"the job: checkpoint {latest.path} is damaged; the job starts over"]


def test_what_a_failure_says_of_the_job_decides_about_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, diverging, job = Store(tmp_path), small_job(2, learning_rate=1e30, max_grad_norm=0.0), small_job(1)
    assert run_job(diverging, store, "cpu", lambda done, total: None, checkpoint_minutes=1e-9) is not None
    assert not store.checkpoints(diverging).folder.exists()

    def broken(done: int, total: int) -> None:
        if done == 4:
            raise RuntimeError("out of memory, since somebody else uses this GPU")

    assert "out of memory" in str(run_job(job, store, "cpu", broken, checkpoint_minutes=1e-9))
    assert 1 <= store.checkpoints(job).latest().step <= 3
    store.forget_failures()
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("hbench.training.checkpoint.write_packed", lambda path, values: (_ for _ in ()).throw(full))
    warnings: list[str] = []
    assert run_job(job, store, "cpu", lambda d, t: None, warn=warnings.append, checkpoint_minutes=1e-9) is None
    assert len(warnings) == 1
    assert "No space left" in warnings[0]


#: Trains for some seconds a job.
LONG = (
    SMALL_SUITE.replace("size=120", "size=400")
    .replace('["h-score", "el2n", "length"]', '["length"]')
    .replace('[0.3, "h-score"]', "[0.3]")
    .replace("epochs = 2", "epochs = 3\nbatch_size = 8")
    .replace("scoring_runs = 2", "scoring_runs = 1")
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("long"))
    bench.write(LONG)
    run(bench, "whole")
    return bench


def start(bench: Bench, place: str, executor: str) -> subprocess.Popen[str]:
    command = bench.command("run", "suite.toml", "--store", f"{place}/store", "--executor", executor)
    return subprocess.Popen(
        [*command, "--checkpoint-minutes", "0.0005"],
        cwd=bench.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_checkpoint(bench: Bench, place: str) -> None:
    for _ in range(1200):
        if list((bench.folder / place / "store/checkpoints").glob("*/*.safetensors")):
            return
        time.sleep(0.1)
    raise AssertionError("no checkpoint was written in two minutes")


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["inline", "local[jobs=1]"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_run_that_is_told_to_stop_is_resumed(finished: Bench, executor: str, number: int) -> None:
    place = f"{executor[:5]}-{int(number)}"
    process = start(finished, place, executor)
    wait_for_checkpoint(finished, place)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == Interrupted.exit_code, said
    assert "interrupted; what has finished is kept" in said
    store = Store(finished.folder / place / "store")
    assert store.failures() == []
    assert len(list(store.root.glob("checkpoints/*/*.safetensors"))) == 1
    assert list(store.root.glob("finetune/.*")) == []
    done = finished.hbench("run", "suite.toml", "--store", f"{place}/store", "--executor", executor)
    assert "goes on from its checkpoint at step" in done.stderr
    assert files(finished, place) == files(finished, "whole")


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_ends_the_run_and_nothing_has_failed(finished: Bench) -> None:
    process = start(finished, "worker", "local[jobs=1]")
    wait_for_checkpoint(finished, "worker")
    draft = next((finished.folder / "worker/store/finetune").glob(".*"))
    os.kill(int(draft.name.split("-")[2]), signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == Interrupted.exit_code, said
    assert Store(finished.folder / "worker/store").failures() == []
    run(finished, "worker")
    assert files(finished, "worker") == files(finished, "whole")
