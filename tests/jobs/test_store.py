"""A job is published whole or not at all; loading runs no code."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.finished_jobs import TRAINED

from hbench.errors import StoreError
from hbench.files import write_whole
from hbench.jobs.integrity import write_result
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, TaskRef
from hbench.jobs.store import Store

JOB = FineTune(TaskRef("t", {}, {}), ModelRef("m", {}), Recipe(), 1)


def finish(store: Store, steps: int = 1) -> Path:
    with store.writing(JOB) as folder:
        np.savez(folder / "predictions.npz", a=np.arange(3))
        write_result(folder, replace(TRAINED, steps=steps))
    return store.place(JOB)


def test_finished_job_is_read_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.finished(JOB)
    finish(store)
    assert store.finished(JOB)
    assert store.training(JOB.key).steps == 1
    assert store.arrays("finetune", JOB.key, "predictions.npz")["a"].tolist() == [0, 1, 2]


def test_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(RuntimeError), store.writing(JOB) as folder:
        (folder / "dynamics.nc").write_text("half")
        raise RuntimeError
    assert not store.finished(JOB)
    assert list((tmp_path / "finetune").iterdir()) == []


def test_second_writer_of_the_same_job_gives_way(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.writing(JOB) as folder:
        write_result(folder, replace(TRAINED, steps=2))
        finish(store, steps=1)
    assert store.training(JOB.key).steps == 1
    assert len(list((tmp_path / "finetune").iterdir())) == 1


def test_damage_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    place = finish(store)
    (place / "predictions.npz").write_bytes(b"damaged")
    with pytest.raises(StoreError, match=r"predictions.npz: changed since written"):
        store.training(JOB.key)


def test_pickles_are_not_loaded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.writing(JOB) as folder:
        np.savez(folder / "predictions.npz", a=np.array([{"code": 1}], dtype=object))
        write_result(folder, TRAINED)
    with pytest.raises(StoreError, match=r"predictions.npz: cannot be read .*allow_pickle"):
        store.arrays("finetune", JOB.key, "predictions.npz")


def test_failure_is_recorded_and_can_be_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.fail(JOB, "the loss is not a finite number", "the whole story")
    failure = store.failure(JOB)
    assert failure is not None
    assert failure.reason == "the loss is not a finite number"
    assert failure.log.read_text() == "the whole story"
    assert [job for job, _ in store.failures()] == [JOB]
    assert store.forget_failures() == 1
    assert store.failure(JOB) is None


def test_success_replaces_a_failure(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.fail(JOB, "out of memory", "")
    finish(store)
    assert store.finished(JOB)
    assert store.failure(JOB) is None


def test_drafts_of_dead_processes_are_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    finish(store)
    with store.writing(JOB) as folder:
        store.sweep(lambda process: True)
        assert folder.is_dir()
        store.sweep(lambda process: process != os.getpid())
        assert not folder.exists()
        folder.mkdir()
        write_result(folder, TRAINED)
    assert store.finished(JOB)


def test_what_dead_processes_left_on_its_way_to_workers_is_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.queued(JOB)
    path.parent.mkdir()
    elsewhere = path.with_name(f"{JOB.key}-00000000-{os.getpid()}.json")  # of a machine that shares the store
    for made in (path, elsewhere):
        made.write_text("{}")
    store.sweep(lambda process: True)
    assert path.is_file()
    store.sweep(lambda process: process != os.getpid())
    assert list(path.parent.iterdir()) == [elsewhere]


def test_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match="name a writable folder with --store"):
        Store(tmp_path / "store").prepare()


def test_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(StoreError, match=r"No space left on device.*--store"):
        finish(store)
    assert list((tmp_path / "finetune").iterdir()) == []


@pytest.mark.parametrize("what", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_text_that_cannot_be_written_leaves_the_old_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: BaseException
) -> None:
    place = tmp_path / "result.json"
    write_whole(place, "old")

    def stop(descriptor: int) -> None:
        raise what

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", stop)
        with pytest.raises(type(what)):
            write_whole(place, "new")
    assert [(path, path.read_text()) for path in tmp_path.iterdir()] == [(place, "old")]
    write_whole(place, "new")
    assert [(path, path.read_text()) for path in tmp_path.iterdir()] == [(place, "new")]


def test_a_failure_does_not_touch_what_another_process_finished(tmp_path: Path) -> None:
    store = Store(tmp_path)
    finish(store)
    store.fail(JOB, "the worker died", "log")
    assert store.training(JOB.key).steps == 1
    assert store.failure(JOB) is None


def test_a_failure_is_recorded_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Store, "_publish", dies)
        store.fail(JOB, "reason", "log")
    assert list((tmp_path / "finetune").iterdir()) == []
    finish(store)
    assert store.finished(JOB)


def test_failures_of_another_hbench_are_left_out_and_can_be_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.fail(JOB, "reason", "log")
    for number, text in enumerate(('{"job": "finetune", "protocol": 99}', "{", '{"job": "finetune", "protocol": 1}')):
        folder = tmp_path / "finetune" / str(number)
        folder.mkdir()
        (folder / "spec.json").write_text(text)
        (folder / "error.json").write_text("damaged" if number else '{"reason": "old"}')
    assert [job for job, _ in store.failures()] == [JOB]
    assert store.forget_failures() == 4
    assert store.failures() == []


def test_others_may_read_what_the_mask_lets_them(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        place = finish(Store(tmp_path))
    finally:
        os.umask(old)
    assert place.stat().st_mode & 0o777 == 0o750
