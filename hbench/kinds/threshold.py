"""When to leave a question unanswered: a threshold for the score of no answer, tuned apart from where it is used."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Groups of passages, each judged by the threshold that is best for the others.
_FOLDS = 10


def best_threshold(difference: Floats, gain: Floats) -> float:
    """Return the threshold at which answering gains most, -inf where answering nothing is best.

    difference: (n,) score of no answer minus that of the best span; a question is answered where it is at most the
    threshold, never where it is NaN. gain: (n,) what answering the question adds to the metric. Of thresholds that
    gain the same the lowest is returned: it answers least.
    """
    order = np.argsort(difference, kind="stable")
    order = order[~np.isnan(difference[order])]
    ordered = difference[order]
    reached = np.cumsum(gain[order])
    # equal differences are answered together
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)])
    if not len(last) or reached[last].max() <= 0:
        return -np.inf
    return float(ordered[last[reached[last].argmax()]])


def cross_fitted(difference: Floats, gain: Floats, cases: npt.NDArray[np.int64]) -> Floats:
    """Return each question's threshold, (n,): the one that is best for the questions of other passages.

    cases: (n,) the passage of each question. Passages are dealt out, in the order of their numbers, to ten groups, or
    to as many as there are passages; a group's threshold is tuned on all others. No answer is judged by a threshold
    that its own passage had a part in. Raises ValueError when there is one passage only.
    """
    passages, case = np.unique(cases, return_inverse=True)
    if len(passages) < 2:
        raise ValueError("a threshold cannot be tuned on one passage")
    group = case % min(_FOLDS, len(passages))
    thresholds = np.empty(len(difference))
    for number in np.unique(group):
        own = group == number
        thresholds[own] = best_threshold(difference[~own], gain[~own])
    return thresholds
