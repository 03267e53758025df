"""A job with a damaged file has not finished: the file is named, the job is run again, and nothing else stops."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

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


def one_file_of_every_job(store: Path, draw: random.Random) -> Iterator[Path]:
    for folder in sorted(store.glob("*/*/")):
        if (folder / "result.json").is_file():
            yield draw.choice(sorted(folder.iterdir()))


@pytest.mark.slow
def test_sixty_damages_are_named_and_the_board_stays_the_same(tmp_path: Path) -> None:
    """Damage a file of every job of a finished store, run again, until sixty files were damaged."""
    bench = Bench(tmp_path)
    bench.write(SMALL_SUITE.replace("size=120", "size=60").replace("eval_size = 60", "eval_size = 20"))
    options = ("run", "suite.toml", "--store", "store", "--executor", "inline")
    bench.hbench(*options)
    boards = [tmp_path / "leaderboard" / name for name in ("LEADERBOARD.md", "leaderboard.csv")]
    whole = [path.read_bytes() for path in boards]
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    draw, damaged = random.Random(0), 0
    while damaged < 60:
        shutil.rmtree(tmp_path / "store")
        shutil.copytree(tmp_path / "copy", tmp_path / "store")
        paths = list(one_file_of_every_job(tmp_path / "store", draw))
        for path in paths:
            size = path.stat().st_size
            flip(path, draw.randrange(8 * size)) if draw.random() < 0.8 else cut(path, draw.randrange(size))
        damaged += len(paths)
        said = bench.hbench(*options).stderr
        for path in paths:  # a seal that is damaged is named with what it seals
            named = (path, path.with_name("result.json")) if path.name == "result.sha256" else (path,)
            assert any(f"{one.parent.name}/{one.name}" in said for one in named), f"{path} is not named"
        assert [path.read_bytes() for path in boards] == whole
