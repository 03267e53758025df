"""GPUs that are files: a driver that adds up what lies on them, and worker processes that take memory there."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TOTAL = 10_000

#: `nvidia-smi`: memory free and in total, in MiB, of the GPU that is asked for.
DRIVER = """#!{python} -S
import pathlib, sys
asked = [word.partition("=")[2] for word in sys.argv if word.startswith("--id=")][0]
held = [path for path in pathlib.Path({folder!r}).glob(asked + "-*") if path.exists()]
print({total} - sum(int(path.name.rpartition("-")[2]) for path in held), ",", {total})
"""

#: What `python -m hbench.cli run-job -` says, without training: a job of seed n takes n MiB. It stays until as many
#: jobs as `expect` named have been on its GPU at a time, and a little longer, so that one too many has time to come.
WORKER = """#!{python} -S
import json, os, pathlib, sys, time
folder, gpu = pathlib.Path({folder!r}), os.environ["CUDA_VISIBLE_DEVICES"]
def say(**event):
    print(json.dumps(event), flush=True)
def log(sign):
    with (folder / "log").open("a") as stream:
        print(sign, gpu, sys.argv[sys.argv.index("--device") + 1], os.environ["CUDA_DEVICE_ORDER"], file=stream)
def jobs_on(gpu):
    return list(folder.glob(f"{{gpu}}-job-*"))
for path in iter(sys.stdin.readline, ""):
    size = json.loads(pathlib.Path(path.strip()).read_text())["seed"]
    log("+")
    held = folder / f"{{gpu}}-job-{{os.getpid()}}-{{size}}"
    held.touch()
    say(event="progress", done=1, total=100, taken=size * 2**20)
    say(event="progress", done=50, total=100, taken=size * 2**20)
    crowd, seen, deadline = folder / f"expected.{{gpu}}", folder / f"seen.{{gpu}}", time.monotonic() + 60
    while crowd.exists() and not seen.exists() and time.monotonic() < deadline:
        if len(jobs_on(gpu)) >= int(crowd.read_text()):
            seen.touch()
        time.sleep(0.02)
    time.sleep(0.3)
    log("-")
    held.unlink()
    say(event="finished", taken=size * 2**20)
"""


@dataclass(frozen=True)
class FakeGpus:
    """A folder in which the memory of the GPUs lies, and the course of the workers."""

    folder: Path

    def take(self, gpu: str, size: int) -> None:
        """Let somebody else's program take memory, in MiB."""
        (self.folder / f"{gpu}-{os.getpid()}-{size}").touch()

    def expect(self, gpu: str, jobs: int) -> None:
        """Let every job stay until so many have been on the GPU at a time."""
        (self.folder / f"expected.{gpu}").write_text(str(jobs))

    @property
    def lines(self) -> list[list[str]]:
        return [line.split() for line in (self.folder / "log").read_text().splitlines()]

    def most_at_a_time(self, gpu: str) -> int:
        """Return how many jobs ran on a GPU at the same time, at most."""
        running, most = 0, 0
        for sign, where, *_ in self.lines:
            running += 0 if where != gpu else 1 if sign == "+" else -1
            most = max(most, running)
        return most


def fake_gpus(folder: Path, monkeypatch: pytest.MonkeyPatch, visible: str) -> FakeGpus:
    """Put the driver on the path, and the workers in the place of Python's interpreter."""
    for name, text in (("nvidia-smi", DRIVER), ("worker", WORKER)):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(python=sys.executable, folder=str(folder), total=TOTAL))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr("hbench.execute.crew.sys.executable", str(folder / "bin" / "worker"))
    return FakeGpus(folder)
