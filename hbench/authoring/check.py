"""Checking a file of plugins: it is loaded, and each plugin in it tried on a small task."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hbench.authoring.practice import EVALUATED, practise
from hbench.authoring.promises import Finding, check_scorer
from hbench.authoring.word_counts import count_words
from hbench.errors import HbenchError, UsageError
from hbench.experiment.suite_file import load_suite
from hbench.plugins import GivenScorer, Task
from hbench.plugins.composed import Composed
from hbench.plugins.registry import KINDS, SCORERS, TASKS, load_plugin_file

#: Scorers that a name alone does not make, so that there is nothing to try.
_FURTHER: dict[type[Any], str] = {
    Composed: "it is made of other scorers, which are named behind it in parentheses",
    GivenScorer: "it reads a file of scores or a subset, which is named as an option",
}
#: The suite whose tasks need no files.
_SUITE = "quickstart"


@dataclass(frozen=True)
class Checked:
    """What was found about one plugin, or about the file when it could not be loaded."""

    noun: Literal["scorer", "task", "kind", "file"]
    name: str
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> bool:
        """Whether something has to be changed."""
        return any(finding.level == "wrong" for finding in self.findings)


@dataclass(frozen=True)
class Plugins:
    """The names of the plugins that a file defines."""

    scorers: tuple[str, ...]
    tasks: tuple[str, ...]
    kinds: tuple[str, ...]


def load_file(path: Path) -> Plugins:
    """Load a file of plugins and return what it defines. Raises UsageError as `load_plugin_file` does."""
    names = load_plugin_file(path)
    return Plugins(
        *(
            tuple(name for name in names if name in registry.names() and _is_from(registry.load(name), path))
            for registry in (SCORERS, TASKS, KINDS)
        )
    )


def _is_from(cls: type[object], path: Path) -> bool:
    return Path(inspect.getfile(cls)).resolve() == path.resolve()


def check_file(path: Path, data_dir: Path | None = None) -> list[Checked]:
    """Return what was found about every plugin of a file.

    data_dir: folder of the data of its tasks, None for the hub or rows in the file. Raises UsageError for a file that
    is not there or no Python.
    """
    if not path.is_file() or path.suffix != ".py":
        raise UsageError(f"{path}: no such Python file; name one that defines a scorer, a task or a kind")
    try:
        plugins = load_file(path)
    except UsageError as error:
        reason = str(error).removeprefix(f"--plugin {path}: ")
        return [Checked("file", path.name, (Finding("wrong", reason),))]
    return [
        *(Checked("scorer", name, tuple(_scorer(name))) for name in plugins.scorers),
        *(Checked("task", name, tuple(_task(name, data_dir))) for name in plugins.tasks),
        *(Checked("kind", name, tuple(_kind(name, plugins.tasks))) for name in plugins.kinds),
    ]


def _scorer(name: str) -> list[Finding]:
    for base, how in _FURTHER.items():
        if issubclass(SCORERS.load(name), base):
            return [Finding("note", f"{how}; try it in a suite")]
    try:
        scorer = SCORERS.find(name)
        return check_scorer(scorer.plugin, count_words(_embedded()))
    except HbenchError as error:
        return [Finding("wrong", str(error))]


def _embedded() -> Task:
    """Return a classification with planted examples, whose rows are in the package."""
    tasks = [TASKS.find(name).plugin for name in load_suite(_SUITE).tasks]
    return next(task for task in tasks if task.kind == "classification" and task.planted is not None)


def _task(name: str, data_dir: Path | None) -> list[Finding]:
    try:
        task = TASKS.find(name)
        done = practise(task, data_dir)
    except HbenchError as error:
        return [Finding("wrong", str(error))]
    classes = sorted(set(done.label.tolist()))
    texts = [
        Finding(
            "ok",
            f"its rows are read and encoded: {len(done.label)} examples, {int(done.length.mean())} tokens on average",
        )
    ]
    declared = len(task.plugin.labels)
    if declared and len(classes) < declared and task.plugin.kind == "classification":
        missing = ", ".join(label for place, label in enumerate(task.plugin.labels) if place not in classes)
        texts.append(Finding("note", f"no training example that was looked at is of the class {missing}"))
    shown = "; ".join(
        f"{split}: {', '.join(f'{k} {v:.3f}' for k, v in found.items())}" for split, found in done.metric.items()
    )
    return [*texts, Finding("ok", f"a model trains on it and is evaluated on {EVALUATED} examples at most ({shown})")]


def _kind(name: str, tasks: tuple[str, ...]) -> list[Finding]:
    try:
        KINDS.find(name)
    except HbenchError as error:
        return [Finding("wrong", str(error))]
    own = [task for task in tasks if TASKS.load(task).kind == name]
    if not own:
        return [Finding("note", "the file has no task of this kind; add one, so that it can be trained")]
    return [Finding("ok", f"trained on its task {', '.join(own)}, see there")]
