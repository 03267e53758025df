"""ANLI: premises and hypotheses that people wrote until a model of the day was wrong, in three rounds."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Anli(Task):
    """Adversarial Natural Language Inference, three classes: 162,865 pairs to train on.

    Each round is a board of its own (1,000, 1,000 and 1,200 pairs), and harder than the one before. Most used as a
    further set of models trained on SNLI or MNLI: `also_evaluate = ["anli"]`.
    """

    kind = "classification"
    hub = Hub("facebook/anli", "plain_text")
    train_split = "train_r1+train_r2+train_r3"
    eval_splits = ("test_r1", "test_r2", "test_r3")
    columns = {"text": ("premise", "hypothesis"), "label": "label"}
    labels = ("entailment", "neutral", "contradiction")
    licence = "CC BY-NC 4.0"
    cite = "nie2020adversarial"
    recipe = {"epochs": 3, "batch_size": 32, "learning_rate": 2e-5, "max_length": 128}
