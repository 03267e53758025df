"""A suite run in two folders side by side, one of them killed on the way."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from support.bench import Bench


def run(bench: Bench, place: str, *options: str, check: bool = True) -> None:
    bench.hbench("run", "suite.toml", "--store", f"{place}/store", "--quiet", *options, check=check)


def files(bench: Bench, place: str) -> dict[str, bytes]:
    """Return every score, prediction, result and table, by its place."""
    root = bench.folder / place
    patterns = ("store/*/*/scores.npz", "store/*/*/predictions.npz", "results/**/*.json", "leaderboard/**/*")
    found = (path for pattern in patterns for path in root.glob(pattern) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def kill_and_go_on(finished: Bench, jobs: int, check: bool = True) -> set[Path]:
    """Run in the place b, kill it when so many trainings have finished, and run again; return what was there."""
    command = finished.command("run", "suite.toml", "--store", "b/store", "--quiet")
    command += ["--executor", "local[jobs=2]"]
    process = subprocess.Popen(command, cwd=finished.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if len(list((finished.folder / "b/store/finetune").glob("*/result.json"))) >= jobs:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1.5)  # the workers notice within a second
    done = set((finished.folder / "b/store").glob("*/*/result.json"))
    run(finished, "b", "--executor", "inline", check=check)
    return done
