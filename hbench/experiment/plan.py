"""From a suite to jobs: what every scorer needs is asked, united and trained once.

A plan knows no data: it says which trainings and scores a suite takes. `hbench.experiment.bind` fills in what only the
data can tell: the versions behind task and model, and the subsets that the scores select.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hbench.cost.budgets import PASS, examples_of_passes
from hbench.errors import UsageError
from hbench.experiment.seeds import training_seeds
from hbench.experiment.suite import Suite, keep_label
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef
from hbench.models.catalogue import Model, find_model
from hbench.plugins import EMBEDDING_SIGNALS, GRADIENT_SIGNALS, DynamicScorer, Observation, Scorer, Task
from hbench.plugins.recording import why_unrecorded
from hbench.plugins.registry import SCORERS, TASKS, Named, source_digest

if TYPE_CHECKING:
    from hbench.cost.budgets import Budget

#: Options of a scorer that act on the selection only: scores are shared across them.
_SELECTION_OPTIONS = ("offset", "balance")


@dataclass(frozen=True)
class SubsetSize:
    """How much of the training set is kept: a share, or the size of a scorer's natural subset."""

    label: str
    share: float | None = None
    natural: Named[Scorer] | None = None


@dataclass(frozen=True)
class Arm:
    """One row of the board: a method at one size and budget, over all evaluation seeds."""

    method: Named[Scorer]
    keep: SubsetSize
    budget: Budget


@dataclass(frozen=True)
class Experiment:
    """All work on one task with one model. Its scoring runs are the full baseline's runs of the same seeds."""

    task: Named[Task]
    model: Model
    recipe: Recipe
    methods: tuple[Named[Scorer], ...]
    keeps: tuple[SubsetSize, ...]
    budgets: tuple[Budget, ...]
    scoring_seeds: tuple[int, ...]
    #: Empty for a task that is only diagnosed: scored, with no pruned training.
    evaluation_seeds: tuple[int, ...]
    observe: dict[str, dict[str, Any]] | None

    def full_runs(self, task: TaskRef, model: ModelRef) -> dict[int, FineTune]:
        """Return the full-data training of every seed, the scoring runs first."""
        seeds = dict.fromkeys((*self.scoring_seeds, *self.evaluation_seeds))
        return {
            seed: FineTune(task, model, self.recipe, seed, self.observe if seed in self.scoring_seeds else None)
            for seed in seeds
        }

    def scored(self) -> tuple[Named[Scorer], ...]:
        """Return every scorer whose scores are needed: the static methods, and those whose subset sets a size."""
        found = {method.ref: method for method in self.methods if not isinstance(method.plugin, DynamicScorer)}
        found |= {keep.natural.ref: keep.natural for keep in self.keeps if keep.natural is not None}
        return tuple(found.values())

    def score_jobs(self, method: Named[Scorer], runs: dict[int, tuple[str, FineTune]]) -> dict[int | None, Score]:
        """Return the score jobs of a method: one per evaluation seed when it draws afresh, else one for all (None).

        runs: key and job of every full run by seed.
        """
        plugin = method.plugin
        observation = plugin.observation()
        first_key, first = runs[next(iter(runs))]
        job = Score(
            task=first.task,
            scorer=method.name,
            options={k: v for k, v in method.options.items() if k not in _SELECTION_OPTIONS},
            source=source_digest(type(plugin)),
            examples=first_key,
            runs=() if observation is None else tuple(runs[seed][0] for seed in self.scoring_seeds),
            capture=None if observation is None else observation.at,
        )
        if not plugin.fresh:
            return {None: job}
        return {seed: replace(job, draw=seed) for seed in self.evaluation_seeds or self.scoring_seeds}

    def cells(self) -> list[Arm]:
        """Return every row of this group but the full baseline's."""
        if not self.evaluation_seeds:
            return []
        return [Arm(m, keep, budget) for keep in self.keeps for budget in self.budgets for m in self.methods]


@dataclass(frozen=True)
class Plan:
    """What a suite takes."""

    suite: Suite
    groups: tuple[Experiment, ...]

    def summary(self) -> dict[str, Any]:
        """Return the counts per task and model, as JSON values.

        Pruned trainings are an upper bound: scorers that select the same examples share their trainings. Costs are in
        trainings on the full data of the same task and model; a size that follows from the data is counted as 1.
        """
        groups = [_summary(group) for group in self.groups]
        names = ("full_runs", "score_jobs", "pruned_runs_at_most", "cost_at_most", "cost_unshared")
        return {
            "suite": self.suite.name,
            "groups": groups,
            "total": {name: round(sum(g[name] for g in groups), 2) for name in names},
        }


def make_plan(suite: Suite) -> Plan:
    """Return the plan of a suite.

    Raises UsageError when a scorer asks for an epoch that the recipe does not train, or for a signal that no task of
    the suite records.
    """
    methods = _methods(suite)
    keeps = tuple(_keep(entry) for entry in suite.keep)
    static = tuple(m for m in methods if not isinstance(m.plugin, DynamicScorer))
    scored = {m.ref: m for m in (*static, *(k.natural for k in keeps if k.natural is not None))}
    observations = [(m, m.plugin.observation()) for m in scored.values()]
    observe = unite(o for _, o in observations if o is not None)
    scoring_seeds = training_seeds(suite.scoring_runs)
    evaluation_seeds = training_seeds(suite.seeds)
    groups = []
    for diagnosed, references in ((False, suite.tasks), (True, suite.diagnose)):
        for model in suite.models:
            for reference in references:
                task = TASKS.find(reference)
                recipe = suite.recipe_for(task)
                _check_epochs(observations, recipe)
                groups.append(
                    Experiment(
                        task=task,
                        model=find_model(model),
                        recipe=recipe,
                        methods=static if diagnosed else methods,
                        keeps=keeps,
                        budgets=suite.budgets,
                        scoring_seeds=scoring_seeds,
                        evaluation_seeds=() if diagnosed else evaluation_seeds,
                        observe=observe,
                    )
                )
    _check_signals(groups)
    return Plan(suite, tuple(groups))


