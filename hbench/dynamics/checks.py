"""Arrays that people hand over as signals: taken as they are, or refused by name, never bent into shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hbench.dynamics.signals import SIGNALS, Signal
from hbench.errors import DataError, suggest
from hbench.files import short_repr

#: By how much a value may miss its range: what rounding to float32 does to a probability.
_ROUNDING = 1e-6


def checked(name: str, values: npt.ArrayLike, capture: str | None) -> npt.NDArray[Any]:
    """Return the values of a signal: booleans for one that is true or false, else the numbers in their own precision.

    capture: where they were observed, None where that is not said. Raises DataError, naming the signal and the fix, for
    an unknown name, other dimensions, and values that this signal cannot have.
    """
    if name not in SIGNALS:
        raise DataError(f"'{name}' is not a signal of training{suggest(name, SIGNALS)}")
    signal, array = SIGNALS[name], _array(name, values)
    if array.ndim != len(signal.dims):
        raise DataError(f"signal '{name}' has shape {array.shape}; expected dimensions ({', '.join(signal.dims)})")
    if capture is not None and capture not in signal.captures:
        points = " or ".join(signal.captures)
        raise DataError(f"signal '{name}' cannot be captured at {capture}; it is measured at {points} only")
    if signal.dtype == "bool":
        return _truths(name, array)
    if array.dtype.kind not in "fiu":
        raise DataError(f"signal '{name}' holds {_sample(array)} of type {array.dtype}; give it as real numbers")
    _check_range(signal, array)
    absent = np.isnan(array)
    if capture == "epoch_end" and absent.any():
        raise DataError(
            f"signal '{name}' holds NaN, first for example {_example(absent)} (counted from 0); "
            "a pass at epoch_end sees every example: give its value, or leave the example out"
        )
    return array


def whole_numbers(name: str, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return one integer for each example, int64 (n,). Raises DataError for values that are not integers."""
    array = _array(name, values)
    if array.dtype.kind not in "iu" and not (array.dtype.kind == "f" and (array == np.floor(array)).all()):
        raise DataError(f"'{name}' holds {_sample(array)} of type {array.dtype}; give one integer for each example")
    return array.astype(np.int64)


def _array(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"'{name}' cannot be read as an array ({error}); give lists of the same length") from None


def _truths(name: str, array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind in "fiu":
        wrong = array[~np.isin(array, (0, 1))]
    else:  # texts, or Python objects of several types
        wrong = np.array([v for v in array.flat if not isinstance(v, bool | int | np.bool_) or v not in (0, 1)])
    if wrong.size:
        raise DataError(
            f"signal '{name}' holds {_sample(wrong)}, which is neither true nor false; use booleans or 0 and 1"
        )
    return array.astype(bool)


def _check_range(signal: Signal, array: npt.NDArray[Any]) -> None:
    low = -np.inf if signal.low is None else signal.low - _ROUNDING
    high = np.inf if signal.high is None else signal.high + _ROUNDING
    outside = (array < low) | (array > high)  # NaN is in no order
    if outside.any():
        bounds = f"at least {signal.low:g}" if signal.high is None else f"from {signal.low:g} to {signal.high:g}"
        raise DataError(
            f"signal '{signal.name}' holds {array[outside][0].item()}, first for example {_example(outside)} "
            f"(counted from 0); it is {bounds}: {signal.meaning}"
        )


def _example(marked: npt.NDArray[np.bool_]) -> int:
    return int(np.argwhere(marked)[:, 2].min())


def _sample(array: npt.NDArray[Any]) -> str:
    return short_repr(array.flat[0].item() if array.dtype.kind != "O" else array.flat[0]) if array.size else "nothing"
