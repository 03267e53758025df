"""What a fine-tuning job is asked to observe, and how it prunes while it trains, as its specification says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hbench.plugins import Capture


@dataclass(frozen=True)
class Watch:
    """What is observed at one capture point of a training."""

    #: Epochs from 1, ascending; None for every epoch.
    epochs: tuple[int, ...] | None = None
    #: Parts of the model whose gradient norms are measured, sorted: `all`, `head`, `last`.
    gradients: tuple[str, ...] = ()
    #: Poolings of the last hidden state that are recorded, sorted: `cls`, `mean`; None, which no key shows, for none.
    embeddings: tuple[str, ...] | None = None

    def at(self, epochs: int) -> tuple[int, ...]:
        """Return the observed epochs of a training of so many."""
        return tuple(range(1, epochs + 1)) if self.epochs is None else self.epochs

    def covers(self, other: Watch, epochs: int) -> bool:
        """Return whether this observes all that the other one does, in a training of so many epochs."""
        if not set(other.gradients) <= set(self.gradients):
            return False
        if not set(other.embeddings or ()) <= set(self.embeddings or ()):
            return False
        return self.epochs is None or set(other.at(epochs)) <= set(self.epochs)


#: By capture point.
Observed = Mapping[Capture, Watch]


@dataclass(frozen=True)
class CurriculumSpec:
    """How a training chooses its examples while it runs."""

    #: Name of the dynamic scorer, all of its options, and the digest of the file that defines it.
    scorer: str
    options: Mapping[str, object]
    source: str
    #: Examples of a cycle.
    count: int
    #: Seed of the order in which ties are broken.
    selection_seed: int
