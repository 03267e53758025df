"""Running a suite: full trainings, then scores, then trainings on the subsets they select, then results.

A stage only starts what the store does not hold yet: running a suite again is how one resumes it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.errors import UsageError, suggest
from hbench.execute.base import Context, Executor
from hbench.experiment.bind import Work
from hbench.experiment.collect import collect
from hbench.experiment.plan import make_plan
from hbench.jobs.spec import FineTune, Job
from hbench.jobs.store import Store
from hbench.progress import NullProgress, Progress
from hbench.render.publish import publish
from hbench.render.terminal import terminal_text
from hbench.training.device import find_device

if TYPE_CHECKING:
    from hbench.experiment.suite import Suite


@dataclass(frozen=True)
class RunReport:
    """What a run did: jobs run now, jobs found finished, failed jobs, cells with a failed seed, the board as text."""

    ran: int
    reused: int
    failed_jobs: int
    failed_cells: int
    board: str


def run_suite(
    suite: Suite,
    *,
    store: Path,
    results: Path,
    out: Path,
    data_dir: Path | None = None,
    executor: str = "local",
    jobs: int | None = None,
    device: str = "auto",
    plugins: tuple[Path, ...] = (),
    progress: Progress | None = None,
) -> RunReport:
    """Run everything a suite takes that the store does not hold, write results, one file per cell, and the board.

    Raises HbenchError for input at fault. A failed training is no error here: its cell says so.
    """
    place = Store(store)
    place.prepare()
    place.sweep(_alive)
    runner = _Runner(
        place, find_executor(executor), Context(find_device(device), jobs, plugins), progress or NullProgress()
    )
    works = [Work.begin(group, suite, data_dir, place) for group in make_plan(suite).groups]
    runner.run("full-data runs", works, [job for work in works for job in work.full.values()])
    runner.run("scores", works, [job for work in works for job in work.ready_scores(place)], here=True)
    runner.run("pruned runs", works, [job for work in works for job in work.prune(place)])
    cells = [cell for work in works for cell in collect(work, place)]
    place.sweep(_alive)  # a killed run's workers may have lived for a second into this one
    failed_cells = sum(bool(cell.failures) for cell in cells)
    board = publish(cells, results, out)
    text = terminal_text(board.columns, board.comparisons)
    return RunReport(runner.ran, runner.reused, runner.failed, failed_cells, text)


def find_executor(name: str) -> Executor:
    """Return the executor that an entry point in the group `hbench.executors` names."""
    points = {point.name: point for point in entry_points(group="hbench.executors")}
    if name not in points:
        raise UsageError(f"unknown executor '{name}'{suggest(name, points)}")
    made: Executor = points[name].load()()
    return made


class _Runner:
    """Runs the unfinished jobs of a stage and counts what happened."""

    def __init__(self, store: Store, executor: Executor, context: Context, progress: Progress) -> None:
        self.store, self.executor, self.context, self.progress = store, executor, context, progress
        self.ran = self.reused = self.failed = 0

    def run(self, name: str, works: Sequence[Work], jobs: Sequence[Job], *, here: bool = False) -> None:
        """Run a stage. `here`: in this process, for jobs that take milliseconds."""
        distinct = {job.key: job for job in jobs}
        wanted = []
        for job in distinct.values():
            if self.store.finished(job):
                self.reused += 1
            elif (failure := self.store.failure(job)) is not None:
                self.failed += 1
                self.progress.note(f"failed before: {failure.reason} ({failure.log}); `hbench retry` tries it again")
            else:
                wanted.append(job)
        self.progress.stage(name, len(wanted))
        if not wanted:
            return
        self._check_input(wanted)
        executor = find_executor("inline") if here else self.executor
        labels = {name: text for work in works for name, text in work.labels().items()}
        executor.run(wanted, self.store, replace(self.context, labels=labels), self.progress)
        finished = sum(self.store.finished(job) for job in wanted)
        self.ran += finished
        self.failed += len(wanted) - finished

    def _check_input(self, jobs: Sequence[Job]) -> None:
        """Read every task's data once before any worker starts, so that a mistake is said once and at once."""
        from hbench.kinds import load_examples
        from hbench.plugins.registry import TASKS

        for ref in {job.task.ref: job.task for job in jobs if isinstance(job, FineTune)}.values():
            task = TASKS.find(ref.ref)
            folder = None if ref.data_dir is None else Path(ref.data_dir)
            for split in (task.plugin.training(), *task.plugin.splits()):
                found = load_examples(task, split, source=ref.source, data_dir=folder, size=1, seed=0)
                if found.left_out:
                    rows = "1 row" if found.left_out == 1 else f"{found.left_out} rows"
                    self.progress.note(f"{ref.ref}, split {split}: {rows} without a gold answer left out")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
