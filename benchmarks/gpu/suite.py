"""Part five: as much of a suite as fits, in a store that the next call goes on with."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.gpu.figures import start


def main() -> int:
    """Run hbench until the suite is done or time runs out; return its exit code, 0 when time ran out."""
    settings, figures = start()
    out = Path(settings["out"])
    store = out / "store"
    command = [sys.executable, "-m", "hbench.cli", "run", settings["suite"], "--store", str(store)]
    command += ["--results", str(out / "results"), "--out", str(out / "leaderboard")]
    command += ["--executor", f"local[jobs={settings['jobs']}]", "--device", settings["device"], "--quiet"]
    command += ["--data-dir", settings["data_dir"]] if settings["data_dir"] else []
    command += ["--model", settings["model"]] if settings["model"] else []
    command += settings["options"]
    before = trainings(store)
    began = time.monotonic()
    process = subprocess.Popen(command)
    code = None
    while code is None and figures.left > 3:
        time.sleep(0.5)
        code = process.poll()
        figures.replace("trainings finished in this call", trainings(store) - before, "", shlex.join(command[2:]))
    took = time.monotonic() - began
    if code is None:
        process.terminate()
        process.wait(20)
    figures.add("trainings finished in all calls", trainings(store), "", str(store))
    figures.add("seconds of this call", took, "s", "")
    figures.add("suite", "complete" if code in (0, 1) else "to be continued" if code is None else "refused", "", "")
    return code or 0


def trainings(store: Path) -> int:
    """Return how many trainings the store holds."""
    return len(list(store.glob("finetune/*/result.json")))


if __name__ == "__main__":
    sys.exit(main())
