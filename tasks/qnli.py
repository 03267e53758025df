"""QNLI: does a sentence of Wikipedia answer a question? Made from SQuAD for GLUE."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Qnli(Task):
    """Question-answering NLI, two classes: 104,743 pairs to train on, 5,463 to evaluate on.

    Evaluated on the validation split, as customary for GLUE. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = Hub("nyu-mll/glue", "qnli", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
    columns = {"text": ("question", "sentence"), "label": "label"}
    labels = ("entailment", "not_entailment")
    licence = "none stated by the authors; research use"
    cite = "wang2019glue"
    recipe = {"epochs": 10, "batch_size": 32, "learning_rate": 2e-5, "schedule": "constant", "max_length": 256}
