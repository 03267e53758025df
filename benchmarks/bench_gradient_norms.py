"""What a pass for gradient norms costs beside a plain training step on the same batch, in time and in memory.

Run with `pytest benchmarks/bench_gradient_norms.py`; the ratios stand under extra_info (`--benchmark-json FILE`).
The model is a BERT of the size of MiniLM-L6 with random weights, trained as hbench trains: 6,500 rows of the embedding,
the last layer for the first token alone, cheap dropout. Steps and passes alternate, so that both see the same machine;
on a busy one the ratio of processor times says more. Nothing here fails when a machine is slow.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch.nn import functional

from hbench.models.first_token import FirstToken
from hbench.models.rows import RowsInUse
from hbench.training.dropout import CheapDropout
from hbench.training.gradients.norms import GradientNorms

ROUNDS = 5
CLASSES = 3
#: Tokens that occur in some thousand examples.
TOKENS = 6500


class Workbench:
    """A model, its optimizer and one batch: the two things compared."""

    def __init__(self, sequences: int, length: int) -> None:
        torch.manual_seed(0)
        config = transformers.BertConfig(
            hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, num_labels=CLASSES
        )
        self.model = transformers.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
        FirstToken(self.model)
        RowsInUse(self.model, np.arange(TOKENS))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, fused=True)
        lengths = torch.linspace(length // 2, length, sequences).long()
        mask = (torch.arange(length) < lengths[:, None]).long()
        ids = torch.randint(1000, TOKENS, (sequences, length)) * mask
        self.inputs = {"input_ids": ids, "attention_mask": mask}
        self.labels = torch.arange(sequences) % CLASSES
        self.norms = GradientNorms(self.model)

    def losses(self, output: Any) -> torch.Tensor:
        return functional.cross_entropy(output.logits, self.labels, reduction="none")

    def step(self) -> None:
        """Forward, backward and AdamW, as in training."""
        self.model.train()
        with CheapDropout():
            output = self.model(**self.inputs)
        self.losses(output).mean().backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def grand(self) -> None:
        """One pass for gradient norms, preparing and restoring the model included."""
        with self.norms:
            self.norms(self.inputs, self.losses)

    def held(self) -> int:
        """Return the bytes that stay alive between steps: weights and the optimizer's state."""
        state = [v for values in self.optimizer.state.values() for v in values.values() if torch.is_tensor(v)]
        return sum(t.numel() * t.element_size() for t in [*self.model.parameters(), *state])


def seconds(call: Callable[[], None]) -> tuple[float, float]:
    """Return wall-clock and processor seconds."""
    start = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def ratio(passes: list[tuple[float, float]], steps: list[tuple[float, float]], clock: int) -> float:
    return statistics.median(p[clock] for p in passes) / statistics.median(s[clock] for s in steps)


def peak(call: Callable[[], None]) -> int:
    """Return the most bytes that tensors made by `call` held at one time, from the profiler's record of them."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    changes = sorted((e["ts"], e["args"]["Bytes"]) for e in events if e.get("name") == "[memory]")
    held = highest = 0
    for _, change in changes:
        held += change
        highest = max(highest, held)
    return highest


@pytest.mark.parametrize(("sequences", "length"), [(32, 64), (8, 384)])
def test_gradient_norms_beside_a_training_step(benchmark: Any, sequences: int, length: int) -> None:
    bench = Workbench(sequences, length)
    bench.step()
    bench.grand()  # the first pass compares with autograd, later ones do not
    steps: list[tuple[float, float]] = []
    passes: list[tuple[float, float]] = []
    benchmark.pedantic(
        lambda: passes.append(seconds(bench.grand)),
        setup=lambda: steps.append(seconds(bench.step)),
        rounds=ROUNDS,
    )
    held, of_step, of_pass = bench.held(), peak(bench.step), peak(bench.grand)
    benchmark.extra_info |= {
        "step_seconds": statistics.median(s[0] for s in steps),
        "pass_seconds": statistics.median(p[0] for p in passes),
        "time_ratio": ratio(passes, steps, 0),
        "processor_time_ratio": ratio(passes, steps, 1),
        "peak_ratio": (held + of_pass) / (held + of_step),
        "peak_ratio_without_weights_and_optimizer": of_pass / of_step,
    }
