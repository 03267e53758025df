"""What an executor is, and how any of them runs one job."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hbench.errors import HbenchError, StoreError, TrainingFailed
from hbench.jobs.spec import FineTune, Job
from hbench.jobs.store import Store

if TYPE_CHECKING:
    from hbench.progress import Progress


#: Errors of the place where files are written, whatever was to be written there.
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class Context:
    """Where and how jobs run. None of it changes a job's key."""

    device: str = "cpu"
    #: Jobs at a time; None lets the executor choose.
    jobs: int | None = None
    #: Plugin files to load before a job is run.
    plugins: tuple[Path, ...] = ()
    #: What to call a job, by its key, when telling of its progress.
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, job: Job) -> str:
        """Return what to call a job: the cell it belongs to, or what its specification says."""
        return self.labels.get(job.key) or describe(job)


class Executor(Protocol):
    """Runs jobs, each until it is finished or failed in the store. Jobs meet only there."""

    def run(self, jobs: Sequence[Job], store: Store, context: Context, progress: Progress) -> None:
        """Run all jobs; return when every one is finished or failed. Raises HbenchError for input at fault."""


def run_job(job: Job, store: Store, device: str, step: Callable[[int, int], None]) -> bool:
    """Run one job in this process and publish it; return whether it finished.

    A job that fails leaves its reason and its log in the store. Input at fault (DataError, UsageError) and a store
    that cannot be written (StoreError) are raised instead: they are the user's to fix, not a result.
    """
    if store.finished(job):
        return True
    try:
        with store.writing(job) as folder:
            if isinstance(job, FineTune):
                from hbench.training.job import fine_tune

                fine_tune(job, folder, device, step)
            else:
                from hbench.jobs.score import run_score

                run_score(job, store, folder)
    except TrainingFailed as error:
        store.fail(job, str(error), f"{traceback.format_exc()}")
        return False
    except HbenchError:
        raise
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            store.fail(job, f"{type(error).__name__}: {error}", traceback.format_exc())
            return False
        # No property of the job: it is to be run again.
        raise StoreError(
            f"store {store.root}: {error.strerror}; free space or name another --store, and run again"
        ) from error
    except Exception as error:  # noqa: BLE001 - plugin code and libraries may raise anything; the board shows the reason
        store.fail(job, f"{type(error).__name__}: {error}", traceback.format_exc())
        return False
    return True


def describe(job: Job) -> str:
    """Return a line that names a job by its specification alone, which does not know the cells that use it."""
    if isinstance(job, FineTune):
        what = "full data" if job.subset is None else "pruned"
        return f"{job.task.ref} {job.model.shown} {what} seed {job.seed}"
    return f"{job.task.ref} {job.scorer} scores"
