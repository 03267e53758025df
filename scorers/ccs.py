"""CCS: cover the whole range of a score instead of keeping its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.plugins import Selection

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Ccs(Selection):
    """Coverage-centric selection: drop the hardest, then take as many examples from every stratum of the scores.

    Written around a scorer, such as `ccs(aum)`; its hard end is the one that the scorer keeps first. What is left after
    the option `offset`, the paper's beta, is cut into strata of equal width between the lowest and the highest score.
    Strata share what is to be kept evenly, the smallest first: one with fewer examples than its share gives all it has,
    and the others share the rest; examples of a stratum are drawn at random. Zheng et al. 2023, arXiv 2210.15809,
    Algorithm 1. There beta is searched for each data set and pruning rate, from 0 to 0.3; 0.1 is our default.

    strata: number of strata, at least 1.
    """

    strata: int = 50
    offset: float = field(default=0.1, kw_only=True)

    cite = "zheng2023coverage"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strata < 1:
            raise UsageError(f"ccs[strata={self.strata}]: use at least 1")

    def pick(
        self, preference: npt.NDArray[np.float64], count: int, random: np.random.Generator
    ) -> npt.NDArray[np.bool_]:
        """Return `count` examples spread over the strata, bool (n,)."""
        import numpy as np

        low, high = preference.min(), preference.max()
        position = (preference - low) / (high - low) if high > low else np.zeros(len(preference))
        stratum = np.minimum((position * self.strata).astype(np.int64), self.strata - 1)
        kept = np.zeros(len(preference), dtype=bool)
        members = sorted((np.flatnonzero(stratum == s) for s in np.unique(stratum)), key=len)
        for place, examples in enumerate(members):
            share = min(len(examples), count // (len(members) - place))
            kept[random.permutation(examples)[:share]] = True
            count -= share
        return kept
