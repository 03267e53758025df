"""A job with a damaged file has not finished: the file is named, the job is run again, and nothing else stops."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.bench import SMALL_SUITE, Bench
from support.finished_jobs import SCORED, TRAINED

from hbench.errors import StoreError
from hbench.jobs.integrity import write_result
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, Job, ModelRef, Score, TaskRef
from hbench.jobs.store import Store

TASK = TaskRef("t", {}, {})
TRAINING = FineTune(TASK, ModelRef("m", {}), Recipe(), 1)
SCORING = Score(TASK, "el2n", {}, "digest", TRAINING.key)
FILES = ("spec.json", "log.txt", "predictions.npz", "result.json", "result.sha256")


def finish(root: Path, job: Job = TRAINING) -> Path:
    """Finish a job and return its folder."""
    store = Store(root)
    with store.writing(job) as folder:
        np.savez(folder / "predictions.npz", a=np.arange(3))
        (folder / "log.txt").write_text("log")
        write_result(folder, TRAINED if isinstance(job, FineTune) else SCORED)
    assert store.finished(job)
    return store.place(job)


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "flipped": lambda path: flip(path, 5),
    "cut": lambda path: cut(path, 2),
    "emptied": lambda path: cut(path, 0),
    "foreign": lambda path: path.write_text("[]"),
    "folder": make_folder,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("job", [TRAINING, SCORING], ids=["training", "scoring"])
def test_any_damaged_file_is_named_and_its_job_is_run_again(tmp_path: Path, name: str, kind: str, job: Job) -> None:
    folder = finish(tmp_path, job)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    DAMAGES[kind](folder / name)
    store = Store(tmp_path)
    assert not store.finished(job)
    if (kind, name) != ("folder", "result.json"):  # no result at all: a job that has not run
        assert name in str(store.damage(job))
    with pytest.raises(StoreError, match=re.escape(name)):
        store.training(job.key) if isinstance(job, FineTune) else store.scoring(job.key)
    finish(tmp_path, job)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
    assert Store(tmp_path).damage(job) is None


@pytest.mark.parametrize("name", ["spec.json", "log.txt", "predictions.npz"])
def test_a_file_that_is_gone_is_named(tmp_path: Path, name: str) -> None:
    (finish(tmp_path) / name).unlink()
    store = Store(tmp_path)
    assert not store.finished(TRAINING)
    assert f"{name}: cannot be read" in str(store.damage(TRAINING))


def test_no_flipped_bit_of_a_result_is_unnoticed(tmp_path: Path) -> None:
    folder = finish(tmp_path)
    for path in (folder / "result.json", folder / "result.sha256"):
        for bit in range(0, 8 * path.stat().st_size, 9):  # nearly each byte, and each bit in turn
            flip(path, bit)
            assert not Store(tmp_path).finished(TRAINING), f"bit {bit} of {path.name}"
            flip(path, bit)
    assert Store(tmp_path).finished(TRAINING)


def test_a_store_of_before_results_were_sealed_is_read(tmp_path: Path) -> None:
    folder = finish(tmp_path)
    (folder / "result.sha256").unlink()
    store = Store(tmp_path)
    assert store.finished(TRAINING)
    assert store.training(TRAINING.key) == TRAINED
    flip(folder / "predictions.npz", 99)
    store = Store(tmp_path)
    assert not store.finished(TRAINING)
    # without a seal, the digest in the result may be what is damaged
    assert all(name in str(store.damage(TRAINING)) for name in ("predictions.npz", "result.json"))


def test_a_failure_whose_reason_is_lost_is_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.fail(TRAINING, "the loss is not finite", "log")
    assert store.failure(TRAINING) is not None
    assert store.damage(TRAINING) is None
    cut(store.place(TRAINING) / "error.json", 3)
    assert store.failure(TRAINING) is None
    assert "error.json" in str(store.damage(TRAINING))
    finish(tmp_path)


@pytest.mark.parametrize("name", ["spec.json", "log.txt", "error.json", "error.sha256"])
def test_no_flipped_bit_of_a_failed_job_is_unnoticed(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    store.fail(TRAINING, "the loss is not finite", "log")
    path = store.place(TRAINING) / name
    for bit in range(0, 8 * path.stat().st_size, 9):  # nearly each byte, and each bit in turn
        flip(path, bit)
        assert store.failure(TRAINING) is None, f"bit {bit} of {name}"
        assert name in str(store.damage(TRAINING))
        flip(path, bit)
    assert store.failure(TRAINING) is not None


def test_a_failure_of_before_failures_were_sealed_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.fail(TRAINING, "the loss is not finite", "log")
    (store.place(TRAINING) / "error.sha256").unlink()
    (store.place(TRAINING) / "error.json").write_text('{"reason": "the loss"}')
    failure = store.failure(TRAINING)
    assert failure is not None
    assert failure.reason == "the loss"


def test_a_job_that_never_ran_is_not_damaged(tmp_path: Path) -> None:
    assert Store(tmp_path).damage(TRAINING) is None


def files_by_kind(store: Path) -> dict[str, list[Path]]:
    """Return all files of a store by what they are, such as `score/spec.json` or `stage.json`."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(store.rglob("*")):
        if path.is_file():
            parts = path.relative_to(store).parts
            kinds.setdefault(f"{parts[0]}/{parts[-1]}" if len(parts) > 1 else parts[0], []).append(path)
    return kinds


def some_files(kinds: dict[str, list[Path]], draw: random.Random) -> list[Path]:
    """Return a file of each kind, one of a job at most: kinds that come first are sure to have theirs."""
    chosen: list[Path] = []
    for paths in kinds.values():
        left = [path for path in paths if path.parent not in {other.parent for other in chosen}]
        chosen += [draw.choice(left)] if left else []
    return chosen


@pytest.mark.slow
def test_sixty_damages_are_named_and_the_board_stays_the_same(
    hbench: Any, bench: Bench, tmp_path: Path, one_thread: None
) -> None:
    """Damage a file of every kind in a finished store, one of a job, run again, until sixty files were damaged."""
    bench.write(SMALL_SUITE.replace("size=120", "size=60").replace("eval_size = 60", "eval_size = 20"))
    command = ("run", "suite.toml", "--store", "store", "--quiet")
    first = hbench(*command)
    assert (first.code, first.err) == (0, "")
    boards = sorted((tmp_path / "leaderboard").rglob("*.*"))
    whole = [path.read_bytes() for path in boards]
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    kinds = files_by_kind(tmp_path / "store")
    assert {"finetune/dynamics.nc", "score/scores.npz", "score/result.sha256", "stage.json"} <= set(kinds)
    draw, damaged = random.Random(0), list[Path]()
    while len(damaged) < 60:
        shutil.rmtree(tmp_path / "store")
        shutil.copytree(tmp_path / "copy", tmp_path / "store")
        paths = some_files(dict(draw.sample(list(kinds.items()), len(kinds))), draw)
        for path in paths:
            size = path.stat().st_size
            flip(path, draw.randrange(8 * size)) if draw.random() < 0.8 else cut(path, draw.randrange(size))
        damaged += paths
        done = hbench(*command)
        assert (done.code, done.out) == (0, first.out)
        said = done.err.splitlines()
        for path in paths:  # with its folder, which tells the job; a seal is named beside what it seals
            assert any(path.name in line and path.parent.name in line for line in said), f"{path} is not named"
        assert len(said) == len(paths)
        assert [path.read_bytes() for path in boards] == whole
        assert hbench(*command).err == ""
    assert {kind for kind, paths in kinds.items() if {*paths} & {*damaged}} == {*kinds}
