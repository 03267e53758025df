"""What a plan would run and cost at most: in trainings, and in hours where the store has runs to measure by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hbench.cost.budgets import find_budget
from hbench.cost.model import Training, observing
from hbench.data.sizes import training_set
from hbench.experiment.fields.transfer import other_model
from hbench.experiment.plan import Arm, Experiment, Plan, unite
from hbench.jobs.observe import Observed
from hbench.jobs.recipe import Recipe
from hbench.models.catalogue import Model
from hbench.models.sizes import size_of
from hbench.plugins.registry import scored

#: Operations a second that a plan takes a GPU to train with where none has been measured: a tenth of an H100's peak in
#: bf16, which is what fine-tuning at lengths of 128 to 512 tokens can count on without a measurement.
ASSUMED_RATE = 1e14


@dataclass(frozen=True)
class Amounts:
    """Counts of jobs, and costs in trainings on the full data of the same task and model.

    Pruned trainings are an upper bound: scorers that select the same examples share their trainings. A size that
    follows from the data is counted as 1.
    """

    full_runs: int
    score_jobs: int
    pruned_runs_at_most: int
    cost_at_most: float
    #: What it would cost if every scorer trained its own scoring runs.
    cost_unshared: float
    #: Of one job after the other: by the full-data runs of the same task, model, recipe and size that have finished,
    #: else by the operations and the rate that the device was measured to have; None without either.
    hours_at_most: float | None
    #: Floating-point operations; None where the rows of the task or the size of the model are not known.
    flops_at_most: float | None
    #: Gigabytes (2^30) that one training holds at most; None where the size of the model is not known.
    memory_gib: float | None
    #: Operations of one training on the full data, the largest in a total; None where they are not known.
    flops_per_job: float | None
    #: Hours of one GPU at `ASSUMED_RATE`, of everything and of one training on the full data.
    gpu_hours_at_most: float | None
    gpu_hours_per_job: float | None


@dataclass(frozen=True)
class ExperimentEstimate(Amounts):
    """What one task with one model would take."""

    task: str
    model: str
    #: How many of the full runs are scoring runs, and how many scorers read them.
    scoring_runs_of_these: int
    scorers_sharing_them: int
    #: The sets of other tasks that every trained model is evaluated on as well.
    further: tuple[str, ...]


@dataclass(frozen=True)
class SetsOfScores:
    """Which sets of scores a scorer's subsets come from."""

    scorer: str
    #: Sets of scores, and the full-data runs that each takes.
    sets: int
    runs: int


@dataclass(frozen=True)
class Estimate:
    """What a suite would take, per experiment and in total."""

    suite: str
    #: Of the scorers that read full-data runs.
    scoring: tuple[SetsOfScores, ...]
    experiments: tuple[ExperimentEstimate, ...]
    total: Amounts


def estimate(plan: Plan, store: Path | None = None, rate: float | None = None) -> Estimate:
    """Return the counts of jobs and the costs of a plan.

    store: the folder of finished jobs to measure hours by. rate: operations a second of the device, where it has been
    measured.
    """
    measured = _measured(plan, store) if store is not None and store.is_dir() else {}
    experiments = tuple(
        _experiment(e, measured.get(i), rate, plan.suite.sizes_for(e.task)["train_size"])
        for i, e in enumerate(plan.experiments)
    )
    read = {ref: groups for e in plan.experiments for ref, groups in e.groups.items() if groups.seeds}
    scoring = tuple(SetsOfScores(ref, len(groups.runs), len(groups.runs[0])) for ref, groups in read.items())
    return Estimate(plan.suite.name, scoring, experiments, _sum(experiments))


def _sum(parts: Sequence[Amounts]) -> Amounts:
    hours = [p.hours_at_most for p in parts if p.hours_at_most is not None]
    flops = [p.flops_at_most for p in parts if p.flops_at_most is not None]
    memory = [p.memory_gib for p in parts if p.memory_gib is not None]
    largest = max((p.flops_per_job for p in parts if p.flops_per_job is not None), default=None)
    largest = None if len(flops) < len(parts) else largest
    return Amounts(
        full_runs=sum(p.full_runs for p in parts),
        score_jobs=sum(p.score_jobs for p in parts),
        pruned_runs_at_most=sum(p.pruned_runs_at_most for p in parts),
        cost_at_most=round(sum(p.cost_at_most for p in parts), 2),
        cost_unshared=round(sum(p.cost_unshared for p in parts), 2),
        hours_at_most=None if len(hours) < len(parts) else round(sum(hours), 2),
        flops_at_most=None if len(flops) < len(parts) else sum(flops),
        memory_gib=None if len(memory) < len(parts) else max(memory, default=None),
        flops_per_job=largest,
        gpu_hours_at_most=None if len(flops) < len(parts) else _gpu_hours(sum(flops)),
        gpu_hours_per_job=_gpu_hours(largest),
    )


