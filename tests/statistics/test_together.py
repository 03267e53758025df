"""The tests of a table, worked out together, are those of each pair alone."""

from __future__ import annotations

import numpy as np
import pytest

from hbench.errors import UsageError
from hbench.statistics import (
    Errors,
    Parts,
    TwoT,
    lower_bounds,
    p_of,
    two_t_mean,
    two_t_p,
    two_t_ps,
    two_t_ratio,
    two_t_ratios,
    two_t_test,
    two_t_tests,
)

CASES = np.repeat(np.arange(20), np.random.default_rng(1).integers(1, 6, 20))


def table(rows: int = 6, seeds: int = 5, examples: int = len(CASES)) -> list[np.ndarray]:
    """Answers of rows that differ, the last two the same, and one that is always right."""
    rng = np.random.default_rng(rows + seeds)
    hard = rng.random(examples)
    made = [(rng.random((seeds, examples)) < np.clip(hard + 0.05 * row, 0, 1)).astype(float) for row in range(rows)]
    return [*made, made[-1], np.ones((seeds, examples))]


@pytest.mark.parametrize("cases", [None, CASES], ids=["examples", "passages"])
def test_mean_squares_follow_the_formula(cases):
    x, y, *_ = table()
    d, size = x - y, np.ones(len(CASES)) if cases is None else np.bincount(cases)
    weight = size / size.mean()
    by_case = d if cases is None else np.stack([np.bincount(cases, weights=row) for row in d]) / size
    seeds, count = by_case.shape
    of_seed, m, of_case = d.mean(axis=1), d.mean(), by_case.mean(axis=0)
    rest = by_case - of_seed[:, None] - of_case + m
    test = two_t_test(x, y, cases)
    assert test.ms_seed == pytest.approx(count * np.square(of_seed - m).sum() / (seeds - 1))
    assert test.ms_example == pytest.approx(seeds * np.square(weight * (of_case - m)).sum() / (count - 1))
    assert test.ms_interaction == pytest.approx(np.square(weight * rest).sum() / ((seeds - 1) * (count - 1)))


@pytest.mark.parametrize("cases", [None, CASES], ids=["examples", "passages"])
def test_each_test_of_a_table_is_the_one_it_is_alone(cases):
    rows = table()
    parts = [Parts.of(row, cases) for row in rows]
    pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows)) if i != j]
    factors = [1.0 + (i + j) % 3 for i, j in pairs]
    apart = [(parts[i], parts[j]) for i, j in pairs]
    tests, p = two_t_tests(apart, inflations=factors), two_t_ps(apart, inflations=factors)
    ratios = two_t_ratios(apart, inflations=factors)
    values = [0.01 * i - 0.02 * j for i, j in pairs]
    at, bounds = p_of(tests, values), lower_bounds(tests, 0.99)
    for n, ((i, j), factor) in enumerate(zip(pairs, factors, strict=True)):
        alone = two_t_test(rows[i], rows[j], cases, inflation=factor)
        assert tests[n] == alone
        assert p[n] == alone.p == two_t_p(rows[i], rows[j], cases, inflation=factor)
        assert ratios[n] == two_t_ratio(rows[i], rows[j], cases, inflation=factor)
        assert at[n] == alone.p_of(values[n])
        assert bounds[n] == alone.lower_bound(0.99)
    assert two_t_tests([(row, None) for row in parts]) == [two_t_mean(row, cases) for row in rows]


def test_rows_without_a_test_are_among_those_with_one():
    x, y, *_ = table()
    one = two_t_tests([(Parts.of(x), Parts.of(y)), (Parts.of(x[:1]), Parts.of(y[:1])), (Parts.of(x[:, :1]), None)])
    assert one[0] == two_t_test(x, y)
    assert [(test.p, test.low, test.error) for test in one[1:]] == [(None, None, None)] * 2
    assert p_of([one[1], None, one[0]], [0.0] * 3) == [None, None, pytest.approx(one[0].p)]
    assert lower_bounds([None, one[1], one[0]], 0.95) == [None, None, pytest.approx(one[0].low)]
    assert two_t_ps([]) == two_t_tests([]) == two_t_ratios([]) == []


def test_errors_of_any_kind_do_not_depend_on_those_beside_them():
    errors = [
        TwoT(0.01, 0.02, 5, 300),
        TwoT(0.0, 0.0, 5, 300),
        TwoT(0.02, 0.01, 5, 300),
        TwoT(0.03, 0.0, 5, 300),
        TwoT(0.0, 0.01, 3, 12),
        TwoT(0.01, 0.01, 1, 12),
        TwoT(0.01, 0.3, 3, 300),
    ]
    distances = np.array([0.03, 0.1, 0.0, 0.05, 0.02, 0.2, 2.5])
    together = Errors.each_of(errors)
    assert together.split() == errors
    assert together.tail(distances).tolist() == [e.tail(x) for e, x in zip(errors, distances.tolist(), strict=True)]
    assert together.half_width(0.95).tolist() == [error.half_width(0.95) for error in errors]
    assert together.about_half_width(0.95) == pytest.approx(together.half_width(0.95), rel=1e-6)


def test_rows_of_other_shapes_are_refused():
    x, y, *_ = table()
    for other in (Parts.of(y[1:]), Parts.of(y[:, 1:]), Parts.of(y, CASES)):
        with pytest.raises(UsageError, match="same seeds and examples"):
            two_t_tests([(Parts.of(x), other)])
    for call in (two_t_tests, two_t_ratios):
        with pytest.raises(UsageError, match="level = 2"):
            call([(Parts.of(x), Parts.of(y))], level=2)
