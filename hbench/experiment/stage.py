"""One stage of a run: the jobs that may run side by side, of which only those that the store lacks are started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.jobs.agenda import agenda_damage, write_agenda
from hbench.jobs.spec import FineTune, Job
from hbench.kinds import load_examples
from hbench.plugins.registry import TASKS

if TYPE_CHECKING:
    from hbench.execute.base import Context
    from hbench.jobs.store import Store
    from hbench.progress import Progress

#: `Executor.run` of the executor in use, or whatever runs jobs in the same way.
RunJobs = Callable[[Sequence[Job], "Store", "Context", "Progress"], None]


@dataclass(frozen=True)
class Tally:
    """How many jobs were run to their end, were finished already, and have failed, now or in an earlier run."""

    ran: int = 0
    reused: int = 0
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.ran + other.ran, self.reused + other.reused, self.failed + other.failed)


def run_stage(
    name: str, jobs: Mapping[str, Job], run_jobs: RunJobs, store: Store, context: Context, progress: Progress
) -> Tally:
    """Run the jobs of a stage that are neither finished nor failed in the store; return what became of all of them.

    jobs: by what progress calls them; one that is named twice runs once, under its first name.
    Raises HbenchError for input at fault. A job that fails raises nothing.
    """
    if (damage := agenda_damage(store)) is not None:
        progress.warn(f"damaged: {damage}; it is written anew")
    write_agenda(store, name, {job.key: job for job in jobs.values()}.values())
    labels: dict[str, str] = {}
    wanted: list[Job] = []
    reused = failed = 0
    for label, job in jobs.items():
        if job.key in labels:
            continue
        labels[job.key] = label
        if store.finished(job):
            reused += 1
        elif (failure := store.failure(job)) is not None:
            failed += 1
            progress.note(f"{label} failed before: {failure.reason} ({failure.log}); `hbench retry` tries it again")
        else:
            if (damage := store.damage(job)) is not None:
                progress.warn(f"damaged: {damage}; its job is run again")
            wanted.append(job)
    progress.stage(name, len(wanted))
    if wanted:
        _check_data(wanted, progress)
        run_jobs(wanted, store, replace(context, labels=labels), progress)
    ran = sum(store.finished(job) for job in wanted)
    return Tally(ran, reused, failed + len(wanted) - ran)


def _check_data(jobs: Sequence[Job], progress: Progress) -> None:
    """Read every task's data once before any job starts, so that a mistake is said once and at once."""
    trainings = [job for job in jobs if isinstance(job, FineTune)]
    refs = {job.task.ref: job.task for job in trainings}
    further = {ref.ref: ref for job in trainings for ref in job.further or ()}
    if refs:
        progress.note(f"reading the data of {', '.join((*refs, *further))}")
    for ref in (*refs.values(), *further.values()):
        task = TASKS.find(ref.ref)
        folder = None if ref.data_dir is None else Path(ref.data_dir)
        training = () if ref is further.get(ref.ref) else (task.plugin.training(),)
        for split in (*training, *task.plugin.splits()):
            examples = load_examples(task, split, source=ref.source, data_dir=folder, size=1, seed=0)
            if examples.left_out:
                rows = "1 row" if examples.left_out == 1 else f"{examples.left_out} rows"
                progress.note(f"{ref.ref}, split {split}: {rows} without a gold answer left out")
