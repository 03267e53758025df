"""From a suite and its store to the lines of `sensitivity.csv`: nothing is trained, nothing written into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.dynamics.stored import StoredRuns
from hbench.errors import UsageError
from hbench.experiment.bind import BoundExperiment, bind
from hbench.experiment.plan import make_plan
from hbench.experiment.sensitivity.measure import Measured, measure
from hbench.experiment.suite import keep_label
from hbench.jobs.score import declared
from hbench.plugins.registry import Named, scored
from hbench.results.sensitivity import NATURAL, Sensitivity, rounded, rounded_or_none

if TYPE_CHECKING:
    import xarray as xr

    from hbench.experiment.suite import Suite
    from hbench.jobs.store import Store
    from hbench.plugins import Scorer


def sensitivity_of(
    suite: Suite,
    store: Store,
    *,
    data_dir: Path | None = None,
    device: str = "auto",
    slow: bool = False,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Sensitivity]:
    """Yield the lines of every scorer of a suite that reads runs, from the finished full-data runs of a store.

    A scorer made of others has no lines of its own, nor has one that draws at random or reads no run. slow: also those
    that look at all examples together, whose time can grow with the square of their number. note: hears what is left
    out, and why. Raises UsageError where a task has fewer than two finished runs, DataError where its data are missing.
    """
    for experiment in make_plan(suite).experiments:
        bound = bind(experiment, suite, data_dir, store, device)
        finished = [seed for seed in experiment.scoring_seeds() if store.finished(bound.full[seed])]
        if len(finished) < 2:
            raise UsageError(
                f"{experiment.title}: the store holds {len(finished)} finished scoring runs, and two are the least to "
                "compare; run `hbench run` with the same suite and options first"
            )
        keeps = [keep.share for keep in experiment.keeps if keep.share is not None and keep.share < 1]
        for method in dict.fromkeys(map(scored, experiment.scored())):
            why = _left_out(method, slow=slow)
            if why is not None:
                note(f"{experiment.title} {method.ref}: {why}")
                continue
            dynamics = _dynamics(bound, method, finished, store)
            if dynamics is None:
                note(f"{experiment.title} {method.ref}: the runs did not record what it reads")
                continue
            for found in measure(method.plugin, dynamics, keeps, selection_seed=suite.selection_seed):
                yield _line(bound, method, dynamics.sizes["example"], found)


def _line(bound: BoundExperiment, method: Named[Scorer], examples: int, found: Measured) -> Sensitivity:
    return Sensitivity(
        task=bound.experiment.task.ref,
        model=bound.experiment.model.title,
        method=method.ref,
        runs=found.runs,
        epochs=found.epochs,
        keep=NATURAL if found.keep is None else keep_label(found.keep),
        examples=examples,
        sets=found.sets,
        share=rounded(found.share),
        correlation=rounded_or_none(found.correlation),
        lowest_correlation=rounded_or_none(found.lowest_correlation),
        overlap=rounded(found.overlap),
        lowest_overlap=rounded(found.lowest_overlap),
        pairs=found.pairs,
        pair_correlation=rounded_or_none(found.pair_correlation),
        pair_overlap=rounded_or_none(found.pair_overlap),
    )


def _left_out(method: Named[Scorer], *, slow: bool) -> str | None:
    """Return why a scorer has no lines."""
    if method.parts:
        return "made of others, whose lines say it"
    if not method.plugin.observations():
        return "reads no run"
    if not method.plugin.per_example and not slow:
        return "looks at all examples together, which takes long; ask for it with --slow"
    return None


def _dynamics(bound: BoundExperiment, method: Named[Scorer], seeds: list[int], store: Store) -> xr.Dataset | None:
    """Return what a scorer declared of all runs and examples; None where one of the runs does not hold it."""
    (observation,) = method.plugin.observations()
    jobs = [bound.full[seed] for seed in seeds]
    paths = [store.folder(job.job_type, job.key) / "dynamics.nc" for job in jobs]
    ids = store.arrays(jobs[0].job_type, jobs[0].key, "examples.npz")["id"].astype(str)
    with StoredRuns(paths, observation.at, ids) as stored:
        if stored.absent(observation.signals) is not None:
            return None
        return declared(stored, observation, 0, len(ids))
