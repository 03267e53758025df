"""What was recorded of one or several trainings on the same examples, and the dynamics that it makes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from hbench import dynamics
from hbench.dynamics.signals import Capture
from hbench.errors import DataError, UsageError
from hbench.kinds.classification import Classification
from hbench.training.observers import Observer
from hbench.training.recorder.known import Known, know
from hbench.training.recorder.wanted import observation_of, watches

if TYPE_CHECKING:
    import xarray as xr

    from hbench.jobs.observe import Watch

_KIND = Classification()
#: The length of an example that no batch has told.
_UNKNOWN = -1


class RecordedRun:
    """What one training shows of its examples, epoch by epoch."""

    def __init__(self, known: Known, watch: dict[Capture, Watch], seed: int) -> None:
        self.known, self.watch, self.seed = known, watch, seed
        #: The epoch in work, from 1; 0 before the first.
        self.epoch = 0
        #: Whether the training came to its end.
        self.finished = False
        #: By capture point, an observer for each epoch.
        self._observers: dict[Capture, dict[int, Observer]] = {capture: {} for capture in watch}
        self._length = np.full(len(known.ids), _UNKNOWN, dtype=np.int64)
        #: Of the training steps of the epoch in work, still on the device that computed them: positions, logits and
        #: tokens of each example, None where a batch does not tell.
        self._steps: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]] = []

    def wants(self, capture: Capture) -> Watch | None:
        """Return what is observed at a capture point in the epoch in work, None for nothing."""
        watch = self.watch.get(capture)
        return watch if watch is not None and (watch.epochs is None or self.epoch in watch.epochs) else None

    def step(self, positions: torch.Tensor, logits: torch.Tensor, tokens: torch.Tensor | None) -> None:
        """Note what a training step computed: positions int64 (b,), logits (b, C), tokens int64 (b,)."""
        self._steps.append((positions, logits.detach().float(), tokens))

    def end_epoch(self) -> None:
        """Write what the training steps of the epoch in work computed; a GPU is waited for here."""
        for positions, logits, tokens in self._steps:
            members = positions.cpu().numpy()
            self.observer("train", logits.shape[1]).keep(members, logits)
            if tokens is not None:
                self._length[members] = tokens.cpu().numpy()
        self._steps.clear()
        if self.epoch in self._observers["train"]:
            self._observers["train"][self.epoch].finish(self.epoch)

    def finish_epoch(self) -> None:
        """End an epoch that was gone through. Raises UsageError when no training step was seen in it."""
        self.end_epoch()
        if self.epoch not in self._observers["train"]:
            raise UsageError(
                f"no training step was seen in epoch {self.epoch}: put the recorded model into training mode "
                "(model.train(), which a loaded model is not in) and call it with each batch as it comes"
            )

    def observer(self, capture: Capture, classes: int) -> Observer:
        """Return what keeps the values of a capture point in the epoch in work."""
        if self.known.label.max() >= classes:
            raise DataError(
                f"an example is of class {self.known.label.max()}, and the model has {classes} classes, from 0; "
                "set num_labels of the model"
            )
        of_epochs = self._observers[capture]
        if self.epoch not in of_epochs:
            watch = self.watch[capture]
            of_epochs[self.epoch] = Observer(
                capture, (self.epoch,), watch.gradients, len(self.known.ids), classes, watch.embeddings or ()
            )
        return of_epochs[self.epoch]

    def dataset(self, capture: Capture) -> xr.Dataset:
        """Return the dynamics of this training, dims (run=1, epoch, example).

        A last epoch that was broken off is left out, with a warning. Raises DataError when an epoch before it did not
        see every example.
        """
        import xarray as xr

        encoded = self.known.encoded(self._length)
        kept = []
        of_epochs = self._observers[capture]
        for epoch, observer in of_epochs.items():
            found = observer.dataset(_KIND, encoded, self.seed)
            absent = int(np.isnan(found["loss"].to_numpy()).sum())
            if not absent:
                kept.append(found)
                continue
            seen = f"epoch {epoch} of the run with seed {self.seed} saw {len(encoded.ids) - absent} of "
            if epoch < self.epoch or len(of_epochs) == 1:
                raise DataError(
                    f"{seen}{len(encoded.ids)} examples; train whole epochs on all of them: keep the last small batch "
                    "(drop_last=False), draw each example once, and call the model with the whole batch"
                )
            logging.getLogger("hbench").warning(f"{seen}{len(encoded.ids)} examples and is left out")
        if not kept:
            raise DataError(f"the run with seed {self.seed} was observed in no epoch at '{capture}'; train longer")
        joined = xr.concat(kept, dim="epoch", data_vars="minimal", coords="minimal", compat="override", join="exact")
        joined.attrs = dict(kept[0].attrs)
        return joined.drop_vars("length") if (self._length == _UNKNOWN).any() else joined


class Recording:
    """The trainings recorded on one data set, and what they are recorded for."""

    def __init__(
        self,
        dataset: Any,
        scorers: Sequence[str] = (),
        *,
        ids: str | Sequence[Any] | None = None,
        labels: str | Sequence[int] | None = None,
    ) -> None:
        """See `hbench.DynamicsCallback`. Raises DataError and UsageError as `know` and `watches` do."""
        if isinstance(scorers, str):
            raise UsageError(f"scorers = {scorers!r}; give a list, [{scorers!r}]")
        self.watch = watches(scorers)
        self.known = know(dataset, ids, labels)
        self.runs: dict[int, RecordedRun] = {}

    def begin(self, seed: int) -> RecordedRun:
        """Return a new run. Raises UsageError when one of the same seed has come to its end."""
        if seed in self.runs and self.runs[seed].finished:
            raise UsageError(
                f"a run with seed {seed} is recorded already; give this one another seed, or start a new recording"
            )
        self.runs[seed] = RecordedRun(self.known, self.watch, seed)
        return self.runs[seed]

    def dynamics(self, scorer: str | None = None) -> xr.Dataset:
        """Return the dynamics of all runs that came to their end; see `hbench.DynamicsCallback.dynamics`."""
        finished = [run for run in self.runs.values() if run.finished]
        if not finished:
            raise UsageError("no training was recorded to its end; train first, then ask for the dynamics")
        asked = None if scorer is None else observation_of(scorer)
        capture: Capture = "train" if asked is None else asked.at
        if capture not in self.watch:
            raise UsageError(
                f"scorer '{scorer}' reads a pass at the end of an epoch, which was not made; name it when recording "
                f"begins, scorers=[{scorer!r}]"
            )
        found = dynamics.join_runs([run.dataset(capture) for run in finished])
        for name in () if asked is None else asked.signals:
            if name not in found:
                raise UsageError(
                    f"scorer '{scorer}' reads the signal '{name}', which was not recorded; name the scorer when "
                    f"recording begins, scorers=[{scorer!r}]"
                )
        return found
