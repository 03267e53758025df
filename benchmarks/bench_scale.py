"""Scoring and selecting from many examples: seconds, peak memory and how both grow, each task in a process of its own.

    python -m benchmarks.bench_scale --examples 100000 1000000 10000000 --runs 6 12 24 --json scale.json

Made-up dynamics of 3 epochs are written once for each size; then every score job, and a selection at 30 % with ties,
runs through the code that a suite runs. Beside them, up to a million examples: the formulas of dataset cartography and
of H-score, written here from the papers, once with numpy on whole arrays and once an example at a time; and dPrune's
pipeline (package dprune), which scores forgetting from what one run got right and keeps the highest 30 %, beside the
same by hbench. Loading what the peers are given is not counted against them; hbench reads and writes its files.
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
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SCORERS = ("h-score", "forgetting", "cartography", "el2n", "grand")
RUNS, EPOCHS = 6, 3
KEPT = 0.3
#: Examples beyond which a peer that holds everything, or goes through it one by one, is not asked.
MOST_OF_PEERS = 1_000_000
SIGNALS = {"train": ("correct", "gold_prob"), "epoch_end": ("el2n", "grad_norm")}


def write_runs(folder: Path, examples: int, runs: int) -> None:
    """Write a store of finished runs: one by the code that trainings use, the others as copies with other values."""
    from hbench import dynamics
    from hbench.jobs.store import write_arrays

    rng = np.random.default_rng(0)
    ids = np.char.mod("%08d", rng.permutation(examples)) if examples <= 10**8 else None
    known = {"label": rng.integers(0, 3, examples), "length": rng.integers(5, 128, examples)}
    for run in range(runs):
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
    for run in range(runs):
        with h5py.File(folder / "finetune" / f"run{run}" / "dynamics.nc", "r+") as file:
            for capture, names in SIGNALS.items():
                for name in names:
                    for epoch in range(EPOCHS):
                        drawn = rng.random(examples, dtype=np.float32)
                        file[capture][name][0, epoch] = drawn < 0.8 if name == "correct" else drawn


def score(folder: Path, scorer: str, runs: int) -> None:
    """Run one score job, reading a store and writing scores.npz."""
    from hbench.jobs import score as module
    from hbench.jobs.spec import Score, TaskRef
    from hbench.jobs.store import Store
    from hbench.plugins.registry import SCORERS as KNOWN

    store = Store(folder)
    store.digest = lambda job_type, key, name: "the same"  # the made-up runs have no result of a training
    observation = KNOWN.find(scorer).plugin.observation()
    names = tuple(f"run{run}" for run in range(runs))
    at = None if observation is None else observation.at
    place = folder / "score" / scorer
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    module.write_result = lambda *_: None
    module.run_score(Score(TaskRef("made-up", {}, {}), scorer, {}, "digest", names[0], names, at), store, place)


def select(folder: Path) -> None:
    """Select 30 % by H-score, whose seven values tie, and by EL2N, in each class apart."""
    from hbench.jobs.store import Store

    labels = Store(folder).arrays("finetune", "run0", "examples.npz")["label"]
    for name, balance in (("h-score", None), ("el2n", labels)):
        chosen(folder, name, balance)


def chosen(folder: Path, scorer: str, balance: Any = None) -> Any:
    """Return which examples a scorer's scores select, 30 % of them."""
    from hbench.experiment.prune import read_scores
    from hbench.jobs.store import Store
    from hbench.selection import select as selected

    scores = read_scores(Store(folder), scorer)
    count = round(KEPT * len(scores.ids))
    return selected(scores.preference, scores.ids, count=count, balance=balance, seed=1)


def forgetting(folder: Path) -> None:
    """Score one run by forgetting and select 30 %: what dPrune does."""
    score(folder, "forgetting", 1)
    chosen(folder, "forgetting")


def signal(folder: Path, name: str, runs: int) -> Any:
    """Return a signal of all runs as an array (run, epoch, example)."""
    values = []
    for run in range(runs):
        with h5py.File(folder / "finetune" / f"run{run}" / "dynamics.nc") as file:
            values.append(file["train"][name][0])
    return np.stack(values)


def whole_arrays(folder: Path, runs: int) -> Callable[[], object]:
    """Return a call that computes H-score and variability of whole arrays with numpy."""
    correct, prob = signal(folder, "correct", runs).astype(bool), signal(folder, "gold_prob", runs)
    return lambda: (correct.all(axis=1).sum(axis=0), prob.astype(np.float64).std(axis=1).mean(axis=0))


