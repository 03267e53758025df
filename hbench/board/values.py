"""The per-example values of a cell, and its differences to another one, paired by seed and by example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hbench.results.cell import CellResult
from hbench.statistics import (
    Ratio,
    RunsAbove,
    TwoTTest,
    runs_above,
    two_t_mean,
    two_t_p,
    two_t_ratio,
    two_t_test,
)

#: Seeds that an interval, a p value and a verdict take: with fewer the variance between trainings is hardly known.
FEWEST_SEEDS = 4

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CellValues:
    """A cell with its per-example values unpacked: float64 (count,) per seed."""

    cell: CellResult
    #: Values by seed. A seed that failed has those of the trivial answer where that is known, and none otherwise, nor
    #: where all seeds failed.
    rows: Mapping[int, Floats]
    #: The passage of each example, None where every example is a case of its own.
    cases: npt.NDArray[np.int64] | None
    #: Values of the answer that needs no reading, the same for every cell of a task, split and model; None: not known.
    answer: Floats | None = None

    @classmethod
    def of(cls, cell: CellResult, answer: Floats | None = None) -> CellValues:
        """Unpack a cell once, for all its comparisons; `answer` as `trivial_values` gives it for the full data."""
        rows, outcomes = {}, cell.examples
        if outcomes is None:
            return cls(cell, {}, None, answer)
        for position, seed in enumerate(cell.seeds):
            row = outcomes.decode(position)
            row = answer if row is None and cell.status == "partial" else row
            if row is not None:
                rows[seed] = row
        cases = None if outcomes.cases is None else np.asarray(outcomes.cases, dtype=np.int64)
        return cls(cell, rows, cases, answer)

    @property
    def metric(self) -> float | None:
        """Return the mean metric over the seeds, a share of 1; None when all failed.

        A seed that failed counts as the trivial answer where `rows` has it so and the metric is the mean of the values.
        """
        values = [v for v in self.cell.values if v is not None]
        if values and self.cell.metric_is_mean:
            values += [float(self.rows[seed].mean()) for seed in self.failed if seed in self.rows]
        return float(np.mean(values)) if values else None

    @property
    def also(self) -> tuple[tuple[str, float], ...]:
        """Return the means of the metrics shown beside it, by name; empty when all seeds failed."""
        known = {name: [v for v in values if v is not None] for name, values in sorted(self.cell.also.items())}
        return tuple((name, float(np.mean(values))) for name, values in known.items() if values)

    @property
    def failed(self) -> tuple[int, ...]:
        """Return the seeds that failed."""
        return tuple(seed for seed, v in zip(self.cell.seeds, self.cell.values, strict=True) if v is None)

    @cached_property
    def untrained(self) -> tuple[int, ...]:
        """Return the seeds that failed, and where the trivial answer is known those not above it, in their order."""
        lost = set(self.failed)
        if self._above is not None:
            lost |= {seed for seed, above in zip(self.rows, self._above.each, strict=True) if not above}
        return tuple(seed for seed in self.cell.seeds if seed in lost)

    @property
    def unstable(self) -> bool:
        """Return whether the cell can be trained and some of its seeds did not."""
        trains = self._above.any if self._above is not None else bool(self.rows)
        return trains and bool(self.untrained)

    @cached_property
    def _above(self) -> RunsAbove | None:
        if self.answer is None or not self.rows:
            return None
        return runs_above(self._stacked(list(self.rows)), self.answer, self.cases)

    def trivial(self) -> CellValues | None:
        """Return the trivial answer as a baseline with the same values for every seed; None where it is not known."""
        return None if self.answer is None else replace(self, rows=dict.fromkeys(self.rows, self.answer))

    @cached_property
    def above_trivial(self) -> TwoTTest | None:
        """The difference to the trivial answer, None where that is not known; asked for by every contest."""
        return self.minus(self.trivial())

    def mean(self) -> TwoTTest | None:
        """Return the mean of the per-example values with its interval over seeds and examples, None without values."""
        if not self.rows:
            return None
        return _tested(two_t_mean(self._stacked(list(self.rows)), self.cases))

    def minus(self, baseline: CellValues | None) -> TwoTTest | None:
        """Return the difference to a baseline over the seeds that both have; None when they share none."""
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        return _tested(two_t_test(self._stacked(common), baseline._stacked(common), self.cases))

    def minus_trained(self, baseline: CellValues | None) -> tuple[float | None, int]:
        """Return the difference to a baseline over the seeds that trained on both sides, and their number."""
        if baseline is None:
            return None, 0
        lost = {*self.untrained, *baseline.untrained}
        common = [seed for seed in self._common(baseline) if seed not in lost]
        if not common:
            return None, 0
        return float((self._stacked(common) - baseline._stacked(common)).mean()), len(common)

    def pair(self, other: CellValues) -> tuple[float, float | None]:
        """Return the difference to another cell, 0 where no seed is shared, and its p, None without a test."""
        common = self._common(other)
        if not common:
            return 0.0, None
        ours, theirs = self._stacked(common), other._stacked(common)
        p = two_t_p(ours, theirs, self.cases) if len(common) >= FEWEST_SEEDS else None
        return float(ours.mean() - theirs.mean()), p

    def share_of(self, baseline: CellValues | None) -> Ratio | None:
        """Return the share of a baseline's metric that is kept, over the seeds that both have; None when undefined.

        It has an interval where the metric is the mean of the per-example values.
        """
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        if self.cell.metric_is_mean:
            return self.values_share_of(baseline)
        common = [seed for seed in common if seed in self._metrics and seed in baseline._metrics]
        if not common:
            return None
        ours, theirs = (np.mean([m._metrics[seed] for seed in common]) for m in (self, baseline))
        return Ratio(value=float(ours / theirs), seeds=len(common)) if theirs > 0 else None

    def values_share_of(self, baseline: CellValues | None) -> Ratio | None:
        """Return the share of a baseline's mean per-example value that is kept, as `share_of`, with its interval."""
        return self._ratio(baseline, None)

    def gain_of(self, baseline: CellValues | None) -> Ratio | None:
        """Return the share of a baseline's gain over the trivial answer, (ours - trivial) / (theirs - trivial).

        With its interval; None where the trivial answer is not known, or the baseline's mean is not above it.
        """
        return None if self.answer is None else self._ratio(baseline, self.answer)

    def _ratio(self, baseline: CellValues | None, zero: Floats | None) -> Ratio | None:
        common = self._common(baseline)
        if baseline is None or not common:
            return None
        ours, theirs = self._stacked(common), baseline._stacked(common)
        if zero is not None:
            ours, theirs = ours - zero, theirs - zero
        found = two_t_ratio(ours, theirs, self.cases) if len(common) >= FEWEST_SEEDS else None
        if found is not None or theirs.mean() <= 0:
            return found
        return Ratio(value=float(ours.mean() / theirs.mean()), seeds=len(common))

    @property
    def _metrics(self) -> dict[int, float]:
        return {seed: v for seed, v in zip(self.cell.seeds, self.cell.values, strict=True) if v is not None}

    def _common(self, baseline: CellValues | None) -> list[int]:
        return [] if baseline is None else [seed for seed in self.rows if seed in baseline.rows]

    def _stacked(self, seeds: list[int]) -> Floats:
        return np.stack([self.rows[seed] for seed in seeds])


def trivial_values(full: CellResult) -> Floats | None:
    """Return the value of each evaluation example under the trivial answer; None where the full data names none."""
    return None if full.trivial is None else full.trivial.examples.decode(0)


def _tested(test: TwoTTest) -> TwoTTest:
    """Return a test, without p, interval and mean squares where it has fewer than `FEWEST_SEEDS` seeds."""
    if test.seeds >= FEWEST_SEEDS:
        return test
    return TwoTTest(mean=test.mean, seeds=test.seeds, examples=test.examples, cases=test.cases, level=test.level)
