"""Static scoring methods: from the dynamics of finished runs to one number per example."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from hbench.dynamics.signals import CAPTURES, SIGNALS, Capture
from hbench.errors import UsageError
from hbench.plugins.observation import Observation, Texts
from hbench.plugins.reading import check_declared, explain

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr

_SCORE = "score"


@dataclass(frozen=True)
class Scorer(ABC):
    """A static scoring method: the dynamics of finished runs in, one number per example out.

    A subclass sets `needs`, `keep` and `cite`, and defines `score`. The four fields here are options every
    scorer has; `offset` and `balance` act on the selection and leave the scores alone.
    """

    #: Share of the training set dropped from the preferred end before selecting, 0 <= offset < 1.
    offset: float = field(default=0.0, kw_only=True)
    #: Select within each class separately, in the classes' own proportions.
    balance: bool = field(default=False, kw_only=True)
    #: Observe at the other capture point than the scorer's canonical one (`train` or `epoch_end`).
    capture: Capture | None = field(default=None, kw_only=True)
    #: Model whose full-data runs are read, instead of the one that is trained on the subset.
    score_with: str | None = field(default=None, kw_only=True)

    #: Key into the shipped BibTeX, or None.
    cite: ClassVar[str | None] = None
    #: True when `score`, `prefer` and `natural` give every example what they would give it alone, which the engine
    #: verifies: examples are then scored in blocks, and millions need not fit into memory.
    per_example: ClassVar[bool] = False

    def __init_subclass__(cls, **settings: Any) -> None:
        """Let `score` say what is wrong with dynamics that lack what it reads, whoever calls it."""
        super().__init_subclass__(**settings)
        defined = vars(cls).get(_SCORE)
        if inspect.isfunction(defined):
            setattr(cls, _SCORE, _checked(defined))

    def __post_init__(self) -> None:
        if not 0.0 <= self.offset < 1.0:
            raise UsageError(f"option offset={self.offset} is out of range; use 0 <= offset < 1")
        if self.capture is not None and self.capture not in CAPTURES:
            raise UsageError(f"option capture={self.capture!r} is unknown; use one of {', '.join(CAPTURES)}")
        self.asks()
        if self.score_with is not None and self.observation() is None:
            raise UsageError(f"option score_with={self.score_with}: this scorer reads no run; leave the option out")

    @property
    def needs(self) -> Observation | Texts | None:
        """What every scoring run has to record; None, as here, when no training is needed.

        A scorer sets it as a class attribute, `needs = observe("correct", at="train")`, or defines it as a property
        when it depends on an option; `needs = texts()` for one that reads texts alone. The engine reads `observation`,
        which applies the option `capture`, and `reads_texts`.
        """
        return None

    @property
    def keep(self) -> str:
        """Which end of the scores is kept: `highest`, `lowest` or `middle`; set like `needs`. `prefer` overrides it."""
        return "highest"

    @property
    def fresh(self) -> bool:
        """Whether every evaluation seed gets scores of its own, as random baselines do; set like `needs`.

        `dynamics.attrs["draw"]` is the seed.
        """
        return False

    def observation(self) -> Observation | None:
        """Return what every scoring run has to record, at the capture point in use; None when none is needed."""
        return self.asks()

    def observations(self) -> tuple[Observation, ...]:
        """Return all that every scoring run has to record: one of several scorers may look at several points."""
        wanted = self.observation()
        return () if wanted is None else (wanted,)

    def asks(self) -> Observation | None:
        """Return `needs` at the capture point in use: that of the option `capture` where given, else the canonical one.

        Raises UsageError when the option names a point where the signals cannot be observed.
        """
        needs = None if isinstance(self.needs, Texts) else self.needs
        if self.capture is None:
            return needs
        if needs is None:
            raise UsageError(f"option capture={self.capture}: this scorer observes no training; leave the option out")
        for name in needs.signals:
            if self.capture not in SIGNALS[name].captures:
                points = " or ".join(SIGNALS[name].captures)
                raise UsageError(
                    f"option capture={self.capture}: {name} is measured at {points} only; leave the option out"
                )
        return replace(needs, at=self.capture)

    def reads_texts(self) -> bool:
        """Return whether it is to be given the texts of the examples."""
        return isinstance(self.needs, Texts)

    @abstractmethod
    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return one finite number per example, dims (example,), from signals with dims (run, epoch, example).

        Raises UsageError when the dynamics lack a signal that it reads, or were captured at another point.
        """

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

    def pick(
        self, preference: npt.NDArray[np.float64], count: int, random: np.random.Generator
    ) -> npt.NDArray[np.bool_]:
        """Return which of the examples are kept, bool (n,), `count` of them true; here, the first ones.

        preference: float64 (n,), n >= count, what `prefer` gave, the most preferred first; ties come in a seeded order,
        and what the option `offset` drops is left out. With the option `balance` it is called for every class.
        random: for a choice that draws; the same for the same seed, whatever the order of the file.
        """
        import numpy as np

        return np.arange(len(preference)) < count


def _checked(score: Callable[[Any, xr.Dataset], xr.DataArray]) -> Callable[[Any, xr.Dataset], xr.DataArray]:
    """Return a scorer's `score` that names a signal which the dynamics lack, or a capture point that it cannot use."""

    @functools.wraps(score)
    def checked(self: Scorer, dynamics: xr.Dataset) -> xr.DataArray:
        name, asked = type(self).__name__, self.asks()
        check_declared(name, asked, dynamics, texts=self.reads_texts())
        try:
            return score(self, dynamics)
        except (AttributeError, KeyError) as error:
            reason = explain(error, name, asked, dynamics)
            if reason is None:
                raise
            raise UsageError(reason) from error

    return checked
