"""Running one score job: the dynamics of finished runs in, one number and one place in the order per example out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench import dynamics
from hbench.errors import TrainingFailed
from hbench.references import join_reference
from hbench.registry import SCORERS
from hbench.spec import Score
from hbench.store import Store, write_result

if TYPE_CHECKING:
    import xarray as xr

    from hbench.plugins import Scorer

#: Planted sorts of training examples whose detection is measured, against the clean ones.
PLANTED = ("mislabelled", "ambiguous", "redundant")


def run_score(job: Score, store: Store, folder: Path) -> None:
    """Score the examples and write scores.npz (id, score, preference, natural), log.txt and result.json to `folder`.

    Raises TrainingFailed, so that the cell is shown as failed, when the scores have another shape or are not finite.
    """
    scorer = SCORERS.find(join_reference(job.scorer, job.options)).plugin
    examples = store.arrays("finetune", job.examples, "examples.npz")
    observed = _dynamics(job, store, examples)
    scores = checked(scorer, scorer.score(observed), observed)
    runs = len(job.runs)
    arrays: dict[str, Any] = {
        "id": examples["id"],
        "score": scores.to_numpy().astype(np.float64),
        "preference": checked(scorer, scorer.prefer(scores, runs), observed).to_numpy().astype(np.float64),
    }
    natural = scorer.natural(scores, runs)
    if natural is not None:
        arrays["natural"] = natural.to_numpy().astype(bool)
    np.savez(folder / "scores.npz", **arrays)
    (folder / "log.txt").write_text(f"{job.scorer}: {scores.sizes['example']} examples, {runs} runs\n")
    write_result(folder, {"planted": find_planted(arrays["preference"], examples.get("planted"))})


def checked(scorer: Scorer, scores: xr.DataArray, observed: xr.Dataset) -> xr.DataArray:
    """Return the scores when they are one finite number per example. Raises TrainingFailed, saying what is wrong."""
    name = type(scorer).__name__
    if scores.dims != ("example",) or scores.sizes["example"] != observed.sizes["example"]:
        raise TrainingFailed(f"{name} gave an array {dict(scores.sizes)}; expected one number per example")
    values = scores.to_numpy()
    if not np.isfinite(values).all():
        where = str(scores["example"].to_numpy()[~np.isfinite(values)][0])
        raise TrainingFailed(
            f"{name} gave {int((~np.isfinite(values)).sum())} scores that are not finite, first at example {where}"
        )
    return scores


def find_planted(preference: npt.NDArray[np.float64], planted: npt.NDArray[Any] | None) -> dict[str, float] | None:
    """Return, per planted sort, the AUROC of the order of keeping at telling these examples from the clean ones.

    0..1; 0.5 is chance, above it they are kept first, below it they are dropped first. None without planted truth.
    """
    if planted is None:
        return None
    clean = preference[planted == "clean"]
    found = {}
    for sort in PLANTED:
        marked = preference[planted == sort]
        if len(marked) and len(clean):
            found[sort] = _auroc(marked, clean)
    return found


def _auroc(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> float:
    """Return the Mann-Whitney form of the area under the ROC curve, ties counted half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    equal = np.searchsorted(ordered, positive, side="right") - below
    return float((below + 0.5 * equal).sum() / (len(positive) * len(negative)))


def _dynamics(job: Score, store: Store, examples: dict[str, npt.NDArray[Any]]) -> xr.Dataset:
    if not job.runs or job.capture is None:
        return dynamics.from_arrays(
            ids=[str(i) for i in examples["id"]],
            label=examples["label"],
            length=examples["length"],
            draw=job.draw or 0,
        )
    runs = [dynamics.load(store.folder("finetune", run) / "dynamics.nc", job.capture) for run in job.runs]
    return dynamics.join_runs(runs)
