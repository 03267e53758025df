"""The course of a run on standard error: bars in a terminal, an occasional line elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column

from hbench.cli.output import counted, errors
from hbench.progress import NullProgress, Progress

#: Seconds between two lines where there is no terminal.
LINE_SECONDS = 15.0

Clock = Callable[[], float]


@contextmanager
def watch(*, quiet: bool = False) -> Iterator[Progress]:
    """Give the progress display that suits standard error, and close it on leaving."""
    console = errors()
    if quiet:
        yield QuietProgress(console)
    elif console.is_terminal:
        bars = RichProgress(console)
        with bars:
            yield bars
    else:
        yield LineProgress(console)


class QuietProgress(NullProgress):
    """Shows warnings only."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def warn(self, text: str) -> None:
        """Write a line."""
        self._console.print(text, markup=False, soft_wrap=True)


@dataclass
class Stage:
    """A stage under way: how many of its jobs are done, how far the running ones are, how long the rest takes."""

    name: str
    total: int
    started: float
    finished: int = 0
    failed: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)

    def start(self, key: str, label: str) -> None:
        """Start a job."""
        self.labels[key] = label
        self.shares[key] = 0.0

    def finish(self, key: str, reason: str | None) -> str | None:
        """Finish a job; return a line that says why it failed, None when it did not."""
        self.finished += 1
        self.failed += reason is not None
        self.shares.pop(key, None)
        label = self.labels.pop(key, key[:8])
        return None if reason is None else f"{label} failed: {reason}"

    @property
    def completed(self) -> float:
        """Jobs done, running ones in part."""
        return self.finished + sum(self.shares.values())

    def left(self, now: float) -> str:
        """Return the time left in words, empty while nothing is known."""
        if not 0 < self.completed < self.total:
            return ""
        return f"about {duration((self.total - self.completed) * (now - self.started) / self.completed)} left"

    def state(self, now: float) -> str:
        """Return one line: the stage, jobs done and failed, time left."""
        parts = [f"{self.name}: {self.finished} of {counted(self.total, 'job')}"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        return ", ".join([*parts, *filter(None, [self.left(now)])])


class RichProgress:
    """Shows one bar for the stage and one for each running job; what failed stays above them."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._lock = threading.Lock()
        self._stage = Stage("", 0, clock())
        self._bars = Bars(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            # Labels hold references such as el2n[epoch=2], which markup would swallow; long ones take a second line.
            TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=False)),
            console=console,
            expand=True,
        )
        self._stage_bar: TaskID | None = None
        self._job_bars: dict[str, TaskID] = {}

    def __enter__(self) -> RichProgress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._job_bars.values():
            self._bars.remove_task(bar)
        self._bars.stop()

    def stage(self, name: str, total_jobs: int) -> None:
        """Start a bar for a stage that has something to do."""
        with self._lock:
            self._stage = Stage(name, total_jobs, self._clock())
            self._stage_bar = self._bars.add_task(name, total=total_jobs) if total_jobs else None
            self._update()

    def job_started(self, key: str, label: str) -> None:
        """Start a bar for a job."""
        with self._lock:
            self._stage.start(key, label)
            self._job_bars[key] = self._bars.add_task(label, total=None)

    def job_progress(self, key: str, done: int, total: int) -> None:
        """Move a job's bar, and the stage's with it."""
        with self._lock:
            if key in self._job_bars:
                self._stage.shares[key] = done / max(total, 1)
                label = f"{self._stage.labels[key]}: {done}/{total} steps"
                self._bars.update(self._job_bars[key], completed=done, total=total, description=label)
                self._update()

    def job_finished(self, key: str, reason: str | None = None) -> None:
        """Take a job's bar away; a failed one leaves a line that says why."""
        with self._lock:
            failure = self._stage.finish(key, reason)
            if key in self._job_bars:
                self._bars.remove_task(self._job_bars.pop(key))
            if failure is not None:
                self._console.print(failure, markup=False)
            self._update()

    def note(self, text: str) -> None:
        """Write a line above the bars."""
        self._console.print(text, markup=False)

    def warn(self, text: str) -> None:
        """Write a line above the bars."""
        self.note(text)

    def _update(self) -> None:
        if self._stage_bar is not None:
            state = self._stage.state(self._clock())
            self._bars.update(self._stage_bar, completed=self._stage.completed, description=state)


class LineProgress:
    """Writes a line when a stage starts and ends, when a job fails, and every 15 seconds in between."""

    def __init__(self, console: Console, clock: Clock = time.monotonic, seconds: float = LINE_SECONDS) -> None:
        self._console = console
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._stage = Stage("", 0, clock())
        self._spoke = clock()

    def stage(self, name: str, total_jobs: int) -> None:
        """Name a stage that has something to do, and its size."""
        with self._lock:
            self._stage = Stage(name, total_jobs, self._clock())
            if total_jobs:
                self._say(f"{name}: {counted(total_jobs, 'job')}")

    def job_started(self, key: str, label: str) -> None:
        """Take note of a job."""
        with self._lock:
            self._stage.start(key, label)

    def job_progress(self, key: str, done: int, total: int) -> None:
        """Write the state of the stage when nothing was written for a while."""
        with self._lock:
            if key in self._stage.labels:
                self._stage.shares[key] = done / max(total, 1)
                if self._clock() - self._spoke >= self._seconds:
                    state = self._stage.state(self._clock())
                    self._say(f"{state}; now {self._stage.labels[key]}: {done}/{total} steps")

    def job_finished(self, key: str, reason: str | None = None) -> None:
        """Say why a job failed, and when the stage is done."""
        with self._lock:
            failure = self._stage.finish(key, reason)
            if failure is not None:
                self._say(failure)
            now = self._clock()
            if self._stage.finished == self._stage.total:
                self._say(f"{self._stage.state(now)}, done in {duration(now - self._stage.started)}")
            elif now - self._spoke >= self._seconds:
                self._say(self._stage.state(now))

    def note(self, text: str) -> None:
        """Write a line."""
        with self._lock:
            self._say(text)

    def warn(self, text: str) -> None:
        """Write a line."""
        self.note(text)

    def _say(self, text: str) -> None:
        self._spoke = self._clock()
        self._console.print(text, markup=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """Return a time span in words of at most two units: `45 s`, `3 min`, `2 h 05 min`."""
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
