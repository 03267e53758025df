"""One forward and backward pass, watched: which layers were used, on what, and which gradients came back.

Every layer is worked off as soon as its gradient is there, so that what it was given can be freed on the way back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from hbench.errors import TrainingFailed
from hbench.training.gradients.layers import LayerRule


def refusal(name: str, module: nn.Module, reason: str) -> TrainingFailed:
    """Return the error that names a layer, its type, what is wrong and what to do."""
    return TrainingFailed(
        f"gradient norms: layer '{name}' of type {type(module).__name__} {reason}; "
        "take another model, or a scorer without gradient norms"
    )


@dataclass(eq=False)
class Layer:
    """A layer whose parameters are counted. Layers that share a parameter have the same `unit`."""

    name: str
    module: nn.Module
    rule: LayerRule
    parameters: dict[str, nn.Parameter]
    unit: int


@dataclass(frozen=True)
class Group:
    """Examples that have the same number of sequences, and where these lie in the batch (None: in their order)."""

    examples: Tensor
    rows: Tensor | None
    size: int

    def take(self, tensor: Tensor) -> Tensor:
        """Put each example's sequences behind one another: (sequences, t, ..) to (examples, size * t, ..)."""
        picked = tensor if self.rows is None else tensor[self.rows]
        return picked.reshape(len(self.examples), self.size * tensor.shape[1], *tensor.shape[2:])


def group_examples(owner: Tensor | None, sequences: int, examples: int, device: torch.device) -> list[Group]:
    """Return the examples of a batch by their number of sequences; owner: int (sequences,), each one's example."""
    everyone = torch.arange(examples, device=device)
    if owner is None or (examples == sequences and torch.equal(owner.to(device), everyone)):
        return [Group(everyone, None, 1)]
    owner = owner.to(device)
    counts = torch.bincount(owner, minlength=examples)
    order = torch.argsort(owner, stable=True)
    first = counts.cumsum(0) - counts
    groups = []
    for size in sorted(set(counts.tolist())):
        if size > 0:
            chosen = (counts == size).nonzero().flatten()
            places = first[chosen, None] + torch.arange(size, device=device)
            groups.append(Group(chosen, order[places.flatten()], size))
    return groups


@dataclass(eq=False)
class _Call:
    """One use of a layer: what went in, and the gradient that came back. Both are emptied when worked off."""

    layer: Layer
    x: Tensor | None
    g: Tensor | None = None


@dataclass(eq=False)
class Pass:
    """The state of a pass over one batch; `shape` is its number of sequences and of positions."""

    shape: tuple[int, int]
    #: Tensors at which the graph begins: outputs of the first layers counted.
    leaves: list[Tensor] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    examples: int = 0
    #: True when a gradient came back in less than float32.
    low_precision: bool = False
    _squares: dict[nn.Parameter, Tensor] = field(default_factory=dict)
    _uses: dict[int, int] = field(default_factory=dict)
    _arrived: dict[int, list[_Call]] = field(default_factory=dict)

    def watch(self, layer: Layer, x: Tensor, output: Tensor) -> Tensor:
        """Note a use of a layer and return its output, to be used instead: it waits for the gradient."""
        sequences = self.shape[0]
        if not output.requires_grad:
            output = output.detach().requires_grad_()
            self.leaves.append(output)
        if layer.rule.lookup and x.dim() == 2 and len(x) == 1 < sequences:
            # Positions are looked up once and broadcast: without rows of their own, the sequences' gradients mix.
            x, output = x.expand(sequences, -1), output.expand(sequences, -1, -1)
        if not _fits(output, sequences) or (layer.rule.lookup and output.dim() != 3):
            reason = f"gives {tuple(output.shape)} for a batch of {sequences} sequences, which is not covered"
            raise refusal(layer.name, layer.module, reason)
        self._uses[layer.unit] = self._uses.get(layer.unit, 0) + 1
        receive = partial(self._receive, _Call(layer, x.detach()))
        output.register_hook(receive)
        return output

    def square(self, parameter: nn.Parameter) -> Tensor:
        """Return the squared norm of a parameter's gradient for each example, at least float32 (examples,)."""
        if parameter not in self._squares:
            return torch.zeros(self.examples, device=parameter.device)
        return self._squares[parameter]

    def finish(self) -> None:
        """Account for the layers some use of which got no gradient, since the loss does not depend on it."""
        for calls in self._arrived.values():
            self._settle(calls)
        self._arrived.clear()

    def _receive(self, call: _Call, gradient: Tensor) -> None:
        call.g = gradient.detach()
        self.low_precision |= gradient.dtype in (torch.bfloat16, torch.float16)
        unit = call.layer.unit
        self._arrived.setdefault(unit, []).append(call)
        if len(self._arrived[unit]) == self._uses[unit]:
            self._settle(self._arrived.pop(unit))

    def _settle(self, calls: list[_Call]) -> None:
        read = [(call.layer, *self._read(call)) for call in calls]
        device = read[0][2].device.type
        with torch.no_grad(), torch.autocast(device, enabled=False):
            for group in self.groups:
                taken = [(layer, group.take(x), group.take(g)) for layer, x, g in read]
                for parameter in {p: None for layer, _, _ in taken for p in layer.parameters.values()}:
                    self._add(parameter, group, taken)

    def _add(self, parameter: nn.Parameter, group: Group, taken: list[tuple[Layer, Tensor, Tensor]]) -> None:
        uses = [
            (layer.rule.several.get(name, one) if group.size > 1 else one, x, g)
            for layer, x, g in taken
            for name, own in layer.parameters.items()
            if own is parameter
            for one in [layer.rule.squares[name]]
        ]
        square, x, g = uses[0]
        if len(uses) > 1:
            # Uses of one parameter add up before the norm is taken, as the positions of one use do.
            x, g = torch.cat([use[1] for use in uses], 1), torch.cat([use[2] for use in uses], 1)
        kept = self._squares.setdefault(parameter, g.new_zeros(self.examples))
        kept[group.examples] = square(x, g)

    def _read(self, call: _Call) -> tuple[Tensor, Tensor]:
        """Return x and g as (sequences, t, ..) in float32 or better, and let go of the originals."""
        assert call.x is not None and call.g is not None
        rule, x, g = call.layer.rule, call.x, _by_sequence(call.g, self.shape[0])
        call.x = call.g = None
        if not rule.lookup:
            x = _by_sequence(x, self.shape[0])
        return rule.prepare(call.layer.module, x), g


def _fits(tensor: Tensor, sequences: int) -> bool:
    # Some models put all positions of a batch into one axis, sequence after sequence.
    return tensor.shape[0] == sequences or (tensor.dim() == 2 and tensor.shape[0] % sequences == 0)


def _by_sequence(tensor: Tensor, sequences: int) -> Tensor:
    wide = tensor.to(torch.promote_types(tensor.dtype, torch.float32))
    return wide.reshape(sequences, -1, tensor.shape[-1])
