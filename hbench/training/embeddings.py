"""One vector per example from the last hidden states of its tokens, without a second forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from hbench.errors import TrainingFailed

if TYPE_CHECKING:
    from hbench.kinds import Batch


class LastHiddenState:
    """Keeps what a model's encoder or decoder gives to its head, while it is watched."""

    def __init__(self, model: nn.Module) -> None:
        """Hook into a model, before it is compiled: compiled code knows nothing of hooks that come later."""
        self._watching = False
        self._found: Tensor | None = None
        body = getattr(model, "base_model", model)
        if body is model:
            raise TrainingFailed(
                f"embeddings: {type(model).__name__} has no part before its head; take another model, "
                "or a scorer without embeddings"
            )
        self._hook = body.register_forward_hook(self._catch)

    def close(self) -> None:
        """Take the hook off."""
        self._hook.remove()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep the hidden states of the forward passes inside the block, those of the latest one."""
        self._watching = True
        try:
            yield
        finally:
            self._watching, self._found = False, None

    def latest(self) -> Tensor:
        """Return the last hidden state of the latest pass, float32 (s, T, dim)."""
        if self._found is None:
            raise TrainingFailed(
                "embeddings: the model gives no last hidden state; take another one, or a scorer without embeddings"
            )
        return self._found.float()

    def _catch(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if self._watching:
            self._found = getattr(output, "last_hidden_state", None)


def pool(hidden: Tensor, batch: Batch, pooling: str, cls_token: int | None) -> Tensor:
    """Return one vector for each example, float32 (b, dim): the mean over its sequences of one vector each.

    hidden: float32 (s, T, dim). pooling: `mean` over the real tokens, or `cls`, the first token that is `cls_token`,
    and the last real one where there is none, at which a decoder has read everything.
    """
    real = batch.inputs["attention_mask"] == 1
    if pooling == "mean":
        weights = real / real.sum(dim=1, keepdim=True)
        # a weight of 0 would not take out a padding position that is not finite
        vectors = (hidden.masked_fill(~real[..., None], 0.0) * weights[..., None]).sum(dim=1)
    else:
        place = real.long().cumsum(dim=1).argmax(dim=1)  # of the last real token
        if cls_token is not None:
            marks = (batch.inputs["input_ids"] == cls_token) & real
            place = torch.where(marks.any(dim=1), marks.long().argmax(dim=1), place)
        vectors = hidden[torch.arange(len(hidden), device=hidden.device), place]
    sums = vectors.new_zeros(len(batch.labels), vectors.shape[1]).index_add(0, batch.owner, vectors)
    return sums / torch.bincount(batch.owner, minlength=len(batch.labels))[:, None]
