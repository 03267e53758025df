"""Training dynamics made of random logits, all signals consistent with one another: input for tests of scorers."""

from __future__ import annotations

import numpy as np
import xarray as xr

from hbench.dynamics.arrays import from_arrays
from hbench.dynamics.signals import Capture

#: What texts are made of; the last are no words to most counts.
WORDS = ("the", "film", "was", "good", "bad", "not", "plot", "I", "!")


def random_dynamics(
    seed: int = 0, runs: int = 3, epochs: int = 3, examples: int = 11, classes: int = 3, capture: Capture | None = None
) -> xr.Dataset:
    """Return dynamics with every signal a scorer may ask for. Ids are no numbers and not sorted."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 2, (runs, epochs, examples, classes))
    label = draw.integers(classes, size=examples)
    prob = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    gold = np.arange(classes) == label[:, None]
    gold_prob = prob[..., gold]
    others = np.where(gold, -np.inf, logits).max(-1)
    norms = draw.gamma(2.0, size=(3, runs, epochs, examples)).astype(np.float32)
    vectors = draw.normal(size=(2, runs, epochs, examples, 4)).astype(np.float32)
    return from_arrays(
        ids=[f"pair-{number}" for number in draw.permutation(examples)],
        runs=list(range(100, 100 + runs)),
        capture=capture,
        draw=seed,
        label=label,
        length=draw.integers(1, 40, size=examples),
        text=_texts(seed, examples),
        correct=logits.argmax(-1) == label,
        prob=prob.astype(np.float32),
        gold_prob=gold_prob.astype(np.float32),
        el2n=np.linalg.norm(prob - gold, axis=-1).astype(np.float32),
        el2n_sum=draw.gamma(2.0, size=(runs, epochs, examples)).astype(np.float32),
        el2n_mean=draw.gamma(2.0, size=(runs, epochs, examples)).astype(np.float32),
        loss=-np.log(gold_prob).astype(np.float32),
        margin=(logits[..., gold] - others).astype(np.float32),
        entropy=-(prob * np.log(prob)).sum(-1).astype(np.float32),
        grad_norm=norms[0],
        grad_norm_head=norms[1],
        grad_norm_last=norms[2],
        embedding=vectors[0],
        embedding_cls=vectors[1],
    )


def _texts(seed: int, examples: int) -> list[str]:
    draw = np.random.default_rng([seed, 1])
    return [" ".join(draw.choice(WORDS, size=draw.integers(1, 9))) for _ in range(examples)]
