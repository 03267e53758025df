"""The executor that runs every job in this process, one after the other: for tests and debuggers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from hbench.execute.base import Context, run_job
from hbench.jobs.spec import Job
from hbench.jobs.store import Store

if TYPE_CHECKING:
    from hbench.progress import Progress


class InlineExecutor:
    """Runs jobs here and now; a debugger sees all of it."""

    def run(self, jobs: Sequence[Job], store: Store, context: Context, progress: Progress) -> None:
        """Run the jobs in order."""
        for job in jobs:
            name = job.key
            progress.job_started(name, context.label(job))
            finished = run_job(job, store, context.device, partial(progress.job_progress, name))
            progress.job_finished(name, finished)
