"""Peak memory of predicting answers to questions, for 1,000 and for 10,000 contexts of 384 tokens.

    python -m pytest benchmarks/bench_memory.py --benchmark-json=memory.json

Each measurement is a process of its own. `extra_info.mib` is its peak resident memory before and after predicting;
`kept` decides every batch at once, as hbench does, `logits` keeps the logits of the whole set first, which is what one
otherwise does. What grows with the set is the encoded text, four bytes per token and field, held by both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

CHILD = """
import json, resource, sys
import numpy as np, torch, transformers
from hbench.kinds import Encoded, find_kind
from hbench.kinds.text.tokens import Sequences
from hbench.jobs.recipe import Recipe
from hbench.training.flops import FlopCount
from hbench.training.loop import Run, Setting

count, way, T = int(sys.argv[1]), sys.argv[2], 384
config = transformers.BertConfig(vocab_size=8000, hidden_size=32, num_hidden_layers=1, num_attention_heads=1,
                                 intermediate_size=32, num_labels=2)
rng = np.random.default_rng(0)
ids = rng.integers(5, 8000, count * T).astype(np.int32)
mask = np.ones(count * T, dtype=np.int32)
starts = np.arange(count + 1) * T
zeros = np.zeros(count, dtype=np.int64)
gold = {"start": zeros, "end": zeros, "first": zeros + 20, "last": zeros + T - 2}
encoded = Encoded([str(i) for i in range(count)],
                  Sequences({"input_ids": ids, "attention_mask": mask}, starts, {"input_ids": 0, "attention_mask": 0}),
                  np.arange(count), zeros, zeros + T, gold)
kind = find_kind("span")
model = transformers.AutoModelForQuestionAnswering.from_config(config)
setting = Setting(model=model, kind=kind, flops=FlopCount(1, 1, 1, 0), width=6, predict_width=5,
                  recipe=Recipe(batch_size=12, precision="fp32"), seed=1)
run = Run(setting, encoded, np.arange(count), None)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
kept = []
if way == "logits":
    whole = type(kind).decide
    kind.decide = lambda logits, batch: (kept.append(logits.clone()), whole(kind, logits, batch))[1]
first = run.predict(Encoded(encoded.ids[:24], encoded.sequences, np.arange(24), zeros[:24], zeros[:24] + T, gold))
kept.clear()
before = peak()
run.predict(encoded)
print(json.dumps({"before": round(before), "after": round(peak())}))
"""


@pytest.mark.parametrize("way", ["kept", "logits"])
@pytest.mark.parametrize("count", [1_000, 10_000])
def test_peak_memory_of_predicting(benchmark: Any, count: int, way: str) -> None:
    def measure() -> dict[str, int]:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(count), way], check=True, capture_output=True, text=True
        )
        return json.loads(done.stdout)

    benchmark.extra_info["mib"] = benchmark.pedantic(measure, rounds=1)
