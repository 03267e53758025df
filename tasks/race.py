"""RACE: reading comprehension in the English exams of Chinese middle and high schools."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbench import Hub, Task

#: What the authors call a split, where it is not its name on the hub.
_OFFICIAL = {"validation": "dev"}


@dataclass(frozen=True)
class Race(Task):
    """Reading comprehension from examinations, four options: 87,866 questions to train on, 4,934 to evaluate on.

    The authors' folders, with one file for each article, are read too.
    """

    kind = "choice"
    hub = Hub("ehovy/race", "all", "2fec9fd81f1dc971569a9b729c43f2f0e6436637")
    eval_splits = ("test",)
    columns = {
        "article": "article",
        "question": "question",
        "options": "options",
        "answer": "answer",
        # the name of the article's file, which its questions share
        "passage": "example_id",
    }
    labels = ("A", "B", "C", "D")
    licence = "non-commercial research only"
    cite = "lai2017race"
    recipe = {
        "epochs": 3,
        "batch_size": 16,
        "learning_rate": 1e-5,
        "weight_decay": 0.1,
        "adam_beta2": 0.98,
        "warmup": 0.06,
        "max_length": 512,
    }

    def originals(self, folder: Path, split: str) -> list[Path]:
        """Return the files of a split's articles, from its folders `high` and `middle`."""
        place = folder / _OFFICIAL.get(split, split)
        return [file for level in ("high", "middle") for file in (place / level).glob("*.txt")]

    def read(self, file: Path) -> dict[str, list[Any]]:
        """Return the hub's columns for all questions of an article, in the order of its file."""
        article = json.loads(file.read_text(encoding="utf-8"))
        questions, options, answers = (article[name] for name in ("questions", "options", "answers"))
        if not len(questions) == len(options) == len(answers):
            raise ValueError(f"{len(questions)} questions, {len(options)} lists of options, {len(answers)} answers")
        return {
            "example_id": [article["id"]] * len(questions),
            "article": [article["article"]] * len(questions),
            "question": questions,
            "options": options,
            "answer": answers,
        }
