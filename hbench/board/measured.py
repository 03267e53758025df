"""Differences between a cell and its baselines, paired by seed and by example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.results.cell import CellResult
from hbench.statistics import CrossedTest, Ratio, crossed_mean, crossed_ratio, crossed_test

#: Default margins: half a point, one point under a thousand evaluation examples.
_MARGIN, _SMALL_MARGIN, _SMALL = 0.005, 0.01, 1000


@dataclass(frozen=True)
class Measured:
    """A cell with its per-example values unpacked: float64 (count,) per seed that did not fail."""

    cell: CellResult
    rows: Mapping[int, npt.NDArray[np.float64]]
    cases: npt.NDArray[np.int64] | None

    @classmethod
    def of(cls, cell: CellResult) -> Measured:
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
        """Return the means of the metrics that stand beside it, by name; empty when all seeds failed."""
        known = {name: [v for v in values if v is not None] for name, values in sorted(self.cell.also.items())}
        return tuple((name, float(np.mean(values))) for name, values in known.items() if values)

    def mean(self) -> CrossedTest | None:
        """Return the mean of the per-example values with its interval over seeds and examples, None without values."""
        if not self.rows:
            return None
        return crossed_mean(np.stack(list(self.rows.values())), self.cases)

    def minus(self, baseline: Measured | None) -> CrossedTest | None:
        """Return the difference to a baseline over the seeds that both have; None when they share none."""
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        return crossed_test(self._table(common), baseline._table(common), self.cases)

    def above_trivial(self) -> CrossedTest | None:
        """Return the difference to the trivial answer, over all seeds that did not fail; None where one is unknown."""
        trivial = None if self.cell.trivial is None else self.cell.trivial.examples.decode(0)
        if trivial is None or not self.rows:
            return None
        ours = self._table(list(self.rows))
        return crossed_test(ours, np.broadcast_to(trivial, ours.shape), self.cases)

    def share_of(self, baseline: Measured | None) -> Ratio | None:
        """Return the share of a baseline's metric that is kept, over the seeds that both have; None when undefined.

        It has an interval where the metric is the mean of the per-example values.
        """
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        if self.cell.metric_is_mean:
            return self.values_share_of(baseline)
        ours, theirs = (np.mean([m._values[seed] for seed in common]) for m in (self, baseline))
        return Ratio(value=float(ours / theirs), seeds=len(common)) if theirs > 0 else None

    def values_share_of(self, baseline: Measured | None) -> Ratio | None:
        """Return the share of a baseline's mean per-example value that is kept, as `share_of`, with its interval."""
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        return crossed_ratio(self._table(common), baseline._table(common), self.cases)

    @property
    def _values(self) -> dict[int, float]:
        return {seed: v for seed, v in zip(self.cell.seeds, self.cell.values, strict=True) if v is not None}

    def _common(self, baseline: Measured | None) -> list[int]:
        return [] if baseline is None else [seed for seed in self.rows if seed in baseline.rows]

    def _table(self, seeds: list[int]) -> npt.NDArray[np.float64]:
        return np.stack([self.rows[seed] for seed in seeds])


def margin_of(cell: CellResult) -> float:
    """Return the non-inferiority margin: the declared one, or the default."""
    return default_margin(cell) if cell.margin is None else cell.margin


def default_margin(cell: CellResult) -> float:
    """Return the margin that holds where none is declared: half a point, or one point for a small evaluation set."""
    return _SMALL_MARGIN if cell.data.eval_rows < _SMALL else _MARGIN
