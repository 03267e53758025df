"""Killing a suite inside its trainings, and counting from its log what each kill cost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from support import logged_cli
from support.bench import Bench


@dataclass(frozen=True)
class Line:
    """A line of the log."""

    second: float
    process: int
    job: str
    what: tuple[str, ...]


@dataclass(frozen=True)
class Interruption:
    """What became of a job whose process was killed."""

    job: str
    #: Where the job was: epoch, stage, batches done.
    at: tuple[str, ...]
    #: Whether another process went on from its checkpoint.
    restored: bool
    #: Batches done since its last checkpoint; of these, the ones done after the next was due.
    lost: int
    overdue: int
    #: Seconds between the last checkpoint and the last batch.
    seconds: float
    #: Whether the other process began with the first of the batches that were lost.
    redone: bool


def read_log(path: Path) -> list[Line]:
    if not path.exists():
        return []
    lines = [line.split() for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [Line(float(second), int(process), job, tuple(what)) for second, process, job, *what in lines]


class KilledRun:
    """A suite that is run with checkpoints every so many seconds, and killed on the way again and again."""

    def __init__(self, bench: Bench, place: str, seconds: float, jobs: int) -> None:
        self.bench, self.place, self.seconds = bench, place, seconds
        self.log = bench.folder / f"{place}.log"
        self.command = [
            sys.executable,
            logged_cli.__file__,
            "run",
            "suite.toml",
            "--store",
            f"{place}/store",
            "--quiet",
        ]
        self.command += ["--executor", f"local[jobs={jobs}]", "--checkpoint-minutes", str(seconds / 60)]

    def start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "HBENCH_TEST_LOG": str(self.log)}
        errors = (self.bench.folder / f"{self.place}.err").open("ab")
        return subprocess.Popen(
            self.command, cwd=self.bench.folder, env=environment, stdout=errors, stderr=errors, start_new_session=True
        )

    def kill(self, times: int, moments: random.Random) -> int:
        """Kill so many times, the whole run or a worker of it, in turn; return how often it was before it finished."""
        process = self.start()
        for number in range(times):
            whole = number % 2 == 0
            victim = self._wait(process, moments.uniform(0.1, 3.0), needs_checkpoint=not whole)
            if victim is None:
                return number
            if whole:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            else:
                os.kill(victim, signal.SIGKILL)
                time.sleep(0.2)
            if whole:
                process = self.start()
        process.wait()
        return times

    def finish(self) -> None:
        process = self.start()
        assert process.wait() == 0, (self.bench.folder / f"{self.place}.err").read_text()

    def _wait(self, process: subprocess.Popen[bytes], seconds: float, *, needs_checkpoint: bool) -> int | None:
        """Wait until a worker is so many seconds into an epoch; return its id, None when all jobs have finished."""
        seen = len(read_log(self.log))
        begun: dict[tuple[int, str], float] = {}
        while process.poll() is None:
            lines = read_log(self.log)[seen:]
            for line in lines:
                begun.setdefault((line.process, line.job), line.second)
            written = {(line.process, line.job) for line in lines if line.what == ("written",)}
            for who, since in begun.items():
                last = [line for line in lines if (line.process, line.job) == who][-1]
                inside = last.what[:1] == ("written",) or "steps" in last.what
                latest = lines[-1].second - last.second < 0.5
                if inside and latest and last.second - since >= seconds and (not needs_checkpoint or who in written):
                    return who[0]
            time.sleep(0.02)
        return None

    def interruptions(self) -> list[Interruption]:
        """Return what every kill of a job in hand cost, counted from the log."""
        lines, found = read_log(self.log), []
        for job in dict.fromkeys(line.job for line in lines):
            spells = [list(spell) for _, spell in groupby((li for li in lines if li.job == job), lambda li: li.process)]
            found += [self._interruption(job, killed, after) for killed, after in pairwise(spells)]
        return found

    def _interruption(self, job: str, killed: list[Line], after: list[Line]) -> Interruption:
        marks = [i for i, line in enumerate(killed) if line.what[0] in ("written", "restored")]
        since, start = (marks[-1] + 1, killed[marks[-1]].second) if marks else (0, killed[0].second)
        lost = [line for line in killed[since:] if line.what[0] == "batch"]
        at = next((line.what[1:] for line in reversed(killed) if line.what[0] == "batch"), ())
        again = [line.what for line in after if line.what[0] == "batch"]
        return Interruption(
            job,
            at,
            restored=after[0].what == ("restored",),
            lost=len(lost),
            # the last one may have been waiting for its checkpoint to be written
            overdue=sum(line.second > start + self.seconds for line in lost[:-1]),
            seconds=killed[-1].second - start,
            redone=not lost or not again or again[0] == lost[0].what,
        )
