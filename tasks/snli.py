"""SNLI: does a premise entail, contradict or leave open a hypothesis? Premises are captions of photographs."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Snli(Task):
    """Stanford Natural Language Inference, three classes: 549,367 pairs to train on, 9,824 to evaluate on.

    Rows on which the annotators did not agree have the label -1 and are left out.
    """

    kind = "classification"
    hub = Hub("stanfordnlp/snli", "plain_text", "cdb5c3d5eed6ead6e5a341c8e56e669bb666725b")
    eval_splits = ("test",)
    columns = {"text": ("premise", "hypothesis"), "label": "label"}
    labels = ("entailment", "neutral", "contradiction")
    licence = "CC BY-SA 4.0"
    cite = "bowman2015large"
    recipe = {"epochs": 3, "batch_size": 32, "learning_rate": 2e-5, "max_length": 128}
