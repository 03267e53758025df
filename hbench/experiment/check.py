"""Checks that need no data to be read: made at planning, and again before a run starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hbench.data.own.task import OwnTask
from hbench.errors import UsageError
from hbench.execute import find_executor
from hbench.experiment.folders import Folders
from hbench.experiment.own.given import check_given
from hbench.experiment.plan import Experiment, Plan
from hbench.plugins import Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hbench.board.versions import Version
    from hbench.experiment.bind import BoundExperiment
    from hbench.results.cell import CellResult


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
    check_given(plan.experiments, plan.suite, data_dir, fetch=False)
    _check_results(plan.experiments, folders.results)


def _check_data_files(experiments: Iterable[Experiment], data_dir: Path) -> None:
    if not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir}: no such folder; name the one that holds <task>/<split>.jsonl")
    from hbench.data.sources import find_split  # a plan without a data folder does without it

    known = list(experiments)
    needed = {e.task.ref: (e.task, (e.task.plugin.training(), *e.task.plugin.splits())) for e in known}
    for task, splits in (*needed.values(), *((f, f.plugin.splits()) for e in known for f in e.further)):
        if type(task.plugin).rows is not Task.rows or isinstance(task.plugin, OwnTask):  # it reads no file there
            continue
        for split in (part for joined in splits for part in joined.split("+")):
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


def check_fit(bound: Iterable[BoundExperiment], results: Path) -> None:
    """Refuse, before anything is trained, results that could not be compared with those already in the folder.

    Raises ResultError naming two results and the field in which they differ: version of data or model, recipe,
    baseline or margin.
    """
    if not results.is_dir():
        return
    from hbench.board.versions import check_comparable
    from hbench.experiment.collect import outline
    from hbench.results.fields import ResultError
    from hbench.results.folder import merged

    ours = [cell for experiment in bound for cell in outline(experiment)]
    groups: dict[tuple[str, str, str], list[CellResult]] = {}
    for result in merged(results, ours):
        if not result.is_diagnostic:
            groups.setdefault((result.task, result.split, result.model), []).append(result)
    try:
        for key in {(cell.task, cell.split, cell.model) for cell in ours} & set(groups):
            check_comparable(groups[key], _known_version)
    except ResultError as error:
        raise ResultError(f"{error}. Nothing was trained: name another folder with --results") from None


def _known_version(result: CellResult) -> Version:
    """Return what has to be equal as far as it is known before a training: not what `auto` will come to."""
    from hbench.board.versions import MAY_DIFFER, evaluation_version

    recipe = {k: v for k, v in result.recipe.items() if k not in (*MAY_DIFFER, "precision", "device")}
    return evaluation_version(result) | {"recipe": recipe}
