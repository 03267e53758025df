"""Looking at results more than once: the level of each look, so that all of them together hold alpha.

A board that is read with 6 seeds, and read again with 12 because nothing was shown, has two chances of a false claim.
With k equally spaced looks planned in advance, Pocock (1977, Biometrika 64:191) tests each at the same smaller level:
with X_1, X_2, ... independent and standard normal and S_j their sum, the bound c solves

    P(|S_j| <= c sqrt(j) for all j = 1..k) = 1 - alpha          level of a look = P(|X_1| > c)

The probability follows by recursion over the looks (Armitage, McPherson, Rowe 1969, Journal of the Royal Statistical
Society A 132:235): the density of S_j among the boards that have shown nothing before is

    f_1 = phi;  f_j(s) = integral of f_(j-1)(u) phi(s - u) over |u| <= c sqrt(j - 1)

integrated by Gauss and Legendre. The t tests of the board take the level for their p values (Jennison, Turnbull 2000,
Group Sequential Methods, section 4.4): how well that holds is simulated in docs/statistics.md.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError

#: Nodes of an integral; ten times as many change no level by 1e-12.
_NODES = 80
_MOST_LOOKS = 20


@functools.cache
def pocock_level(looks: int, alpha: float = 0.05) -> float:
    """Return the two-sided level of each of 1..20 equally spaced looks that together hold alpha, 0 < alpha < 1.

    .0294, .0221, .0182 and .0158 for two to five looks at 5 %. Raises UsageError on another number or alpha.
    """
    if not 1 <= looks <= _MOST_LOOKS or not 0 < alpha < 1:
        raise UsageError(f"looks = {looks}, alpha = {alpha}: use 1 to {_MOST_LOOKS} looks and alpha between 0 and 1")
    if looks == 1:
        return alpha
    from scipy import optimize, special

    first, last = special.ndtri(1 - alpha / 2), special.ndtri(1 - alpha / (2 * looks))
    bound = optimize.brentq(lambda c: _shown_nothing(c, looks) - (1 - alpha), first, last, xtol=1e-13)
    return 2 * float(special.ndtr(-bound))


def _shown_nothing(bound: float, looks: int) -> float:
    """Return the probability that no look of a board without a true difference goes beyond the bound."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    at, width = bound * nodes, bound * weights
    density = _normal(at)
    for look in range(2, looks + 1):
        reach = bound * math.sqrt(look)
        density = _normal(reach * nodes[:, None] - at) @ (width * density)
        at, width = reach * nodes, reach * weights
    return float(width @ density)


def _normal(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi), dtype=np.float64)
