"""The means of cells, their differences and ratios, paired by seed and by example; many together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hbench.board.values import FEWEST_SEEDS, CellValues, Paired, tested
from hbench.statistics import PairTest, Parts, Ratio, TwoTTest, two_t_ps, two_t_ratios, two_t_tests


def means(cells: Sequence[CellValues]) -> list[TwoTTest | None]:
    """Return the mean of each cell's values with its interval over seeds and examples, None without values."""
    known = [cell for cell in cells if cell.rows]
    rows = [cell.parts(list(cell.rows)) for cell in known]
    factors = [cell.inflation_of(list(cell.rows)) for cell in known]
    found = iter(two_t_tests([(row, None) for row in rows], inflations=factors))
    return [tested(next(found)) if cell.rows else None for cell in cells]


def differences(compared: Sequence[tuple[CellValues, CellValues]]) -> list[TwoTTest | None]:
    """Return the difference of each cell to its baseline over the seeds that both have; None when they share none."""
    pairs = [cell.against(baseline) for cell, baseline in compared]
    known = [pair for pair in pairs if pair is not None]
    found = iter(two_t_tests([pair.parts for pair in known], inflations=[pair.inflation for pair in known]))
    return [None if pair is None else tested(next(found)) for pair in pairs]


def pair_tests(pairs: Sequence[tuple[CellValues, CellValues]]) -> list[PairTest]:
    """Return the difference of each pair, 0 where they share no seed, and its p, None without a test."""
    found = [first.against(second) for first, second in pairs]
    enough = [pair for pair in found if pair is not None and pair.seeds >= FEWEST_SEEDS]
    p = iter(two_t_ps([pair.parts for pair in enough], inflations=[pair.inflation for pair in enough]))
    tests = []
    for pair in found:
        if pair is None:
            tests.append(PairTest(0.0, None))
        else:
            first, second = pair.parts
            tests.append(PairTest(first.mean - second.mean, next(p) if pair.seeds >= FEWEST_SEEDS else None))
    return tests


@dataclass(frozen=True)
class Shares:
    """What share of a baseline a cell keeps, over the seeds that both have; None when undefined."""

    #: Of its metric, with an interval where that is the mean of the values.
    metric: Ratio | None = None
    #: Of its mean per-example value, where that is not the metric.
    values: Ratio | None = None
    #: Of its gain over the trivial answer, (ours - trivial) / (theirs - trivial), where that answer is known.
    gain: Ratio | None = None


def shares(cells: Sequence[CellValues], baseline: CellValues | None) -> list[Shares]:
    """Return what share of a baseline each cell keeps; none of a baseline whose mean is not above 0."""
    pairs = [cell.against(baseline) for cell in cells]
    ratios = _ratios([*pairs, *_above_trivial(cells, pairs)])
    of_values, of_gain = ratios[: len(cells)], ratios[len(cells) :]
    found = []
    for cell, values, gain in zip(cells, of_values, of_gain, strict=True):
        if cell.gives_metric or baseline is None:
            found.append(Shares(values, None, gain))
        else:
            found.append(Shares(_share_of_metric(cell, baseline), values, gain))
    return found


def _above_trivial(cells: Sequence[CellValues], pairs: Sequence[Paired | None]) -> list[Paired | None]:
    """Return pairs less the trivial answer; None where it is not known."""
    lessened: dict[int, Parts] = {}

    def less(parts: Parts, cell: CellValues) -> Parts:
        assert cell.answer is not None
        if id(parts) not in lessened:
            zero = Parts.of(np.broadcast_to(cell.answer, (len(parts.seed), len(cell.answer))), cell.cases)
            lessened[id(parts)] = parts.minus(zero)
        return lessened[id(parts)]

    return [
        None
        if pair is None or cell.answer is None
        else pair._replace(parts=(less(pair.parts[0], cell), less(pair.parts[1], cell)))
        for cell, pair in zip(cells, pairs, strict=True)
    ]


def _ratios(pairs: Sequence[Paired | None]) -> list[Ratio | None]:
    """Return the ratios of means, without an interval where there are too few seeds."""
    enough = [pair for pair in pairs if pair is not None and pair.seeds >= FEWEST_SEEDS]
    found = iter(two_t_ratios([pair.parts for pair in enough], inflations=[pair.inflation for pair in enough]))
    return [None if pair is None else next(found) if pair.seeds >= FEWEST_SEEDS else _plain(pair) for pair in pairs]


def _plain(pair: Paired) -> Ratio | None:
    ours, theirs = (parts.mean for parts in pair.parts)
    return Ratio(value=ours / theirs, seeds=pair.seeds) if theirs > 0 else None


def _share_of_metric(cell: CellValues, baseline: CellValues) -> Ratio | None:
    """Return the share of a metric that is no mean, over the seeds with a metric on both sides."""
    common = [seed for seed in cell.common(baseline) if seed in cell.metrics and seed in baseline.metrics]
    if not common:
        return None
    ours, theirs = (np.mean([side.metrics[seed] for seed in common]) for side in (cell, baseline))
    return Ratio(value=float(ours / theirs), seeds=len(common)) if theirs > 0 else None
