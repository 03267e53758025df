"""Every block of code in the documentation runs, in the order of its page; what cannot run here is marked so."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from support.docs_pages import BEGIN, MARKS, PAGES, RUN, SHOWN, Fence, fences
from support.paths import ROOT

from hbench.experiment.plan import make_plan
from hbench.experiment.suite_file import load_suite
from hbench.plugins.registry import KINDS

pytestmark = pytest.mark.usefixtures("one_thread")
NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))


def runs(fence: Fence) -> bool:
    return fence.language in RUN and not set(fence.marks) - {"checkout", "excerpt"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_names_its_language_and_why_it_is_not_run(page: Path) -> None:
    for fence in fences(page):
        place = f"{fence.page}, line {fence.line}"
        assert fence.language in (*RUN, *SHOWN), place
        assert set(fence.marks) <= set(MARKS), place


def test_the_marks_are_said_in_words() -> None:
    said = {"network": "network", "own-files": "DIR", "gpu": "GPU", "elsewhere": "", "checkout": "", "excerpt": ""}
    assert set(said) == set(MARKS)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for mark in {mark for fence in fences(page) for mark in fence.marks}:
            assert said[mark] in text, f"{page.name}: {mark}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any(map(runs, fences(page)))], ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page: Path, hbench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KINDS, "_added", {})
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    begin = BEGIN.get(page.name)
    scope: dict[str, Any] = {"__name__": page.stem, **({} if begin is None else begin(tmp_path))}
    for fence in filter(runs, fences(page)):
        place = f"{fence.page}, line {fence.line}"
        with contextlib.chdir(ROOT if "checkout" in fence.marks else tmp_path):
            if "excerpt" in fence.marks:
                written = "\n".join(file.read_text() for file in tmp_path.glob("*.py"))
                assert [line for line in fence.code.splitlines() if line.strip() not in written] == [], place
            elif fence.language == "python":
                exec(compile(fence.code, place, "exec"), scope)
            elif fence.language == "toml":
                (tmp_path / "shown.toml").write_text(fence.code)
                assert make_plan(load_suite(str(tmp_path / "shown.toml"))).experiments, place
            else:
                for words in filter(None, (shlex.split(line, comments=True) for line in fence.code.splitlines())):
                    assert words[0] == "hbench", place
                    done = hbench(*words[1:])
                    assert done.code == 0, f"{place}: {' '.join(words)}\n{done.out}{done.err}"


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.name)
def test_a_notebook_runs_from_top_to_bottom(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    read = nbformat.read(notebook, as_version=4)
    for cell in read.cells:
        assert not cell.get("outputs"), "commit notebooks without outputs: the site is built by running them"
    NotebookClient(read, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = json.dumps([cell.get("outputs", []) for cell in read.cells])
    assert "of the first 120 are mislabelled" in outputs
    assert "image/svg+xml" in outputs


def test_what_the_boards_say_of_random_is_what_the_page_says() -> None:
    page = (ROOT / "docs/which-scorer.md").read_text(encoding="utf-8")
    table = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| `leaderboard/")]
    names = {"SNLI": "snli", "SST-2": "sst2", "MNLI": "mnli"}
    said = {
        (board.strip(" `"), names[task.strip()], f"{float(share.strip(' %')) / 100:g}", method.strip(" `"))
        for board, task, shares, methods in table
        for share in shares.split(",")
        for method in methods.split(", ")
    }
    found = set()
    for board in ("leaderboard", "leaderboard/dynamic", "leaderboard/answering"):
        with (ROOT / board / "leaderboard.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found |= {
            (board, row["task"].partition("[")[0], row["keep"], row["method"])
            for row in rows
            if row["random_verdict"] == "superior"
        }
    assert said == found


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_without_a_dead_link(tmp_path: Path) -> None:
    from support.site import dead_links

    out = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "1", "-d", str(tmp_path / "trees")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(out)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert dead_links(out) == []
    for page in PAGES:
        assert (out / f"{page.stem}.html").is_file()
