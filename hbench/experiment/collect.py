"""From finished jobs to results: one `CellResult` per row of the board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hbench.cost import charges
from hbench.experiment.bind import PrunedRun, Unavailable, Work
from hbench.experiment.plan import Arm
from hbench.jobs.spec import PROTOCOL, FineTune, Score
from hbench.plugins import Scorer
from hbench.plugins.registry import Named
from hbench.results.cell import CellResult, Cost, Data, Failed, Part, Subset, TrivialAnswer
from hbench.results.labels import DIAGNOSTIC, FULL, FULL_KEEP
from hbench.results.outcomes import Outcomes
from hbench.selection import class_shares

if TYPE_CHECKING:
    from hbench.jobs.store import Store


def collect(work: Work, store: Store) -> Iterator[CellResult]:
    """Yield the result of every cell of a group, the full baseline first; failed ones say why."""
    collector = _Collector(work, store)
    if work.group.evaluation_seeds:
        yield from collector.full()
        for cell in work.group.cells():
            yield from collector.cell(cell)
    else:
        for method in work.group.methods:
            yield collector.diagnosis(method)


class _Collector:
    """Reads each job's result once and puts cells together."""

    def __init__(self, work: Work, store: Store) -> None:
        self.work = work
        self.group = work.group
        self.store = store
        self.splits = work.group.task.plugin.splits()
        self._results: dict[str, dict[str, Any] | None] = {}
        self._values: dict[str, dict[str, Any]] = {}
        full = [r for job in work.full.values() if (r := self.result(job)) is not None]
        pruned = (r for p in work.pruned.values() if isinstance(p, PrunedRun) and (r := self.result(p.job)) is not None)
        #: Any finished job: all of them saw the same examples.
        self.any = full[0] if full else next(pruned, None)
        self.full_cost = charges.mean([charges.spent(r["bill"]["trained"]) for r in full])

    def result(self, job: FineTune | Score) -> dict[str, Any] | None:
        """Return a job's result.json, None when it did not finish."""
        name = job.key
        if name not in self._results:
            self._results[name] = self.store.read_result(job.job_type, name) if self.store.finished(job) else None
        return self._results[name]

    def full(self) -> Iterator[CellResult]:
        """Yield the full baseline's cell for every evaluation split."""
        jobs = {seed: self.work.full[seed] for seed in self.group.evaluation_seeds}
        size = self.any["examples"]["train"] if self.any else 0
        mask = np.ones(size, dtype=bool)
        cost = charges.cost(self.full_cost, self.full_cost, charges.scoring(None, (), self.group.recipe.epochs))
        runs: dict[int, PrunedRun | Unavailable] = {seed: PrunedRun(mask, job) for seed, job in jobs.items()}
        for cell in self._cells(FULL, FULL_KEEP, "equal-epochs", runs, cost):
            yield replace(cell, trivial=self._trivial(cell.split))

    def cell(self, cell: Arm) -> Iterator[CellResult]:
        """Yield a method's cell for every evaluation split."""
        runs = {seed: self.work.pruned[cell, seed] for seed in self.group.evaluation_seeds}
        trained = [r for p in runs.values() if isinstance(p, PrunedRun) and (r := self.result(p.job)) is not None]
        train = charges.mean([charges.spent(charges.of_training(r)) for r in trained])
        cost = charges.cost(self.full_cost, train, self._scoring(cell.method))
        yield from self._cells(
            cell.method.ref,
            cell.keep.label,
            cell.budget,
            runs,
            cost,
            scoring_runs=self._scoring_seeds(cell.method),
            planted=self._planted(cell.method),
            published=cell.method.plugin.published,
        )

    def diagnosis(self, method: Named[Scorer]) -> CellResult:
        """Return the cell of a task that is only scored: how well the method finds the planted examples."""
        return self._result(
            self.splits[0],
            method=method.ref,
            keep=DIAGNOSTIC,
            budget="equal-epochs",
            seeds=(),
            values=(),
            examples=None,
            failures=tuple(self._unscored(method)),
            subset=None,
            cost=None,
            scoring_runs=self._scoring_seeds(method),
            planted=self._planted(method),
        )

    def _cells(
        self,
        method: str,
        keep: str,
        budget: str,
        runs: dict[int, PrunedRun | Unavailable],
        cost: Cost | None,
        *,
        scoring_runs: tuple[int, ...] = (),
        planted: dict[str, float] | None = None,
        published: str | None = None,
    ) -> Iterator[CellResult]:
        results = {seed: self.result(p.job) if isinstance(p, PrunedRun) else None for seed, p in runs.items()}
        failures = tuple(Failed(seed, self._reason(runs[seed])) for seed, r in results.items() if r is None)
        for split in self.splits:
            rows = [
                None
                if results[seed] is None
                else self._predictions(p.job)[f"{split}.values"]
                if isinstance(p, PrunedRun)
                else None
                for seed, p in runs.items()
            ]
            yield self._result(
                split,
                method=method,
                keep=keep,
                budget=budget,
                seeds=tuple(runs),
                values=tuple(None if r is None else self._metric(r, split) for r in results.values()),
                examples=Outcomes.encode(rows, self._cases(runs, results, split)),
                failures=failures,
                subset=self._subset(list(runs.values())),
                cost=cost,
                scoring_runs=scoring_runs,
                planted=planted,
                published=published,
                also=self._also(list(results.values()), split),
            )

    def _result(self, split: str, **fields: Any) -> CellResult:
        work, first = self.work, next(iter(self.work.full.values()))
        found = self.any["examples"] if self.any else None
        plugin = self.group.task.plugin
        return CellResult(
            task=self.group.task.ref,
            split=split,
            primary=split == self.splits[0],
            model=self.group.model.title,
            kind=plugin.kind,
            metric=plugin.metric,
            baseline=work.suite.baseline,
            compared=tuple(sorted(method.ref for method in self.group.methods)),
            # a task that is only scored trains nothing that could be compared
            rivals=tuple(sorted(work.suite.rivals)) if self.group.evaluation_seeds else (),
            margin=work.suite.margin,
            data=Data(
                source=first.task.source,
                train_rows=found["train"] if found else 0,
                eval_rows=found["evaluation"][split] if found else 0,
                declaration=first.task.declaration,
                train_digest=found["digests"][plugin.training()] if found else "",
                eval_digest=found["digests"][split] if found else "",
            ),
            model_source=first.model.source,
            # What `auto` came to on the machine that trained.
            recipe=asdict(self.group.recipe) | ({"precision": self.any["precision"]} if self.any else {}),
            protocol=PROTOCOL,
            **fields,
        )

    def _metric(self, result: dict[str, Any], split: str) -> float:
        return float(result["metric"][split][self.group.task.plugin.metric])

    def _also(self, results: list[dict[str, Any] | None], split: str) -> dict[str, tuple[float | None, ...]]:
        """Return the metrics beside the task's own one, per seed."""
        main = self.group.task.plugin.metric
        found = [None if r is None else r["metric"][split] for r in results]
        names = sorted({name for m in found if m is not None for name in m} - {main})
        return {name: tuple(None if m is None else float(m[name]) for m in found) for name in names}

    def _predictions(self, job: FineTune) -> dict[str, Any]:
        name = job.key
        if name not in self._values:
            self._values[name] = self.store.arrays("finetune", name, "predictions.npz")
        return self._values[name]

    def _cases(self, runs: dict[int, PrunedRun | Unavailable], results: dict[int, Any], split: str) -> Any:
        """Return the passage of every evaluation example, from any run that finished; None where each stands alone."""
        for seed, run in runs.items():
            if results[seed] is not None and isinstance(run, PrunedRun):
                return self._predictions(run.job).get(f"{split}.cases")
        return None

    def _trivial(self, split: str) -> TrivialAnswer | None:
        """Return what a trivial answer reaches, from any full run that finished; all of them saw the same examples."""
        for job in self.work.full.values():
            # jobs of an earlier hbench do not say it
            if (found := self.result(job)) is not None and "trivial" in found:
                values = self._predictions(job)[f"{split}.trivial"]
                return TrivialAnswer(found["trivial"][split], Outcomes.encode([values]))
        return None

    def _reason(self, run: PrunedRun | Unavailable) -> str:
        if isinstance(run, Unavailable):
            return run.reason
        failure = self.store.failure(run.job)
        return failure.reason if failure is not None else "has not run"

    def _unscored(self, method: Named[Scorer]) -> Iterator[Failed]:
        for draw, job in self.work.scores[method.ref].items():
            if not self.store.finished(job):
                failure = self.store.failure(job)
                reason = "a scoring run failed" if failure is None else failure.reason
                yield Failed(self.group.scoring_seeds[0] if draw is None else draw, reason)

    def _subset(self, runs: Sequence[PrunedRun | Unavailable]) -> Subset | None:
        labels = self._labels()
        if labels is None:
            return None
        kept = [self._kept(run, labels) for run in runs]
        known = [found for found in kept if found is not None]
        if not known:
            return None
        return Subset(
            sizes=tuple(None if found is None else found[0] for found in kept),
            share=float(np.mean([size / len(labels) for size, _ in known])),
            classes={name: float(np.mean([shares[name] for _, shares in known])) for name in known[0][1]},
        )

    def _kept(self, run: PrunedRun | Unavailable, labels: Any) -> tuple[int, dict[str, float]] | None:
        """Return the size of a subset and the share of each class in it; of a curriculum, their means over cycles."""
        names = self.group.task.plugin.labels
        if isinstance(run, Unavailable):
            return None
        if run.mask is not None:
            return int(run.mask.sum()), class_shares(run.mask, labels, names)
        result = self.result(run.job)
        if result is None:
            return None
        found = result["curriculum"]
        # without a choice, everything was trained on
        counts = np.array(found["classes"] or [np.bincount(labels, minlength=len(names))], dtype=np.float64)
        shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
        return int(found["count"]), dict(zip(names, map(float, shares), strict=True))

    def _labels(self) -> Any:
        for job in self.work.full.values():
            if self.result(job) is not None:
                return self.store.arrays(job.job_type, job.key, "examples.npz")["label"]
        return None

    def _scoring_seeds(self, method: Named[Scorer]) -> tuple[int, ...]:
        return () if method.plugin.observation() is None else self.group.scoring_seeds

    def _scoring(self, method: Named[Scorer]) -> dict[str, tuple[Part, ...]]:
        """Return what a method needs of the scoring runs, by unit."""
        results = [self.result(self.work.full[seed]) for seed in self.group.scoring_seeds]
        bills = [None if r is None else r["bill"] for r in results]
        return charges.scoring(method.plugin.observation(), bills, self.group.recipe.epochs)

    def _planted(self, method: Named[Scorer]) -> dict[str, float] | None:
        jobs = self.work.scores.get(method.ref, {})  # a dynamic scorer has none
        found = [r["planted"] for job in jobs.values() if (r := self.result(job)) is not None]
        if not found or found[0] is None:
            return None
        return {planted_type: float(np.mean([f[planted_type] for f in found])) for planted_type in found[0]}
