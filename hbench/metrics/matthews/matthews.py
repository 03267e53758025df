"""Matthews correlation coefficient, -1..1; 0 for a constant prediction."""

from __future__ import annotations

import datasets
import evaluate

from hbench.statistics.confusion import counts_of, matthews


class Matthews(evaluate.Metric):
    """Matthews correlation coefficient, -1..1; 0 for a constant prediction."""

    def _info(self) -> evaluate.MetricInfo:
        integer = datasets.Value("int64")
        return evaluate.MetricInfo(
            description=__doc__ or "",
            citation="",
            inputs_description="predictions and references: one class integer per example",
            features=datasets.Features({"predictions": integer, "references": integer}),
        )

    def _compute(self, predictions: list[int], references: list[int]) -> dict[str, float]:
        classes = max(max(predictions), max(references)) + 1
        return {"matthews": float(matthews(counts_of(predictions, references, classes)))}
