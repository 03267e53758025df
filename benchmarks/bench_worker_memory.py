"""The memory of a worker: what it holds after 2,000 steps beside 100, and at most with full batches of 128 tokens.

    python -m benchmarks.bench_worker_memory --json worker_memory.json

A worker process (`hbench run-job`) trains a model of the size of MiniLM-L6, with random weights, in batches of 32 on
texts of one word a token: once on texts with the lengths of SNLI's, of which every batch has another one, and once on
texts that fill all 128 tokens. Its memory is read from the system while it trains (Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.models import folder_of
from benchmarks.gpu.words import word

BATCH, LONGEST, WORDS = 32, 128, 6500
ROOT = Path(__file__).parent.parent


def write_texts(folder: Path, lengths: Sequence[int]) -> None:
    """Write made-up texts of so many words as SST-2's files."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for split, some in (("train", lengths), ("validation", lengths[:64])):
        with (folder / f"{split}.jsonl").open("w") as file:
            for i, length in enumerate(some):
                text = " ".join(word(rank) for rank in rng.integers(0, WORDS, length))
                file.write(json.dumps({"sentence": text, "label": i % 2}) + "\n")


def lengths_like_snli(count: int) -> list[int]:
    """Return words of so many pairs of texts, about 22 on average, joined to one text."""
    drawn = np.random.default_rng(1).lognormal(np.log((14.0, 7.5)), 0.42, (count, 2)).sum(1).round()
    return np.clip(drawn, 3, LONGEST - 2).astype(int).tolist()


def write_job(folder: Path, steps: int) -> Path:
    """Write the specification of a training on the texts in a folder; return its file."""
    from hbench.data.load import describe_source
    from hbench.jobs.recipe import Recipe
    from hbench.jobs.spec import FineTune, ModelRef, TaskRef, dump
    from hbench.models.catalogue import find_model
    from hbench.plugins.registry import KINDS, TASKS

    task, model = TASKS.find("sst2"), find_model(str(folder_of("MiniLM-L6", folder)))
    declared = KINDS.find(task.plugin.kind).plugin.declaration(task.plugin)
    source = describe_source(task.plugin, folder, task.name)
    recipe = Recipe(batch_size=BATCH, max_length=LONGEST, max_steps=steps)
    job = FineTune(
        TaskRef(task.ref, declared, source, data_dir=str(folder)),
        ModelRef("folder", model.source(), str(model.folder)),
        recipe,
        seed=1,
    )
    path = folder / "spec.json"
    path.write_text(dump(job))
    return path


def memory_of(process: int) -> dict[str, float]:
    """Return resident memory in MiB, now and at most."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in status)
    return {
        "MiB": int(found["VmRSS"].split()[0]) / 1024,
        "MiB_at_most": int(found["VmHWM"].split()[0]) / 1024,
    }


def train(lengths: Sequence[int], steps: int, read_at: Sequence[int]) -> list[dict[str, Any]]:
    """Train so many steps in a worker; return its memory at the first word of it after each of `read_at` steps."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_texts(folder / "sst2", lengths)
        command = [sys.executable, "-m", "hbench.cli", "run-job", str(write_job(folder, steps)), "--device", "cpu"]
        command += ["--store", str(folder / "store")]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
            assert process.stdout is not None
            waiting = list(read_at)
            for line in process.stdout:
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "failed":
                    raise SystemExit(f"the training failed: {event['reason']}")
                while waiting and event.get("done", 0) >= waiting[0]:
                    rows.append({"steps": waiting.pop(0), **memory_of(process.pid)})
        if process.returncode or waiting:
            raise SystemExit(f"the worker ended with exit code {process.returncode}, {len(waiting)} readings missing")
    return rows


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--steps", type=int, nargs="+", default=[100, 500, 1000, 2000], help="when memory is read")
    parser.add_argument("--full-steps", type=int, default=60, help="steps with full batches")
    given = parser.parse_args()
    steps, full = sorted(given.steps), given.full_steps
    mixed = train(lengths_like_snli(BATCH * min(steps[-1], 1000)), steps[-1], steps)
    whole = train([LONGEST - 2] * (BATCH * full), full, [full])
    found = {
        "title": "Memory of a worker",
        "about": f"`hbench run-job` training a model of the size of MiniLM-L6 in batches of {BATCH}; the whole process",
        "rows": [
            *({"texts": "as long as SNLI's", **row} for row in mixed),
            *({"texts": f"{LONGEST} tokens each", **row} for row in whole),
        ],
        f"after_{steps[-1]}_steps,_times_that_after_{steps[0]}": mixed[-1]["MiB_at_most"] / mixed[0]["MiB_at_most"],
        f"GiB_at_most_at_{LONGEST}_tokens": whole[-1]["MiB_at_most"] / 1024,
    }
    text = json.dumps(found, indent=1)
    if given.json is None:
        sys.stdout.write(text + "\n")
    else:
        given.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
