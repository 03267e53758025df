"""Where the time of a training step goes on a CPU, and how much less it could be: its matrix products alone.

    python -m benchmarks.bench_step --json step.json

Trains a model of the size of MiniLM-L6 with random weights, as hbench trains, on one thread, in batches of 32
sequences with the lengths of SNLI's. torch's profiler names the operations that the time is spent in, and tells the
shapes of all matrix products; these are then computed alone, on operands that are there already, in turns with the
training. A training without anything but its products would be faster by that ratio and no more. Tried without gain, on
one processor with AVX2 and with the same bits: huge pages for tensors (THP_MEM_ALLOC_ENABLE=1), larger thresholds of
malloc for giving memory back.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import transformers

from benchmarks.bench_worker_memory import BATCH, WORDS, lengths_like_snli
from benchmarks.gpu.models import config_of
from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, find_kind
from hbench.kinds.text.tokens import Sequences
from hbench.models.rows import RowsInUse
from hbench.training.flops import FlopCount
from hbench.training.loop import Run, Setting

ROUNDS, CLASSES = 5, 3
#: Operations that are matrix products, with the place of their first matrix.
PRODUCTS = {"aten::mm": 0, "aten::addmm": 1, "aten::bmm": 0}
#: Shares of the time below this are summed up.
SHOWN = 0.01


def training(steps: int) -> Run:
    """Return a run of so many steps on made-up sequences."""
    torch.manual_seed(0)
    lengths = np.array(lengths_like_snli(BATCH * steps)) + 2
    config = config_of("MiniLM-L6")
    config.num_labels = CLASSES
    model = transformers.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
    RowsInUse(model, np.arange(WORDS))
    rng = np.random.default_rng(0)
    ids = rng.integers(5, WORDS, lengths.sum()).astype(np.int32)
    encoded = Encoded(
        ids=[str(i) for i in range(len(lengths))],
        sequences=Sequences(
            fields={"input_ids": ids, "attention_mask": np.ones(ids.size, np.int32)},
            starts=np.concatenate([[0], lengths.cumsum()]),
            filling={"input_ids": 0, "attention_mask": 0},
        ),
        owner=np.arange(len(lengths)),
        label=rng.integers(0, CLASSES, len(lengths)),
        length=lengths,
    )
    setting = Setting(
        model=model,
        kind=find_kind("classification"),
        flops=FlopCount(1, 1, 1, 0),
        width=CLASSES,
        predict_width=CLASSES,
        recipe=Recipe(epochs=1, batch_size=BATCH),
        seed=1,
    )
    return Run(setting, encoded, np.arange(len(lengths)), None)


def profiled(steps: int) -> tuple[Counter[str], Counter[tuple[tuple[int, ...], tuple[int, ...]]]]:
    """Return microseconds by operation, without those it calls, and how often each pair of matrices is multiplied."""
    run = training(steps)
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, record_shapes=True) as profiler:
        run.train(lambda done, total: None)
    spent: Counter[str] = Counter()
    shapes: Counter[tuple[tuple[int, ...], tuple[int, ...]]] = Counter()
    for event in profiler.events():
        spent[event.name] += event.self_cpu_time_total
        first = PRODUCTS.get(event.name)
        if first is not None:
            left, right = event.input_shapes[first : first + 2]
            shapes[tuple(left), tuple(right)] += 1
    return spent, shapes


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    spent, shapes = profiled(given.steps)
    operands = [(torch.randn(left), torch.randn(right), count) for (left, right), count in shapes.items()]
    whole, alone = [], []
    for _ in range(ROUNDS):
        run = training(given.steps)
        started = time.process_time()
        run.train(lambda done, total: None)
        whole.append(time.process_time() - started)
        started = time.process_time()
        for left, right, count in operands:
            for _ in range(count):
                torch.matmul(left, right)
        alone.append(time.process_time() - started)
    flops = sum(2 * left.numel() * right.shape[-1] * count for left, right, count in operands)
    total = sum(spent.values())
    large = {name: time_ / total for name, time_ in spent.most_common() if time_ >= SHOWN * total}
    found = {
        "title": "Where a training step's time goes",
        "about": f"MiniLM-L6, {given.steps} batches of {BATCH} with the lengths of SNLI's, one thread; shares of the "
        "profiler's time",
        "rows": [
            *({"operation": name.removeprefix("aten::"), "share_%": 100 * share} for name, share in large.items()),
            {"operation": "all others", "share_%": 100 * (1 - sum(large.values()))},
        ],
        "processor_seconds_a_step": statistics.median(whole) / given.steps,
        "GFLOP/s_of_its_matrix_products_alone": flops / statistics.median(alone) / 1e9,
        "GFLOP/s_of_the_training": flops / statistics.median(whole) / 1e9,
        "at_most_so_many_times_as_fast,_were_there_nothing_but_products": statistics.median(
            a / b for a, b in zip(whole, alone, strict=True)
        ),
    }
    text = json.dumps(found, indent=1)
    if given.json is None:
        sys.stdout.write(text + "\n")
    else:
        given.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
