"""Scoring and selecting from many examples: seconds, peak memory and how both grow, each size in a process of its own.

    python benchmarks/bench_scale.py --examples 100000 1000000 10000000 --json scale.json

Made-up dynamics of 6 runs and 3 epochs are written once for each size; then every score job, and a selection at 30 %
with ties, runs through the code that a suite runs. Beside them: the same formulas in plain numpy on arrays in memory,
as the authors of dataset cartography and of H-score publish them, which hold everything.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SCORERS = ("h-score", "forgetting", "cartography", "el2n", "grand")
RUNS, EPOCHS = 6, 3
SIGNALS = {"train": ("correct", "gold_prob"), "epoch_end": ("el2n", "grad_norm")}


def write_runs(folder: Path, examples: int) -> None:
    """Write a store of finished runs: one by the code that trainings use, the others as copies with other values."""
    from hbench import dynamics
    from hbench.jobs.store import write_arrays

    rng = np.random.default_rng(0)
    ids = np.char.mod("%08d", rng.permutation(examples)) if examples <= 10**8 else None
    known = {"label": rng.integers(0, 3, examples), "length": rng.integers(5, 128, examples)}
    for run in range(RUNS):
        place = folder / "finetune" / f"run{run}"
        place.mkdir(parents=True)
        if run == 0:
            write_arrays(place / "examples.npz", {"id": ids, **known})
            captures = {
                capture: dynamics.assemble(
                    {
                        name: np.zeros((1, EPOCHS, examples), bool if name == "correct" else np.float32)
                        for name in names
                    },
                    known,
                    ids=ids,
                    runs=[0],
                    capture=capture,
                )
                for capture, names in SIGNALS.items()
            }
            dynamics.save(place / "dynamics.nc", captures)
            del captures
        else:
            for name in ("examples.npz", "dynamics.nc"):
                shutil.copyfile(folder / "finetune" / "run0" / name, place / name)
        (place / "result.json").write_text("{}")
    for run in range(RUNS):
        with h5py.File(folder / "finetune" / f"run{run}" / "dynamics.nc", "r+") as file:
            for capture, names in SIGNALS.items():
                for name in names:
                    for epoch in range(EPOCHS):
                        drawn = rng.random(examples, dtype=np.float32)
                        file[capture][name][0, epoch] = drawn < 0.8 if name == "correct" else drawn


def score(folder: Path, scorer: str) -> None:
    """Run one score job, reading a store and writing scores.npz."""
    from hbench.jobs import score as module
    from hbench.jobs.spec import Score, TaskRef
    from hbench.jobs.store import Store
    from hbench.plugins.registry import SCORERS as KNOWN

    store = Store(folder)
    store.digest = lambda job_type, key, name: "the same"  # the made-up runs have no result of a training
    observation = KNOWN.find(scorer).plugin.observation()
    runs = tuple(f"run{run}" for run in range(RUNS))
    at = None if observation is None else observation.at
    place = folder / "score" / scorer
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    module.write_result = lambda *_: None
    module.run_score(Score(TaskRef("made-up", {}, {}), scorer, {}, "digest", runs[0], runs, at), store, place)


def select(folder: Path) -> None:
    """Select 30 % by H-score, whose seven values tie, and by EL2N, in each class apart."""
    from hbench.experiment.prune import read_scores
    from hbench.jobs.store import Store
    from hbench.selection import select as chosen

    store = Store(folder)
    labels = store.arrays("finetune", "run0", "examples.npz")["label"]
    for name, balance in (("h-score", None), ("el2n", labels)):
        scores = read_scores(store, name)
        mask = chosen(scores.preference, scores.ids, count=round(0.3 * len(labels)), balance=balance, seed=1)
        assert mask.sum() == round(0.3 * len(labels))


def plain(folder: Path) -> None:
    """Compute H-score and variability of whole arrays with numpy, as published."""
    found = {}
    for name in ("correct", "gold_prob"):
        values = []
        for run in range(RUNS):
            with h5py.File(folder / "finetune" / f"run{run}" / "dynamics.nc") as file:
                values.append(file["train"][name][0])
        found[name] = np.stack(values)
    h_score = found["correct"].astype(bool).all(axis=1).sum(axis=0)
    variability = found["gold_prob"].astype(np.float64).std(axis=1).mean(axis=0)
    np.savez(folder / "plain.npz", h_score, variability)


def measure(task: str, folder: Path, examples: int) -> dict[str, float]:
    """Return seconds and peak resident memory of a task in a process of its own; imports count in the memory.

    A new process starts with its parent's peak, so that writing, too, has one of its own.
    """
    done = subprocess.run(
        [sys.executable, __file__, "--task", task, "--store", str(folder), "--examples", str(examples)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout)


def work(task: str, folder: Path, examples: int) -> dict[str, float]:
    """Do one task here and measure it."""
    started, busy = time.perf_counter(), time.process_time()
    calls: dict[str, Any] = {
        "write": lambda: write_runs(folder, examples),
        "select": lambda: select(folder),
        "plain numpy": lambda: plain(folder),
    }
    calls.get(task, lambda: score(folder, task))()
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time() - busy, 3),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
    }


def main() -> None:
    """Measure one task of one size, or all tasks of growing sizes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--task")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.task is not None:
        sys.stdout.write(json.dumps(work(given.task, given.store, given.examples[0])))
        return
    rows = []
    for examples in given.examples:
        with tempfile.TemporaryDirectory() as folder:
            measure("write", Path(folder), examples)
            for task in (*SCORERS, "select", "plain numpy"):
                rows.append({"examples": examples, "task": task, **measure(task, Path(folder), examples)})
                sys.stderr.write(f"{rows[-1]}\n")
    largest = [row for row in rows if row["examples"] == max(given.examples) and row["task"] in SCORERS]
    found = {
        "title": "Scoring and selection",
        "about": f"{RUNS} runs of {EPOCHS} epochs; every task in a process of its own",
        "rows": rows,
        "all_scorers_seconds": round(sum(row["seconds"] for row in largest), 1),
        "all_scorers_peak_gib": max(row["peak_gib"] for row in largest),
    }
    text = json.dumps(found, indent=1)
    if given.json is None:
        sys.stdout.write(text + "\n")
    else:
        given.json.write_text(text)


if __name__ == "__main__":
    main()
