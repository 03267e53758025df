"""Encoders whose head reads the first token alone: what the last layer would compute for the others is left out.

Only the first token's output of the last layer reaches the head, the others' serve as keys and values. Without their
queries and their way through the rest of the layer, logits, losses and gradients are the same numbers, and of the
layer's products with weights a sixth remains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

#: Models whose head takes the first token of the last layer, and whose layers are laid out as BERT's.
_READ_FIRST = frozenset(
    {
        "BertForSequenceClassification",
        "CamembertForSequenceClassification",
        "ElectraForSequenceClassification",
        "RobertaForSequenceClassification",
        "XLMRobertaForSequenceClassification",
    }
)


class FirstToken:
    """The last layer of a model, computed for the first token only; other models are left as they are.

    `applies` says whether the model is one of those. `everything` is a block in which all tokens are computed.
    """

    def __init__(self, model: nn.Module) -> None:
        self.applies = type(model).__name__ in _READ_FIRST and not getattr(model.config, "is_decoder", False)
        self._whole = False
        if self.applies:
            whole: Any = model
            layer = whole.base_model.encoder.layer[-1]
            # on this one module only, not on its class
            layer.forward = partial(self._forward, layer, partial(type(layer).forward, layer))

    @contextmanager
    def everything(self) -> Iterator[None]:
        """Compute all tokens of the last layer inside the block, for what reads them."""
        self._whole = True
        try:
            yield
        finally:
            self._whole = False

    def _forward(
        self,
        layer: Any,
        original: Callable[..., Tensor],
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        *others: Any,
        **settings: Any,
    ) -> Tensor:
        own, first = layer.attention.self, hidden_states[:, :1]
        made = own.query(first), own.key(hidden_states), own.value(hidden_states)
        query, key, value = (_heads(own, rows) for rows in made)
        scores = torch.matmul(query, key.transpose(2, 3)) * own.scaling
        if attention_mask is not None:
            mask = attention_mask[:, :, :1]  # numbers to add, or what may be looked at
            scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
        shares = nn.functional.dropout(scores.softmax(dim=-1), own.dropout.p, layer.training)
        context = torch.matmul(shares, value).transpose(1, 2).reshape(first.shape[0], 1, -1)
        output: Tensor = layer.feed_forward_chunk(layer.attention.output(context, first))
        if self._whole:
            # the first token's own numbers stay: what is read besides must not change the last digit of a logit
            return torch.cat([output, original(hidden_states, attention_mask, *others, **settings)[:, 1:]], dim=1)
        return output


def _heads(attention: Any, rows: Tensor) -> Tensor:
    split: Tensor = rows.view(*rows.shape[:-1], -1, attention.attention_head_size).transpose(1, 2)
    return split
