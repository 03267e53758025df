"""The worker processes of the local executor: starting them, handing out jobs, replacing those that die, ending all."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.errors import HbenchError, Interrupted
from hbench.execute.base import Context
from hbench.execute.card import Card
from hbench.execute.worker import PARENT
from hbench.files import write_whole
from hbench.jobs.spec import FineTune, Job, dump
from hbench.training.device import PINNED, count_gpus, resolve_device, visible_gpus

if TYPE_CHECKING:
    from hbench.jobs.store import Store
    from hbench.progress import Progress


#: Seconds that workers get to write their checkpoints when the run ends early.
_STOP_SECONDS = 30.0
#: How a worker ends that was told to stop, in the middle of a training or between two.
_TOLD_TO_STOP = (
    Interrupted.exit_code,
    *(-getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)),
)


def run_all(
    jobs: Sequence[Job], store: Store, context: Context, progress: Progress, *, count: int | None, reserve: float | None
) -> None:
    """Run jobs in worker processes, in order of their start; those that are running when one raises are ended.

    count: workers at a time; None for one per core or GPU. reserve: GiB of a GPU that a job is expected to need as long
    as none like it has told; None for half of the GPU. Raises UsageError for a device that this machine lacks.
    """
    devices = _devices(context.device)
    count = min(len(jobs), count or _default_jobs(jobs, devices))
    queue = iter(jobs)
    lock = threading.Lock()
    cards = _cards(devices, None if reserve is None else round(reserve * 2**30))
    crew = [
        _Worker(store, device, context, _threads(jobs), cards.get(device))
        for device in itertools.islice(itertools.cycle(devices), count)
    ]
    with ThreadPoolExecutor(count) as pool:
        tasks = [pool.submit(_drain, worker, queue, lock, context, progress) for worker in crew]
        try:
            done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            with lock:
                for _ in queue:  # leave nothing for the others to start
                    pass
            _stop(crew, cards.values())


@dataclass(frozen=True)
class _Died:
    """How a worker process ended with a job in hand."""

    code: int

    def __str__(self) -> str:
        how = f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"
        return f"the worker process ended with {how}"


class Refused(HbenchError):
    """The input was at fault; the message and the exit code are the worker's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code


