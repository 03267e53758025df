"""Checkpoints in a store: their names, which is the latest, and when they are deleted."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.finished_jobs import TRAINED

from hbench.jobs.checkpoints import JobCheckpoints, unfinished_jobs
from hbench.jobs.integrity import write_result
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, TaskRef
from hbench.jobs.store import Store

JOB = FineTune(TaskRef("sst2", {}, {"embedded": "0"}), ModelRef("tiny", {}), Recipe(), seed=1)


def written(store: Path, job: FineTune = JOB, step: int = 3) -> JobCheckpoints:
    kept = JobCheckpoints(store, job)
    with kept.writing(step, 9) as file:
        file.write_bytes(b"step %d" % step)
    return kept


def test_the_latest_replaces_the_one_before(tmp_path: Path) -> None:
    assert JobCheckpoints(tmp_path, JOB).latest() is None
    assert unfinished_jobs(tmp_path) == []
    kept = written(tmp_path)
    latest = kept.latest()
    assert (latest.number, latest.step, latest.steps, latest.sound) == (1, 3, 9, True)
    written(tmp_path, step=5)
    latest = kept.latest()
    assert (latest.number, latest.step) == (2, 5)
    assert latest.path.read_bytes() == b"step 5"
    assert {path.name for path in kept.folder.iterdir()} == {"spec.json", latest.path.name}
    assert unfinished_jobs(tmp_path) == [(JOB, latest)]


def test_of_two_that_a_kill_left_the_later_one_counts(tmp_path: Path) -> None:
    kept = written(tmp_path)
    first = kept.latest().path
    shutil.copy(first, tmp_path / "before")
    written(tmp_path, step=5)
    shutil.move(tmp_path / "before", first)
    assert kept.latest().step == 5
    written(tmp_path, step=7)
    assert [path.name for path in kept.folder.glob("*.safetensors")] == [kept.latest().path.name]


def test_an_error_while_writing_leaves_the_one_before(tmp_path: Path) -> None:
    kept = written(tmp_path)
    with pytest.raises(OSError, match="full"), kept.writing(5, 9) as file:
        file.write_bytes(b"half")
        raise OSError("full")
    assert (kept.latest().step, len(list(kept.folder.iterdir()))) == (3, 2)


def test_damage_shows_in_the_name(tmp_path: Path) -> None:
    latest = written(tmp_path).latest()
    latest.path.write_bytes(b"step 4")
    assert not latest.sound
    latest.path.unlink()
    assert not latest.sound
    assert latest.age == 0


def test_a_sweep_deletes_what_no_job_goes_on_from(tmp_path: Path) -> None:
    store = Store(tmp_path)
    finished, foreign, moved, unfinished = (written(tmp_path, replace(JOB, seed=seed)) for seed in range(4))
    with store.writing(finished.job) as draft:
        write_result(draft, TRAINED)
    spec = foreign.folder / "spec.json"
    spec.write_text(spec.read_text().replace('"protocol": ', '"protocol": 99'))
    moved.folder.rename(moved.folder.with_name("0" * 64))
    with unfinished.writing(4, 9) as file:
        file.write_bytes(b"x")
        gone = file.parent.with_name(file.parent.name.replace(f"-{os.getpid()}-", "-999999999-"))
        shutil.copytree(file.parent, gone)
        store.sweep(lambda process: process == os.getpid())
        assert file.parent.exists()
        assert not gone.exists()
    assert list((tmp_path / "checkpoints").iterdir()) == [unfinished.folder]
    assert unfinished.latest().step == 4


def test_a_job_that_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    kept = written(tmp_path)
    kept.drop()
    assert not kept.folder.exists()
    kept.drop()
