"""MRPC: do two sentences of news say the same?"""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Task
from hbench_tasks._glue import LICENCE, RECIPE, glue


@dataclass(frozen=True)
class Mrpc(Task):
    """Microsoft Research Paraphrase Corpus, two classes: 3,668 pairs to train on, 408 to evaluate on by F1.

    Evaluated on the validation split, as customary for GLUE. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = glue("mrpc")
    columns = {"text": ("sentence1", "sentence2"), "label": "label"}
    labels = ("not_equivalent", "equivalent")
    metric = "f1"
    licence = LICENCE
    cite = "dolan2005automatically"
    recipe = RECIPE
