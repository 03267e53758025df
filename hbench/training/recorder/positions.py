"""Positions that travel with the examples: through any sampler, collator and worker, to the model's forward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from hbench.errors import DataError, UsageError

#: Under this name a batch for a model's forward holds the positions of its examples, int64 (b,).
KEY = "hbench_positions"
#: What the gold classes are called in a batch.
LABELS = ("labels", "label")


class Numbered(Dataset[Any]):
    """The items of a data set, each with its position."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, position: int) -> tuple[int, Any]:
        return position, self.dataset[position]

    def __getitems__(self, positions: Sequence[int]) -> list[tuple[int, Any]]:
        """Return several items, in one call where the data set can give them so."""
        many = getattr(self.dataset, "__getitems__", None)
        items = [self.dataset[position] for position in positions] if many is None else many(positions)
        return list(zip(positions, items, strict=True))

    def __getattr__(self, name: str) -> Any:
        if name == "dataset":  # asked for while a copy is unpacked in a worker, before it has any attribute
            raise AttributeError(name)
        return getattr(self.dataset, name)  # such as `set_epoch`


class Carry:
    """A collator that hands the positions of the examples on: inside the batch, or beside it."""

    def __init__(self, collate: Callable[[list[Any]], Any], label: npt.NDArray[np.int64], *, inside: bool) -> None:
        """label: int64 (n,): the classes that the examples are known to have. inside: under `KEY` in the batch."""
        self._collate, self._label, self._inside = collate, label, inside

    def __call__(self, items: Sequence[tuple[int, Any]]) -> Any:
        """Return the batch, or the positions and the batch. Raises DataError when it is of other examples."""
        positions = torch.tensor([position for position, _ in items], dtype=torch.int64)
        batch = self._collate([item for _, item in items])
        self._check(batch, positions)
        if not self._inside:
            return positions, batch
        if not isinstance(batch, MutableMapping):
            raise UsageError(
                f"the collator gives a {type(batch).__name__}; give one that makes a dictionary for the model's forward"
            )
        batch[KEY] = positions
        return batch

    def _check(self, batch: Any, positions: torch.Tensor) -> None:
        """Compare the gold classes in a batch with those that its examples are known to have."""
        found = next((batch[name] for name in LABELS if name in batch), None) if isinstance(batch, Mapping) else None
        if not isinstance(found, torch.Tensor) or found.shape != positions.shape or found.is_floating_point():
            return
        wrong = found.cpu().numpy() != self._label[positions.numpy()]
        if wrong.any():
            place = int(positions[int(wrong.argmax())])
            raise DataError(
                f"the training's example {place} (counted from 0) is of class {int(found[int(wrong.argmax())])}, and "
                f"of class {self._label[place]} in the data set given to hbench; give both the same one, in one order"
            )


def numbered(loader: Any, label: npt.NDArray[np.int64], *, inside: bool) -> DataLoader[Any]:
    """Return a loader that gives what `loader` does in the same order, drawing the same numbers, with positions.

    label: int64 (n,), the known classes. Raises UsageError for a loader whose examples have no positions or that makes
    batches in a way of its own, DataError for one of another number of examples.
    """
    own_way = type(loader).__iter__ is not DataLoader.__iter__
    if own_way or isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
        raise UsageError(
            f"a {type(loader).__name__} over a {type(loader.dataset).__name__} does not tell which examples are in a "
            "batch; use torch.utils.data.DataLoader with a data set that has a length, and batches"
        )
    if len(loader.dataset) != len(label):
        raise DataError(
            f"the training has {len(loader.dataset)} examples, the data set given to hbench {len(label)}; "
            "give both the same one"
        )
    return DataLoader(
        Numbered(loader.dataset),
        batch_sampler=loader.batch_sampler,
        collate_fn=Carry(loader.collate_fn, label, inside=inside),
        num_workers=loader.num_workers,
        pin_memory=loader.pin_memory,
        timeout=loader.timeout,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
        generator=loader.generator,
        prefetch_factor=loader.prefetch_factor,
        persistent_workers=loader.persistent_workers,
        in_order=loader.in_order,
    )
