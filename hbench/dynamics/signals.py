"""The one table of signals: what training can tell about an example, and where each value can be observed.

A signal is added here, and in what records it: `hbench.dynamics.logits` for one softmax over classes, a kind of task
for its own, `hbench.training` for gradients and hidden states. This module imports nothing, so that naming a signal is
cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Capture = Literal["train", "epoch_end"]
#: `train`: the forward pass of training itself, before the update. `epoch_end`: a pass of its own in eval mode.
CAPTURES: tuple[Capture, ...] = ("train", "epoch_end")

#: Dimensions of every signal; some have one more.
DIMS = ("run", "epoch", "example")
#: What is known of an example without any training.
EXAMPLE_FIELDS = ("id", "label", "length")
#: What is also known without training, and given to a scorer that asks for it: the example's text, dims (example,).
TEXT = "text"


@dataclass(frozen=True)
class Signal:
    """One value, or one vector, per run, epoch and example."""

    name: str
    #: What it is, in what unit, and which direction is harder.
    meaning: str
    dtype: Literal["bool", "float32"] = "float32"
    dims: tuple[str, ...] = DIMS
    #: Lowest and highest value; None where there is no bound.
    low: float | None = None
    high: float | None = None
    #: Capture points where it can be observed.
    captures: tuple[Capture, ...] = CAPTURES
    source: Literal["logits", "gradients", "hidden states"] = "logits"
    #: Of gradients, the parameters they belong to; of hidden states, how those of the tokens become one vector.
    scope: str | None = None
    #: Whether every kind of task records it, or only the kinds that declare it.
    every_kind: bool = True


#: Every signal, in the order in which they are listed.
TABLE = (
    Signal("correct", "the prediction was the gold one", dtype="bool"),
    Signal("gold_prob", "probability of the gold label, 0..1, higher = easier", low=0.0, high=1.0),
    Signal(
        "el2n",
        "norm of p - y, 0..sqrt(2) for one softmax and times sqrt(k) for k of them, higher = harder",
        low=0.0,
    ),
    Signal("loss", "cross-entropy in nats, >= 0, higher = harder", low=0.0),
    Signal("margin", "gold logit minus best other logit, higher = easier"),
    Signal("entropy", "entropy of p in nats, 0..log C, higher = less certain", low=0.0),
    Signal(
        "prob",
        "p over the classes, 0..1; of tasks with few classes",
        dims=(*DIMS, "class"),
        low=0.0,
        high=1.0,
        every_kind=False,
    ),
    Signal(
        "el2n_sum",
        "sum of the norms of p - y over all parts of an example, >= 0, higher = harder",
        low=0.0,
        every_kind=False,
    ),
    Signal(
        "el2n_mean",
        "mean of the norms of p - y over the parts of an example, 0..sqrt(2), higher = harder",
        low=0.0,
        every_kind=False,
    ),
    Signal(
        "grad_norm",
        "norm of the gradient of the example's loss, all parameters, >= 0, higher = harder",
        low=0.0,
        captures=("epoch_end",),
        source="gradients",
        scope="all",
    ),
    Signal(
        "grad_norm_head",
        "the same of the classification head's parameters",
        low=0.0,
        captures=("epoch_end",),
        source="gradients",
        scope="head",
    ),
    Signal(
        "grad_norm_last",
        "the same of the parameters of the last layer",
        low=0.0,
        captures=("epoch_end",),
        source="gradients",
        scope="last",
    ),
    Signal(
        "embedding",
        "mean over its real tokens of the last hidden state; of several sequences, the mean of theirs",
        dims=(*DIMS, "dim"),
        captures=("epoch_end",),
        source="hidden states",
        scope="mean",
    ),
    Signal(
        "embedding_cls",
        "last hidden state at the classification token, or at the last real token where there is none; of several "
        "sequences, the mean of theirs",
        dims=(*DIMS, "dim"),
        captures=("epoch_end",),
        source="hidden states",
        scope="cls",
    ),
)
#: Name -> signal.
SIGNALS = {signal.name: signal for signal in TABLE}


def scopes(source: Literal["gradients", "hidden states"]) -> dict[str, str]:
    """Return the signals of a source with the scope of each, such as `grad_norm_head` -> `head`."""
    return {signal.name: signal.scope for signal in TABLE if signal.source == source and signal.scope is not None}
