"""Trainings by transformers' Trainer and by a plain loop that are hbench's own: same weights, order and dropout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments, get_scheduler

from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.models.load import load_model
from hbench.training.batches import training_order
from hbench.training.flops import FlopCount
from hbench.training.loop import Run, Setting
from support.embedded_training import find_parts

SIZE, BATCH, EPOCHS = 50, 8, 2
RECIPE = Recipe(epochs=EPOCHS, batch_size=BATCH, learning_rate=2e-3, precision="fp32")
EVERYTHING = {"train": Watch(), "epoch_end": Watch((1, 2), ("all", "head", "last"), ("cls", "mean"))}
#: Scorers that together need all of these.
SCORERS = ["el2n", "grand", "grand[scope=head]", "grand[scope=last]", "loss[capture=epoch_end]"]
SCORERS += ["prototypes", "prototypes[pooling=cls]"]
PARTS = find_parts(f"planted-sentence[size={SIZE}]", max_length=32)


class Items(torch.utils.data.Dataset):
    """The encoded examples, as a data set for anyone's loop."""

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, position: int) -> dict[str, Any]:
        return {**PARTS.encoded.sequences[position], "label": int(PARTS.encoded.label[position])}


def seed_with_the_small_batch_last() -> int:
    """Return a seed whose epochs all end with the batch of two examples, where accumulating gradients allows it."""
    for seed in range(10_000):
        if all(len(order(seed, epoch)[-1]) == SIZE % BATCH for epoch in range(1, EPOCHS + 1)):
            return seed
    raise AssertionError("no such seed")


def order(seed: int, epoch: int, size: int = BATCH) -> list[list[int]]:
    """Return the batches of one of hbench's epochs, each cut into parts of at most `size`."""
    whole = training_order(
        PARTS.encoded.length,
        np.arange(SIZE),
        batch_size=BATCH,
        bucket_batches=RECIPE.bucket_batches,
        seed=seed,
        epoch=epoch,
    )
    return [batch[i : i + size].tolist() for batch in whole for i in range(0, len(batch), size)]


class Order:
    """A batch sampler that gives hbench's batches, another epoch whenever it is asked."""

    def __init__(self, seed: int, size: int = BATCH) -> None:
        self.seed, self.batch_size, self.epoch, self.drop_last = seed, size, 0, False

    def __len__(self) -> int:
        return len(order(self.seed, 1, self.batch_size))

    def __iter__(self) -> Iterator[list[int]]:
        self.epoch += 1
        yield from order(self.seed, self.epoch, self.batch_size)


def fresh_model(seed: int, dropout: bool) -> nn.Module:
    """Return the model of a run before it is trained; with dropout, every step of every training draws the same."""
    model = load_model(PARTS.model, PARTS.head, PARTS.config, seed)
    steps = iter(range(1_000_000))

    def draw(module: nn.Module, *_: Any) -> None:
        if module.training:
            torch.manual_seed(next(steps))

    for module in model.modules():
        if isinstance(module, nn.Dropout) and not dropout:
            module.p = 0.0
    model.register_forward_pre_hook(draw)
    return model


def collator() -> DataCollatorWithPadding:
    return DataCollatorWithPadding(PARTS.tokenizer)


def own(monkeypatch: pytest.MonkeyPatch, seed: int, dropout: bool) -> Run:
    """Return hbench's own run, all that it can observe observed, which draws dropout as everyone's loop does.

    Else it draws fewer numbers: 16 bits for an element, and none for what the last layer does not compute.
    """
    monkeypatch.setattr("hbench.training.loop.CheapDropout", nullcontext)
    monkeypatch.setattr("hbench.training.loop.FirstToken", WholeModel)
    setting = Setting(
        model=fresh_model(seed, dropout),
        kind=PARTS.kind,
        flops=FlopCount(1, 1, 1, 0),
        width=2,
        predict_width=2,
        recipe=RECIPE,
        seed=seed,
        cls_token=PARTS.tokenizer.cls_token_id,
    )
    run = Run(setting, PARTS.encoded, np.arange(SIZE), EVERYTHING)
    run.train(lambda done, total: None)
    return run


class WholeModel:
    """Stands in for what lets the last layer compute the first token alone: everything is computed."""

    def __init__(self, model: nn.Module) -> None:
        self.everything = nullcontext


class OrderedTrainer(Trainer):
    """A Trainer that goes through the examples in hbench's order."""

    def get_train_dataloader(self) -> Any:
        sampler = Order(self.args.seed, self.args.per_device_train_batch_size)
        loader = torch.utils.data.DataLoader(
            self.train_dataset,
            batch_sampler=sampler,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
        )
        return self.accelerator.prepare(loader)


def arguments(folder: Path, seed: int, **changed: Any) -> TrainingArguments:
    settings = {
        "num_train_epochs": EPOCHS,
        "per_device_train_batch_size": BATCH,
        "learning_rate": RECIPE.learning_rate,
        "optim": "adamw_torch_fused",
        "seed": seed,
        "report_to": [],
        "use_cpu": True,
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_strategy": "no",
        **changed,
    }
    return TrainingArguments(str(folder), **settings)


def trained(
    folder: Path,
    callbacks: Sequence[Any],
    seed: int,
    dropout: bool = True,
    kind: type[Trainer] = OrderedTrainer,
    **more: Any,
) -> nn.Module:
    """Return the model that a Trainer has trained on the examples."""
    trainer = kind(
        fresh_model(seed, dropout),
        arguments(folder, seed, **more),
        train_dataset=Items(),
        data_collator=collator(),
        processing_class=PARTS.tokenizer,
        callbacks=list(callbacks),
    )
    # the loss of a batch is a mean here, which the library takes for a sum over all batches of a step
    trainer.loss_is_scaled_for_ga = False
    trainer.train()
    return trainer.model


def loop(
    model: nn.Module,
    batches: Any,
    accumulate: int = 1,
    ask: Callable[[nn.Module, Any], torch.Tensor] = lambda model, batch: model(**batch).loss,
) -> None:
    """Train as hbench does, in the plainest loop; `ask` gives the loss of a batch."""
    steps = EPOCHS * -(-len(batches) // accumulate)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RECIPE.learning_rate, weight_decay=0.0, fused=True)
    scheduler = get_scheduler("linear", optimizer, num_warmup_steps=0, num_training_steps=steps)
    model.train()
    for _ in range(EPOCHS):
        waiting: list[int] = []
        for number, batch in enumerate(batches, start=1):
            group = min(accumulate, len(batches) - (number - 1) // accumulate * accumulate)
            (ask(model, batch) / group).backward()
            waiting.append(number)
            if len(waiting) == group:
                torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE.max_grad_norm)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
                waiting.clear()