def _experiment(
    experiment: Experiment, seconds: float | None, rate: float | None, train_size: int | None
) -> ExperimentEstimate:
    seeds = len(experiment.evaluation_seeds)
    full = len(experiment.full_seeds())
    arms = experiment.arms()
    pruned = sum(seeds * _training(arm, experiment.recipe) for arm in arms)
    users = [(m, wanted) for m in experiment.scored() if (wanted := m.plugin.observations())]
    scoring = len(experiment.scoring_seeds()) if users else 0
    flops, memory = _of_one_training(experiment, experiment.model, train_size)
    others = {ref: _of_one_training(experiment, found.model, train_size) for ref, found in experiment.scoring.items()}
    # trainings of another model, in those of the one that is trained; as many where a size is not known
    worth = {ref: other / flops if other and flops else 1.0 for ref, (other, _) in others.items()}
    alone = sum(
        len(experiment.groups[method.ref].seeds)
        * (1 + _passes(unite(wanted), experiment.recipe))
        * worth.get(other_model(method, experiment.model) or "", 1.0)
        for method, wanted in users
    )
    cost = full + scoring * _passes(experiment.observe, experiment.recipe) + pruned
    cost += sum(
        worth[ref] * len(found.seeds) * (1 + _passes(found.observe, experiment.recipe))
        for ref, found in experiment.scoring.items()
    )
    lent = sum(len(found.seeds) for found in experiment.scoring.values())
    memories = [memory, *(held for _, held in others.values())]
    memory = None if None in memories else max(held for held in memories if held is not None)
    if seconds is None and flops is not None and rate is not None:
        seconds = flops / rate
    return ExperimentEstimate(
        task=experiment.task.ref,
        model=experiment.model.ref,
        full_runs=full + lent,
        scoring_runs_of_these=scoring + lent,
        scorers_sharing_them=len(users),
        further=tuple(found.ref for found in experiment.further),
        score_jobs=sum(_sets_of_scores(experiment).values()),
        pruned_runs_at_most=len(arms) * seeds,
        cost_at_most=round(cost, 2),
        cost_unshared=round(seeds + alone + pruned, 2),
        hours_at_most=None if seconds is None else round(cost * seconds / 3600, 2),
        flops_at_most=None if flops is None else cost * flops,
        memory_gib=None if memory is None else round(memory / 2**30, 2),
        flops_per_job=flops,
        gpu_hours_at_most=_gpu_hours(None if flops is None else cost * flops),
        gpu_hours_per_job=_gpu_hours(flops),
    )


def _gpu_hours(flops: float | None) -> float | None:
    return None if flops is None else round(flops / ASSUMED_RATE / 3600, 2)


def _sets_of_scores(experiment: Experiment) -> dict[tuple[str, tuple[tuple[int, ...], ...]], int]:
    """Return how many score jobs there are by scorer and groups: a selection shares those of the scorer inside it."""
    found = {}
    for method in experiment.scored():
        groups, scorer = experiment.groups[method.ref], scored(method)
        found[scorer.ref, groups.runs] = len(experiment.seeds) if scorer.plugin.fresh else len(groups.runs)
    return found


def _of_one_training(experiment: Experiment, model: Model, train_size: int | None) -> tuple[float | None, float | None]:
    """Return the operations and the bytes of a training on the full data, every sequence as long as it may be."""
    size, recipe = size_of(model), experiment.recipe
    if size is None:
        return None, None
    data = training_set(experiment.task.plugin, train_size)
    sequences = 1 if data is None else data.sequences
    bits = 32 if recipe.precision == "fp32" else 16
    memory = size.memory(recipe.batch_size * sequences, recipe.max_length, bits=bits)
    if data is None:
        return None, memory
    return recipe.epochs * size.training_flops(data.rows * sequences, recipe.max_length), memory


def _training(arm: Arm, recipe: Recipe) -> float:
    """Return what one training of an arm costs at most, in full trainings."""
    size = 1000
    count = size if arm.keep.share is None else max(1, round(size * arm.keep.share))
    training = Training(arm.method.plugin, size, count, recipe.epochs, recipe.batch_size)
    return find_budget(arm.budget).cost(training)


def _passes(observe: Observed | None, recipe: Recipe) -> float:
    """Return what the passes after epochs add to one full training, in full trainings."""
    watch = (observe or {}).get("epoch_end")
    if watch is None:
        return 0.0
    return observing(len(watch.at(recipe.epochs)), recipe.epochs, gradients=bool(watch.gradients))


def _measured(plan: Plan, store: Path) -> dict[int, float]:
    """Return by the position of an experiment the mean seconds of its full-data runs that have finished."""
    from hbench.jobs.result import load_training
    from hbench.jobs.spec import FineTune
    from hbench.jobs.store import Store

    seconds: dict[int, list[float]] = {}
    for job, folder in Store(store).finished_jobs():
        if not isinstance(job, FineTune) or job.subset is not None or job.curriculum is not None:
            continue
        for i, experiment in enumerate(plan.experiments):
            sizes = plan.suite.sizes_for(experiment.task)
            same = job.task.ref == experiment.task.ref and job.model.ref == experiment.model.ref
            if same and job.recipe == experiment.recipe and sizes == {k: getattr(job.task, k) for k in sizes}:
                seconds.setdefault(i, []).append(load_training(folder / "result.json")[0].seconds["whole job"])
    return {i: sum(values) / len(values) for i, values in seconds.items()}
