"""Many comparisons and many tasks: adjusted p values, what p can be reached, rank tests."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from hbench.errors import HbenchError
from hbench.statistics import (
    TooFewBlocks,
    benjamini_hochberg,
    can_reach,
    critical_difference,
    friedman,
    holm,
    partial_conjunction,
    reachable_p,
    wilcoxon_holm,
)

P_VALUES = st.lists(st.none() | st.floats(0, 1) | st.sampled_from([0.01, 0.02, 0.05]), max_size=8)


# Multiplicity


@pytest.mark.parametrize(("adjust", "name"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@settings(deadline=None, max_examples=25)  # statsmodels collects garbage at every call
@given(p=P_VALUES)
@pytest.mark.slow
def test_adjusted_p_values_are_those_of_statsmodels(adjust, name, p):
    tested = [value for value in p if value is not None]
    expected = iter(multipletests(tested, method=name)[1] if tested else [])
    adjusted = adjust(p)
    assert len(adjusted) == len(p)
    for before, after in zip(p, adjusted, strict=True):
        assert (after is None) if before is None else after == pytest.approx(next(expected))


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_a_p_value_out_of_range_is_refused(adjust, wrong):
    with pytest.raises(HbenchError, match="p = "):
        adjust([0.5, wrong])


@settings(deadline=None)
@given(st.dictionaries(st.text("abcdef", min_size=1), st.floats(0, 1).map(lambda x: x**4), max_size=6))
def test_partial_conjunction_counts_by_its_definition(p):
    """Dror et al. 2017: the largest u whose p(u/n), made monotone, is at most alpha."""
    ordered, n, worst, count = sorted(p.values()), len(p), 0.0, 0
    for u in range(1, n + 1):
        worst = max(worst, (n - u + 1) * ordered[u - 1])
        if worst <= 0.05:
            count = u
    result = partial_conjunction(p, 0.05)
    assert result.count == count == len(result.tasks)
    assert sorted(p[task] for task in result.tasks) == ordered[:count]


def test_partial_conjunction_names_the_tasks():
    p = {"sst2": 0.001, "snli": None, "mnli": 0.012, "rte": 0.03, "race": 0.4}
    result = partial_conjunction(p, 0.05)
    assert (result.count, result.tested, result.tasks) == (2, 4, ("sst2", "mnli"))
    assert result.adjusted["rte"] == pytest.approx(0.06)
    assert result.adjusted["snli"] is None
    assert partial_conjunction({}, 0.05).count == 0


# What can be reached


@pytest.mark.parametrize(("blocks", "p"), [(1, 1.0), (5, 0.0625), (6, 0.03125), (8, 0.0078125), (10, 0.001953125)])
def test_the_smallest_p_a_test_over_blocks_can_reach(blocks, p):
    gains = np.arange(1.0, blocks + 1)
    flips = [abs(np.dot(signs, gains)) for signs in itertools.product([-1, 1], repeat=blocks)]
    assert np.mean(np.array(flips) >= gains.sum()) == p
    assert reachable_p(blocks) == reachable_p(blocks, "wilcoxon") == p
    assert stats.wilcoxon(gains, method="exact").pvalue == pytest.approx(p)


def test_five_tasks_cannot_reach_alpha_and_holm_asks_for_more():
    assert not can_reach(5, 0.05)
    assert can_reach(6, 0.05)
    assert can_reach(6, 0.03125)
    assert not can_reach(6, 0.05, comparisons=2)
    assert can_reach(10, 0.05, comparisons=25)
    assert not can_reach(10, 0.05, comparisons=26)


@pytest.mark.parametrize(("blocks", "test"), [(0, "sign-flip"), (5, "t")])
def test_reachable_p_refuses(blocks, test):
    with pytest.raises(HbenchError):
        reachable_p(blocks, test)


# Rank tests


def board(methods=3, blocks=12, gap=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return np.arange(methods)[:, None] * gap + rng.normal(size=(methods, blocks))


def test_friedman_is_the_textbook_formula():
    values = board(gap=0.4)
    k, n = values.shape
    mean_rank = stats.rankdata(values, axis=0).mean(axis=1)
    expected = 12 * n / (k * (k + 1)) * (np.sum(mean_rank**2) - k * (k + 1) ** 2 / 4)
    result = friedman(values)
    assert result.statistic == pytest.approx(expected)
    assert result.p == pytest.approx(stats.chi2.sf(expected, k - 1))
    assert (result.methods, result.blocks) == (k, n)


def test_friedman_of_equal_methods():
    assert friedman(np.ones((3, 12))).p == 1


def test_rank_tests_refuse_nine_blocks_and_say_why():
    for test in (friedman, wilcoxon_holm):
        with pytest.raises(TooFewBlocks, match="at least 10 blocks, got 9"):
            test(board(blocks=9))


def test_wilcoxon_refuses_when_holm_leaves_no_pair_a_chance():
    assert len(wilcoxon_holm(board(methods=7, blocks=10))) == 21
    with pytest.raises(TooFewBlocks, match=r"cannot reach alpha = 0.05 with 10 blocks.*28 comparisons"):
        wilcoxon_holm(board(methods=8, blocks=10))


@pytest.mark.parametrize("shape", [(12,), (1, 12)])
def test_rank_tests_refuse_other_shapes(shape):
    with pytest.raises(HbenchError, match="matrix has shape"):
        wilcoxon_holm(np.zeros(shape))


def test_rank_tests_name_a_missing_value():
    values = board()
    values[1, 4] = math.nan
    with pytest.raises(HbenchError, match="method 1 in block 4"):
        friedman(values)


def test_signed_ranks_without_ties_are_those_of_scipy():
    values = board(methods=4, blocks=14, gap=0.5)
    pairs = wilcoxon_holm(values)
    assert [(pair.first, pair.second) for pair in pairs] == list(itertools.combinations(range(4), 2))
    for pair in pairs:
        expected = stats.wilcoxon(values[pair.first], values[pair.second], method="exact").pvalue
        assert pair.p == pytest.approx(expected)
    adjusted = multipletests([pair.p for pair in pairs], method="holm")[1]
    assert [pair.p_adjusted for pair in pairs] == pytest.approx(adjusted)
    assert pairs[2].statistic < 0  # method 0 is lower than method 3


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=10, max_size=10))
def test_signed_ranks_with_ties_and_zeros_are_exact(tenths):
    d = np.array(tenths)
    ranks = stats.rankdata(np.abs(d))
    ranks[d == 0] = 0
    signs = np.array(list(itertools.product([-1, 1], repeat=10)))
    observed, sums = np.dot(np.sign(d), ranks), signs @ ranks
    expected = min(1.0, 2 * min(np.mean(sums <= observed), np.mean(sums >= observed)))
    (pair,) = wilcoxon_holm(np.stack([0.3 + d / 10, np.full(10, 0.3)]))
    assert pair.p == pytest.approx(expected)
    assert pair.statistic == pytest.approx(observed)


@pytest.mark.parametrize(("k", "n", "expected"), [(9, 5, 5.37), (9, 20, 2.69), (6, 5, 3.37)])
def test_critical_difference(k, n, expected):
    assert critical_difference(k, n) == pytest.approx(expected, abs=0.005)


def test_critical_difference_refuses_one_method():
    with pytest.raises(HbenchError, match="k = 1"):
        critical_difference(1, 5)
