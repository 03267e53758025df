"""What a model's forward pass tells of its examples, caught by hooks that come off again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from hbench.errors import DataError
from hbench.training.recorder.positions import KEY

#: Called with the positions of a batch, its logits, and the tokens of each example or None.
OnStep = Callable[[Tensor, Tensor, "Tensor | None"], None]


class ForwardHooks:
    """Hooks of a model that hand on what its training steps compute."""

    def __init__(self, model: nn.Module, told: OnStep) -> None:
        """told: hears of the first forward pass in training mode of every batch with known positions."""
        self._told = told
        #: The positions of the batch that the model is to compute next; None when they are not known, or were told.
        self.positions: Tensor | None = None
        self._hooks = (
            model.register_forward_pre_hook(self._before, with_kwargs=True),
            model.register_forward_hook(self._after, with_kwargs=True),
        )

    def close(self) -> None:
        """Take the hooks off."""
        for hook in self._hooks:
            hook.remove()

    def _before(self, model: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if KEY in kwargs:
            kwargs = dict(kwargs)
            self.positions = kwargs.pop(KEY)
        return args, kwargs

    def _after(self, model: nn.Module, args: Any, kwargs: Mapping[str, Any], output: Any) -> None:
        if not model.training or self.positions is None:
            return
        positions, self.positions = self.positions, None
        self._told(positions, logits_of(model, output, len(positions)), tokens_of(kwargs, len(positions)))


def logits_of(model: nn.Module, output: Any, examples: int) -> Tensor:
    """Return the logits (b, C) in what a model gave. Raises DataError for an output of another form."""
    logits = output.get("logits") if isinstance(output, Mapping) else getattr(output, "logits", output)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or logits.shape[1] < 2:
        shape = f"logits of shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else "no logits"
        raise DataError(
            f"{type(model).__name__} gives {shape}; what is recorded is one softmax for each example, "
            "logits (examples, classes): a classification or multiple choice"
        )
    if len(logits) != examples:
        raise DataError(
            f"{type(model).__name__} gives logits for {len(logits)} examples in a batch of {examples}; call it once "
            "with the whole batch"
        )
    return logits


def tokens_of(inputs: Mapping[str, Any], examples: int) -> Tensor | None:
    """Return the real tokens of each example, int64 (b,), of all its sequences; None where the inputs do not tell."""
    mask = inputs.get("attention_mask")
    if not isinstance(mask, Tensor) or len(mask) != examples:
        return None
    return mask.reshape(examples, -1).long().sum(dim=1)


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Let the block put parts of a model into training or eval mode; each is as before afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def device_of(model: nn.Module) -> torch.device:
    """Return the device that a model's weights are on."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))
