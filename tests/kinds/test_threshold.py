"""When a question is left unanswered: thresholds tuned apart from the passages that they are used on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench.kinds.threshold import best_threshold, cross_fitted

QUESTIONS = st.lists(st.tuples(st.sampled_from([-2.0, -0.5, 0.0, 0.25, 3.0]), st.sampled_from([-1.0, 0.0, 0.5, 1.0])))


def reached(threshold: float, difference: np.ndarray, gain: np.ndarray) -> float:
    return float(gain[difference <= threshold].sum())


@given(QUESTIONS)
def test_no_threshold_gains_more_and_none_that_gains_as_much_answers_less(questions: list[tuple[float, float]]) -> None:
    difference, gain = np.array(questions, dtype=np.float64).reshape(-1, 2).T
    found = best_threshold(difference, gain)
    for other in (-np.inf, *difference):
        assert reached(other, difference, gain) <= reached(found, difference, gain)
        if other < found:
            assert reached(other, difference, gain) < reached(found, difference, gain)


def test_a_difference_that_is_not_known_is_never_answered() -> None:
    assert best_threshold(np.array([np.nan, 1.0, np.nan]), np.array([5.0, 1.0, 5.0])) == 1.0
    assert best_threshold(np.array([np.nan]), np.array([5.0])) == -np.inf


def dealt(seed: int, passages: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return differences, gains, and passages of one to four questions each."""
    rng = np.random.default_rng(seed)
    cases = np.repeat(np.arange(passages), rng.integers(1, 5, passages))
    return rng.normal(size=len(cases)), rng.choice([-1.0, 0.4, 1.0], len(cases)), cases


@settings(max_examples=60)
@given(st.integers(0, 1000), st.integers(2, 40))
def test_a_passage_has_no_part_in_its_own_threshold(seed: int, passages: int) -> None:
    difference, gain, cases = dealt(seed, passages)
    thresholds = cross_fitted(difference, gain, cases)
    for passage in range(passages):
        own = cases == passage
        swapped = np.where(own, -gain, gain)
        assert (cross_fitted(difference, swapped, cases)[own] == thresholds[own]).all()
        assert len(set(thresholds[own])) == 1


def test_groups_are_every_tenth_passage_and_tuned_on_all_others() -> None:
    difference, gain, cases = dealt(3, 35)
    thresholds = cross_fitted(difference, gain, cases)
    for number in range(10):
        own = cases % 10 == number
        assert (thresholds[own] == best_threshold(difference[~own], gain[~own])).all()
    assert len(set(thresholds)) > 1


def test_numbers_of_passages_need_not_follow_each_other() -> None:
    difference, gain, cases = dealt(5, 12)
    assert (cross_fitted(difference, gain, 7 * cases + 3) == cross_fitted(difference, gain, cases)).all()


def test_one_passage_cannot_be_tuned() -> None:
    with pytest.raises(ValueError, match="one passage"):
        cross_fitted(np.zeros(3), np.ones(3), np.array([4, 4, 4]))


def test_tuning_finds_what_is_worth_answering_and_gains_elsewhere() -> None:
    """Answers are right more often the lower the difference: at 0 they lose more than they gain, tuned they gain."""
    rng = np.random.default_rng(8)
    difference = rng.normal(size=4000)
    right = rng.uniform(size=4000) < 1 / (1 + np.exp(2 * difference + 1.5))
    gain = np.where(right, 1.0, -1.0)
    thresholds = cross_fitted(difference, gain, np.arange(4000) // 4)
    assert reached(0.0, difference, gain) < 0 < gain[difference <= thresholds].sum()
    assert thresholds == pytest.approx(-0.75, abs=0.25)
