"""What recording dynamics inside the training step costs, against the same training without it, interleaved.

    python -m pytest benchmarks/bench_dynamics.py --benchmark-json=dynamics.json

`extra_info.overhead` is the median over rounds of (recorded / plain - 1); rounds alternate, so that a slow spell of the
machine slows both. What a user would otherwise do, a second forward pass, is `extra_info.second_forward`.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.made_up import made_up
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.training.loop import Run

EXAMPLES, TOKENS, ROUNDS = 512, 32, 7


def training(recorded: bool, examples: int = EXAMPLES) -> Run:
    """Return a run of one epoch on made-up sequences, with or without dynamics at `train`."""
    setting, encoded = made_up(examples, TOKENS, Recipe(epochs=1, precision="fp32"))
    return Run(setting, encoded, np.arange(examples), {"train": Watch()} if recorded else None)


def seconds(run: Run) -> float:
    """Train to the end and derive the signals, if any; return how long it took."""
    started = time.perf_counter()
    run.train(lambda done, total: None)
    for watcher in run.observers.values():
        watcher.dataset(run.setting.kind, run.encoded, 1)
    return time.perf_counter() - started


def second_forward(run: Run) -> float:
    """Return how long one more forward pass over all examples takes."""
    started = time.perf_counter()
    run.predict(run.encoded)
    return time.perf_counter() - started


def test_recording(benchmark: Any) -> None:
    """Compare recorded with plain training, round by round."""
    seconds(training(True)), seconds(training(False))
    ratios, forwards = [], []

    def round_() -> None:
        plain, recorded = training(False), training(True)
        a = seconds(plain)
        b = seconds(recorded)
        ratios.append(b / a)
        forwards.append(second_forward(plain) / a)

    benchmark.pedantic(round_, rounds=ROUNDS)
    benchmark.extra_info["overhead"] = statistics.median(ratios) - 1
    benchmark.extra_info["second_forward"] = statistics.median(forwards)


@pytest.mark.parametrize("examples", [1000, 10000, 100000])
def test_keeping_a_batch_does_not_grow_with_the_training_set(benchmark: Any, examples: int) -> None:
    """Time the observer's own work for one batch: the same whatever the number of examples, or something is copied."""
    from hbench.training.observers import Observer

    observer = Observer("train", (1, 2, 3), (), examples, 3)
    members, values = np.arange(32) * (examples // 32), torch.zeros(32, 3)
    benchmark(observer.keep, 2, members, values)
