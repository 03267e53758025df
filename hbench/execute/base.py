"""What an executor is, and how any of them runs one job."""

from __future__ import annotations

import errno
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.data.own.task import make_known
from hbench.errors import HbenchError, StoreError, TrainingFailed
from hbench.jobs import CHECKPOINT_MINUTES

if TYPE_CHECKING:
    from hbench.jobs.spec import Job
    from hbench.jobs.store import Store
    from hbench.progress import Progress


#: Errors of the disk or file system, whatever was to be written there.
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def _ignore(text: str) -> None:
    """Hear a line and do nothing."""


@dataclass(frozen=True)
class Context:
    """What every job of a stage is run with. None of it changes a job's key."""

    #: As the user named it: `auto` and `cuda` mean something only on the machine that trains.
    device: str = "auto"
    #: Plugin files to load before a job is run.
    plugins: tuple[Path, ...] = ()
    #: What progress calls a job, by its key.
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Minutes between two checkpoints of a job; 0 to write none but when it is told to stop.
    checkpoint_minutes: float = CHECKPOINT_MINUTES

    def label(self, job: Job) -> str:
        """Return what progress calls a job: the arm it belongs to, or what its specification says."""
        return self.labels.get(job.key) or describe(job)


@dataclass(frozen=True)
class Executor(ABC):
    """Runs jobs somewhere; a subclass is a frozen dataclass whose fields are its options, and defines `run`.

    An installed package registers one by an entry point in the group `hbench.executors`.
    """

    @abstractmethod
    def run(self, jobs: Sequence[Job], store: Store, context: Context, progress: Progress) -> None:
        """Run all jobs; return when every one has finished or failed in the store, all that they share.

        A job that fails is recorded there with its reason, and the others go on. `progress` hears of every job once
        that it has started and once that it has finished. A worker process is `hbench run-job`, which resolves
        `context.device` on its own machine. One that is told to stop, by a signal, leaves a checkpoint and ends with
        the exit code of Interrupted; its job has not failed, and goes on in the next run.
        Raises HbenchError for input at fault: no further job is started, and those running are ended.
        """


def run_here(jobs: Sequence[Job], store: Store, context: Context, progress: Progress) -> None:
    """Run jobs in this process, one after the other."""
    for job in jobs:
        label = context.label(job)
        progress.job_started(job.key, label)
        reason = run_job(
            job,
            store,
            context.device,
            partial(progress.job_progress, job.key),
            note=partial(_say_of, label, progress.note),
            warn=partial(_say_of, label, progress.warn),
            checkpoint_minutes=context.checkpoint_minutes,
        )
        progress.job_finished(job.key, reason)


def run_job(
    job: Job,
    store: Store,
    device: str,
    step: Callable[[int, int], None],
    *,
    note: Callable[[str], None] = _ignore,
    warn: Callable[[str], None] = _ignore,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
) -> str | None:
    """Run one job in this process and publish it; return why it failed, None when it finished.

    device: a name such as `auto`, resolved on this machine. step: hears of optimiser steps done and their total. note,
    warn: hear one line that is good to know, and one about something wrong. checkpoint_minutes: see `Context`.
    A job that fails leaves its reason and its log in the store. Input at fault (DataError, UsageError) and a store
    that cannot be written (StoreError) are raised instead: they are the user's to fix, not a result. So is Interrupted
    when the process is told to stop; the next call goes on from the checkpoint that this leaves.
    """
    # a plan looks at executors, and runs nothing
    from hbench.execute.culprit import raised_at
    from hbench.jobs.spec import FineTune
    from hbench.training.device import resolve_device
    from hbench.training.interrupts import stop_signals
    from hbench.training.memory import why_memory_ran_out

    if store.finished(job):
        return None
    for task in (job.task, *(() if not isinstance(job, FineTune) else job.further or ())):
        make_known(task.ref, task.declaration)
    try:
        with stop_signals() as signals:
            with store.writing(job) as folder:
                if isinstance(job, FineTune):
                    device = resolve_device(device)
                    from hbench.training.checkpoint import Checkpoints
                    from hbench.training.job import fine_tune

                    kept = store.checkpoints(job)
                    checkpoints = Checkpoints(kept, 60 * checkpoint_minutes, signals, note, warn)
                    fine_tune(job, folder, device, step, checkpoints)
                else:
                    from hbench.jobs.score import run_score
                    from hbench.kinds import training_texts

                    run_score(job, store, folder, training_texts)
            store.checkpoints(job).drop()
    except TrainingFailed as error:
        store.checkpoints(job).drop()  # it would fail from there as well
        return _failed(job, store, str(error))
    except HbenchError:
        raise
    except Exception as error:  # plugin code and libraries may raise anything; the board shows the reason
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            # No property of the job: it is to be run again.
            raise StoreError(
                f"store {store.root}: {error.strerror}; free space or name another --store, and run again"
            ) from error
        reason = why_memory_ran_out(error) or f"{type(error).__name__}: {error}{raised_at(error, job)}"
        return _failed(job, store, reason)
    return None


def _failed(job: Job, store: Store, reason: str) -> str:
    """Record the failure that is being handled; return its reason."""
    store.fail(job, reason, traceback.format_exc())
    return reason


def _say_of(label: str, say: Callable[[str], None], text: str) -> None:
    say(f"{label}: {text}")


def describe(job: Job) -> str:
    """Return a line that names a job by its specification alone, which does not know the arms that use it."""
    from hbench.jobs.spec import FineTune

    if isinstance(job, FineTune):
        what = "full data" if job.subset is None else "pruned"
        return f"{job.task.ref} {job.model.shown} {what} seed {job.seed}"
    return f"{job.task.ref} {job.scorer} scores"
