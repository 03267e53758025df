"""The crossed test: golden steps, degenerate results, cases, and properties that hold for any results."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from support import paths

from hbench.errors import HbenchError
from hbench.statistics import CrossedTest, crossed_bootstrap, crossed_test

GOLDEN = json.loads((paths.GOLDEN / "crossed_test.json").read_text())["cases"]
MEAN_SQUARES = ("ms_seed", "ms_example", "ms_interaction")


@pytest.mark.parametrize("case", GOLDEN)
def test_every_step_of_the_golden_cases(case):
    test = crossed_test(case["method"], case["baseline"])
    for step in ("mean", *MEAN_SQUARES, "se", "df", "t", "p"):
        assert getattr(test, step) == pytest.approx(case[step], rel=1e-9, abs=0), step
    assert [test.low, test.high] == pytest.approx(case["ci95"], rel=1e-9, abs=0)
    assert (test.seeds, test.examples) == np.shape(case["method"])


def test_level_sets_the_width():
    case = GOLDEN[1]
    test = crossed_test(case["method"], case["baseline"], level=0.8)
    assert test.high - test.mean == pytest.approx(stats.t.ppf(0.9, case["df"]) * case["se"])
    assert test.level == 0.8


def test_p_better_is_one_sided():
    case = GOLDEN[0]
    assert crossed_test(case["method"], case["baseline"]).p_better == pytest.approx(case["p"] / 2)
    assert crossed_test(case["baseline"], case["method"]).p_better == pytest.approx(1 - case["p"] / 2)


# Degenerate results


def test_identical_results_differ_by_nothing():
    values = GOLDEN[2]["method"]
    test = crossed_test(values, values)
    assert (test.mean, test.se, test.t, test.p, test.low, test.high) == (0, 0, 0, 1, 0, 0)


@pytest.mark.parametrize("scale", [1.0, 0.1, 1 / 3])
def test_seeds_that_do_not_vary_give_the_normal_distribution(scale):
    d = np.zeros((3, 40))
    d[:, :6], d[:, 6] = 1.0, -1.0
    d[0, 7], d[0, 8] = 1.0, -1.0
    test = crossed_test(d * scale, np.zeros_like(d))
    q = test.ms_example - test.ms_interaction
    assert test.ms_seed == 0
    assert test.df == math.inf
    assert test.se == pytest.approx(math.sqrt(q / d.size))
    assert test.p == pytest.approx(2 * stats.norm.sf(5 * scale / 40 / test.se))
    assert test.high - test.mean == pytest.approx(stats.norm.ppf(0.975) * test.se)


@pytest.mark.parametrize("scale", [1.0, 0.1, 1 / 3])
def test_equal_gains_on_different_examples_are_not_certain(scale):
    """MS_s = 0 and MS_i < MS_si: Q is 0 though results differ, and the interaction stands in for it."""
    d = np.zeros((2, 1000))
    d[0, 0] = d[1, 1] = scale
    test = crossed_test(d, np.zeros_like(d))
    assert test.ms_seed == 0 and test.ms_example < test.ms_interaction
    assert test.se == pytest.approx(math.sqrt(test.ms_interaction / d.size))
    assert test.df == 999
    assert 0.1 < test.p < 0.2 and test.low < 0


@pytest.mark.parametrize(("examples", "scale"), [(34, 1.0), (34, 0.7), (38, 1 / 3)])
def test_mean_squares_that_are_equal_on_paper_leave_no_excess(examples, scale):
    d = np.zeros((4, examples))
    for seed, (up, down) in enumerate([(29, 20), (24, 13), (27, 26), (28, 19)]):
        d[seed, up], d[seed, down] = scale, -scale
    test = crossed_test(d, np.zeros_like(d))
    assert test.ms_example == pytest.approx(test.ms_interaction)
    assert test.se == pytest.approx(math.sqrt(test.ms_interaction / d.size))
    assert test.p == 1


def test_a_difference_without_any_variation_is_certain():
    test = crossed_test(np.full((3, 5), 0.7), np.full((3, 5), 0.4))
    assert test.ms_seed == test.ms_example == test.ms_interaction == test.se == test.p == 0
    assert test.t == math.inf
    assert test.low == test.high == pytest.approx(0.3)


@pytest.mark.parametrize(("shape", "cases"), [((1, 30), None), ((4, 1), None), ((4, 30), [7] * 30)])
def test_one_seed_or_one_case_gives_a_mean_and_no_test(shape, cases):
    values = np.random.default_rng(0).random(shape)
    test = crossed_test(values, np.zeros(shape), cases)
    assert test == CrossedTest(
        mean=test.mean, seeds=shape[0], examples=shape[1], cases=1 if cases or shape[1] == 1 else 30
    )
    assert test.mean == pytest.approx(values.mean())
    assert test.p is None and test.low is None and test.p_better is None


@pytest.mark.parametrize(
    ("method", "baseline", "kwargs", "message"),
    [
        ([[1, 0]], [[1, 0], [1, 1]], {}, r"method has shape \(1, 2\) and baseline \(2, 2\)"),
        ([1, 0], [1, 0], {}, r"method has shape \(2,\)"),
        (np.zeros((2, 0)), np.zeros((2, 0)), {}, "at least one of each"),
        ([[1, 0], [1, 0]], [[1, 0], [math.nan, 0]], {}, r"baseline .* row\(s\) \[1\]"),
        ([[1, 0], [1, 0]], [[1, 0], [1, 0]], {"cases": [1]}, "cases has shape"),
        ([[1, 0], [1, 0]], [[1, 0], [1, 0]], {"level": 95}, "level = 95"),
    ],
)
def test_wrong_input_is_refused_by_name(method, baseline, kwargs, message):
    with pytest.raises(HbenchError, match=message):
        crossed_test(method, baseline, **kwargs)


# Cases


def random_clusters(seed=0, seeds=5, cases=40):
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(cases), rng.integers(1, 9, cases))
    values = (
        rng.normal(size=(seeds, 1)) * 0.1
        + rng.normal(size=cases)[owner] * 0.5
        + rng.normal(size=(seeds, cases))[:, owner] * 0.3
        + rng.normal(size=(seeds, len(owner)))
    )
    return values, owner


def test_equal_cases_are_tested_by_their_means():
    values = np.random.default_rng(1).normal(size=(4, 60))
    test = crossed_test(values, values * 0, np.repeat(np.arange(20), 3))
    means = values.reshape(4, 20, 3).mean(axis=2)
    plain = crossed_test(means, means * 0)
    for name in ("mean", "se", "df", "t", "p", "low", "high", *MEAN_SQUARES):
        assert getattr(test, name) == pytest.approx(getattr(plain, name)), name
    assert (test.examples, test.cases) == (60, 20)


def test_unequal_cases_follow_the_weighted_formula():
    values, owner = random_clusters()
    test = crossed_test(values, np.zeros_like(values), owner)
    seeds, cases = len(values), owner.max() + 1
    weight = [np.sum(owner == c) for c in range(cases)]
    mean = [[values[s, owner == c].mean() for c in range(cases)] for s in range(seeds)]
    total = sum(weight)
    of_seed = [sum(w * x for w, x in zip(weight, row, strict=True)) / total for row in mean]
    of_case = [sum(mean[s][c] for s in range(seeds)) / seeds for c in range(cases)]
    m = sum(of_seed) / seeds
    share = [(w * cases / total) ** 2 for w in weight]
    ms_seed = cases * sum((x - m) ** 2 for x in of_seed) / (seeds - 1)
    ms_case = seeds * sum(share[c] * (of_case[c] - m) ** 2 for c in range(cases)) / (cases - 1)
    ms_rest = sum(
        share[c] * (mean[s][c] - of_seed[s] - of_case[c] + m) ** 2 for s in range(seeds) for c in range(cases)
    ) / ((seeds - 1) * (cases - 1))
    q = ms_seed + max(ms_case - ms_rest, 0)
    assert test.mean == pytest.approx(m) == pytest.approx(values.mean())
    assert (test.ms_seed, test.ms_example, test.ms_interaction) == pytest.approx((ms_seed, ms_case, ms_rest))
    assert test.se == pytest.approx(math.sqrt(q / (seeds * cases)))
    assert test.df == pytest.approx(q**2 / (ms_seed**2 / (seeds - 1)))


def test_one_huge_case_adds_up_rounding_errors_and_no_variance():
    rng = np.random.default_rng(4)
    owner = np.r_[np.arange(3000), np.full(50_000, 3000)]
    for _ in range(20):
        values = np.full((2, len(owner)), rng.random())
        test = crossed_test(values, values * 0, owner)
        assert test.ms_seed == test.ms_example == test.ms_interaction == 0


def test_cases_of_one_example_change_nothing():
    case = GOLDEN[0]
    plain = crossed_test(case["method"], case["baseline"])
    named = crossed_test(case["method"], case["baseline"], [f"passage {i}" for i in range(plain.examples)])
    assert (named.p, named.low, named.high) == pytest.approx((plain.p, plain.low, plain.high))


def test_names_of_cases_do_not_matter_and_their_examples_need_not_be_neighbours():
    values, owner = random_clusters()
    mixed = np.random.default_rng(2).permutation(values.shape[1])
    names = np.array([f"p{(7 * c) % 41}" for c in range(40)])
    test = crossed_test(values, values * 0, owner)
    other = crossed_test(values[:, mixed], values * 0, names[owner][mixed])
    assert (other.mean, other.p, other.low) == pytest.approx((test.mean, test.p, test.low))


# Properties


@st.composite
def paired_results(draw):
    shape = (draw(st.integers(2, 5)), draw(st.integers(2, 9)))
    bits = st.lists(st.integers(0, 1), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    cases = draw(st.none() | st.lists(st.integers(0, 3), min_size=shape[1], max_size=shape[1]))
    return np.reshape(draw(bits), shape), np.reshape(draw(bits), shape), cases


def numbers(test):
    names = ("mean", "se", "df", "t", "p", "low", "high", *MEAN_SQUARES)
    return {name: getattr(test, name) for name in names if getattr(test, name) is not None}


def same(test, expected):
    assert numbers(test).keys() == expected.keys()
    for name, value in numbers(test).items():
        assert value == pytest.approx(expected[name], rel=1e-6, abs=1e-12), name


@settings(deadline=None)
@given(paired_results())
def test_swapping_the_methods_swaps_the_sign(results):
    method, baseline, cases = results
    expected = numbers(crossed_test(method, baseline, cases))
    swapped = {name: -expected[name] for name in ("mean", "t") if name in expected}
    if "low" in expected:
        swapped |= {"low": -expected["high"], "high": -expected["low"]}
    same(crossed_test(baseline, method, cases), expected | swapped)


@settings(deadline=None)
@given(paired_results(), st.randoms(use_true_random=False))
def test_the_order_of_seeds_and_examples_does_not_matter(results, random):
    method, baseline, cases = results
    seeds = random.sample(range(method.shape[0]), method.shape[0])
    examples = random.sample(range(method.shape[1]), method.shape[1])
    moved = None if cases is None else np.array(cases)[examples]
    test = crossed_test(method[seeds][:, examples], baseline[seeds][:, examples], moved)
    same(test, numbers(crossed_test(method, baseline, cases)))


@settings(deadline=None)
@given(paired_results(), st.sampled_from([1e-6, 0.1, 1 / 3, 7.0, 1e5]), st.sampled_from([0.0, 0.1, -3.0]))
def test_units_scale_the_interval_and_leave_p(results, factor, shift):
    method, baseline, cases = results
    expected = numbers(crossed_test(method, baseline, cases))
    for name in ("mean", "se", "low", "high"):
        if name in expected:
            expected[name] *= factor
    for name in MEAN_SQUARES:
        if name in expected:
            expected[name] *= factor**2
    test = crossed_test((method + shift) * factor, (baseline + shift) * factor, cases)
    assert numbers(test).keys() == expected.keys()
    for name, value in numbers(test).items():
        size = {"mean": factor, "se": factor, "low": factor, "high": factor}.get(name, 1.0)
        size = factor**2 if name in MEAN_SQUARES else size
        assert value == pytest.approx(expected[name], rel=1e-6, abs=1e-9 * size), name


@settings(deadline=None)
@given(paired_results())
def test_p_and_interval_agree(results):
    test = crossed_test(*results)
    if test.p is None:
        return
    assert 0 <= test.p <= 1 and test.low <= test.mean <= test.high
    if abs(test.p - 0.05) > 1e-9:
        assert (test.p < 0.05) == (test.low > 0 or test.high < 0)


# The crossed bootstrap


@pytest.mark.parametrize("clustered", [False, True])
def test_the_crossed_bootstrap_agrees(clustered):
    """Many seeds and a small interaction, where bootstrap and closed form estimate the same variance."""
    rng = np.random.default_rng(5)
    seeds, passages = 40, 150
    owner = np.repeat(np.arange(passages), rng.integers(1, 9, passages)) if clustered else np.arange(passages)
    d = 3.0 + rng.normal(size=(seeds, 1)) * 0.2 + rng.normal(size=passages)[owner] * 0.8
    d = d + rng.normal(size=(seeds, len(owner))) * 0.2
    test = crossed_test(d, np.zeros_like(d), owner)
    low, high = crossed_bootstrap(d, np.zeros_like(d), 4000, 3, owner)
    width = test.high - test.low
    assert high - low == pytest.approx(width, rel=0.06)
    assert (low, high) == pytest.approx((test.low, test.high), abs=0.05 * width)
    if clustered:  # not what drawing single examples gives
        low, high = crossed_bootstrap(d, np.zeros_like(d), 1000, 3)
        assert high - low < 0.75 * width


def test_the_crossed_bootstrap_is_wider_when_the_interaction_dominates():
    """It counts the interaction three times (Owen 2007): sqrt(3) times the width, for many seeds and examples."""
    d = np.random.default_rng(6).normal(size=(60, 200))
    test = crossed_test(d, np.zeros_like(d))
    low, high = crossed_bootstrap(d, np.zeros_like(d), 4000)
    truth = 2 * 1.96 / math.sqrt(d.size)
    assert high - low == pytest.approx(math.sqrt(3) * truth, rel=0.1)
    assert test.high - test.low == pytest.approx(truth, rel=0.25)


def test_the_bootstrap_is_drawn_from_its_seed():
    case = GOLDEN[0]
    first = crossed_bootstrap(case["method"], case["baseline"], 200, 1)
    assert crossed_bootstrap(case["method"], case["baseline"], 200, 1) == first
    assert crossed_bootstrap(case["method"], case["baseline"], 200, 2) != first
    with pytest.raises(HbenchError, match="draws = 0"):
        crossed_bootstrap(case["method"], case["baseline"], 0)


def test_imports_stay_light():
    code = (
        "import sys, hbench.statistics as s\n"
        "heavy = {'scipy', 'torch', 'pandas', 'statsmodels', 'xarray'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "t = s.crossed_test([[1, 0, 1], [1, 1, 0]], [[0, 0, 1], [1, 1, 1]])\n"
        "s.superiority(t, s.holm([t.p])[0]), s.margin_verdict(t.mean, 0.01, t.p)\n"
        "heavy = {'scipy.stats', 'torch', 'pandas', 'statsmodels'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
