"""Recording the dynamics of a plain loop of PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from torch import nn

from hbench.errors import UsageError
from hbench.training.recorder.forward import ForwardHooks
from hbench.training.recorder.passes import EpochEnd, Forward
from hbench.training.recorder.positions import numbered
from hbench.training.recorder.recording import Recording

if TYPE_CHECKING:
    import xarray as xr

#: Examples of a batch in a pass, where the loader does not say how many it takes.
_BATCH = 32


def record(
    model: nn.Module,
    loader: Any,
    scorers: Sequence[str] = (),
    *,
    seed: int = 0,
    ids: str | Sequence[Any] | None = None,
    labels: str | Sequence[int] | None = None,
    forward: Forward | None = None,
    tokenizer: Any = None,
    after: RecordedLoop | None = None,
) -> RecordedLoop:
    """Record the training dynamics of a plain loop: open the block, and loop over what it gives instead of the loader::

        with hbench.record(model, loader) as batches:
            for epoch in range(3):
                for batch in batches:
                    ...
        hbench.scorer("h-score").score(batches.dynamics())

    The batches are those of the loader, in its order, and the loop trains as it would without: what the model answers
    is taken from its first forward pass in training mode on each batch. Every time that the batches are gone through
    is an epoch.

    model: gives logits (examples, classes), as they are or in an output with `logits`.
    loader: a torch.utils.data.DataLoader, or what accelerate makes of one, over a data set with a length.
    scorers, ids, labels: as in `hbench.DynamicsCallback`. seed: names the run.
    forward: from the model and a batch to the logits, in the pass after an epoch that some scorers need; None for
    `model(**batch)`. tokenizer: tells the classification token for embeddings of that.
    after: an earlier recording on the same data set, whose runs come first, for dynamics of several runs; its scorers,
    ids and labels hold.
    Raises DataError and UsageError as `hbench.DynamicsCallback` does.
    """
    base = getattr(loader, "base_dataloader", loader)
    if not hasattr(base, "dataset"):
        raise UsageError(f"a {type(loader).__name__} is not a torch.utils.data.DataLoader; give one")
    recording = after.recording if after is not None else Recording(base.dataset, scorers, ids=ids, labels=labels)
    end = EpochEnd(
        model=model,
        dataset=base.dataset,
        collate=base.collate_fn,
        batch_size=getattr(base.batch_sampler, "batch_size", _BATCH),
        forward=forward,
        cls_token=getattr(tokenizer, "cls_token_id", None),
        cls_known=tokenizer is not None,
    )
    return RecordedLoop(loader, recording, end, seed)


class RecordedLoop:
    """The batches of a loader, recorded as they are trained on; see `record`."""

    def __init__(self, loader: Any, recording: Recording, end: EpochEnd, seed: int) -> None:
        #: What was recorded so far, of earlier loops too.
        self.recording = recording
        self._loader, self._end, self._seed = loader, end, seed
        self._base = getattr(loader, "base_dataloader", loader)
        self._counted = numbered(self._base, recording.known.label, inside=False)
        self._hooks: ForwardHooks | None = None

    def __enter__(self) -> Self:
        self._run = self.recording.begin(self._seed)
        self._hooks = ForwardHooks(self._end.model, self._run.step)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._hooks is not None
        self._hooks.close()
        self._hooks = None
        self._run.end_epoch()  # one that was broken off
        self._run.finished = kind is None

    def __len__(self) -> int:
        return len(self._base)

    def __iter__(self) -> Iterator[Any]:
        """Go through the batches of an epoch, and end it: all examples are passed over where a scorer needs it."""
        if self._hooks is None:
            raise UsageError(
                "the batches are recorded inside the block `with hbench.record(...)`; loop over them there"
            )
        self._run.end_epoch()  # one that was broken off
        self._run.epoch += 1
        for positions, batch in self._pairs():
            self._check(batch)
            self._hooks.positions = positions
            yield batch
        self._run.finish_epoch()
        self._end.observe(self._run)

    def dynamics(self, scorer: str | None = None) -> xr.Dataset:
        """Return the dynamics of all finished runs, as `hbench.DynamicsCallback.dynamics` does."""
        return self.recording.dynamics(scorer)

    def _pairs(self) -> Iterator[Any]:
        if self._loader is self._base:
            yield from self._counted
            return
        self._loader.base_dataloader = self._counted
        try:
            yield from self._loader
        finally:
            self._loader.base_dataloader = self._base

    def _check(self, batch: Any) -> None:
        """Refuse, before the first step, batches that the pass at the end of the epoch could not use."""
        if self._run.wants("epoch_end") is not None and self._end.forward is None and not isinstance(batch, Mapping):
            raise UsageError(
                f"a batch is a {type(batch).__name__}, and it is not known how the model takes it; "
                "give forward=lambda model, batch: ..., which returns its logits"
            )
