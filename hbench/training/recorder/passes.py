"""The pass over all examples after an epoch, with fixed weights in eval mode, that some scorers need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from accelerate.utils import send_to_device
from torch import Tensor, nn

from hbench.errors import UsageError
from hbench.kinds import Batch
from hbench.kinds.classification import Classification
from hbench.training.embeddings import LastHiddenState, pool
from hbench.training.gradients.norms import GradientNorms
from hbench.training.observers import Observer
from hbench.training.randomness import random_states, set_random_states
from hbench.training.recorder.forward import device_of, logits_of, modes_kept
from hbench.training.recorder.positions import LABELS, Carry, Numbered
from hbench.training.recorder.recording import RecordedRun

#: From the model and a batch, on the model's device and without labels, to what the model's forward gives.
Forward = Callable[[nn.Module, Any], Any]
_KIND = Classification()


@dataclass(frozen=True)
class EpochEnd:
    """How all examples are read once more at the end of an epoch."""

    model: nn.Module
    #: The data set that is trained on, and what makes a batch of its items.
    dataset: Any
    collate: Callable[[list[Any]], Any]
    batch_size: int
    #: How the model is asked; None for a batch that is a dictionary of what its forward takes.
    forward: Forward | None = None
    #: Id of the token that stands for a whole sequence, and whether it is known that there is one or none.
    cls_token: int | None = None
    cls_known: bool = False

    def observe(self, run: RecordedRun) -> None:
        """Pass over all examples where a scorer needs it in the epoch in work; random numbers go on as if it were not.

        Raises UsageError when the batches do not hold what gradients or embeddings take.
        """
        watch = run.wants("epoch_end")
        if watch is None:
            return
        if "cls" in (watch.embeddings or ()) and not self.cls_known:
            raise UsageError(
                "embeddings of the classification token: give the tokenizer, whose `cls_token_id` tells it"
            )
        device = device_of(self.model)
        states = random_states(device)
        with ExitStack() as stack:
            stack.callback(set_random_states, states, device)
            stack.enter_context(modes_kept(self.model))
            self.model.eval()
            hidden = None
            if watch.embeddings:
                hidden = LastHiddenState(self.model)
                stack.callback(hidden.close)
            observer = self._logits(run, hidden, device)
            if watch.gradients:
                self._gradients(run, observer, watch.gradients, device)
        observer.finish(run.epoch)

    def _logits(self, run: RecordedRun, hidden: LastHiddenState | None, device: torch.device) -> Observer:
        observer: Observer | None = None
        for positions, batch in self._batches(run, device):
            members = positions.numpy()
            with torch.no_grad(), ExitStack() as stack:
                if hidden is not None:
                    stack.enter_context(hidden.watching())
                logits = logits_of(self.model, self._ask(batch), len(members)).float()
                observer = run.observer("epoch_end", logits.shape[1])
                observer.keep(members, logits)
                for pooling in observer.embeddings if hidden is not None else ():
                    assert hidden is not None
                    found = pool(
                        hidden.latest(), self._as_batch(run, positions, batch, device), pooling, self.cls_token
                    )
                    observer.keep_embedding(members, pooling, found)
        assert observer is not None
        return observer

    def _gradients(self, run: RecordedRun, observer: Observer, scopes: tuple[str, ...], device: torch.device) -> None:
        """Take the norms of the gradients of each example's cross-entropy, whatever loss is trained with."""
        with GradientNorms(self.model, scopes) as norms:
            for positions, batch in self._batches(run, device):
                made = self._as_batch(run, positions, batch, device)
                observer.keep_norms(positions.numpy(), norms(made.inputs, partial(self._losses, made), made.owner))

    def _losses(self, batch: Batch, output: Any) -> Tensor:
        return _KIND.losses(logits_of(self.model, output, len(batch.labels)).float(), batch)

    def _batches(self, run: RecordedRun, device: torch.device) -> Any:
        """Yield positions and batches in the order of the data set, without a loader, which would draw a number."""
        items = Numbered(self.dataset)
        carry = Carry(self.collate, run.known.label, inside=False)
        for start in range(0, len(items), self.batch_size):
            positions, batch = carry(items.__getitems__(range(start, min(start + self.batch_size, len(items)))))
            yield positions, send_to_device(batch, device)

    def _ask(self, batch: Any) -> Any:
        if self.forward is not None:
            return self.forward(self.model, batch)
        return self.model(**_inputs(batch))

    def _as_batch(self, run: RecordedRun, positions: Tensor, batch: Any, device: torch.device) -> Batch:
        inputs = _inputs(batch)
        if getattr(inputs.get("input_ids"), "ndim", 0) != 2 or "attention_mask" not in inputs:
            raise UsageError(
                "gradient norms and embeddings need batches with `input_ids` and `attention_mask` (examples, tokens); "
                "name a scorer that needs neither"
            )
        labels = torch.from_numpy(run.known.label)[positions].to(device)
        return Batch(inputs=inputs, labels=labels, owner=torch.arange(len(positions), device=device))


def _inputs(batch: Any) -> dict[str, Any]:
    if not isinstance(batch, Mapping):
        raise UsageError(
            f"a batch is a {type(batch).__name__}, and it is not known how the model takes it; "
            "give forward=lambda model, batch: ..., which returns its logits"
        )
    return {name: value for name, value in batch.items() if name not in LABELS}
