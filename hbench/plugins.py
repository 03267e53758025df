"""Scorers and tasks: what a plugin is, and the declarations it makes.

A plugin is a frozen dataclass. Its fields are its options, which users write behind its name: `el2n[epoch=2]`.
`hbench.registry` finds plugins by name; the engine knows none of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hbench.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

Capture = Literal["train", "epoch_end"]
CAPTURES: tuple[Capture, ...] = ("train", "epoch_end")

#: Signals every observed capture point records, one value per run, epoch and example.
STANDARD_SIGNALS = ("correct", "gold_prob", "el2n", "loss", "margin", "entropy", "prob")
#: Signals recorded only when a scorer asks, because they cost a pass of their own.
GRADIENT_SIGNALS = {"grad_norm": "all", "grad_norm_head": "head", "grad_norm_last": "last"}
#: What is known of an example without any training.
EXAMPLE_FIELDS = ("id", "label", "length")


@dataclass(frozen=True)
class Observation:
    """Signals wanted at one capture point. `epochs` counts from 1; None means every epoch of the run."""

    signals: tuple[str, ...]
    at: Capture
    epochs: tuple[int, ...] | None = None


def observe(*signals: str, at: Capture = "train", epochs: tuple[int, ...] | None = None) -> Observation:
    """Declare what a scorer needs from every scoring run.

    signals: names from `STANDARD_SIGNALS` or `GRADIENT_SIGNALS` (the latter only at `epoch_end`).
    at: `train`, the forward pass of training itself (free), or `epoch_end`, a pass of its own in eval mode.
    epochs: the epochs needed, from 1; None for all.
    Raises UsageError for an unknown signal, an unknown capture point, an epoch below 1, or a gradient signal at
    `train`.
    """
    if at not in CAPTURES:
        raise UsageError(f"observe: at={at!r} is no capture point; use one of {', '.join(CAPTURES)}")
    if epochs is not None and (not epochs or min(epochs) < 1):
        raise UsageError(f"observe: epoch {min(epochs, default=0)} cannot be observed; epochs count from 1")
    for signal in signals:
        if signal not in STANDARD_SIGNALS and signal not in GRADIENT_SIGNALS:
            known = ", ".join((*STANDARD_SIGNALS, *GRADIENT_SIGNALS))
            raise UsageError(f"observe: unknown signal {signal!r}; known: {known}")
        if signal in GRADIENT_SIGNALS and at != "epoch_end":
            raise UsageError(f"observe: {signal} is measured at epoch_end only; pass at='epoch_end'")
    return Observation(signals=signals, at=at, epochs=epochs)


def at_epochs(dynamics: xr.Dataset, *epochs: int) -> xr.Dataset:
    """Return the dynamics of the named epochs only, in this order; the dimension `epoch` stays.

    An epoch is found by its number, not by its place: dynamics observed for a single epoch hold that one alone.
    Raises UsageError naming an epoch that the dynamics do not hold.
    """
    held = dynamics["epoch"].values.tolist()
    absent = [epoch for epoch in epochs if epoch not in held]
    if absent:
        raise UsageError(
            f"epoch {absent[0]} is not in the dynamics, which hold epoch {', '.join(map(str, held))} "
            f"(captured at {dynamics.attrs.get('capture', 'an unnamed point')}); ask for one of these, or train longer"
        )
    return dynamics.sel(epoch=list(epochs))


@dataclass(frozen=True)
class Scorer(ABC):
    """A static scoring method: the dynamics of finished runs in, one number per example out.

    A subclass sets `needs`, `keep` and `cite`, and defines `score`. The three fields here are options every
    scorer has; all but `capture` act on the selection and leave the scores alone.
    """

    #: Share of the training set dropped from the preferred end before selecting, 0 <= offset < 1.
    offset: float = field(default=0.0, kw_only=True)
    #: Select within each class separately, in the classes' own proportions.
    balance: bool = field(default=False, kw_only=True)
    #: Observe at the other capture point than the scorer's canonical one (`train` or `epoch_end`).
    capture: Capture | None = field(default=None, kw_only=True)

    #: Key into the shipped BibTeX, or None.
    cite: ClassVar[str | None] = None
    #: True when every evaluation seed gets scores of its own (random baselines); `dynamics.attrs["draw"]` is the seed.
    fresh: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.offset < 1.0:
            raise UsageError(f"option offset={self.offset} is out of range; use 0 <= offset < 1")
        if self.capture is not None and self.capture not in CAPTURES:
            raise UsageError(f"option capture={self.capture!r} is unknown; use one of {', '.join(CAPTURES)}")
        self.observation()

    @property
    def needs(self) -> Observation | None:
        """What every scoring run has to record; None, as here, when no training is needed.

        A scorer sets it as a class attribute, `needs = observe("correct", at="train")`, or defines it as a property
        when it depends on an option. The engine reads `observation`, which applies the option `capture`.
        """
        return None

    @property
    def keep(self) -> str:
        """Which end of the scores is kept: `highest`, `lowest` or `middle`; set like `needs`. `prefer` overrides it."""
        return "highest"

    def observation(self) -> Observation | None:
        """Return `needs` at the capture point in use: that of the option `capture` where given, else the canonical one.

        Raises UsageError when the option names a point where the signals cannot be observed.
        """
        needs = self.needs
        if self.capture is None:
            return needs
        if needs is None:
            raise UsageError(f"option capture={self.capture}: this scorer observes no training; leave the option out")
        gradients = [signal for signal in needs.signals if signal in GRADIENT_SIGNALS]
        if gradients and self.capture == "train":
            raise UsageError(
                f"option capture=train: {gradients[0]} is measured at epoch_end only; leave the option out"
            )
        return replace(needs, at=self.capture)

    @abstractmethod
    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return one finite number per example, dims (example,), from signals with dims (run, epoch, example)."""

    def prefer(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
        """Return the order of keeping: float64, dims (example,), highest kept first; equal values are ties.

        scores: what `score` returned. runs: the number of scoring runs S behind them.
        """
        if self.keep == "highest":
            return scores.astype("float64")
        if self.keep == "lowest":
            return -scores.astype("float64")
        if self.keep != "middle":
            raise UsageError(f"{type(self).__name__}.keep = {self.keep!r}; use 'highest', 'lowest' or 'middle'")
        # Not DataArray.rank, which needs the package bottleneck.
        from scipy.stats import rankdata

        return scores.copy(data=-abs(rankdata(scores.values) - (scores.size + 1) / 2))

    def natural(self, scores: xr.DataArray, runs: int) -> xr.DataArray | None:
        """Return the subset whose size follows from the data, as a boolean per example, or None if there is none.

        scores, runs: as in `prefer`. The subset may be empty: refusing it is for whoever wants to train on it.
        """
        return None


@dataclass(frozen=True)
class Hub:
    """A data set on the hub. `revision`: a commit found in a public source, or None to resolve and record it."""

    id: str
    config: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class Task(ABC):
    """A data set and how to read it: about 30 lines of declarations; the kind in `hbench.problems` does the rest.

    Class attributes declare the task; dataclass fields are its options.
    """

    #: Name of the evaluation split to use instead of the declared ones.
    evaluate: str | None = field(default=None, kw_only=True)
    #: Name of the training split to use instead of the declared one; several, joined by `+`, are read as one.
    train: str | None = field(default=None, kw_only=True)

    kind: ClassVar[str]
    #: None for an embedded task, which overrides `rows`.
    hub: ClassVar[Hub | None] = None
    train_split: ClassVar[str] = "train"
    #: The first is the primary one; each evaluation split is a board of its own.
    eval_splits: ClassVar[tuple[str, ...]] = ("validation",)
    #: Columns the kind reads, by role; classification: {"text": ("premise", "hypothesis"), "label": "label"}. Roles
    #: of every kind: `id`, distinct in all rows; `passage`, equal in rows that are resampled together.
    columns: ClassVar[Mapping[str, Any]]
    #: Other names that sources give the same roles, tried in turn where `columns` are not there.
    layouts: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    #: Class names in the order of the label integers.
    labels: ClassVar[tuple[str, ...]] = ()
    #: Name of the metric: a local module of hbench, or any `evaluate` module.
    metric: ClassVar[str] = "accuracy"
    licence: ClassVar[str] = "unknown"
    cite: ClassVar[str | None] = None
    #: Published recipe, as overrides of the default one (`hbench.suite.Recipe`).
    recipe: ClassVar[Mapping[str, Any]] = {}
    #: Embedded tasks: column that says what each training example was planted as; see `hbench.report`.
    planted: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        shared = {part.strip() for part in self.training().split("+")} & set(self.splits())
        if shared:
            raise UsageError(f"the split '{min(shared)}' cannot be trained on and evaluated on; name another one")

    def training(self) -> str:
        """Return the training split in use."""
        return self.train if self.train is not None else self.train_split

    def splits(self) -> tuple[str, ...]:
        """Return the evaluation splits in use, the primary one first."""
        return (self.evaluate,) if self.evaluate is not None else self.eval_splits

    def rows(self, split: str) -> dict[str, list[Any]] | None:
        """Return the columns of an embedded split, or None when the data come from the hub or a folder."""
        return None

    def originals(self, folder: Path, split: str) -> list[Path]:
        """Return the files of a split in the form of the data's authors, found in the task's folder; or none.

        Looked for when the folder holds no table of that split. A task with files of this sort defines `read` as well.
        """
        return []

    def read(self, file: Path) -> dict[str, list[Any]]:
        """Return the columns of one of the `originals`. A ValueError, KeyError or TypeError counts as a fault in it."""
        raise NotImplementedError(f"{type(self).__name__} names original files and does not read them")

    def declaration(self) -> dict[str, Any]:
        """Return everything declared that decides what the examples are, for the key of a job."""
        hub = self.hub
        layouts = [{k: list(v) if isinstance(v, tuple) else v for k, v in layout.items()} for layout in self.layouts]
        return {
            "kind": self.kind,
            "hub": None if hub is None else {"id": hub.id, "config": hub.config, "revision": hub.revision},
            "train_split": self.training(),
            "eval_splits": list(self.splits()),
            "columns": {k: list(v) if isinstance(v, tuple) else v for k, v in self.columns.items()},
            "labels": list(self.labels),
            "metric": self.metric,
            **({"layouts": layouts} if layouts else {}),
        }
