"""The observations that a scorer needs, and how it reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.dynamics.signals import CAPTURES, SIGNALS, TABLE, Capture, scopes
from hbench.errors import UsageError, suggest

if TYPE_CHECKING:
    import xarray as xr

#: Signals of the logits that every kind of task records, at every observed capture point.
STANDARD_SIGNALS = tuple(s.name for s in TABLE if s.every_kind and s.source == "logits")
#: Signals recorded for tasks of the kinds that declare them; read them with `signal_of`.
KIND_SIGNALS = tuple(s.name for s in TABLE if not s.every_kind)
#: Signals recorded only when a scorer asks, because they cost a pass of their own, with the parameters they belong to.
GRADIENT_SIGNALS = scopes("gradients")
#: Signals recorded only when a scorer asks, because they take much memory, with how tokens become one vector.
EMBEDDING_SIGNALS = scopes("hidden states")


@dataclass(frozen=True)
class Observation:
    """Signals wanted at one capture point. `epochs` counts from 1; None means every epoch of the run."""

    signals: tuple[str, ...]
    at: Capture
    epochs: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Texts:
    """The text of every example is wanted: `dynamics["text"]`, strings, dims (example,)."""


def texts() -> Texts:
    """Declare that a scorer reads the texts of the examples, `needs = texts()`: they cost no training.

    A scorer is then given `dynamics["text"]`, dims (example,), one string for each example: its texts as the task has
    them, joined by spaces, without the label.
    """
    return Texts()


def observe(*signals: str, at: Capture = "train", epochs: tuple[int, ...] | None = None) -> Observation:
    """Declare what a scorer needs from every scoring run.

    signals: names from `hbench.dynamics.signals`. Those of gradients and hidden states are recorded only when asked
    for, and at `epoch_end` only; those in `KIND_SIGNALS` are recorded for tasks of some kinds (read them with
    `signal_of`).
    at: `train`, the forward pass of training itself (free), or `epoch_end`, a pass of its own in eval mode.
    epochs: the epochs needed, from 1; None for all.
    Raises UsageError for an unknown signal, an unknown capture point, an epoch below 1, or a signal that cannot be
    observed at `at`.
    """
    if at not in CAPTURES:
        raise UsageError(f"observe: at={at!r} is not a capture point; use one of {', '.join(CAPTURES)}")
    if epochs is not None and (not epochs or min(epochs) < 1):
        raise UsageError(f"observe: epoch {min(epochs, default=0)} cannot be observed; epochs count from 1")
    for name in signals:
        if name not in SIGNALS:
            raise UsageError(f"observe: unknown signal {name!r}{suggest(str(name), SIGNALS)}")
        if at not in SIGNALS[name].captures:
            points = " or ".join(SIGNALS[name].captures)
            raise UsageError(f"observe: {name} is measured at {points} only; pass at='{SIGNALS[name].captures[0]}'")
    return Observation(signals=signals, at=at, epochs=epochs)


def at_epochs(dynamics: xr.Dataset, *epochs: int) -> xr.Dataset:
    """Return the dynamics of the named epochs only, in this order; the dimension `epoch` stays.

    An epoch is named by its number, not its position: dynamics observed for a single epoch hold that one alone.
    Raises UsageError naming an epoch that the dynamics do not hold.
    """
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
        some = " is recorded for tasks of some kinds only" if name in KIND_SIGNALS else " is not in these dynamics"
        raise UsageError(f"option {option}: the signal '{name}'{some}; leave the option out, or give the signal")
    return dynamics[name]
