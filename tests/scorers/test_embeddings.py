"""Scorers of embeddings against their formulas written out in plain Python."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import hbench
from hbench.dynamics.arrays import from_arrays
from hbench.errors import UsageError

quick = settings(deadline=None, max_examples=60)


def score(reference, dynamics):
    return hbench.scorer(reference).score(dynamics).values


def embedded(vectors, **more):
    """Return dynamics of the pass after epoch 1 with vectors [run, example, dim]."""
    vectors = np.asarray(vectors, dtype=np.float32)[:, None]
    ids = [f"row-{number}" for number in np.random.default_rng(3).permutation(vectors.shape[2])]
    more = {name: np.asarray(values, dtype=np.float32)[:, None] for name, values in more.items()}
    return from_arrays(ids=ids, embedding=vectors, capture="epoch_end", **more)


VECTORS = st.tuples(st.integers(1, 3), st.integers(1, 7)).flatmap(
    lambda shape: arrays(np.float64, (*shape, 2), elements=st.floats(-9, 9, width=16))
)


def by_id(dynamics):
    """Return the positions of the examples in the order of their ids."""
    return sorted(range(dynamics.sizes["example"]), key=lambda i: str(dynamics["example"].values[i]))


@quick
@given(VECTORS)
def test_k_centre_is_the_distance_to_those_chosen_before(vectors):
    dynamics = embedded(vectors)
    order = by_id(dynamics)
    total = dict.fromkeys(order, 0.0)
    for run in vectors:
        centre = run.mean(axis=0)
        left = list(order)
        chosen = [min(left, key=lambda i: math.dist(run[i], centre))]
        left.remove(chosen[0])
        while left:
            nearest = {i: min(math.dist(run[i], run[c]) for c in chosen) for i in left}
            farthest = max(left, key=nearest.get)
            total[farthest] += nearest[farthest]
            if len(chosen) == 1:
                total[chosen[0]] += nearest[farthest]
            chosen.append(farthest)
            left.remove(farthest)
    expected = [total[i] / len(vectors) for i in range(len(order))]
    np.testing.assert_allclose(score("k-centre", dynamics), expected, atol=1e-5)


@quick
@given(VECTORS, st.integers(1, 3))
def test_d2_passes_difficulty_on_and_takes_it_back(vectors, neighbours):
    hardness = np.random.default_rng(8).uniform(0, 1, vectors.shape[:2]).astype(np.float32)
    # far from equal distances, between which a graph may choose either way
    vectors = vectors + np.random.default_rng(9).normal(size=vectors.shape)
    dynamics = embedded(vectors, el2n=hardness)
    order = by_id(dynamics)
    total = dict.fromkeys(order, 0.0)
    for run, hard in zip(vectors.astype(np.float32).astype(float), hardness.astype(float), strict=True):
        near = {
            i: sorted((j for j in order if j != i), key=lambda j, i=i: math.dist(run[i], run[j]))[:neighbours]
            for i in order
        }
        distances = [math.dist(run[i], run[j]) for i in order for j in near[i]]
        unit = statistics.fmean(distances) if distances else 1.0
        weight = {(i, j): math.exp(-((math.dist(run[i], run[j]) / unit) ** 2)) for i in order for j in near[i]}
        value = {i: hard[i] + sum(weight[i, j] * hard[j] for j in near[i]) for i in order}
        while value:
            best = max(value, key=value.get)
            worth = value.pop(best)
            total[best] += worth
            for j in near[best]:
                if j in value:
                    value[j] -= weight[best, j] * max(worth, 0.0)
    expected = [total[i] / len(vectors) for i in range(len(order))]
    np.testing.assert_allclose(score(f"d2[neighbours={neighbours}]", dynamics), expected, atol=1e-4)


def test_prototypes_is_the_distance_to_the_centre_of_the_cluster():
    """Two clusters far apart: each centre is the mean of its own, whatever the labels say."""
    left, right = [(0.0, 0.0), (0.0, 2.0), (0.0, 7.0)], [(50.0, 1.0), (50.0, 3.0)]
    dynamics = embedded([[*left, *right], [*left, *right]])
    expected = [3.0, 1.0, 4.0, 1.0, 1.0]
    np.testing.assert_allclose(score("prototypes[clusters=2]", dynamics), expected, atol=1e-6)
    hard, easy = (hbench.scorer(f"prototypes[clusters=2,end={end}]") for end in ("hard", "easy"))
    scores = hard.score(dynamics)
    assert np.argmax(hard.prefer(scores, 2).values) == 2
    assert np.argmin(easy.prefer(scores, 2).values) == 2


def test_prototypes_takes_the_number_of_classes():
    vectors = [[(0.0, 0.0), (1.0, 0.0), (80.0, 0.0), (81.0, 0.0)]]
    dynamics = embedded(vectors).assign(label=("example", [0, 1, 1, 0]))
    np.testing.assert_allclose(score("prototypes", dynamics), [0.5] * 4, atol=1e-6)
    with pytest.raises(UsageError, match="4 examples"):
        score("prototypes[clusters=5]", dynamics)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("prototypes[clusters=0]", "at least 1"),
        ("prototypes[epoch=0]", "count from 1"),
        ("k-centre[epoch=0]", "count from 1"),
        ("d2[neighbours=0]", "at least 1"),
        ("d2[gamma=-1]", "0 or more"),
        ("d2[reverse=-1]", "0 or more"),
    ],
)
def test_options_of_scorers_of_embeddings_out_of_range(reference, said):
    with pytest.raises(UsageError, match=said):
        hbench.scorer(reference)
