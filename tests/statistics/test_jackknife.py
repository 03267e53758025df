"""Metrics from counts of classes, and their pseudo-values: against sklearn, by hand, by brute force, in simulations."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef

from hbench.errors import UsageError
from hbench.statistics import pseudo_values, two_t_mean, two_t_ratio, two_t_test
from hbench.statistics.confusion import METRICS, counts_by_example, counts_of

RNG = np.random.default_rng(20261128)


def predicted(right, gold):
    return np.where(right == 1, gold, ~gold)


def by_sklearn(metric, prediction, gold, classes=2):
    if metric == "matthews":
        return matthews_corrcoef(gold, prediction)
    return f1_score(gold, prediction, average="binary" if classes == 2 else "macro", zero_division=0.0)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_metrics_of_counts_are_those_of_sklearn(metric, classes):
    for _ in range(20):
        prediction, gold = RNG.integers(0, classes, (2, 30))
        found = METRICS[metric](counts_of(prediction, gold, classes))
        assert found == pytest.approx(by_sklearn(metric, prediction, gold, classes), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_many_runs_are_counted_at_once(metric):
    right, gold = RNG.integers(0, 2, (4, 50)), RNG.random(50) < 0.6
    found = METRICS[metric](counts_by_example(right, gold).sum(axis=1))
    assert found == pytest.approx([by_sklearn(metric, predicted(row, gold), gold) for row in right])


def test_f1_of_four_examples_by_hand():
    # a hit, a miss, a false alarm, a right no: F1 1/2; without each in turn 0, 2/3, 2/3, 1/2
    counts = counts_by_example([[1, 0, 0, 1]], np.array([True, True, False, False]))
    # 4 / 2 - 3 * these: 2, 0, 0, 1/2, whose mean is 1/8 too much
    assert pseudo_values(counts, METRICS["f1"]) == pytest.approx(np.array([[2, 0, 0, 0.5]]) - 0.125)


def test_matthews_of_four_examples_by_hand():
    # both classes half right: 0; without a right one -1/2, without a wrong one 1/2
    counts = counts_by_example([[1, 0, 0, 1]], np.array([True, True, False, False]))
    assert pseudo_values(counts, METRICS["matthews"]) == pytest.approx(np.array([[1.5, -1.5, -1.5, 1.5]]))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("clustered", [False, True])
def test_pseudo_values_against_brute_force(metric, clustered):
    right, gold = RNG.integers(0, 2, (3, 40)), RNG.random(40) < 0.4
    cases = RNG.choice([*"aaaabbbccd"], 40) if clustered else np.arange(40)
    found = pseudo_values(counts_by_example(right, gold), METRICS[metric], cases if clustered else None)
    for row, values in zip(right, found, strict=True):
        whole = by_sklearn(metric, predicted(row, gold), gold)
        wanted = np.empty(40)
        for case in np.unique(cases):
            rest, h = cases != case, 40 / (cases == case).sum()
            wanted[~rest] = h * whole - (h - 1) * by_sklearn(metric, predicted(row, gold)[rest], gold[rest])
        assert values == pytest.approx(wanted - wanted.mean() + whole)
        assert values.mean() == pytest.approx(whole, abs=1e-12)


def test_a_mean_keeps_its_test():
    """Of accuracy, pseudo-values are the means of cases: clusters count by their number of examples, as everywhere."""
    method, baseline, gold = RNG.integers(0, 2, (4, 60)), RNG.integers(0, 2, (4, 60)), RNG.random(60) < 0.5
    cases = RNG.choice([*"aaaaaabbbccd"], 60)

    def accuracy(counts):
        return np.trace(counts, axis1=-2, axis2=-1) / np.maximum(counts.sum(axis=(-2, -1)), 1)

    for owner in (None, cases):
        ours, theirs = (pseudo_values(counts_by_example(v, gold), accuracy, owner) for v in (method, baseline))
        found, plain = two_t_test(ours, theirs, owner), two_t_test(method, baseline, owner)
        for name in ("mean", "p", "low", "high", "ms_seed", "ms_example", "ms_interaction", "cases"):
            assert getattr(found, name) == pytest.approx(getattr(plain, name)), name


def test_a_single_case_and_a_metric_that_is_not_defined_stay_finite():
    gold = np.array([True, False, False])
    nothing = pseudo_values(counts_by_example([[0, 1, 1]], gold), METRICS["f1"])
    assert nothing.tolist() == [[0, 0, 0]]
    right = counts_by_example([[1, 1, 0]], gold)
    assert pseudo_values(right, METRICS["f1"], [7, 7, 7]) == pytest.approx(np.full((1, 3), 2 / 3))
    # without its only positive, F1 is 0
    assert np.isfinite(pseudo_values(right, METRICS["f1"])).all()
    with pytest.raises(UsageError, match="cases"):
        pseudo_values(right, METRICS["f1"], [1, 2])


def test_what_never_differs_has_an_interval_of_three_cases():
    constant = np.zeros((6, 60))
    test = two_t_mean(constant)
    assert (test.mean, test.p, test.low, test.high) == (0, 1, -0.05, 0.05)


@pytest.mark.parametrize("metric", METRICS)
def test_the_share_of_a_metric_is_the_ratio_of_the_metrics(metric):
    """Fieller's interval ends where the metric less R times the other one's is at the edge of its test."""
    gold = RNG.random(300) < 0.6
    ours, theirs = (RNG.random((6, 300)) < rate for rate in (0.75, 0.85))
    x, y = (pseudo_values(counts_by_example(v, gold), METRICS[metric]) for v in (ours, theirs))
    share = two_t_ratio(x, y)
    metrics = [np.mean([by_sklearn(metric, predicted(row, gold), gold) for row in v]) for v in (ours, theirs)]
    assert share.value == pytest.approx(metrics[0] / metrics[1])
    assert share.low < share.value < share.high
    for end in (share.low, share.high):
        assert two_t_test(x, end * y).p == pytest.approx(0.05, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("clusters", [None, 60])
def test_two_methods_of_one_metric_are_told_apart_in_one_of_twenty(metric, clusters):
    rng, boards, hits = np.random.default_rng(5), 1000, 0
    for _ in range(boards):
        cases = None if clusters is None else rng.choice(clusters, 400, p=rng.dirichlet(np.full(clusters, 3.0)))
        gold = rng.random(400) < 0.65
        shared = rng.normal(0, 0.7, 400 if clusters is None else clusters)
        shared = shared if cases is None else shared[cases]
        sides = []
        for _ in range(2):
            own = rng.normal(0, 0.5, 400 if clusters is None else clusters)
            own = own if cases is None else own[cases]
            ability = 0.9 + shared + own + rng.normal(0, 0.2, (6, 1))
            right = rng.random((6, 400)) < 1 / (1 + np.exp(-ability))
            sides.append(pseudo_values(counts_by_example(right, gold), METRICS[metric], cases))
        hits += two_t_test(*sides, cases).p <= 0.05
    assert hits / boards <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / boards)
    assert hits / boards >= 0.015
