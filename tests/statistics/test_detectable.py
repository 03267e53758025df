"""The smallest detectable difference has the power that it says."""

from __future__ import annotations

import numpy as np
import pytest

from hbench.errors import UsageError
from hbench.statistics import TwoT, detectable_difference


def test_known_factors_of_one_estimated_variance():
    """Standard errors for 80 % power at 5 % over seven methods: 6.77 with 5 degrees of freedom, 4.78 with 10."""
    assert detectable_difference(TwoT(1, 0, 5, 900), comparisons=7) == pytest.approx(6.77, abs=0.03)
    assert detectable_difference(TwoT(1, 0, 10, 900), comparisons=7) == pytest.approx(4.78, abs=0.02)


def test_many_degrees_of_freedom_are_the_normal_case():
    assert detectable_difference(TwoT(0, 1, 5, 100_000)) == pytest.approx(1.959964 + 0.841621, abs=0.02)


def test_it_scales_with_the_values_and_grows_with_comparisons_and_power():
    error = TwoT(0.01, 0.02, 5, 300)
    found = detectable_difference(error)
    assert detectable_difference(TwoT(0.1, 0.2, 5, 300)) == pytest.approx(10 * found)
    assert found < detectable_difference(error, comparisons=7) < detectable_difference(error, comparisons=7, power=0.9)


def test_nothing_that_varies_detects_nothing():
    assert detectable_difference(TwoT(0, 0, 5, 300)) is None


@pytest.mark.parametrize("wrong", [{"power": 1.0}, {"alpha": 0.0}, {"comparisons": 0}, {"power": 0.01}])
def test_bad_input_is_refused(wrong):
    with pytest.raises(UsageError, match="power"):
        detectable_difference(TwoT(1, 1, 5, 300), **wrong)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [4, 6, 12])
@pytest.mark.parametrize(("cases", "excess"), [(60, 0.0), (60, 1.0), (400, 0.0), (400, 1.0)])
def test_the_power_is_what_it_says(seeds, cases, excess):
    """Both variances are estimated, by the board that prints the difference and by the one that looks for it."""
    rng, boards = np.random.default_rng(seeds + cases), 3000
    scale = 1 / (seeds * cases)

    def estimate():
        seed = rng.chisquare(seeds - 1) / (seeds - 1)
        case = excess * rng.chisquare(cases - 1) / (cases - 1)
        return TwoT(np.sqrt(seed * scale), np.sqrt(case * scale), seeds - 1, cases - 1)

    shown = 0
    for _ in range(boards):
        difference = detectable_difference(estimate(), comparisons=7)
        seen = difference + rng.normal() * np.sqrt((1 + excess) * scale)
        shown += seen > 0 and estimate().tail(seen) <= 0.05 / 7
    assert shown / boards == pytest.approx(0.8, abs=0.03)
