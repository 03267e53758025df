"""One contestant of `bench_training.py`: loads a data set and a model, then trains as often as standard input asks.

    python -m benchmarks.training_contestant ARM TASK DATA THREADS

Reads lines {"steps", "seed"} and answers each with {"seconds", "cpu", "tokens", "examples", "loss"}: the time from
the first step to the last one, putting batches together included, loading and tokenising not.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
import transformers

from hbench.data.load import describe_source
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, TaskRef
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.models.rows import RowsInUse
from hbench.plugins.registry import TASKS
from hbench.training.device import resolve_precision
from hbench.training.job import Prepared, prepare
from hbench.training.loop import Run, Setting

Train = Callable[[int, int], dict[str, Any]]


def _job(task: str, data: Path, threads: int, rows: int | None) -> FineTune:
    named = TASKS.find(task)
    recipe = Recipe(**{**named.plugin.recipe, "threads": threads})
    source = describe_source(named.plugin, data, named.name)
    ref = TaskRef(task, {}, source, train_size=rows, eval_size=64, data_dir=str(data))
    return FineTune(ref, find_model("minilm-l6").reference, recipe, seed=1)


def _hbench(job: FineTune, shared: Prepared, *, whole_table: bool, recording: bool) -> Train:
    def train(steps: int, seed: int) -> dict[str, Any]:
        model = load_model(shared.model, shared.kind.head(shared.task), shared.config, seed)
        if not whole_table:
            RowsInUse(model, shared.rows)
        setting = Setting(
            model=model,
            kind=shared.kind,
            flops=shared.flops,
            width=shared.kind.width(shared.task),
            predict_width=1,
            recipe=replace(job.recipe, max_steps=steps),
            seed=seed,
        )
        observe = {"train": Watch()} if recording else None
        run = Run(setting, shared.encoded, np.arange(len(shared.encoded.ids)), observe)
        started, cpu = time.perf_counter(), time.process_time()
        run.train(lambda done, total: None)
        found = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
        used = run.bill.trained[0]
        return found | {
            "tokens": used.tokens,
            "examples": used.examples,
            "loss": float(run.log[0].split("mean loss ")[1].split(",")[0]),
            "parameters": sum(p.numel() for p in model.parameters()),
        }

    return train


class _Clock(transformers.TrainerCallback):
    """Notes the time of Trainer's steps, from the begin of the first to the end of the last."""

    def __init__(self) -> None:
        self.begun: tuple[float, float] | None = None
        self.ended = (0.0, 0.0)

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.begun = self.begun or (time.perf_counter(), time.process_time())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.ended = time.perf_counter(), time.process_time()


def _trainer(job: FineTune, shared: Prepared, *, best: bool, attention: str) -> Train:
    """Return Trainer's training on the same sequences; `best`: bf16 where the CPU has it, and grouping by length."""
    sequences, encoded = shared.encoded.sequences, shared.encoded
    rows = [sequences[i] for i in range(len(sequences))]
    for i, row in enumerate(rows):
        if encoded.gold:
            row |= {"start_positions": int(encoded.gold["start"][i]), "end_positions": int(encoded.gold["end"][i])}
        else:
            row |= {"labels": int(encoded.label[i])}
        row |= {"length": len(row["input_ids"])} if best else {}
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    tokenizer = load_tokenizer(shared.model, [])
    head = shared.kind.head(shared.task)
    precision = resolve_precision(job.recipe, "cpu")
    settings = {"train_sampling_strategy": "group_by_length", "bf16": precision == "bf16"} if best else {}

    def train(steps: int, seed: int) -> dict[str, Any]:
        torch.manual_seed(seed)
        config = load_config(shared.model, head, tokenizer)
        config._attn_implementation = attention
        model = load_model(shared.model, head, config, seed)
        seen = {"tokens": 0, "examples": 0}

        def count(_: Any, __: Any, inputs: dict[str, Any]) -> None:
            seen["tokens"] += int(inputs["attention_mask"].sum())
            seen["examples"] += len(inputs["attention_mask"])

        model.register_forward_pre_hook(count, with_kwargs=True)
        clock = _Clock()
        with tempfile.TemporaryDirectory() as folder:
            arguments = transformers.TrainingArguments(
                folder,
                per_device_train_batch_size=job.recipe.batch_size,
                learning_rate=job.recipe.learning_rate,
                max_steps=steps,
                seed=seed,
                use_cpu=True,
                report_to=[],
                save_strategy="no",
                disable_tqdm=True,
                **settings,
            )
            trainer = transformers.Trainer(
                model,
                arguments,
                train_dataset=datasets.Dataset.from_dict(columns),
                processing_class=tokenizer,
                callbacks=[clock],
            )
            loss = trainer.train().training_loss
        assert clock.begun is not None
        spent = [end - begin for begin, end in zip(clock.begun, clock.ended, strict=True)]
        parameters = sum(p.numel() for p in model.parameters())
        return {"seconds": spent[0], "cpu": spent[1], **seen, "loss": loss, "parameters": parameters}

    return train


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Load, then train whenever told to."""
    # Trainer prints its losses: what it prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    arm, task, data, threads = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    job = _job(task, data, threads, 4000 if "4000" in arm or "whole" in arm else None)
    shared = prepare(job)
    if arm.startswith("hbench"):
        train = _hbench(job, shared, whole_table="whole" in arm, recording="recording" in arm)
    else:
        train = _trainer(job, shared, best="best" in arm, attention="eager" if "eager" in arm else "sdpa")
    for line in sys.stdin:
        answer = train(**json.loads(line)) | {"peak_mib": _peak()}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
