"""What a finished job found, made up: for tests that need a store and no training."""

from __future__ import annotations

from hbench.cost.bill import Bill, Used
from hbench.jobs.result import ExampleCounts, Machine, ScoreResult, TrainingResult

#: One epoch of ten examples.
TRAINED = TrainingResult(
    metric={"validation": {"accuracy": 0.5}},
    examples=ExampleCounts(
        train=10, subset=10, evaluation={"validation": 4}, digests={"train": "a", "validation": "b"}
    ),
    steps=1,
    precision="fp32",
    bill=Bill(trained=(Used(examples=10, tokens=50, flops=1000),)),
    seconds={"training": 0.1},
    machine=Machine(device="cpu", python="3", torch="2", transformers="5"),
    trivial={"validation": "always 0"},
)
SCORED = ScoreResult(planted=None)
