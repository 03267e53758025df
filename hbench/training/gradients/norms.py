"""Exact norms of per-example gradients, in one forward and one backward pass of a batch.

Hooks see what goes into every layer and the gradient that comes back; `hbench.training.gradients.layers` turns the two
into squared norms. No gradient of a weight is formed meanwhile, so a pass costs no more than a training step.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

import torch
from torch import Tensor, nn

from hbench.errors import TrainingFailed, UsageError, suggest
from hbench.training.gradients.layers import LINEAR, find_rule
from hbench.training.gradients.passes import Layer, Pass, group_examples, refusal
from hbench.training.gradients.relative import relative_rows_apart

#: Parameters that a norm can be taken over: all trainable ones, those after the encoder, the final linear layer's.
SCOPES = ("all", "head", "last")

#: From the model's output to one loss per example, shape (examples,).
Losses = Callable[[Any], Tensor]

#: Largest share by which a parameter's norm may differ from autograd's: float32, and bf16 or fp16 gradients.
_TOLERANCE, _LOW_TOLERANCE = 1e-3, 2e-2


def gradient_norms(
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    losses: Losses,
    scopes: Sequence[str] = ("all",),
    owner: Tensor | None = None,
) -> dict[str, Tensor]:
    """Return the gradient norms of one batch; see `GradientNorms`, which prepares the model once for many batches."""
    with GradientNorms(model, scopes) as norms:
        return norms(inputs, losses, owner)


class GradientNorms:
    """Per-example gradient norms of a model from transformers, with the model in eval mode.

    model: its trainable parameters count. Inside the `with` block the model is in eval mode, asks for no gradient and
    carries hooks; all three, and the gradients it holds, are as before afterwards. scopes: names from `SCOPES`.
    Covered are linear layers (also GPT-2's Conv1D), LayerNorm, RMSNorm and embeddings, each used any number of times,
    and DeBERTa's relative embeddings. On the first batch the norms of two examples are compared with autograd, once.
    Raises UsageError for an unknown scope; TrainingFailed for a scope without trainable parameters, for a layer type
    that is not covered, and when the model uses a parameter in a way the comparison shows not to be covered.
    """

    def __init__(self, model: nn.Module, scopes: Sequence[str] = ("all",)) -> None:
        # Compiled code knows nothing of hooks that come later; what it was compiled from does.
        self.model: nn.Module = getattr(model, "_orig_mod", model)
        self._scopes = {scope: _in_scope(self.model, scope) for scope in scopes}
        counted = {p: None for parameters in self._scopes.values() for p in parameters}
        self._layers = _plan(self.model, counted)
        # Asked in eval mode, decoders would copy keys and values into a cache that no one reads. The class is looked
        # at because accelerate puts a forward without named arguments on the model itself.
        takes_cache = "use_cache" in inspect.signature(type(self.model).forward).parameters
        self._extra = {"use_cache": False} if takes_cache else {}
        self._stack = ExitStack()
        self._pass: Pass | None = None
        self._ready = self._checked = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for module in self.model.modules():
                stack.callback(setattr, module, "training", module.training)
            for parameter in self.model.parameters():
                stack.callback(parameter.requires_grad_, parameter.requires_grad)
            self.model.eval()
            self.model.requires_grad_(False)
            for layer in self._layers:
                hook = layer.module.register_forward_hook(self._hook(layer), with_kwargs=True)
                stack.callback(hook.remove)
            stack.enter_context(relative_rows_apart(self.model, self._shape))
            self._stack = stack.pop_all()
        self._ready = True
        return self

    def __exit__(self, *_: object) -> None:
        self._ready = False
        self._stack.close()

    def __call__(self, inputs: Mapping[str, Tensor], losses: Losses, owner: Tensor | None = None) -> dict[str, Tensor]:
        """Return the L2 norm of the gradient of each example's loss, float32 (examples,), for every scope.

        inputs: what the model's forward takes, each (sequences, ..), the ids first. Padding counts as little as the
        model lets it, nothing where it is masked. losses: turns the model's output into losses (examples,), each of
        its own example alone. owner: int (sequences,), the example each sequence belongs to, in any order; None when
        each example is one sequence. An example's gradient is the sum over its sequences. Norms are computed in
        float32 whatever the precision of the model. Raises TrainingFailed and UsageError as said of the class, and
        UsageError when the losses do not fit the examples.
        """
        if not self._ready:
            raise RuntimeError("GradientNorms prepares the model in a with block; call it inside")
        found = self._run(inputs, losses, owner)
        if not self._checked:
            self._check(found, inputs, losses)
        return {
            scope: torch.stack([found.square(p) for p in parameters]).sum(0).sqrt().float()
            for scope, parameters in self._scopes.items()
        }

    def _run(self, inputs: Mapping[str, Tensor], losses: Losses, owner: Tensor | None) -> Pass:
        ids = next(iter(inputs.values()))
        found = self._pass = Pass(shape=(ids.shape[0], ids.shape[1]))
        try:
            with torch.enable_grad():
                values = losses(self.model(**inputs, **self._extra))
                total = values.sum()
            examples = len(ids) if owner is None else int(owner.max()) + 1
            if values.shape != (examples,):
                raise UsageError(f"gradient norms: losses gave {tuple(values.shape)} for {examples} examples")
            found.examples = examples
            found.groups = group_examples(owner, len(ids), examples, ids.device)
            if found.leaves and total.requires_grad:
                # Unlike backward(), grad() leaves nothing behind in the leaves.
                torch.autograd.grad(total, found.leaves, allow_unused=True)
            found.finish()
        finally:
            self._pass = None
        return found

    def _check(self, found: Pass, inputs: Mapping[str, Tensor], losses: Losses) -> None:
        """Compare every parameter's norm with autograd, for the first and the last example of this batch.

        A rule can only be right where the model uses the layer as a layer. A weight taken out of its layer, or rows
        shared by the batch, show here. A batch of one example would hide the latter, so the check is then repeated.
        """
        layers = {p: layer for layer in self._layers for p in layer.parameters.values()}
        names = {p: f"{layer.name}.{name}" for layer in self._layers for name, p in layer.parameters.items()}
        autograd = _by_autograd(self.model, list(layers), {**inputs, **self._extra}, losses, found.examples)
        tolerance = _LOW_TOLERANCE if found.low_precision else _TOLERANCE
        for example, truth in autograd.items():
            total = torch.linalg.vector_norm(truth)
            if not bool(torch.isfinite(total)):
                return
            norms = torch.stack([found.square(p)[example] for p in layers]).to(truth).sqrt()
            excess = (norms - truth).abs() - tolerance * (truth + 0.1 * total)
            worst = int(excess.argmax())
            if not bool(excess[worst] <= 0):
                parameter, layer = list(layers.items())[worst]
                reason = (
                    f"does not give the norm of '{names[parameter]}': {norms[worst]:.4g} by the layer's rule, "
                    f"{truth[worst]:.4g} by autograd; the model uses it outside the layer, or mixes examples of a batch"
                )
                raise refusal(layer.name, layer.module, reason)
        self._checked = found.examples > 1

    def _shape(self) -> tuple[int, int] | None:
        """Return the shape of the batch in work, or None when the encoder's gradients are not wanted."""
        return None if self._pass is None or "all" not in self._scopes else self._pass.shape

    def _hook(self, layer: Layer) -> Callable[..., Tensor | None]:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Tensor) -> Tensor | None:
            if self._pass is None:
                return None
            return self._pass.watch(layer, layer.rule.read(module, args, kwargs), output)

        return hook


