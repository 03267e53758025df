"""A GPU that several workers share: a job starts where its memory fits, and waits where it does not."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from hbench.jobs.spec import FineTune

#: Seconds between two looks at a card on which a job waits: other people's programs leave without a word.
_LOOK_SECONDS = 2.0
#: Steps after which what a job has taken says what it will take: the allocator has seen most lengths of batches.
_TELLING_STEPS = 20
#: By how much the peak of a job that is still running may grow.
_GROWTH = 1.25


@dataclass(frozen=True)
class Memory:
    """Memory of a GPU, in bytes."""

    free: int
    total: int


def read_memory(gpu: str) -> Memory | None:
    """Return the memory of a GPU, named by its number or UUID, as the driver tells it; None where it does not."""
    query = ["nvidia-smi", f"--id={gpu}", "--query-gpu=memory.free,memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, check=True, timeout=30).stdout  # noqa: S603 - a fixed program
        free, total = (int(part) * 2**20 for part in told.strip().split(","))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Memory(free, total)


@dataclass
class _Running:
    """A job on the card: its sort, and the bytes that its process has told to have taken."""

    sort: str
    taken: int = 0


class Card:
    """Admits jobs to one GPU by memory. Used by the threads of all workers on it.

    gpu: number or UUID, for the driver. reserve: bytes that a job is expected to take as long as none of its sort has
    told more; None for half of the card. A job that would be alone always starts: were it to wait, nothing of ours
    would end.
    """

    def __init__(
        self, gpu: str, reserve: int | None = None, read: Callable[[str], Memory | None] = read_memory
    ) -> None:
        self.gpu = gpu
        self._reserve, self._read = reserve, read
        self._running: dict[str, _Running] = {}
        #: By sort: the most that finished jobs took, and what those that run are expected to reach.
        self._peaks: dict[str, int] = {}
        self._foreseen: dict[str, int] = {}
        self._waited = False
        self._door = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def admitted(self, job: FineTune, stopped: Callable[[], bool], waits: Callable[[], None]) -> Iterator[bool]:
        """Wait until the job fits and count it as running in the block; False when `stopped` says so before.

        waits: called when a job has to wait for the first time.
        """
        entered = self._enter(job, stopped, waits)
        try:
            yield entered
        finally:
            with self._changed:
                self._running.pop(job.key, None)
                self._changed.notify_all()

    def tell(self, job: FineTune, taken: int, steps: int, total: int) -> None:
        """Note the bytes that the process of a running job has taken, after so many optimiser steps of their total."""
        with self._changed:
            running = self._running[job.key]
            running.taken = max(running.taken, taken)
            if steps >= min(_TELLING_STEPS, total):
                _raise(self._foreseen, running.sort, round(taken * _GROWTH))
                self._changed.notify_all()

    def finish(self, job: FineTune, taken: int) -> None:
        """Note the most bytes that the process of a job took that has finished."""
        with self._changed:
            _raise(self._peaks, sort_of(job), taken)

    def wake(self) -> None:
        """Let those who wait ask again whether they are stopped."""
        with self._changed:
            self._changed.notify_all()

    def _enter(self, job: FineTune, stopped: Callable[[], bool], waits: Callable[[], None]) -> bool:
        # One at a time looks at the card, the others wait behind it: those that run have to be heard meanwhile.
        with self._door:
            while not stopped():
                if self._fits(job):
                    with self._changed:
                        self._running[job.key] = _Running(sort_of(job))
                    return True
                if not self._waited:
                    self._waited = True
                    waits()
                with self._changed:
                    if self._running and not stopped():
                        self._changed.wait(_LOOK_SECONDS)
        return False

    def _fits(self, job: FineTune) -> bool:
        with self._changed:
            running = [replace(one) for one in self._running.values()]
        memory = self._read(self.gpu) if running else None
        if memory is None:
            return True
        # What those that run have yet to take is free now, and not for this one. They told it before the card was read.
        coming = sum(max(0, self._expected(one.sort, memory) - one.taken) for one in running)
        return self._expected(sort_of(job), memory) <= memory.free - coming

    def _expected(self, sort: str, memory: Memory) -> int:
        known = self._peaks.get(sort) or self._foreseen.get(sort) or self._reserve
        return memory.total // 2 if known is None else known


def _raise(numbers: dict[str, int], name: str, value: int) -> None:
    numbers[name] = max(numbers.get(name, 0), value)


def sort_of(job: FineTune) -> str:
    """Return what decides the memory that a job takes: task, model, size of its batches, and what is observed."""
    recipe = job.recipe
    shape = (recipe.batch_size, recipe.max_length, recipe.precision, recipe.compile)
    return repr((job.task.ref, job.model.ref, job.model.source, shape, job.observe))
