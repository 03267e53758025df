"""From an experiment to its jobs: the versions of data and model are looked up, full-data runs and scores are named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from hbench.data.load import describe_source
from hbench.data.own.task import own_folder
from hbench.experiment.jobs import full_jobs, score_jobs, task_ref
from hbench.jobs.spec import FineTune, Score, device_type

if TYPE_CHECKING:
    from hbench.experiment.plan import Experiment
    from hbench.experiment.suite import Suite
    from hbench.jobs.store import Store
    from hbench.plugins import Scorer
    from hbench.plugins.registry import Named


@dataclass(frozen=True)
class BoundExperiment:
    """An experiment with the jobs that need no scores: everything but its pruned trainings."""

    experiment: Experiment
    suite: Suite
    #: The full-data training of every seed.
    full: Mapping[int, FineTune]
    #: By the reference of a scored method, then by training seed: the job whose scores select its subset. Seeds that
    #: one group of runs scores share a job.
    scores: Mapping[str, Mapping[int, Score]]

    def full_runs(self) -> dict[str, FineTune]:
        """Return the full-data trainings by what progress calls them."""
        return {f"{self.experiment.title} full seed {seed}": job for seed, job in self.full.items()}

    def ready_scores(self, store: Store) -> dict[str, Score]:
        """Return the score jobs whose runs have all finished, by what progress calls them."""
        return {
            f"{self.experiment.title} {method} scores{_for(seeds, by_seed)}": job
            for method, by_seed in self.scores.items()
            for job, seeds in self.distinct_scores(method)
            if self.lacking(job, store) is None
        }

    def score_job(self, method: Named[Scorer], seed: int) -> Score:
        """Return the job that scores for a training seed."""
        return self.scores[method.ref][seed]

    def distinct_scores(self, method: str) -> list[tuple[Score, tuple[int, ...]]]:
        """Return every score job of a method once, with the training seeds that it scores for."""
        jobs: dict[str, tuple[Score, list[int]]] = {}
        for seed, job in self.scores[method].items():
            jobs.setdefault(job.key, (job, []))[1].append(seed)
        return [(job, tuple(seeds)) for job, seeds in jobs.values()]

    def lacking(self, job: Score, store: Store) -> str | None:
        """Return why a score cannot be computed yet, or None when all its runs have finished."""
        needed = {*job.runs, job.examples}
        for seed, run in self.full.items():
            if run.key in needed and not store.finished(run):
                failure = store.failure(run)
                happened = "has not run" if failure is None else f"failed: {failure.reason}"
                return f"the full-data run of seed {seed} {happened}"
        return None


def _for(seeds: Sequence[int], all_seeds: Collection[int]) -> str:
    """Say which seeds a score job is for; nothing where it is for all of them."""
    if len(seeds) == len(all_seeds):
        return ""
    return f" for seed{'' if len(seeds) == 1 else 's'} {', '.join(map(str, seeds))}"


def bind(
    experiment: Experiment, suite: Suite, data_dir: Path | None, store: Store, device: str = "auto"
) -> BoundExperiment:
    """Look up the versions of data and model, and name the full-data trainings and the scores.

    device: as the user named it. A finished full-data training that observed more than this experiment asks for serves
    as its own.

    Raises DataError when the data are missing or the hub does not answer.
    """
    data_dir = own_folder(experiment.task.plugin, experiment.task.name, store.root) or data_dir
    source = describe_source(experiment.task.plugin, data_dir, experiment.task.name)
    task = task_ref(experiment, suite, source, data_dir)
    wanted = full_jobs(experiment, task, experiment.model.reference, device_type(device))
    full = {seed: store.reusable_run(job) for seed, job in wanted.items()}
    scores = {method.ref: MappingProxyType(score_jobs(experiment, method, full)) for method in experiment.scored()}
    return BoundExperiment(experiment, suite, MappingProxyType(full), MappingProxyType(scores))
