"""Which runs have learnt anything: each one alone against the answer that needs no reading."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.statistics.parts import linearised, rounding_of
from hbench.statistics.student import quantile
from hbench.statistics.tables import paired


@dataclass(frozen=True)
class RunsAbove:
    """The runs of a row against the trivial answer: one entry for each run."""

    #: Whether its mean is above that of the trivial answer, by a one-sided t test over cases at alpha.
    each: tuple[bool, ...]
    #: Whether at least one is by the same test at alpha / runs: the row can be trained.
    any: bool

    @property
    def unstable(self) -> bool:
        """Return whether some runs trained and others did not."""
        return self.any and not all(self.each)


def runs_above(
    values: npt.ArrayLike, trivial: npt.ArrayLike, cases: npt.ArrayLike | None = None, alpha: float = 0.05
) -> RunsAbove:
    """Test every run of values [run, example] against the trivial answer's values [example], over cases alone.

    Each run is a fixed model here: its evaluation cases are the only sample. A run with the trivial answer's own values
    is not above it. Raises UsageError on shapes that do not fit or a value that is not finite.
    """
    ours = np.asarray(values, dtype=np.float64)
    theirs = np.broadcast_to(np.asarray(trivial, dtype=np.float64), ours.shape)
    first, second = paired(ours, theirs)
    mean, linear, size = linearised(first - second, cases)
    rounding = math.sqrt(
        rounding_of(float(max(np.abs(first).max(), np.abs(second).max())), float(size.max() / size.mean()))
    )
    if len(size) < 2:
        above = tuple(bool(m > rounding) for m in mean)
        return RunsAbove(above, any(above))
    error = linear.std(axis=1, ddof=1) / math.sqrt(len(size))

    def beyond(level: float) -> tuple[bool, ...]:
        return tuple((mean > np.maximum(quantile(1 - level, len(size) - 1) * error, rounding)).tolist())

    return RunsAbove(beyond(alpha), any(beyond(alpha / len(ours))))
