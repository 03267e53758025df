"""Fixtures: a whole benchmark in a temporary folder, the command line in this process, a single thread."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from command_line import PLUGIN

from hbench.cli import main
from hbench.registry import SCORERS, TASKS

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

SMALL_SUITE = """
name = "mini"
tasks = ["planted-sentence[size=120]"]
models = ["tiny"]
scorers = ["h-score", "el2n", "length"]
keep = [0.3, "h-score"]
scoring_runs = 2
seeds = 2
eval_size = 60

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


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take far longer than what small models compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.write(SMALL_SUITE)
    return made


@pytest.fixture
def hbench(capsys, monkeypatch, tmp_path):
    """Run the command line in this process, in a folder of its own: code, standard output, standard error."""
    for registry in (SCORERS, TASKS):
        monkeypatch.setattr(registry, "_added", {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def run(*args):
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(arg) for arg in args], prog_name="hbench")
        out, err = capsys.readouterr()
        return SimpleNamespace(code=caught.value.code, out=out, err=err)

    return run


@pytest.fixture
def plugin(tmp_path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN)
    return path
