"""The data map of a training: how sure of each example the model is, how much that changes, how often it is right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hbench.dynamics.arrays import load
from hbench.dynamics.cartography import is_cartography, read_cartography
from hbench.dynamics.signals import CAPTURES, Capture
from hbench.errors import DataError

if TYPE_CHECKING:
    import xarray as xr


def data_map(dynamics: xr.Dataset) -> xr.Dataset:
    """Return `confidence`, `variability` and `correctness` of each example, float64, dims (example,).

    confidence: mean over epochs of the probability of the gold class, 0..1, higher = easier. variability: its
    population standard deviation over epochs (ddof 0), 0..0.5, higher = more ambiguous. correctness: share of the
    epochs in which the prediction was right, 0..1. Each is computed for every run, then averaged over the runs.
    Swayamdipta et al. 2020, arXiv 2009.10795, section 2. Raises DataError when `gold_prob` or `correct` is not there,
    or an example was not trained on in some epoch.
    """
    import xarray as xr

    for name in ("gold_prob", "correct"):
        if name not in dynamics:
            raise DataError(f"a data map needs the signal '{name}'; give it, as in from_arrays({name}=...)")
    prob = dynamics["gold_prob"].astype("float64")
    if bool(prob.isnull().any()):
        raise DataError("an example was not trained on in some epoch; a data map needs every example in every epoch")
    return xr.Dataset(
        {
            "confidence": prob.mean(("run", "epoch")),
            "variability": prob.std("epoch", ddof=0).mean("run"),
            "correctness": dynamics["correct"].astype("float64").mean(("run", "epoch")),
        }
    )


def read_dynamics(path: Path | str, capture: Capture = "train") -> xr.Dataset:
    """Return the dynamics in a file or folder, whatever its form.

    path: a NetCDF file that `hbench.dynamics.save` wrote, the folder of a finished training with its `dynamics.nc`, or
    a folder of dataset-cartography's files, which are of `train`. Raises DataError for anything else, and for a file
    that was not observed at the capture point.
    """
    path = Path(path)
    if capture not in CAPTURES:
        raise DataError(f"capture={capture!r} is not a capture point; use one of {', '.join(CAPTURES)}")
    file = path / "dynamics.nc" if path.is_dir() else path
    if file.is_file():
        return load(file, capture)
    if is_cartography(path):
        if capture != "train":
            raise DataError(f"{path}: dataset-cartography's files are of the capture point train, not {capture}")
        return read_cartography(path)
    raise DataError(
        f"{path}: holds no dynamics; name a file that hbench.dynamics.save wrote, the folder of a finished training "
        "(.hbench/store/finetune/<key>), or a folder with dynamics_epoch_0.jsonl"
    )
