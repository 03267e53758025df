"""RTE: does one text entail the other? Pairs of the textual entailment challenges, as in GLUE."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Task
from hbench_tasks._glue import LICENCE, RECIPE, glue


@dataclass(frozen=True)
class Rte(Task):
    """Recognizing Textual Entailment, two classes: 2,490 pairs to train on, 277 to evaluate on.

    GLUE's test labels are not public; results are reported on its validation split. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = glue("rte")
    columns = {"text": ("sentence1", "sentence2"), "label": "label"}
    labels = ("entailment", "not_entailment")
    licence = LICENCE
    cite = "wang2019glue"
    recipe = RECIPE
