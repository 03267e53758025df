"""The two claims of the leaderboard: no loss against the full data, and better than another subset."""

from __future__ import annotations

from typing import Literal

from hbench.errors import UsageError
from hbench.statistics.crossed import CrossedTest
from hbench.statistics.two_t import TwoTTest

MarginVerdict = Literal["non-inferior", "inferior", "undecided", "no test"]
Superiority = Literal["superior", "worse", "undecided", "no test"]


def margin_verdict(difference: float, margin: float, p_adjusted: float | None, alpha: float = 0.05) -> MarginVerdict:
    """Judge a difference to the full data by the p of a difference of -margin, adjusted for the rows of a table.

    margin: the loss that would still be accepted, declared in advance, >= 0, in the units of the values (0.005 = half a
    point). p_adjusted: of the two-sided test, so that each claim is made at the one-sided level alpha / 2: without an
    adjustment, where -margin lies outside the interval at 1 - alpha; None: no test. Raises UsageError on a negative
    margin.
    """
    if not margin >= 0:
        raise UsageError(f"margin = {margin}: use the accepted loss as a number of at least 0, such as 0.005")
    if p_adjusted is None:
        return "no test"
    if p_adjusted > alpha:
        return "undecided"
    return "non-inferior" if difference > -margin else "inferior"


def superiority(test: CrossedTest | TwoTTest, p_adjusted: float | None, alpha: float = 0.05) -> Superiority:
    """Judge the difference to a baseline by its p value, adjusted for the methods compared with the same baseline.

    superior or worse: p_adjusted <= alpha, and the sign of the difference; undecided: neither was shown, which is no
    evidence that they are equal; no test: p is None, as with one seed.
    """
    if p_adjusted is None:
        return "no test"
    if p_adjusted > alpha or test.mean == 0:
        return "undecided"
    return "superior" if test.mean > 0 else "worse"
