"""What a natural subset can hold at all, known before any training: every history of an example is scored.

H-score, for one, counts the runs that were right at every epoch and leaves out those examples for which none was, or
all were: with a single run no example is left, whatever is trained.
"""

from __future__ import annotations

from hbench.dynamics.signals import SIGNALS
from hbench.plugins import Scorer

#: Truths of a history at most: all patterns of so many are scored.
_MOST = 12


def holds_any(scorer: Scorer, runs: int, epochs: int) -> bool | None:
    """Return whether some history of `runs` >= 1 runs over `epochs` >= 1 epochs is in a scorer's natural subset.

    None where that cannot be told: for a scorer without such a subset, one whose scores depend on the other examples or
    on signals that are not true or false, and for histories that are too many to try, if none of those tried is in it.
    Raises UsageError as its `natural` does, such as for an option that needs more runs.
    """
    observed = scorer.observation()
    if type(scorer).natural is Scorer.natural or not scorer.per_example or observed is None:
        return None
    if any(SIGNALS[name].dtype != "bool" for name in observed.signals):
        return None
    wanted = observed.epochs or tuple(range(1, epochs + 1))
    tried = wanted if observed.epochs else wanted[: max(1, _MOST // (runs * len(observed.signals)))]
    truths = (len(observed.signals), runs, len(tried))
    size = truths[0] * truths[1] * truths[2]
    if size > _MOST:
        return None
    import numpy as np  # with xarray, which a plan that has nothing to ask does without

    from hbench.dynamics.arrays import assemble

    patterns = (np.arange(2**size) >> np.arange(size)[:, None]) & 1
    signals = dict(zip(observed.signals, patterns.astype(bool).reshape(*truths, -1), strict=True))
    every = np.zeros(2**size, dtype=np.int64)
    dynamics = assemble(signals, {"label": every, "length": every + 1}, epochs=tried, capture=observed.at)
    subset = scorer.natural(scorer.score(dynamics), runs)
    if subset is None:
        return None
    return True if bool(subset.any()) else False if tried == wanted else None
