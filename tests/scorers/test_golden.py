"""Scorers against values computed by other people's code, and against a case worked by hand.

The cartography authors' code computes in float32, hence the tolerance of 2e-7 on numbers below 1.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from support import paths

import hbench
from hbench.dynamics.arrays import from_arrays

GOLDEN = json.loads((paths.GOLDEN / "dynamics.json").read_text())
RUNS, EPOCHS = 6, 3


@pytest.fixture(scope="module")
def dynamics():
    logits = np.array(GOLDEN["logits"])
    gold = np.array(GOLDEN["gold"])
    prob = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    onehot = np.eye(3)[gold]
    return from_arrays(
        correct=logits.argmax(-1) == gold,
        gold_prob=(prob * onehot).sum(-1),
        el2n=np.sqrt(((prob - onehot) ** 2).sum(-1)),
    )


def scored(reference, dynamics):
    return hbench.scorer(reference).score(dynamics).values


def test_h_score(dynamics):
    assert scored("h-score", dynamics).tolist() == GOLDEN["h_score"]


@pytest.mark.parametrize("removed", sorted(GOLDEN["kept_by_removal_set"]))
def test_h_score_keeps_the_published_subsets(dynamics, removed):
    scorer = hbench.scorer(f"h-score[remove={removed}]")
    kept = scorer.natural(scorer.score(dynamics), RUNS)
    assert np.flatnonzero(kept.values).tolist() == GOLDEN["kept_by_removal_set"][removed]


def test_the_default_removal_set_is_the_winning_ticket(dynamics):
    scorer = hbench.scorer("h-score")
    kept = scorer.natural(scorer.score(dynamics), RUNS)
    assert np.flatnonzero(kept.values).tolist() == GOLDEN["kept_by_removal_set"]["06"]


@pytest.mark.parametrize(
    ("reference", "statistic"),
    [
        ("cartography", "variability"),
        ("cartography[region=easy]", "confidence"),
        ("cartography[region=hard]", "confidence"),
        ("forgetting[never=1000]", "forgetfulness"),
    ],
)
def test_each_run_as_the_cartography_authors_have_it(dynamics, reference, statistic):
    for run in range(RUNS):
        expected = GOLDEN["cartography_per_run"][run][statistic]
        np.testing.assert_allclose(scored(reference, dynamics.isel(run=[run])), expected, atol=2e-7)


def test_cartography_averages_the_runs(dynamics):
    expected = np.mean([run["variability"] for run in GOLDEN["cartography_per_run"]], axis=0)
    np.testing.assert_allclose(scored("cartography", dynamics), expected, atol=2e-7)


def test_forgetting_counts_the_epochs_where_the_cartography_authors_have_1000(dynamics):
    counts = np.array([run["forgetfulness"] for run in GOLDEN["cartography_per_run"]])
    assert (counts == 1000).any()
    expected = np.where(counts == 1000, EPOCHS, counts).sum(0)
    np.testing.assert_array_equal(scored("forgetting", dynamics), expected)


def test_cartography_pooled_as_the_h_score_authors_have_it(dynamics):
    np.testing.assert_allclose(scored("cartography[pooled=true]", dynamics), GOLDEN["variability_pooled"], atol=2e-7)


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_el2n(dynamics, epoch):
    expected = np.array(GOLDEN["el2n"])[:, epoch - 1].mean(0)
    np.testing.assert_allclose(scored(f"el2n[epoch={epoch}]", dynamics), expected, atol=1e-8)


def test_a_case_worked_by_hand():
    """Two runs of three epochs. Run 1: A 111, B 101, C 000; run 2: A 111, B 011, C 010."""
    runs = [[[1, 1, 1], [1, 0, 1], [0, 0, 0]], [[1, 1, 1], [0, 1, 1], [0, 1, 0]]]
    dynamics = from_arrays(ids=["A", "B", "C"], correct=np.swapaxes(runs, 1, 2))
    assert scored("h-score", dynamics).tolist() == [2, 0, 0]
    assert scored("forgetting", dynamics).tolist() == [0, 1, 3 + 1]
    assert scored("forgetting[never=infinite]", dynamics).tolist() == [0, 1, 2 * 3]
    assert scored("forgetting[never=1000]", dynamics).tolist() == [0, 1, 1001]
    assert scored("forgetting[never=0]", dynamics).tolist() == [0, 1, 1]
