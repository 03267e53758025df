"""Values per seed and example: checked, and those that share a passage gathered into cases."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError

Values = npt.NDArray[np.float64]


def as_table(values: npt.ArrayLike, name: str) -> Values:
    """Return `values` as float64 [seed, example]; UsageError, naming them, on another shape or a value not finite."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise UsageError(f"{name} has shape {table.shape}: give values [seed, example], at least one of each")
    if not np.isfinite(table).all():
        seeds = np.flatnonzero(~np.isfinite(table).all(axis=1)).tolist()
        raise UsageError(f"{name} has values that are not finite in row(s) {seeds}: drop seeds that failed from both")
    return table


def paired(method: npt.ArrayLike, baseline: npt.ArrayLike) -> tuple[Values, Values]:
    """Return both tables [seed, example], paired by position; UsageError when their shapes differ."""
    first, second = as_table(method, "method"), as_table(baseline, "baseline")
    if first.shape != second.shape:
        raise UsageError(
            f"method has shape {first.shape} and baseline {second.shape}: give both the same seeds and examples"
        )
    return first, second


def sum_by_case(values: Values, cases: npt.ArrayLike | None) -> tuple[Values, Values]:
    """Sum values [seed, example] over the examples of each case: sums [seed, case] and examples per case [case].

    cases: the case (passage) of each example, numbers or text; None makes every example its own case.
    Cases come sorted by name. Raises UsageError when there is not one case per example.
    """
    if cases is None:
        return values, np.ones(values.shape[1])
    names = np.asarray(cases)
    if names.shape != (values.shape[1],):
        raise UsageError(f"cases has shape {names.shape}: give the case of each of the {values.shape[1]} examples")
    _, case = np.unique(names, return_inverse=True)
    size = np.bincount(case).astype(np.float64)
    return np.stack([np.bincount(case, weights=row, minlength=len(size)) for row in values]), size
