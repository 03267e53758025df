"""A training of the built-in model on some examples of a task, to see that it can be trained on and evaluated."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hbench.data.load import describe_source
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, TaskRef
from hbench.models.catalogue import find_model
from hbench.plugins.registry import KINDS

if TYPE_CHECKING:
    from hbench.plugins import Task
    from hbench.plugins.registry import Named

#: Examples that are trained on, and evaluated.
ROWS, EVALUATED = 200, 60
#: The model with random weights that needs no files.
_MODEL = "tiny"


@dataclass(frozen=True)
class Practice:
    """What a short training on a task came to."""

    label: npt.NDArray[np.int64]
    #: Tokens of each example.
    length: npt.NDArray[np.int64]
    #: Split -> name of a metric -> its value.
    metric: dict[str, dict[str, float]]


def practise(task: Named[Task], data_dir: Path | None = None) -> Practice:
    """Train on some examples of a task and evaluate.

    Raises what the data, the task or the training do: DataError, UsageError, TrainingFailed.
    """
    from hbench.training.job import fine_tune

    plugin, model = task.plugin, find_model(_MODEL)
    ref = TaskRef(
        ref=task.ref,
        declaration=KINDS.find(plugin.kind).plugin.declaration(plugin),
        source=describe_source(plugin, data_dir, task.name),
        train_size=ROWS,
        eval_size=EVALUATED,
        data_dir=None if data_dir is None else str(data_dir),
    )
    recipe = Recipe().updated(plugin.recipe, f"recipe of task '{task.ref}'")
    job = FineTune(ref, ModelRef(model.ref, model.source()), recipe, seed=1)
    with tempfile.TemporaryDirectory(prefix="hbench-check-") as name:
        folder = Path(name)
        fine_tune(job, folder, "cpu", lambda done, total: None)
        with np.load(folder / "examples.npz", allow_pickle=False) as examples:
            label, length = examples["label"], examples["length"]
        metric = json.loads((folder / "result.json").read_text(encoding="utf-8"))["metric"]
    return Practice(label, length, metric)
