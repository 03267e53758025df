"""A callback of transformers' Trainer that records the dynamics of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from hbench.errors import UsageError
from hbench.training.recorder.forward import ForwardHooks
from hbench.training.recorder.passes import EpochEnd
from hbench.training.recorder.positions import numbered
from hbench.training.recorder.recording import RecordedRun, Recording

if TYPE_CHECKING:
    import xarray as xr
    from transformers import TrainerControl, TrainerState, TrainingArguments


class DynamicsCallback(TrainerCallback):
    """Records the training dynamics of one or several runs of `transformers.Trainer` on the same data set::

        callback = hbench.DynamicsCallback(dataset)
        Trainer(model, args, train_dataset=dataset, callbacks=[callback]).train()
        hbench.scorer("h-score").score(callback.dynamics())

    What the model answers in the training steps is taken as it is computed, in whatever order, in batches of any size,
    with gradient accumulation or without; the training keeps its bits. Every training with another `seed` is a run.
    Recorded are classifications and multiple choice: one softmax for each example.
    """

    def __init__(
        self,
        dataset: Any,
        scorers: Sequence[str] = (),
        *,
        ids: str | Sequence[Any] | None = None,
        labels: str | Sequence[int] | None = None,
    ) -> None:
        """dataset: the one that the Trainer trains on, in the same order; it needs a length.

        scorers: those that read a pass over all examples after an epoch (`el2n`, `grand`, `prototypes`), which is then
        made; the others need not be named. ids: column of the examples' ids, or one for each; None for their
        positions. labels: column of the gold classes, integers from 0, or one for each; None for `labels` or `label`.
        Raises DataError for a data set that does not hold these, UsageError for a scorer that cannot be used so.
        """
        self._recording = Recording(dataset, scorers, ids=ids, labels=labels)
        self._run: RecordedRun | None = None
        self._hooks: ForwardHooks | None = None
        self._end: EpochEnd | None = None
        #: The Trainer's loader, and what it read before.
        self._loader: tuple[Any, Any] | None = None

    def dynamics(self, scorer: str | None = None) -> xr.Dataset:
        """Return the dynamics of all finished runs, dims (run, epoch, example).

        scorer: one whose signals are wanted, such as "el2n"; None for what the training steps showed, which `h-score`,
        `cartography`, `forgetting` and all others that observe at `train` read. Raises UsageError when no run has come
        to its end or the scorer's pass was not made, DataError when an epoch did not see every example.
        """
        return self._recording.dynamics(scorer)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin a run. Raises UsageError, before anything is trained, for a training that cannot be recorded."""
        self._close()
        _check(args, state)
        model, loader = kwargs["model"], kwargs["train_dataloader"]
        base = getattr(loader, "base_dataloader", None)
        if base is None:
            raise UsageError(
                f"the Trainer reads a {type(loader).__name__} of its own; let `get_train_dataloader` return what "
                "`self.accelerator.prepare` makes of it"
            )
        tokenizer = kwargs.get("processing_class")
        self._end = EpochEnd(
            model=model,
            dataset=base.dataset,
            collate=base.collate_fn,
            batch_size=args.per_device_eval_batch_size,
            cls_token=getattr(tokenizer, "cls_token_id", None),
            cls_known=tokenizer is not None,
        )
        counted = numbered(base, self._recording.known.label, inside=True)
        self._run = self._recording.begin(args.seed)
        self._hooks = ForwardHooks(model, self._run.step)
        self._loader = loader, base
        loader.base_dataloader = counted

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin an epoch."""
        if self._run is not None:
            self._run.epoch += 1

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Write what the epoch showed, and pass over all examples where a scorer needs it."""
        if self._run is not None and self._end is not None:
            self._run.finish_epoch()
            self._end.observe(self._run)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """End the run."""
        if self._run is not None:
            self._run.finished = True
        self._close()

    def _close(self) -> None:
        """Leave model and loader as they were; of a run that was broken off too."""
        if self._hooks is not None:
            self._hooks.close()
        if self._loader is not None:
            loader, base = self._loader
            loader.base_dataloader = base
        self._run = self._hooks = self._end = self._loader = None


def _check(args: TrainingArguments, state: TrainerState) -> None:
    if args.world_size > 1 or args.n_gpu > 1:
        raise UsageError(
            f"the training is spread over {max(args.world_size, args.n_gpu)} processes or GPUs, each of which sees a "
            "part of the examples; record on one (CUDA_VISIBLE_DEVICES=0)"
        )
    if args.torch_compile:
        raise UsageError("torch_compile=True: compiled code does not tell what it computes; leave it out to record")
    if state.global_step:
        raise UsageError(
            f"the training goes on at step {state.global_step}, and what came before was not recorded; train from the "
            "start"
        )
