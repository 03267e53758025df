"""The results and arrays of finished jobs, each read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hbench.jobs.spec import FineTune, Job, Score

if TYPE_CHECKING:
    import numpy.typing as npt

    from hbench.jobs.result import ScoreResult, TrainingResult
    from hbench.jobs.store import Store

#: Arrays of an npz file, by name.
Arrays = dict[str, "npt.NDArray[Any]"]


class Finished:
    """The results of the jobs of a store, None for those that did not finish."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._trainings: dict[str, TrainingResult | None] = {}
        self._scores: dict[str, ScoreResult | None] = {}
        self._arrays: dict[tuple[str, str], Arrays] = {}

    def training(self, job: FineTune) -> TrainingResult | None:
        """Return the result of a training. Raises StoreError when its files are damaged."""
        if job.key not in self._trainings:
            self._trainings[job.key] = self._store.training(job.key) if self._store.finished(job) else None
        return self._trainings[job.key]

    def score(self, job: Score) -> ScoreResult | None:
        """Return the result of a score job. Raises StoreError when its files are damaged."""
        if job.key not in self._scores:
            self._scores[job.key] = self._store.scoring(job.key) if self._store.finished(job) else None
        return self._scores[job.key]

    def predictions(self, job: FineTune) -> Arrays:
        """Return the arrays of predictions.npz of a training that finished."""
        return self._read(job, "predictions.npz")

    def labels(self, job: FineTune) -> npt.NDArray[Any]:
        """Return the gold class of every training example, int (n,), from a full training that finished."""
        return self._read(job, "examples.npz")["label"]

    def reason(self, job: Job) -> str | None:
        """Return why a job failed, None when it did not."""
        failure = self._store.failure(job)
        return None if failure is None else failure.reason

    def _read(self, job: FineTune, name: str) -> Arrays:
        if (job.key, name) not in self._arrays:
            self._arrays[job.key, name] = self._store.arrays(job.job_type, job.key, name)
        return self._arrays[job.key, name]


class NothingFinished(Finished):
    """What there is before anything has run."""

    def __init__(self) -> None:
        """Need no store."""

    def training(self, job: FineTune) -> None:
        """Return None."""

    def score(self, job: Score) -> None:
        """Return None."""

    def reason(self, job: Job) -> None:
        """Return None."""
