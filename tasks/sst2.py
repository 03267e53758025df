"""SST-2: the sentiment of phrases from film reviews."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Task
from hbench_tasks._glue import LICENCE, glue


@dataclass(frozen=True)
class Sst2(Task):
    """Stanford Sentiment Treebank, two classes, as in GLUE: 67,349 phrases to train on, 872 sentences to evaluate on.

    GLUE's test labels are not public; results are reported on its validation split.
    """

    kind = "classification"
    hub = glue("sst2")
    columns = {"text": "sentence", "label": "label"}
    labels = ("negative", "positive")
    licence = LICENCE
    cite = "socher2013recursive"
    recipe = {"epochs": 3, "batch_size": 32, "learning_rate": 2e-5, "max_length": 128}
