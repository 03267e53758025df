"""Names, options, plugins and stores that other tools take wrongly: a command as a user gives it, and its end."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from support.command_line import refused

SMALL = ("--task", "planted-sentence[size=60]", "--model", "tiny", "--seeds", "2", "--scoring-runs", "1")
QUICK = ("run", "quickstart", *SMALL, "--keep", "0.5", "--eval-size", "30", "--executor", "inline", "--quiet")
HEAD = """
from __future__ import annotations
from dataclasses import dataclass
from typing import Literal
from hbench import Scorer, observe

"""
POWERED = """
@dataclass(frozen=True)
class Powered(Scorer):
    \"\"\"Loss to a power.\"\"\"

    power: float = 1.0
    needs = observe("loss", at="train")

    def score(self, dynamics):
        return (dynamics.loss**self.power).mean(("run", "epoch"))
"""
WHOLE = """
@dataclass(frozen=True)
class Whole(Scorer):
    \"\"\"Integers to choose from.\"\"\"

    power: Literal[1, 2] = 1
    needs = observe("loss", at="train")

    def score(self, dynamics):
        assert type(self.power) is int
        return (dynamics.loss**self.power).mean(("run", "epoch"))
"""


def of(plugin: Path, text: str) -> tuple[str, str]:
    plugin.write_text(HEAD + text)
    return "--plugin", str(plugin)


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / ".hbench/leaderboard/leaderboard.csv").open(newline="") as stream:
        return {row["method"]: row for row in csv.DictReader(stream)}


@pytest.mark.slow
def test_options_that_look_alike_on_one_board_and_a_damaged_score(
    hbench: Any, tmp_path: Path, one_thread: None
) -> None:
    """A very long option, options that differ by their sign, an integer to choose, and a score that is cut short."""
    scorers = [
        f"h-score[remove={'0S' * 130}]",
        "powered[power=2]",
        "powered[power=-2]",
        "whole[power=2]",
    ]
    named = [word for scorer in scorers for word in ("--scorer", scorer)]
    command = (*QUICK, *of(tmp_path / "mine.py", POWERED + WHOLE), *named)
    done = hbench(*command)
    assert done.code == 0, done.err
    found = rows(tmp_path)
    assert {"powered[power=2.0]", "powered[power=-2.0]", "whole[power=2]"} <= set(found)
    assert any(len(method) > 260 for method in found)
    assert all(row["status"] != "failed" for row in found.values())
    files = {path: json.loads(path.read_text())["method"] for path in (tmp_path / ".hbench/results").rglob("*.json")}
    assert sorted(files.values()) == sorted(found)
    assert all(len(path.name.encode()) <= 255 for path in files)

    score = next((tmp_path / ".hbench/store/score").glob("*/scores.npz"))
    score.write_bytes(score.read_bytes()[:100])
    again = hbench(*command)
    assert (again.code, again.out) == (0, done.out)
    assert f"{score.parent.name}/scores.npz" in again.err


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
@pytest.mark.parametrize("scorer", ["powered[power={}]", "dynamic-el2n[deviations={}]"])
def test_option_not_a_number(hbench: Any, tmp_path: Path, scorer: str, value: str) -> None:
    done = hbench(*QUICK, *of(tmp_path / "powered.py", POWERED), "--scorer", scorer.format(value))
    refused(done, scorer.format(value), "finite number")


@pytest.mark.parametrize("value", ["3", "1.5", "true", "two"])
def test_an_integer_that_is_no_choice(hbench: Any, tmp_path: Path, value: str) -> None:
    refused(
        hbench(*QUICK, *of(tmp_path / "whole.py", WHOLE), "--scorer", f"whole[power={value}]"), "whole[power=", "1", "2"
    )


@pytest.mark.parametrize("needs", ['("loss",)', '["loss"]', '"loss"', "{'loss': 1}", "observe"])
def test_scorer_needs_a_tuple(hbench: Any, tmp_path: Path, needs: str) -> None:
    text = POWERED.replace('observe("loss", at="train")', needs)
    done = hbench("plan", "quickstart", *of(tmp_path / "tup.py", text), "--scorer", "powered")
    refused(done, "powered", "tup.py", "needs", "observe(")


@pytest.mark.parametrize(
    ("kind", "task", "length"), [("single", "sentence", 1), ("pair", "pair", 2), ("pair", "pair", 4)]
)
def test_max_length_below_the_special_tokens(hbench: Any, tmp_path: Path, kind: str, task: str, length: int) -> None:
    suite = tmp_path / f"{kind}.toml"
    suite.write_text(
        f'tasks=["planted-{task}[size=60]"]\nmodels=["tiny"]\nscorers=["length"]\nseeds=2\nscoring_runs=1\n'
        f"[recipe]\nmax_length={length}\n"
    )
    refused(
        hbench("run", suite.name, "--executor", "inline"), f"max_length = {length}", "special tokens", "use at least"
    )
    assert not (tmp_path / ".hbench").exists()


@pytest.mark.parametrize("content", ['{"a": 1}', "[]", "", "{", '{"schema": 2}'])
def test_results_folder_with_foreign_json_before_a_run(hbench: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "res").mkdir()
    (tmp_path / "res/notes.json").write_text(content)
    refused(hbench(*QUICK, "--scorer", "length", "--results", "res"), "res/notes.json")
    assert not (tmp_path / ".hbench").exists()


def test_one_job_at_a_time_in_this_process(hbench: Any) -> None:
    refused(hbench(*QUICK, "--scorer", "length", "--jobs", "2"), "inline", "one job at a time")
    assert hbench("plan", "quickstart", *SMALL, "--scorer", "length").code == 0
