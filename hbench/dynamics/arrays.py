"""Training dynamics: what training reveals about each example, as an xarray.Dataset.

Dimensions (run, epoch, example); coordinates `example` (stable ids, str), `run` (seeds, int), `epoch` (from 1);
attribute `capture` names where the values were observed. Variables:

    correct    bool     the prediction was the gold one
    gold_prob  float32  probability of the gold label, 0..1
    el2n       float32  || p - y ||_2, 0..sqrt(2) for one softmax and times sqrt(k) for k of them, higher = harder
    loss       float32  cross-entropy in nats, >= 0, higher = harder
    margin     float32  gold logit minus best other logit, higher = easier
    entropy    float32  entropy of p in nats, 0..log C
    el2n_sum, el2n_mean   float32, of intents and slots only: sum and mean of their norms instead of one norm over all
    prob       float32  p, with a last dimension `class`; for small C only
    grad_norm, grad_norm_head, grad_norm_last   float32, >= 0, when asked
    label, length   per example only (int64): gold class, and number of tokens
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench.errors import DataError

if TYPE_CHECKING:
    import xarray as xr


def from_arrays(
    *,
    ids: Sequence[Any] | None = None,
    runs: Sequence[int] | None = None,
    epochs: Sequence[int] | None = None,
    capture: str = "train",
    draw: int = 0,
    label: npt.ArrayLike | None = None,
    length: npt.ArrayLike | None = None,
    **signals: npt.ArrayLike,
) -> xr.Dataset:
    """Build a dynamics Dataset from arrays in the order (run, epoch, example); `prob` has the classes last.

    ids: one id per example, default "0", "1", ...; runs: seeds, default 0, 1, ...; epochs: numbers from 1, default
    1, 2, ...; label, length: one integer per example; draw: seed for scorers that draw at random.
    Raises DataError when shapes disagree or nothing is given.
    """
    import xarray as xr

    arrays = {name: np.asarray(values) for name, values in signals.items()}
    single = {name: np.asarray(v) for name, v in (("label", label), ("length", length)) if v is not None}
    for name, values in arrays.items():
        if values.ndim != (4 if name == "prob" else 3):
            wanted = "(run, epoch, example, class)" if name == "prob" else "(run, epoch, example)"
            raise DataError(f"signal '{name}' has shape {values.shape}; expected dimensions {wanted}")
    shapes = {name: values.shape[:3] for name, values in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise DataError(f"signals disagree in (run, epoch, example): {shapes}; give them all the same shape")
    size = _examples(shapes, single, ids)
    n_runs, n_epochs = next(iter(shapes.values()))[:2] if shapes else (0, 0)
    coords = {
        "run": _coordinate("runs", runs, range(n_runs), n_runs),
        "epoch": _coordinate("epochs", epochs, range(1, n_epochs + 1), n_epochs),
        "example": _coordinate("ids", None if ids is None else [str(i) for i in ids], map(str, range(size)), size),
    }
    variables: dict[str, Any] = {}
    for name, values in arrays.items():
        dims = ("run", "epoch", "example", "class") if name == "prob" else ("run", "epoch", "example")
        variables[name] = (dims, values.astype(bool if name == "correct" else values.dtype))
    for name, values in single.items():
        if values.shape != (size,):
            raise DataError(f"'{name}' has shape {values.shape}; expected one value for each of {size} examples")
        variables[name] = (("example",), values.astype(np.int64))
    return xr.Dataset(variables, coords=coords, attrs={"capture": capture, "draw": draw})


def join_runs(datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    """Stack the dynamics of single runs, which hold the same examples, along `run`.

    Signals and epochs that only some of the runs observed are left out. Without any signal there is nothing to stack,
    and what is known of the examples is returned.
    """
    import xarray as xr

    names = [name for name in datasets[0].data_vars if all(name in d for d in datasets)]
    if "epoch" not in datasets[0].coords:
        return datasets[0][names]
    epochs = [e for e in datasets[0]["epoch"].to_numpy() if all(e in d["epoch"] for d in datasets)]
    common = [d[names].sel(epoch=epochs) for d in datasets]
    joined = xr.concat(common, dim="run", data_vars="minimal", coords="minimal", compat="override", join="exact")
    joined.attrs = dict(datasets[0].attrs)
    return joined


def save(path: Path, captures: dict[str, xr.Dataset]) -> None:
    """Write one NetCDF file with a group per capture point."""
    mode: Any = "w"
    for capture in sorted(captures):
        captures[capture].to_netcdf(path, mode=mode, group=capture, engine="h5netcdf")
        mode = "a"


def load(path: Path, capture: str) -> xr.Dataset:
    """Read the dynamics observed at one capture point. Raises DataError when the file does not hold it."""
    import xarray as xr

    try:
        return xr.load_dataset(path, group=capture, engine="h5netcdf")
    except (OSError, KeyError) as error:
        raise DataError(f"{path}: no dynamics captured at '{capture}' ({error})") from None


def _examples(shapes: dict[str, Any], single: dict[str, Any], ids: Sequence[Any] | None) -> int:
    if shapes:
        return int(next(iter(shapes.values()))[2])
    if ids is not None:
        return len(ids)
    if single:
        return len(next(iter(single.values())))
    raise DataError("no signal, no per-example value and no ids were given; pass at least one array")


def _coordinate(name: str, given: Sequence[Any] | None, default: Any, size: int) -> list[Any]:
    values = list(default) if given is None else list(given)
    if len(values) != size:
        raise DataError(f"{name} has {len(values)} entries; expected {size}")
    if len(set(values)) != size:
        raise DataError(f"{name} holds an entry twice; every entry has to be distinct")
    return values
