"""A whole benchmark in a temporary folder."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SMALL_SUITE = """
name = "mini"
tasks = ["planted-sentence[size=120]"]
models = ["tiny"]
scorers = ["h-score", "el2n", "length"]
keep = [0.3, "h-score"]
scoring_runs = 2
seeds = 2
eval_size = 60
# workers take seconds to start: tests of workers ask for them
executor = "inline"

[recipe]
epochs = 2
"""


@dataclass(frozen=True)
class Bench:
    """A folder with a suite file, and the command line run in it."""

    folder: Path

    @property
    def suite(self) -> Path:
        return self.folder / "suite.toml"

    def write(self, text: str) -> Path:
        self.suite.write_text(text)
        return self.suite

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hbench.cli", *arguments]

    def hbench(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True)
        if check:
            assert done.returncode == 0, done.stderr
        return done
