"""Verdicts and McNemar."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hbench.errors import HbenchError
from hbench.statistics import TwoT, TwoTTest, margin_verdict, mcnemar_by_seed, superiority, two_t_test


def interval(low, high):
    """A test with this interval."""
    mean, half = (low + high) / 2, (high - low) / 2
    error = TwoT(1.0, 0.5, 5, 99)
    scale = half / error.half_width(0.95)
    error = TwoT(scale, scale / 2, 5, 99)
    return TwoTTest(
        mean=mean, p=error.tail(abs(mean)), low=low, high=high, seeds=6, examples=100, cases=100, error=error
    )


def verdict_at(margin, test):
    return margin_verdict(test.mean, margin, test.p_of(-margin))


ONE_SEED = TwoTTest(mean=0.02, seeds=1, examples=100, cases=100)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.004, 0.02, "non-inferior"),
        (0.001, 0.02, "non-inferior"),
        (-0.004, -0.001, "non-inferior"),  # worse than full, and shown to be so by less than the margin
        (-0.006, 0.02, "undecided"),
        (-0.0051, 0.02, "undecided"),
        (-0.03, -0.004, "undecided"),
        (-0.03, -0.0049, "undecided"),
        (-0.03, -0.006, "inferior"),
    ],
)
def test_without_an_adjustment_the_margin_lies_outside_the_interval(low, high, verdict):
    assert verdict_at(0.005, interval(low, high)) == verdict


def test_identical_results_are_non_inferior_at_a_margin_beyond_the_rule_of_three():
    values = np.tile([1.0, 0.0], (4, 200))
    test = two_t_test(values, values)
    assert (test.low, test.high) == pytest.approx((-0.0075, 0.0075))
    assert verdict_at(0.01, test) == "non-inferior"
    assert verdict_at(0.005, test) == "undecided"


def test_an_adjusted_p_decides_and_the_difference_says_which_way():
    assert margin_verdict(-0.001, 0.005, 0.05) == "non-inferior"
    assert margin_verdict(-0.001, 0.005, 0.051) == "undecided"
    assert margin_verdict(-0.001, 0.005, 0.02, alpha=0.01) == "undecided"
    assert margin_verdict(-0.02, 0.005, 0.01) == "inferior"


def test_without_an_interval_nothing_is_claimed():
    assert verdict_at(0.005, ONE_SEED) == "no test"
    assert superiority(ONE_SEED, None) == "no test"


def test_a_negative_margin_is_refused():
    with pytest.raises(HbenchError, match=r"margin = -0\.01"):
        margin_verdict(0.5, -0.01, 0.01)


@pytest.mark.parametrize(
    ("low", "high", "p", "alpha", "verdict"),
    [
        (0.1, 0.3, 0.05, 0.05, "superior"),
        (0.1, 0.3, 0.051, 0.05, "undecided"),
        (0.1, 0.3, 0.02, 0.01, "undecided"),
        (-0.3, -0.1, 0.01, 0.05, "worse"),
        (-0.1, 0.1, 0.0, 0.05, "undecided"),
    ],
)
def test_superiority_reads_the_adjusted_p_and_the_sign(low, high, p, alpha, verdict):
    assert superiority(interval(low, high), p, alpha) == verdict


# McNemar


def test_mcnemar_is_the_sign_test_of_each_seed():
    rng = np.random.default_rng(0)
    method, baseline = rng.random((2, 3, 80)) > np.reshape([0.2, 0.4], (2, 1, 1))
    results = mcnemar_by_seed(method, baseline)
    assert len(results) == 3
    for seed, result in enumerate(results):
        up = sum(a and not b for a, b in zip(method[seed], baseline[seed], strict=True))
        down = sum(b and not a for a, b in zip(method[seed], baseline[seed], strict=True))
        assert (result.only_method, result.only_baseline) == (up, down)
        assert result.p == pytest.approx(stats.binomtest(up, up + down).pvalue)


def test_mcnemar_of_equal_and_of_graded_results():
    assert mcnemar_by_seed([[1, 0]], [[1, 0]])[0].p == 1
    with pytest.raises(HbenchError, match="0 and 1 only"):
        mcnemar_by_seed([[0.5, 0.0]], [[1.0, 0.0]])
