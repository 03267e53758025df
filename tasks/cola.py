"""CoLA: is a sentence good English?"""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Cola(Task):
    """Corpus of Linguistic Acceptability, two classes: 8,551 sentences to train on, 1,043 to evaluate on.

    Evaluated by Matthews' correlation on the validation split, as customary for GLUE. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = Hub("nyu-mll/glue", "cola", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
    columns = {"text": "sentence", "label": "label"}
    labels = ("unacceptable", "acceptable")
    metric = "matthews"
    licence = "none stated by the authors; research use"
    cite = "warstadt2019neural"
    recipe = {"epochs": 10, "batch_size": 32, "learning_rate": 2e-5, "schedule": "constant", "max_length": 256}