def one_by_one(folder: Path, runs: int) -> Callable[[], object]:
    """Return a call that computes H-score, confidence and variability an example at a time, in plain Python."""
    correct = signal(folder, "correct", runs).astype(bool).transpose(2, 0, 1).tolist()
    prob = signal(folder, "gold_prob", runs).astype(np.float64).transpose(2, 0, 1).tolist()

    def spread(values: Sequence[float]) -> float:
        mean = sum(values) / len(values)
        return (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5

    def compute() -> object:
        h = [sum(all(epochs) for epochs in of_runs) for of_runs in correct]
        confidence = [sum(sum(epochs) for epochs in of_runs) / (runs * EPOCHS) for of_runs in prob]
        return h, confidence, [sum(map(spread, of_runs)) / runs for of_runs in prob]

    return compute


def dprune(folder: Path) -> Callable[[], object]:
    """Return a call of dPrune's pipeline on what one run got right."""
    import datasets
    from dprune import ForgettingCallback, ForgettingScorer, PruningPipeline, TopKPruner

    correct = signal(folder, "correct", 1)[0].astype(int).T.tolist()
    callback = ForgettingCallback()
    callback.learning_events = dict(enumerate(correct))
    rows = datasets.Dataset.from_dict({"id": [f"{i:08d}" for i in range(len(correct))]})
    pipeline = PruningPipeline(ForgettingScorer(callback), TopKPruner(KEPT))
    return lambda: pipeline.run(rows)


#: What is compared with hbench's tasks, and prepared first: by its name on the page.
PEERS: dict[str, Callable[[Path, int], Callable[[], object]]] = {
    "numpy: H-score and variability, whole arrays": whole_arrays,
    "Python: H-score and cartography, one by one": one_by_one,
    "dPrune: forgetting of one run, 30 %": lambda folder, runs: dprune(folder),
}
OURS = "hbench: forgetting of one run, 30 %"


def measure(task: str, folder: Path, examples: int, runs: int = RUNS) -> dict[str, float]:
    """Return seconds and peak resident memory of a task in a process of its own; imports count in the memory.

    A new process starts with its parent's peak, so that writing, too, has one of its own.
    """
    size = ["--examples", str(examples), "--runs", str(runs)]
    done = subprocess.run(
        [sys.executable, __file__, "--task", task, "--store", str(folder), *size],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout)


def work(task: str, folder: Path, examples: int, runs: int) -> dict[str, float]:
    """Do one task here and measure it."""
    calls: dict[str, Callable[[], object]] = {
        "write": lambda: write_runs(folder, examples, runs),
        "select": lambda: select(folder),
        OURS: lambda: forgetting(folder),
    }
    prepared = PEERS[task](folder, runs) if task in PEERS else None
    started, busy = time.perf_counter(), time.process_time()
    (prepared or calls.get(task, lambda: score(folder, task, runs)))()
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time() - busy, 3),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
    }


def by_examples(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Return a row for every size and task."""
    rows = []
    for examples in sizes:
        peers = [peer for peer in PEERS if "dPrune" not in peer or find_spec("dprune")]
        peers = [OURS, *peers] if examples <= MOST_OF_PEERS else []
        with tempfile.TemporaryDirectory() as folder:
            measure("write", Path(folder), examples)
            for task in (*SCORERS, "select", *peers):
                rows.append({"examples": examples, "task": task, **measure(task, Path(folder), examples)})
                sys.stderr.write(f"{rows[-1]}\n")
    return rows


def by_runs(counts: Sequence[int], examples: int) -> list[dict[str, Any]]:
    """Return a row for every number of runs and scorer."""
    rows = []
    for runs in counts:
        with tempfile.TemporaryDirectory() as folder:
            measure("write", Path(folder), examples, runs)
            for task in SCORERS:
                rows.append({"runs": runs, "task": task, **measure(task, Path(folder), examples, runs)})
    return rows


def main() -> None:
    """Measure one task of one size, or all tasks of growing sizes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--runs", type=int, nargs="+", default=[6, 12, 24])
    parser.add_argument("--at", type=int, default=200_000, help="examples while the number of runs grows")
    parser.add_argument("--task")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.task is not None:
        sys.stdout.write(json.dumps(work(given.task, given.store, given.examples[0], given.runs[0])))
        return
    rows = by_examples(given.examples)
    largest = [row for row in rows if row["examples"] == max(given.examples) and row["task"] in SCORERS]
    found = {
        "title": "Scoring and selection",
        "about": f"Runs of {EPOCHS} epochs; every task in a process of its own. "
        + ("" if find_spec("dprune") else "dPrune is not installed (pip install dprune)"),
        "parts": [
            {"title": f"By examples, {RUNS} runs", "rows": rows},
            {"title": f"By runs, {given.at:,} examples", "rows": by_runs(given.runs, given.at)},
        ],
        f"seconds_of_all_{len(SCORERS)}_scorers_at_{max(given.examples):,}_examples": round(
            sum(row["seconds"] for row in largest), 1
        ),
        "the_same,_processor_time": round(sum(row["cpu_seconds"] for row in largest), 1),
        "peak_GiB": max(row["peak_gib"] for row in largest),
    }
    text = json.dumps(found, indent=1)
    if given.json is None:
        sys.stdout.write(text + "\n")
    else:
        given.json.write_text(text)


if __name__ == "__main__":
    main()
