"""Which runs are above the trivial answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hbench.errors import UsageError
from hbench.statistics import runs_above


def test_each_run_is_a_one_sided_t_test_over_cases():
    rng = np.random.default_rng(5)
    trivial = (np.arange(300) < 120).astype(float)
    values = (rng.random((8, 300)) < np.linspace(0.35, 0.65, 8)[:, None]).astype(float)
    found = runs_above(values, trivial)
    p = [stats.ttest_1samp(row - trivial, 0, alternative="greater").pvalue for row in values]
    assert found.each == tuple(value < 0.05 for value in p)
    assert found.any == (min(p) < 0.05 / 8)
    assert found.unstable
    assert {True, False} == set(found.each)


def test_a_run_with_the_trivial_answer_s_own_values_is_not_above_it():
    trivial = np.full(50, 1 / 3)
    found = runs_above([trivial, np.ones(50)], trivial)
    assert (found.each, found.any, found.unstable) == ((False, True), True, True)
    assert not runs_above([trivial, trivial], trivial).unstable


def test_examples_of_a_passage_are_one_case():
    rng = np.random.default_rng(6)
    passage = np.repeat(np.arange(10), 40)
    values = np.repeat(rng.random((1, 10)) < 0.65, 40, axis=1).astype(float)
    assert runs_above(values, np.full(400, 0.5)).each == (True,)
    assert runs_above(values, np.full(400, 0.5), passage).each == (False,)


def test_shapes_have_to_fit():
    with pytest.raises(UsageError, match="values"):
        runs_above([[1.0, np.nan]], [0.0, 0.0])
