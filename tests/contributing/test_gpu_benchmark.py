"""The command that measures a GPU, rehearsed on a CPU: every part works, and a second call goes on where it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.paths import ROOT

SUITE = ["--suite", "quickstart", "--", "--task", "planted-sentence", "--scorer", "length", "--seeds", "2"]


def gpu(*options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks.gpu", *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def parts(out: Path) -> dict[str, Any]:
    return json.loads((out / "gpu.json").read_text())["parts"]


def test_a_folder_without_wheels_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    done = gpu("--wheels", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert str(tmp_path) in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_machine_without_a_gpu_is_refused_with_its_versions(tmp_path: Path) -> None:
    done = gpu("--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "torch sees no NVIDIA GPU" in done.stdout
    assert "--rehearse" in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_what_there_is_no_time_for_is_said_and_written(tmp_path: Path) -> None:
    done = gpu("--device", "cpu", "--rehearse", "--minutes", "0.3", "--out", str(tmp_path), *SUITE)
    assert done.returncode == 0, done.stdout
    assert set(parts(tmp_path)) == {"tests", "training", "gradients", "sharing", "suite"}
    assert parts(tmp_path)["sharing"]["state"] == "not started"


@pytest.mark.slow
def test_every_part_is_rehearsed_on_a_cpu_and_kept_by_the_next_call(tmp_path: Path) -> None:
    options = ("--device", "cpu", "--rehearse", "--minutes", "30", "--out", str(tmp_path), *SUITE)
    done = gpu(*options)
    assert done.returncode == 0, done.stdout
    found = parts(tmp_path)
    assert {name: part["state"] for name, part in found.items()} == dict.fromkeys(found, "done")
    figures = {figure["name"]: figure["value"] for part in found.values() for figure in part["figures"]}
    assert figures["tests passed"] > 2
    assert not {"tests failed", "tests error", "tests skipped"} & set(figures)
    for name in ("tiny: hbench", "tiny: Trainer best", "tiny: Trainer default", "1 at a time", "2 at a time"):
        assert figures[name] > 0, name
    assert figures["tiny: hbench, largest error"] < 1e-4
    assert figures["suite"] == "complete"
    for figure in (figure for part in found.values() for figure in part["figures"]):
        assert set(figure) == {"name", "value", "unit", "setting"}
    assert "tiny: hbench" in (tmp_path / "gpu.txt").read_text()

    again = gpu(*options)
    assert again.returncode == 0, again.stdout
    assert again.stdout.count("kept from before") == 4
    assert parts(tmp_path)["training"] == found["training"]
    more = {figure["name"]: figure["value"] for figure in parts(tmp_path)["suite"]["figures"]}
    assert more["trainings finished in this call"] == 0
