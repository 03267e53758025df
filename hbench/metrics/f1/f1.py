"""Harmonic mean of precision and recall, 0..1; 0 where a class is neither predicted nor gold."""

from __future__ import annotations

import datasets
import evaluate

from hbench.statistics.confusion import counts_of, f1


class F1(evaluate.Metric):
    """Harmonic mean of precision and recall, 0..1; 0 where a class is neither predicted nor gold."""

    def _info(self) -> evaluate.MetricInfo:
        integer = datasets.Value("int64")
        return evaluate.MetricInfo(
            description=__doc__ or "",
            citation="",
            inputs_description="predictions and references: one class integer per example; classes: how many there are",
            features=datasets.Features({"predictions": integer, "references": integer}),
        )

    def _compute(self, predictions: list[int], references: list[int], classes: int = 2) -> dict[str, float]:
        """Return F1 of class 1 for two classes, and for more the unweighted mean over those that occur."""
        return {"f1": float(f1(counts_of(predictions, references, classes)))}
