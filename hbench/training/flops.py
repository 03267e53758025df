"""Counting the floating-point operations of a model exactly, without running it.

For a fixed architecture the matrix products of a forward pass over B sequences of padded length T cost
B (a T^2 + b T + c) + d operations. The four coefficients are read off PyTorch's own counter on the meta device, where
no arithmetic happens; after that every batch is counted from its shape alone.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from hbench.models.first_token import FirstToken

#: A backward pass forms two products for each one of the forward pass.
TRAIN_FACTOR = 3
#: A gradient-norm pass leaves the weights' gradients out and adds the Gram matrices: counted as a training step.
GRADIENT_FACTOR = 3
_LENGTHS = (8, 16, 24)
_SHAPES = ((1, 8), (1, 16), (1, 24), (2, 8))


@dataclass(frozen=True)
class FlopCount:
    """Coefficients of the forward pass: operations of a batch of B sequences of T tokens, see the module."""

    quadratic: float
    linear: float
    constant: float
    #: Per batch, whatever its size, such as the relative positions of DeBERTa.
    fixed: float

    def forward(self, sequences: int, length: int) -> int:
        """Return the operations of one forward pass over `sequences` rows padded to `length` tokens."""
        return sequences * round(self.quadratic * length**2 + self.linear * length + self.constant) + round(self.fixed)


def count_flops(auto: Any, config: Any) -> FlopCount:
    """Return the coefficients for the model that `auto.from_config(config)` builds.

    Attention is counted in its plain form: fused kernels compute the same products.
    """
    try:
        counts = _measure(auto, config, "meta")
    except RuntimeError:  # an architecture that looks into its tensors, which the meta device does not hold
        counts = _measure(auto, config, "cpu")
    fixed = 2 * counts[0] - counts[-1]
    single = np.array(counts[:3], dtype=float) - fixed
    a, b, c = np.linalg.solve(np.vander(np.array(_LENGTHS, dtype=float), 3), single)
    return FlopCount(round(float(a), 3), round(float(b), 3), round(float(c), 3), float(fixed))


def _measure(auto: Any, config: Any, device: str) -> list[int]:
    with torch.device(device):
        # Without gradients: the counter cannot follow a parameter that is handed from one module to another.
        # A copy: the library writes the kind of attention into the configuration it is given.
        model = auto.from_config(copy.deepcopy(config), attn_implementation="eager").eval().requires_grad_(False)
        FirstToken(model)
    counts = []
    for shape in _SHAPES:
        ids = torch.full(shape, 5, dtype=torch.long, device=device)
        # No attention mask: models look into it, and there is nothing to look at on the meta device.
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(input_ids=ids)
        counts.append(counter.get_total_flops())
    return counts
