"""False alarms by simulation: two methods of the same quality, so that every verdict is an error; and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hbench.statistics import crossed_test, two_t_mean, two_t_ratio

RUNS = 1500
#: Four standard errors of a rate of 5 % around it, and 1 % more below: the test may be a little cautious.
LOW, HIGH = 0.05 - 4 * 0.0056 - 0.01, 0.05 + 4 * 0.0056


def results(rng, seeds, examples, *, training, taste, noise, passage=None):
    """Draw 0/1 results [run, method, seed, example] of two equally good methods.

    training: sd of one training's shift of all examples (logits); taste: sd of a method's lasting liking of an
    example, shared within a passage where one is given; noise: sd of one training's own error on one example.
    """
    easy = 1.0 + rng.normal(size=(RUNS, 1, 1, examples), scale=1.5)
    shift = rng.normal(size=(RUNS, 2, seeds, 1), scale=training)
    liking = rng.normal(size=(RUNS, 2, 1, examples), scale=taste)
    if passage is not None:
        liking = liking[..., passage]
    return easy + shift + liking + rng.normal(size=(RUNS, 2, seeds, examples), scale=noise) > 0


def crossed_rate(draws, cases=None):
    return np.mean([crossed_test(method, baseline, cases).p < 0.05 for method, baseline in draws])


def t_rate(means):
    """Rate of one-sample t tests at 5 % over the last axis, runs first."""
    return np.mean(stats.ttest_1samp(means, 0, axis=-1).pvalue < 0.05)


def test_unlucky_seeds_mislead_a_test_over_examples_only():
    draws = results(np.random.default_rng(11), 6, 872, training=0.2, taste=0.3, noise=0.5)
    d = draws[:, 0].astype(np.float32) - draws[:, 1]
    assert LOW < crossed_rate(draws) < HIGH
    assert t_rate(d.mean(axis=1)) > 0.2


def test_a_sampled_evaluation_set_misleads_a_test_over_seeds_only():
    draws = results(np.random.default_rng(12), 6, 300, training=0.05, taste=1.0, noise=0.5)
    d = draws[:, 0].astype(np.float32) - draws[:, 1]
    assert LOW < crossed_rate(draws) < HIGH
    assert t_rate(d.mean(axis=2)) > 0.2


def test_shared_passages_mislead_a_test_that_does_not_know_them():
    rng = np.random.default_rng(13)
    passage = np.repeat(np.arange(60), rng.integers(1, 11, 60))
    draws = results(rng, 5, len(passage), training=0.05, taste=1.0, noise=0.5, passage=passage)
    assert LOW < crossed_rate(draws, passage) < HIGH
    assert crossed_rate(draws) > 0.2


@pytest.mark.parametrize("flips", [0.01, 0.05])
def test_few_flips_and_two_seeds_stay_below_the_level(flips):
    """Equal net gains in both seeds are common here; a variance of 0 taken at its word gives about 10 %."""
    drawn = np.random.default_rng(14).random((RUNS, 2, 200))
    d = (drawn < flips / 2).astype(float) - (drawn > 1 - flips / 2)
    assert np.mean([crossed_test(x, np.zeros_like(x)).p < 0.05 for x in d]) < 0.05


def test_the_interval_of_a_share_misses_it_one_time_in_twenty():
    """A baseline taken for certain, its own chance left out, would miss it far more often."""
    rng = np.random.default_rng(16)
    seeds, examples, truth = 5, 60, 0.9

    def values(mean):
        taste = rng.normal(size=(RUNS, 1, examples), scale=0.4)
        shift = rng.normal(size=(RUNS, seeds, 1), scale=0.05)
        return mean + taste + shift + rng.normal(size=(RUNS, seeds, examples), scale=0.5)

    missed = naive = 0
    for x, y in zip(values(truth * 0.5), values(0.5), strict=True):
        found, alone = two_t_ratio(x, y), two_t_mean(x)
        missed += found.low is not None and not found.low <= truth <= found.high
        naive += not alone.low <= truth * y.mean() <= alone.high
    assert LOW < missed / RUNS < HIGH
    assert naive / RUNS > 0.1
