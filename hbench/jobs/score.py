"""Running one score job: the dynamics of finished runs in, one number and one place in the order per example out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from hbench import dynamics
from hbench.errors import TrainingFailed, UsageError
from hbench.jobs.spec import Score
from hbench.jobs.store import Store, write_result
from hbench.plugins import Observation, at_epochs
from hbench.plugins.references import join_reference
from hbench.plugins.registry import SCORERS

if TYPE_CHECKING:
    from hbench.plugins import Scorer

#: Planted types of training examples whose detection is measured, against the clean ones.
PLANTED = ("mislabelled", "ambiguous", "redundant")


def run_score(job: Score, store: Store, folder: Path) -> None:
    """Score the examples and write scores.npz (id, score, preference, natural), log.txt and result.json to `folder`.

    Raises TrainingFailed, so that the cell is shown as failed, when the scores have another shape or are not finite.
    """
    scorer = SCORERS.find(join_reference(job.scorer, job.options)).plugin
    examples = store.arrays("finetune", job.examples, "examples.npz")
    observed = _dynamics(job, scorer.observation(), store, examples)
    runs = len(job.runs)
    try:
        scores = checked(scorer, scorer.score(observed), observed)
        preference = checked(scorer, scorer.prefer(scores, runs), observed)
        natural = scorer.natural(scores, runs)
    except UsageError as error:  # an option that does not suit the number of runs or epochs
        raise TrainingFailed(str(error)) from error
    arrays: dict[str, Any] = {
        "id": examples["id"],
        "score": scores.to_numpy().astype(np.float64),
        "preference": preference.to_numpy().astype(np.float64),
    }
    if natural is not None:
        arrays["natural"] = checked(scorer, natural, observed).to_numpy().astype(bool)
    np.savez(folder / "scores.npz", **arrays)
    (folder / "log.txt").write_text(
        f"{job.scorer}: {scores.sizes['example']} examples, {runs} runs\n", encoding="utf-8"
    )
    write_result(folder, {"planted": find_planted(arrays["preference"], examples.get("planted"))})


def checked(scorer: Scorer, scores: xr.DataArray, observed: xr.Dataset) -> xr.DataArray:
    """Return the scores when they are one finite number per example. Raises TrainingFailed, saying what is wrong."""
    name = type(scorer).__name__
    if not isinstance(scores, xr.DataArray):
        raise TrainingFailed(f"{name} gave a {type(scores).__name__}; expected an xarray.DataArray over the examples")
    if scores.dims != ("example",) or scores.sizes["example"] != observed.sizes["example"]:
        raise TrainingFailed(f"{name} gave an array {dict(scores.sizes)}; expected one number per example")
    if "example" in scores.coords and not scores["example"].equals(observed["example"]):
        raise TrainingFailed(f"{name} gave the scores in another order of examples; return them as they came")
    values = scores.to_numpy()
    if not np.isfinite(values).all():
        where = str(scores["example"].to_numpy()[~np.isfinite(values)][0])
        raise TrainingFailed(
            f"{name} gave {int((~np.isfinite(values)).sum())} scores that are not finite, first at example {where}"
        )
    return scores


def find_planted(preference: npt.NDArray[np.float64], planted: npt.NDArray[Any] | None) -> dict[str, float] | None:
    """Return, by planted type, the AUROC of the order of keeping at telling these examples from the clean ones.

    0..1; 0.5 is chance, above it they are kept first, below it they are dropped first. None without planted truth.
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


def _dynamics(
    job: Score, observation: Observation | None, store: Store, examples: dict[str, npt.NDArray[Any]]
) -> xr.Dataset:
    """Return what the scorer declared that it needs, and no more: what others asked for must not change its scores."""
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
        names = [n for n in (*observation.signals, "label", "length") if n in found]
        found = found[names]
        runs.append(found if observation.epochs is None else at_epochs(found, *observation.epochs))
    joined = dynamics.join_runs(runs)
    joined.attrs["draw"] = job.draw or 0
    return joined
