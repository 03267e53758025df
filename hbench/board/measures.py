"""Metrics that are no mean, such as F1 over classes: recomputed from per-example results and tested as themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.results.cell import CellResult
from hbench.statistics import pseudo_values
from hbench.statistics.confusion import Metric, counts_by_example

Floats = npt.NDArray[np.float64]

#: Largest difference between a metric as its run gave it and as it is recomputed, in shares of 1.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Measure:
    """A metric of two classes, which follows from the gold classes and from where a run is right."""

    metric: Metric
    #: The gold class of each evaluation example, true for the second one.
    gold: npt.NDArray[np.bool_]

    def of(self, right: Floats) -> float:
        """Return the metric of a run that is right where `right` (count,) is 1, and wrong where it is 0."""
        return float(self.metric(counts_by_example(right, self.gold).sum(axis=0)))

    def values(self, right: Floats, cases: npt.ArrayLike | None) -> Floats:
        """Return the pseudo-values (count,) of such a run, whose mean is the metric: see `pseudo_values`."""
        values = pseudo_values(counts_by_example(right, self.gold)[None], self.metric, cases)
        return values.reshape(-1)


def measure_of(cells: Iterable[CellResult]) -> Measure | None:
    """Return the measure of the results of one task, split and model; None where the metric is not recomputed.

    It is recomputed where the gold classes are known, from any of the files or from a trivial answer that always names
    one class, and where they give back the metric of every run; a metric that is a mean has no need of it.
    """
    known = list(cells)
    metric = known[0].metric_of_counts
    gold = next((found for cell in known if (found := _gold(cell)) is not None), None) if metric else None
    if metric is None or gold is None:
        return None
    measure = Measure(metric, gold)
    return measure if all(_gives_back(measure, cell) for cell in known) else None


def _gold(cell: CellResult) -> npt.NDArray[np.bool_] | None:
    """Return the gold classes that a file tells, None where it tells none."""
    published = None if cell.examples is None else cell.examples.gold_classes()
    if published is not None or cell.trivial is None:
        return published
    labels, answer = cell.labels, cell.trivial.examples
    named = [f"always {label}" == cell.trivial.answer for label in labels]
    if named not in ([True, False], [False, True]) or answer.encoding != "bits":
        return None
    right = answer.decode(0)
    return None if right is None else (right == 1) == named[1]


def _gives_back(measure: Measure, cell: CellResult) -> bool:
    outcomes = cell.examples
    if outcomes is None:
        return True
    if outcomes.encoding != "bits" or outcomes.count != len(measure.gold):
        return not any(value is not None for value in cell.values)
    rows = (outcomes.decode(position) for position in range(len(cell.seeds)))
    return all(
        row is None or value is None or abs(measure.of(row) - value) <= _TOLERANCE
        for row, value in zip(rows, cell.values, strict=True)
    )
