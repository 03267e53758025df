"""The command line, whose workers write a line for every batch they have done: `python logged_cli.py run SUITE ..`.

A line goes to the file that HBENCH_TEST_LOG names: seconds, process, the job's key, and `DUE EPOCH STAGE BATCH`
when a batch is done, DUE being the second at which a checkpoint is to be written, `written` when one has been, and
`restored` when one was gone on from.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from hbench.cli import main


def say(key: str, *what: object) -> None:
    line = " ".join(map(str, (f"{time.monotonic():.6f}", os.getpid(), key, *what))) + "\n"
    # one write, which is whole even where the process is killed
    with Path(os.environ["HBENCH_TEST_LOG"]).open("a") as file:
        file.write(line)


def log_batches() -> None:
    from hbench.training import checkpoint
    from hbench.training.checkpoint import Checkpoints

    after, write, restore = Checkpoints._after_batch, Checkpoints._write, checkpoint.restore

    def after_batch(self: Checkpoints, run: Any) -> None:
        say(self.kept.job.key, f"{self._due:.6f}", run.at.epoch, run.at.stage.replace(" ", "-"), run.at.batch)
        after(self, run)

    def written(self: Checkpoints, run: Any) -> None:
        write(self, run)
        say(self.kept.job.key, "written")

    def go_on(self: Checkpoints, run: Any) -> None:
        checkpoint.restore = lambda run, state: (restore(run, state), say(self.kept.job.key, "restored"))
        begin(self, run)

    begin = Checkpoints._go_on
    Checkpoints._after_batch, Checkpoints._write, Checkpoints._go_on = after_batch, written, go_on


def log_workers() -> None:
    from hbench.execute.crew import _Worker

    make = _Worker.__init__

    def logged(self: _Worker, *arguments: Any) -> None:
        make(self, *arguments)
        assert self.command[1:3] == ["-m", "hbench.cli"]
        self.command[1:3] = [__file__]

    _Worker.__init__ = logged


if __name__ == "__main__":
    if sys.argv[1] == "run-job":
        log_batches()
    else:
        log_workers()
    main(prog_name="hbench")
