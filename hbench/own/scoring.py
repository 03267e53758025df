"""From a user's own rows to scores: the trainings that the named scorers need, once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from hbench.cost import bill, charges
from hbench.cost.charges import total
from hbench.data.own.read import OwnRows, OwnTaskRows, read_own
from hbench.data.own.saved import as_text
from hbench.dynamics import load
from hbench.errors import TrainingFailed, UsageError
from hbench.execute import find_executor
from hbench.execute.base import Context, run_here
from hbench.execute.processes import is_alive
from hbench.experiment.bind import BoundExperiment, bind
from hbench.experiment.estimate import ExperimentEstimate, estimate
from hbench.experiment.folders import Folders
from hbench.experiment.own.suite import own_recipe, own_suite
from hbench.experiment.plan import Experiment, Plan, make_plan, unite
from hbench.experiment.stage import run_stage
from hbench.files import digest_text
from hbench.jobs import CHECKPOINT_MINUTES
from hbench.jobs.spec import PROTOCOL, Score
from hbench.jobs.store import Store
from hbench.kinds import find_kind
from hbench.own.provenance import Provenance, ScorerUsed
from hbench.own.scores import Scores, columns_taken, shown_of
from hbench.own.suspects import Doubts
from hbench.plugins import DynamicScorer, Scorer, observe
from hbench.plugins.registry import SCORERS, Named, source_digest
from hbench.progress import NullProgress, Progress
from hbench.version import VERSION

if TYPE_CHECKING:
    from hbench.experiment.suite import Suite
    from hbench.jobs.spec import FineTune, Job

#: Full-data runs behind each set of scores, where nothing else is said.
RUNS = 3
#: Observed in any case, since it costs nothing: what tells rows that look mislabelled, and serves most scorers that may
#: be asked for later without another training.
_ALWAYS = observe("correct", at="train")


@dataclass(frozen=True)
class ScoringPlan:
    """What scoring a user's own rows takes, checked; nothing has been written or trained."""

    given: OwnRows
    rows: OwnTaskRows
    suite: Suite
    experiment: Experiment

    @property
    def observed(self) -> bool:
        """Return whether a training is observed: not for scorers that read texts alone."""
        return bool(self.experiment.scoring_seeds())

    def estimate(self, store: Path, rate: float | None) -> ExperimentEstimate:
        """Return what it would cost; rate: operations a second of the device, where that was measured."""
        return estimate(Plan(self.suite, (self.experiment,)), store, rate).experiments[0]


@dataclass(frozen=True)
class Running:
    """Where the trainings run and are kept; none of it changes the scores."""

    store: Path = Path(".hbench/store")
    executor: str = "local"
    jobs: int | None = None
    device: str = "auto"
    checkpoint_minutes: float = CHECKPOINT_MINUTES
    plugins: tuple[Path, ...] = ()


def plan_scores(
    rows: OwnRows, model: str, scorers: Sequence[str], runs: int = RUNS, recipe: Mapping[str, Any] | None = None
) -> ScoringPlan:
    """Read the rows and plan their scores: everything that can be wrong is said here.

    recipe: fields that differ from the recipe of `own_recipe`.
    Raises DataError for rows at fault; UsageError for a name that is not known, and a scorer that gives no scores.
    """
    if runs < 1:
        raise UsageError(f"--runs {runs}: use at least 1")
    read = read_own(rows, find_kind)
    task = read.task.ref
    suite = own_suite((task,), (model,), scorers)
    suite = replace(suite, seeds=1, scoring_runs=runs, recipe=own_recipe((model,)) | dict(recipe or {}))
    planned = make_plan(suite).experiments[0]
    asked = _asked(planned, scorers)
    for method in asked:
        if isinstance(method.plugin, DynamicScorer):
            raise UsageError(f"scorer '{method.ref}' prunes while a model is trained and gives no scores; name another")
        if method.plugin.score_with is not None:
            raise UsageError(f"scorer '{method.ref}': score_with names a model; name it with --model here")
    columns_taken(read.train, [method.ref for method in asked])
    observations = [wanted for method in asked for wanted in method.plugin.observations()]
    experiment = replace(
        planned,
        methods=asked,
        diagnosed=True,  # scored, and no pruned training
        groups={method.ref: planned.groups[method.ref] for method in asked},
        observe=unite([*observations, _ALWAYS]),
    )
    return ScoringPlan(rows, read, suite, experiment)


