"""The checkpoints of a job under way: when they are written, and going on from the latest."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy
import torch
import transformers
from safetensors import SafetensorError

from hbench.errors import Interrupted
from hbench.files import first_line
from hbench.training.device import device_name
from hbench.training.packed import read_values, write_packed
from hbench.training.snapshot import restore, snapshot

if TYPE_CHECKING:
    from hbench.jobs.checkpoints import JobCheckpoints
    from hbench.training.interrupts import StopSignals
    from hbench.training.loop import Run

#: Raised whenever the layout of a checkpoint changes.
_LAYOUT = 1
#: Writing takes at most one part in so many of a job's time, however large its model is.
_SHARE = 20


@dataclass
class Checkpoints:
    """Writes the checkpoints of one job, and restores the latest.

    None of this changes a bit of what the job gives, on the machine and with the versions that wrote the checkpoint;
    elsewhere the job starts over.
    """

    kept: JobCheckpoints
    #: Seconds between two, at least; 0 to write none but when the process is told to stop.
    seconds: float
    signals: StopSignals
    #: Hears one line that is good to know, and one about something wrong.
    note: Callable[[str], None]
    warn: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _due: float = 0.0
    _complained: bool = False

    @contextmanager
    def following(self, run: Run) -> Iterator[None]:
        """Restore the latest checkpoint into a run that has not begun, and write others while the block runs it.

        Raises Interrupted, after a last checkpoint, when the process is told to stop.
        """
        self._go_on(run)
        self._due = self.clock() + self.seconds
        run.after_batch = lambda: self._after_batch(run)
        self.signals.postponed = True
        try:
            yield
        finally:
            run.after_batch = None

    def _go_on(self, run: Run) -> None:
        latest = self.kept.latest()
        if latest is None:
            return
        why = "is damaged"
        if latest.sound:
            values = read_values(latest.path)
            why = _misfit({"job": self.kept.job.key, **_origin(run)}, values["origin"])
            if not why:
                restore(run, values["state"])
                self.note(f"goes on from its checkpoint at step {latest.step:,} of {latest.steps:,}")
                return
        self.warn(f"checkpoint {latest.path} {why}; the job starts over")
        self.kept.drop()

    def _after_batch(self, run: Run) -> None:
        if self.signals.waiting:
            self._write(run)
            raise Interrupted
        if self.seconds > 0 and self.clock() >= self._due:
            started = self.clock()
            self._write(run)
            now = self.clock()
            self._due = now + max(self.seconds, (_SHARE - 1) * (now - started))

    def _write(self, run: Run) -> None:
        """Write a checkpoint; a disk that is full costs the checkpoint, not the job."""
        values = {"origin": {"job": self.kept.job.key, **_origin(run)}, "state": snapshot(run)}
        try:
            with self.kept.writing(run.at.step, run.steps) as file:
                write_packed(file, values)
        except (OSError, SafetensorError) as error:
            if not self._complained:
                self._complained = True
                self.warn(f"{self.kept.folder}: no checkpoint can be written ({first_line(error)}); the job goes on")


def _origin(run: Run) -> dict[str, str | int]:
    """Return all that could let a training go on to other bits than it would have come to."""
    return {
        "layout": _LAYOUT,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
        "numpy": numpy.__version__,
        "device": device_name(run.accelerator.device),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "precision": run.precision,
    }


def _misfit(here: dict[str, str | int], there: dict[str, str | int]) -> str:
    """Return in which way a checkpoint is of another job, machine or version, empty when in none."""
    for name, value in here.items():
        if there.get(name) != value:
            return f"was written with {name} {there.get(name)}, not {value}"
    return ""
