"""Student's t through scipy.special, which imports in a tenth of the time of scipy.stats."""

from __future__ import annotations

import math


def two_sided_p(t: float, df: float) -> float:
    """Return P(|T| >= |t|) for T with `df` > 0 degrees of freedom; math.inf is the normal distribution."""
    from scipy import special

    return 2.0 * float(special.ndtr(-abs(t)) if math.isinf(df) else special.stdtr(df, -abs(t)))


def quantile(probability: float, df: float) -> float:
    """Return t with P(T <= t) = probability, 0 < probability < 1; `df` > 0, math.inf is the normal distribution."""
    from scipy import special

    return float(special.ndtri(probability) if math.isinf(df) else special.stdtrit(df, probability))
