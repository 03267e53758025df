"""Pruning while training: which examples each epoch trains on, as a dynamic scorer chooses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from hbench import dynamics
from hbench.cost.model import Training
from hbench.errors import TrainingFailed, UsageError
from hbench.jobs.result import CurriculumSummary
from hbench.jobs.store import write_arrays
from hbench.plugins import EMBEDDING_SIGNALS, Choice, Cycle, DynamicScorer
from hbench.training.observers import Observer

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from hbench.kinds import Encoded, Kind

#: Name of the group that holds the history of a training in dynamics.nc.
HISTORY = "curriculum"


class Curriculum:
    """The cycles of one training: everything for the warm-up, then a new choice every so many epochs.

    count: examples of each cycle. epochs: those of the whole training; with `max_steps`, as many as these steps take.
    """

    def __init__(
        self,
        scorer: DynamicScorer,
        kind: Kind,
        encoded: Encoded,
        *,
        width: int,
        count: int,
        epochs: int,
        batch_size: int,
        max_steps: int | None,
        seed: int,
        selection_seed: int,
    ) -> None:
        self.scorer, self.kind, self.encoded = scorer, kind, encoded
        self.count, self.seed, self.selection_seed = count, seed, selection_seed
        training = Training(scorer, len(encoded.ids), count, epochs, batch_size)
        self.sizes = training.sizes_until(max_steps or 0, training.steps, epochs=epochs)
        self.epochs = len(self.sizes)
        #: Optimiser steps of all epochs.
        self.steps = training.steps(self.sizes)
        #: Epochs finished before each choice, and what was chosen.
        self.chosen: list[tuple[int, Choice]] = []
        wanted = scorer.asks()
        self.observer: Observer | None = None
        if wanted is not None:
            poolings = tuple(EMBEDDING_SIGNALS[name] for name in wanted.signals if name in EMBEDDING_SIGNALS)
            every = tuple(range(1, self.epochs + 1))
            self.observer = Observer(wanted.at, every, (), len(encoded.ids), width, poolings)
        self._seen: list[int] = []

    def due(self, epoch: int) -> bool:
        """Return whether a choice is made after this many epochs."""
        return self.scorer.due(epoch, self.sizes)

    def watching(self) -> Observer | None:
        """Return where the training steps write what the scorer reads, None when it reads none of them."""
        return self.observer if self.observer is not None and self.observer.capture == "train" else None

    def passing(self) -> Observer | None:
        """Return where the passes before a choice write, None when the scorer asks for none."""
        return self.observer if self.observer is not None and self.observer.capture == "epoch_end" else None

    def seen(self, epoch: int) -> None:
        """Note that the values of an epoch are complete."""
        if self.observer is not None:
            self._seen.append(epoch)

    @property
    def draw(self) -> int:
        """Seed of all that is random in the next choice."""
        return int(np.random.SeedSequence([self.seed, len(self.chosen) + 1]).generate_state(1)[0])

    def choose(self, epoch: int) -> Choice:
        """Let the scorer choose for the epochs after this one. Raises TrainingFailed for what is not a choice."""
        number = len(self.chosen) + 1
        cycle = Cycle(number, epoch, self.epochs, self.count, self.selection_seed)
        try:
            choice = self.scorer.choose(self.history(), cycle)
        except UsageError as error:  # an option that does not suit these data: the other cells go on
            raise TrainingFailed(str(error)) from error
        kept, announced = int(np.count_nonzero(choice.members)), self.sizes[epoch]
        name = type(self.scorer).__name__
        if choice.members.shape != (len(self.encoded.ids),) or kept != announced:
            raise TrainingFailed(f"{name} chose {kept} examples for cycle {number}, and announced {announced}")
        if choice.weights is not None and not np.isfinite(choice.weights[choice.members]).all():
            raise TrainingFailed(f"{name} gave a weight that is not finite in cycle {number}")
        self.chosen.append((epoch, choice))
        return choice

    def history(self) -> xr.Dataset:
        """Return what was observed so far, dims (run=1, epoch, example), and of the examples label and length."""
        if self.observer is None:
            return dynamics.from_arrays(
                ids=self.encoded.ids, label=self.encoded.label, length=self.encoded.length, draw=self.draw
            )
        found = self.observer.dataset(self.kind, self.encoded, self.seed).sel(epoch=self._seen)
        found.attrs["draw"] = self.draw
        return found

    def state(self, epoch: int) -> dict[str, Any]:
        """Return the choices and what was observed so far, in the epoch in work too: what a checkpoint holds of it."""
        return {
            "chosen": [(epoch, choice.members, choice.weights) for epoch, choice in self.chosen],
            "seen": self._seen,
            "observer": None if self.observer is None else self.observer.state(epoch),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned in another run of the same job."""
        self.chosen = [(epoch, Choice(members, weights)) for epoch, members, weights in state["chosen"]]
        self._seen = state["seen"]
        if self.observer is not None:
            self.observer.load_state(state["observer"])

    def save(self, folder: Path) -> None:
        """Write curriculum.npz, the epochs and members of all choices, and the history they were made from."""
        members = np.array([choice.members for _, choice in self.chosen]).reshape(len(self.chosen), -1)
        arrays: dict[str, npt.NDArray[Any]] = {
            "epoch": np.array([epoch for epoch, _ in self.chosen]),
            "members": members,
        }
        if any(choice.weights is not None for _, choice in self.chosen):
            ones = np.ones(len(self.encoded.ids), dtype=np.float32)
            arrays["weights"] = np.array([ones if c.weights is None else c.weights for _, c in self.chosen])
        write_arrays(folder / "curriculum.npz", arrays, compressed=True)
        if self.observer is not None:
            dynamics.save(folder / "dynamics.nc", {HISTORY: self.history()})

    def summary(self, classes: int) -> CurriculumSummary:
        """Return what was chosen, in numbers, for tasks of so many classes."""
        labels: npt.NDArray[np.int64] = self.encoded.label
        counts = [np.bincount(labels[choice.members], minlength=classes).tolist() for _, choice in self.chosen]
        return CurriculumSummary(self.count, tuple(self.sizes), tuple(map(tuple, counts)))


def weights_of(choice: Choice | None, device: torch.device) -> torch.Tensor | None:
    """Return the weights of the losses, float32 (n,), None for 1 each."""
    if choice is None or choice.weights is None:
        return None
    return torch.from_numpy(np.asarray(choice.weights, dtype=np.float32)).to(device)
