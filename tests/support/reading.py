"""Small tasks, and reading a training split of one from a file whose content is given."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hbench import Task
from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.errors import DataError
from hbench.kinds import load_examples
from hbench.plugins.registry import Named


@dataclass(frozen=True)
class Notes(Task):
    """One text and one of three classes."""

    kind = "classification"
    columns = {"text": "text", "label": "gold"}
    labels = ("no", "maybe", "yes")


@dataclass(frozen=True)
class Marked(Notes):
    """The same with ids and passages of its own."""

    columns = {"text": "text", "label": "gold", "id": "key", "passage": "page"}


@dataclass(frozen=True)
class Quiz(Task):
    """Questions with four options, each in a column of its own."""

    kind = "choice"
    columns = {"article": "article", "question": "question", "options": "options", "answer": "answer"}
    layouts = ({"article": "article", "question": "question", "options": ("a", "b", "c", "d"), "answer": "answer"},)
    labels = ("A", "B", "C", "D")


def load(folder: Path, file: str, content: bytes | str | list[Any], task: Task | None = None) -> Examples:
    """Read the training split of a task from a file of this name; objects are written one on each line."""
    task = Notes() if task is None else task
    home = folder / "task"
    home.mkdir(exist_ok=True)
    data = content
    if isinstance(data, list):
        data = "".join(json.dumps(row) + "\n" for row in data)
    if isinstance(data, str):
        data = data.encode()
    (home / file).write_bytes(gzip.compress(data) if file.endswith(".gz") else data)
    (home / "validation.jsonl").write_text("{}")
    source = describe_source(task, folder, "task")
    return load_examples(Named("task", "task", task), "train", source=source, data_dir=folder, size=None, seed=0)


def refused(
    folder: Path, file: str, content: bytes | str | list[Any], *fragments: str, task: Task | None = None
) -> None:
    """Check that the file is refused in one line that names it and all fragments."""
    with pytest.raises(DataError) as found:
        load(folder, file, content, task)
    message = str(found.value)
    assert "\n" not in message
    assert str(folder / "task" / file) in message
    assert [fragment for fragment in fragments if fragment not in message] == [], message
