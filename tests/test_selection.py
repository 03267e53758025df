"""From preferences to subsets: sizes, order, ties, classes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hbench.errors import DataError, UsageError
from hbench.selection import _sorted, class_shares, count_for, select

quick = settings(deadline=None, max_examples=150)
SEEDS = st.integers(0, 2**32 - 1)
#: Few distinct values, so that ties are the rule, as with H-score and forgetting events.
PREFERENCES = st.lists(st.integers(-2, 2), min_size=1, max_size=30).map(lambda v: np.array(v, dtype=np.float64))


def names(n):
    return [f"row-{number}" for number in range(n)]


def half_up(value: float) -> int:
    return int(round(value, 9) + 0.5)


@st.composite
def selections(draw):
    """Draw a preference, an offset and a count that can be had."""
    preference = draw(PREFERENCES)
    n = len(preference)
    offset = draw(st.floats(0, 0.9))
    assume(half_up(offset * n) < n)
    count = draw(st.integers(1, n - half_up(offset * n)))
    return preference, offset, count


@quick
@given(selections(), SEEDS)
def test_keeps_the_highest_after_dropping_the_top(selection, seed):
    preference, offset, count = selection
    mask = select(preference, names(len(preference)), count=count, offset=offset, seed=seed)
    assert mask.dtype == bool
    assert mask.sum() == count
    kept = sorted(preference[mask], reverse=True)
    drop = half_up(offset * len(preference))
    assert kept == sorted(preference, reverse=True)[drop : drop + count]


@quick
@given(selections(), SEEDS, st.randoms(use_true_random=False), st.booleans())
def test_no_tie_follows_the_order_of_the_file(selection, seed, shuffler, balanced):
    preference, offset, count = selection
    n = len(preference)
    ids = names(n)
    balance = np.arange(n) % 3 if balanced else None
    order = list(range(n))
    shuffler.shuffle(order)
    mask = select(preference, ids, count=count, offset=offset, seed=seed, balance=balance)
    shuffled = select(
        preference[order],
        [ids[i] for i in order],
        count=count,
        offset=offset,
        seed=seed,
        balance=None if balance is None else balance[order],
    )
    assert shuffled.tolist() == mask[order].tolist()


def test_ties_are_drawn_evenly_and_anew_for_every_seed():
    masks = np.array([select(np.zeros(20), names(20), count=5, seed=seed) for seed in range(400)])
    assert len(np.unique(masks, axis=0)) > 390
    assert masks.mean(0) == pytest.approx(np.full(20, 0.25), abs=0.08)
    again = select(np.zeros(20), names(20), count=5, seed=7)
    assert again.tolist() == masks[7].tolist()


@quick
@given(selections(), SEEDS, st.data())
def test_balance_keeps_the_classes_in_their_proportions(selection, seed, data):
    preference, offset, count = selection
    n = len(preference)
    labels = np.array(data.draw(st.lists(st.sampled_from([0, 1, 4]), min_size=n, max_size=n)))
    mask = select(preference, names(n), count=count, offset=offset, balance=labels, seed=seed)
    assert mask.sum() == count
    drop = half_up(offset * n)
    for label in np.unique(labels):
        own = labels == label
        gone_exactly = drop * own.sum() / n
        left_exactly = own.sum() - gone_exactly
        # One example for rounding what is kept, and one for rounding what was dropped before.
        assert abs(mask[own].sum() - count * left_exactly / (n - drop)) < 2
        if offset == 0:
            assert abs(mask[own].sum() - count * own.sum() / n) < 1
            lowest_kept = preference[own & mask].min(initial=np.inf)
            assert lowest_kept >= preference[own & ~mask].max(initial=-np.inf)


def test_balance_drops_within_each_class():
    preference = np.array([9.0, 8, 7, 6, 3, 2, 1, 0])
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    mask = select(preference, names(8), count=4, offset=0.25, balance=labels)
    assert mask.tolist() == [False, True, True, False] * 2


def test_without_balance_one_class_may_take_all():
    preference = np.array([9.0, 8, 7, 6, 3, 2, 1, 0])
    assert select(preference, names(8), count=3, offset=0.125).tolist() == [False] + [True] * 3 + [False] * 4


@quick
@given(PREFERENCES, SEEDS)
def test_does_not_change_its_input(preference, seed):
    before = preference.copy()
    preference.flags.writeable = False
    select(preference, names(len(preference)), count=1, seed=seed)
    assert preference.tolist() == before.tolist()


@pytest.mark.parametrize(("count", "offset"), [(0, 0.0), (11, 0.0), (10, 0.1), (-1, 0.0)])
def test_a_count_that_cannot_be_had_is_refused(count, offset):
    with pytest.raises(UsageError, match=f"cannot keep {count} of 10 examples .* between 1 and"):
        select(np.zeros(10), names(10), count=count, offset=offset)


def test_bad_input_is_refused_by_name():
    with pytest.raises(DataError, match="'row-1' is not finite"):
        select(np.array([0.0, np.nan]), names(2), count=1)
    with pytest.raises(DataError, match="'a' is listed twice"):
        select(np.zeros(3), ["a", "b", "a"], count=1)
    with pytest.raises(DataError, match="for 2 ids"):
        select(np.zeros(3), names(2), count=1)
    with pytest.raises(DataError, match="2 labels for 3 examples"):
        select(np.zeros(3), names(3), count=1, balance=np.array([0, 1]))


@quick
@given(st.integers(1, 10_000), st.integers(1, 200_000))
def test_count_is_the_written_share_rounded_half_up(share, n):
    exact = Fraction(share, 10_000) * n
    assert count_for(share / 10_000, n) == max(1, int(exact + Fraction(1, 2)))


@pytest.mark.parametrize(
    ("keep", "n", "count"), [(0.29, 50, 15), (0.3, 5, 2), (0.25, 2, 1), (0.5, 5, 3), (0.001, 10, 1), (1, 7, 7)]
)
def test_counts(keep, n, count):
    assert count_for(keep, n) == count


@pytest.mark.parametrize(("keep", "n"), [(0.0, 10), (-0.1, 10), (1.01, 10), (float("nan"), 10), (0.5, 0)])
def test_a_share_out_of_range_is_refused(keep, n):
    with pytest.raises(UsageError, match=f"keep {keep}"):
        count_for(keep, n)


def test_class_shares():
    mask = np.array([True, True, False, True, True])
    labels = np.array([0, 2, 1, 2, 2])
    assert class_shares(mask, labels, ("no", "maybe", "yes")) == {"no": 0.25, "maybe": 0.0, "yes": 0.75}
    assert class_shares(np.zeros(5, dtype=bool), labels, ("no", "maybe", "yes")) == dict.fromkeys(
        ("no", "maybe", "yes"), 0.0
    )
    with pytest.raises(DataError, match="2 class names"):
        class_shares(mask, labels, ("no", "yes"))


#: Texts of mixed length: ASCII, and any that a file can hold, with characters before and beyond each other's range.
IDS = st.one_of(
    st.lists(st.text(st.characters(max_codepoint=127, exclude_characters="\0"), max_size=20), max_size=40, unique=True),
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9), max_size=40, unique=True
    ),
)


@quick
@given(IDS)
def test_ids_are_sorted_as_texts_are(ids):
    assert [ids[i] for i in _sorted(np.asarray(ids, dtype=str))] == sorted(ids)


@quick
@given(IDS.filter(lambda ids: len(ids) > 0), SEEDS)
def test_arrays_of_ids_select_what_lists_do(ids, seed):
    preference = np.zeros(len(ids))
    count = (len(ids) + 1) // 2
    one = select(preference, ids, count=count, seed=seed)
    assert select(preference, np.array(ids, dtype=str), count=count, seed=seed).tolist() == one.tolist()
    # what a permutation over the sorted ids gives, written out
    ranks = dict(zip(sorted(ids), np.random.default_rng(seed).permutation(len(ids)), strict=True))
    assert [i for i, kept in zip(ids, one, strict=True) if kept] == [
        i for i in ids if ranks[i] in sorted(ranks.values())[:count]
    ]
