"""Training only the rows of the token embedding that a job reads.

The row of a token that occurs neither in training nor in evaluation is never read and its gradient is always zero, so
leaving it out changes no other number of the training, except for the order in which the norm of the whole gradient is
summed. It spares the optimiser the larger part of a small model's parameters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

Rows = npt.NDArray[np.int64]


def used_rows(texts: Iterable[npt.NDArray[np.int32]], tokenizer: Any, config: Any) -> Rows:
    """Return the tokens that occur in texts or that a model reads by itself, int64, sorted.

    texts: the ids of all texts of a data set in a row, one array for each. By itself, a model reads padding and other
    special tokens: those of the tokenizer and all that the configuration names.
    """
    named = [value for name, value in config.to_dict().items() if name.endswith("token_id")]
    listed = [value for entry in named for value in (entry if isinstance(entry, list) else [entry])]
    special = {*tokenizer.all_special_ids, *(value for value in listed if isinstance(value, int) and value >= 0)}
    parts = [np.unique(ids) for ids in texts]
    return np.unique(np.concatenate([*parts, np.array(sorted(special), dtype=np.int64)])).astype(np.int64)


class RowsInUse:
    """Some rows of a model's token embedding, instead of the whole table.

    rows: int64, sorted, of the table; beyond its end they are ignored, and the padding's row is always kept. The model
    itself still sees the ids of its tokenizer; they are turned into numbers of rows where they are looked up, and one
    whose row was left out raises an IndexError there. Nothing is left out where the weight is more than a table of
    token embeddings, as it is where a language model's output shares it: `kept` is None then.
    """

    def __init__(self, model: nn.Module, rows: Rows) -> None:
        self._tables = _tables(model)
        self.kept: Rows | None = None
        if not self._tables:
            return
        weight = self._tables[0].weight
        padding = [table.padding_idx for table in self._tables if table.padding_idx is not None]
        kept = np.union1d(rows[rows < len(weight)], padding).astype(np.int64)
        if len(kept) == len(weight):
            return
        self.kept = kept
        slots = torch.full((len(weight),), len(kept))  # no row: an id that was left out is out of range
        slots[torch.from_numpy(kept)] = torch.arange(len(kept))
        self._padding = [table.padding_idx for table in self._tables]
        self._put(weight.detach()[torch.from_numpy(kept)].clone(), [_slot(slots, p) for p in self._padding])
        self._hooks = [table.register_forward_pre_hook(_Remap(slots), with_kwargs=True) for table in self._tables]

    def restore(self, table: torch.Tensor) -> None:
        """Put the whole table back, the trained rows written into `table`, float32 (vocabulary, width).

        table: the weights before training, which the rows left out keep; weight decay is not applied to them.
        """
        if self.kept is None:
            return
        whole = table.detach().clone()
        trained = self._tables[0].weight.detach()
        whole[torch.from_numpy(self.kept)] = trained.to(whole.device, whole.dtype)
        self._put(whole.to(trained.device), self._padding)
        for hook in self._hooks:
            hook.remove()
        self.kept = None

    def _put(self, values: torch.Tensor, padding: list[int | None]) -> None:
        weight = nn.Parameter(values, requires_grad=self._tables[0].weight.requires_grad)
        for table, place in zip(self._tables, padding, strict=True):
            table.weight = weight
            table.num_embeddings = len(values)
            table.padding_idx = place


def token_table(model: nn.Module) -> torch.Tensor | None:
    """Return a model's table of token embeddings, float32 (vocabulary, width); None where `RowsInUse` leaves it whole.

    Taken before some rows are left out, it is what `RowsInUse.restore` needs.
    """
    tables = _tables(model)
    return tables[0].weight.detach() if tables else None


class _Remap:
    """Turns token ids into numbers of rows before a table is asked for them."""

    def __init__(self, slots: torch.Tensor) -> None:
        self._slots = slots

    def __call__(self, table: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        if args:
            return (self._rows(args[0]), *args[1:]), kwargs
        name, ids = next(iter(kwargs.items()))
        return args, {**kwargs, name: self._rows(ids)}

    def _rows(self, ids: torch.Tensor) -> torch.Tensor:
        if self._slots.device != ids.device:
            self._slots = self._slots.to(ids.device)
        return self._slots[ids]


def _slot(slots: torch.Tensor, padding: int | None) -> int | None:
    return None if padding is None else int(slots[padding])


def _tables(model: nn.Module) -> list[nn.Embedding]:
    """Return the modules that look tokens up in the model's table, none where something else uses its weight."""
    try:
        first = getattr(model, "get_input_embeddings", lambda: None)()
    except NotImplementedError:  # what some architectures answer that have no such table
        return []
    if not isinstance(first, nn.Embedding) or first.max_norm is not None:
        return []
    holders = [module for module in model.modules() if any(p is first.weight for p in module.parameters(False))]
    tables = [module for module in holders if isinstance(module, nn.Embedding)]
    return tables if len(tables) == len(holders) else []
