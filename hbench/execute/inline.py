"""The executor that runs every job in this process, one after the other: for tests and debuggers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.execute.base import Context, Executor, run_here

if TYPE_CHECKING:
    from hbench.jobs.spec import Job
    from hbench.jobs.store import Store
    from hbench.progress import Progress


@dataclass(frozen=True)
class InlineExecutor(Executor):
    """Runs jobs in this process, one after the other, so that a debugger sees all of it.

    jobs: jobs at a time, which are always 1.
    """

    jobs: int = 1

    def __post_init__(self) -> None:
        if self.jobs != 1:
            raise UsageError(f"executor inline: jobs={self.jobs}, but it runs one job at a time; use local for more")

    def run(self, jobs: Sequence[Job], store: Store, context: Context, progress: Progress) -> None:
        """Run the jobs in order."""
        run_here(jobs, store, context, progress)
