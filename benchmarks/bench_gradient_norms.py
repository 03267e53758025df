"""What a pass for gradient norms costs beside a training step, and beside other ways to the same norms.

    python -m benchmarks.bench_gradient_norms --json gradient_norms.json

Two comparisons of models of the size of MiniLM-L6 with random weights. `as trained`: the pass beside a plain training
step as hbench trains, 6,500 rows of the embedding, the last layer for the first token alone, cheap dropout, AdamW.
`peers`: the pass beside Opacus, torch.func and a loop over single examples, on the whole model without dropout, which
Opacus needs in training mode; a step is then a forward and a backward pass. The ways of a comparison take turns, so
that all see the same machine; on a busy one the ratio of processor times says more. Memory is the most bytes that
tensors held at one time, weights and the state of the optimizer included. Errors are the largest of an example,
relative to its norm by autograd.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.nn import functional

from benchmarks.gpu.gradients import Batch, Opacus
from hbench.models.first_token import FirstToken
from hbench.models.rows import RowsInUse
from hbench.training.dropout import CheapDropout
from hbench.training.gradients.norms import GradientNorms

CLASSES = 3
#: Tokens that occur in some thousand examples.
TOKENS = 6500
#: Sequences and tokens of a batch: short texts, and the windows of SQuAD.
SHAPES = ((32, 64), (8, 384))
STEP = "training step"

Ways = Mapping[str, Callable[[], Any]]


class Workbench:
    """A model, its optimizer and one batch: training beside the pass."""

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
        return size_of([*self.model.parameters(), *state])


def size_of(tensors: list[torch.Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def peak(call: Callable[[], Any]) -> int:
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


def in_turns(ways: Ways, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall-clock and processor seconds of every way and round; the first round, which prepares, left out."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, call in ways.items():
            start = time.perf_counter(), time.process_time()
            call()
            if number:
                spent[name].append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return spent


def rows(ways: Ways, rounds: int, held: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return a row for every way: its times, their ratios to those of the first way, and its memory.

    held: by way, the bytes that are alive before it is called.
    """
    spent, made = in_turns(ways, rounds), []
    first, highest = next(iter(ways)), {name: held[name] + peak(call) for name, call in ways.items()}
    for name in ways:
        ratios = [
            statistics.median(a[clock] / b[clock] for a, b in zip(spent[name], spent[first], strict=True))
            for clock in (0, 1)
        ]
        made.append(
            {
                "way": name,
                "seconds": statistics.median(wall for wall, _ in spent[name]),
                "times_a_step": ratios[0],
                "times_a_step,_processor_time": ratios[1],
                "MiB": round(highest[name] / 2**20),
                "times_the_memory_of_a_step": highest[name] / highest[first],
            }
        )
    return made


def as_trained(sequences: int, length: int, rounds: int) -> list[dict[str, Any]]:
    """Compare the pass with a training step."""
    bench = Workbench(sequences, length)
    bench.step()
    bench.grand()  # the first pass compares with autograd, later ones do not
    ways = {STEP: bench.step, "hbench": bench.grand}
    return rows(ways, rounds, dict.fromkeys(ways, bench.held()))


def peers(sequences: int, length: int, rounds: int, size: str) -> list[dict[str, Any]]:
    """Compare the pass with other ways; a copy of the model for each, since some leave hooks on it."""
    batches = {name: Batch(size, sequences, length, "cpu") for name in ("step", "hbench", "func", "single")}
    norms = GradientNorms(batches["hbench"].model)

    def hbench() -> torch.Tensor:
        with norms:
            return norms(batches["hbench"].inputs, batches["hbench"].losses)["all"]

    ways: dict[str, Callable[[], torch.Tensor]] = {
        "forward and backward pass": batches["step"].step,
        "hbench": hbench,
        "torch.func, 8 examples at a time": batches["func"].functional,
        "one example at a time": batches["single"].single,
    }
    absent = importlib.util.find_spec("opacus") is None
    if not absent:
        for name, ghost in (("Opacus", False), ("Opacus, ghost norms", True)):
            ways[name] = Opacus(Batch(size, sequences, length, "cpu"), ghost)
    truth = batches["single"].single()
    made = rows(ways, rounds, dict.fromkeys(ways, size_of(list(batches["step"].model.parameters()))))
    for row, call in zip(made[1:], list(ways.values())[1:], strict=True):
        row["largest_error"] = float(((call() - truth).abs() / truth).max())
    return [*made, *([{"way": "Opacus: not installed (pip install opacus)"}] if absent else [])]


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="rounds, in each of which every way has its turn")
    parser.add_argument("--tiny", action="store_true", help="a tiny model and batch, to try the command")
    given = parser.parse_args()
    shapes, size = (((4, 16),), "tiny") if given.tiny else (SHAPES, "MiniLM-L6")
    parts = []
    for sequences, length in shapes:
        batch = f"{sequences} sequences of up to {length} tokens"
        parts += [
            {"title": f"As trained, {batch}", "rows": as_trained(sequences, length, given.rounds)},
            {"title": f"Peers, {batch}", "rows": peers(sequences, length, given.rounds, size)},
        ]
    about = (
        "A pass that gives the norm of every example's gradient, in fp32 on one thread: beside a training step of "
        "hbench, and beside other libraries, where a step is a forward and a backward pass of the whole model"
    )
    text = json.dumps({"title": "Gradient norms", "about": about, "parts": parts}, indent=1)
    if given.json is None:
        sys.stdout.write(text + "\n")
    else:
        given.json.write_text(text + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
