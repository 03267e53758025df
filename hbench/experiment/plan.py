"""From a suite to experiments: what every scorer needs is asked, united and trained once.

A plan knows no data: it says which arms are compared and what the scoring runs observe. `bind` looks up the versions of
data and models and names the jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hbench.errors import UsageError
from hbench.experiment.groups import Groups
from hbench.experiment.seeds import training_seeds
from hbench.experiment.suite import Suite, keep_label
from hbench.jobs.observe import Observed, Watch
from hbench.jobs.recipe import Recipe
from hbench.models.catalogue import Model, check_distinct, check_model, find_model
from hbench.plugins import (
    EMBEDDING_SIGNALS,
    GRADIENT_SIGNALS,
    Capture,
    DynamicScorer,
    Observation,
    Scorer,
    Task,
    texts_of,
)
from hbench.plugins.recording import why_unrecorded
from hbench.plugins.registry import SCORERS, TASKS, Named


@dataclass(frozen=True)
class SubsetSize:
    """How much of the training set is kept: a share, or the size of a scorer's natural subset."""

    #: What names it in results: `0.3`, `1`, or the scorer's reference.
    label: str
    share: float | None = None
    natural: Named[Scorer] | None = None


@dataclass(frozen=True)
class Arm:
    """A method at one size and budget, over all evaluation seeds: one row of the board."""

    method: Named[Scorer]
    keep: SubsetSize
    budget: str


@dataclass(frozen=True)
class Experiment:
    """One task with one model. Its scoring runs are the full baseline's runs of the same seeds."""

    task: Named[Task]
    model: Model
    recipe: Recipe
    methods: tuple[Named[Scorer], ...]
    keeps: tuple[SubsetSize, ...]
    budgets: tuple[str, ...]
    #: Training seeds, for each of which every method has a subset.
    seeds: tuple[int, ...]
    #: Whether the task is only scored, with no pruned training.
    diagnosed: bool
    #: By the reference of a method that is scored: the groups of full-data runs that its scores come from.
    groups: Mapping[str, Groups]
    #: What the scoring runs observe, for all scorers together; None for nothing.
    observe: Observed | None

    @property
    def title(self) -> str:
        """Return task and model, as progress and messages name the experiment."""
        return f"{self.task.ref} {self.model.ref}"

    @property
    def evaluation_seeds(self) -> tuple[int, ...]:
        """Return the seeds of the trainings behind each result; none for a task that is only diagnosed."""
        return () if self.diagnosed else self.seeds

    def scoring_seeds(self) -> tuple[int, ...]:
        """Return the seeds of the full-data runs that some method reads, in the order of training seeds."""
        read = {seed for groups in self.groups.values() for seed in groups.seeds}
        return tuple(seed for seed in training_seeds(max(len(self.seeds), len(read))) if seed in read)

    def full_seeds(self) -> tuple[int, ...]:
        """Return the seeds of the full-data runs, those that only score last; one tells the examples in any case."""
        return tuple(dict.fromkeys((*self.evaluation_seeds, *self.scoring_seeds()))) or self.seeds[:1]

    def scored(self) -> tuple[Named[Scorer], ...]:
        """Return every scorer whose scores are needed: the static methods, and those whose subset sets a size."""
        scorers = {method.ref: method for method in self.methods if not isinstance(method.plugin, DynamicScorer)}
        scorers |= {keep.natural.ref: keep.natural for keep in self.keeps if keep.natural is not None}
        return tuple(scorers.values())

    def arms(self) -> tuple[Arm, ...]:
        """Return every row of the board but the full baseline's; none for a task that is only diagnosed."""
        if not self.evaluation_seeds:
            return ()
        return tuple(Arm(m, keep, budget) for keep in self.keeps for budget in self.budgets for m in self.methods)


@dataclass(frozen=True)
class Plan:
    """What a suite takes: an experiment for every task with every model."""

    suite: Suite
    experiments: tuple[Experiment, ...]


