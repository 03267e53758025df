"""Rank sets: what pairwise tests leave open, and that all hold at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hbench.errors import UsageError
from hbench.statistics import PairTest, RankSet, rank_sets


def test_a_method_shown_better_than_all_is_first():
    tests = {("a", "b"): PairTest(0.2, 0.001), ("c", "a"): PairTest(-0.2, 0.001), ("b", "c"): PairTest(0.01, 0.8)}
    assert rank_sets(["a", "b", "c"], tests) == {"a": RankSet(1, 1), "b": RankSet(2, 3), "c": RankSet(2, 3)}


def test_without_tests_every_rank_is_open():
    tests = {("a", "b"): PairTest(0.2, None)}
    assert rank_sets(["a", "b"], tests) == {"a": RankSet(1, 2), "b": RankSet(1, 2)}
    assert rank_sets(["a"], {}) == {"a": RankSet(1, 1)}


def test_holm_counts_all_pairs():
    """Each p is at most 0.05, and none survives the adjustment over three pairs."""
    tests = {pair: PairTest(0.1, 0.04) for pair in (("a", "b"), ("a", "c"), ("b", "c"))}
    assert set(rank_sets(["a", "b", "c"], tests).values()) == {RankSet(1, 3)}


@pytest.mark.parametrize("tests", [{}, {("a", "b"): PairTest(0.1, 0.1), ("b", "a"): PairTest(-0.1, 0.1)}])
def test_a_pair_that_is_missing_or_given_twice_is_named(tests):
    with pytest.raises(UsageError, match="a, b is given"):
        rank_sets(["a", "b"], tests)


def test_sets_hold_all_ranks_at_once():
    """Five methods, two of them truly equal: in at least 95 % of boards every rank lies in its set."""
    rng, names, truth = np.random.default_rng(0), "abcde", np.array([0.0, 0.0, 1.0, 2.0, 3.0])
    held = 0
    for _ in range(400):
        seen = truth + rng.normal(size=5) / 2
        tests = {
            (names[i], names[j]): PairTest(seen[i] - seen[j], 2 * stats.norm.sf(abs(seen[i] - seen[j]) / np.sqrt(0.5)))
            for i in range(5)
            for j in range(i)
        }
        sets = rank_sets(names, tests)
        # A rank of equal methods is any of those they share.
        best, worst = [1 + (truth > t).sum() for t in truth], [(truth >= t).sum() for t in truth]
        held += all(
            sets[n].best <= low and high <= sets[n].worst for n, low, high in zip(names, best, worst, strict=True)
        )
    assert held / 400 >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 400)
