"""From an experiment to its jobs: the versions of data and model are looked up, full-data runs and scores are named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from hbench.data.load import describe_source
from hbench.data.own.task import own_folder
from hbench.experiment.fields.transfer import other_model
from hbench.experiment.jobs import evaluation_ref, full_jobs, score_jobs, scoring_jobs, task_ref
from hbench.jobs.spec import FineTune, Score, TaskRef, device_type

if TYPE_CHECKING:
    from hbench.experiment.plan import Experiment
    from hbench.experiment.suite import Suite
    from hbench.jobs.store import Store
    from hbench.plugins import Scorer, Task
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
    #: By reference of another model that scores: its full-data training of every seed that some method reads.
    scoring: Mapping[str, Mapping[int, FineTune]] = field(default_factory=dict)
    #: The further sets of its trainings, None for none.
    further: tuple[TaskRef, ...] | None = None

    def full_runs(self) -> dict[str, FineTune]:
        """Return the full-data trainings by what progress calls them, those of models that only score too."""
        own = {f"{self.experiment.title} full seed {seed}": job for seed, job in self.full.items()}
        return own | {
            f"{self.experiment.task.ref} {model} full seed {seed}": job
            for model, jobs in self.scoring.items()
            for seed, job in jobs.items()
        }

    def read_by(self, method: Named[Scorer]) -> Mapping[int, FineTune]:
        """Return the full-data trainings that a method reads, by seed: those of the model that it scores with."""
        other = other_model(method, self.experiment.model)
        return self.full if other is None else self.scoring[other]

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
        for model, jobs in (("", self.full), *((f" of {name}", found) for name, found in self.scoring.items())):
            for seed, run in jobs.items():
                if run.key in needed and not store.finished(run):
                    failure = store.failure(run)
                    happened = "has not run" if failure is None else f"failed: {failure.reason}"
                    return f"the full-data run{model} of seed {seed} {happened}"
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
    further = _further_refs(experiment.further, suite, data_dir)
    wanted = full_jobs(experiment, task, experiment.model.reference, device_type(device), further)
    full = {seed: store.reusable_run(job) for seed, job in wanted.items()}
    scoring = {
        ref: {seed: store.reusable_run(job) for seed, job in scoring_jobs(next(iter(wanted.values())), found).items()}
        for ref, found in experiment.scoring.items()
    }
    bound = BoundExperiment(experiment, suite, MappingProxyType(full), {}, MappingProxyType(scoring), further)
    scores = {
        method.ref: MappingProxyType(score_jobs(experiment, method, full, bound.read_by(method)))
        for method in experiment.scored()
    }
    return replace(bound, scores=MappingProxyType(scores))


def _further_refs(sets: Sequence[Named[Task]], suite: Suite, data_dir: Path | None) -> tuple[TaskRef, ...] | None:
    """Return further sets as jobs see them, None for none. Raises DataError as `bind` does."""
    return (
        tuple(
            evaluation_ref(
                found,
                suite,
                describe_source(found.plugin, data_dir, found.name, splits=found.plugin.splits()),
                data_dir,
            )
            for found in sets
        )
        or None
    )
