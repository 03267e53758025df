"""Checkpoints: a run that goes on gives every bit of one that was never stopped, and a bad checkpoint costs no more."""

from __future__ import annotations

import errno
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.interrupted_runs import Heard, StopAfter, Subject, checkpoints, differences, finish, stop_after

from hbench.errors import Interrupted
from hbench.jobs.checkpoints import JobCheckpoints
from hbench.jobs.observe import Watch
from hbench.training import checkpoint
from hbench.training.interrupts import StopSignals, stop_signals
from hbench.training.packed import read_values, write_packed
from hbench.training.randomness import random_states, set_random_states

EVERYTHING = {
    "train": Watch(),
    "epoch_end": Watch((1, 3), ("all", "last"), ("mean", "cls")),
}
SUBJECTS = {
    "static": (None, None),
    "observed": (EVERYTHING, None),
    "choosing by passes": (None, "dynamic-el2n"),
    "choosing by passes with dropout": (EVERYTHING, "dynamic-el2n[dropout=true]"),
    "choosing by training losses, weighted": (None, "infobatch[final=0,quantile=0.9]"),
    "choosing at random": (None, "dynamic-random"),
}
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=SUBJECTS.values(), ids=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Subject:
    return Subject.of(*request.param)


@pytest.fixture(scope="module")
def plain() -> Subject:
    return Subject.of()


def test_stopping_after_every_single_batch_changes_no_bit(subject: Subject, tmp_path: Path) -> None:
    whole = finish(subject.run(), checkpoints(tmp_path / "never", StopSignals()))
    steps: list[int] = []
    heard, times = Heard(), 0
    while stop_after(subject, tmp_path, 1, heard, steps.append):
        times += 1
    again = finish(subject.run(), checkpoints(tmp_path, StopSignals(), heard))
    assert differences(again, whole) == []
    assert steps == list(range(1, subject.run().steps + 1))  # none twice
    assert times >= len(steps) + 2 * 2  # in the predictions of two splits too
    assert (len(heard.notes), heard.warnings) == (times + 1, [])  # once more at the end, with nothing left to do


@pytest.mark.parametrize("batches", [1, 4, 5, 11, 12, 13, 15])
def test_stopping_once_changes_no_bit(plain: Subject, tmp_path: Path, batches: int) -> None:
    whole = finish(plain.run(), checkpoints(tmp_path / "never", StopSignals()))
    assert stop_after(plain, tmp_path, batches)
    assert differences(finish(plain.run(), checkpoints(tmp_path, StopSignals())), whole) == []


def test_seconds_go_on_too(plain: Subject, tmp_path: Path) -> None:
    assert stop_after(plain, tmp_path, 6)
    run = plain.run()
    at = read_values(checkpoints(tmp_path, StopSignals()).kept.latest().path)["state"]
    finish(run, checkpoints(tmp_path, StopSignals()))
    assert run.seconds["training"] > at["seconds"]["training"] + at["spent"] > at["seconds"]["training"] > 0


def test_checkpoints_are_written_when_they_are_due(plain: Subject, tmp_path: Path) -> None:
    now, written = [0.0], []

    def step(done: int, total: int) -> None:
        now[0] += 10.0
        latest = kept.kept.latest()
        written.append(0 if latest is None else latest.step)

    kept = checkpoints(tmp_path, StopSignals(), seconds=25.0, clock=lambda: now[0])
    finish(plain.run(), kept, step)
    assert written == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]
    assert [path.name for path in kept.kept.folder.iterdir() if path.suffix != ".json"] == [
        kept.kept.latest().path.name
    ]
    written.clear()
    kept = checkpoints(tmp_path / "none", StopSignals(), seconds=0.0, clock=lambda: now[0])
    finish(plain.run(), kept, step)
    assert set(written) == {0}


