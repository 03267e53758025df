"""How fast the command line answers, and how fast a finished suite is recognised.

    python -m pytest benchmarks/bench_command_line.py

Compared with `python -c 'import click, rich.console'`, what any command line of this kind pays (`extra_info.ratio` is
the median over rounds, in which the two alternate; `processor_ratio` that of processor times, for busy machines), and
with `python -c 'import torch'`, what every command would pay if heavy imports were not lazy. An installed package has
its modules compiled: bytecode is kept in a folder of this benchmark, whatever PYTHONDONTWRITEBYTECODE says, and each
command runs once before it is timed.
"""

from __future__ import annotations

import os
import resource
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
ROUNDS = 9
SUITE = """
tasks = ["planted-sentence", "planted-pair"]
models = ["tiny"]
scorers = ["h-score", "forgetting", "cartography", "el2n", "length"]
keep = [0.3, "h-score"]
scoring_runs = 2
seeds = 3
"""

Environment = dict[str, str]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which modules are compiled once and kept, as those of an installed package are."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("bytecode"))}


def call(arguments: list[str], environment: Environment, folder: Path | None = None) -> None:
    """Run Python with these arguments and fail when it fails."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=folder, env=environment)


def seconds(arguments: list[str], environment: Environment) -> tuple[float, float]:
    """Return how long such a process takes, and the time of its processor."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    call(arguments, environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, busy


@pytest.mark.parametrize("name", COMMANDS)
def test_answer(benchmark: Any, installed: Environment, name: str) -> None:
    """Time whole processes, each after a bare one."""
    bare: list[tuple[float, float]] = []
    asked: list[tuple[float, float]] = []
    call(BARE, installed)
    call(COMMANDS[name], installed)
    benchmark.pedantic(
        lambda: asked.append(seconds(COMMANDS[name], installed)),
        setup=lambda: bare.append(seconds(BARE, installed)),
        rounds=ROUNDS,
    )
    for place, ratio in enumerate(("ratio", "processor_ratio")):
        benchmark.extra_info[ratio] = round(
            statistics.median(a[place] / b[place] for a, b in zip(asked, bare, strict=True)), 2
        )


def test_finished_suite(benchmark: Any, installed: Environment, tmp_path: Path) -> None:
    """Time the second run of a suite, which trains nothing."""
    (tmp_path / "suite.toml").write_text(SUITE)
    arguments = ["-m", "hbench.cli", "run", "suite.toml", "--quiet"]
    call(arguments, installed, tmp_path)
    benchmark.pedantic(call, args=(arguments, installed, tmp_path), rounds=5, warmup_rounds=1)
