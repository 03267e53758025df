"""Dynamic scoring methods: pruning while training, a new choice of examples for every cycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.plugins.observation import GRADIENT_SIGNALS
from hbench.plugins.scorer import Scorer
from hbench.plugins.scoring import choose

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr


@dataclass(frozen=True)
class Cycle:
    """What a dynamic scorer is told of the cycle it chooses for."""

    #: From 1, counting the choices made in this training.
    number: int
    #: Epochs trained before it, and epochs of the whole training.
    epoch: int
    epochs: int
    #: Examples to keep.
    count: int
    #: Seed of the order in which ties are broken, another one for every training seed.
    selection_seed: int


@dataclass(frozen=True)
class Choice:
    """Examples of the next cycle, bool (n,), and the weights of their losses, float32 (n,), None for 1 each."""

    members: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class DynamicScorer(Scorer):
    """A method that prunes while the model is trained: warm-up on everything, then cycles of a choice and some epochs.

    Before every cycle, `score` is given the history of this very training: an xarray.Dataset as everywhere, dims
    (run=1, epoch, example). At `epoch_end` its signals come from a pass over ALL training examples before the choice,
    which is charged; at `train` from the training steps, NaN where an example was not trained on. Pruned examples may
    return. `history.attrs["draw"]` is a seed that differs from cycle to cycle and from training to training. Without
    `needs` nothing is observed.

    A subclass defines `score`, or overrides `choose`.
    """

    #: Epochs on everything before the first choice.
    warmup: int = field(default=1, kw_only=True)
    #: Epochs between two choices.
    period: int = field(default=1, kw_only=True)
    #: Leave dropout on in the passes.
    dropout: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("warmup", "period"):
            if getattr(self, name) < 1:
                raise UsageError(f"option {name}={getattr(self, name)}: use at least 1 epoch")
        needs = self.asks()
        if needs is not None and needs.epochs is not None:
            raise UsageError(f"{type(self).__name__}.needs names epochs; a dynamic scorer observes before every choice")
        for signal in () if needs is None else needs.signals:
            if signal in GRADIENT_SIGNALS:
                raise UsageError(
                    f"{type(self).__name__}.needs names {signal}; a dynamic scorer's passes measure no gradients: "
                    "name a signal of the logits or of the hidden states"
                )

    def observation(self) -> None:
        """Return None: it needs no scoring run. What is observed before a choice is what `asks` returns."""

    def due(self, epoch: int, sizes: list[int]) -> bool:
        """Return whether a choice is made after this many epochs: when a period is over, or the size changes.

        sizes: what `sizes` gave for the training.
        """
        over = epoch - self.warmup
        if over < 0 or epoch >= len(sizes):
            return False
        return over % self.period == 0 or sizes[epoch] != sizes[epoch - 1]

    def sizes(self, examples: int, count: int, epochs: int) -> list[int]:
        """Return the number of examples of every epoch of a training, of `examples` in all and `count` in a cycle."""
        return [examples if epoch < self.warmup else count for epoch in range(epochs)]

    def choose(self, history: xr.Dataset, cycle: Cycle) -> Choice:
        """Return the `cycle.count` examples of the next cycle: the most preferred after dropping `offset` of all."""
        preference = self.prefer(self.score(history), 1).to_numpy()
        ids = [str(i) for i in history["example"].to_numpy()]
        labels = history["label"].to_numpy() if self.balance else None
        return Choice(choose(self, preference, ids, labels, count=cycle.count, seed=cycle.selection_seed))
