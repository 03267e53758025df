"""The smallest difference a comparison could have shown."""

from __future__ import annotations

import math

from hbench.errors import UsageError
from hbench.statistics.crossed import CrossedTest
from hbench.statistics.student import quantile


def smallest_detectable(test: CrossedTest, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """Return the true difference, > 0, that a two-sided test with this one's variance finds with probability `power`.

    Units of the values; finds means p < alpha with the right sign. Solves P(T > t) = power for the noncentrality of
    Student's t with the test's own standard error and degrees of freedom. None where the test has none of its own:
    no test, or results that do not vary. Raises UsageError unless alpha / 2 < power < 1 and 0 < alpha < 1.
    """
    if not 0 < alpha < 1 or not alpha / 2 < power < 1:
        raise UsageError(f"power = {power}, alpha = {alpha}: use shares between 0 and 1, power above alpha / 2")
    if test.se is None or test.df is None or test.se == 0:
        return None
    from scipy import special

    critical = quantile(1 - alpha / 2, test.df)
    if math.isinf(test.df):
        return (critical + quantile(power, math.inf)) * test.se
    return float(special.nctdtrinc(test.df, 1 - power, critical)) * test.se
