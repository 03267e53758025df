"""Student's t through scipy.special, which imports in a tenth of the time of scipy.stats."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def two_sided_p(t: npt.ArrayLike, df: float) -> npt.NDArray[np.float64]:
    """Return P(|T| >= |t|) of each t for T with `df` > 0 degrees of freedom; math.inf is the normal distribution."""
    from scipy import special

    beyond = -np.abs(np.asarray(t, dtype=np.float64))
    return 2.0 * np.asarray(special.ndtr(beyond) if math.isinf(df) else special.stdtr(df, beyond))


def quantile(probability: float, df: float) -> float:
    """Return t with P(T <= t) = probability, 0 < probability < 1; `df` > 0, math.inf is the normal distribution."""
    from scipy import special

    return float(special.ndtri(probability) if math.isinf(df) else special.stdtrit(df, probability))
