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
from hbench.plugins.registry import KINDS, scored, source_digest, sources_digest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hbench.experiment.plan import Arm, Experiment, ScoringModel
    from hbench.experiment.suite import Suite
    from hbench.plugins import Scorer, Source, Task
    from hbench.plugins.registry import Named

#: Options of a scorer that no score depends on but by the runs that are read: scores are shared across them.
_NOT_OF_SCORES = ("offset", "balance", "score_with")


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


def evaluation_ref(task: Named[Task], suite: Suite, source: Source, data_dir: Path | None) -> TaskRef:
    """Return a further set as jobs see it, of which no example is trained on."""
    return TaskRef(
        ref=task.ref,
        declaration=KINDS.find(task.plugin.kind).plugin.declaration(task.plugin),
        source=source,
        eval_size=suite.sizes_for(task)["eval_size"],
        sample_seed=suite.sample_seed,
        data_dir=None if data_dir is None else str(data_dir),
    )


def full_jobs(
    experiment: Experiment,
    task: TaskRef,
    model: ModelRef,
    device: str | None = None,
    further: tuple[TaskRef, ...] | None = None,
) -> dict[int, FineTune]:
    """Return the full-data training of every seed; only those that some method reads observe anything.

    device: the type of device asked for, None for `auto`. further: the further sets, None for none.
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
            further=further,
        )
        for seed in experiment.full_seeds()
    }


def scoring_jobs(full: FineTune, scoring: ScoringModel) -> dict[int, FineTune]:
    """Return the full-data trainings of another model than the trained one, which some methods read, by seed.

    full: one of the trained model.
    """
    job = replace(full, model=scoring.model.reference, observe=scoring.observe, further=None)
    return {seed: replace(job, seed=seed) for seed in scoring.seeds}


def score_jobs(
    experiment: Experiment,
    method: Named[Scorer],
    full: Mapping[int, FineTune],
    read: Mapping[int, FineTune] | None = None,
) -> dict[int, Score]:
    """Return by training seed the job whose scores select its subset.

    read: the runs that it reads, where they are of another model. Seeds that one group scores share a job; a method
    that draws afresh has one for every seed, and one that reads no run a single one. A selection such as `ccs(aum)` has
    the jobs of the scorer that it selects from.
    """
    groups, method = experiment.groups[method.ref], scored(method)
    observation, first = method.plugin.observation(), next(iter(full.values()))
    job = Score(
        task=first.task,
        scorer=method.name,
        options={k: v for k, v in method.options.items() if k not in _NOT_OF_SCORES},
        source=sources_digest(method),
        examples=first.key,
        capture=None if observation is None else observation.at,
    )
    by_group = [_reading(job, [(read or full)[seed].key for seed in group]) for group in groups.runs]
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


def pruned_job(
    full: FineTune, arm: Arm, mask: npt.NDArray[np.bool_], further: tuple[TaskRef, ...] | None = None
) -> FineTune:
    """Return an arm's training on a subset; on everything it is the full-data run of the same seed.

    further: the further sets of the experiment; the full-data run may have been evaluated on more.
    """
    if mask.all():
        return full
    recipe = _within_budget(full.recipe, arm, size=mask.size, count=int(mask.sum()))
    return replace(full, recipe=recipe, observe=None, subset=pack_subset(mask), further=further)


def curriculum_job(
    full: FineTune,
    arm: Arm,
    *,
    size: int,
    count: int,
    selection_seed: int,
    further: tuple[TaskRef, ...] | None = None,
) -> FineTune:
    """Return an arm's training that chooses `count` of `size` examples anew while it runs; `further` as above."""
    curriculum = CurriculumSpec(
        scorer=arm.method.name,
        options=arm.method.options,
        source=source_digest(type(arm.method.plugin)),
        count=count,
        selection_seed=selection_seed,
    )
    recipe = _within_budget(full.recipe, arm, size=size, count=count)
    return replace(full, recipe=recipe, observe=None, curriculum=curriculum, further=further)


def _within_budget(recipe: Recipe, arm: Arm, *, size: int, count: int) -> Recipe:
    training = Training(arm.method.plugin, size, count, recipe.epochs, recipe.batch_size)
    steps = find_budget(arm.budget).steps(training)
    return recipe if steps is None else replace(recipe, max_steps=steps)
