"""Coverage-centric selection and the mean of ranks against their rules written out in plain Python."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import hbench
from hbench.dynamics.arrays import from_arrays
from hbench.plugins.scoring import choose

quick = settings(deadline=None, max_examples=150)
VALUES = st.lists(st.integers(-6, 6) | st.floats(-6, 6, width=16), min_size=1, max_size=40)


def chosen(reference, preference, count, seed=0, labels=None):
    ids = [f"row-{number}" for number in range(len(preference))]
    return choose(hbench.scorer(reference), np.array(preference, dtype=float), ids, labels, count=count, seed=seed)


def quotas(sizes, count):
    """Return how many each stratum gives, as the algorithm says: the smallest first, an even share of what is left."""
    left, given = dict(sizes), {}
    while left:
        smallest = min(left, key=lambda stratum: (left[stratum], stratum))
        given[smallest] = min(left[smallest], count // len(left))
        count -= given[smallest]
        del left[smallest]
    return given


@quick
@given(VALUES, st.integers(1, 12), st.integers(0, 2**32 - 1), st.data())
def test_ccs_fills_the_strata_evenly(values, strata, seed, data):
    count = data.draw(st.integers(1, len(values)))
    mask = chosen(f"ccs(loss)[offset=0.0,strata={strata}]", values, count, seed)
    assert mask.sum() == count
    low, high = min(values), max(values)
    width = (high - low) / strata
    # far from the borders, where rounding may decide
    assume(
        not width or all(abs((v - low) / width - round((v - low) / width)) > 1e-9 or v in (low, high) for v in values)
    )
    stratum = [min(int((v - low) / width), strata - 1) if width else 0 for v in values]
    sizes = {s: stratum.count(s) for s in set(stratum)}
    taken = [sum(1 for s, kept in zip(stratum, mask, strict=True) if kept and s == one) for one in sizes]
    # strata of one size may change places, so the numbers are compared by size
    expected = quotas(sizes, count)
    assert sorted(zip(sizes.values(), taken, strict=True)) == sorted((sizes[s], expected[s]) for s in sizes)


def test_ccs_worked_by_hand():
    """Ten strata of width 1 over 0..10: one holds 5 examples, two hold 2, one holds 1; of 8 to keep, 1 + 2 + 2 + 3."""
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 4.2, 4.6, 7.5, 7.6, 10.0, 0.0]
    sizes = {"low": [0, 1, 2, 3, 4, 10], "middle": [5, 6], "high": [7, 8], "top": [9]}
    kept = chosen("ccs(loss)[offset=0.0,strata=10]", values, 8)
    assert {name: int(kept[places].sum()) for name, places in sizes.items()} == {
        "low": 3,
        "middle": 2,
        "high": 2,
        "top": 1,
    }
    # without the hardest tenth (1 of 11), the strata are those of what is left: 0..7.6
    kept = chosen("ccs(loss)[strata=10]", values, 7)
    assert not kept[9]
    assert {name: int(kept[places].sum()) for name, places in sizes.items()} == {
        "low": 3,
        "middle": 2,
        "high": 2,
        "top": 0,
    }


def test_ccs_drops_the_end_that_the_scorer_keeps_first():
    margins = np.arange(20.0)
    scorer = hbench.scorer("ccs(aum)")
    dynamics = from_arrays(margin=margins[None, None])
    preference = scorer.prefer(scorer.score(dynamics), 1).values
    kept = chosen("ccs(aum)[offset=0.25]", preference, 15)
    assert np.flatnonzero(~kept).tolist() == [0, 1, 2, 3, 4]  # the lowest margins, which aum keeps first


def test_ccs_draws_within_a_stratum_anew_for_every_seed():
    masks = np.array(
        [chosen("ccs(loss)[offset=0.0,strata=2]", np.r_[np.zeros(20), np.ones(20)], 10, seed) for seed in range(200)]
    )
    assert (masks[:, :20].sum(1) == 5).all()
    assert masks.mean(0) == pytest.approx(np.full(40, 0.25), abs=0.12)
    assert len(np.unique(masks, axis=0)) > 190


def test_ccs_within_each_class():
    preference = np.r_[np.linspace(0, 1, 30), np.linspace(5, 6, 10)]
    labels = np.r_[np.zeros(30, dtype=int), np.ones(10, dtype=int)]
    kept = chosen("ccs(loss)[balance=true,offset=0.0,strata=5]", preference, 20, labels=labels)
    assert (kept[:30].sum(), kept[30:].sum()) == (15, 5)
    assert [int(kept[:30][start : start + 6].sum()) for start in range(0, 30, 6)] == [3] * 5


@quick
@given(st.integers(1, 8), st.integers(2, 3), st.data())
def test_rank_mean_is_the_mean_of_the_ranks(size, scorers, data):
    signals = ("loss", "entropy", "margin")[:scorers]
    values = {
        name: data.draw(st.lists(st.integers(0, 4), min_size=size, max_size=size).map(np.array)) for name in signals
    }
    dynamics = from_arrays(**{name: v[None, None].astype(float) for name, v in values.items()})
    # margin keeps the lowest: the closest to the boundary
    preferred = [(v if name != "margin" else -v).tolist() for name, v in values.items()]

    def rank(of, i):
        return sum(v < of[i] for v in of) + (1 + of.count(of[i])) / 2

    expected = [statistics.fmean(rank(of, i) / size for of in preferred) for i in range(size)]
    reference = f"rank-mean({','.join(signals)})"
    np.testing.assert_allclose(hbench.scorer(reference).score(dynamics).values, expected, rtol=1e-12)
