"""Checks that need no data to be read: made at planning, and again before a run starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.execute import find_executor
from hbench.experiment.folders import Folders
from hbench.experiment.plan import Experiment, Plan
from hbench.plugins import Task

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_run(plan: Plan, folders: Folders, *, data_dir: Path | None, jobs: int | None) -> None:
    """Refuse what cannot be run; nothing is written, downloaded or trained.

    jobs: jobs at a time, None for the executor's choice.
    Raises UsageError for an executor that has no `jobs`, or a folder that cannot be used; DataError for a split that
    the data folder lacks; ResultError for results that cannot be read and would not be replaced.
    """
    find_executor(plan.suite.executor, jobs)
    folders.check()
    if data_dir is not None:
        _check_data_files(plan.experiments, data_dir)
    _check_results(plan.experiments, folders.results)


def _check_data_files(experiments: Iterable[Experiment], data_dir: Path) -> None:
    if not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir}: no such folder; name the one that holds <task>/<split>.jsonl")
    from hbench.data.sources import find_split  # a plan without a data folder does without it

    for task in {experiment.task.ref: experiment.task for experiment in experiments}.values():
        if type(task.plugin).rows is not Task.rows:  # embedded: it reads no file
            continue
        for splits in (task.plugin.training(), *task.plugin.splits()):
            for split in splits.split("+"):
                find_split(task.plugin, data_dir / task.name, split.strip())


def _check_results(experiments: Iterable[Experiment], results: Path) -> None:
    """Read the results that are there already: with one that cannot be read no board could be built."""
    files = sorted(results.rglob("*.json")) if results.is_dir() else []
    if not files:
        return
    # imported here because these bring numpy, which a plan without results never needs
    from hbench.results.cell import slug
    from hbench.results.folder import read_cell

    # the run writes its own results there anew, whatever the files of an earlier one hold
    replaced = {results / slug(e.task.ref) / slug(e.model.title) for e in experiments}
    for file in files:
        if file.parent not in replaced:
            read_cell(file)
