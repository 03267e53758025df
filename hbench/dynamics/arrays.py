"""Dynamics from arrays and back: building, joining, writing and reading the Dataset that scorers are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench.dynamics.checks import checked, whole_numbers
from hbench.dynamics.logits import signals_of
from hbench.dynamics.signals import CAPTURES, SIGNALS, TEXT, Capture
from hbench.errors import DataError, suggest

if TYPE_CHECKING:
    import xarray as xr


def from_arrays(
    *,
    ids: Sequence[Any] | None = None,
    runs: Sequence[int] | None = None,
    epochs: Sequence[int] | None = None,
    capture: Capture | None = None,
    draw: int = 0,
    label: npt.ArrayLike | None = None,
    length: npt.ArrayLike | None = None,
    text: Sequence[str] | None = None,
    **signals: npt.ArrayLike,
) -> xr.Dataset:
    """Build a dynamics Dataset from arrays in the order (run, epoch, example); classes or vectors come last.

    signals: by the names of `hbench.dynamics.signals`. Truths may be booleans or 0 and 1; numbers keep their precision.
    NaN says that an example was not trained on in that epoch, so that a pass over all examples (`epoch_end`) has none.
    ids: one id per example, default "0", "1", ...; runs: seeds, default 0, 1, ...; epochs: numbers from 1, default
    1, 2, ...; capture: where the signals were observed, None to leave that open; label, length: one integer per
    example; text: one string per example; draw: seed for scorers that draw at random.
    Raises DataError, naming the signal, for an unknown name, shapes that disagree, values that are not true or false or
    out of the signal's range, and when nothing is given.
    """
    _check_capture(capture)
    single = {name: whole_numbers(name, v) for name, v in (("label", label), ("length", length)) if v is not None}
    arrays = {name: checked(name, values, capture) for name, values in signals.items()}
    if text is not None and ids is None and not arrays and not single:
        ids = range(len(text))
    found = assemble(arrays, single, ids=ids, runs=runs, epochs=epochs, capture=capture, draw=draw)
    return found if text is None else with_texts(found, text)


def with_texts(dynamics: xr.Dataset, texts: Sequence[str]) -> xr.Dataset:
    """Return dynamics with the text of every example. Raises DataError when these are not as many strings."""
    size = dynamics.sizes["example"]
    strange = next((text for text in texts if not isinstance(text, str)), None)
    if len(texts) != size or strange is not None:
        what = f"{len(texts)} entries" if strange is None else f"{strange!r}, which is not a string"
        raise DataError(f"'{TEXT}' holds {what}; give one string to each of {size} examples")
    return dynamics.assign({TEXT: ("example", np.array(list(texts), dtype=object))})


def from_logits(
    logits: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    ids: Sequence[Any] | None = None,
    runs: Sequence[int] | None = None,
    epochs: Sequence[int] | None = None,
    capture: Capture | None = None,
    draw: int = 0,
    length: npt.ArrayLike | None = None,
) -> xr.Dataset:
    """Build a dynamics Dataset, with all signals of one softmax over the classes, from its logits.

    logits: real numbers (run, epoch, example, class), at least two classes. labels: the gold class of each example, an
    integer from 0. The others as in `from_arrays`. Raises DataError for logits or labels of another form.
    """
    _check_capture(capture)
    found, gold = np.asarray(logits), whole_numbers("labels", labels)
    if found.ndim != 4 or found.shape[-1] < 2:
        raise DataError(
            f"logits have shape {found.shape}; expected (run, epoch, example, class) and two classes or more"
        )
    if not np.issubdtype(found.dtype, np.floating) and not np.issubdtype(found.dtype, np.integer):
        raise DataError(f"logits hold values of type {found.dtype}; expected real numbers")
    classes = found.shape[-1]
    if gold.shape != (found.shape[2],):
        raise DataError(f"labels have shape {gold.shape}; expected one class for each of {found.shape[2]} examples")
    if gold.size and not (gold.min() >= 0 and gold.max() < classes):
        outside = gold[(gold < 0) | (gold >= classes)][0]
        raise DataError(f"labels hold the class {outside}; with {classes} classes they go from 0 to {classes - 1}")
    absent = np.isnan(found)
    if np.isinf(found).any() or (absent.any() and capture == "epoch_end"):
        raise DataError("logits hold values that are not finite; give the numbers that the model gave")
    if (absent.any(axis=-1) != absent.all(axis=-1)).any():
        raise DataError("logits are NaN for some classes of an example only; give all of them, or none")
    single = {"label": gold} | ({} if length is None else {"length": whole_numbers("length", length)})
    signals = {name: checked(name, values, capture) for name, values in signals_of(found, gold).items()}
    return assemble(signals, single, ids=ids, runs=runs, epochs=epochs, capture=capture, draw=draw)


def assemble(
    signals: Mapping[str, npt.NDArray[Any]],
    single: Mapping[str, npt.NDArray[np.int64]],
    *,
    ids: Sequence[Any] | None = None,
    runs: Sequence[int] | None = None,
    epochs: Sequence[int] | None = None,
    capture: str | None = None,
    draw: int = 0,
) -> xr.Dataset:
    """Build a dynamics Dataset as `from_arrays` does, of values that are known to be right: only shapes are checked.

    single: `label` and `length`, each (n,).
    """
    import xarray as xr

    unknown = next((name for name in signals if name not in SIGNALS), None)
    if unknown is not None:  # of a kind of task that records what it should not
        raise DataError(f"'{unknown}' is not a signal of training{suggest(unknown, SIGNALS)}")
    shapes = {name: values.shape[:3] for name, values in signals.items()}
    if len(set(shapes.values())) > 1:
        raise DataError(f"signals disagree in (run, epoch, example): {shapes}; give them all the same shape")
    size = _examples(shapes, single, ids)
    n_runs, n_epochs = next(iter(shapes.values()))[:2] if shapes else (0, 0)
    coords = {
        "run": _coordinate("runs", runs, range(n_runs), n_runs),
        "epoch": _coordinate("epochs", epochs, range(1, n_epochs + 1), n_epochs),
        "example": _coordinate("ids", None if ids is None else [str(i) for i in ids], map(str, range(size)), size),
    }
    variables: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {
        name: (SIGNALS[name].dims, values) for name, values in signals.items()
    }
    for name, values in single.items():
        if values.shape != (size,):
            raise DataError(f"'{name}' has shape {values.shape}; expected one value for each of {size} examples")
        variables[name] = (("example",), values)
    attrs = {"draw": draw} if capture is None else {"capture": capture, "draw": draw}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def join_runs(datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    """Stack the dynamics of single runs, which hold the same examples, along `run`.

    Signals and epochs that only some of the runs observed are left out.
    """
    import xarray as xr

    names = [name for name in datasets[0].data_vars if all(name in d for d in datasets)]
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
        found = xr.load_dataset(path, group=capture, engine="h5netcdf")
    except (OSError, KeyError) as error:
        raise DataError(f"{path}: no dynamics captured at '{capture}' ({error})") from None
    # what was built without saying where is of the point it was saved under
    return found.assign_attrs({"capture": capture} | found.attrs) if capture in CAPTURES else found


def _check_capture(capture: str | None) -> None:
    if capture is not None and capture not in CAPTURES:
        raise DataError(f"capture={capture!r} is not a capture point; use one of {', '.join(CAPTURES)}")


def _examples(shapes: Mapping[str, Any], single: Mapping[str, Any], ids: Sequence[Any] | None) -> int:
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
