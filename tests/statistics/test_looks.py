"""The level of a planned look against published values and against draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hbench.errors import UsageError
from hbench.statistics import pocock_level


@pytest.mark.parametrize(("looks", "level"), [(1, 0.05), (2, 0.0294), (3, 0.0221), (4, 0.0182), (5, 0.0158)])
def test_the_published_levels(looks, level):
    """Pocock 1977, table 1."""
    assert pocock_level(looks) == pytest.approx(level, abs=5e-5)


@pytest.mark.parametrize(("looks", "bound"), [(2, 2.772), (5, 2.986)])
def test_the_published_bounds_at_one_per_cent(looks, bound):
    """Jennison, Turnbull 2000, table 2.1."""
    assert stats.norm.isf(pocock_level(looks, 0.01) / 2) == pytest.approx(bound, abs=6e-4)


def test_all_looks_together_hold_the_level():
    sums = np.random.default_rng(7).normal(size=(400_000, 6)).cumsum(axis=1) / np.sqrt(np.arange(1, 7))
    assert (np.abs(sums) > stats.norm.isf(pocock_level(6) / 2)).any(axis=1).mean() == pytest.approx(0.05, abs=0.0015)


@pytest.mark.parametrize(("looks", "alpha"), [(0, 0.05), (21, 0.05), (2, 0.0), (2, 1.0)])
def test_bad_input_is_refused(looks, alpha):
    with pytest.raises(UsageError, match="looks"):
        pocock_level(looks, alpha)
