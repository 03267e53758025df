"""From finished jobs to results: one `CellResult` per row of the board."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hbench.cost import bill, charges
from hbench.cost.bill import PerUnit
from hbench.cost.budgets import DEFAULT_BUDGET
from hbench.experiment.bind import BoundExperiment
from hbench.experiment.fields.transfer import other_model
from hbench.experiment.finished import Finished, NothingFinished
from hbench.experiment.kept import subset_of
from hbench.experiment.plan import Arm
from hbench.experiment.prune import PrunedRun, PrunedRuns, Unavailable
from hbench.jobs.spec import PROTOCOL
from hbench.plugins import GivenScorer, Scorer
from hbench.plugins.claims import Claim, claims_of
from hbench.plugins.further import further_label
from hbench.plugins.registry import Named
from hbench.plugins.settings import Setting, settings_of
from hbench.results.cell import (
    CellResult,
    Cost,
    Data,
    Failed,
    Further,
    Part,
    ScoredWith,
    Scoring,
    Subset,
    TrivialAnswer,
    metric_of_counts,
)
from hbench.results.fields import ResultError
from hbench.results.labels import DIAGNOSTIC, FULL, FULL_KEEP
from hbench.results.looks import Looks
from hbench.results.outcomes import Outcomes

if TYPE_CHECKING:
    from hbench.jobs.result import TrainingResult
    from hbench.jobs.spec import FineTune
    from hbench.jobs.store import Store
    from hbench.plugins import Task

#: By seed: a training, or why there is none.
Runs = Mapping[int, PrunedRun | Unavailable]


def collect(bound: BoundExperiment, pruned: PrunedRuns, store: Store) -> Iterator[CellResult]:
    """Yield the result of every cell of an experiment, the full baseline first; failed ones say why."""
    yield from _collected(_Collector(bound, pruned, Finished(store)))


def outline(bound: BoundExperiment) -> Iterator[CellResult]:
    """Yield the cells of an experiment before anything has run: what they compare, and no result."""
    pending = {
        (a, s): Unavailable("has not run") for a in bound.experiment.arms() for s in bound.experiment.evaluation_seeds
    }
    yield from _collected(_Collector(bound, PrunedRuns(pending), NothingFinished()))


def _collected(collector: _Collector) -> Iterator[CellResult]:
    bound = collector.bound
    if bound.experiment.evaluation_seeds:
        yield from collector.full()
        for arm in bound.experiment.arms():
            yield from collector.arm(arm)
    else:
        for method in bound.experiment.methods:
            yield collector.diagnosis(method)


def _resolved(result: TrainingResult) -> dict[str, str]:
    """Return what `auto` came to where a training ran."""
    return {"precision": result.precision} | ({} if result.device is None else {"device": result.device})


def _check_alike(trained: Sequence[tuple[FineTune, TrainingResult]]) -> None:
    """Raise ResultError naming two trainings of an experiment that ran on two types of device, or in two precisions."""
    for job, result in trained[1:]:
        first, expected = trained[0]
        if _resolved(result) != _resolved(expected):
            there, here = (f"{r.device or 'another device'} in {r.precision}" for r in (expected, result))
            raise ResultError(
                f"{first.task.ref}: job {first.key[:12]} was trained on {there}, job {job.key[:12]} on {here}; "
                "such trainings are not compared: name one with --device, and a precision in the recipe"
            )


@dataclass(frozen=True)
class _Row:
    """What the cells of an arm have in common, whatever the evaluation split."""

    method: str
    keep: str
    budget: str
    runs: Runs
    failures: tuple[Failed, ...]
    subset: Subset | None
    cost: Cost | None
    #: The groups of full-data runs that the method's scores come from; None where it reads none.
    scoring: Scoring | None = None
    planted: dict[str, float] | None = None
    claims: tuple[Claim, ...] = ()
    settings: tuple[Setting, ...] = ()
    #: The model that scored, where it is another one than the one that is trained.
    scored_with: ScoredWith | None = None


@dataclass(frozen=True)
class _Measured:
    """What the trainings of an arm reach on one evaluation split."""

    #: The task's metric per seed, None where there is no result.
    values: tuple[float | None, ...] = ()
    examples: Outcomes | None = None
    #: The metrics beside the task's own one, likewise.
    also: Mapping[str, tuple[float | None, ...]] | None = None


class _Collector:
    """Puts cells together from what finished."""

    def __init__(self, bound: BoundExperiment, pruned: PrunedRuns, finished: Finished) -> None:
        self.bound, self.pruned, self.experiment = bound, pruned, bound.experiment
        self.finished = finished
        self.task = bound.experiment.task.plugin
        #: The further sets by their label.
        self.further = {further_label(found): found for found in bound.experiment.further}
        done = [(job, r) for job in bound.full.values() if (r := self.finished.training(job)) is not None]
        trained = [(run.job, r) for run in pruned.available() if (r := self._result(run)) is not None]
        _check_alike(done + trained)
        #: Any finished training: all of them saw the same examples, on one type of device.
        self.any = next((r for _, r in done + trained), None)
        self.labels = self.finished.labels(done[0][0]) if done else None
        self.full_cost = bill.mean([bill.training_alone(r.bill) for _, r in done])

    def full(self) -> Iterator[CellResult]:
        """Yield the full baseline's cell for every evaluation split."""
        everything = np.ones(self.any.examples.train if self.any else 0, dtype=bool)
        runs = {seed: PrunedRun(everything, self.bound.full[seed]) for seed in self.experiment.evaluation_seeds}
        row = _Row(
            method=FULL,
            keep=FULL_KEEP,
            budget=DEFAULT_BUDGET,
            runs=runs,
            failures=self._failures(runs),
            subset=self._subset(runs),
            cost=charges.cost(self.full_cost, self.full_cost, PerUnit((), (), ())),
        )
        for cell in self._cells(row):
            yield replace(cell, trivial=self._trivial(cell.split))

    def arm(self, arm: Arm) -> Iterator[CellResult]:
        """Yield a method's cell for every evaluation split."""
        runs = {seed: self.pruned.of(arm, seed) for seed in self.experiment.evaluation_seeds}
        row = _Row(
            method=arm.method.ref,
            keep=arm.keep.label,
            budget=arm.budget,
            runs=runs,
            failures=self._failures(runs),
            subset=self._subset(runs),
            cost=charges.cost(self.full_cost, self._train_cost(runs), self._scoring_cost(arm.method)),
            scoring=self._scoring(arm.method),
            planted=self._planted(arm.method),
            claims=claims_of(arm.method.plugin),
            settings=settings_of(arm.method.plugin, self.experiment.task.name),
            scored_with=self._scored_with(arm.method),
        )
        yield from self._cells(row)

    def diagnosis(self, method: Named[Scorer]) -> CellResult:
        """Return the cell of a task that is only scored: how well the method finds the planted examples."""
        row = _Row(
            method=method.ref,
            keep=DIAGNOSTIC,
            budget=DEFAULT_BUDGET,
            runs={},
            failures=tuple(self._unscored(method)),
            subset=None,
            cost=None,
            scoring=self._scoring(method),
            planted=self._planted(method),
            scored_with=self._scored_with(method),
        )
        return self._cell(row, self.task.splits()[0], _Measured())

    def _cells(self, row: _Row) -> Iterator[CellResult]:
        for split in (*self.task.splits(), *self.further):
            yield self._cell(row, split, self._measured(row.runs, split))

    def _cell(self, row: _Row, split: str, measured: _Measured) -> CellResult:
        suite = self.bound.suite
        evaluated = self._evaluated(split)
        return CellResult(
            task=self.experiment.task.ref,
            split=split,
            primary=split == self.task.splits()[0],
            model=self.experiment.model.title,
            method=row.method,
            keep=row.keep,
            budget=row.budget,
            kind=self.task.kind,
            metric=evaluated.metric,
            baseline=suite.baseline,
            compared=tuple(sorted(method.ref for method in self.experiment.methods)),
            # a task that is only scored trains nothing that could be compared
            rivals=tuple(sorted(suite.rivals)) if self.experiment.evaluation_seeds else (),
            margin=suite.margin,
            data=self._data(split),
            model_source=next(iter(self.bound.full.values())).model.source,
            # What `auto` came to on the machine that trained.
            recipe=asdict(self.experiment.recipe) | (_resolved(self.any) if self.any else {}),
            protocol=PROTOCOL,
            seeds=tuple(row.runs),
            scoring_runs=() if row.scoring is None else row.scoring.seeds,
            values=measured.values,
            examples=measured.examples,
            failures=row.failures,
            subset=row.subset,
            cost=row.cost,
            planted=row.planted,
            also=dict(measured.also or {}),
            claims=row.claims,
            scoring=row.scoring,
            looks=Looks(suite.looks) if suite.looks and row.runs else None,
            further=self._further(split),
            steps=tuple(None if (r := self._result(run)) is None else r.steps for run in row.runs.values()),
            settings=row.settings,
            scored_with=row.scored_with,
        )

    def _evaluated(self, split: str) -> Task:
        """Return the task whose examples a split or further set holds."""
        return self.further[split].plugin if split in self.further else self.task

    def _further(self, split: str) -> Further | None:
        if split not in self.further:
            return None
        ref = next(ref for ref in self.bound.further or () if ref.ref == self.further[split].ref)
        return Further(ref.ref, dict(ref.source), ref.declaration)

    def _data(self, split: str) -> Data:
        """Return what was trained and evaluated on, as a finished training records it."""
        task = next(iter(self.bound.full.values())).task
        if self.any is None:
            return Data(dict(task.source), 0, 0, task.declaration, "", "")
        seen = self.any.examples
        return Data(
            source=dict(task.source),
            train_rows=seen.train,
            eval_rows=seen.evaluation[split],
            declaration=task.declaration,
            train_digest=seen.digests[self.task.training()],
            eval_digest=seen.digests[split],
        )

    def _measured(self, runs: Runs, split: str) -> _Measured:
        """Return what was measured on a split, from predictions and metrics of the trainings that finished."""
        results = [self._result(run) for run in runs.values()]
        metrics = [None if r is None else r.metric[split] for r in results]
        arrays = [
            self.finished.predictions(run.job) if isinstance(run, PrunedRun) and result is not None else None
            for run, result in zip(runs.values(), results, strict=True)
        ]
        # The passage of every example, equal in all runs; None where each is its own case.
        cases = next(
            (found[f"{split}.cases"].tolist() for found in arrays if found and f"{split}.cases" in found), None
        )
        # Of a metric of two classes that is no mean: what it is recomputed from, besides the values.
        gold, task = None, self._evaluated(split)
        if metric_of_counts(task.kind, task.metric, task.labels) is not None:
            gold = next((found[f"{split}.gold"] for found in arrays if found and f"{split}.gold" in found), None)
        own = task.metric
        beside = sorted({name for m in metrics if m is not None for name in m} - {own})
        return _Measured(
            values=tuple(None if m is None else float(m[own]) for m in metrics),
            examples=Outcomes.encode([None if a is None else a[f"{split}.values"] for a in arrays], cases, gold),
            also={name: tuple(None if m is None else float(m[name]) for m in metrics) for name in beside},
        )

    def _trivial(self, split: str) -> TrivialAnswer | None:
        """Return what a trivial answer reaches, from any full run that finished; all of them saw the same examples."""
        for job in self.bound.full.values():
            found = self.finished.training(job)
            if found is not None and found.trivial is not None:  # jobs of an earlier hbench do not say it
                values = self.finished.predictions(job)[f"{split}.trivial"]
                return TrivialAnswer(found.trivial[split], Outcomes.encode([values]))
        return None

    def _result(self, run: PrunedRun | Unavailable) -> TrainingResult | None:
        return self.finished.training(run.job) if isinstance(run, PrunedRun) else None

    def _subset(self, runs: Runs) -> Subset | None:
        return subset_of(list(runs.values()), self.finished, self.labels, self.task.labels)

    def _failures(self, runs: Runs) -> tuple[Failed, ...]:
        return tuple(Failed(seed, self._reason(run)) for seed, run in runs.items() if self._result(run) is None)

    def _reason(self, run: PrunedRun | Unavailable) -> str:
        if isinstance(run, Unavailable):
            return run.reason
        return self.finished.reason(run.job) or "has not run"

    def _unscored(self, method: Named[Scorer]) -> Iterator[Failed]:
        """Yield why scores are missing, one failure for each set of scores."""
        for job, seeds in self.bound.distinct_scores(method.ref):
            if self.finished.score(job) is None:
                yield Failed(seeds[0], self.finished.reason(job) or "a scoring run failed")

    def _train_cost(self, runs: Runs) -> bill.Amounts | None:
        """Return what the mean training of an arm used, with the passes of one that prunes while it trains."""
        results = [r for run in runs.values() if (r := self._result(run)) is not None]
        return bill.mean(
            [
                bill.training_alone(r.bill) if r.curriculum is None else bill.training_with_passes(r.bill)
                for r in results
            ]
        )

    def _scoring(self, method: Named[Scorer]) -> Scoring | None:
        if not method.plugin.observations():
            return None
        groups = self.experiment.groups[method.ref]
        return Scoring(groups.runs, tuple(groups.scored_by[seed] for seed in self.experiment.evaluation_seeds))

    def _scored_with(self, method: Named[Scorer]) -> ScoredWith | None:
        other = other_model(method, self.experiment.model)
        if other is None:
            return None
        run = next(iter(self.bound.scoring[other].values()))
        return ScoredWith(self.experiment.scoring[other].model.title, run.model.source)

    def _scoring_cost(self, method: Named[Scorer]) -> PerUnit[tuple[Part, ...]]:
        """Return what one set of a method's scores needs of full-data runs, by unit: the mean over its groups."""
        if isinstance(method.plugin, GivenScorer):
            return charges.declared(method.plugin.cost, self.full_cost)
        groups = () if (scoring := self._scoring(method)) is None else scoring.groups
        read = self.bound.read_by(method)
        results = [self.finished.training(read[seed]) for group in groups for seed in group]
        bills = [None if r is None else r.bill for r in results]
        return charges.scoring(method.plugin.observations(), bills, self.experiment.recipe.epochs, sets=len(groups))

    def _planted(self, method: Named[Scorer]) -> dict[str, float] | None:
        """Return how well a method finds the planted examples, the mean over its sets of scores."""
        if method.ref not in self.bound.scores:  # a dynamic scorer
            return None
        jobs = (job for job, _ in self.bound.distinct_scores(method.ref))
        found = [r.planted for job in jobs if (r := self.finished.score(job)) is not None]
        known = [planted for planted in found if planted is not None]
        if not known:
            return None
        return {planted_type: float(np.mean([p[planted_type] for p in known])) for planted_type in known[0]}
