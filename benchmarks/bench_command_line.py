"""How fast the command line answers, and how fast a finished suite is recognised.

    python -m pytest benchmarks/bench_command_line.py

Compared with `python -c 'import click, rich.console'`, what any command line of this kind pays (`extra_info.ratio` is
the median over rounds, in which the two alternate), and with `python -c 'import torch'`, what every command would pay
if heavy imports were not lazy.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

COMMANDS = {
    "help": ["-m", "hbench.cli", "--help"],
    "plan small": ["-m", "hbench.cli", "plan", "small"],
    "plan paper": ["-m", "hbench.cli", "plan", "paper"],
    "import torch": ["-c", "import torch"],
}
BARE = ["-c", "import click, rich.console"]
SUITE = """
tasks = ["planted-sentence", "planted-pair"]
models = ["tiny"]
scorers = ["h-score", "forgetting", "cartography", "el2n", "length"]
keep = [0.3, "h-score"]
scoring_runs = 2
seeds = 3
"""


def call(arguments: list[str], folder: Path | None = None) -> None:
    """Run Python with these arguments and fail when it fails."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=folder)


def seconds(arguments: list[str]) -> float:
    """Return how long such a process takes."""
    started = time.perf_counter()
    call(arguments)
    return time.perf_counter() - started


@pytest.mark.parametrize("name", COMMANDS)
def test_answer(benchmark: Any, name: str) -> None:
    """Time a whole process, five times, each after a bare one."""
    bare: list[float] = []
    asked: list[float] = []
    benchmark.pedantic(
        lambda: asked.append(seconds(COMMANDS[name])),
        setup=lambda: bare.append(seconds(BARE)),
        rounds=5,
        warmup_rounds=1,
    )
    benchmark.extra_info["ratio"] = round(statistics.median(a / b for a, b in zip(asked, bare, strict=True)), 2)


def test_finished_suite(benchmark: Any, tmp_path: Path) -> None:
    """Time the second run of a suite, which trains nothing."""
    (tmp_path / "suite.toml").write_text(SUITE)
    arguments = ["-m", "hbench.cli", "run", "suite.toml", "--quiet"]
    call(arguments, tmp_path)
    benchmark.pedantic(call, args=(arguments, tmp_path), rounds=5)
