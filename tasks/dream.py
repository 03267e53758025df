"""DREAM: reading comprehension of dialogues, from exams of English as a foreign language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbench import Hub, Task
from hbench_tasks.race import Race

#: What the authors call a split, where it is not its name on the hub.
_OFFICIAL = {"validation": "dev"}


@dataclass(frozen=True)
class Dream(Task):
    """Dialogue-based reading comprehension, three options: 6,116 questions to train on, 2,041 to evaluate on.

    Read are RACE's columns, the hub's, in which a dialogue is a list of turns, and the authors' nested JSON files.
    """

    kind = "choice"
    # A commit of the branch to which the hub converts data into Parquet: the main one has only a loading script.
    hub = Hub("dataset-org/dream", None, "ca4c45feaf089ecfc37579eb2c594375f70dbfd5")
    eval_splits = ("test",)
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
            "article": "dialogue",
            "question": "question",
            "options": "choice",
            "answer": "answer",
            "passage": "dialogue",
        },
    )
    labels = ("A", "B", "C")
    licence = "non-commercial research only"
    cite = "sun2019dream"
    recipe = Race.recipe

    def originals(self, folder: Path, split: str) -> list[Path]:
        """Return the nested JSON file of a split."""
        file = folder / f"{_OFFICIAL.get(split, split)}.json"
        return [file] if file.is_file() else []

    def read(self, file: Path) -> dict[str, list[Any]]:
        """Return the hub's columns for all questions of a nested JSON file, numbered in its order."""
        columns: dict[str, list[Any]] = {name: [] for name in ("id", "dialogue", "question", "choice", "answer")}
        for turns, questions, _ in json.loads(file.read_text(encoding="utf-8")):
            for row in questions:
                columns["id"].append(len(columns["id"]))
                columns["dialogue"].append(turns)
                for name in ("question", "choice", "answer"):
                    columns[name].append(row[name])
        return columns
