"""From scores to a subset: how many examples, which ones, and how ties are broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import numpy.typing as npt

from hbench.errors import DataError, UsageError

#: Chooses among examples in the order of keeping: their preference and how many to choose, and what it may draw from.
Pick = Callable[[npt.NDArray[np.float64], int, np.random.Generator], npt.NDArray[np.bool_]]
#: Ids compared at once.
_AT_ONCE = 1 << 20


def count_for(keep: float, n: int) -> int:
    """Return the number of examples that a share `keep` of `n` examples is: rounded half up, at least 1.

    The share is taken as it is written, so that 0.29 of 50 is 14.5 and not the 14.4999... of binary fractions.
    Raises UsageError for a share outside 0 < keep <= 1 and for no examples.
    """
    if not 0 < keep <= 1:
        raise UsageError(f"keep {keep}: use a share of the examples, 0 < keep <= 1")
    if n < 1:
        raise UsageError(f"keep {keep}: there are no examples to keep a share of")
    return max(1, _share_of(keep, n))


def _share_of(share: float, n: int) -> int:
    return int((Decimal(repr(float(share))) * n).to_integral_value(ROUND_HALF_UP))


def select(
    preference: npt.NDArray[np.float64],
    ids: Sequence[str] | npt.NDArray[np.str_],
    *,
    count: int,
    offset: float = 0.0,
    balance: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
    pick: Pick | None = None,
) -> npt.NDArray[np.bool_]:
    """Return which examples are kept, bool (n,), `count` of them true: the highest of `preference` first.

    preference: float64 (n,), finite. ids: one text per example, all distinct.
    offset: share of all examples dropped from the preferred end before selecting, rounded as `count_for` does.
    balance: class of each example, int (n,): drop and select within each class separately, in the classes' own
    proportions (largest remainders); None to select over all classes together.
    seed: seeds the permutation over the sorted ids that breaks ties: equal values never follow the order of the file.
    pick: chooses instead of "the highest first" among what `offset` leaves, in that order, within each class where
    there is `balance`.
    Raises DataError for a preference that is not finite, ids that repeat or shapes that disagree; UsageError when
    `count` is below 1 or more than `offset` leaves, and when `pick` gives anything but a choice of its count.
    """
    n = len(preference)
    order = _order(preference, ids, seed)
    drop = _share_of(offset, n)
    if not 1 <= count <= n - drop:
        raise UsageError(
            f"cannot keep {count} of {n} examples after dropping {drop} (offset={offset}); "
            f"keep between 1 and {n - drop}, or lower the offset"
        )
    groups = [order]
    if balance is not None:
        if len(balance) != n:
            raise DataError(f"balance has {len(balance)} labels for {n} examples; give one label to each")
        groups = [order[balance[order] == label] for label in np.unique(balance)]
    dropped = _apportion(drop, [len(group) for group in groups])
    # Shares of what is left after dropping, so that no class is asked for more than it has.
    taken = _apportion(count, [len(group) - gone for group, gone in zip(groups, dropped, strict=True)])
    mask = np.zeros(n, dtype=bool)
    for number, (group, gone, take) in enumerate(zip(groups, dropped, taken, strict=True)):
        if pick is None:
            mask[group[gone : gone + take]] = True
        elif take:
            left = group[gone:]
            random = np.random.default_rng([seed, number])
            mask[left[_checked(pick(preference[left], take, random), len(left), take)]] = True
    return mask


def _checked(chosen: npt.NDArray[np.bool_], size: int, count: int) -> npt.NDArray[np.bool_]:
    if np.shape(chosen) != (size,) or np.asarray(chosen).dtype != bool or np.count_nonzero(chosen) != count:
        raise UsageError(
            f"`pick` gave {np.count_nonzero(chosen)} of {np.size(chosen)} examples (type {np.asarray(chosen).dtype}); "
            f"return one boolean for each of {size}, {count} of them true"
        )
    return chosen


def class_shares(mask: npt.NDArray[np.bool_], labels: npt.NDArray[np.int64], names: Sequence[str]) -> dict[str, float]:
    """Return the share of each class among the examples kept, 0..1, summing to 1; all 0 when none is kept.

    mask: bool (n,). labels: int (n,), places in `names`. Raises DataError for a label that has no name.
    """
    kept = labels[mask]
    if len(kept) and not 0 <= kept.min() <= kept.max() < len(names):
        raise DataError(f"labels run from {kept.min()} to {kept.max()}, but there are {len(names)} class names")
    counts = np.bincount(kept, minlength=len(names))
    return {name: float(count) / max(1, len(kept)) for name, count in zip(names, counts, strict=True)}


def _order(
    preference: npt.NDArray[np.float64], ids: Sequence[str] | npt.NDArray[np.str_], seed: int
) -> npt.NDArray[np.intp]:
    """Return the positions of the examples, the most preferred first."""
    names = np.asarray(ids, dtype=str)
    if names.shape != preference.shape:
        raise DataError(f"preference has shape {preference.shape} for {len(names)} ids; give one number to each")
    finite = np.isfinite(preference)
    if not finite.all():
        raise DataError(f"the preference of example '{names[~finite][0]}' is not finite; fix the scorer")
    by_id = _sorted(names)
    twice = _first_repeated(names, by_id)
    if twice is not None:
        raise DataError(f"example id '{twice}' is listed twice; every id has to be distinct")
    tiebreak = np.empty(len(names), dtype=np.int64)
    tiebreak[by_id] = np.random.default_rng(seed).permutation(len(names))
    return np.lexsort((tiebreak, -preference))


def _sorted(names: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """Return the order that sorts texts, as `np.argsort` does, in a tenth of its time for millions of them.

    Characters are packed into whole words of 64 bits, eight to a word where all are ASCII, else three, and words are
    sorted: where two texts differ first, their words do, in the same direction.
    """
    width = names.dtype.itemsize // 4
    if not len(names) or not width:
        return np.arange(len(names))
    points = np.ascontiguousarray(names).view(np.uint32).reshape(len(names), width)
    bits = 8 if points.max() < 128 else 21
    each = 64 // bits
    words: list[npt.NDArray[np.uint64]] = []
    for first in range(0, width, each):
        word = np.zeros(len(names), dtype=np.uint64)
        for position in range(first, first + each):
            word <<= np.uint64(bits)
            if position < width:
                word |= points[:, position]
        if not words or word.any():
            words.append(word)
    return np.argsort(words[0]) if len(words) == 1 else np.lexsort(words[::-1])


def _first_repeated(names: npt.NDArray[np.str_], by_id: npt.NDArray[np.intp]) -> str | None:
    """Return the first of sorted texts that is there twice, a million at a time, so that no copy of all is made."""
    for start in range(0, len(names), _AT_ONCE):
        part = names[by_id[start : start + _AT_ONCE + 1]]
        twice = part[1:][part[1:] == part[:-1]]
        if len(twice):
            return str(twice[0])
    return None


def _apportion(total: int, sizes: Sequence[int]) -> list[int]:
    """Divide `total` <= sum(sizes) in proportion to the sizes, by largest remainders in exact integers."""
    whole = max(1, sum(sizes))
    parts = [total * size // whole for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda place: -(total * sizes[place] % whole))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts
