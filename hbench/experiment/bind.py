"""The work on one task with one model, as far as the data have told: jobs with their versions, scores, subsets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench.cost.budgets import steps_for
from hbench.data.load import describe_source
from hbench.errors import UsageError
from hbench.experiment.plan import Arm, Experiment
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef, pack_subset
from hbench.plugins import DynamicScorer, Scorer
from hbench.plugins.registry import KINDS, Named, source_digest
from hbench.selection import count_for, select

if TYPE_CHECKING:
    from hbench.experiment.suite import Suite
    from hbench.jobs.store import Store

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PrunedRun:
    """One pruned training: which examples, None where the training itself chooses them, and the job that does it."""

    mask: Mask | None
    job: FineTune


@dataclass(frozen=True)
class Unavailable:
    """A pruned training that cannot be made, and why."""

    reason: str


@dataclass
class Work:
    """Jobs of one group. `full` is known at once, the rest as earlier stages finish."""

    group: Experiment
    suite: Suite
    full: dict[int, FineTune]
    scores: dict[str, dict[int | None, Score]]
    pruned: dict[tuple[Arm, int], PrunedRun | Unavailable] = field(default_factory=dict)

    @classmethod
    def begin(cls, group: Experiment, suite: Suite, data_dir: Path | None, store: Store) -> Work:
        """Look up the versions of data and model, and name the full trainings and the scores.

        A full training that is finished and was watched more closely than this group asks stands in for its own.

        Raises DataError when the data or the hub cannot be found.
        """
        plugin = group.task.plugin
        task = TaskRef(
            ref=group.task.ref,
            declaration=KINDS.find(plugin.kind).plugin.declaration(plugin),
            source=describe_source(plugin, data_dir, group.task.name),
            **suite.sizes_for(group.task),
            sample_seed=suite.sample_seed,
            data_dir=None if data_dir is None else str(data_dir),
        )
        named = group.full_runs(task, ModelRef(group.model.ref, group.model.source()))
        full = {seed: store.reusable_run(job) for seed, job in named.items()}
        runs = {seed: (job.key, job) for seed, job in full.items()}
        return cls(group, suite, full, {m.ref: group.score_jobs(m, runs) for m in group.scored()})

    def ready_scores(self, store: Store) -> list[Score]:
        """Return the score jobs whose runs have all finished."""
        return [job for jobs in self.scores.values() for job in jobs.values() if not _lacking(job, self.full, store)]

    def prune(self, store: Store) -> list[FineTune]:
        """Select the subsets of every cell and seed from the finished scores, and return the trainings on them."""
        reader = _Reader(store, self)
        for cell in self.group.cells():
            for seed in self.group.evaluation_seeds:
                self.pruned[cell, seed] = self._prune(cell, seed, reader)
        jobs = {p.job.key: p.job for p in self.pruned.values() if isinstance(p, PrunedRun)}
        return list(jobs.values())

    def labels(self) -> dict[str, str]:
        """Return by key which cell a job belongs to; a training that several cells share is named after the first."""
        place = f"{self.group.task.ref} {self.group.model.ref}"
        found = {job.key: f"{place} full seed {seed}" for seed, job in self.full.items()}
        for method, jobs in self.scores.items():
            for draw, job in jobs.items():
                found[job.key] = f"{place} {method} scores" + ("" if draw is None else f" seed {draw}")
        for (cell, seed), pruned in self.pruned.items():
            if isinstance(pruned, PrunedRun):
                text = f"{place} {cell.method.ref} {cell.keep.label} {cell.budget} seed {seed}"
                found.setdefault(pruned.job.key, text)
        return found

    def _prune(self, cell: Arm, seed: int, reader: _Reader) -> PrunedRun | Unavailable:
        if isinstance(cell.method.plugin, DynamicScorer):
            labels, count = reader.labels(), reader.count(cell, seed)
            if isinstance(labels, Unavailable):
                return labels
            if isinstance(count, Unavailable):
                return count
            return PrunedRun(None, self._curriculum(count, len(labels), seed, cell))
        try:
            mask = reader.mask(cell, seed)
        except UsageError as error:  # an offset that leaves too few: the other cells go on
            return Unavailable(str(error))
        return mask if isinstance(mask, Unavailable) else PrunedRun(mask, self._job(mask, seed, cell))

    def _job(self, mask: Mask, seed: int, cell: Arm) -> FineTune:
        full = self.full[seed]
        if mask.all():
            return full
        recipe = self._recipe(cell, mask.size, int(mask.sum()))
        return replace(full, recipe=recipe, observe=None, subset=pack_subset(mask))

    def _curriculum(self, count: int, size: int, seed: int, cell: Arm) -> FineTune:
        full = self.full[seed]
        curriculum = {
            "scorer": cell.method.name,
            "options": cell.method.options,
            "source": source_digest(type(cell.method.plugin)),
            "count": count,
            "selection_seed": self.suite.selection_seed,
        }
        return replace(full, recipe=self._recipe(cell, size, count), observe=None, curriculum=curriculum)

    def _recipe(self, cell: Arm, size: int, count: int) -> Recipe:
        recipe = self.group.recipe
        steps = steps_for(cell.budget, cell.method.plugin, size=size, count=count, recipe=recipe)
        return recipe if steps is None else replace(recipe, max_steps=steps)


def _lacking(job: Score, full: dict[int, FineTune], store: Store) -> str | None:
    """Return why a score cannot be computed yet, or None when all its runs have finished."""
    wanted = {*job.runs, job.examples}
    for seed, run in full.items():
        if run.key in wanted and not store.finished(run):
            failure = store.failure(run)
            return f"the full-data run of seed {seed} " + (f"failed: {failure.reason}" if failure else "has not run")
    return None


class _Reader:
    """Reads scores and labels once each, and selects once what several seeds train on."""

    def __init__(self, store: Store, work: Work) -> None:
        self.store = store
        self.work = work
        self._scores: dict[str, dict[str, npt.NDArray[Any]] | Unavailable] = {}
        self._masks: dict[tuple[Any, ...], Mask] = {}
        self._labels: npt.NDArray[np.int64] | None = None

    def mask(self, cell: Arm, seed: int) -> Mask | Unavailable:
        """Return the subset of a cell for an evaluation seed, or why there is none.

        Raises UsageError when the method's options leave fewer examples than are to be kept.
        """
        scored = self.scores(cell.method, seed)
        if isinstance(scored, Unavailable):
            return scored
        count, labels = self.count(cell, seed), self.labels()
        if isinstance(count, Unavailable):
            return count
        if isinstance(labels, Unavailable):
            return labels
        if cell.keep.natural is not None and cell.keep.natural.ref == cell.method.ref:
            natural: Mask = scored["natural"]
            return natural
        options = cell.method.plugin
        name = (self._job(cell.method, seed).key, count, options.offset, options.balance)
        if name not in self._masks:
            self._masks[name] = select(
                scored["preference"],
                [str(i) for i in scored["id"]],
                count=count,
                offset=options.offset,
                balance=labels if options.balance else None,
                seed=self.work.suite.selection_seed,
            )
        return self._masks[name]

    def count(self, cell: Arm, seed: int) -> int | Unavailable:
        """Return how many examples a cell keeps, or why that is not known."""
        sizing = cell.keep.natural
        if sizing is None:
            assert cell.keep.share is not None
            labels = self.labels()
            return labels if isinstance(labels, Unavailable) else count_for(cell.keep.share, len(labels))
        found = self.scores(sizing, seed)
        if isinstance(found, Unavailable):
            return found
        if "natural" not in found:
            return Unavailable(f"{sizing.ref} gave no natural subset")
        count = int(found["natural"].sum())
        return count if count else Unavailable(f"the natural subset of {cell.keep.label} is empty")

    def scores(self, method: Named[Scorer], seed: int) -> dict[str, npt.NDArray[Any]] | Unavailable:
        """Return the arrays of a method's scores for an evaluation seed, or why there are none."""
        job = self._job(method, seed)
        if job.key not in self._scores:
            self._scores[job.key] = self._read(job)
        return self._scores[job.key]

    def labels(self) -> npt.NDArray[np.int64] | Unavailable:
        """Return the gold class of every training example, which any full run tells."""
        if self._labels is None:
            done = next((run for run in self.work.full.values() if self.store.finished(run)), None)
            if done is None:
                return Unavailable("no full-data run has finished")
            self._labels = self.store.arrays("finetune", done.key, "examples.npz")["label"].astype(np.int64)
        return self._labels

    def _job(self, method: Named[Scorer], seed: int) -> Score:
        jobs = self.work.scores[method.ref]
        return jobs[seed] if method.plugin.fresh else jobs[None]

    def _read(self, job: Score) -> dict[str, npt.NDArray[Any]] | Unavailable:
        lacking = _lacking(job, self.work.full, self.store)
        if lacking is not None:
            return Unavailable(lacking)
        failure = self.store.failure(job)
        if failure is not None:
            return Unavailable(f"scoring failed: {failure.reason}")
        return self.store.arrays("score", job.key, "scores.npz")
