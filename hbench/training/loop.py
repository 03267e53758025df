"""The fine-tuning loop: train, observe, evaluate. One machine gives the same bits for the same job twice."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from transformers import get_scheduler

from hbench.cost.bill import Bill, Used
from hbench.errors import TrainingFailed
from hbench.models.first_token import FirstToken
from hbench.training.batches import Collator, iterate, reading_order, training_order
from hbench.training.curriculum import Curriculum, weights_of
from hbench.training.device import prepare_machine, resolve_precision
from hbench.training.dropout import CheapDropout
from hbench.training.embeddings import LastHiddenState, pool
from hbench.training.flops import GRADIENT_FACTOR, TRAIN_FACTOR, FlopCount
from hbench.training.observers import Observer, observers
from hbench.training.position import CHOICE, GRADIENTS, SIGNALS, STEPS, Position
from hbench.training.randomness import random_states, set_random_states

if TYPE_CHECKING:
    from hbench.jobs.observe import Observed
    from hbench.jobs.recipe import Recipe
    from hbench.kinds import Batch, Encoded, Kind

Indices = npt.NDArray[np.int64]
OnStep = Callable[[int, int], None]


@dataclass
class Setting:
    """What the loop works on: a loaded model, the examples it trains on, and how."""

    model: torch.nn.Module
    kind: Kind
    flops: FlopCount
    #: Numbers that `Kind.observe` keeps per example, and the most that `Kind.predict` does.
    width: int
    predict_width: int
    recipe: Recipe
    seed: int
    device: str = "cpu"
    #: Id of the token that stands for a whole sequence, None where the tokenizer has none.
    cls_token: int | None = None


class Run:
    """One fine-tuning run in progress."""

    def __init__(
        self,
        setting: Setting,
        encoded: Encoded,
        members: Indices,
        observe: Observed | None,
        curriculum: Curriculum | None = None,
    ) -> None:
        recipe = setting.recipe
        precision = resolve_precision(recipe, setting.device)
        prepare_machine(recipe.threads, setting.device, precision)
        AcceleratorState._reset_state(reset_partial_state=True)
        self.accelerator = Accelerator(
            cpu=setting.device == "cpu", mixed_precision="bf16" if precision == "bf16" else "no"
        )
        self.precision = precision
        self.setting, self.encoded, self.members = setting, encoded, members
        per_epoch = math.ceil(len(members) / recipe.batch_size)
        planned = per_epoch * recipe.epochs if curriculum is None else curriculum.steps
        self.steps = recipe.max_steps if recipe.max_steps is not None else planned
        self.curriculum = curriculum
        self.weights: torch.Tensor | None = None
        self.collate = Collator(encoded, self.accelerator.device)
        self.observers = observers(observe, math.ceil(self.steps / per_epoch), len(encoded.ids), setting.width)
        watchers = [*self.observers.values(), None if curriculum is None else curriculum.passing()]
        embedded = any(watcher is not None and watcher.embeddings for watcher in watchers)
        self.hidden = LastHiddenState(setting.model) if embedded else None
        self.first_token = FirstToken(setting.model)
        #: What was used, and the seconds that it took, by what they were spent on.
        self.bill = Bill()
        self.seconds: dict[str, float] = {}
        self.log: list[str] = []
        #: How far it is; with `snapshot`, all that a checkpoint holds.
        self.at = Position()
        self.started = time.perf_counter()
        #: What is predicted of each split, as `predict` returns it, in part while it predicts.
        self.predicted: dict[str, npt.NDArray[np.float32]] = {}
        #: The training's own random states while a pass draws other numbers.
        self.suspended: dict[str, Any] | None = None
        #: Called when a batch of whatever stage is done, where a checkpoint may be written.
        self.after_batch: Callable[[], None] | None = None
        model = torch.compile(setting.model) if recipe.compile else setting.model
        optimizer = _optimizer(setting)
        self.scheduler = get_scheduler(
            "constant_with_warmup" if recipe.schedule == "constant" else recipe.schedule,
            optimizer,
            num_warmup_steps=round(recipe.warmup * self.steps),
            num_training_steps=self.steps,
        )
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)

    def train(self, progress: OnStep) -> None:
        """Train to the end of the budget, observing on the way. Raises TrainingFailed when the loss diverges.

        A run that was restored from a checkpoint goes on where that was written.
        """
        at = self.at
        if at.fresh:
            torch.manual_seed(self.setting.seed)
            at.lap()
        while at.step < self.steps or at.stage in (STEPS, SIGNALS, GRADIENTS):
            if at.stage == CHOICE:
                if self.curriculum is not None and self.curriculum.due(at.epoch):
                    self._choose(self.curriculum)
                at.epoch += 1
                at.enter(STEPS)
            if at.stage == STEPS:
                self._train_epoch(progress)
                at.enter(SIGNALS)
            watcher = self.observers.get("epoch_end")
            if watcher is not None and watcher.wants(at.epoch):
                self._observe_after(watcher, self.members)
            at.enter(CHOICE)

    def predict(self, encoded: Encoded, split: str | None = None) -> npt.NDArray[np.float32]:
        """Return what `Kind.predict` keeps of every example, float32 (n, predict_width), -1 for the rest.

        split: its name, under which checkpoints keep what is predicted, and this run what it has predicted.
        """
        stage = f"predict {split}"
        kept = None if split is None else self.predicted.get(split)
        if kept is None:
            kept = np.full((len(encoded.ids), self.setting.predict_width), -1, dtype=np.float32)
            self.at.enter(stage)
        elif self.at.stage != stage:
            return kept
        if split is not None:
            self.predicted[split] = kept
        collate = Collator(encoded, self.accelerator.device)
        everyone = np.arange(len(encoded.ids))
        self.model.eval()
        with torch.inference_mode():
            for members, batch in self._remaining(self._reading(encoded.length, everyone), collate):
                found = self.setting.kind.predict(self._logits(batch), batch).cpu().numpy()
                kept[members, : found.shape[1]] = found
        if not np.isfinite(kept).all():
            raise TrainingFailed("the trained model gives numbers that are not finite; lower the learning rate")
        return kept

    def _remaining(self, batches: list[Indices], collate: Collator) -> Iterator[tuple[Indices, Batch]]:
        """Yield the batches of the present stage that are not done yet; each is done when the next is asked for."""
        for members, batch in iterate(batches[self.at.batch :], collate):
            yield members, batch
            self.at.batch += 1
            if self.after_batch is not None:
                self.after_batch()

    def _train_epoch(self, progress: OnStep) -> None:
        setting, recipe, kind, at = self.setting, self.setting.recipe, self.setting.kind, self.at
        own = None if self.curriculum is None else self.curriculum.watching()
        watching = [w for w in (self.observers.get("train"), own) if w is not None and w.wants(at.epoch)]
        batches = training_order(
            self.encoded.length,
            self.members,
            batch_size=recipe.batch_size,
            bucket_batches=recipe.bucket_batches,
            seed=setting.seed,
            epoch=at.epoch,
        )[: self.steps - at.step + at.batch]
        total = torch.zeros((), device=self.accelerator.device) if at.loss is None else at.loss
        at.loss = total
        self.model.train()
        for members, batch in self._remaining(batches, self.collate):
            logits = self._logits(batch)
            losses = kind.losses(logits, batch)
            if self.weights is not None:
                losses = losses * self.weights[self.collate.tensor(members)]
            loss = losses.mean()
            self.accelerator.backward(loss)
            if recipe.max_grad_norm > 0:
                self.accelerator.clip_grad_norm_(self.model.parameters(), recipe.max_grad_norm)
            self.optimizer.step()
            self.scheduler.step()
            self.optimizer.zero_grad(set_to_none=True)
            total += loss.detach()
            if watching:
                values = kind.observe(logits.detach(), batch)
                for watcher in watching:
                    watcher.keep(members, values)
            at.used += self._used(members, batch, TRAIN_FACTOR)
            at.step += 1
            progress(at.step, self.steps)
        mean = float(total) / len(batches)
        if not math.isfinite(mean):
            raise TrainingFailed(f"the loss is not a finite number in epoch {at.epoch}; lower the learning rate")
        for watcher in watching:
            watcher.finish(at.epoch)
        if own is not None and self.curriculum is not None:
            self.curriculum.seen(at.epoch)
        self.bill = self.bill.with_epoch(at.used)
        self._time("training")
        self.log.append(f"epoch {at.epoch}: mean loss {mean:.6f}, {at.used.examples} examples, {len(batches)} steps")

    def _choose(self, curriculum: Curriculum) -> None:
        """Let the curriculum choose what the next epochs train on, after the pass it asks for."""
        watcher = curriculum.passing()
        if watcher is not None:
            everyone = np.arange(len(self.encoded.ids))
            if curriculum.scorer.dropout:
                with self._drawing_from(curriculum.draw):
                    self._observe_after(watcher, everyone, dropout=True)
            else:
                self._observe_after(watcher, everyone)
            curriculum.seen(self.at.epoch)
        choice = curriculum.choose(self.at.epoch)
        self.members = np.flatnonzero(choice.members)
        self.weights = weights_of(choice, self.accelerator.device)
        self._time("choosing")

    @contextmanager
    def _drawing_from(self, seed: int) -> Iterator[None]:
        """Let the block draw its own random numbers; the training's go on afterwards as if there had been none."""
        device = self.accelerator.device
        if self.suspended is None:  # otherwise a checkpoint was written inside the block, whose numbers go on
            self.suspended = random_states(device)
            torch.manual_seed(seed)
        yield
        set_random_states(self.suspended, device)
        self.suspended = None

    def _observe_after(self, watcher: Observer, members: Indices, *, dropout: bool = False) -> None:
        """Pass over training examples with fixed weights, in eval mode unless dropout is wanted.

        In eval mode no random number is used.
        """
        at = self.at
        batches = self._reading(self.encoded.length, members)
        self.model.train(dropout)
        if at.stage != GRADIENTS:
            with torch.inference_mode():
                for some, batch in self._remaining(batches, self.collate):
                    self._observe_batch(watcher, some, batch)
                    at.used += self._used(some, batch, 1)
            self.bill = self.bill.with_pass(at.epoch, "signals", at.used)
        if watcher.gradients:
            self._observe_gradients(watcher, members)
        watcher.finish(at.epoch)
        self._time("observing")

    def _observe_batch(self, watcher: Observer, members: Indices, batch: Batch) -> None:
        if self.hidden is None or not watcher.embeddings:
            watcher.keep(members, self.setting.kind.observe(self._logits(batch), batch))
            return
        with self.hidden.watching(), self.first_token.everything():
            watcher.keep(members, self.setting.kind.observe(self._logits(batch), batch))
            for pooling in watcher.embeddings:
                vectors = pool(self.hidden.latest(), batch, pooling, self.setting.cls_token)
                watcher.keep_embedding(members, pooling, vectors)

    def _observe_gradients(self, watcher: Observer, members: Indices) -> None:
        """Take gradient norms in batches of the size of a training step, so that they need no more memory than that."""
        from hbench.training.gradients.norms import GradientNorms

        at = self.at
        if at.stage != GRADIENTS:
            at.enter(GRADIENTS)
        batches = reading_order(self.encoded.length, members, self.setting.recipe.batch_size)
        with GradientNorms(self.setting.model, watcher.gradients) as norms:
            for some, batch in self._remaining(batches, self.collate):
                with self.accelerator.autocast():
                    found = norms(batch.inputs, partial(self._losses, batch), batch.owner)
                watcher.keep_norms(some, found)
                at.used += self._used(some, batch, GRADIENT_FACTOR)
        self.bill = self.bill.with_pass(at.epoch, "gradients", at.used)

    def _losses(self, batch: Batch, output: Any) -> torch.Tensor:
        kind = self.setting.kind
        return kind.losses(kind.logits(output, batch), batch)

    def _logits(self, batch: Batch) -> torch.Tensor:
        # compiled code is not watched while it runs, and GPUs draw numbers fast
        cheap = self.model.training and self.accelerator.device.type == "cpu" and not self.setting.recipe.compile
        with CheapDropout() if cheap else nullcontext():
            return self.setting.kind.logits(self.model(**batch.inputs), batch)

    def _reading(self, lengths: Indices, members: Indices) -> list[Indices]:
        return reading_order(lengths, members, 2 * self.setting.recipe.batch_size)

    def _used(self, members: Indices, batch: Batch, factor: int) -> Used:
        """Return what a batch uses; `factor`: its operations in forward passes."""
        sequences, length = batch.inputs["input_ids"].shape
        return Used(
            examples=len(members),
            tokens=int(self.encoded.length[members].sum()),
            flops=factor * self.setting.flops.forward(sequences, length),
        )

    def _time(self, what: str) -> None:
        """Count the time since this was last called as spent on something."""
        self.seconds[what] = self.seconds.get(what, 0.0) + self.at.lap()


def _optimizer(setting: Setting) -> torch.optim.Optimizer:
    recipe = setting.recipe
    return torch.optim.AdamW(
        setting.model.parameters(),
        lr=recipe.learning_rate,
        betas=(recipe.adam_beta1, recipe.adam_beta2),
        eps=recipe.adam_epsilon,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
