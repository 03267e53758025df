"""TF-IDF distance against the formulas of paper and code written out in plain Python."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.random_dynamics import WORDS
from support.small_jobs import small_job

import hbench
from hbench.dynamics.arrays import from_arrays
from hbench.errors import DataError, UsageError
from hbench.kinds import find_kind, training_texts
from hbench.plugins.registry import TASKS

TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8)


def vectors(texts, formula):
    """Return a vector for each text, a list over the sorted words."""
    documents = [re.findall(r"\b\w\w+\b", text.lower()) for text in texts]
    words = sorted({word for document in documents for word in document})
    n = len(documents)
    within = {word: sum(word in document for document in documents) for word in words}
    rows = []
    for document in documents:
        if formula == "paper":
            row = [document.count(w) / max(len(document), 1) * math.log(n / (1 + within[w])) for w in words]
        else:
            row = [document.count(w) * (math.log((1 + n) / (1 + within[w])) + 1) for w in words]
            length = math.hypot(*row)
            row = [value / length for value in row] if length else row
        rows.append(row)
    return np.array(rows).reshape(n, len(words))


def total(points, point):
    return sum(math.dist(row, point) for row in points)


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.sampled_from(["code", "paper"]))
def test_it_is_the_distance_to_the_geometric_median(texts, formula):
    points = vectors(texts, formula)
    found = hbench.scorer(f"tfidf[formula={formula}]").score(from_arrays(text=texts)).values
    if not points.shape[1]:
        assert found.tolist() == [0.0] * len(texts)
        return
    # no point has a smaller sum of distances: neither an example, nor the mean, nor what a descent from there finds
    best = min((total(points, point), tuple(point)) for point in [*points, points.mean(0)])[0]
    point, step = points.mean(0), 0.5
    while step > 1e-7:
        apart = [row for row in points if math.dist(row, point) > 1e-12]
        slope = sum(((row - point) / math.dist(row, point) for row in apart), np.zeros_like(point))
        tried = point + step * slope / len(points)
        if total(points, tried) < total(points, point):
            point = tried
        else:
            step /= 2
    best = min(best, total(points, point))
    assert found.sum() == pytest.approx(best, abs=2e-3 * len(texts))


def test_a_case_with_a_known_median():
    """Three texts of one word each, in the corners of a triangle with equal sides: its centre is the median."""
    found = hbench.scorer("tfidf").score(from_arrays(text=["good film", "good plot", "good end"]))
    assert np.ptp(found.values) < 1e-5
    points = vectors(["good film", "good plot", "good end"], "code")
    assert found.values[0] == pytest.approx(math.dist(points[0], points.mean(0)), abs=1e-5)


def test_the_median_stays_where_most_are():
    """Five equal texts and one other: the median is theirs, which the mean is not."""
    found = hbench.scorer("tfidf").score(from_arrays(text=["good film"] * 5 + ["bad plot"])).values
    assert found[:5] == pytest.approx([0.0] * 5, abs=1e-3)
    assert found[5] == pytest.approx(math.sqrt(2), abs=1e-3)


def test_the_farthest_are_kept_and_order_does_not_matter():
    texts = ["the film was good", "the film was bad", "the plot was good", "quantum chromodynamics lattice"]
    scorer = hbench.scorer("tfidf")
    found = scorer.score(from_arrays(text=texts, ids=["d", "a", "c", "b"]))
    assert int(np.argmax(scorer.prefer(found, 0).values)) == 3
    turned = scorer.score(from_arrays(text=texts[::-1], ids=["b", "c", "a", "d"]))
    assert turned.values.tolist() == found.values[::-1].tolist()


def test_texts_are_asked_for_and_missed_by_name():
    with pytest.raises(UsageError, match=r"Tfidf reads the value 'text'.*from_arrays\(text=\.\.\.\)"):
        hbench.scorer("tfidf").score(from_arrays(length=[3, 4]))
    with pytest.raises(DataError, match="'text' holds 1 entries; give one string to each of 2"):
        from_arrays(text=["one"], length=[3, 4])
    with pytest.raises(DataError, match="5, which is not a string"):
        from_arrays(text=["one", 5])


@pytest.mark.parametrize("name", sorted(name for name in TASKS.names() if name.startswith("planted-")))
def test_every_kind_gives_the_text_of_an_example(name):
    job = small_job(1, f"{name}[size=60]")
    texts = training_texts(job.task)
    plugin = TASKS.find(job.task.ref).plugin
    rows = plugin.rows("train")
    assert len(texts) == len(next(iter(rows.values())))
    assert all(isinstance(text, str) and len(text.split()) > 1 for text in texts.values())
    first = next(iter(texts.values()))
    column = next(c for c in rows if c in ("sentence", "premise", "question", "utterance", "text", "words", "tokens"))
    held = rows[column][0]
    assert (held if isinstance(held, str) else " ".join(held)) in first
    assert find_kind(plugin.kind) is not None
