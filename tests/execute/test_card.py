"""GPUs that workers share: who gets which, and that a job starts where its memory fits, and waits where it does not."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.fake_gpus import FakeGpus, fake_gpus
from support.small_jobs import Heard

from hbench.errors import UsageError
from hbench.execute import card as cards
from hbench.execute import find_executor
from hbench.execute.base import Context, run_job
from hbench.execute.card import Card, Memory, read_memory
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, TaskRef
from hbench.jobs.store import Store
from hbench.training import memory

GIB = 2**30


def job(seed: int, task: str = "t", **recipe: object) -> FineTune:
    return FineTune(TaskRef(task, {}, {}), ModelRef("m", {}), Recipe(**recipe), seed)


def sized(size: int, count: int, task: str = "t") -> list[FineTune]:
    """Jobs of one sort that take so many MiB each on the fake GPUs: their keys differ by the sample."""
    plain = job(size, task)
    return [replace(plain, task=replace(plain.task, sample_seed=i)) for i in range(count)]


def run(jobs: list[FineTune], folder: Path, reference: str) -> Heard:
    heard, store = Heard(), Store(folder / "store")
    store.prepare()
    find_executor(reference).run(jobs, store, Context("auto"), heard)
    assert set(heard.finished) == {one.key for one in jobs}
    return heard


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGpus:
    monkeypatch.setattr(cards, "_LOOK_SECONDS", 0.05)
    return fake_gpus(tmp_path, monkeypatch, "4,7")


def test_workers_are_dealt_to_the_gpus_in_turn_and_see_no_other(gpus: FakeGpus, tmp_path: Path) -> None:
    gpus.expect("4", 2)
    gpus.expect("7", 2)
    heard = run(sized(100, 8), tmp_path, "local[jobs=4,reserve=1]")
    starts = [line[1:] for line in gpus.lines if line[0] == "+"]
    assert {tuple(start) for start in starts} == {("4", "cuda", "PCI_BUS_ID"), ("7", "cuda", "PCI_BUS_ID")}
    assert [gpus.most_at_a_time(gpu) for gpu in ("4", "7")] == [2, 2]
    assert heard.notes == []


def test_a_job_waits_where_those_that_run_leave_too_little(gpus: FakeGpus, tmp_path: Path) -> None:
    gpus.expect("4", 2)
    gpus.expect("7", 2)
    # 4,000 MiB are told, 5,000 expected while the first runs: two fit on 10,000 MiB, a third does not
    heard = run(sized(4000, 8), tmp_path, "local[jobs=8]")
    assert [gpus.most_at_a_time(gpu) for gpu in ("4", "7")] == [2, 2]
    assert set(heard.finished.values()) == {None}
    assert sorted(note[:6] for note in heard.notes) == ["GPU 4:", "GPU 7:"]


def test_the_memory_of_other_programs_counts(gpus: FakeGpus, tmp_path: Path) -> None:
    gpus.take("4", 5000)
    gpus.expect("7", 3)
    run(sized(2600, 8), tmp_path, "local[jobs=8]")
    assert gpus.most_at_a_time("4") == 1
    assert gpus.most_at_a_time("7") == 3


def test_a_job_that_nothing_of_ours_keeps_out_starts_whatever_is_free(gpus: FakeGpus, tmp_path: Path) -> None:
    for gpu in ("4", "7"):
        gpus.take(gpu, 9990)
    run(sized(3000, 3), tmp_path, "local[jobs=4]")
    assert [gpus.most_at_a_time(gpu) for gpu in ("4", "7")] == [1, 1]


class Table:
    """A GPU of 80 GiB whose free memory the test sets."""

    def __init__(self, reserve: int | None = None) -> None:
        self.free = 80 * GIB
        self.card = Card("0", reserve, lambda gpu: Memory(self.free, 80 * GIB))

    def starts(self, one: FineTune) -> bool:
        """Return whether a job would start now; it does not stay."""
        asked = itertools.chain([False], itertools.repeat(True))
        with self.card.admitted(one, lambda: next(asked), lambda: None) as entered:
            return entered

    def started(self, one: FineTune) -> AbstractContextManager[bool]:
        return self.card.admitted(one, lambda: False, lambda: None)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "_LOOK_SECONDS", 0.01)


def test_what_is_not_known_yet_is_expected_to_need_half_the_card_or_the_reserve() -> None:
    for reserve, third in ((None, False), (20 * GIB, True), (40 * GIB, False)):
        table = Table(reserve)
        with table.started(job(1)), table.started(job(2)):
            assert table.starts(job(3)) == third


def test_early_steps_tell_nothing_and_later_ones_with_room_to_grow() -> None:
    table = Table()
    with table.started(job(1)), table.started(job(2)):
        table.card.tell(job(1), 2 * GIB, 5, 1000)
        assert not table.starts(job(3))
        table.card.tell(job(1), 8 * GIB, 20, 1000)
        # 10 each are expected now: 2 are yet to come for the first, 10 for the second
        table.free = 22 * GIB
        assert table.starts(job(3))
        table.free = 22 * GIB - 1
        assert not table.starts(job(3))


def test_a_finished_job_says_exactly_what_the_next_one_needs() -> None:
    table = Table()
    with table.started(job(1)):
        table.card.tell(job(1), 8 * GIB, 20, 20)
        table.card.finish(job(1), 9 * GIB)
    with table.started(job(2)):
        table.free = 18 * GIB
        assert table.starts(job(3))
        table.free = 18 * GIB - 1
        assert not table.starts(job(3))
        # other batches and other tasks are measured by themselves
        assert not table.starts(job(3, batch_size=64))
        assert not table.starts(job(3, "another"))


def test_a_driver_that_does_not_tell_keeps_no_job_waiting() -> None:
    silent = Card("0", None, lambda gpu: None)
    with silent.admitted(job(1), lambda: False, lambda: None), silent.admitted(job(2), lambda: False, lambda: None):
        pass


def test_one_that_waits_starts_when_another_leaves_and_goes_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cards, "_LOOK_SECONDS", 60.0)  # nothing but the word of the other wakes it
    for stopped in (False, True):
        table, waits, entered = Table(), threading.Event(), []
        stop = threading.Event()

        def wait(table: Table = table, waits: threading.Event = waits, stop: threading.Event = stop) -> None:
            table.free = 0
            with table.card.admitted(job(2), stop.is_set, waits.set) as found:
                entered.append(found)  # noqa: B023

        waiting = threading.Thread(target=wait)
        with table.started(job(1)):
            waiting.start()
            assert waits.wait(30)
            if stopped:
                stop.set()
                table.card.wake()
                waiting.join(30)
        waiting.join(30)
        assert entered == [not stopped]


def test_the_driver_is_read(gpus: FakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus.take("7", 1000)
    assert read_memory("7") == Memory(9000 * 2**20, 10_000 * 2**20)
    for text in ("#!/bin/sh\necho '[N/A], [N/A]'\n", "#!/bin/sh\nexit 6\n"):
        (gpus.folder / "bin" / "nvidia-smi").write_text(text)
        assert read_memory("7") is None
    monkeypatch.setenv("PATH", "")
    assert read_memory("7") is None


def test_a_reserve_is_a_size() -> None:
    assert find_executor("local[jobs=8,reserve=2.5]") is not None
    for wrong in ("0", "-1"):
        with pytest.raises(UsageError, match="reserve"):
            find_executor(f"local[reserve={wrong}]")


def failing(error: Exception) -> Callable[..., None]:
    def fine_tune(*_: object) -> None:
        raise error

    return fine_tune


@pytest.mark.parametrize(
    ("error", "ran_out"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation"), True),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("the weather is bad"), False),
        (MemoryError("CUDA error: out of memory"), False),
    ],
)
def test_a_job_that_runs_out_of_memory_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, ran_out: bool
) -> None:
    monkeypatch.setattr("hbench.training.job.fine_tune", failing(error))
    reason = run_job(job(1), Store(tmp_path), "cpu", lambda done, total: None)
    assert reason is not None
    assert str(error).splitlines()[0] in reason
    assert ("--jobs" in reason) == ran_out


def test_a_process_without_a_gpu_takes_none_of_its_memory() -> None:
    assert memory.memory_taken() == 0
    memory.give_memory_back()
