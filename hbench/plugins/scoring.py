"""Calling a scorer and checking what it gives: a score that cannot be right is refused or warned of by name.

A score has to be one finite number per example, still labelled with the examples; the same when the scorer is called
again; and an example's own, wherever it is in the file.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hbench.errors import UsageError
from hbench.files import first_line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr

    from hbench.plugins.scorer import Scorer

#: Examples on which a scorer is called again. Of more, that many are taken at equal distances, so that the checks cost
#: milliseconds however many are scored.
CHECKED = 5000
#: Share of the range of the scores within which two are equal, and share of the examples that may differ by more: sums
#: depend on the order of adding, and scores that are nearly equal may change places by it.
_ROUNDING, _TURNED = 1e-4, 0.01


@dataclass(frozen=True)
class Scored:
    """What a scorer gave for the examples of some dynamics."""

    #: What `score` returned, dims (example,).
    scores: xr.DataArray
    #: What `prefer` made of them, dims (example,), the highest kept first.
    preference: xr.DataArray
    #: What `natural` made of them, dims (example,), or None.
    natural: xr.DataArray | None
    #: What is odd about them without being certainly wrong, one line each.
    notes: tuple[str, ...]


def score_examples(scorer: Scorer, dynamics: xr.Dataset, runs: int) -> Scored:
    """Score the examples of some dynamics, which hold what the scorer declared, and check the answer.

    runs: the number of scoring runs behind the dynamics. Every note is logged as a warning too.
    Raises UsageError naming the scorer, what is wrong and the fix: a signal that it did not declare, scores of another
    form or without their examples, scores that differ when it is called again, and positions instead of scores.
    """
    scores = checked(scorer, scorer.score(dynamics), dynamics)
    preference = checked(scorer, scorer.prefer(scores, runs), dynamics)
    natural = scorer.natural(scores, runs)
    if natural is not None:
        natural = checked(scorer, natural, dynamics)
    notes = [*_constant(scorer, preference), *_again(scorer, dynamics, scores)]
    for note in notes:
        logging.getLogger("hbench").warning(note)
    return Scored(scores, preference, natural, tuple(notes))


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


def _constant(scorer: Scorer, preference: xr.DataArray) -> list[str]:
    values = preference.to_numpy()
    if values.size < 2 or (values != values[0]).any():
        return []
    return [
        f"{type(scorer).__name__} prefers all {values.size} examples equally, so that what it keeps is a random subset"
    ]


def _again(scorer: Scorer, dynamics: xr.Dataset, scores: xr.DataArray) -> list[str]:
    """Call the scorer twice more, on the same examples and on these in another order; return what to warn of.

    Raises UsageError when the same dynamics get other scores, or the scores are positions.
    """
    import numpy as np

    who, size = type(scorer).__name__, dynamics.sizes["example"]
    sample, first = dynamics, scores.to_numpy()
    if size > CHECKED:
        sample = dynamics.isel(example=np.linspace(0, size - 1, CHECKED).astype(int))
        try:
            first = scorer.score(sample).to_numpy()
        except Exception as error:  # noqa: BLE001 - the scorer's own code may need all the examples, and may raise anything
            return [f"{who} could not be called again on {CHECKED} of its examples ({first_line(error)}): not checked"]
    second = scorer.score(sample).to_numpy()
    if not np.array_equal(first, second, equal_nan=True):
        raise UsageError(
            f"{who} gave other scores when it was called again on the same dynamics: it draws at random, keeps "
            "something or changes its input; draw from np.random.default_rng(dynamics.attrs['draw'])"
        )
    order = np.random.default_rng(0).permutation(len(first))
    turned = scorer.score(sample.isel(example=order)).to_numpy()
    if _close(first[order], turned):
        return []
    if np.array_equal(np.sort(first), np.arange(len(first))) and not _is_rank(first, order, turned):
        raise UsageError(
            f"{who} gave positions, as argsort does: entry i says which example is i-th, not where example i is; "
            "use scipy.stats.rankdata for ranks, or return the values themselves"
        )
    return [f"{who} scores an example by its position: the same examples in another order get other scores"]


def _close(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
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
