"""The jobs of an experiment: every FineTune and every Score is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.cost.budgets import find_budget
from hbench.cost.model import Training
from hbench.jobs.observe import CurriculumSpec
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef, pack_subset
from hbench.plugins import GivenScorer
from hbench.plugins.registry import KINDS, source_digest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hbench.experiment.plan import Arm, Experiment
    from hbench.experiment.suite import Suite
    from hbench.plugins import Scorer, Source
    from hbench.plugins.registry import Named

#: Options of a scorer that act on the selection only: scores are shared across them.
_SELECTION_OPTIONS = ("offset", "balance")


def task_ref(experiment: Experiment, suite: Suite, source: Source, data_dir: Path | None) -> TaskRef:
    """Return the task as its jobs see it; `source` says where its rows come from and their version."""
    return TaskRef(
        ref=experiment.task.ref,
        declaration=KINDS.find(experiment.task.plugin.kind).plugin.declaration(experiment.task.plugin),
        source=source,
        **suite.sizes_for(experiment.task),
        sample_seed=suite.sample_seed,
        data_dir=None if data_dir is None else str(data_dir),
    )


def full_jobs(experiment: Experiment, task: TaskRef, model: ModelRef, device: str | None = None) -> dict[int, FineTune]:
    """Return the full-data training of every seed; only those that some method reads observe anything.

    device: the type of device asked for, None for `auto`.
    """
    observed = set(experiment.scoring_seeds())
    return {
        seed: FineTune(
            task,
            model,
            experiment.recipe,
            seed,
            experiment.observe if seed in observed else None,
            device=device,
        )
        for seed in experiment.full_seeds()
    }


def score_jobs(experiment: Experiment, method: Named[Scorer], full: Mapping[int, FineTune]) -> dict[int, Score]:
    """Return by training seed the job whose scores select its subset.

    Seeds that one group scores share a job; a method that draws afresh has one for every seed, and one that reads no
    run a single one.
    """
    observation, groups = method.plugin.observation(), experiment.groups[method.ref]
    first = next(iter(full.values()))
    job = Score(
        task=first.task,
        scorer=method.name,
        options={k: v for k, v in method.options.items() if k not in _SELECTION_OPTIONS},
        source=source_digest(type(method.plugin)),
        examples=first.key,
        capture=None if observation is None else observation.at,
    )
    by_group = [_reading(job, [full[seed].key for seed in group]) for group in groups.runs]
    jobs = {seed: by_group[groups.scored_by[seed]] for seed in experiment.seeds}
    if method.plugin.fresh:
        jobs = {seed: replace(job, draw=seed) for seed, job in jobs.items()}
    return {seed: _with_files(job, method.plugin, seed) for seed, job in jobs.items()}


def _reading(job: Score, runs: Sequence[str]) -> Score:
    """Return a score job that reads full-data runs, so that it needs no other one to know the examples."""
    return replace(job, examples=runs[0], runs=tuple(runs)) if runs else job


def _with_files(job: Score, scorer: Scorer, seed: int) -> Score:
    """Return a score job that knows the file of a scorer that reads one: its key by content, not by path."""
    if not isinstance(scorer, GivenScorer):
        return job
    named = {"path": f"sha256:{scorer.digest(seed)}"}
    return replace(job, options={**job.options, **named}, files={"path": str(scorer.file(seed))})


def pruned_job(full: FineTune, arm: Arm, mask: npt.NDArray[np.bool_]) -> FineTune:
    """Return an arm's training on a subset; on everything it is the full-data run of the same seed."""
    if mask.all():
        return full
    recipe = _within_budget(full.recipe, arm, size=mask.size, count=int(mask.sum()))
    return replace(full, recipe=recipe, observe=None, subset=pack_subset(mask))


def curriculum_job(full: FineTune, arm: Arm, *, size: int, count: int, selection_seed: int) -> FineTune:
    """Return an arm's training that chooses `count` of `size` examples anew while it runs."""
    curriculum = CurriculumSpec(
        scorer=arm.method.name,
        options=arm.method.options,
        source=source_digest(type(arm.method.plugin)),
        count=count,
        selection_seed=selection_seed,
    )
    recipe = _within_budget(full.recipe, arm, size=size, count=count)
    return replace(full, recipe=recipe, observe=None, curriculum=curriculum)


def _within_budget(recipe: Recipe, arm: Arm, *, size: int, count: int) -> Recipe:
    training = Training(arm.method.plugin, size, count, recipe.epochs, recipe.batch_size)
    steps = find_budget(arm.budget).steps(training)
    return recipe if steps is None else replace(recipe, max_steps=steps)
