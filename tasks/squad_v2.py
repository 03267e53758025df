"""SQuAD v2: the answer to a question is a span of a Wikipedia paragraph, or there is none."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hbench import Hub, Task
from hbench.errors import DataError, UsageError

#: What the authors call the files of the two public splits.
_OFFICIAL = {"train": "train-v2.0.json", "validation": "dev-v2.0.json"}
#: What is read of a question, by role. Questions on one article are no independent sample of texts, whichever of its
#: paragraphs they are about.
_COLUMNS = {"id": "id", "question": "question", "context": "context", "answers": "answers", "passage": "title"}


@dataclass(frozen=True)
class SquadV2(Task):
    """Stanford Question Answering Dataset v2: 130,319 questions to train on, a third of them without an answer.

    Evaluated on 11,873 others by F1 of words, with exact match beside it. The authors' nested JSON files are read too.
    Questions on one Wikipedia article are one case; in rows without the article's title, those on one paragraph.
    """

    #: A question counts as unanswered when the score of no answer exceeds the best span's by more than this. `tuned`:
    #: by what is best for the questions of other articles.
    threshold: float | Literal["tuned"] = 0.0
    #: Whether only the questions with an answer are used, to train on and to evaluate on; all are then answered.
    answerable: bool = False

    kind = "span"
    hub = Hub("rajpurkar/squad_v2", "squad_v2", "3ffb306f725f7d2ce8394bc1873b24868140c412")
    columns = _COLUMNS
    layouts = ({**_COLUMNS, "passage": "context"},)
    labels = ("answerable", "unanswerable")
    metric = "f1"
    licence = "CC BY-SA 4.0"
    cite = "rajpurkar2018know"
    recipe = {"epochs": 2, "batch_size": 12, "learning_rate": 3e-5, "max_length": 384}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold != "tuned" and math.isnan(self.threshold):
            raise UsageError(
                f"option threshold={self.threshold} is no number; use 0, a difference of two scores, or tuned"
            )
        if self.answerable and self.threshold != 0:
            raise UsageError(
                f"option threshold={self.threshold} has no use with answerable=true, where every question is answered; "
                "leave one of them out"
            )

    def originals(self, folder: Path, split: str) -> list[Path]:
        """Return the nested JSON file of a split. Raises DataError when it is there under both names."""
        names = [f"{split}.json", _OFFICIAL.get(split, f"{split}.json")]
        found = [folder / name for name in dict.fromkeys(names) if (folder / name).is_file()]
        if len(found) > 1:
            raise DataError(f"{folder}: both {found[0].name} and {found[1].name} hold the split '{split}'; keep one")
        return found

    def read(self, file: Path) -> dict[str, list[Any]]:
        """Return id, question, context and answers of every question of a nested JSON file, in its order.

        And its article's title, where all articles have one.
        """
        columns: dict[str, list[Any]] = {name: [] for name in ("id", "question", "context", "answers")}
        articles = json.loads(file.read_text(encoding="utf-8"))["data"]
        if all("title" in article for article in articles):
            columns["title"] = []
        for article in articles:
            for paragraph in article["paragraphs"]:
                for row in paragraph["qas"]:
                    columns["id"].append(row["id"])
                    columns["question"].append(row["question"])
                    columns["context"].append(paragraph["context"])
                    if "title" in columns:
                        columns["title"].append(article["title"])
                    columns["answers"].append(
                        {name: [answer[name] for answer in row["answers"]] for name in ("text", "answer_start")}
                    )
        return columns
