"""Killing a suite inside its trainings, and counting from its log what each kill cost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import chain, groupby
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

    @property
    def batch(self) -> bool:
        """Whether a batch is done: due, epoch, stage, number."""
        return len(self.what) == 4


@dataclass(frozen=True)
class Interruption:
    """What became of a job whose process was killed."""

    job: str
    #: Where the job was: epoch, stage, batches done.
    at: tuple[str, ...]
    #: Whether another process went on from its checkpoint.
    restored: bool
    #: Batches that were done again; of these, the ones done after a checkpoint was due.
    lost: int
    overdue: int
    #: Seconds between the last checkpoint and the last batch.
    seconds: float


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
            found += [_interruption(job, spells[i], list(chain(*spells[i + 1 :]))) for i in range(len(spells) - 1)]
        return found


def _interruption(job: str, killed: list[Line], after: list[Line]) -> Interruption:
    batches, again = ([line for line in spell if line.batch] for spell in (killed, after))
    marks = [line.second for line in killed if not line.batch]
    # where the other process began; in what the killed one had not come to, nothing is lost
    first = next((i for i, line in enumerate(batches) if again and line.what[1:] == again[0].what[1:]), len(batches))
    lost = batches[first:]
    return Interruption(
        job,
        at=batches[-1].what[1:] if batches else (),
        restored=after[0].what == ("restored",),
        lost=len(lost),
        # the last one may have been waiting for its checkpoint to be written
        overdue=sum(line.second > float(line.what[0]) for line in lost[:-1]),
        seconds=killed[-1].second - max(marks, default=killed[0].second),
    )
