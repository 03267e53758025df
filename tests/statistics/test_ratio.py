"""Shares of a baseline's mean: Fieller's interval against a scan over ratios, and the cases that have none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench.errors import UsageError
from hbench.statistics import two_t_ratio, two_t_test


def results(seed: int, seeds: int = 5, examples: int = 60, gain: float = 0.9, noise: float = 0.4):
    """Values [seed, example] of a method and a baseline with shared difficulty, their own taste and their own noise."""
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(0.7, 0.3, (1, examples))

    def one(factor: float):
        own = rng.normal(0, 0.1, (1, examples)) + rng.normal(0, 0.03, (seeds, 1))
        return factor * difficulty + own + rng.normal(0, noise, (seeds, examples))

    return one(gain), one(1.0)


def scanned(x, y, cases=None, *, step: float, level: float = 0.95) -> tuple[float, float]:
    """Smallest and largest ratio of a grid that the two-t test of x - R y does not reject."""
    grid = np.arange(-3.0, 6.0, step)
    kept = [ratio for ratio in grid if two_t_test(x, ratio * y, cases).p > 1 - level]
    return min(kept), max(kept)


@pytest.mark.parametrize(
    ("seed", "options"),
    [
        (1, {}),
        (2, {"seeds": 2, "examples": 400}),
        (3, {"seeds": 3, "examples": 12, "noise": 1.0}),
        (4, {"gain": 0.0}),
        (5, {"gain": 1.3, "noise": 0.05}),
        (6, {"seeds": 12, "examples": 8}),
    ],
)
def test_the_interval_is_what_a_scan_over_ratios_keeps(seed, options):
    x, y = results(seed, **options)
    found = two_t_ratio(x, y)
    low, high = scanned(x, y, step=0.002)
    assert found.value == pytest.approx(x.mean() / y.mean(), abs=1e-12)
    assert low - 0.002 < found.low <= low
    assert high <= found.high < high + 0.002


def test_ones_and_zeros_and_passages():
    rng = np.random.default_rng(7)
    cases = np.repeat(np.arange(15), rng.integers(1, 9, 15))
    hard = rng.random(15)[cases]
    x, y = ((rng.random((4, len(cases))) < hard + shift).astype(float) for shift in (0.1, 0.2))
    found, plain = two_t_ratio(x, y, cases), two_t_ratio(x, y)
    low, high = scanned(x, y, cases, step=0.002)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.002)
    assert found.value == plain.value
    assert found.low != pytest.approx(plain.low, abs=1e-3)


@pytest.mark.parametrize("level", [0.8, 0.99])
def test_at_either_end_the_test_is_just_significant(level):
    x, y = results(8)
    found = two_t_ratio(x, y, level=level)
    for end in (found.low, found.high):
        assert two_t_test(x, end * y).p == pytest.approx(1 - level, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.floats(0.01, 100.0))
def test_it_holds_the_ratio_and_follows_the_units(seed, seeds, unit):
    x, y = results(seed, seeds=seeds, examples=20)
    found, other = two_t_ratio(x, y), two_t_ratio(unit * x, y)
    if found.low is None:
        assert other.low is None
        return
    assert found.low < found.value < found.high
    assert (other.value, other.low, other.high) == pytest.approx(
        (unit * found.value, unit * found.low, unit * found.high), rel=1e-7
    )


def test_with_a_sure_baseline_it_is_the_interval_of_the_mean():
    """A baseline that does not vary makes x - R y a shift of x."""
    x, _ = results(9)
    test = two_t_test(x, np.zeros_like(x))
    found = two_t_ratio(x, np.full_like(x, 0.5))
    assert (found.low, found.high) == pytest.approx((test.low / 0.5, test.high / 0.5), rel=1e-9)


def test_identical_values_are_exactly_one():
    _, y = results(10)
    found = two_t_ratio(y, y)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_proportional_values_have_one_ratio():
    _, y = results(11)
    found = two_t_ratio(0.3 * y, y)
    assert found.value == pytest.approx(0.3)
    assert found.low == found.value == found.high
    nothing = two_t_ratio(0 * y, y)
    assert (nothing.value, nothing.low, nothing.high) == (0.0, 0.0, 0.0)


def test_a_baseline_that_may_be_nothing_gives_no_interval():
    x, y = results(12, seeds=3, examples=10)
    y = y - y.mean() + 0.01
    assert two_t_test(y, 0 * y).p > 0.5
    found = two_t_ratio(x, y)
    assert found.value == pytest.approx(x.mean() / y.mean())
    assert found.low is found.high is None
    # every large ratio is compatible with such results
    assert two_t_test(x, 1e6 * y).p > 0.05
    assert two_t_test(x, -1e6 * y).p > 0.05


def test_nothing_is_no_share():
    x, y = results(13)
    assert two_t_ratio(x, np.zeros_like(y)) is None
    assert two_t_ratio(x, -np.abs(y)) is None


def test_one_seed_or_one_case_has_no_interval():
    x, y = results(14, seeds=1)
    found = two_t_ratio(x, y)
    assert (found.value, found.low, found.high, found.seeds) == (pytest.approx(x.mean() / y.mean()), None, None, 1)
    x, y = results(14, seeds=4)
    assert two_t_ratio(x, y, np.zeros(x.shape[1])).low is None


def test_wrong_input_is_refused():
    x, y = results(15)
    with pytest.raises(UsageError, match="give both the same seeds and examples"):
        two_t_ratio(x, y[:, 1:])
    with pytest.raises(UsageError, match="level = 95"):
        two_t_ratio(x, y, level=95)
    x[0, 0] = np.nan
    with pytest.raises(UsageError, match="not finite"):
        two_t_ratio(x, y)
