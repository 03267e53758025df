"""DeBERTa's relative embeddings, given to every sequence of a batch apart, so that their gradient can be told apart.

DeBERTa-v2 and v3 look their relative embeddings up once, project them in every layer and broadcast the result over the
batch: the gradient that comes back is a sum over the batch. While gradient norms are taken, each sequence gets rows
of its own; everything else is the model's own code, and the numbers it computes stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

#: Sequences and positions of the batch in work, or None when the model is to run as it is.
Shape = Callable[[], tuple[int, int] | None]

_PROJECTIONS = ("query_proj", "key_proj", "pos_query_proj", "pos_key_proj")


@contextmanager
def relative_rows_apart(model: nn.Module, shape: Shape) -> Iterator[None]:
    """Give each sequence its own relative embeddings while `shape` names a batch; other models are left alone."""
    changed: list[tuple[nn.Module, str]] = []

    def replace(module: nn.Module, name: str, method: Callable[..., Any]) -> None:
        # on this one module only, not on its class, and taken off again
        changed.append((module, name))
        setattr(module, name, partial(method, module, shape))

    for encoder in model.modules():
        if type(encoder).__name__ != "DebertaV2Encoder" or not encoder.relative_attention:
            continue
        replace(encoder, "get_rel_embedding", _embed)
        for attention in encoder.modules():
            if type(attention).__name__ == "DisentangledSelfAttention":
                replace(attention, "disentangled_attention_bias", _bias)
    try:
        yield
    finally:
        for module, name in changed:
            delattr(module, name)


def _embed(encoder: Any, shape: Shape) -> Tensor:
    """Return the rows that these sequences can reach, shape (sequences, 2 * span, width)."""
    now = shape()
    if now is None:
        original: Tensor = type(encoder).get_rel_embedding(encoder)
        return original
    sequences, positions = now
    whole = encoder.rel_embeddings.num_embeddings // 2
    # Distances up to half the number of buckets have a row each; longer ones share rows, anywhere up to the end.
    exact = encoder.position_buckets <= 0 or positions <= encoder.position_buckets // 2
    span = min(whole, positions) if exact else whole
    ids = torch.arange(whole - span, whole + span, device=encoder.rel_embeddings.weight.device)
    rows: Tensor = encoder.rel_embeddings(ids.expand(sequences, -1))
    return encoder.LayerNorm(rows) if "layer_norm" in encoder.norm_rel_ebd else rows


def _bias(attention: Any, shape: Shape, query: Tensor, key: Tensor, places: Any, rows: Tensor, scale: int) -> Tensor:
    reader = attention if shape() is None else _Reader(attention, rows, len(query))
    shown = rows if shape() is None else rows[0]
    bias: Tensor = type(attention).disentangled_attention_bias(reader, query, key, places, shown, scale)
    return bias


class _Reader:
    """Stands in for an attention layer inside its own method: there the rows are already one set per sequence.

    The method repeats the projected rows `len(query) // num_attention_heads` times. With sequences * heads in that
    place it repeats them once, and finds as many rows as it has queries.
    """

    def __init__(self, attention: Any, rows: Tensor, sequences_and_heads: int) -> None:
        self._attention = attention
        self._rows = rows
        self.num_attention_heads = sequences_and_heads
        self.pos_ebd_size = rows.shape[1] // 2

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._attention, name)
        return (lambda _: value(self._rows)) if name in _PROJECTIONS else value

    def transpose_for_scores(self, rows: Tensor, _: int) -> Tensor:
        split: Tensor = self._attention.transpose_for_scores(rows, self._attention.num_attention_heads)
        return split