class _Worker:
    """One worker process, started with its first job and again after a death."""

    def __init__(self, store: Store, device: str, context: Context, threads: int, card: Card | None = None) -> None:
        self.store = store
        self.device = device
        #: The GPU behind the device where its number or UUID is known: the process then sees no other.
        self.card = card
        self.command = [sys.executable, "-m", "hbench.cli", "run-job", "-", "--store", str(store.root)]
        self.command += ["--device", device if card is None else "cuda"]
        self.command += ["--checkpoint-minutes", str(context.checkpoint_minutes)]
        for plugin in context.plugins:
            self.command += ["--plugin", str(plugin)]
        self.environment = {
            **os.environ,
            PARENT: str(os.getpid()),
            "OMP_NUM_THREADS": str(threads),
            "TOKENIZERS_PARALLELISM": "false",
        }
        if card is not None:
            self.environment = {**PINNED, **self.environment, "CUDA_VISIBLE_DEVICES": card.gpu}
        self.process: subprocess.Popen[str] | None = None
        self.stopped = False

    @contextmanager
    def admitted(self, job: Job, progress: Progress) -> Iterator[bool]:
        """Wait until the GPU has room for the job, and keep the room in the block; False when stopped before."""
        if self.card is None or not isinstance(job, FineTune):
            yield not self.stopped
            return
        waits = f"GPU {self.card.gpu}: a job waits for memory; fewer jobs than asked for run on it at a time"
        with self.card.admitted(job, lambda: self.stopped, lambda: progress.note(waits)) as entered:
            yield entered

    def run(self, job: Job, progress: Progress, label: str) -> str | None:
        """Run one job to its end; return why it failed, None when it did not.

        Raises Refused for input at fault, and Interrupted when somebody told the process to stop.
        """
        checkpoints = self.store.checkpoints(job)
        last = checkpoints.latest()
        while True:
            ended = self._run_once(job, progress, label)
            if not isinstance(ended, _Died):
                return ended
            if self.stopped or self.store.finished(job):
                return None
            if ended.code in _TOLD_TO_STOP:
                raise Interrupted
            latest = checkpoints.latest()
            if latest is None or (last is not None and latest.number <= last.number):
                reason = f"{ended}; memory may have run out"
                self.store.fail(job, reason, f"{reason}\n")
                return reason
            last = latest
            progress.warn(f"{label}: {ended}; another one takes over")

    def _run_once(self, job: Job, progress: Progress, label: str) -> str | _Died | None:
        """Run one job until it ends, or its process does."""
        process = self._alive()
        assert process.stdin is not None and process.stdout is not None
        with self._specification(job) as path:
            try:
                process.stdin.write(f"{path}\n")
                process.stdin.flush()
                for line in process.stdout:
                    event = json.loads(line)
                    if event["event"] == "progress":
                        if self.card is not None and isinstance(job, FineTune):
                            self.card.tell(job, event["taken"], event["done"], event["total"])
                        progress.job_progress(job.key, event["done"], event["total"])
                    elif event["event"] == "note":
                        progress.note(f"{label}: {event['text']}")
                    elif event["event"] == "warning":
                        progress.warn(f"{label}: {event['text']}")
                    elif event["event"] == "refused":
                        raise Refused(event["message"], event["code"])
                    elif event["event"] == "failed":
                        if self.device.startswith("cuda"):
                            # after an error in a kernel every later call in that process would fail as well
                            self._retire()
                        return str(event["reason"])
                    else:
                        if self.card is not None and isinstance(job, FineTune):
                            self.card.finish(job, event["taken"])
                        return None
            except BrokenPipeError:
                pass
        code = process.wait()
        self.process = None
        return _Died(code)

    def _retire(self) -> None:
        """Let the process end by itself; the next job starts another."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait()
        self.process = None

    def terminate(self) -> None:
        """Tell the process to end; a training in hand writes a checkpoint first."""
        self.stopped = True
        if self.process is not None:
            self.process.terminate()

    def reap(self, seconds: float) -> None:
        """Wait for the end of the process, and kill it when so many seconds are over."""
        process = self.process
        if process is None:
            return
        try:
            process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            pass
        finally:  # an interrupt in the meantime too
            process.kill()
            process.wait()

    def _alive(self) -> subprocess.Popen[str]:
        if self.process is None:
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self.environment,
                # what is sent is paths
                encoding=sys.getfilesystemencoding(),
                errors=sys.getfilesystemencodeerrors(),
            )
        return self.process

    @contextmanager
    def _specification(self, job: Job) -> Iterator[Path]:
        path = self.store.queued(job)
        path.parent.mkdir(exist_ok=True)
        write_whole(path, dump(job))
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _drain(worker: _Worker, queue: Iterator[Job], lock: threading.Lock, context: Context, progress: Progress) -> None:
    while True:
        with lock:
            job = next(queue, None)
        if job is None or worker.stopped:
            return
        label = context.label(job)
        with worker.admitted(job, progress) as admitted:
            if not admitted:
                return
            progress.job_started(job.key, label)
            reason = worker.run(job, progress, label)
        if not worker.stopped:
            progress.job_finished(job.key, reason)


def _stop(crew: Sequence[_Worker], cards: Iterable[Card]) -> None:
    """End all workers, those with a training in hand after a checkpoint, and those that wait for a GPU at once."""
    for worker in crew:
        worker.terminate()
    for card in cards:
        card.wake()
    end = time.monotonic() + _STOP_SECONDS
    for worker in crew:
        worker.reap(end - time.monotonic())


def _devices(name: str) -> list[str]:
    """Return the devices to spread workers over: every GPU for `auto` and plain `cuda`, otherwise the one named.

    The workers share this machine, so what it lacks is known here. Raises UsageError for a device that is not there.
    """
    if resolve_device(name) == "cuda":
        return [f"cuda:{number}" for number in range(max(1, count_gpus()))]
    return [name]


def _cards(devices: Sequence[str], reserve: int | None) -> dict[str, Card]:
    """Return the GPU behind every device whose number or UUID is known, by the device's name."""
    gpus = visible_gpus()
    numbers = {name: int(name.partition(":")[2] or 0) for name in devices if name.startswith("cuda")}
    return {name: Card(gpus[number], reserve) for name, number in numbers.items() if number < len(gpus)}


def _threads(jobs: Sequence[Job]) -> int:
    return max((job.recipe.threads for job in jobs if isinstance(job, FineTune)), default=1)


def _default_jobs(jobs: Sequence[Job], devices: list[str]) -> int:
    if devices not in (["auto"], ["cpu"]):
        return len(devices)
    # the cores this process may use, which on a cluster are fewer than the machine's
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable // _threads(jobs))
