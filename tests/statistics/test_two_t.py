"""The two-t test: golden cases, the distribution against draws of it, and results that do not vary."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from support import paths

from hbench.errors import UsageError
from hbench.statistics import TwoT, crossed_test, two_t_mean, two_t_test

GOLDEN = json.loads((paths.GOLDEN / "two_t.json").read_text())["cases"]


@pytest.mark.parametrize("case", GOLDEN)
def test_the_golden_cases(case):
    test = two_t_test(case["method"], case["baseline"])
    assert test.mean == pytest.approx(case["mean"], abs=1e-12)
    assert test.p == pytest.approx(case["p"], abs=1e-9)
    assert [test.mean - test.low, test.high - test.mean] == pytest.approx([case["half"]] * 2, abs=1e-9)


def test_the_mean_is_the_test_of_a_difference_to_zero():
    values = np.array(GOLDEN[0]["method"])
    assert two_t_mean(values) == two_t_test(values, np.zeros_like(values))
    assert two_t_mean(values).mean == pytest.approx(values.mean())


def test_mean_squares_are_those_of_the_crossed_test():
    case = GOLDEN[0]
    ours, other = two_t_test(case["method"], case["baseline"]), crossed_test(case["method"], case["baseline"])
    for name in ("ms_seed", "ms_example", "ms_interaction", "seeds", "examples", "cases"):
        assert getattr(ours, name) == getattr(other, name)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1.5), st.sampled_from([1, 2, 3, 5, 11]), st.sampled_from([1, 5, 12, 59, 871]), st.floats(0.5, 0.99))
def test_half_width_and_tail_agree(angle, seed_df, case_df, level):
    error = TwoT(np.cos(angle), np.sin(angle), seed_df, case_df)
    assert error.tail(error.half_width(level)) == pytest.approx(1 - level, abs=1e-9)


@pytest.mark.parametrize(("seed", "case", "seed_df", "case_df"), [(1, 1, 3, 12), (1, 0.2, 5, 900), (0.3, 1, 2, 5)])
def test_the_tail_is_that_of_draws(seed, case, seed_df, case_df):
    rng = np.random.default_rng(3)
    drawn = seed * rng.standard_t(seed_df, 400_000) + case * rng.standard_t(case_df, 400_000)
    error = TwoT(seed, case, seed_df, case_df)
    for distance in (0.5, 1.0, 3.0, 8.0):
        share = (np.abs(drawn) >= distance).mean()
        assert error.tail(distance) == pytest.approx(share, abs=5 * np.sqrt(share / 400_000) + 1e-5)


@pytest.mark.parametrize(("seed", "case", "seed_df", "case_df"), [(1, 1.1, 3, 300), (1, 10, 3, 300), (1, 1.1, 5, 12)])
def test_the_far_tail_is_the_integral(seed, case, seed_df, case_df):
    """Few degrees of freedom and a small p: the larger part alone hardly reaches there."""
    pieces = np.linspace(-60, 60, 121)

    def integral(distance):
        def above(u):
            return stats.t.pdf(u, case_df) * stats.t.sf((distance - case * u) / seed, seed_df)

        return 2 * sum(integrate.quad(above, *ends, epsabs=0)[0] for ends in pairwise(pieces))

    for sd, digits in ((3, 1e-9), (6, 1e-4), (12, 1e-2)):
        distance = sd * np.hypot(seed, case)
        assert TwoT(seed, case, seed_df, case_df).tail(distance) == pytest.approx(integral(distance), rel=digits)


def test_two_seeds_have_an_interval_at_every_level():
    for level in (0.5, 0.95, 0.99, 0.999):
        error = TwoT(0.66, 0.83, 1, 59)
        assert error.tail(error.half_width(level)) == pytest.approx(1 - level, rel=1e-6)


def test_one_part_alone_is_a_t_test():
    assert TwoT(2.0, 0.0, 5, 800).half_width(0.95) == pytest.approx(2 * stats.t.ppf(0.975, 5))
    assert TwoT(0.0, 2.0, 5, 12).tail(3.0) == pytest.approx(2 * stats.t.sf(1.5, 12))
    assert TwoT(0.0, 0.0, 5, 12).tail(0.1) == 0.0
    assert TwoT(0.0, 0.0, 5, 12).half_width(0.95) == 0.0


def test_identical_results_keep_an_interval_by_the_rule_of_three():
    values = np.array(GOLDEN[0]["method"])
    test = two_t_test(values, values)
    assert (test.mean, test.p) == (0, 1)
    assert [test.low, test.high] == pytest.approx([-3 / values.shape[1], 3 / values.shape[1]])


def test_one_seed_or_one_case_gives_no_test():
    assert two_t_test([[1, 0, 1]], [[0, 0, 1]]).p is None
    assert two_t_test([[1, 0], [1, 1]], [[0, 0], [1, 0]], cases=[7, 7]).low is None


def test_examples_of_one_article_are_one_case():
    rng = np.random.default_rng(0)
    method, baseline = rng.integers(0, 2, (2, 6, 60))
    apart, together = two_t_test(method, baseline), two_t_test(method, baseline, cases=np.arange(60) // 10)
    assert (apart.cases, together.cases, apart.mean) == (60, 6, together.mean)
    assert two_t_mean(method, cases=np.arange(60)).high == pytest.approx(two_t_mean(method).high)


def test_bad_input_is_refused():
    with pytest.raises(UsageError, match="level = 2"):
        two_t_mean([[1, 0], [0, 1]], level=2)
    with pytest.raises(UsageError, match="same seeds and examples"):
        two_t_test([[1, 0]], [[1, 0, 1]])
