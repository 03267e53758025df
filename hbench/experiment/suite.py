"""A suite: which scorers are compared on which tasks and models, how often, and at what size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hbench.cost.budgets import BUDGETS, DEFAULT_BUDGET
from hbench.errors import UsageError, suggest
from hbench.execute import EXECUTORS
from hbench.experiment.fields.entries import check_whole, checked_text, distinct, naming, renaming, sequence
from hbench.experiment.fields.further import further_refs
from hbench.experiment.fields.noise import check_share, noisy_ref, planted_ref
from hbench.experiment.fields.transfer import scoring_model, transferred
from hbench.experiment.groups import Groups, checked_scoring_runs, groups_of, of_these, runs_per_score, updated
from hbench.experiment.seeds import check_seeds
from hbench.files import JsonObject, short_repr, shorten
from hbench.jobs.recipe import Recipe
from hbench.models.catalogue import find_model
from hbench.plugins import Scorer, Task
from hbench.plugins.registry import SCORERS, TASKS, Named
from hbench.results.labels import FULL

#: Numbers of examples that a task may set for itself.
_SIZES = ("train_size", "eval_size")


@dataclass(frozen=True)
class Suite:
    """What one run of the benchmark compares; every field is checked and brought to its canonical form on creation.

    References are resolved, so that a wrong name is known before anything runs. Raises UsageError, its message
    starting with the field's name.
    """

    name: str
    description: str = ""
    #: Tasks whose training sets are pruned.
    tasks: tuple[str, ...] = ()
    #: Tasks with planted examples that are only scored: how well does each scorer find them?
    diagnose: tuple[str, ...] = ()
    #: Share of the training labels that are replaced by another class; None for what each task's own option says. It
    #: becomes that option of all tasks, but of those that are only scored and have planted examples of their own.
    label_noise: float | None = None
    #: Further sets that every trained model of a task is evaluated on, as references to tasks of the same classes. Once
    #: checked, one for each split: `anli[evaluate=test_r1]`.
    also_evaluate: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ()
    #: The model whose full-data runs give the scores, instead of the one that is trained on the subset; None for what
    #: each scorer's own option says. It becomes that option of all scorers that read runs.
    score_with: str | None = None
    #: The scorer whose random subset every method is compared with at its own size; always one of the scorers.
    baseline: str = "random"
    #: Further methods that every method is compared with, such as `dynamic-random`; always among the scorers.
    rivals: tuple[str, ...] = ()
    #: Shares of the training set, or scorers to whose natural subset every method is cut, such as `h-score`.
    keep: tuple[float | str, ...] = (0.3,)
    budgets: tuple[str, ...] = (DEFAULT_BUDGET,)
    #: Full-data runs that one set of scores is computed from: for all scorers, or by scorer (name or reference, the
    #: latter first) and `default`; what is not given follows from the scorer. Always a table once it is checked.
    scoring_runs: int | Mapping[str, int] = field(default_factory=dict)
    #: Number of trainings behind each result; the seeds are `training_seeds(seeds)`.
    seeds: int = 6
    #: Numbers of seeds at which the results are looked at, `seeds` among them; empty where one look is planned.
    looks: tuple[int, ...] = ()
    #: Examples drawn from the training split and from each evaluation split; None for all.
    train_size: int | None = None
    eval_size: int | None = None
    sample_seed: int = 0
    #: Seed of the orders in which ties are broken, one for each training seed (`tie_seed`).
    selection_seed: int = 0
    #: Non-inferiority margin as a share of the metric; None for 0.005, or 0.01 below 1,000 evaluation examples.
    margin: float | None = None
    #: Recipe fields changed for all tasks.
    recipe: Mapping[str, Any] = field(default_factory=dict)
    #: Recipe fields changed for one task, by the task's name.
    task_recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: `train_size` and `eval_size` for one task, by the task's name, instead of those for all.
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    #: Where jobs run unless the command line says otherwise, with options: `local[jobs=2]`.
    executor: str = "local"

    def __post_init__(self) -> None:
        for name in ("name", "description", "baseline", "executor"):
            checked_text(name, getattr(self, name))
        for name in ("sample_seed", "selection_seed"):
            check_whole(name, getattr(self, name), 0)
        self._set("looks", check_seeds(self.seeds, self.looks))
        for name in _SIZES:
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), 1)
        self._check_margin()
        check_share(self.label_noise)
        tasks = self._resolve("tasks", lambda ref: noisy_ref(ref, self.label_noise))
        diagnose = self._resolve("diagnose", lambda ref: planted_ref(ref, self.label_noise))
        if not tasks and not diagnose:
            raise UsageError("tasks: none given; name at least one, see `hbench list tasks`")
        for ref in diagnose:
            if ref in tasks:
                raise UsageError(f"diagnose: '{ref}' is in tasks too, which diagnoses it already; leave it out here")
        self._set("also_evaluate", further_refs(sequence("also_evaluate", self.also_evaluate)))
        if not self._resolve("models", lambda ref: find_model(ref).ref):
            raise UsageError("models: none given; name at least one, see `hbench list models`")
        self._set("score_with", scoring_model(self.score_with))
        self._resolve_scorers()
        self._set("keep", distinct("keep", sequence("keep", self.keep), self._keep_entry))
        named = [SCORERS.find(ref) for ref in self._named_scorers()]
        self._set("scoring_runs", checked_scoring_runs(self.scoring_runs, named))
        self._set("budgets", distinct("budgets", sequence("budgets", self.budgets), _budget))
        for name in ("keep", "budgets"):
            if not getattr(self, name):
                raise UsageError(f"{name}: none given; name at least one")
        self._check_recipes()
        self._check_sizes()
        with naming("executor"):
            self._set("executor", EXECUTORS.find(self.executor).ref)

    def recipe_for(self, task: Named[Task]) -> Recipe:
        """Return a task's recipe: the default, then the task's changes, the suite's, and the suite's for this task."""
        recipe = Recipe().updated(dict(task.plugin.recipe), f"recipe of task {task.name}")
        recipe = recipe.updated(dict(self.recipe), "recipe")
        return recipe.updated(dict(self.task_recipes.get(task.name, {})), f"recipe.{task.name}")

    def sizes_for(self, task: Named[Task]) -> dict[str, int | None]:
        """Return `train_size` and `eval_size` of a task, None for all examples."""
        return {"train_size": self.train_size, "eval_size": self.eval_size, **self.sizes.get(task.name, {})}

    def groups_for(self, scorer: Named[Scorer]) -> Groups:
        """Return the groups of full-data runs that a scorer's scores come from."""
        step = self.looks[0] if self.looks else self.seeds
        reads = bool(scorer.plugin.observations())
        return groups_of(self.seeds, runs_per_score(self.scoring_runs, scorer, step) if reads else 0, step)

    def overridden(
        self,
        *,
        tasks: Sequence[str] = (),
        also_evaluate: Sequence[str] = (),
        models: Sequence[str] = (),
        scorers: Sequence[str] = (),
        keep: Sequence[str | float] = (),
        budgets: Sequence[str] = (),
        seeds: int | None = None,
        scoring_runs: int | Sequence[str] = (),
        train_size: int | None = None,
        eval_size: int | None = None,
        label_noise: float | None = None,
        score_with: str | None = None,
        executor: str | None = None,
    ) -> Suite:
        """Return the suite with what was given on the command line; what is empty or None stays as it is.

        A list replaces the suite's whole list. A task that the suite only diagnoses is still only diagnosed.
        scoring_runs: N for all scorers, or texts N and NAME=N; what the suite says of scorers left out goes with them.
        Raises UsageError that names the command line option.
        """
        suite = self
        if tasks:
            with naming("--task"):
                named = {ref: {TASKS.find(ref).ref, noisy_ref(ref, self.label_noise)} for ref in tasks}
            diagnosed = tuple(ref for ref in self.diagnose if any(ref in refs for refs in named.values()))
            others = tuple(ref for ref in tasks if not named[ref] & set(diagnosed))
            suite = suite._changed("--task", "tasks", tasks=others, diagnose=diagnosed)
        runs = suite.scoring_runs
        if scorers or keep:
            suite = replace(suite, scoring_runs=of_these(runs, ()))
        lists = (("--model", "models", models), ("--scorer", "scorers", scorers), ("--keep", "keep", keep))
        further = ("--also-evaluate", "also_evaluate", also_evaluate)
        for option, name, values in (*lists, ("--budget", "budgets", budgets), further):
            if values:
                suite = suite._changed(option, name, **{name: tuple(values)})
        if scorers or keep:
            suite = replace(suite, scoring_runs=of_these(runs, suite._named_scorers()))
        if scoring_runs != ():
            with renaming("--scoring-runs", "scoring_runs"):
                suite = replace(suite, scoring_runs=updated(suite.scoring_runs, scoring_runs))
        numbers = {"seeds": seeds, "train_size": train_size, "eval_size": eval_size}
        for name, value in numbers.items():
            if value is not None:
                suite = suite._changed(f"--{name.replace('_', '-')}", name, **{name: value})
                kept = {task: {k: v for k, v in of.items() if k != name} for task, of in suite.sizes.items()}
                suite = replace(suite, sizes=kept)
        if label_noise is not None:
            suite = suite._changed("--label-noise", "label_noise", label_noise=label_noise)
        if score_with is not None:
            suite = suite._changed("--score-with", "score_with", score_with=score_with)
        return suite if executor is None else suite._changed("--executor", "executor", executor=executor)

    def as_dict(self) -> JsonObject:
        """Return every field as JSON values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def _changed(self, option: str, name: str, **changes: Any) -> Suite:
        with renaming(option, name):
            return replace(self, **changes)

    def _named_scorers(self) -> tuple[str, ...]:
        """Return the references of all scorers, those that only set a size too."""
        return (*self.scorers, *(entry for entry in self.keep if isinstance(entry, str)))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _resolve(self, name: str, find: Callable[[str], str]) -> tuple[str, ...]:
        def canonical(value: Any) -> str:
            text = checked_text(name, value)
            with naming(name):
                return find(text)

        refs = distinct(name, sequence(name, getattr(self, name)), canonical)
        self._set(name, refs)
        return refs

    def _keep_entry(self, value: Any) -> float | str:
        if (share := _share(value)) is not None:
            return share
        with naming("keep"):
            return _natural_ref(transferred(_scorer(str(value)), self.score_with))

    def _resolve_scorers(self) -> None:
        scorers = self._resolve("scorers", lambda ref: transferred(_scorer(ref), self.score_with).ref)
        if not scorers:
            raise UsageError("scorers: none given; name at least one, see `hbench list scorers`")
        with naming("baseline"):
            baseline = _scorer(self.baseline)
            if not baseline.plugin.fresh:
                raise UsageError(f"'{baseline.ref}' draws no fresh subset for every seed; name a scorer such as random")
        self._set("baseline", baseline.ref)
        rivals = self._resolve("rivals", lambda ref: transferred(_scorer(ref), self.score_with).ref)
        if baseline.ref in rivals:
            raise UsageError(f"rivals: '{baseline.ref}' is the random baseline already; leave it out here")
        self._set("scorers", tuple(dict.fromkeys((*scorers, baseline.ref, *rivals))))

    def _check_margin(self) -> None:
        if self.margin is None:
            return
        if isinstance(self.margin, bool) or not isinstance(self.margin, float) or not 0 < self.margin < 1:
            found = short_repr(self.margin)
            raise UsageError(f"margin {found}: use a share above 0 and below 1, such as 0.005 for half a point")

    def _check_recipes(self) -> None:
        for name in ("recipe", "task_recipes"):
            found = getattr(self, name)
            if not isinstance(found, Mapping):
                raise UsageError(f"{name} {short_repr(found)}: use a table, such as [recipe] with epochs = 3")
        Recipe().updated(dict(self.recipe), "recipe")
        for task, changes in self.task_recipes.items():
            _task_name("recipe", task)
            Recipe().updated(dict(changes), f"recipe.{task}")
        for ref in (*self.tasks, *self.diagnose):
            self.recipe_for(TASKS.find(ref))

    def _check_sizes(self) -> None:
        if not isinstance(self.sizes, Mapping) or not all(isinstance(of, Mapping) for of in self.sizes.values()):
            found = short_repr(self.sizes)
            raise UsageError(f"sizes {found}: use a table per task, such as [sizes.race] with train_size = 500")
        for task, of in self.sizes.items():
            _task_name("sizes", task)
            for name, value in of.items():
                if name not in _SIZES:
                    raise UsageError(f"sizes.{task}: unknown key '{shorten(name)}'{suggest(name, _SIZES)}")
                check_whole(f"sizes.{task}.{name}", value, 1)


def keep_label(entry: float | str) -> str:
    """Return the text that names a keep entry in results: `0.3`, `1`, or a scorer's reference."""
    return entry if isinstance(entry, str) else repr(entry).removesuffix(".0")


