"""The parts: what each runs, how long at most, and running one so that nothing of it is left behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: Seconds that a part has to end by itself once it has been asked to.
_GRACE = 5.0


@dataclass(frozen=True)
class Plan:
    """What the command was asked for."""

    out: Path
    device: str
    rehearse: bool
    minutes: float
    #: Folder or name of a model; None for random weights.
    model: str | None
    suite: str | None
    data_dir: Path | None
    #: Jobs on the card at a time.
    jobs: int
    #: Options of `hbench run` for the suite.
    options: tuple[str, ...]

    def settings(self) -> dict[str, Any]:
        """Return what decides the figures: those of other settings are not kept."""
        return {"device": self.device, "rehearse": self.rehearse, "model": self.model, "jobs": self.jobs}

    def given(self) -> dict[str, Any]:
        """Return all of it as JSON values, for the process of a part."""
        data_dir = None if self.data_dir is None else str(self.data_dir)
        more = {"suite": self.suite, "data_dir": data_dir, "options": list(self.options), "out": str(self.out)}
        return {**self.settings(), **more}


@dataclass(frozen=True)
class Part:
    """One part, a module of this folder that is given a file of settings and one to write figures to."""

    name: str
    #: Most seconds when the whole takes nine minutes; None for all that is left.
    seconds: float | None
    #: Seconds under which it is not worth starting.
    least: float


#: In the order of their importance.
PARTS = (
    Part("tests", 110, 20),
    Part("training", 130, 20),
    Part("gradients", 60, 15),
    Part("sharing", 130, 20),
    Part("suite", None, 10),
)


def cpu_environment(plan: Plan) -> dict[str, str]:
    """Return the environment of the parts: no network, this source tree first, one thread where a CPU is rehearsed."""
    given = dict(os.environ)
    path = os.pathsep.join(filter(None, (str(ROOT), given.get("PYTHONPATH"))))
    given |= {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    given |= {"HBENCH_TEST_DEVICE": plan.device, "PYTHONUNBUFFERED": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    if plan.device == "cpu":
        given |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return given


def run_part(part: Part, plan: Plan, seconds: float, *, whole: bool) -> dict[str, Any]:
    """Run a part for at most so many seconds and return what it measured, and how it ended.

    whole: whether these are all the seconds that the part may ever take; cut off then, it is not started again.
    """
    folder = plan.out / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    settings, figures, log = (folder / f"{part.name}.{end}" for end in ("settings.json", "figures.json", "log"))
    settings.write_text(json.dumps({**plan.given(), "seconds": seconds - _GRACE}))
    figures.unlink(missing_ok=True)
    command = [sys.executable, "-m", f"benchmarks.gpu.{part.name}", str(settings), str(figures)]
    started = time.monotonic()
    with log.open("w") as stream:
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=cpu_environment(plan),
            cwd=ROOT,
            start_new_session=True,
        )
        ended = _wait(process, seconds - _GRACE)
        _end(process)
    state = "cut off" if not ended else "done" if process.returncode == 0 else "failed"
    found: dict[str, Any] = {
        "state": state,
        "seconds": round(time.monotonic() - started, 1),
        "command": shlex.join(command),
        "figures": json.loads(figures.read_text()) if figures.is_file() else [],
    }
    if state == "cut off":
        found["final"] = whole
    if state == "failed":
        found["log"] = log.read_text(errors="replace").splitlines()[-15:]
    return found


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(max(seconds, 1.0))
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a part with all that it started: they share a session of their own."""
    for sign, patience in ((signal.SIGINT, _GRACE / 2), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return
        _wait(process, patience)
