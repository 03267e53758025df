"""InfoBatch: drop some of the well-learnt examples at random, and weigh the rest of them up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.plugins import Choice, Cycle, DynamicScorer, observe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Infobatch(DynamicScorer):
    """Of the examples whose last training loss is below the mean, a random part is left out of the next cycle.

    Those of them that stay have their losses multiplied by 1 / (1 - r), r being the share left out, so that the
    expected gradient is that of all data. The last epochs train on everything. Qin et al. 2024, arXiv 2303.04947,
    section 3; there r is chosen (0.5) and the size follows, here the size is chosen and r follows, so that methods are
    compared at one size: r = (n - kept) / (number below the mean), below 1.

    final: share of the epochs, at the end, on all data.
    quantile: share of the examples, those with the lowest losses, of which a part is left out, instead of those below
    the mean. This option is ours, for sizes that the mean does not reach: early in a fine-tuning about half of all
    losses are below it.
    """

    final: float = 0.125
    quantile: float | None = None

    needs = observe("loss", at="train")
    cite = "qin2024infobatch"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.final < 1:
            raise UsageError(f"option final={self.final}: use a share of the epochs, 0 <= final < 1")
        if self.quantile is not None and not 0 < self.quantile <= 1:
            raise UsageError(f"option quantile={self.quantile}: use a share of the examples, 0 < quantile <= 1")

    def sizes(self, examples: int, count: int, epochs: int) -> list[int]:
        """Return the number of examples of every epoch: all in the warm-up and in the last epochs."""
        return [examples if self._whole(epoch, epochs) else count for epoch in range(epochs)]

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the last loss that each example was trained with, in nats, float64, dims (example,)."""
        losses = dynamics["loss"].astype("float64").mean("run")
        last = losses.isel(epoch=0, drop=True)
        # not `ffill`, which needs the package bottleneck
        for epoch in range(1, losses.sizes["epoch"]):
            later = losses.isel(epoch=epoch, drop=True)
            last = later.where(later.notnull(), last)
        return last

    def choose(self, history: xr.Dataset, cycle: Cycle) -> Choice:
        """Return all examples but a random part of the well-learnt ones, and the weights of these.

        Raises UsageError when fewer are well learnt than are to be left out.
        """
        import numpy as np

        losses = self.score(history).to_numpy()
        members, weights = np.ones(len(losses), dtype=bool), np.ones(len(losses), dtype=np.float32)
        dropped = len(losses) - cycle.count
        if dropped == 0 or self._whole(cycle.epoch, cycle.epochs):
            return Choice(members)
        below = (losses < losses.mean()).sum() if self.quantile is None else round(self.quantile * len(losses))
        ids = history["example"].to_numpy().astype(str)
        learnt = np.lexsort((ids, losses))[:below]
        learnt = learnt[np.argsort(ids[learnt])]
        if dropped >= len(learnt):
            which = (
                "a loss below the mean" if self.quantile is None else f"the lowest losses, a share of {self.quantile:g}"
            )
            raise UsageError(
                f"infobatch cannot keep {cycle.count} of {len(losses)} examples: it drops only those with {which}, "
                f"{len(learnt)} of them; keep more, or give the option quantile a higher share"
            )
        gone = np.random.default_rng(history.attrs["draw"]).choice(learnt, dropped, replace=False)
        members[gone] = False
        weights[learnt] = len(learnt) / (len(learnt) - dropped)
        return Choice(members, weights)

    def _whole(self, epoch: int, epochs: int) -> bool:
        return epoch < self.warmup or epoch >= epochs - round(self.final * epochs)