def test_writing_that_is_slow_is_rarer(plain: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = [0.0], []

    def slow(path: Path, values: Any) -> None:
        now[0] += 5.0
        written.append(values["state"]["step"])
        write_packed(path, values)

    def step(done: int, total: int) -> None:
        now[0] += 30.0

    monkeypatch.setattr(checkpoint, "write_packed", slow)
    finish(plain.run(), checkpoints(tmp_path, StopSignals(), seconds=1.0, clock=lambda: now[0]), step)
    assert written == [1, 5, 9]  # 95 seconds between them: one part in twenty is spent on writing


@pytest.mark.parametrize("harm", ["flipped", "cut", "emptied"])
def test_a_damaged_checkpoint_is_named_and_costs_no_more(plain: Subject, tmp_path: Path, harm: str) -> None:
    whole = finish(plain.run(), checkpoints(tmp_path / "never", StopSignals()))
    assert stop_after(plain, tmp_path, 4)
    heard = Heard()
    kept = checkpoints(tmp_path, StopSignals(), heard)
    path = kept.kept.latest().path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes({"flipped": data, "cut": data[:-1], "emptied": b""}[harm])
    assert differences(finish(plain.run(), kept), whole) == []
    assert len(heard.warnings) == 1
    for fragment in (str(path), "damaged", "starts over"):
        assert fragment in heard.warnings[0]
    assert not path.exists()


@pytest.mark.parametrize(
    ("what", "fragment"),
    [("torch", "torch"), ("device", "device"), ("job", "job"), ("layout", "layout"), ("precision", "precision")],
)
def test_a_checkpoint_of_another_origin_is_not_gone_on_from(
    plain: Subject, tmp_path: Path, what: str, fragment: str
) -> None:
    assert stop_after(plain, tmp_path, 4)
    heard = Heard()
    kept = checkpoints(tmp_path, StopSignals(), heard)
    values = read_values(kept.kept.latest().path)
    assert what in values["origin"]
    values["origin"][what] = "another"
    with kept.kept.writing(4, 12) as file:
        write_packed(file, values)
    steps: list[int] = []
    finish(plain.run(), kept, lambda done, total: steps.append(done))
    assert steps[0] == 1
    assert len(heard.warnings) == 1
    assert f"was written with {fragment} another" in heard.warnings[0]


def test_a_full_disk_costs_the_checkpoint_and_is_said_once(
    plain: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, values: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    whole = finish(plain.run(), checkpoints(tmp_path / "never", StopSignals()))
    heard = Heard()
    kept = checkpoints(tmp_path, StopSignals(), heard, seconds=1e-9)
    monkeypatch.setattr(checkpoint, "write_packed", full)
    assert differences(finish(plain.run(), kept), whole) == []
    assert len(heard.warnings) == 1
    assert "No space left on device" in heard.warnings[0]
    assert [path.name for path in kept.kept.folder.iterdir()] == ["spec.json"]


def test_a_disk_that_fills_up_keeps_the_checkpoint_before(
    plain: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = finish(plain.run(), checkpoints(tmp_path / "never", StopSignals()))
    assert stop_after(plain, tmp_path, 4)
    with monkeypatch.context() as broken:
        broken.setattr(JobCheckpoints, "writing", _refusing)
        with pytest.raises(Interrupted):
            finish(plain.run(), checkpoints(tmp_path, StopAfter(2)))
    heard = Heard()
    assert differences(finish(plain.run(), checkpoints(tmp_path, StopSignals(), heard)), whole) == []
    assert "step 4 of 12" in heard.notes[0]


@contextmanager
def _refusing(kept: JobCheckpoints, step: int, steps: int) -> Iterator[Path]:
    raise OSError(errno.EROFS, "Read-only file system")
    yield kept.folder


def test_packed_values_come_back_to_the_bit(tmp_path: Path) -> None:
    shared = np.arange(3)
    values = {
        "none": None,
        1: (True, 2, 0.1, float("inf"), "text", [1, (2,)]),
        "tensors": {n: torch.randn(2, 3).to(t) for n, t in enumerate((torch.bfloat16, torch.float64, torch.float16))},
        "turned": torch.randn(3, 2).t(),
        "empty": torch.zeros(0, 3),
        "scalar": torch.tensor(float("nan")),
        "arrays": [shared, shared, np.array([True, False]), np.array([1, 2], dtype=np.uint32)],
    }
    write_packed(tmp_path / "a.safetensors", values)
    back = read_values(tmp_path / "a.safetensors")
    assert list(back) == list(values)
    assert back[1] == values[1]
    for name, tensor in values["tensors"].items():
        assert back["tensors"][name].dtype == tensor.dtype
        assert torch.equal(back["tensors"][name], tensor)
    assert torch.equal(back["turned"], values["turned"])
    assert back["empty"].shape == (0, 3)
    assert back["scalar"].isnan()
    for ours, theirs in zip(back["arrays"], values["arrays"], strict=True):
        assert ours.dtype == theirs.dtype
        assert (ours == theirs).all()
    for wrong in ({1.5: 2}, {"a": object()}, [np.float32(1)]):
        with pytest.raises(TypeError, match="no form"):
            write_packed(tmp_path / "b.safetensors", wrong)


def test_every_generator_goes_on(tmp_path: Path) -> None:
    def draw() -> list[float]:
        return [torch.rand(()).item(), np.random.rand(), random.random(), random.gauss(0, 1), np.random.randn()]

    device = torch.device("cpu")
    draw()
    write_packed(tmp_path / "a.safetensors", random_states(device))
    first = draw()
    assert draw() != first
    set_random_states(read_values(tmp_path / "a.safetensors"), device)
    assert draw() == first


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGUSR1"])
def test_a_signal_waits_for_the_batch_and_only_a_second_ctrl_c_does_not(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(Interrupted), stop_signals():
        signal.raise_signal(number)
    ended = False
    with pytest.raises(Interrupted), stop_signals() as signals:
        signals.postponed = True
        signal.raise_signal(number)
        assert signals.waiting
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
        ended = True
    assert ended
    assert signal.getsignal(number) == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_signals() as signals:
            signal.raise_signal(signal.SIGINT)
            assert not signals.waiting
    finally:
        signal.signal(signal.SIGINT, before)
