"""The per-example values of a cell, unpacked and taken apart once for all its tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hbench.board.measures import Measure
from hbench.results.cell import CellResult
from hbench.results.looks import ALPHA
from hbench.statistics import Parts, RunsAbove, TwoTTest, inflation, runs_above, two_t_tests

#: Seeds that an interval, a p value and a verdict take: with fewer the variance between trainings is hardly known.
FEWEST_SEEDS = 4

Floats = npt.NDArray[np.float64]


class Paired(NamedTuple):
    """A cell and a baseline over the seeds that both have."""

    parts: tuple[Parts, Parts]
    #: What MS_s is multiplied by.
    inflation: float
    seeds: int


@dataclass(frozen=True)
class CellValues:
    """A cell with its per-example values unpacked: float64 (count,) per seed.

    Where a metric that is no mean is recomputed, they are its pseudo-values, so that their mean is the metric too.
    """

    cell: CellResult
    #: Values by seed. A seed that failed has those of the trivial answer where that is known, and none otherwise, nor
    #: where all seeds failed.
    rows: Mapping[int, Floats]
    #: The passage or article of each example, None where every example is a case of its own.
    cases: npt.NDArray[np.int64] | None
    #: Values of the answer that needs no reading, the same for every cell of a task, split and model; None: not known.
    answer: Floats | None = None
    #: What the values are of, where they are pseudo-values; None where they are those of the file.
    measure: Measure | None = None
    #: Where seeds share sets of scores: variance between sets / between seeds, pooled over the board.
    between: float = 0.0

    @classmethod
    def of(cls, cell: CellResult, answer: Floats | None = None, measure: Measure | None = None) -> CellValues:
        """Unpack a cell once, for all its comparisons.

        answer: as `trivial_values` gives it for the full data. measure: as `measure_of` gives it for all cells of a
        task, split and model.
        """
        rows, outcomes = {}, cell.examples
        if outcomes is None:
            return cls(cell, {}, None, None if measure else answer, measure)
        cases = None if outcomes.cases is None else np.asarray(outcomes.cases, dtype=np.int64)
        if measure is not None and answer is not None:
            # of a guess, which is neither right nor wrong, no such metric is known
            answer = measure.values(answer, cases) if np.isin(answer, (0, 1)).all() else None
        for position, seed in enumerate(cell.seeds):
            row = outcomes.decode(position)
            if row is not None:
                rows[seed] = row if measure is None else measure.values(row, cases)
            elif answer is not None and cell.status == "partial":
                rows[seed] = answer
        return cls(cell, rows, cases, answer, measure)

    @property
    def gives_metric(self) -> bool:
        """Return whether the mean of the values is the metric, so that its tests are about the metric itself."""
        return self.measure is not None or self.cell.metric_is_mean

    @property
    def metric(self) -> float | None:
        """Return the mean metric over the seeds, a share of 1; None when all failed.

        A seed that failed counts as the trivial answer where `rows` has it so and the metric is the mean of the values.
        """
        values = [v for v in self.cell.values if v is not None]
        if values and self.gives_metric:
            values += [float(self.rows[seed].mean()) for seed in self.failed if seed in self.rows]
        return float(np.mean(values)) if values else None

    @property
    def also(self) -> tuple[tuple[str, float], ...]:
        """Return the means of the metrics shown beside it, by name; empty when all seeds failed."""
        known = {name: [v for v in values if v is not None] for name, values in sorted(self.cell.also.items())}
        return tuple((name, float(np.mean(values))) for name, values in known.items() if values)

    @property
    def level(self) -> float:
        """Return the level of its own test against the trivial answer."""
        return ALPHA if self.cell.looks is None else self.cell.looks.level

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
        found = self.against(self.trivial())
        return None if found is None else tested(two_t_tests([found.parts], inflations=[found.inflation])[0])

    def parts(self, seeds: list[int]) -> Parts:
        """Return the values of some of its seeds taken apart; those of all seeds are kept."""
        return self._parts if seeds == list(self.rows) else self._apart(seeds)

    @cached_property
    def _parts(self) -> Parts:
        return self._apart(list(self.rows))

    def _apart(self, seeds: list[int]) -> Parts:
        return Parts.of(self._stacked(seeds), self.cases)

    def against(self, baseline: CellValues | None) -> Paired | None:
        """Return what is tested against a baseline, over the seeds that both have; None when they share none."""
        common = self.common(baseline)
        if baseline is None or not common:
            return None
        return Paired((self.parts(common), baseline.parts(common)), self.inflation_of(common, baseline), len(common))

    def minus_trained(self, baseline: CellValues | None) -> tuple[float | None, int]:
        """Return the difference to a baseline over the seeds that trained on both sides, and their number."""
        if baseline is None:
            return None, 0
        lost = {*self.untrained, *baseline.untrained}
        common = [seed for seed in self.common(baseline) if seed not in lost]
        if not common:
            return None, 0
        return float((self._stacked(common) - baseline._stacked(common)).mean()), len(common)

    @property
    def sets(self) -> dict[int, int]:
        """Return by seed its set of scores, where there are several sets and some seeds share one; empty otherwise."""
        scoring = self.cell.scored_from
        if scoring is None or not shares_sets(self.cell):
            return {}
        return dict(zip(self.cell.seeds, scoring.scored_by, strict=True))

    @property
    def one_set(self) -> bool:
        """Return whether one set of scores is behind all seeds, so that what is shown is about these examples."""
        scoring = self.cell.scored_from
        return scoring is not None and len(scoring.groups) == 1

    @property
    def seed_inflation(self) -> float | None:
        """Return what the mean square of its seeds is multiplied by; None where no sets of scores are shared."""
        return self.inflation_of(list(self.rows)) if self.sets else None

    def seed_differences(self, baseline: CellValues) -> dict[int, float]:
        """Return the mean difference to a baseline of every seed that both have."""
        return {seed: float((self.rows[seed] - baseline.rows[seed]).mean()) for seed in self.common(baseline)}

    def inflation_of(self, seeds: list[int], baseline: CellValues | None = None) -> float:
        """Return what MS_s is multiplied by, where these seeds share sets of scores on a side."""
        sides = (side for side in (self, baseline) if side is not None)
        shared = [(side, sets) for side in sides if (sets := side.sets)]
        if len(seeds) < FEWEST_SEEDS or not shared:
            return 1.0
        return max(inflation(side.between, [sets[seed] for seed in seeds]) for side, sets in shared)

    @property
    def metrics(self) -> dict[int, float]:
        """Return the metric of every seed that has one."""
        return {seed: v for seed, v in zip(self.cell.seeds, self.cell.values, strict=True) if v is not None}

    def common(self, baseline: CellValues | None) -> list[int]:
        """Return the seeds that both have."""
        return [] if baseline is None else [seed for seed in self.rows if seed in baseline.rows]

    def _stacked(self, seeds: list[int]) -> Floats:
        return np.stack([self.rows[seed] for seed in seeds])


def shares_sets(cell: CellResult) -> bool:
    """Return whether there are several sets of scores, and some seeds share one."""
    scoring = cell.scored_from
    return scoring is not None and 1 < len(scoring.groups) < len(cell.seeds)


def trivial_values(full: CellResult) -> Floats | None:
    """Return the value of each evaluation example under the trivial answer; None where the full data names none."""
    return None if full.trivial is None else full.trivial.examples.decode(0)


def tested(test: TwoTTest) -> TwoTTest:
    """Return a test, without p, interval and mean squares where it has fewer than `FEWEST_SEEDS` seeds."""
    if test.seeds >= FEWEST_SEEDS:
        return test
    return TwoTTest(mean=test.mean, seeds=test.seeds, examples=test.examples, cases=test.cases, level=test.level)
