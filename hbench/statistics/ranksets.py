"""Which ranks the methods of a table can have: simultaneous confidence sets from all pairwise tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hbench.errors import UsageError
from hbench.statistics.multiplicity import holm


@dataclass(frozen=True)
class PairTest:
    """The test of one pair: the difference of the first method to the second, and its p, None where there is none."""

    difference: float
    p: float | None


@dataclass(frozen=True)
class RankSet:
    """The ranks a method can have, 1 = best: from `best` to `worst`, both included."""

    best: int
    worst: int


def rank_sets(
    methods: Sequence[str], tests: Mapping[tuple[str, str], PairTest], alpha: float = 0.05
) -> dict[str, RankSet]:
    """Return for each method the ranks that the pairwise tests leave open; all hold at once with 1 - alpha.

    methods: m distinct names. tests: one entry for each pair, in either order. Holm adjusts the p values over all
    pairs; a method ranks between 1 + the number of methods shown better and m - the number shown worse (Mogstad,
    Romano, Shaikh, Wilhelm 2024, Review of Economic Studies 91:476; Klein, Wright, Wieczorek 2020). Raises UsageError
    when a pair is missing or given twice.
    """
    pairs = [(a, b) for i, a in enumerate(methods) for b in methods[i + 1 :]]
    oriented = [_oriented(tests, a, b) for a, b in pairs]
    adjusted = holm([test.p for test in oriented])
    better = dict.fromkeys(methods, 0)
    worse = dict.fromkeys(methods, 0)
    for (a, b), test, p in zip(pairs, oriented, adjusted, strict=True):
        if p is None or p > alpha or test.difference == 0:
            continue
        winner, loser = (a, b) if test.difference > 0 else (b, a)
        better[loser] += 1
        worse[winner] += 1
    return {name: RankSet(1 + better[name], len(methods) - worse[name]) for name in methods}


def _oriented(tests: Mapping[tuple[str, str], PairTest], first: str, second: str) -> PairTest:
    given = [key for key in ((first, second), (second, first)) if key in tests]
    if len(given) != 1:
        raise UsageError(f"tests: the pair {first}, {second} is given {len(given)} times; give each pair once")
    test = tests[given[0]]
    return test if given[0] == (first, second) else PairTest(-test.difference, test.p)
