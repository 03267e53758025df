"""Part four: a small suite with one job on the card at a time, and with eight."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.gpu.figures import Figures, start
from benchmarks.gpu.models import folder_of

SUITE = """
tasks = ["words[size={size}]"]
models = ["{model}"]
scorers = ["length"]
keep = [0.5]
scoring_runs = {seeds}
seeds = {seeds}
[recipe]
epochs = {epochs}
"""


def main() -> int:
    """Run the suite both ways; return 1 when a run of hbench failed by itself."""
    settings, figures = start()
    rehearse = settings["rehearse"]
    model = settings["model"] or str(folder_of("tiny" if rehearse else "MiniLM-L6", Path(settings["out"])))
    folder = Path(settings["out"]) / "sharing"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    suite = folder / "sharing.toml"
    size, epochs, seeds = (96, 1, 2) if rehearse else (4800, 2, settings["jobs"])
    suite.write_text(SUITE.format(size=size, model=model, seeds=seeds, epochs=epochs))
    codes = [
        run(suite, folder / f"jobs-{jobs}", jobs, settings, figures, figures.left / ways)
        for ways, jobs in ((1.7, settings["jobs"]), (1, 1))
    ]
    return int(any(code not in (0, None) for code in codes))


def run(suite: Path, folder: Path, jobs: int, settings: dict[str, Any], figures: Figures, seconds: float) -> int | None:
    """Run the suite for at most so many seconds; return the exit code, None when time ran out."""
    device, plugin = settings["device"], str(Path(__file__).with_name("words.py"))
    command = [sys.executable, "-m", "hbench.cli", "run", str(suite), "--plugin", plugin, "--store", str(folder / "s")]
    command += ["--executor", f"local[jobs={jobs}]", "--device", device, "--quiet"]
    began = time.monotonic()
    process = subprocess.Popen(command)
    highest, code = 0, None
    while code is None and time.monotonic() - began < seconds:
        time.sleep(0.5)
        highest = max(highest, used_memory() if device == "cuda" else 0)
        code = process.poll()
    took = time.monotonic() - began
    if code is None:
        process.terminate()
        process.wait(20)
    done = [json.loads(path.read_text()) for path in folder.glob("s/finetune/*/result.json")]
    setting = f"hbench run, --jobs {jobs}, {len(done)} trainings in {took:.1f} s" + ("" if code == 0 else ", cut off")
    examples = sum(epoch["examples"] for one in done for epoch in one["bill"]["trained"])
    figures.add(f"{jobs} at a time", examples / took, "examples/s, from the start of the command", setting)
    seconds = sum(one["seconds"]["training"] for one in done)
    if seconds:
        rate = min(jobs, len(done)) * examples / seconds
        figures.add(f"{jobs} at a time, while they train", rate, "examples/s, all jobs together", setting)
    if highest:
        figures.add(f"{jobs} at a time, most memory", highest, "MiB of the card", setting)
    return code


def used_memory() -> int:
    """Return the MiB in use on the first card, 0 where the driver does not tell."""
    query = ["nvidia-smi", "--id=0", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    try:
        return int(subprocess.run(query, capture_output=True, text=True, check=True, timeout=10).stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
