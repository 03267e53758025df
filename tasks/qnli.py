"""QNLI: does a sentence of Wikipedia answer a question? Made from SQuAD for GLUE."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Task
from hbench_tasks._glue import LICENCE, RECIPE, glue


@dataclass(frozen=True)
class Qnli(Task):
    """Question-answering NLI, two classes: 104,743 pairs to train on, 5,463 to evaluate on.

    Evaluated on the validation split, as customary for GLUE. Recipe: Attendu and Corbeil 2023.
    """

    kind = "classification"
    hub = glue("qnli")
    columns = {"text": ("question", "sentence"), "label": "label"}
    labels = ("entailment", "not_entailment")
    licence = LICENCE
    cite = "wang2019glue"
    recipe = RECIPE
