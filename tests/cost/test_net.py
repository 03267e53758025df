"""Net cost, and after how many trainings pruning has paid."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench.cost.net import break_even, net_cost
from hbench.errors import HbenchError


@pytest.mark.parametrize(
    ("scoring", "train", "full", "trainings"),
    [
        (6.0, 0.3, 1.0, 9),
        (0.7, 0.9, 1.0, 7),  # 0.7 / (1 - 0.9) is a little above 7 in floats
        (0.0, 0.3, 1.0, 0),
        (1e-20, 0.3, 1.0, 1),
        (6.0, 1.0, 1.0, None),
        (0.0, 1.2, 1.0, None),
    ],
)
def test_break_even(scoring, train, full, trainings):
    assert break_even(scoring, train, full) == trainings


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(1, 10**4))
def test_break_even_is_the_first_training_that_has_paid(scoring, train, full):
    n = break_even(scoring, train, full)
    if n is None:
        assert train >= full
    else:
        assert scoring + n * train <= n * full
        assert n == 0 or scoring + (n - 1) * train > (n - 1) * full


def test_net_cost():
    assert net_cost(6.0, 0.5, 2.0) == 3.25
    assert net_cost(0.0, 0.5, 2.0) == 0.25


@pytest.mark.parametrize("cost", [(-1.0, 1.0, 1.0), (1.0, math.nan, 1.0), (1.0, 1.0, 0.0)])
@pytest.mark.parametrize("function", [net_cost, break_even])
def test_a_cost_out_of_range_is_refused(function, cost):
    with pytest.raises(HbenchError, match="a cost is a finite number"):
        function(*cost)