def make_plan(suite: Suite) -> Plan:
    """Return the plan of a suite.

    Raises UsageError when a scorer asks for an epoch that the recipe does not train, or for a signal that no task of
    the suite records.
    """
    methods = tuple(SCORERS.find(ref) for ref in suite.scorers)
    keeps = tuple(_subset_size(entry) for entry in suite.keep)
    static = tuple(m for m in methods if not isinstance(m.plugin, DynamicScorer))
    scored = {m.ref: m for m in (*static, *(k.natural for k in keeps if k.natural is not None))}
    observations = [(m, wanted) for m in scored.values() for wanted in m.plugin.observations()]
    observe = unite(wanted for _, wanted in observations)
    groups = MappingProxyType({m.ref: suite.groups_for(m) for m in scored.values()})
    models = {reference: find_model(reference) for reference in suite.models}
    check_distinct(models.values())
    experiments = []
    for diagnosed, references in ((False, suite.tasks), (True, suite.diagnose)):
        for model in suite.models:
            for reference in references:
                task = TASKS.find(reference)
                recipe = suite.recipe_for(task)
                _check_epochs(observations, recipe)
                check_model(models[model], recipe.max_length, texts_of(task.plugin))
                experiments.append(
                    Experiment(
                        task=task,
                        model=models[model],
                        recipe=recipe,
                        methods=static if diagnosed else methods,
                        keeps=keeps,
                        budgets=suite.budgets,
                        seeds=training_seeds(suite.seeds),
                        diagnosed=diagnosed,
                        groups=groups,
                        observe=observe,
                    )
                )
    _check_signals(experiments)
    return Plan(suite, tuple(experiments))


def unite(observations: Iterable[Observation]) -> Observed | None:
    """Return the union of all observations by capture point; None when nothing is observed.

    Without `epochs`, every epoch is observed. Training is the same whatever is observed.
    """
    by_point: dict[Capture, list[Observation]] = {}
    for wanted in observations:
        by_point.setdefault(wanted.at, []).append(wanted)
    return {point: _watch(asked) for point, asked in by_point.items()} or None


def _watch(observations: list[Observation]) -> Watch:
    """Return what observations at one capture point ask together."""
    epochs = {epoch for wanted in observations for epoch in wanted.epochs or ()}
    every = any(wanted.epochs is None for wanted in observations)
    gradients = {GRADIENT_SIGNALS[s] for wanted in observations for s in wanted.signals if s in GRADIENT_SIGNALS}
    poolings = {EMBEDDING_SIGNALS[s] for wanted in observations for s in wanted.signals if s in EMBEDDING_SIGNALS}
    return Watch(
        None if every else tuple(sorted(epochs)),
        tuple(sorted(gradients)),
        tuple(sorted(poolings)) or None,
    )


def _subset_size(entry: float | str) -> SubsetSize:
    if isinstance(entry, float):
        return SubsetSize(keep_label(entry), share=entry)
    named = SCORERS.find(entry)
    return SubsetSize(named.ref, natural=named)


def _check_epochs(observations: list[tuple[Named[Scorer], Observation]], recipe: Recipe) -> None:
    for method, wanted in observations:
        last = max(wanted.epochs or (0,))
        if last > recipe.epochs:
            raise UsageError(
                f"{method.ref} asks for epoch {last}, the recipe trains {recipe.epochs}; lower the scorer's epoch"
            )


def _check_signals(experiments: list[Experiment]) -> None:
    """Refuse a scorer that no task can feed; where some tasks can, its cells of the others fail with the reason."""
    methods = {m.ref: m for e in experiments for m in (*e.methods, *e.scored())}
    for method in methods.values():
        reasons = [why_unrecorded(method, e.task) for e in experiments if method in (*e.methods, *e.scored())]
        if None not in reasons:
            raise UsageError(str(reasons[0]))
