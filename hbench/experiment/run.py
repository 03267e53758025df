"""Running a suite: plan, bind, full-data runs, scores, prune, pruned runs, collect, publish.

A stage only starts what the store does not hold yet: running a suite again is how one resumes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.board.board import Board
from hbench.data.own.task import notes_of
from hbench.execute import find_executor
from hbench.execute.base import Context, run_here
from hbench.execute.processes import is_alive
from hbench.experiment.bind import bind
from hbench.experiment.check import check_fit, check_run
from hbench.experiment.collect import collect
from hbench.experiment.folders import Folders
from hbench.experiment.own.given import check_given
from hbench.experiment.plan import check_natural, make_plan
from hbench.experiment.prune import prune
from hbench.experiment.stage import run_stage
from hbench.jobs import CHECKPOINT_MINUTES
from hbench.jobs.store import Store
from hbench.progress import NullProgress, Progress
from hbench.render.publish import HTML, publish
from hbench.render.show import at_a_glance
from hbench.results.folder import with_looks

if TYPE_CHECKING:
    from hbench.experiment.bind import BoundExperiment
    from hbench.experiment.prune import PrunedRuns
    from hbench.experiment.suite import Suite
    from hbench.results.cell import CellResult


@dataclass(frozen=True)
class RunReport:
    """What a run did, and the board it made."""

    #: Jobs run now, jobs that were finished already, and jobs that failed, now or before.
    ran: int
    reused: int
    failed_jobs: int
    #: Rows of the board of which at least one seed failed.
    failed_cells: int
    #: What the board shows at a glance, as text, and the page it was written to.
    board: str
    page: Path


def run_suite(
    suite: Suite,
    *,
    store: Path,
    results: Path | None = None,
    out: Path | None = None,
    data_dir: Path | None = None,
    executor: str | None = None,
    jobs: int | None = None,
    device: str = "auto",
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    plugins: tuple[Path, ...] = (),
    progress: Progress | None = None,
) -> RunReport:
    """Run everything a suite takes that the store does not hold, write results, one file per cell, and the board.

    store, results, out: the folders of finished jobs, of result files and of the board; by default the latter two are
    `results` and `leaderboard` beside the store. executor: a reference such as `local[jobs=2]`; None for the suite's.
    jobs: jobs at a time, the executor's option of this name. device: resolved by the process that trains.
    checkpoint_minutes: between two checkpoints of a training; 0 for one only when it is told to stop.
    plugins: files that workers load before they run a job.
    Raises HbenchError for input at fault. A failed training raises nothing: its cell says so.
    """
    folders = Folders.beside(store, results, out)
    suite = suite.overridden(executor=executor)
    plan = make_plan(suite)
    check_run(plan, folders, data_dir=data_dir, jobs=jobs)
    runner = find_executor(suite.executor, jobs)
    progress = progress or NullProgress()
    finished = Store(folders.store)
    finished.prepare()
    finished.sweep(is_alive)
    context = Context(device, plugins, checkpoint_minutes=checkpoint_minutes)
    run_jobs = partial(run_stage, store=finished, context=context, progress=progress)

    for task in {experiment.task.ref: experiment.task.plugin for experiment in plan.experiments}.values():
        for note in notes_of(task):
            progress.note(note)
    bound = [bind(experiment, suite, data_dir, finished, device) for experiment in plan.experiments]
    check_fit(bound, folders.results)
    check_natural(plan)
    check_given(plan.experiments, suite, data_dir, fetch=True)
    full = run_jobs("full-data runs", {k: job for b in bound for k, job in b.full_runs().items()}, runner.run)
    # scores take milliseconds, so no worker is started for them
    scored = run_jobs("scores", {k: job for b in bound for k, job in b.ready_scores(finished).items()}, run_here)
    pruned = [prune(b, finished) for b in bound]
    _tell_reasons(bound, pruned, progress)
    trained = run_jobs("pruned runs", {k: job for p in pruned for k, job in p.jobs().items()}, runner.run)
    cells = [cell for b, p in zip(bound, pruned, strict=True) for cell in collect(b, p, finished)]
    finished.sweep(is_alive)  # a killed run's workers may have lived for a second into this one
    cells = with_looks(folders.results, cells)
    board = at_a_glance(_own_part(publish(cells, folders.results, folders.out), cells))

    tally = full + scored + trained
    failed_cells = sum(bool(cell.failures) for cell in cells)
    return RunReport(tally.ran, tally.reused, tally.failed, failed_cells, board, folders.out / HTML)


def _own_part(board: Board, cells: Sequence[CellResult]) -> Board:
    """Return the board of the tasks and models that were run; the folder of results may hold others."""
    own = {(cell.task, cell.model) for cell in cells}
    part = [result for result in board.results if (result.task, result.model) in own]
    return board if len(part) == len(board.results) else Board.of(part)


def _tell_reasons(bound: Sequence[BoundExperiment], pruned: Sequence[PrunedRuns], progress: Progress) -> None:
    """Say at once which rows of the board will be lacking, and why."""
    for b, p in zip(bound, pruned, strict=True):
        for reason, arm in p.reasons().items():
            progress.note(f"{b.experiment.title} {arm} cannot be trained: {reason}")
