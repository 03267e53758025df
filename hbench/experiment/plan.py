"""From a suite to experiments: what every scorer needs is asked, united and trained once.

A plan knows no data: it says which arms are compared and what the scoring runs observe. `bind` looks up the versions of
data and models and names the jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from hbench.errors import UsageError
from hbench.experiment.fields.further import further_of
from hbench.experiment.fields.noise import check_noise
from hbench.experiment.fields.transfer import other_model
from hbench.experiment.groups import Groups
from hbench.experiment.histories import holds_any
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
class ScoringModel:
    """A model that scores for another one: its full-data runs that some methods read."""

    model: Model
    seeds: tuple[int, ...]
    observe: Observed | None


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
    #: By reference: the models that score for this one, where some method names another one.
    scoring: Mapping[str, ScoringModel] = field(default_factory=dict)
    #: The sets of other tasks that the trained models are evaluated on as well, in the order of their labels.
    further: tuple[Named[Task], ...] = ()

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
        own = [method.ref for method in self.scored() if other_model(method, self.model) is None]
        return _seeds_read((self.groups[ref] for ref in own), len(self.seeds))

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
    the suite records, when one whose natural subset sets a size reads a single run where that leaves none, for a
    further set that the models of a task cannot be judged on, and for label noise of a task without labels to replace.
    """
    methods = tuple(SCORERS.find(ref) for ref in suite.scorers)
    keeps = tuple(_subset_size(entry) for entry in suite.keep)
    static = tuple(m for m in methods if not isinstance(m.plugin, DynamicScorer))
    scored = {m.ref: m for m in (*static, *(k.natural for k in keeps if k.natural is not None))}
    observations = [(m, wanted) for m in scored.values() for wanted in m.plugin.observations()]
    groups = MappingProxyType({m.ref: suite.groups_for(m) for m in scored.values()})
    models = {reference: find_model(reference) for reference in suite.models}
    check_distinct(models.values())
    readers = {reference: _readers(scored.values(), model) for reference, model in models.items()}
    experiments = []
    for diagnosed, references in ((False, suite.tasks), (True, suite.diagnose)):
        for model in suite.models:
            for reference in references:
                task = TASKS.find(reference)
                recipe = suite.recipe_for(task)
                check_noise(task)
                _check_epochs(observations, recipe)
                own = readers[model].get(None, [])
                scoring = {
                    ref: _scoring_model(ref, of, groups, suite.seeds)
                    for ref, of in readers[model].items()
                    if ref is not None
                }
                for used in (models[model], *(found.model for found in scoring.values())):
                    check_model(used, recipe.max_length, texts_of(task.plugin))
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
                        observe=unite(wanted for m in own for wanted in m.plugin.observations()),
                        scoring=MappingProxyType(scoring),
                        further=() if diagnosed else further_of(task, suite.also_evaluate),
                    )
                )
    _check_signals(experiments)
    plan = Plan(suite, tuple(experiments))
    check_natural(plan, most_runs=1)
    return plan


def check_natural(plan: Plan, most_runs: int | None = None) -> None:
    """Refuse a size set by a natural subset that is empty whatever is trained, and one that its options rule out.

    most_runs: only look at scorers that read no more runs: one run answers at once, more take libraries that load for a
    second. Raises UsageError naming the suite, the scorer and the fix.
    """
    for experiment in plan.experiments:
        for scorer in experiment.scored():
            runs = len(experiment.groups[scorer.ref].runs[0])
            sets_size = any(keep.natural is not None and keep.natural.ref == scorer.ref for keep in experiment.keeps)
            if runs < 1 or (most_runs is not None and (runs > most_runs or not sets_size)):
                continue
            place = f"suite '{plan.suite.name}', scoring_runs {runs} of '{scorer.ref}'"
            try:
                holds = holds_any(scorer.plugin, runs, experiment.recipe.epochs)
            except UsageError as error:
                raise UsageError(f"{place}: {error}") from None
            if holds is False and sets_size:
                raise UsageError(
                    f"{place}: its natural subset, which sets a size in keep, is empty then, whatever is trained; use "
                    f'more, as in scoring_runs = {{"{scorer.ref}" = 3}} or --scoring-runs {scorer.ref}=3, or leave '
                    "scoring_runs out for half of the seeds"
                )


def _readers(scored: Iterable[Named[Scorer]], model: Model) -> dict[str | None, list[Named[Scorer]]]:
    """Return the scorers by the model that they score with, None for the one that is trained."""
    found: dict[str | None, list[Named[Scorer]]] = {}
    for method in scored:
        found.setdefault(other_model(method, model), []).append(method)
    return found


def _scoring_model(
    reference: str, methods: Sequence[Named[Scorer]], groups: Mapping[str, Groups], count: int
) -> ScoringModel:
    """Return a model that scores for another one, and which of its runs the methods that name it read."""
    observe = unite(wanted for m in methods for wanted in m.plugin.observations())
    return ScoringModel(find_model(reference), _seeds_read((groups[m.ref] for m in methods), count), observe)


def _seeds_read(groups: Iterable[Groups], count: int) -> tuple[int, ...]:
    """Return the seeds of the runs that some groups hold, in the order of the training seeds of a plan."""
    read = {seed for of in groups for seed in of.seeds}
    return tuple(seed for seed in training_seeds(max(count, len(read))) if seed in read)


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
