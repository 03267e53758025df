"""What a scorer needs to be observed, and reading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.errors import UsageError

if TYPE_CHECKING:
    import xarray as xr

Capture = Literal["train", "epoch_end"]
CAPTURES: tuple[Capture, ...] = ("train", "epoch_end")

#: Signals every observed capture point records, one value per run, epoch and example.
STANDARD_SIGNALS = ("correct", "gold_prob", "el2n", "loss", "margin", "entropy", "prob")
#: Signals recorded for tasks of one kind only: other ways to put the parts of `el2n` together.
KIND_SIGNALS = {"el2n_sum": "joint", "el2n_mean": "joint"}
#: Signals recorded only when a scorer asks, because they cost a pass of their own.
GRADIENT_SIGNALS = {"grad_norm": "all", "grad_norm_head": "head", "grad_norm_last": "last"}
#: What is known of an example without any training.
EXAMPLE_FIELDS = ("id", "label", "length")


@dataclass(frozen=True)
class Observation:
    """Signals wanted at one capture point. `epochs` counts from 1; None means every epoch of the run."""

    signals: tuple[str, ...]
    at: Capture
    epochs: tuple[int, ...] | None = None


def observe(*signals: str, at: Capture = "train", epochs: tuple[int, ...] | None = None) -> Observation:
    """Declare what a scorer needs from every scoring run.

    signals: names from `STANDARD_SIGNALS`, `KIND_SIGNALS` (read them with `signal_of`) or `GRADIENT_SIGNALS` (only at
    `epoch_end`).
    at: `train`, the forward pass of training itself (free), or `epoch_end`, a pass of its own in eval mode.
    epochs: the epochs needed, from 1; None for all.
    Raises UsageError for an unknown signal, an unknown capture point, an epoch below 1, or a gradient signal at
    `train`.
    """
    if at not in CAPTURES:
        raise UsageError(f"observe: at={at!r} is no capture point; use one of {', '.join(CAPTURES)}")
    if epochs is not None and (not epochs or min(epochs) < 1):
        raise UsageError(f"observe: epoch {min(epochs, default=0)} cannot be observed; epochs count from 1")
    for signal in signals:
        if signal not in (*STANDARD_SIGNALS, *KIND_SIGNALS, *GRADIENT_SIGNALS):
            known = ", ".join((*STANDARD_SIGNALS, *KIND_SIGNALS, *GRADIENT_SIGNALS))
            raise UsageError(f"observe: unknown signal {signal!r}; known: {known}")
        if signal in GRADIENT_SIGNALS and at != "epoch_end":
            raise UsageError(f"observe: {signal} is measured at epoch_end only; pass at='epoch_end'")
    return Observation(signals=signals, at=at, epochs=epochs)


def at_epochs(dynamics: xr.Dataset, *epochs: int) -> xr.Dataset:
    """Return the dynamics of the named epochs only, in this order; the dimension `epoch` stays.

    An epoch is found by its number, not by its place: dynamics observed for a single epoch hold that one alone.
    Dynamics that hold no signal, because the task records none of those asked for, are returned as they are.
    Raises UsageError naming an epoch that the dynamics do not hold.
    """
    if "epoch" not in dynamics.coords:
        return dynamics
    held = dynamics["epoch"].values.tolist()
    absent = [epoch for epoch in epochs if epoch not in held]
    if absent:
        raise UsageError(
            f"epoch {absent[0]} is not in the dynamics, which hold epoch {', '.join(map(str, held))} "
            f"(captured at {dynamics.attrs.get('capture', 'an unnamed point')}); ask for one of these, or train longer"
        )
    return dynamics.sel(epoch=list(epochs))


def signal_of(dynamics: xr.Dataset, name: str, option: str) -> xr.DataArray:
    """Return a signal that not every kind of task records.

    option: the scorer's option that asks for it, for the message. Raises UsageError when the dynamics do not hold it.
    """
    if name not in dynamics:
        kind = KIND_SIGNALS.get(name, "another kind")
        raise UsageError(
            f"option {option}: the signal '{name}' is recorded for tasks of the kind '{kind}' only; "
            "leave the option out for this task"
        )
    return dynamics[name]
