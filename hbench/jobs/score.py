"""Running one score job: the dynamics of finished runs in, one number and one rank per example out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from hbench import dynamics
from hbench.errors import TrainingFailed, UsageError
from hbench.jobs.integrity import write_result
from hbench.jobs.result import ScoreResult
from hbench.jobs.spec import Score
from hbench.jobs.store import Store, write_arrays
from hbench.plugins import Scorer, at_epochs
from hbench.plugins.recording import why_unrecorded
from hbench.plugins.references import join_reference
from hbench.plugins.registry import SCORERS, TASKS, Named
from hbench.plugins.scoring import score_examples

#: Planted types of training examples whose detection is measured, against the clean ones.
PLANTED = ("mislabelled", "ambiguous", "redundant")


def run_score(job: Score, store: Store, folder: Path) -> None:
    """Score the examples and write scores.npz (id, score, preference, natural), log.txt and result.json to `folder`.

    Raises TrainingFailed, so that the cell is shown as failed, when the runs lack a signal that the scorer reads, or
    the scores cannot be right: see `score_examples`.
    """
    named = SCORERS.find(join_reference(job.scorer, job.options))
    scorer = named.plugin
    examples = store.arrays("finetune", job.examples, "examples.npz")
    observed = _dynamics(job, named, store, examples)
    runs = len(job.runs)
    try:
        scored = score_examples(scorer, observed, runs)
    except UsageError as error:  # a scorer at fault, or an option that does not suit the number of runs or epochs
        raise TrainingFailed(str(error)) from error
    arrays: dict[str, npt.NDArray[Any]] = {
        "id": examples["id"],
        "score": scored.scores.to_numpy().astype(np.float64),
        "preference": scored.preference.to_numpy().astype(np.float64),
    }
    if scored.natural is not None:
        arrays["natural"] = scored.natural.to_numpy().astype(bool)
    write_arrays(folder / "scores.npz", arrays)
    lines = [f"{job.scorer}: {len(examples['id'])} examples, {runs} runs", *scored.notes]
    (folder / "log.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    write_result(folder, ScoreResult(find_planted(arrays["preference"], examples.get("planted"))))


def find_planted(preference: npt.NDArray[np.float64], planted: npt.NDArray[Any] | None) -> dict[str, float] | None:
    """Return, by planted type, the AUROC of the order of keeping at telling these examples from the clean ones.

    0..1; 0.5 is a random order, above it they are kept first, below it dropped first. None without planted truth.
    """
    if planted is None:
        return None
    clean = preference[planted == "clean"]
    found = {}
    for planted_type in PLANTED:
        marked = preference[planted == planted_type]
        if len(marked) and len(clean):
            found[planted_type] = _auroc(marked, clean)
    return found


def _auroc(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> float:
    """Return the Mann-Whitney form of the area under the ROC curve, ties counted half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    equal = np.searchsorted(ordered, positive, side="right") - below
    return float((below + 0.5 * equal).sum() / (len(positive) * len(negative)))


def _dynamics(job: Score, scorer: Named[Scorer], store: Store, examples: dict[str, npt.NDArray[Any]]) -> xr.Dataset:
    """Return what the scorer declared that it needs, and no more: what others asked for must not change its scores."""
    observation = scorer.plugin.observation()
    if not job.runs or job.capture is None or observation is None:
        return dynamics.from_arrays(
            ids=[str(i) for i in examples["id"]],
            label=examples["label"],
            length=examples["length"],
            draw=job.draw or 0,
        )
    runs = []
    for run in job.runs:
        found = dynamics.load(store.folder("finetune", run) / "dynamics.nc", job.capture)
        absent = [name for name in observation.signals if name not in found]
        if absent:
            raise TrainingFailed(_why_absent(job, scorer, absent[0]))
        found = found[[*observation.signals, "label", "length"]]
        runs.append(found if observation.epochs is None else at_epochs(found, *observation.epochs))
    joined = dynamics.join_runs(runs)
    joined.attrs["draw"] = job.draw or 0
    return joined


def _why_absent(job: Score, scorer: Named[Scorer], signal: str) -> str:
    reason = why_unrecorded(scorer, TASKS.find(job.task.ref))
    return reason or (
        f"{scorer.ref} reads the signal '{signal}', which the runs of task '{job.task.ref}' did not record; "
        "plan the suite again"
    )
