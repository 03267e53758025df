"""What each type of layer adds to the squared norm of one example's gradient.

A layer's weight gradient is a sum over positions of what went in times the gradient that came back. Its squared norm
follows from these two alone, for every example of a batch at once, so the gradient itself is never formed.

Shapes in this module: n examples, t positions of each; x (n, t, in) went in, g (n, t, out) came back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Elements of an intermediate matrix held at one time: 64 MB in float32.
_BUDGET = 2**24

Read = Callable[[nn.Module, tuple[Any, ...], Mapping[str, Any]], Tensor]


@dataclass(frozen=True)
class LayerRule:
    """How one type of layer is read. Parameters it does not name make the layer uncovered."""

    #: Squared norm (n,) of each parameter's gradient, by the parameter's name, from x and g.
    squares: Mapping[str, Callable[[Tensor, Tensor], Tensor]]
    #: Replacements for examples of several sequences.
    several: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = field(default_factory=dict)
    #: What the layer was given: features (.., in), or the ids (.., t) it looked up.
    read: Read = lambda module, args, kwargs: args[0] if args else next(iter(kwargs.values()))
    #: x as the parameters meet it, from what was read.
    prepare: Callable[[nn.Module, Tensor], Tensor] = lambda module, x: x
    #: True when the layer looks rows up by id: positions asked for once may then serve a whole batch.
    lookup: bool = False


def outer_square(x: Tensor, g: Tensor) -> Tensor:
    """Return ||sum_t g_t x_t^T||^2 for every example, shape (n,): the weight of a linear layer.

    By the Gram matrices, sum((X X^T) * (G G^T)), where these are cheaper than the product G^T X itself
    (Goodfellow 2015, arXiv 1510.01799, for t = 1; Li et al. 2022, arXiv 2110.05679, section 4, for any t).
    """
    positions, wide, high = x.shape[1], x.shape[2], g.shape[2]
    if positions * (wide + high) > wide * high:
        return summed_square(x, g)
    return _in_chunks(_gram_square, x, g, positions**2)


def summed_square(x: Tensor, g: Tensor) -> Tensor:
    """Return the same as `outer_square` from the sum itself, whose terms may cancel each other out.

    The logits of a question's options get gradients that add up to zero, so what the options have in common cancels:
    a square put together from the squares of the terms would have lost its digits.
    """
    return _in_chunks(_product_square, x, g, x.shape[2] * g.shape[2])


def _in_chunks(square: Callable[[Tensor, Tensor], Tensor], x: Tensor, g: Tensor, elements: int) -> Tensor:
    """Apply `square`, which holds so many elements for one example, to some examples at a time."""
    chunk = max(1, _BUDGET // elements)
    return torch.cat([square(xs, gs) for xs, gs in zip(torch.split(x, chunk), torch.split(g, chunk), strict=True)])


def _gram_square(x: Tensor, g: Tensor) -> Tensor:
    grams = torch.bmm(x, x.transpose(1, 2)).mul_(torch.bmm(g, g.transpose(1, 2)))
    # A square in exact numbers, but as a sum of products of either sign it can be rounded to below zero.
    return grams.sum((1, 2)).clamp(min=0)


def _product_square(x: Tensor, g: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(torch.bmm(g.transpose(1, 2), x), dim=(1, 2))
    return norms.square()


def total_square(x: Tensor, g: Tensor) -> Tensor:
    """Return ||sum_t g_t||^2 for every example, shape (n,): a bias."""
    return g.sum(1).square().sum(1)


def scale_square(x: Tensor, g: Tensor) -> Tensor:
    """Return ||sum_t g_t * x_t||^2 for every example, shape (n,): the weight of a norm, x normalised."""
    return (g * x).sum(1).square().sum(1)


def lookup_square(ids: Tensor, g: Tensor) -> Tensor:
    """Return the sum over rows v of ||sum_{t: ids_t = v} g_t||^2 for every example, shape (n,): an embedding.

    ids: int64 (n, t); positions with id -1 have no gradient.
    """
    examples = len(ids)
    stride = int(ids.max()) + 2
    keys = ids + 1 + stride * torch.arange(examples, device=ids.device)[:, None]
    rows, place = torch.unique(keys, return_inverse=True)
    sums = g.new_zeros(len(rows), g.shape[2]).index_add_(0, place.flatten(), g.flatten(0, 1))
    squares = sums.square().sum(1) * (rows % stride != 0)
    return g.new_zeros(examples).index_add_(0, rows // stride, squares)


def _normalised(module: nn.Module, x: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], eps=float(getattr(module, "eps", 1e-5)))


def _scaled_to_one(module: nn.Module, x: Tensor) -> Tensor:
    # Llama and its relatives call it variance_epsilon; torch calls it eps, and None means its smallest.
    epsilon = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    return functional.rms_norm(x, x.shape[-1:], eps=epsilon)


def _without_padding(module: nn.Module, ids: Tensor) -> Tensor:
    # torch gives the row of padding_idx no gradient, wherever in the sequence the id is.
    padding = getattr(module, "padding_idx", None)
    return ids if padding is None else ids.masked_fill(ids == padding, -1)


def _opt_positions(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor:
    """Return the rows that OPT's position embedding looks up: given ids, or counted from the mask, moved by two."""
    ids = kwargs.get("position_ids")
    if ids is None:
        mask = args[0] if args else kwargs["attention_mask"]
        ids = (mask.cumsum(1) * mask - 1).long()
        ids = ids[:, args[1] if len(args) > 1 else kwargs.get("past_key_values_length", 0) :]
    shifted: Tensor = ids + module.offset
    return shifted


LINEAR = LayerRule({"weight": outer_square, "bias": total_square}, several={"weight": summed_square})
LAYER_NORM = LayerRule({"weight": scale_square, "bias": total_square}, prepare=_normalised)
RMS_NORM = LayerRule({"weight": scale_square}, prepare=_scaled_to_one)
EMBEDDING = LayerRule({"weight": lookup_square}, prepare=_without_padding, lookup=True)
OPT_POSITIONS = LayerRule({"weight": lookup_square}, read=_opt_positions, prepare=_without_padding, lookup=True)


def find_rule(module: nn.Module) -> LayerRule | None:
    """Return the rule for a layer, or None when its type is not covered.

    A subclass is covered when it computes what its parent does. Layers of transformers are known by their class name,
    which spares loading every architecture; `GradientNorms` compares the outcome with autograd in any case.
    """
    kind, name = type(module), type(module).__name__
    rule: LayerRule | None = None
    if name == "Conv1D" or _computes_as(kind, nn.Linear):
        rule = LINEAR
    elif name == "OPTLearnedPositionalEmbedding":
        rule = OPT_POSITIONS
    elif _computes_as(kind, nn.Embedding):
        plain = getattr(module, "max_norm", None) is None and not getattr(module, "scale_grad_by_freq", False)
        rule = EMBEDDING if plain else None
    elif _computes_as(kind, nn.LayerNorm):
        rule = LAYER_NORM
    elif name.endswith("RMSNorm") or name == "T5LayerNorm":
        rule = RMS_NORM
    if rule in (LAYER_NORM, RMS_NORM) and any(p.dim() != 1 for p in module.parameters(recurse=False)):
        return None
    return rule


def _computes_as(kind: type[nn.Module], parent: type[nn.Module]) -> bool:
    return issubclass(kind, parent) and kind.forward is parent.forward
