"""Training the tiny model on an embedded task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, Head, Kind, find_kind, load_examples
from hbench.models.catalogue import Model, find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins import Task
from hbench.plugins.registry import TASKS
from hbench.training.flops import FlopCount
from hbench.training.loop import Run, Setting


class Trained(NamedTuple):
    """A finished run that was observed while it trained, and what it was trained and can be asked on."""

    run: Run
    task: Task
    kind: Kind
    train: Examples
    encoded: Encoded
    evaluation: Examples
    asked: Encoded


class Parts(NamedTuple):
    """What a training of the tiny model on an embedded task is made of."""

    task: Task
    kind: Kind
    model: Model
    head: Head
    config: Any
    tokenizer: Any
    encoded: Encoded


def find_parts(reference: str, max_length: int) -> Parts:
    """Return the parts of a training on all examples of an embedded task."""
    task, model = TASKS.find(reference), find_model("tiny")
    kind = find_kind(task.plugin.kind)
    source = describe_source(task.plugin, None, task.name)
    train = load_examples(task, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer, head = load_tokenizer(model, kind.texts(task.plugin, train)), kind.head(task.plugin)
    config = load_config(model, head, tokenizer)
    encoded = kind.encode(task.plugin, train, tokenizer, max_length)
    return Parts(task.plugin, kind, model, head, config, tokenizer, encoded)


def train_embedded(
    reference: str,
    told: Callable[[int, int], None] = lambda done, total: None,
    device: str = "cpu",
    **recipe: Any,
) -> Trained:
    """Train on an embedded task by its own recipe with these changes; no text may be too long for it.

    In fp32, which every machine has. told: hears of every step.
    """
    task, model = TASKS.find(reference), find_model("tiny")
    kind = find_kind(task.plugin.kind)
    source = describe_source(task.plugin, None, task.name)
    train, evaluation = (
        load_examples(task, split, source=source, data_dir=None, size=None, seed=0) for split in ("train", "validation")
    )
    wanted = Recipe().updated({**task.plugin.recipe, "precision": "fp32", **recipe}, reference)
    tokenizer, head = load_tokenizer(model, kind.texts(task.plugin, train)), kind.head(task.plugin)
    config = load_config(model, head, tokenizer)
    encoded, asked = (kind.encode(task.plugin, e, tokenizer, wanted.max_length) for e in (train, evaluation))
    # Nothing is cut, nor parted.
    assert max(encoded.sequences.lengths.max(), asked.sequences.lengths.max()) < wanted.max_length
    setting = Setting(
        model=load_model(model, head, config, seed=1),
        kind=kind,
        flops=FlopCount(1, 1, 1, 0),
        width=kind.width(task.plugin),
        predict_width=kind.predict_width(task.plugin, asked),
        recipe=wanted,
        seed=1,
        device=device,
    )
    run = Run(setting, encoded, np.arange(train.size), {"train": Watch()})
    run.train(told)
    return Trained(run, task.plugin, kind, train, encoded, evaluation, asked)
