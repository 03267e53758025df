"""How a model is fine-tuned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from hbench.errors import UsageError, suggest
from hbench.files import short_repr, shorten

#: The most of each, more than any training has: larger numbers are slips, which would exhaust memory while planning.
_MOST = {"epochs": 10_000, "batch_size": 10**6, "max_length": 10**7, "bucket_batches": 10**9, "threads": 10_000}


@dataclass(frozen=True)
class Recipe:
    """How a model is fine-tuned. AdamW; the final epoch is reported, nothing is selected on the evaluation set."""

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 2e-5
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    #: `linear` decays to zero over the run, `constant` does not decay.
    schedule: Literal["linear", "constant"] = "linear"
    #: Share of the steps over which the learning rate rises from zero, 0 <= warmup < 1.
    warmup: float = 0.0
    #: Gradient norm above which the gradient is scaled down; 0 for never.
    max_grad_norm: float = 1.0
    #: Tokens per sequence, longer ones are cut.
    max_length: int = 128
    #: `auto` is bf16 where the device computes in it. `tf32`, for GPUs alone, is fp32 with products of 10-bit numbers.
    precision: Literal["auto", "bf16", "fp32", "tf32"] = "auto"
    #: Batches sorted by length together; 1 for no sorting. The order of examples and of batches stays random.
    bucket_batches: int = 50
    #: CPU threads of one job. Part of the key: another number of threads adds floats in another order.
    threads: int = 1
    #: Compile the model with torch.compile.
    compile: bool = False
    #: Optimiser steps of the whole run, instead of `epochs`. A budget sets it (`hbench.cost.budgets`); a user does not.
    max_steps: int | None = None

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            if not 1 <= getattr(self, name) <= most:
                allowed = "at least 1" if getattr(self, name) < 1 else f"at most {most}"
                raise UsageError(f"recipe.{name} = {short_repr(getattr(self, name))}: use {allowed}")
        for name in ("learning_rate", "adam_epsilon"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"recipe.{name} = {short_repr(getattr(self, name))}: use a number above 0")
        for name in ("weight_decay", "max_grad_norm"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"recipe.{name} = {short_repr(getattr(self, name))}: use a number of at least 0")
        for name in ("warmup", "adam_beta1", "adam_beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"recipe.{name} = {short_repr(getattr(self, name))}: use a number from 0 to below 1")
        if self.schedule not in ("linear", "constant"):
            raise UsageError(f"recipe.schedule = {short_repr(self.schedule)}: use 'linear' or 'constant'")
        if self.precision not in ("auto", "bf16", "fp32", "tf32"):
            raise UsageError(f"recipe.precision = {short_repr(self.precision)}: use 'auto', 'bf16', 'fp32' or 'tf32'")

    def updated(self, changes: Mapping[str, object], where: str) -> Recipe:
        """Return the recipe with some fields changed; `where` names their source in error messages."""
        types = {f.name: f.type for f in fields(self) if f.name != "max_steps"}
        values = dict(vars(self))
        for key, value in changes.items():
            if key not in types:
                raise UsageError(f"{where}: unknown key '{shorten(key)}'{suggest(key, types)}")
            expected = type(values[key])
            if expected is float and isinstance(value, int) and not isinstance(value, bool):
                value = _float(value)
            if type(value) is not expected:
                raise UsageError(
                    f"{where}: {key} = {short_repr(value)} has the wrong type; expected {expected.__name__}"
                )
            values[key] = value
        return Recipe(**values)


def _float(value: int) -> float:
    """Return an integer as a float, infinity for one that is too large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
