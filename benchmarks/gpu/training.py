"""Part two: training rate, beside transformers' Trainer as it comes and at its best, on the same texts and weights."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import transformers

from benchmarks.gpu.figures import Figures, start
from benchmarks.gpu.models import folder_of
from hbench.data.load import describe_source
from hbench.execute.base import run_job
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, TaskRef
from hbench.jobs.store import Store
from hbench.models.catalogue import find_model
from hbench.plugins.registry import TASKS, load_plugin_file

BATCH = 32
#: Name -> settings of the recipe.
HBENCH: dict[str, dict[str, Any]] = {
    "hbench": {},
    "hbench tf32": {"precision": "tf32"},
    "hbench fp32": {"precision": "fp32"},
    "hbench compile": {"compile": True},
    "hbench, other bits each time": {},
}
#: Threads of this process before a job of hbench pins them.
THREADS = torch.get_num_threads()
#: Name -> settings of the Trainer.
TRAINER: dict[str, dict[str, Any]] = {
    "Trainer best": {"bf16": True, "train_sampling_strategy": "group_by_length"},
    "Trainer default": {},
    "Trainer best, compiled": {"bf16": True, "train_sampling_strategy": "group_by_length", "torch_compile": True},
}


class Clock:
    """Examples a second between the end of the warm-up and the last step of a training."""

    def __init__(self, steps: int, warm_up: int, device: str) -> None:
        self.steps, self.warm_up, self.device = steps, warm_up, device
        self.began = self.ended = 0.0

    def step(self, done: int) -> None:
        """Hear of the end of a step, counted from 1; the GPU is waited for twice, nowhere else."""
        if done in (self.warm_up, self.steps):
            if self.device == "cuda":
                torch.cuda.synchronize()
            now = time.perf_counter()
            self.began, self.ended = (now, 0.0) if done == self.warm_up else (self.began, now)

    @property
    def rate(self) -> float:
        """Examples a second."""
        return (self.steps - self.warm_up) * BATCH / (self.ended - self.began)


class Bench:
    """One model and one set of texts, trained by either side."""

    def __init__(self, model: str, settings: dict[str, Any], steps: int, warm_up: int) -> None:
        self.model, self.device, self.steps, self.warm_up = model, settings["device"], steps, warm_up
        self.task = TASKS.find(f"words[size={steps * BATCH}]")
        self.rounds = 0

    def hbench(self, recipe: dict[str, Any]) -> float:
        """Train as a full-data run of a suite does, all examples observed."""
        self.rounds += 1
        clock = Clock(self.steps, self.warm_up, self.device)
        found = find_model(self.model)
        ref = ModelRef("folder", found.source(), self.model) if found.folder else ModelRef(found.ref, found.source())
        plugin = self.task.plugin
        task = TaskRef(self.task.ref, plugin.declaration(), describe_source(plugin, None, self.task.name))
        full = Recipe().updated({**plugin.recipe, **recipe}, "recipe")
        job = FineTune(task, ref, full, self.rounds, {"train": Watch()})
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder))
            store.prepare()
            reason = run_job(job, store, self.device, lambda done, total: clock.step(done))
        if reason is not None:
            raise RuntimeError(reason)
        return clock.rate

    def free(self, recipe: dict[str, Any]) -> float:
        """Train as hbench does, without asking torch for deterministic algorithms: what they cost is the difference."""
        torch.use_deterministic_algorithms(False)
        with mock.patch("torch.use_deterministic_algorithms"):
            return self.hbench(recipe)

    def trainer(self, given: dict[str, Any]) -> float:
        """Train with transformers' Trainer."""
        # what hbench pins for the whole process, the Trainer does not have to bear
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(THREADS)
        clock = Clock(self.steps, self.warm_up, self.device)
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.model)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(self.model, num_labels=3)
        rows = self.task.plugin.rows("train")
        assert rows is not None
        encoded = tokenizer(rows["first"], rows["second"], truncation=True, max_length=128)
        examples = [
            {**{name: values[i] for name, values in encoded.items()}, "labels": label}
            for i, label in enumerate(rows["label"])
        ]

        class Told(transformers.TrainerCallback):
            def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
                clock.step(state.global_step)

        with tempfile.TemporaryDirectory() as folder:
            arguments = transformers.TrainingArguments(
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=BATCH,
                learning_rate=2e-5,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                use_cpu=self.device == "cpu",
                **given,
            )
            collate = transformers.DataCollatorWithPadding(tokenizer)
            made = transformers.Trainer(model, arguments, collate, examples, callbacks=[Told()])
            made.train()
        return clock.rate


def main() -> None:
    """Measure every setting of both sides, first those that the comparison needs, and again while there is time."""
    settings, figures = start()
    load_plugin_file(Path(__file__).with_name("words.py"))
    transformers.logging.set_verbosity_error()
    rehearse = settings["rehearse"]
    steps, warm_up = (8, 2) if rehearse else (400, 60)
    sizes = ["tiny"] if rehearse else ["MiniLM-L6", "BERT-base"]
    benches = {size: Bench(str(folder_of(size, Path(settings["out"]))), settings, steps, warm_up) for size in sizes}
    if settings["model"]:
        given = find_model(settings["model"])
        benches = {settings["model"]: Bench(str(given.folder or given.hub), settings, steps, warm_up), **benches}
        benches.pop("MiniLM-L6", None)
    for once in chain([first_round], [later_round] * 20):
        for size, bench in benches.items():
            once(size, bench, figures, settings["device"])
        if rehearse:
            return


def first_round(size: str, bench: Bench, figures: Figures, device: str) -> None:
    """Measure what the comparison needs."""
    measure(size, bench, figures, ("hbench", "Trainer best", "Trainer default"))


def later_round(size: str, bench: Bench, figures: Figures, device: str) -> None:
    """Measure that again, and the other precisions and compiled models on a GPU."""
    others = tuple(name for name in (*HBENCH, *TRAINER) if name not in ("hbench", "Trainer best", "Trainer default"))
    more = others if device == "cuda" else ()
    measure(size, bench, figures, ("Trainer best", "hbench", *more))


def measure(size: str, bench: Bench, figures: Figures, names: tuple[str, ...]) -> None:
    """Measure the named settings on one model."""
    for name in names:
        way: Callable[[dict[str, Any]], float] = bench.hbench if name in HBENCH else bench.trainer
        if name.endswith("each time"):
            way = bench.free
        given = HBENCH[name] if name in HBENCH else TRAINER[name]
        setting = f"batches of {BATCH}, steps {bench.warm_up} to {bench.steps}, one epoch, {given}"
        figures.attempt(f"{size}: {name}", setting, lambda way=way, given=given: (way(given), "examples/s"))


if __name__ == "__main__":
    sys.exit(main())
