"""RTE: does one text entail the other? Pairs of the textual entailment challenges, as in GLUE."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Rte(Task):
    """Recognizing Textual Entailment, two classes: 2,490 pairs to train on, 277 to evaluate on.

    GLUE's test labels are not public; results are reported on its validation split. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = Hub("nyu-mll/glue", "rte", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
    columns = {"text": ("sentence1", "sentence2"), "label": "label"}
    labels = ("entailment", "not_entailment")
    licence = "none stated by the authors; research use"
    cite = "wang2019glue"
    recipe = {"epochs": 10, "batch_size": 32, "learning_rate": 2e-5, "schedule": "constant", "max_length": 256}
