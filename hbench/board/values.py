"""The per-example values of a cell, and its differences to another one, paired by seed and by example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.results.cell import CellResult
from hbench.statistics import CrossedTest, Ratio, crossed_mean, crossed_ratio, crossed_test


@dataclass(frozen=True)
class CellValues:
    """A cell with its per-example values unpacked: float64 (count,) per seed that did not fail."""

    cell: CellResult
    #: Values by seed.
    rows: Mapping[int, npt.NDArray[np.float64]]
    #: The passage of each example, None where every example is a case of its own.
    cases: npt.NDArray[np.int64] | None

    @classmethod
    def of(cls, cell: CellResult) -> CellValues:
        """Unpack a cell once, for all its comparisons."""
        rows, outcomes = {}, cell.examples
        if outcomes is None:
            return cls(cell, {}, None)
        for position, seed in enumerate(cell.seeds):
            row = outcomes.decode(position)
            if row is not None:
                rows[seed] = row
        cases = None if outcomes.cases is None else np.asarray(outcomes.cases, dtype=np.int64)
        return cls(cell, rows, cases)

    @property
    def metric(self) -> float | None:
        """Return the mean metric over the seeds that did not fail, a share of 1; None when all failed."""
        values = [v for v in self.cell.values if v is not None]
        return float(np.mean(values)) if values else None

    @property
    def also(self) -> tuple[tuple[str, float], ...]:
        """Return the means of the metrics shown beside it, by name; empty when all seeds failed."""
        known = {name: [v for v in values if v is not None] for name, values in sorted(self.cell.also.items())}
        return tuple((name, float(np.mean(values))) for name, values in known.items() if values)

    def trivial(self) -> CellValues | None:
        """Return the trivial answer as a baseline with the same values for every seed; None where it is not known."""
        values = None if self.cell.trivial is None else self.cell.trivial.examples.decode(0)
        return None if values is None else CellValues(self.cell, dict.fromkeys(self.rows, values), self.cases)

    def mean(self) -> CrossedTest | None:
        """Return the mean of the per-example values with its interval over seeds and examples, None without values."""
        if not self.rows:
            return None
        return crossed_mean(np.stack(list(self.rows.values())), self.cases)

    def minus(self, baseline: CellValues | None) -> CrossedTest | None:
        """Return the difference to a baseline over the seeds that both have; None when they share none."""
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        return crossed_test(self._stacked(common), baseline._stacked(common), self.cases)

    def share_of(self, baseline: CellValues | None) -> Ratio | None:
        """Return the share of a baseline's metric that is kept, over the seeds that both have; None when undefined.

        It has an interval where the metric is the mean of the per-example values.
        """
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        if self.cell.metric_is_mean:
            return self.values_share_of(baseline)
        ours, theirs = (np.mean([m._metrics[seed] for seed in common]) for m in (self, baseline))
        return Ratio(value=float(ours / theirs), seeds=len(common)) if theirs > 0 else None

    def values_share_of(self, baseline: CellValues | None) -> Ratio | None:
        """Return the share of a baseline's mean per-example value that is kept, as `share_of`, with its interval."""
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        return crossed_ratio(self._stacked(common), baseline._stacked(common), self.cases)

    @property
    def _metrics(self) -> dict[int, float]:
        return {seed: v for seed, v in zip(self.cell.seeds, self.cell.values, strict=True) if v is not None}

    def _common(self, baseline: CellValues | None) -> list[int]:
        return [] if baseline is None else [seed for seed in self.rows if seed in baseline.rows]

    def _stacked(self, seeds: list[int]) -> npt.NDArray[np.float64]:
        return np.stack([self.rows[seed] for seed in seeds])
