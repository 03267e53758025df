"""How many examples the data sets on the hub have, at the revisions used here: known before anything is downloaded."""

from __future__ import annotations

from typing import NamedTuple

from hbench.data.own.task import OwnTask
from hbench.plugins import Task


class TrainingSet(NamedTuple):
    """Rows of a training split, and the sequences that a model reads for each: one for every option of a question."""

    rows: int
    sequences: int = 1


#: By data set and configuration. SQuAD's longest passages make two windows, which is not counted.
_HUB = {
    ("nyu-mll/glue", "sst2"): TrainingSet(67_349),
    ("nyu-mll/glue", "cola"): TrainingSet(8_551),
    ("nyu-mll/glue", "mrpc"): TrainingSet(3_668),
    ("nyu-mll/glue", "rte"): TrainingSet(2_490),
    ("nyu-mll/glue", "qnli"): TrainingSet(104_743),
    ("nyu-mll/multi_nli", "default"): TrainingSet(392_702),
    ("stanfordnlp/snli", "plain_text"): TrainingSet(549_367),
    ("rajpurkar/squad_v2", "squad_v2"): TrainingSet(130_319),
    ("ehovy/race", "all"): TrainingSet(87_866, 4),
}


def training_set(task: Task, train_size: int | None) -> TrainingSet | None:
    """Return the training set of a task on the hub, `train_size` rows of it where that is given.

    A task made of a user's own rows knows them. None where the rows are not known; of a data set that is not listed,
    one sequence a row is taken.
    """
    if isinstance(task, OwnTask):
        rows = task.examples if train_size is None else min(train_size, task.examples)
        return TrainingSet(rows, task.sequences)
    known = None if task.hub is None or task.training() != "train" else _HUB.get((task.hub.id, task.hub.config or ""))
    if known is None:
        return None if train_size is None else TrainingSet(train_size)
    return known if train_size is None else known._replace(rows=min(train_size, known.rows))
