"""Verdicts, smallest detectable difference and McNemar."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hbench.errors import HbenchError
from hbench.statistics import (
    CrossedTest,
    crossed_test,
    mcnemar_by_seed,
    non_inferiority,
    smallest_detectable,
    superiority,
)


def interval(low, high):
    mean = (low + high) / 2
    return CrossedTest(mean=mean, se=0.1, df=5.0, t=0.0, p=0.5, low=low, high=high, seeds=6, examples=100, cases=100)


ONE_SEED = CrossedTest(mean=0.02, seeds=1, examples=100, cases=100)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.004, 0.02, "non-inferior"),
        (0.001, 0.02, "non-inferior"),
        (-0.004, -0.001, "non-inferior"),  # worse than full, and shown to be so by less than the margin
        (-0.006, 0.02, "undecided"),
        (-0.005, 0.02, "undecided"),
        (-0.03, -0.004, "undecided"),
        (-0.03, -0.005, "undecided"),
        (-0.03, -0.006, "inferior"),
    ],
)
def test_non_inferiority_reads_the_interval_at_the_margin(low, high, verdict):
    assert non_inferiority(interval(low, high), 0.005) == verdict


def test_identical_results_are_non_inferior():
    values = [[1, 0, 1], [0, 0, 1]]
    assert non_inferiority(crossed_test(values, values), 0.005) == "non-inferior"


def test_without_an_interval_nothing_is_claimed():
    assert non_inferiority(ONE_SEED, 0.005) == "undecided"
    assert superiority(ONE_SEED, None) == "no test"
    assert smallest_detectable(ONE_SEED) is None


def test_a_negative_margin_is_refused():
    with pytest.raises(HbenchError, match=r"margin = -0\.01"):
        non_inferiority(interval(0, 1), -0.01)


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


# Power


@pytest.mark.parametrize("df", [1.0, 1.75, 5.0, 11.6, 400.0])
@pytest.mark.parametrize(("power", "alpha"), [(0.8, 0.05), (0.9, 0.01)])
def test_the_smallest_detectable_difference_has_the_power(df, power, alpha):
    test = CrossedTest(mean=0.0, se=0.3, df=df, seeds=6, examples=100, cases=100)
    ncp = smallest_detectable(test, power, alpha) / 0.3
    assert stats.nct.sf(stats.t.ppf(1 - alpha / 2, df), df, ncp) == pytest.approx(power, abs=1e-5)


def test_the_smallest_detectable_difference_of_a_normal_test():
    test = CrossedTest(mean=0.0, se=2.0, df=math.inf, seeds=6, examples=100, cases=100)
    assert smallest_detectable(test) == pytest.approx(2 * (1.959963985 + 0.841621234))


def test_results_that_do_not_vary_have_no_power_of_their_own():
    assert smallest_detectable(crossed_test([[1, 0], [1, 0]], [[1, 0], [1, 0]])) is None


@pytest.mark.parametrize(("power", "alpha"), [(1.0, 0.05), (0.02, 0.05), (80, 0.05), (0.8, 0.0)])
def test_power_out_of_range_is_refused(power, alpha):
    with pytest.raises(HbenchError, match="power"):
        smallest_detectable(interval(0, 1), power, alpha)


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
