"""What is shown while a suite runs, in a terminal and elsewhere; time comes from a clock that the test moves."""

from __future__ import annotations

import io
import re
import threading

import pytest
from rich.console import Console

from hbench.cli.progress import LineProgress, RichProgress, Stage, duration, watch
from hbench.progress import NullProgress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock):
    """A line display and what it wrote so far."""
    out = io.StringIO()
    display = LineProgress(Console(file=out, width=60), clock, seconds=15)
    return display, lambda: out.getvalue().splitlines()


def test_time_left_follows_from_jobs_done_and_the_running_ones_in_part():
    stage = Stage("runs", total=4, started=0.0)
    stage.start("a", "A")
    assert stage.left(10.0) == ""
    assert stage.finish("a", None) is None
    stage.start("b", "B")
    stage.shares["b"] = 0.5
    # 1.5 of 4 jobs in 90 s: the other 2.5 take 150 s.
    assert stage.left(90.0) == "about 2 min left"
    assert stage.finish("b", "loss is not finite") == "B failed: loss is not finite"
    assert stage.state(120.0) == "runs: 2 of 4 jobs, 1 failed, about 2 min left"
    assert Stage("runs", total=1, started=0.0).state(1.0) == "runs: 0 of 1 job"


def test_lines_are_few_and_say_which_cell_and_how_far(lines, clock):
    display, written = lines
    display.stage("scores", 0)
    display.stage("pruned runs", 2)
    display.job_started("k1", "sst2 el2n[epoch=2] 0.3 seed 342")
    for step in range(100):
        clock.now += 1
        display.job_progress("k1", step, 100)
    display.job_finished("k1")
    clock.now += 1
    display.job_started("k2", "sst2 flaky scores")
    display.job_finished("k2", "RuntimeError: [1] (flaky.py:9)")
    found = written()
    assert found[0] == "pruned runs: 2 jobs"
    # Every 15 seconds, one line each, however long; the reference in brackets is not taken for markup.
    assert found[1] == ("pruned runs: 0 of 2 jobs, about 3 min left; now sst2 el2n[epoch=2] 0.3 seed 342: 14/100 steps")
    assert len([line for line in found if "; now " in line]) == 6
    assert found[-2] == "sst2 flaky scores failed: RuntimeError: [1] (flaky.py:9)"
    assert found[-1] == "pruned runs: 2 of 2 jobs, 1 failed, done in 2 min"


def test_a_stage_of_short_jobs_is_heard_of_too(lines, clock):
    display, written = lines
    display.stage("scores", 100)
    for job in range(100):
        clock.now += 1
        display.job_started(str(job), f"job {job}")
        display.job_finished(str(job))
    assert written()[1] == "scores: 15 of 100 jobs, about 1 min left"
    assert written()[-1] == "scores: 100 of 100 jobs, done in 2 min"
    assert len(written()) == 8


def test_bars_show_stage_and_running_jobs_and_leave_failures(clock):
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    with RichProgress(console, clock) as display:
        display.stage("scores", 0)
        display.stage("full-data runs", 3)
        display.job_started("k1", "sst2 minilm-l6[layers=4] seed 342")
        display.job_started("k2", "sst2 minilm-l6[layers=4] seed 98")
        clock.now = 30.0
        display.job_progress("k1", 50, 100)
        display._bars.refresh()
        shown = out.getvalue()
        assert "full-data runs: 0 of 3 jobs, about 2 min left" in shown
        assert "sst2 minilm-l6[layers=4] seed 342: 50/100 steps" in shown
        display.job_finished("k1")
        display.job_finished("k2", "the loss is not finite")
        display.job_started("k3", "sst2 seed 7")
        display.job_finished("k3")
        display.job_progress("k3", 1, 2)
        display.note("el2n[epoch=2] is done")
        assert [bar.completed for bar in display._bars.tasks] == [3]
    assert "sst2 minilm-l6[layers=4] seed 98 failed: the loss is not finite" in out.getvalue()
    assert "el2n[epoch=2] is done" in out.getvalue()


def test_nothing_breaks_inside_a_word_at_80_columns(clock):
    out = io.StringIO()
    label = "snli[evaluate=validation] minilm-l6[layers=4] cartography[burn_out=2,region=hard] 0.3 seed 342"
    with RichProgress(Console(file=out, force_terminal=True, width=80, color_system=None), clock) as display:
        display.stage("pruned runs", 1)
        display.job_started("k", label)
        display.job_progress("k", 50, 100)
        display._bars.refresh()
        display.job_finished("k", f"RuntimeError: {'a long reason ' * 9}(flaky.py:9)")
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    words = set(shown.split())
    assert {*label.split()[:3], "50/100", "steps"} <= words
    assert "(flaky.py:9)" in words
    assert "…" not in shown


def test_several_threads_lose_no_job(clock):
    display = LineProgress(Console(file=io.StringIO()), clock)
    display.stage("runs", 400)

    def work(name):
        for job in range(100):
            display.job_started(f"{name}{job}", "x")
            display.job_progress(f"{name}{job}", 1, 2)
            display.job_finished(f"{name}{job}", None if job % 2 == 0 else "broken")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (display._stage.finished, display._stage.failed, display._stage.shares) == (400, 200, {})


def test_the_display_suits_standard_error(capsys):
    with watch() as display:
        display.note("hello [world]")
        assert isinstance(display, LineProgress)
    with watch(quiet=True) as display:
        display.note("unheard")
        display.warn("heard [all the same]")
        assert isinstance(display, NullProgress)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "hello [world]\nheard [all the same]\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (90, "2 min"), (3599, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_time_spans_read_well(seconds, text):
    assert duration(seconds) == text
