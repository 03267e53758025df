"""The executor that runs jobs in several worker processes of this machine, which share its devices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.execute.base import Context, Executor

if TYPE_CHECKING:
    from hbench.jobs.spec import Job
    from hbench.jobs.store import Store
    from hbench.progress import Progress


@dataclass(frozen=True)
class LocalExecutor(Executor):
    """Runs jobs in worker processes of this machine, each on a core or GPU of its own unless there are more workers.

    jobs: workers at a time; none for one per core or GPU. More than there are GPUs share them evenly, and a job waits
    where the memory left is less than it needs. reserve: GiB of a GPU that a job is expected to need as long as none
    like it has told; none for half of the GPU. A worker that dies is replaced, and its job goes on from its checkpoint;
    one that has left none since it last went on has failed, with the worker's exit code.
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
        if jobs:
            from hbench.execute.crew import run_all  # a plan needs no more of this executor than its options

            run_all(jobs, store, context, progress, count=self.jobs, reserve=self.reserve)
