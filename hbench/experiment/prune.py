"""From finished scores to pruned trainings: the subset of every arm and seed is selected, its training named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.experiment.jobs import curriculum_job, pruned_job
from hbench.experiment.seeds import tie_seed
from hbench.plugins import DynamicScorer, GivenScorer, Scorer
from hbench.plugins.scoring import choose
from hbench.selection import count_for

if TYPE_CHECKING:
    from hbench.experiment.bind import BoundExperiment
    from hbench.experiment.plan import Arm
    from hbench.jobs.spec import FineTune, Score
    from hbench.jobs.store import Store
    from hbench.plugins.registry import Named

#: One boolean per training example: is it kept?
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PrunedRun:
    """One pruned training: which examples, None where the training itself chooses them, and the job that does it."""

    mask: Mask | None
    job: FineTune


@dataclass(frozen=True)
class Unavailable:
    """Why a score, a size or a pruned training is not available."""

    reason: str


@dataclass(frozen=True)
class PrunedRuns:
    """The pruned training of every arm and evaluation seed, or why there is none."""

    runs: Mapping[tuple[Arm, int], PrunedRun | Unavailable]

    def of(self, arm: Arm, seed: int) -> PrunedRun | Unavailable:
        """Return the training of an arm for an evaluation seed, or why there is none."""
        return self.runs[arm, seed]

    def available(self) -> Iterator[PrunedRun]:
        """Yield the trainings that are available; arms that select the same examples share one job."""
        return (run for run in self.runs.values() if isinstance(run, PrunedRun))

    def jobs(self) -> dict[str, FineTune]:
        """Return the jobs by what progress calls them, each once, named after the first arm that uses it."""
        named: dict[str, tuple[str, FineTune]] = {}
        for (arm, seed), run in self.runs.items():
            if isinstance(run, PrunedRun):
                title = f"{run.job.task.ref} {run.job.model.ref}"
                label = f"{title} {arm.method.ref} {arm.keep.label} {arm.budget} seed {seed}"
                named.setdefault(run.job.key, (label, run.job))
        return dict(named.values())

    def reasons(self) -> dict[str, str]:
        """Return why some trainings are not available: each reason once, with the first arm it holds for."""
        first: dict[str, str] = {}
        for (arm, _), run in self.runs.items():
            if isinstance(run, Unavailable):
                first.setdefault(run.reason, f"{arm.method.ref} {arm.keep.label} {arm.budget}")
        return first


def prune(bound: BoundExperiment, store: Store) -> PrunedRuns:
    """Select the subset of every arm and seed from the finished scores, and name the training on it.

    An arm whose scores failed, or whose options leave too few examples, is unavailable; the others go on.
    """
    subsets = _Subsets(bound, store)
    runs = {
        (arm, seed): _pruned_run(bound, arm, seed, subsets)
        for arm in bound.experiment.arms()
        for seed in bound.experiment.evaluation_seeds
    }
    return PrunedRuns(MappingProxyType(runs))


def _pruned_run(bound: BoundExperiment, arm: Arm, seed: int, subsets: _Subsets) -> PrunedRun | Unavailable:
    full = bound.full[seed]
    if isinstance(arm.method.plugin, DynamicScorer):
        labels, count = subsets.labels, subsets.count(arm, seed)
        if isinstance(labels, Unavailable):
            return labels
        if isinstance(count, Unavailable):
            return count
        ties, size = tie_seed(bound.suite.selection_seed, seed), len(labels)
        job = curriculum_job(full, arm, size=size, count=count, selection_seed=ties, further=bound.further)
        return PrunedRun(None, job)
    mask = subsets.mask(arm, seed)
    return mask if isinstance(mask, Unavailable) else PrunedRun(mask, pruned_job(full, arm, mask, bound.further))


@dataclass(frozen=True)
class Scores:
    """What a score job gave, one entry per training example."""

    ids: npt.NDArray[np.str_]
    #: Highest kept first.
    preference: npt.NDArray[np.float64]
    #: The scorer's own subset, None where it names none.
    natural: Mask | None


class _Question(NamedTuple):
    """What decides a subset: arms that ask the same have the same one."""

    scores: str
    kept: int
    offset: float
    balance: bool
    #: The scorer, where it chooses in a way of its own.
    selection: Scorer | None
    ties: int


class _Subsets:
    """Selects the subsets of one experiment; scores are read once, and equal questions answered once."""

    def __init__(self, bound: BoundExperiment, store: Store) -> None:
        self._bound = bound
        self._store = store
        self._scores: dict[str, Scores | Unavailable] = {}
        self._masks: dict[_Question, Mask | Unavailable] = {}
        #: The gold class of every training example, which any full-data run tells.
        self.labels = self._read_labels()

    def mask(self, arm: Arm, seed: int) -> Mask | Unavailable:
        """Return the subset of an arm for an evaluation seed, or why there is none."""
        scores, count, labels = self.scores(arm.method, seed), self.count(arm, seed), self.labels
        if isinstance(scores, Unavailable):
            return scores
        if isinstance(count, Unavailable):
            return count
        if isinstance(labels, Unavailable):
            return labels
        if scores.natural is not None and arm.keep.natural is not None and arm.keep.natural.ref == arm.method.ref:
            return scores.natural
        if isinstance(arm.method.plugin, GivenScorer) and arm.method.plugin.whole:
            return _whole(arm.method.ref, scores, count)
        scorer, ties = arm.method.plugin, tie_seed(self._bound.suite.selection_seed, seed)
        selection = scorer if type(scorer).pick is not Scorer.pick else None
        question = _Question(
            self._bound.score_job(arm.method, seed).key, count, scorer.offset, scorer.balance, selection, ties
        )
        if question not in self._masks:
            try:
                self._masks[question] = choose(scorer, scores.preference, scores.ids, labels, count=count, seed=ties)
            except UsageError as error:  # an offset that leaves too few, or a choice that cannot be one
                self._masks[question] = Unavailable(str(error))
        return self._masks[question]

    def count(self, arm: Arm, seed: int) -> int | Unavailable:
        """Return how many examples an arm keeps, or why that is not known."""
        sizing = arm.keep.natural
        if sizing is None:
            assert arm.keep.share is not None
            return self.labels if isinstance(self.labels, Unavailable) else count_for(arm.keep.share, len(self.labels))
        scores = self.scores(sizing, seed)
        if isinstance(scores, Unavailable):
            return scores
        if scores.natural is None:
            return Unavailable(f"{sizing.ref} gave no natural subset")
        runs = len(self._bound.score_job(sizing, seed).runs)
        return int(scores.natural.sum()) or Unavailable(
            f"the natural subset of {sizing.ref} is empty with {runs} scoring run{'' if runs == 1 else 's'}; "
            f"give it more with --scoring-runs {sizing.ref}=N"
        )

    def scores(self, method: Named[Scorer], seed: int) -> Scores | Unavailable:
        """Return a method's scores for an evaluation seed, or why there are none."""
        job = self._bound.score_job(method, seed)
        if job.key not in self._scores:
            self._scores[job.key] = self._read(job)
        return self._scores[job.key]

    def _read(self, job: Score) -> Scores | Unavailable:
        lacking = self._bound.lacking(job, self._store)
        if lacking is not None:
            return Unavailable(lacking)
        failure = self._store.failure(job)
        if failure is not None:
            return Unavailable(f"scoring failed: {failure.reason}")
        return read_scores(self._store, job.key)

    def _read_labels(self) -> npt.NDArray[np.int64] | Unavailable:
        for run in self._bound.full.values():
            if self._store.finished(run):
                return self._store.arrays(run.job_type, run.key, "examples.npz")["label"].astype(np.int64)
        return Unavailable("no full-data run has finished")


def _whole(method: str, scores: Scores, count: int) -> Mask | Unavailable:
    """Return a subset made elsewhere, which is kept whole or not at all."""
    assert scores.natural is not None
    size = int(scores.natural.sum())
    return scores.natural if size == count else Unavailable(f"{method} has {size} examples, and {count} are kept here")


def read_scores(store: Store, job_key: str) -> Scores:
    """Return what a finished score job gave. Raises StoreError where its file cannot be read."""
    arrays = store.arrays("score", job_key, "scores.npz")
    natural = arrays.get("natural")
    return Scores(
        ids=arrays["id"].astype(str, copy=False),
        preference=arrays["preference"].astype(np.float64, copy=False),
        natural=None if natural is None else natural.astype(bool, copy=False),
    )
