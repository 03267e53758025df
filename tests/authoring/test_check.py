"""`hbench check`: a right scorer passes, and each of the wrong ones is named with its reason."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from hbench.authoring.promises import check_scorer
from hbench.authoring.word_counts import count_words
from hbench.plugins import GivenScorer
from hbench.plugins.composed import Composed
from hbench.plugins.registry import SCORERS, TASKS

WORDS = count_words(TASKS.find("planted-sentence").plugin)

HEAD = """
from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from scipy.stats import rankdata

from hbench import Scorer, observe
from hbench.errors import UsageError


"""


def scorer(body: str, head: str = "@dataclass(frozen=True)\nclass Mine(Scorer):") -> str:
    """Return the file of a scorer: the lines of its class."""
    return HEAD + head + "\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"


RIGHT = scorer(
    """
    '''Mean loss; the lowest are kept.'''
    needs = observe("loss", at="train")
    keep = "lowest"

    def score(self, dynamics):
        return dynamics.loss.mean(("run", "epoch"))
    """
)
#: What is wrong -> the file, and what the line about it names.
WRONG = {
    "forgotten dataclass": (RIGHT.replace("@dataclass(frozen=True)\n", ""), "not a dataclass, so its options"),
    "not frozen": (RIGHT.replace("(frozen=True)", "", 1), "cannot inherit|frozen=True"),
    "undeclared signal": (
        RIGHT.replace("dynamics.loss.mean", "(dynamics.loss * dynamics.gold_prob).mean"),
        "reads 'gold_prob', which it did not declare",
    ),
    "random without a seed": (
        RIGHT.replace("dynamics.loss.mean(", "np.random.random() * dynamics.loss.mean("),
        "other scores when it is called again",
    ),
    "positions instead of scores": (
        RIGHT.replace('mean(("run", "epoch"))', 'mean(("run", "epoch")).copy(data=np.argsort(dynamics.loss[0, 0]))'),
        "gave positions, as argsort does",
    ),
    "place in the file": (
        RIGHT.replace("return ", "return np.arange(dynamics.sizes['example']) * "),
        "scores an example by its position",
    ),
    "lost coordinates": (
        RIGHT.replace("return dynamics.loss", "return dynamics.loss.drop_vars('example')"),
        "lost their examples' ids",
    ),
    "a numpy array": (
        RIGHT.replace('mean(("run", "epoch"))', 'mean(("run", "epoch")).to_numpy()'),
        "gave a ndarray; expected an xarray.DataArray",
    ),
    "forgot the runs": (
        RIGHT.replace('("run", "epoch")', '"epoch"'),
        "gave an array .*expected one number per example",
    ),
    "changes its input": (
        RIGHT.replace("return ", "dynamics['loss'] = dynamics.loss / dynamics.loss.max()\n        return "),
        r"changes the dynamics that it is given \(loss\)",
    ),
    "not a number with one run": (
        RIGHT.replace('mean(("run", "epoch"))', 'std("run", ddof=1).mean("epoch", skipna=False)'),
        "with S = 1 .*not finite.*ddof=0",
    ),
    "breaks with one epoch": (
        RIGHT.replace('mean(("run", "epoch"))', 'mean("run").isel(epoch=1, drop=True)'),
        r"with E = 1 \(one epoch\) it raises IndexError.*mine.py, line \d+",
    ),
    "ties by the order of the file": (
        RIGHT.replace("loss", "correct").replace(
            'dynamics.correct.mean(("run", "epoch"))',
            "dynamics.example.copy(data=rankdata(dynamics.correct.sum(('run', 'epoch')), method='ordinal'))",
        ),
        "examples with the same signals different scores",
    ),
    "the last run alone": (
        RIGHT.replace('mean(("run", "epoch"))', 'isel(run=-1, drop=True).mean("epoch")'),
        "in another order",
    ),
    "all the same": (RIGHT.replace("return ", "return 0 * "), "prefers all 1200 examples equally"),
    "division by zero": (RIGHT.replace("return ", "1 / 0\n        return "), r"raises ZeroDivisionError.*line \d+"),
    "an option of a type that cannot be written": (
        RIGHT.replace(
            'needs = observe("loss"',
            'weights: dict[str, float] = field(default_factory=dict)\n    needs = observe("loss"',
        ),
        "option 'weights' has the type",
    ),
    "the wrong end": (
        RIGHT.replace('keep = "lowest"', 'keep = "highest"'),
        r"keeps mislabelled examples first \(AUROC 0\.\d\d\): is the sign meant\?",
    ),
}


@pytest.fixture
def file(tmp_path: Path, hbench: Any) -> Any:
    """Return what writes a plugin file and checks it."""

    def check(text: str) -> Any:
        (tmp_path / "mine.py").write_text(text)
        return hbench("check", "mine.py")

    return check


def test_a_right_scorer_passes(file: Any) -> None:
    done = file(RIGHT)
    assert done.err == ""
    assert done.code == 0, done.out
    assert "scorer mine" in done.out
    assert "wrong" not in done.out.replace("nothing wrong", "")
    assert "AUROC of being kept before clean examples: mislabelled 0." in done.out


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_scorer_is_named_with_its_reason(fault: str, file: Any) -> None:
    import re

    text, reason = WRONG[fault]
    assert text != RIGHT
    done = file(text)
    about = [line for line in done.out.splitlines() if re.search(reason, line)]
    assert about, done.out + done.err
    note = fault == "the wrong end"
    assert done.code == (0 if note else 1)
    assert about[0].strip().startswith("note" if note else "wrong")


def test_what_says_why_it_cannot_do_with_little_is_right(file: Any) -> None:
    text = RIGHT.replace(
        "return ",
        "if dynamics.sizes['run'] < 2:\n            raise UsageError('mine: use more runs')\n        return ",
    )
    done = file(text)
    assert done.code == 0, done.out
    assert "note  with S = 1 (one run) it gives no scores, and says why: mine: use more runs" in done.out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such Python file"),
        ("def", "line 1"),
        ("x = 1", "defines no scorer and no task"),
        ("1 / 0", "ZeroDivision"),
    ],
)
def test_a_file_that_cannot_be_loaded(content: str | None, message: str, hbench: Any, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "mine.py").write_text(content)
    done = hbench("check", "mine.py")
    assert done.code == (2 if content is None else 1)
    assert message in done.err + done.out


@pytest.mark.parametrize(
    "names", [("aum", "forgetting", "h-score", "loss"), ("cartography", "dual", "tdds", "dyn-unc")]
)
def test_built_in_scorers_of_the_training_steps_keep_the_contract(names: tuple[str, ...]) -> None:
    for name in names:
        found = SCORERS.find(name)
        wrong = [finding.text for finding in check_scorer(found.plugin, WORDS) if finding.level == "wrong"]
        assert wrong == [], name


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in SCORERS.names() if not issubclass(SCORERS.load(name), (Composed, GivenScorer))]
)
def test_every_built_in_scorer_keeps_the_contract(name: str) -> None:
    found = SCORERS.find(name)
    findings = check_scorer(found.plugin, WORDS)
    assert [finding.text for finding in findings if finding.level == "wrong"] == []
    assert len(findings) > 5
