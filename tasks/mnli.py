"""MultiNLI: natural language inference over ten genres of written and spoken English."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Mnli(Task):
    """Multi-Genre Natural Language Inference, three classes: 392,702 pairs to train on.

    Evaluated on both validation splits, each a board of its own: matched (9,815 pairs from the genres trained on) and
    mismatched (9,832 pairs from other genres).
    """

    kind = "classification"
    hub = Hub("nyu-mll/multi_nli", "default", "da70db2af9d09693783c3320c4249840212ee221")
    eval_splits = ("validation_matched", "validation_mismatched")
    columns = {"text": ("premise", "hypothesis"), "label": "label"}
    labels = ("entailment", "neutral", "contradiction")
    licence = "OANC, and CC BY 3.0, CC BY-SA 3.0 and public-domain works in its fiction; see the paper"
    cite = "williams2018broad"
    recipe = {"epochs": 3, "batch_size": 32, "learning_rate": 2e-5, "max_length": 128}
