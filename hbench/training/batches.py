"""Which examples make a batch, in which order, and how they are padded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from hbench.kinds.base import Batch
from hbench.kinds.text.tokens import NO_VALUE

if TYPE_CHECKING:
    from hbench.kinds import Encoded

Indices = npt.NDArray[np.int64]


def training_order(
    lengths: Indices, members: Indices, *, batch_size: int, bucket_batches: int, seed: int, epoch: int
) -> list[Indices]:
    """Return the batches of one epoch: a fresh shuffle from the run's seed, batches of like lengths together.

    lengths: int64 (n,), tokens of every example. members: the examples trained on. The shuffled members are cut into
    buckets of `bucket_batches` batches, each bucket is sorted by length and cut into batches, and all batches are
    shuffled again, so that padding is small and the order stays random.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(members)
    bucket = batch_size * bucket_batches
    batches: list[Indices] = []
    for start in range(0, len(order), bucket):
        part = order[start : start + bucket]
        if bucket_batches > 1:
            part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def reading_order(lengths: Indices, members: Indices, batch_size: int) -> list[Indices]:
    """Return batches for a pass that changes nothing: sorted by length, longest first, so that memory peaks at once."""
    order = members[np.argsort(-lengths[members], kind="stable")]
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


class Collator:
    """Pads the sequences of some examples to the longest of them."""

    def __init__(self, encoded: Encoded, device: torch.device) -> None:
        self.encoded = encoded
        self.device = device
        self._starts = np.searchsorted(encoded.owner, np.arange(len(encoded.ids) + 1))

    def __call__(self, members: Indices) -> Batch:
        """Return the padded sequences of these examples.

        Position ids are left to the model: padding is at the end, so they count from the first real token.
        """
        encoded, first = self.encoded, self._starts[members]
        counts = self._starts[members + 1] - first
        # the first sequence of each one's example, and its own number among them
        which = np.repeat(first - counts.cumsum() + counts, counts) + np.arange(counts.sum())
        gold = {name: values[which] for name, values in encoded.gold.items()}
        if encoded.token_gold:
            filling = dict.fromkeys(encoded.token_gold, NO_VALUE)
            gold |= encoded.sequences.spread(which, encoded.token_gold, filling)
        return Batch(
            inputs={name: self.tensor(values) for name, values in encoded.sequences.padded(which).items()},
            labels=self.tensor(encoded.label[members]),
            owner=self.tensor(np.repeat(np.arange(len(members)), counts)),
            gold={name: self.tensor(values) for name, values in gold.items()},
            sizes=encoded.sizes,
        )

    def tensor(self, values: Indices) -> torch.Tensor:
        """Return numbers as a tensor on the device; a GPU copies them while the next batch is put together."""
        made = torch.from_numpy(values)
        return (
            made.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else made.to(self.device)
        )


def iterate(batches: list[Indices], collate: Collator) -> Iterator[tuple[Indices, Batch]]:
    """Yield each batch's examples with its padded sequences."""
    for members in batches:
        yield members, collate(members)