def compute_scores(plan: ScoringPlan, running: Running, progress: Progress | None = None) -> Scores:
    """Train what the store does not hold, score, and return one number per example and scorer.

    Raises TrainingFailed when a training or a scorer failed, saying which and why.
    """
    progress = progress or NullProgress()
    Folders.beside(running.store).check()
    runner = find_executor(running.executor, running.jobs)
    store = Store(running.store)
    store.prepare()
    store.sweep(is_alive)
    context = Context(running.device, running.plugins, checkpoint_minutes=running.checkpoint_minutes)
    run_jobs = partial(run_stage, store=store, context=context, progress=progress)
    train = plan.rows.train
    bound = bind(plan.experiment, plan.suite, None, store, running.device)
    run_jobs("scoring runs", bound.full_runs(), runner.run)
    run_jobs("scores", bound.ready_scores(store), run_here)
    _check_finished(bound, store)
    columns = {}
    for method in plan.experiment.methods:
        job = bound.score_job(method, plan.experiment.seeds[0])
        arrays = store.arrays("score", job.key, "scores.npz")
        assert arrays["id"].tolist() == train.example_ids()
        columns[method.ref] = arrays["score"].astype("float64", copy=False)
    runs = tuple(bound.full.values())
    return Scores(
        ids=tuple(train.example_ids()),
        shown=shown_of(train),
        columns=columns,
        provenance=_provenance(plan, runs, store),
        doubts=_doubts(runs, store) if plan.observed else None,
    )


def _asked(planned: Experiment, scorers: Sequence[str]) -> tuple[Named[Scorer], ...]:
    """Return the methods that were named, without the baseline that every suite adds."""
    refs = {SCORERS.find(reference).ref for reference in scorers}
    return tuple(method for method in planned.methods if method.ref in refs)


def _check_finished(bound: BoundExperiment, store: Store) -> None:
    """Raise TrainingFailed when a training or a scorer failed."""
    jobs: dict[str, Job] = {**bound.full_runs(), **bound.ready_scores(store)}
    for label, job in jobs.items():
        if not store.finished(job):
            failure = store.failure(job)
            why = "has not run" if failure is None else f"failed: {failure.reason} (log: {failure.log})"
            fix = (
                "leave the scorer out, nothing is trained again"
                if isinstance(job, Score)
                else (f"`hbench retry {store.root}` lets it be tried again")
            )
            raise TrainingFailed(f"{label} {why}; {fix}")


def _doubts(runs: Sequence[FineTune], store: Store) -> Doubts:
    return Doubts.mean([Doubts.of(load(store.place(run) / "dynamics.nc", _ALWAYS.at)) for run in runs])


def _provenance(plan: ScoringPlan, runs: Sequence[FineTune], store: Store) -> Provenance:
    results = [store.training(run.key) for run in runs]
    bills = [result.bill for result in results]
    flops = fmean(bill.training_alone(one).flops for one in bills)
    experiment, train, rows = plan.experiment, plan.rows.train, plan.given
    used = {}
    for method in experiment.methods:
        scoring = [bills[i] for i, run in enumerate(runs) if run.seed in experiment.groups[method.ref].seeds]
        parts = charges.scoring(method.plugin.observations(), scoring, experiment.recipe.epochs)
        cost = total(parts.flops)
        used[method.ref] = ScorerUsed(
            runs=len(scoring), source=source_digest(type(method.plugin)), cost=None if cost is None else cost / flops
        )
    return Provenance(
        data=train.table.place,
        digest=digest_text(as_text(train.own_columns())),
        examples=len(train.examples),
        kind=rows.kind,
        columns={role: names if isinstance(names, str) else list(names) for role, names in train.layout.items()},
        id=rows.id,
        unlabelled=rows.unlabelled,
        labels=tuple(experiment.task.plugin.labels),
        model=experiment.model.title,
        model_source=runs[0].model.source,
        recipe=asdict(experiment.recipe) | {"precision": results[0].precision},
        scorers=used,
        seeds=tuple(run.seed for run in runs),
        training_flops=flops,
        cost=sum(bill.training_with_passes(one).flops for one in bills) / flops,
        versions={
            "hbench": VERSION,
            "protocol": str(PROTOCOL),
            "torch": results[0].machine.torch,
            "transformers": results[0].machine.transformers,
        },
    )
