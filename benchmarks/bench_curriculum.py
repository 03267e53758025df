"""What pruning while training costs besides training: the pass before every choice, and the choice itself.

    python -m pytest benchmarks/bench_curriculum.py --benchmark-json=curriculum.json

`extra_info.pass_over_epoch` is the time of one scoring pass over all examples over that of one training epoch on them,
`choosing_share` the share of the whole training that choosing takes, each the median over rounds. The comparison is
with the training step of the same run, which is what a user pays in any case.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pytest

from benchmarks.made_up import made_up
from hbench import scorer
from hbench.jobs.recipe import Recipe
from hbench.training.curriculum import Curriculum
from hbench.training.loop import Run

EXAMPLES, TOKENS, ROUNDS = 512, 32, 5
RECIPE = Recipe(epochs=4, precision="fp32")


def training(method: str, seed: int) -> Run:
    """Return a run whose curriculum keeps half of made-up sequences after one epoch on all."""
    setting, encoded = made_up(EXAMPLES, TOKENS, RECIPE, seed)
    curriculum = Curriculum(
        scorer(method),
        setting.kind,
        encoded,
        width=setting.width,
        count=EXAMPLES // 2,
        epochs=RECIPE.epochs,
        batch_size=RECIPE.batch_size,
        max_steps=None,
        seed=seed,
        selection_seed=0,
    )
    return Run(setting, encoded, np.arange(EXAMPLES), None, curriculum)


@pytest.mark.parametrize("method", ["dynamic-el2n", "dynamic-el2n[smoothing=mean]"])
def test_a_pass_and_a_choice_beside_training(benchmark: Any, method: str) -> None:
    passes, choosing = [], []

    def measure() -> None:
        run = training(method, seed=len(passes))
        run.train(lambda done, total: None)
        seconds = run.seconds
        epochs = sum(used.examples for used in run.bill.trained) / EXAMPLES
        passes.append(seconds["observing"] / len(run.bill.observed) / (seconds["training"] / epochs))
        choosing.append(seconds["choosing"] / sum(seconds.values()))

    benchmark.pedantic(measure, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info["pass_over_epoch"] = round(statistics.median(passes), 3)
    benchmark.extra_info["choosing_share"] = round(statistics.median(choosing), 4)
