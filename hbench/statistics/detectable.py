"""The smallest difference a comparison could have shown, with the power it is printed for.

Both parts of the variance are estimated, by this comparison and anew by the one that would show the difference. Taken
at its word, an estimate promises too much: it is too small half of the time. So the power is averaged over both: with
the scales a and b of `hbench.statistics.sum_of_ts.TwoT`, the true ones are a / s and b / u for
s^2 ~ chi^2(S - 1) / (S - 1) and u^2 ~ chi^2(C - 1) / (C - 1), the repetition estimates them anew in the same way, and
the difference d solves

    E[P(d + sqrt(a^2 / s^2 + b^2 / u^2) Z > half width of the repetition's interval at 1 - alpha)] = power

With one part this is the t test with an assurance factor for the estimated variance.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.sum_of_ts import Errors, TwoT

Floats = npt.NDArray[np.float64]

#: Angles atan(b / a) at which the factor is worked out, and those at which half widths are; between them it is smooth.
_ANGLES, _FINE = 13, 49
#: Points of the average, a power of 2; their sequence is fixed, so that a board has the same bytes everywhere.
_POINTS = 1024


def detectable_difference(
    error: TwoT, *, comparisons: int = 1, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """Return the true difference, > 0, that a repetition finds with probability `power`, in the units of the scales.

    error: as the test's mean squares give it. comparisons: tests that share `alpha` (Bonferroni, the strictest step of
    Holm). None where results do not vary. Raises UsageError unless alpha / 2 < power < 1, 0 < alpha < 1 and
    comparisons >= 1.
    """
    if not 0 < alpha < 1 or not alpha / 2 < power < 1 or comparisons < 1:
        raise UsageError(
            f"power = {power}, alpha = {alpha}, comparisons = {comparisons}: use shares between 0 and 1, "
            "power above alpha / 2, and at least 1 comparison"
        )
    scale = math.hypot(error.seed, error.case)
    if scale == 0:
        return None
    angles, factors = _factors(error.seed_df, error.case_df, alpha / comparisons, power)
    return scale * float(np.interp(math.atan2(error.case, error.seed), angles, factors))


@functools.lru_cache(maxsize=512)
def _factors(seed_df: float, case_df: float, alpha: float, power: float) -> tuple[Floats, Floats]:
    """Return angles atan(b / a) from 0 to pi / 2, and at each the detectable difference in units of sqrt(a^2 + b^2)."""
    from scipy import special

    angles = np.linspace(0, math.pi / 2, _ANGLES)
    fine = np.linspace(0, math.pi / 2, _FINE)
    every = Errors(np.cos(fine), np.sin(fine), np.full(_FINE, seed_df), np.full(_FINE, case_df))
    widths = every.half_width(1 - alpha)
    uniform = _points()
    s, u, again_s, again_u = (
        np.sqrt(special.chdtri(df, 1 - column) / df)
        for df, column in zip((seed_df, case_df, seed_df, case_df), uniform, strict=True)
    )
    factors = []
    for angle in angles:
        seed, case = math.cos(angle) / s, math.sin(angle) / u
        estimate_seed, estimate_case = seed * again_s, case * again_u
        critical = np.hypot(estimate_seed, estimate_case) * np.interp(
            np.arctan2(estimate_case, estimate_seed), fine, widths
        )
        factors.append(_solve(critical, np.hypot(seed, case), power))
    return angles, np.array(factors)


def _solve(critical: Floats, noise: Floats, power: float) -> float:
    """Return d with mean P(d + noise Z > critical) = power."""
    from scipy import optimize, special

    def missing(d: float) -> float:
        return float(special.ndtr((d - critical) / noise).mean()) - power

    high = 1.0
    while missing(high) < 0:
        high *= 2
    return float(optimize.brentq(missing, 0.0, high, xtol=1e-9))


@functools.cache
def _points() -> Floats:
    """Return evenly spread points in the open unit cube, (4, points): a Sobol sequence, moved off the corners."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(4, scramble=False).random(_POINTS)
    return np.asarray((sequence + 0.5 / _POINTS).T, dtype=np.float64)
