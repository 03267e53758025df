"""Calling a scorer and checking what it gives: a score that cannot be right is refused or warned of by name.

A score has to be one finite number per example, still labelled with the examples; the same when the scorer is called
again; and an example's own, wherever it is in the file. A scorer that declares `per_example` is given blocks of
examples, so that millions need not be held at once; its scores have to be the same whatever is in the block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hbench.errors import UsageError
from hbench.files import first_line
from hbench.plugins.scorer import Scorer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr


#: Examples of a block. Numpy adds the values of a lone example in another order than those of several, so that blocks
#: are of nearly equal size and none is small.
BLOCK = 1 << 18
#: Examples on which a scorer is called again. Of more, that many are taken at equal distances, so that the checks cost
#: milliseconds however many are scored.
CHECKED = 5000
#: Share of the range of the scores within which two are equal, and share of the examples that may differ by more: sums
#: depend on the order of adding, and scores that are nearly equal may change places by it.
_ROUNDING, _TURNED = 1e-4, 0.01


@dataclass(frozen=True)
class Scored:
    """What a scorer gave for the examples of some dynamics, one entry per example."""

    #: What `score` returned, in its own type.
    scores: npt.NDArray[Any]
    #: What `prefer` made of them, the highest kept first.
    preference: npt.NDArray[Any]
    #: What `natural` made of them, or None.
    natural: npt.NDArray[Any] | None
    #: What is odd about them without being certainly wrong, one line each.
    notes: tuple[str, ...]


def score_examples(scorer: Scorer, dynamics: xr.Dataset, runs: int) -> Scored:
    """Score the examples of some dynamics, as `score_blocks` does."""
    size = dynamics.sizes["example"]

    def read(start: int, stop: int) -> xr.Dataset:
        return dynamics if stop - start == size else dynamics.isel(example=slice(start, stop))

    return score_blocks(scorer, read, size, runs)


def score_blocks(scorer: Scorer, read: Callable[[int, int], xr.Dataset], size: int, runs: int) -> Scored:
    """Score `size` examples and check the answer: in blocks where the scorer allows it, else all at once.

    read: gives the dynamics, which hold what the scorer declared, of the examples from one position up to another.
    runs: the number of scoring runs behind the dynamics. Every note is logged as a warning too.
    Raises UsageError naming the scorer, what is wrong and the fix: a signal that it did not declare, scores of another
    form or without their examples, scores that differ when it is called again, positions instead of scores, and scores
    that depend on the other examples of a block.
    """
    import numpy as np

    parts, samples = [], []
    positions = np.arange(size) if size <= CHECKED else np.linspace(0, size - 1, CHECKED).astype(np.int64)
    for start, stop in _blocks(size, BLOCK if scorer.per_example else size):
        dynamics = read(start, stop)
        parts.append(_score_part(scorer, dynamics, runs))
        inside = positions[(start <= positions) & (positions < stop)] - start
        samples.append(dynamics if len(inside) == stop - start else dynamics.isel(example=inside))
        del dynamics  # before the next block is read
    scores, preference, natural = (_joined(values) for values in zip(*parts, strict=True))
    assert scores is not None and preference is not None
    sample = _Sample(_concatenated(samples), positions, runs, whole=size <= CHECKED)
    notes = [*constant(scorer, preference), *_again(scorer, sample, Scored(scores, preference, natural, ()))]
    for note in notes:
        import logging  # only scores that are in doubt need it, and every command reads this module

        logging.getLogger("hbench").warning(note)
    return Scored(scores, preference, natural, tuple(notes))


def _blocks(size: int, longest: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of the fewest blocks of nearly equal size that are no longer than `longest`; one when empty."""
    count = max(1, -(-size // max(1, longest)))
    for block in range(count):
        yield size * block // count, size * (block + 1) // count


_Part = tuple["npt.NDArray[Any]", "npt.NDArray[Any]", "npt.NDArray[Any] | None"]


def _score_part(scorer: Scorer, dynamics: xr.Dataset, runs: int) -> _Part:
    """Return the scores, the order of keeping and the natural subset of the examples of a block."""
    scores = checked(scorer, scorer.score(dynamics), dynamics)
    preference = checked(scorer, scorer.prefer(scores, runs), dynamics)
    natural = scorer.natural(scores, runs)
    if natural is not None:
        natural = checked(scorer, natural, dynamics)
    return scores.to_numpy(), preference.to_numpy(), None if natural is None else natural.to_numpy()


def _joined(parts: tuple[npt.NDArray[Any] | None, ...]) -> npt.NDArray[Any] | None:
    import numpy as np

    given = [part for part in parts if part is not None]
    return np.concatenate(given) if len(given) > 1 else next(iter(given), None)


def _concatenated(samples: list[xr.Dataset]) -> xr.Dataset:
    import xarray as xr

    if len(samples) == 1:
        return samples[0]
    joined = xr.concat(
        samples, dim="example", data_vars="minimal", coords="minimal", compat="override", join="override"
    )
    return joined.assign_attrs(samples[0].attrs)


def choose(
    scorer: Scorer,
    preference: npt.NDArray[np.float64],
    ids: Sequence[str] | npt.NDArray[np.str_],
    labels: npt.NDArray[np.int64] | None,
    *,
    count: int,
    seed: int,
) -> npt.NDArray[np.bool_]:
    """Return the subset of a scorer, bool (n,), `count` of them true: its own `pick`, after what its options drop.

    preference: what its scores gave, the highest kept first. labels: the class of each example, for the option
    `balance`. seed: of the order of ties, and of what is drawn. Raises as `hbench.selection.select` does.
    """
    from hbench.selection import select  # needs numpy, which naming a plugin does not

    return select(
        preference,
        ids,
        count=count,
        offset=scorer.offset,
        balance=labels if scorer.balance else None,
        seed=seed,
        pick=None if type(scorer).pick is Scorer.pick else scorer.pick,
    )


def checked(scorer: Scorer, scores: xr.DataArray, dynamics: xr.Dataset) -> xr.DataArray:
    """Return the scores when they are one finite number per example. Raises UsageError, saying what is wrong."""
    import numpy as np
    import xarray as xr

    name = type(scorer).__name__
    if not isinstance(scores, xr.DataArray):
        raise UsageError(
            f"{name} gave a {type(scores).__name__}; expected an xarray.DataArray over the examples, "
            "such as dynamics.loss.mean(('run', 'epoch'))"
        )
    if scores.dims != ("example",) or scores.sizes["example"] != dynamics.sizes["example"]:
        raise UsageError(f"{name} gave an array {dict(scores.sizes)}; expected one number per example")
    if "example" not in scores.coords:
        raise UsageError(
            f"{name} gave scores that lost their examples' ids, so that their order cannot be checked; "
            "compute with dynamics' own arrays, or pass coords={'example': dynamics['example']}"
        )
    if not scores["example"].equals(dynamics["example"]):
        raise UsageError(f"{name} gave the scores in another order of examples; return them as they came")
    if scores.dtype.kind not in "biuf":
        raise UsageError(f"{name} gave scores of the type {scores.dtype}; expected real numbers")
    finite = np.isfinite(scores.to_numpy())
    if not finite.all():
        where = str(scores["example"].to_numpy()[~finite][0])
        raise UsageError(f"{name} gave {int((~finite).sum())} scores that are not finite, first at example {where}")
    return scores


def constant(scorer: Scorer, values: npt.NDArray[Any]) -> list[str]:
    """Return what to warn of where all examples are preferred equally."""
    if values.size < 2 or (values != values[0]).any():
        return []
    return [
        f"{type(scorer).__name__} prefers all {values.size} examples equally, so that what it keeps is a random subset"
    ]


@dataclass(frozen=True)
class _Sample:
    """Examples on which a scorer is called again."""

    dynamics: xr.Dataset
    #: Their positions among all examples.
    positions: npt.NDArray[np.int64]
    runs: int
    #: True when these are all examples.
    whole: bool


def _again(scorer: Scorer, sample: _Sample, given: Scored) -> list[str]:
    """Call the scorer twice more, on the same examples and on these in another order; return what to warn of.

    Raises UsageError when the same dynamics get other scores, the scores are positions, or what was said to be per
    example is not.
    """
    import numpy as np

    who, dynamics = type(scorer).__name__, sample.dynamics
    first = given.scores[sample.positions]
    if scorer.per_example:
        _check_per_example(scorer, sample, given)
    elif not sample.whole:
        try:
            first = scorer.score(dynamics).to_numpy()
        except Exception as error:  # noqa: BLE001 - the scorer's own code may need all the examples, and may raise anything
            return [f"{who} could not be called again on {CHECKED} of its examples ({first_line(error)}): not checked"]
    second = scorer.score(dynamics).to_numpy()
    if not np.array_equal(first, second, equal_nan=True):
        raise UsageError(
            f"{who} gave other scores when it was called again on the same dynamics: it draws at random, keeps "
            "something or changes its input; draw from np.random.default_rng(dynamics.attrs['draw'])"
        )
    order = np.random.default_rng(0).permutation(len(first))
    turned = scorer.score(dynamics.isel(example=order)).to_numpy()
    if close(first[order], turned):
        return []
    if np.array_equal(np.sort(first), np.arange(len(first))) and not _is_rank(first, order, turned):
        raise UsageError(
            f"{who} gave positions, as argsort does: entry i says which example is i-th, not where example i is; "
            "use scipy.stats.rankdata for ranks, or return the values themselves"
        )
    return [f"{who} scores an example by its position: the same examples in another order get other scores"]


def _check_per_example(scorer: Scorer, sample: _Sample, given: Scored) -> None:
    """Refuse scores that examples get in one company and not in another. Raises UsageError naming what differs.

    What was given for all examples is compared with what the sample alone gets, and each half of it.
    """
    import numpy as np

    size = len(sample.positions)
    halves = [slice(0, size)] if size < 4 else [slice(0, size), slice(0, size // 2), slice(size // 2, size)]
    for half in halves:
        alone = _score_part(scorer, sample.dynamics.isel(example=half), sample.runs)
        places = sample.positions[half]
        for name, among_all, found in zip(
            ("score", "prefer", "natural"), (given.scores, given.preference, given.natural), alone, strict=True
        ):
            if among_all is not None and found is not None and not np.array_equal(among_all[places], found):
                raise UsageError(
                    f"{type(scorer).__name__} declares per_example = True, but what `{name}` gives an example depends "
                    "on the other examples, or differs when it is called again; leave per_example out"
                )


def close(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Return whether scores of the same examples are equal but for rounding."""
    import numpy as np

    if one.shape != other.shape:
        return False
    first, second = one.astype(np.float64), other.astype(np.float64)
    return bool(np.mean(np.nan_to_num(abs(first - second)) > _ROUNDING * np.ptp(np.nan_to_num(first))) <= _TURNED)


def _is_rank(first: npt.NDArray[Any], order: npt.NDArray[np.int64], turned: npt.NDArray[Any]) -> bool:
    """Return whether the values go with their examples at least roughly, as ranks do whose ties go by position."""
    import numpy as np

    return bool(np.corrcoef(first[order].astype(np.float64), turned.astype(np.float64))[0, 1] > 0.5)