def _by_autograd(
    model: nn.Module, parameters: list[nn.Parameter], inputs: Mapping[str, Any], losses: Losses, examples: int
) -> dict[int, Tensor]:
    """Return the norms of the gradients of the first and the last example, one for each parameter."""
    norms = {}
    try:
        for parameter in parameters:
            parameter.requires_grad_()
        with torch.enable_grad():
            values = losses(model(**inputs))
            for example in sorted({0, examples - 1}):
                gradients = torch.autograd.grad(values[example], parameters, retain_graph=True, allow_unused=True)
                found = [values.new_zeros(()) if g is None else torch.linalg.vector_norm(g) for g in gradients]
                norms[example] = torch.stack([norm.float() for norm in found])
    finally:
        for parameter in parameters:
            parameter.requires_grad_(False)
    return norms


def _in_scope(model: nn.Module, scope: str) -> list[nn.Parameter]:
    """Return the trainable parameters a scope is made of."""
    if scope not in SCOPES:
        raise UsageError(f"gradient norms: unknown scope '{scope}'{suggest(scope, SCOPES)}")
    chosen: Iterable[nn.Parameter] = model.parameters()
    if scope != "all":
        encoder = getattr(model, "base_model", model)
        inside = set(encoder.modules())
        after = [module for module in model.modules() if module not in inside]
        if scope == "last":
            after = [module for module in after if find_rule(module) is LINEAR][-1:]
        of_encoder = set(encoder.parameters())
        chosen = (p for module in after for p in module.parameters(recurse=False) if p not in of_encoder)
    found = [p for p in dict.fromkeys(chosen) if p.requires_grad]
    if not found:
        raise TrainingFailed(f"gradient norms: {type(model).__name__} has no trainable parameters in scope '{scope}'")
    return found


def _plan(model: nn.Module, counted: Mapping[nn.Parameter, None]) -> list[Layer]:
    """Return the layers that hold the counted parameters, layers that share one in the same unit."""
    layers: list[Layer] = []
    holder: dict[nn.Parameter, Layer] = {}
    for name, module in model.named_modules():
        own = {key: p for key, p in module.named_parameters(recurse=False) if p in counted}
        if not own:
            continue
        rule = find_rule(module)
        if rule is None or not own.keys() <= rule.squares.keys():
            raise refusal(name, module, f"(parameters {', '.join(own)}) is not covered")
        layer = Layer(name, module, rule, own, unit=len(layers))
        for other in [holder[p] for p in own.values() if p in holder]:
            if other.rule is not rule:
                raise refusal(name, module, f"shares a parameter with '{other.name}', of another type: not covered")
            joined = other.unit
            for member in [m for m in layers if m.unit == joined]:
                member.unit = layer.unit
        holder |= dict.fromkeys(own.values(), layer)
        layers.append(layer)
    return layers