def unite(observations: Iterable[Observation]) -> dict[str, dict[str, Any]] | None:
    """Return what all observations ask together, per capture point; None when nothing is asked.

    Without `epochs`, every epoch is observed. Training is the same whatever is observed.
    """
    united: dict[str, dict[str, Any]] = {}
    for wanted in observations:
        point = united.setdefault(wanted.at, {"epochs": set(), "gradients": set()})
        poolings = {EMBEDDING_SIGNALS[s] for s in wanted.signals if s in EMBEDDING_SIGNALS}
        if poolings:  # an entry that nobody asks for is left out, so that the keys of other jobs stay
            point["embeddings"] = sorted(poolings | set(point.get("embeddings", ())))
        if wanted.epochs is None or point["epochs"] is None:
            point["epochs"] = None
        else:
            point["epochs"] |= set(wanted.epochs)
        point["gradients"] |= {GRADIENT_SIGNALS[s] for s in wanted.signals if s in GRADIENT_SIGNALS}
    for point in united.values():
        point["epochs"] = None if point["epochs"] is None else sorted(point["epochs"])
        point["gradients"] = sorted(point["gradients"])
    return united or None


def _methods(suite: Suite) -> tuple[Named[Scorer], ...]:
    return tuple(SCORERS.find(ref) for ref in suite.scorers)


def _keep(entry: float | str) -> SubsetSize:
    if isinstance(entry, float):
        return SubsetSize(keep_label(entry), share=entry)
    named = SCORERS.find(entry)
    return SubsetSize(named.ref, natural=named)


def _check_epochs(observations: list[tuple[Named[Scorer], Observation | None]], recipe: Recipe) -> None:
    for method, wanted in observations:
        last = max(wanted.epochs or (0,)) if wanted is not None else 0
        if last > recipe.epochs:
            raise UsageError(
                f"{method.ref} asks for epoch {last}, the recipe trains {recipe.epochs}; lower the scorer's epoch"
            )


def _check_signals(groups: list[Experiment]) -> None:
    """Refuse a scorer that no task can feed; where some tasks can, its cells of the others fail with the reason."""
    methods = {m.ref: m for group in groups for m in (*group.methods, *group.scored())}
    for method in methods.values():
        reasons = [why_unrecorded(method, g.task) for g in groups if method in (*g.methods, *g.scored())]
        if None not in reasons:
            raise UsageError(str(reasons[0]))


def _summary(group: Experiment) -> dict[str, Any]:
    seeds = len(group.evaluation_seeds)
    full = len(dict.fromkeys((*group.scoring_seeds, *group.evaluation_seeds)))
    cells = group.cells()
    fresh = len(group.evaluation_seeds or group.scoring_seeds)
    pruned = sum(seeds * _training(cell, group.recipe) for cell in cells)
    users = [o for m in group.scored() if (o := m.plugin.observation()) is not None]
    scoring = len(group.scoring_seeds)
    alone = sum(scoring * (1 + _passes(unite([observation]), group.recipe)) for observation in users)
    return {
        "task": group.task.ref,
        "model": group.model.ref,
        "full_runs": full,
        "scoring_runs_of_these": len(group.scoring_seeds),
        "scorers_sharing_them": len(users),
        "score_jobs": sum(fresh if m.plugin.fresh else 1 for m in group.scored()),
        "pruned_runs_at_most": len(cells) * seeds,
        "cost_at_most": round(full + scoring * _passes(group.observe, group.recipe) + pruned, 2),
        "cost_unshared": round(seeds + alone + pruned, 2),
    }


def _training(cell: Arm, recipe: Recipe) -> float:
    """Return what one training of a cell costs at most, in full trainings."""
    method, size, epochs = cell.method.plugin, 1000, recipe.epochs
    count = size if cell.keep.share is None else max(1, round(size * cell.keep.share))
    if cell.budget == "equal-cost":
        return (size + (epochs - 1) * (count + PASS * size)) / (epochs * size)
    if not isinstance(method, DynamicScorer):
        return (size if cell.budget == "equal-steps" else count) / size
    sizes = method.sizes(size, count, epochs)
    while cell.budget == "equal-steps" and sum(sizes) < epochs * size:
        sizes = method.sizes(size, count, len(sizes) + 1)
    return (sum(sizes) + PASS * sum(examples_of_passes(method, size, sizes))) / (epochs * size)


def _passes(observe: dict[str, dict[str, Any]] | None, recipe: Recipe) -> float:
    """Return what the passes after epochs add to one full training, in full trainings."""
    point = (observe or {}).get("epoch_end")
    if point is None:
        return 0.0
    epochs = recipe.epochs if point["epochs"] is None else len(point["epochs"])
    return epochs * (PASS + bool(point["gradients"])) / recipe.epochs
