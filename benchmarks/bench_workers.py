"""What a worker gains on a CPU by keeping freed memory: training steps on short texts, with and without it.

    python -m pytest benchmarks/bench_workers.py --benchmark-json=workers.json

Each measurement is a process of its own with the environment of a worker (`kept`), or without its settings for memory
(`returned`), taken in turns. `extra_info.ms` is the median step of each round; `extra_info.mib` the peak of resident
memory.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from hbench.execute.local import KEEP_MEMORY

ROUNDS = 5

CHILD = """
import json, resource, time
import torch, transformers
from hbench.spec import Recipe
from hbench.training.loop import Run
from made_up import made_up

setting, encoded = made_up(32 * 60, 16, Recipe(batch_size=32, epochs=1))
config = transformers.BertConfig(hidden_size=384, num_hidden_layers=4, intermediate_size=1536, num_labels=3)
setting.model = transformers.AutoModelForSequenceClassification.from_config(config)
run = Run(setting, encoded, torch.arange(len(encoded.ids)).numpy(), None)
marks = []
run.train(lambda done, total: marks.append(time.perf_counter()))
steps = sorted(b - a for a, b in zip(marks[10:], marks[11:]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"ms": 1000 * steps[len(steps) // 2], "mib": peak}))
"""


def measure(settings: dict[str, str]) -> dict[str, float]:
    environment = {k: v for k, v in os.environ.items() if k not in KEEP_MEMORY} | {"OMP_NUM_THREADS": "1"} | settings
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        env=environment,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_keeping_freed_memory(benchmark: Any) -> None:
    ways = {"kept": dict(KEEP_MEMORY), "returned": {}}
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}

    def rounds() -> None:
        for _ in range(ROUNDS):
            for way, settings in ways.items():
                found[way].append(measure(settings))

    benchmark.pedantic(rounds, rounds=1)
    for key in ("ms", "mib"):
        benchmark.extra_info[key] = {way: [round(f[key], 1) for f in each] for way, each in found.items()}
    kept, returned = (statistics.median(f["ms"] for f in found[way]) for way in ("kept", "returned"))
    benchmark.extra_info["kept / returned"] = round(kept / returned, 3)
