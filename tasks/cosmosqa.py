"""Cosmos QA: questions about everyday stories whose answers have to be read between the lines."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbench import Hub, Task
from hbench_tasks.race import Race

_OPTIONS = ("answer0", "answer1", "answer2", "answer3")


@dataclass(frozen=True)
class CosmosQa(Task):
    """Reading comprehension that needs common sense, four options: 25,262 questions to train on, 2,985 others.

    The labels of the test split are not public. Read are RACE's columns and the hub's, which are the authors' own too.
    """

    kind = "choice"
    # A commit of the branch to which the hub converts data into Parquet: the main one has only a loading script.
    hub = Hub("allenai/cosmos_qa", None, "ed50fe83db62b355759053b1cd5eef344ee371e0")
    columns = {
        "id": "example_id",
        "article": "article",
        "question": "question",
        "options": "options",
        "answer": "answer",
        "passage": "article",
    }
    layouts = (
        {
            "id": "id",
            "article": "context",
            "question": "question",
            "options": _OPTIONS,
            "answer": "label",
            "passage": "context",
        },
    )
    labels = ("A", "B", "C", "D")
    licence = "CC BY 4.0"
    cite = "huang2019cosmos"
    recipe = Race.recipe

    def originals(self, folder: Path, split: str) -> list[Path]:
        """Return the validation split under the authors' name; that of the training split is the hub's."""
        file = folder / "valid.csv"
        return [file] if split == "validation" and file.is_file() else []

    def read(self, file: Path) -> dict[str, list[Any]]:
        """Return the hub's columns of a table of the authors'."""
        try:
            with file.open(encoding="utf-8", newline="") as stream:
                rows = list(csv.DictReader(stream))
        except csv.Error as error:
            raise ValueError(str(error)) from error
        columns: dict[str, list[Any]] = {
            name: [row[name] for row in rows] for name in ("id", "context", "question", *_OPTIONS)
        }
        return columns | {"label": [int(row["label"]) for row in rows]}