def _task_name(table: str, task: str) -> None:
    if task not in TASKS.names():
        raise UsageError(
            f"{table}.{shorten(task)}: no task of this name{suggest(task, TASKS.names())}; "
            f"a table in [{table}] is named after a task, without its options"
        )


def _scorer(reference: str) -> Named[Scorer]:
    found = SCORERS.find(reference)
    if found.name == FULL:
        raise UsageError(f"a scorer cannot be named '{FULL}', which stands for training on everything; rename it")
    return found


def _share(value: Any) -> float | None:
    """Return a share to keep, None for what names a scorer."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        found = short_repr(value)
        raise UsageError(f"keep {found}: use a share such as 0.3, or a scorer with a natural subset such as h-score")
    try:
        share = float(value)
    except ValueError:
        return None
    except OverflowError:  # an integer beyond the largest float
        share = math.inf
    if not 0 < share <= 1:
        raise UsageError(f"keep {shorten(str(value))}: use a share above 0 and at most 1, such as 0.3")
    return share


def _natural_ref(scorer: Named[Scorer]) -> str:
    if type(scorer.plugin).natural is Scorer.natural:
        raise UsageError(
            f"'{scorer.ref}' has no natural subset, so it fixes no size; name a scorer that has, or a share"
        )
    return scorer.ref


def _budget(value: Any) -> str:
    for budget in BUDGETS:
        if value == budget:
            return budget
    raise UsageError(f"budgets: unknown budget {short_repr(value)}{suggest(str(value), BUDGETS)}")
