"""The verdicts of many boards: what `comparisons_of` decides, without its records, ten times as fast.

A table's differences are summed up together. From the mean squares on, the board's functions are called:
`mean_squares`, `Errors.of`, `Errors.tail`, `pooled_lambda`, `inflation`, `holm`, `superiority`, `margin_verdict`,
`runs_above` and `rank_sets`. That the verdicts, the p values and the rank sets are those of `hbench.board` is tested on
whole boards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hbench.board.comparisons import ALPHA
from hbench.statistics import (
    Errors,
    GroupedMeans,
    PairTest,
    RankSet,
    TwoTTest,
    holm,
    inflation,
    margin_verdict,
    pooled_lambda,
    rank_sets,
    runs_above,
    superiority,
)
from hbench.statistics.parts import mean_squares, rounding_of
from hbench.statistics.tables import Values
from support.simulated.truth import MARGIN, METHODS, RANDOM, ROWS, Draw, World


@dataclass(frozen=True)
class Claim:
    """What a table says of one comparison."""

    role: str
    method: str
    difference: float
    p: float
    #: After the gates.
    verdict: str


@dataclass(frozen=True)
class Tests:
    """The differences of a table and the distribution of their errors."""

    means: tuple[float, ...]
    errors: Errors
    rounding: float

    @classmethod
    def of(cls, differences: Values, drawn: Draw, inflations: Sequence[float] | None = None) -> Tests:
        """Return the tests of differences [comparison, seed, example] between values of 0 and 1.

        inflations: what MS_s of each is multiplied by; None for 1.
        """
        seeds = differences.shape[1]
        of_seed = differences.mean(axis=2)
        if drawn.cases is None:
            linear, size = differences, np.ones(differences.shape[2])
        else:
            starts = np.flatnonzero(np.diff(drawn.cases, prepend=-1))
            size = np.diff(starts, append=len(drawn.cases)).astype(np.float64)
            above = np.add.reduceat(differences - of_seed[:, :, None], starts, axis=2)
            linear = of_seed[:, :, None] + above / size.mean()
        count, means = len(size), of_seed.mean(axis=1)
        of_case = linear.mean(axis=1)
        rest = linear - of_seed[:, :, None] - (of_case - means[:, None])[:, None, :]
        rounding = rounding_of(1.0, size.max() / size.mean())
        sums = (
            np.square(of_seed - means[:, None]).sum(axis=1),
            np.square(of_case - means[:, None]).sum(axis=1),
            np.einsum("dsc,dsc->d", rest, rest),
        )
        numbers = np.full(len(means), float(seeds)), np.full(len(means), float(count))
        factors = np.array(inflations or [1.0] * len(means))
        errors = Errors.of(mean_squares(np.array(sums), *numbers, rounding), *numbers, factors)
        return cls(tuple(means.tolist()), errors, rounding)

    def p(self, values: Sequence[float]) -> list[float]:
        """Return the p of each mean being one of the values."""
        distances = np.abs(np.array(self.means) - values)
        found: list[float] = self.errors.tail(np.where(distances > self.rounding**0.5, distances, 0.0)).tolist()
        return found


def claims(world: World, drawn: Sequence[Draw], alpha: float = ALPHA) -> list[list[Claim]]:
    """Return the comparisons of each table of a board with the full data and with random, each with its verdict."""
    unstable = [_unstable(made) for made in drawn]
    ratio = _pooled(world, drawn, unstable)
    factors = [_inflation(world, row, ratio) for row in ROWS]
    return [_claims(made, factors, lost, alpha) for made, lost in zip(drawn, unstable, strict=True)]


def _claims(drawn: Draw, factors: Sequence[float], unstable: Sequence[bool], alpha: float) -> list[Claim]:
    values = np.stack([drawn.values[row] for row in ROWS])
    trivial = Tests.of((values[0] - drawn.trivial)[None], drawn)
    assay = trivial.p([0.0])[0] <= alpha and trivial.means[0] > 0
    made = []
    for role, baseline, first, true in (("full", 0, 1, -MARGIN), ("random", 1, 2, 0.0)):
        tests = Tests.of(values[first:] - values[baseline], drawn, factors[first:])
        p = tests.p([true] * len(tests.means))
        for row, mean, alone, adjusted in zip(range(first, len(ROWS)), tests.means, p, holm(p), strict=True):
            if role == "full":
                verdict = str(margin_verdict(mean, MARGIN, adjusted, alpha))
            else:
                bare = TwoTTest(mean=mean, seeds=values.shape[1], examples=values.shape[2], cases=values.shape[2])
                verdict = str(superiority(bare, adjusted, alpha))
            if not assay:
                verdict = "no assay"
            elif unstable[row] or unstable[baseline]:
                verdict = "unstable"
            made.append(Claim(role, ROWS[row], mean, alone, verdict))
    return made


def _pooled(world: World, drawn: Sequence[Draw], unstable: Sequence[Sequence[bool]]) -> float:
    """Return the variance between sets of scores over that between seeds, pooled over the rows that share sets."""
    rows = [
        GroupedMeans((made.values[row] - made.values[RANDOM]).mean(axis=1).tolist(), world.sets(row))
        for made, lost in zip(drawn, unstable, strict=True)
        for row, bad in zip(ROWS, lost, strict=True)
        if 1 < len(set(world.sets(row))) < world.seeds and not bad and not lost[ROWS.index(RANDOM)]
    ]
    ratio = pooled_lambda(rows) if rows else 0.0
    return 1.0 if ratio is None else ratio


def _inflation(world: World, row: str, ratio: float) -> float:
    sets = world.sets(row)
    return inflation(ratio, sets) if 1 < len(set(sets)) < world.seeds else 1.0


def ranks(drawn: Draw) -> dict[str, RankSet]:
    """Return the rank sets of a table whose full data has learnt something; unstable rows are not told apart."""
    unstable = dict(zip(ROWS, _unstable(drawn), strict=True))
    pairs = [(a, b) for i, a in enumerate(METHODS) for b in METHODS[i + 1 :]]
    tests = Tests.of(np.stack([drawn.values[a] - drawn.values[b] for a, b in pairs]), drawn)
    p = tests.p([0.0] * len(pairs))
    found = {}
    for pair, mean, alone in zip(pairs, tests.means, p, strict=True):
        found[pair] = PairTest(0.0, None) if any(unstable[row] for row in pair) else PairTest(mean, alone)
    return rank_sets(METHODS, found)


def _unstable(drawn: Draw) -> list[bool]:
    """Return for each row whether it can be trained and some of its runs did not."""
    values = np.stack([drawn.values[row] for row in ROWS])
    rows, seeds, examples = values.shape
    each = runs_above(values.reshape(-1, examples), drawn.trivial, drawn.cases).each
    return [
        not all(each[seeds * row : seeds * (row + 1)]) and runs_above(values[row], drawn.trivial, drawn.cases).unstable
        for row in range(rows)
    ]
