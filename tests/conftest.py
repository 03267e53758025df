"""Fixtures: a whole benchmark in a temporary folder, the command line in this process, a single thread."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from support.bench import SMALL_SUITE, Bench
from support.command_line import PLUGIN
from support.gpu import DEVICE

from hbench.cli import main
from hbench.plugins.registry import SCORERS, TASKS

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a GPU or a browser unless `-m` asks for them.

    Where there is none, `-m cuda` and `-m browser` fail and say so. `HBENCH_TEST_DEVICE=cpu` rehearses on a CPU what
    can be. Tests that need a program which is not installed are left out too.
    """
    kept, left_out = [], []
    for item in items:
        mark = item.get_closest_marker("cuda")
        possible = DEVICE == "cuda" or mark is None or mark.kwargs.get("rehearsed", True)
        possible &= all(shutil.which(program) for need in item.iter_markers("needs") for program in need.args)
        asked_for = [name for name in ("cuda", "browser") if item.get_closest_marker(name) is not None]
        wanted = all(name in config.option.markexpr for name in asked_for)
        (kept if wanted and possible else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


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
    monkeypatch.setattr("hbench.experiment.rates.rates_file", lambda: tmp_path / "rates.json")
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
