"""Runs of the tiny model that are stopped after any batch, and go on from a checkpoint on disk."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hbench import scorer
from hbench.data.load import describe_source
from hbench.errors import Interrupted
from hbench.jobs.checkpoints import JobCheckpoints
from hbench.jobs.observe import Observed
from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, find_kind, load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins.registry import TASKS
from hbench.training.checkpoint import Checkpoints
from hbench.training.curriculum import Curriculum
from hbench.training.flops import FlopCount
from hbench.training.interrupts import StopSignals
from hbench.training.loop import Run, Setting
from support.small_jobs import small_job

TASK = TASKS.find("planted-sentence[size=50]").plugin
KIND = find_kind("classification")
RECIPE = Recipe(epochs=3, batch_size=16, learning_rate=2e-3, precision="fp32")


@dataclass
class StopAfter(StopSignals):
    """Tells a run to stop when so many batches, of whatever stage, are done."""

    batches: int
    asked: int = 0
    postponed: bool = False

    @property
    def waiting(self) -> bool:
        self.asked += 1
        return self.asked == self.batches


@dataclass
class Heard:
    """What a job said."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Subject:
    """Makes equal runs: of a recipe, observed, and with a dynamic scorer or without."""

    encoded: Encoded
    config: Any
    observe: Observed | None = None
    method: str | None = None

    @classmethod
    def of(cls, observe: Observed | None = None, method: str | None = None) -> Subject:
        source = describe_source(TASK, None, "planted-sentence")
        examples = load_examples(TASK, "train", source=source, data_dir=None, size=None, seed=0)
        tokenizer = load_tokenizer(find_model("tiny"), KIND.texts(TASK, examples))
        config = load_config(find_model("tiny"), KIND.head(TASK), tokenizer)
        return cls(KIND.encode(TASK, examples, tokenizer, 32), config, observe, method)

    def run(self, recipe: Recipe = RECIPE) -> Run:
        setting = Setting(
            model=load_model(find_model("tiny"), KIND.head(TASK), self.config, 3),
            kind=KIND,
            flops=FlopCount(1, 1, 1, 0),
            width=2,
            predict_width=2,
            recipe=recipe,
            seed=3,
            cls_token=0,
        )
        curriculum = None
        if self.method is not None:
            curriculum = Curriculum(
                scorer(self.method),
                KIND,
                self.encoded,
                width=2,
                count=32,
                epochs=recipe.epochs,
                batch_size=recipe.batch_size,
                max_steps=recipe.max_steps,
                seed=3,
                selection_seed=0,
            )
        return Run(setting, self.encoded, np.arange(len(self.encoded.ids)), self.observe, curriculum)


def checkpoints(folder: Path, signals: StopSignals, heard: Heard | None = None, **settings: Any) -> Checkpoints:
    """Return the checkpoints of a job, in a store at this folder."""
    heard = Heard() if heard is None else heard
    kept = JobCheckpoints(folder, small_job(1))
    return Checkpoints(
        kept, settings.pop("seconds", 0.0), signals, heard.notes.append, heard.warnings.append, **settings
    )


def finish(run: Run, kept: Checkpoints, step: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Any]:
    """Train and evaluate a run, from its checkpoint if there is one; return everything that it gives."""
    with kept.following(run):
        run.train(step)
        given: dict[str, Any] = {
            "first": run.predict(run.encoded, "first"),
            "second": run.predict(run.encoded, "second"),
        }
    given |= {f"parameter {name}": tensor.detach().numpy() for name, tensor in run.setting.model.named_parameters()}
    for index, state in run.optimizer.state_dict()["state"].items():
        given |= {f"optimizer {index} {name}": tensor.numpy() for name, tensor in state.items()}
    for capture, observer in run.observers.items():
        dataset = observer.dataset(KIND, run.encoded, 3)
        given |= {f"{capture} {name}": dataset[name].to_numpy() for name in dataset.data_vars}
    if run.curriculum is not None:
        for number, (epoch, choice) in enumerate(run.curriculum.chosen):
            weights = np.zeros(0) if choice.weights is None else choice.weights
            given |= {f"choice {number}": choice.members, f"epoch {number}": epoch, f"weights {number}": weights}
        history = run.curriculum.history()
        given |= {f"history {name}": history[name].to_numpy() for name in history.data_vars}
    return given | {
        "bill": run.bill,
        "log": run.log,
        "rate": run.scheduler.get_last_lr(),
        "torch": torch.get_rng_state().numpy(),
    }


def stop_after(
    subject: Subject,
    folder: Path,
    batches: int,
    heard: Heard | None = None,
    step: Callable[[int], None] = lambda done: None,
) -> bool:
    """Go on until so many batches are done and a checkpoint is written; return False when there are not so many."""
    try:
        finish(subject.run(), checkpoints(folder, StopAfter(batches), heard), lambda done, total: step(done))
    except Interrupted:
        # the next process has random states of its own
        torch.manual_seed(99)
        np.random.seed(99)
        random.seed(99)
        return True
    return False


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Return the names of what is not equal bit for bit, not-a-numbers included."""
    return [
        name
        for name in sorted(ours.keys() | theirs.keys())
        if name not in ours or name not in theirs or not _equal(ours[name], theirs[name])
    ]


def _equal(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, np.ndarray):
        return ours.dtype == theirs.dtype and ours.shape == theirs.shape and ours.tobytes() == theirs.tobytes()
    return bool(ours == theirs)
