"""The signals of one softmax over classes, from its logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: Signals that not every kind of task records -> the most classes for which one softmax gives them; None for any.
EXTRA: dict[str, int | None] = {
    "prob": 16,
}


def extra_of(classes: int) -> tuple[str, ...]:
    """Return which of the signals in `EXTRA` a softmax over so many classes gives."""
    return tuple(name for name, most in EXTRA.items() if most is None or classes <= most)


def signals_of(logits: npt.NDArray[Any], gold: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    """Return the standard signals (..., n) of logits (..., n, C), and those of `EXTRA`; `prob` is (..., n, C).

    gold: (n,), the gold class of each example. `correct` is bool, the others are float32. Everything is computed from
    the differences to the gold logit, in float64: a confident example keeps its small loss and EL2N instead of a
    rounded 0. A value is NaN where its logits are, and `correct` is false there.
    """
    place = np.broadcast_to(gold[:, None], (*logits.shape[:-1], 1))
    exact = logits.astype(np.float64)
    lead = exact - np.take_along_axis(exact, place, axis=-1)
    others = lead.copy()
    np.put_along_axis(others, place, -np.inf, axis=-1)
    with np.errstate(invalid="ignore"):
        loss = np.logaddexp(0.0, np.logaddexp.reduce(others, axis=-1))
        rest = np.exp(others - loss[..., None])  # p of every class but the gold one, which is 0 here
        log_prob = lead - loss[..., None]
        prob = np.exp(log_prob)
        values = {
            "gold_prob": np.exp(-loss),
            "el2n": np.sqrt(np.expm1(-loss) ** 2 + (rest**2).sum(axis=-1)),
            "loss": loss,
            "margin": -others.max(axis=-1),
            "entropy": -(prob * np.maximum(log_prob, -1e300)).sum(axis=-1),
        }
        extra = {
            "prob": prob,
        }
    signals: dict[str, npt.NDArray[Any]] = {k: v.astype(np.float32) for k, v in values.items()}
    signals["correct"] = (logits.argmax(axis=-1) == place[..., 0]) & ~np.isnan(loss)
    signals |= {name: extra[name].astype(np.float32) for name in extra_of(logits.shape[-1])}
    return signals
