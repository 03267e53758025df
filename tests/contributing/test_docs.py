"""What the documentation names is there, and what is there is named: files, modules, plugins, commands."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import click
import pytest
from support.contributing import blocks
from support.paths import ROOT

from hbench.cli import main
from hbench.cost.budgets import BUDGETS
from hbench.data.formats import FORMATS as DATA_FORMATS
from hbench.execute import EXECUTORS
from hbench.experiment.plan import make_plan
from hbench.experiment.suite import Suite
from hbench.experiment.suite_file import load_suite
from hbench.experiment.suites import shipped
from hbench.plugins.registry import KINDS, SCORERS, TASKS
from hbench.render.formats import FORMATS

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "leaderboard/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
_PATH = re.compile(r"`((?:hbench|scorers|tasks|tests|docs|benchmarks)/[\w/.-]*)`")
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_NAME = re.compile(r"`(hbench(?:\.\w+)+)")
#: Groups of entry points are written like modules.
_GROUPS = tuple(registry.group for registry in (SCORERS, TASKS, KINDS, EXECUTORS))


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    added = {block.file for block in blocks()}
    for path in set(_PATH.findall(text(page))) - added:
        assert (ROOT / path).exists(), path
    for path in _LINK.findall(text(page)):
        assert (page.parent / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_in_hbench_is_there(page: Path) -> None:
    for name in set(_NAME.findall(text(page))) - {*_GROUPS}:
        module, parts = "hbench", name.split(".")[1:]
        value = importlib.import_module(module)
        for part in parts:
            module = f"{module}.{part}"
            value = getattr(value, part) if hasattr(value, part) else importlib.import_module(module)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("docs/scorers.md", SCORERS.names()),
        ("docs/tasks.md", TASKS.names()),
        ("docs/tasks.md", KINDS.names()),
        ("docs/suites.md", EXECUTORS.names()),
        ("docs/suites.md", BUDGETS),
        ("docs/suites.md", shipped()),
        ("docs/suites.md", DATA_FORMATS),
        ("docs/reading-the-board.md", FORMATS),
    ],
)
def test_everything_there_is_has_its_line(page: str, names: Iterable[str]) -> None:
    words = set(re.findall(r"[\w.-]+", text(ROOT / page)))
    assert [name for name in names if name not in words and name not in text(ROOT / page)] == []


def commands(page: Path) -> list[list[str]]:
    """Return the words of every line that calls hbench, without its comment."""
    lines = re.findall(r"^(?: {4}|.*&& )(hbench [a-z].*)$", text(page), re.MULTILINE)
    inline = re.findall(r"`(hbench (?:run|plan|list|status|retry|leaderboard)\b[^`]*)`", text(page))
    return [shlex.split(line, comments=True)[1:] for line in (*lines, *inline)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_has_these_options(page: Path) -> None:
    for words in commands(page):
        command: click.Command = main
        while isinstance(command, click.Group) and words and re.fullmatch("[a-z-]+", words[0]):
            found = command.get_command(click.Context(command), words[0])
            assert found is not None, words
            command, words = found, words[1:]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_every_key_of_a_suite_is_named() -> None:
    page = text(ROOT / "docs/suites.md")
    keys = [field for field in Suite.__dataclass_fields__ if field not in ("name", "task_recipes")]
    assert [key for key in keys if not re.search(rf"\b{key}\b", page)] == []


def test_the_suite_that_is_shown_can_be_planned(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", text(ROOT / "docs/suites.md"), re.MULTILINE | re.DOTALL)
    file = tmp_path / "shown.toml"
    file.write_text(shown)
    suite = load_suite(str(file))
    assert [experiment.task.name for experiment in make_plan(suite).experiments] == ["snli", "planted-pair"]
