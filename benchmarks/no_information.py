"""Scorers that know nothing: a seeded random order for every run that they read.

A board of them shows what its verdicts are worth: none of them can be better or worse than a random subset.
`hbench run benchmarks/no_information.toml --plugin benchmarks/no_information.py --data-dir DIR` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from hbench.plugins import Scorer, observe


@dataclass(frozen=True)
class NoInformation(Scorer):
    """A uniform number in [0, 1) per example and run, whatever the run observed; the mean over runs.

    The numbers are dealt out over the sorted ids and follow from `number` and the seed of the run, so that a scorer's
    subset is as lucky or unlucky as that of any scorer that learns nothing from its runs.

    number: tells such scorers apart, 1 and up.
    """

    number: int = 1

    needs = observe("correct", at="train")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean draws, float64, dims (example,)."""
        ids = dynamics["example"]
        order = np.argsort(ids.values.astype(str))
        total = np.zeros(ids.size)
        for run in dynamics["run"].values.tolist():
            total[order] += np.random.default_rng([self.number, run]).random(ids.size)
        return xr.DataArray(total / dynamics.sizes["run"], coords={"example": ids}, dims="example")
