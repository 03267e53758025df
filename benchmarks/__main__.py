"""Run every benchmark, one after the other, and write docs/performance.md from what they measured.

    python -m benchmarks [--data-dir DATA] [--out DIR] [--only NAME].. [--quick]

Each writes a JSON file into DIR and has a limit of time; one that fails, or is stopped, is named on the page and does
not keep the others from running. `bench_training` is run only where DATA is given. `--quick` uses tiny settings, to try the command; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.report import page

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
PACKAGES = ("hbench", "torch", "transformers", "accelerate", "numpy", "scipy", "xarray", "matplotlib", "opacus")


@dataclass(frozen=True)
class Bench:
    """One benchmark: its file, without ending, and how long it may take."""

    name: str
    #: Seconds.
    limit: int
    #: Arguments of a script; None for a file of tests, which pytest-benchmark runs.
    options: tuple[str, ...] | None = None
    #: Those that try it in seconds.
    quick: tuple[str, ...] = ()
    #: Whether it reads data sets.
    needs_data: bool = False

    def command(self, out: Path, data: Path | None, quick: bool) -> list[str]:
        """Return the arguments of Python that run it and write its JSON file."""
        file, target = f"benchmarks/{self.name}.py", str(out / f"{self.name}.json")
        if self.options is None:
            rounds = ["--benchmark-max-time=0.1", "--benchmark-min-rounds=1"] if quick else []
            return ["-m", "pytest", "-q", file, f"--benchmark-json={target}", *rounds]
        folder = ["--data-dir", str(data)] if self.needs_data else []
        return ["-m", f"benchmarks.{self.name}", *(self.quick if quick else self.options), *folder, "--json", target]


BENCHES = (
    Bench("bench_training", 3600, ("--rounds", "5"), ("--rounds", "1", "--only", "sst2"), needs_data=True),
    Bench("bench_gradient_norms", 900),
    Bench("bench_dynamics", 900),
    Bench("bench_curriculum", 900),
    Bench("bench_memory", 900),
    Bench("bench_command_line", 600),
    Bench("bench_scale", 3600, ("--examples", "100000", "1000000", "10000000"), ("--examples", "1000", "2000")),
    Bench("bench_results", 1800, ("--results", "500", "5000", "50000"), ("--results", "50", "100", "--no-figures")),
    Bench("bench_board", 900),
)


def machine() -> dict[str, object]:
    """Return what the figures depend on beside the code."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    models = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": found,
    }


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def run(bench: Bench, out: Path, data: Path | None, quick: bool) -> dict[str, object]:
    """Run one benchmark; return its command, how it ended and how long it took."""
    command, started = bench.command(out, data, quick), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    try:
        code: int | str = subprocess.run(
            [sys.executable, *command], cwd=HERE.parent, env=environment, timeout=bench.limit
        ).returncode
    except subprocess.TimeoutExpired:
        code = f"stopped after {bench.limit} s"
    return {**asdict(bench), "command": command, "code": code, "seconds": round(time.perf_counter() - started)}


def main() -> None:
    """Run the benchmarks that are there and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder with snli, sst2 and squad_v2")
    parser.add_argument("--out", type=Path, default=HERE / "measured")
    parser.add_argument("--only", action="append", choices=[bench.name for bench in BENCHES])
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    data = given.data_dir and given.data_dir.resolve()
    named = [b for b in BENCHES if b.name in (given.only or [b.name])]
    done = [run(bench, given.out.resolve(), data, given.quick) for bench in named if data or not bench.needs_data]
    summary = {"machine": machine(), "quick": given.quick, "benches": done}
    (given.out / "summary.json").write_text(json.dumps(summary, indent=1))
    text = page(given.out)
    (given.out / "performance.md").write_text(text)
    if not given.quick and not given.only:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
