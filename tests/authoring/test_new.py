"""`hbench new` writes files that pass `hbench check`, and `hbench try` makes a board of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hbench.authoring.templates import new_file
from hbench.errors import UsageError
from hbench.plugins.registry import KINDS, SCORERS, TASKS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("what", ["scorer", "task", "kind"])
@pytest.mark.parametrize(("name", "file"), [("mean-loss2", "mean_loss2.py"), ("a-b", "a_b.py")])
def test_a_new_file_works_at_once(
    what: str, name: str, file: str, hbench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KINDS, "_added", {})
    done = hbench("new", what, name)
    assert (done.code, done.out) == (0, f"wrote {file}; next: hbench check {file}\n")
    assert f"hbench check {file}" in (tmp_path / file).read_text()
    registry = {"scorer": SCORERS, "task": TASKS, "kind": KINDS}[what]
    done = hbench("check", file)
    assert done.code == 0, done.out + done.err
    assert f"{what} {name}\n" in done.out
    assert name in registry.names()


def test_a_new_file_is_formatted_and_linted(tmp_path: Path) -> None:
    for what in ("scorer", "task", "kind"):
        made = new_file(what, "mean-loss2")  # type: ignore[arg-type] # one of the three
        (tmp_path / f"{what}_{made.name}").write_text(made.text)
    for words in (["check", "--ignore", "RUF012,INP001,E501"], ["format", "--check"]):
        options = ["--line-length", "120", "--no-cache"]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, *options, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_that_is_there_is_not_written_over(hbench: Any, tmp_path: Path) -> None:
    (tmp_path / "mean_loss2.py").write_text("mine")
    done = hbench("new", "scorer", "mean-loss2")
    assert (done.code, (tmp_path / "mean_loss2.py").read_text()) == (2, "mine")
    assert "mean_loss2.py: exists already" in done.err
    assert hbench("new", "scorer", "mean-loss2", "--out", "sub/other.py").code == 0
    assert "hbench check sub/other.py" in (tmp_path / "sub/other.py").read_text()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("el2n", "scorer 'el2n' exists already"),
        ("1e5", "would read the name as a number"),
        ("2nd", "begin with a letter"),
        ("Mean", "use small ones"),
        ("a b", "a name is made of letters"),
    ],
)
def test_a_name_that_no_plugin_can_have_is_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        new_file("scorer", name)


@pytest.mark.slow
def test_a_board_with_el2n_and_a_random_subset(hbench: Any) -> None:
    assert hbench("new", "scorer", "mean-loss2").code == 0
    done = hbench("try", "mean_loss2.py", "--seeds", "1", "--quiet")
    assert done.code == 0, done.out + done.err
    for method in ("mean-loss2", "el2n", "random"):
        assert method in done.out
    assert ".hbench/try/mean_loss2/leaderboard/index.html" in done.out


def test_a_wrong_scorer_is_not_tried(hbench: Any, tmp_path: Path) -> None:
    assert hbench("new", "scorer", "mean-loss2").code == 0
    file = tmp_path / "mean_loss2.py"
    file.write_text(file.read_text().replace('("run", "epoch")', '"epoch"'))
    done = hbench("try", "mean_loss2.py")
    assert done.code == 2
    assert "expected one number per example" in done.err
