"""The executor that runs jobs in several worker processes of this machine, which share its devices."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.errors import HbenchError, UsageError
from hbench.execute.base import Context, Executor
from hbench.execute.card import Card
from hbench.files import write_whole
from hbench.jobs.spec import FineTune, Job, dump
from hbench.training.device import PINNED, count_gpus, resolve_device, visible_gpus

if TYPE_CHECKING:
    from hbench.jobs.store import Store
    from hbench.progress import Progress


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """Runs jobs in worker processes of this machine, each on a core or GPU of its own unless there are more workers.

    jobs: workers at a time; none for one per core or GPU. More than there are GPUs share them evenly, and a job waits
    where the memory left is less than it needs. reserve: GiB of a GPU that a job is expected to need as long as none
    like it has told; none for half of the GPU. A worker that dies fails the job in hand, with its exit code, and is
    replaced.
    """

    jobs: int | None = None
    reserve: float | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise UsageError(f"executor local: jobs={self.jobs} is out of range; use at least 1")
        if self.reserve is not None and not 0 < self.reserve < math.inf:
            raise UsageError(f"executor local: reserve={self.reserve} is out of range; use a number of GiB above 0")

    def run(self, jobs: Sequence[Job], store: Store, context: Context, progress: Progress) -> None:
        """Run the jobs, in order of their start. Raises UsageError for a device that this machine lacks."""
        if not jobs:
            return
        devices = _devices(context.device)
        count = min(len(jobs), self.jobs or _default_jobs(jobs, devices))
        queue = iter(jobs)
        lock = threading.Lock()
        cards = _cards(devices, None if self.reserve is None else round(self.reserve * 2**30))
        crew = [
            _Worker(store, device, context.plugins, _threads(jobs), cards.get(device))
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
                for worker in crew:
                    worker.kill()
                for card in cards.values():
                    card.wake()
                for worker in crew:
                    worker.reap()


class Refused(HbenchError):
    """The input was at fault; the message and the exit code are the worker's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code


class _Worker:
    """One worker process, started with its first job and again after a death."""

    def __init__(
        self, store: Store, device: str, plugins: tuple[Path, ...], threads: int, card: Card | None = None
    ) -> None:
        self.store = store
        self.device = device
        #: The GPU behind the device where its number or UUID is known: the process then sees no other.
        self.card = card
        self.command = [sys.executable, "-m", "hbench.cli", "run-job", "-", "--store", str(store.root)]
        self.command += ["--device", device if card is None else "cuda"]
        for plugin in plugins:
            self.command += ["--plugin", str(plugin)]
        self.environment = {
            **os.environ,
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

    def run(self, job: Job, progress: Progress) -> str | None:
        """Run one job to its end; return why it failed, None when it did not. Raises Refused for input at fault."""
        process = self._alive()
        name = job.key
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
                        progress.job_progress(name, event["done"], event["total"])
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
        if self.stopped or self.store.finished(job):
            return None
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        reason = f"the worker process ended with {why}; memory may have run out"
        self.store.fail(job, reason, f"{reason}\n")
        return reason

    def _retire(self) -> None:
        """Let the process end by itself; the next job starts another."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End the process at once; a job in hand is lost, nothing else."""
        self.stopped = True
        if self.process is not None:
            self.process.kill()

    def reap(self) -> None:
        """Wait for the end of a killed process."""
        if self.process is not None:
            self.process.wait()

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
        with worker.admitted(job, progress) as admitted:
            if not admitted:
                return
            progress.job_started(job.key, context.label(job))
            reason = worker.run(job, progress)
        if not worker.stopped:
            progress.job_finished(job.key, reason)


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
