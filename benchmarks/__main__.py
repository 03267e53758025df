"""Run every benchmark, one after the other, and write docs/performance.md from what they measured.

    python -m benchmarks [--data-dir DATA] [--out DIR] [--keep] [--only NAME].. [--quick]

Each writes a JSON file into DIR and has a limit of time; one that fails, or is stopped, is named on the page and does
not keep the others from running. `bench_training` is run only where DATA is given. `--keep` takes what DIR holds
already and was measured on this machine with these versions of its packages, at a commit that the present one goes
back to; the page names each such commit. `--quick` uses tiny settings, to try the command; its figures mean nothing,
and docs/performance.md is left alone.
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
    Bench("bench_step", 900, (), ("--steps", "2")),
    Bench("bench_worker_memory", 5400, (), ("--steps", "2", "4", "--full-steps", "1")),
    Bench("bench_gradient_norms", 1800, (), ("--rounds", "1", "--tiny")),
    Bench("bench_dynamics", 900),
    Bench("bench_curriculum", 900),
    Bench("bench_memory", 900),
    Bench("bench_command_line", 600),
    Bench("bench_scale", 3600, (), ("--examples", "1000", "2000", "--runs", "3", "6", "--at", "1000")),
    Bench("bench_growth", 1800, (), ("--methods", "2", "4", "--seeds", "6", "8")),
    Bench("bench_board", 900),
    Bench("bench_results", 1800, ("--results", "500", "5000", "50000"), ("--results", "50", "100", "--no-figures")),
)


def machine() -> dict[str, object]:
    """Return what the figures depend on beside the code."""
    import torch

    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    models = [line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")]
    bf16 = "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "no bf16"
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "instructions": f"{torch.backends.cpu.get_cpu_capability()}, {bf16}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": found,
    }


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def commit() -> str:
    """Return the commit of the code in short, with a mark where files differ from it; `unknown` without git."""
    found = _git("rev-parse", "--short=12", "HEAD")
    if found is None:
        return "unknown"
    return f"{found}, changed" if _git("status", "--porcelain", "--untracked-files=no", "--", "hbench") else found


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=HERE.parent, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def kept(out: Path, here: dict[str, object], quick: bool) -> dict[str, dict[str, object]]:
    """Return by name the benchmarks that finished earlier on the same machine, at a commit that this one goes back to.

    here: the machine. Those that do not fit are named on standard error.
    """
    file = out / "summary.json"
    if not file.is_file():
        return {}
    summary, fit = json.loads(file.read_text()), {}
    for bench in summary["benches"]:
        name, of = bench["name"], str(bench["commit"]).partition(",")[0]
        if bench["code"] != 0 or not (out / f"{name}.json").is_file():
            why = "it did not finish"
        elif summary["machine"] != here or summary["quick"] != quick:
            why = "it was measured on another machine, with other packages or settings"
        elif of != "unknown" and _git("merge-base", "--is-ancestor", of, "HEAD") is None:
            why = f"commit {of} is none that the present one goes back to"
        else:
            fit[name] = bench
            continue
        sys.stderr.write(f"{name} is measured again: {why}\n")
    return fit


def run(bench: Bench, out: Path, data: Path | None, quick: bool) -> dict[str, object]:
    """Run one benchmark; return its command, its commit, how it ended and how long it took."""
    command, started = bench.command(out, data, quick), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"}
    try:
        code: int | str = subprocess.run(
            [sys.executable, *command], cwd=HERE.parent, env=environment, timeout=bench.limit
        ).returncode
    except subprocess.TimeoutExpired:
        code = f"stopped after {bench.limit} s"
    seconds = round(time.perf_counter() - started)
    return {**asdict(bench), "command": command, "commit": commit(), "code": code, "seconds": seconds}


def main() -> None:
    """Run the benchmarks, those that are kept left out, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder with snli, sst2 and squad_v2")
    parser.add_argument("--out", type=Path, default=HERE / "measured")
    parser.add_argument("--only", action="append", choices=[bench.name for bench in BENCHES])
    parser.add_argument("--keep", action="store_true", help="go on from what --out holds")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    out, here = given.out.resolve(), machine()
    out.mkdir(parents=True, exist_ok=True)
    data = given.data_dir and given.data_dir.resolve()
    done = kept(out, here, given.quick) if given.keep else {}
    for bench in BENCHES:
        wanted = bench.name in given.only if given.only else bench.name not in done
        if wanted and (data or not bench.needs_data):
            done[bench.name] = run(bench, out, data, given.quick)
        ordered = [done[one.name] for one in BENCHES if one.name in done]
        summary = {"machine": here, "commit": commit(), "quick": given.quick, "benches": ordered}
        (out / "summary.json").write_text(json.dumps(summary, indent=1))  # what is measured stays, whatever comes
    text = page(out)
    (out / "performance.md").write_text(text)
    if not given.quick and len(done) == len(BENCHES):
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
