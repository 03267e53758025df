"""CoLA: is a sentence good English?"""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Task
from hbench_tasks._glue import LICENCE, RECIPE, glue


@dataclass(frozen=True)
class Cola(Task):
    """Corpus of Linguistic Acceptability, two classes: 8,551 sentences to train on, 1,043 to evaluate on.

    Evaluated by Matthews' correlation on the validation split, as customary for GLUE. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = glue("cola")
    columns = {"text": "sentence", "label": "label"}
    labels = ("unacceptable", "acceptable")
    metric = "matthews"
    licence = LICENCE
    cite = "warstadt2019neural"
    recipe = RECIPE
