"""MRPC: do two sentences of news say the same?"""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Mrpc(Task):
    """Microsoft Research Paraphrase Corpus, two classes: 3,668 pairs to train on, 408 to evaluate on by F1.

    Evaluated on the validation split, as customary for GLUE. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = Hub("nyu-mll/glue", "mrpc", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
    columns = {"text": ("sentence1", "sentence2"), "label": "label"}
    labels = ("not_equivalent", "equivalent")
    metric = "f1"
    licence = "none stated by the authors; research use"
    cite = "dolan2005automatically"
    recipe = {"epochs": 10, "batch_size": 32, "learning_rate": 2e-5, "schedule": "constant", "max_length": 256}
