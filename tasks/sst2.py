"""SST-2: the sentiment of phrases from film reviews."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task


@dataclass(frozen=True)
class Sst2(Task):
    """Stanford Sentiment Treebank, two classes, as in GLUE: 67,349 phrases to train on, 872 sentences to evaluate on.

    GLUE's test labels are not public; results are reported on its validation split.
    """

    kind = "classification"
    hub = Hub("nyu-mll/glue", "sst2", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
    columns = {"text": "sentence", "label": "label"}
    labels = ("negative", "positive")
    licence = "none stated by the authors; research use"
    cite = "socher2013recursive"
    recipe = {"epochs": 3, "batch_size": 32, "learning_rate": 2e-5, "max_length": 128}
