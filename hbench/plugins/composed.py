"""Scorers made of others, which stand in parentheses: `ccs(aum)`, `rank-mean(el2n,forgetting)`.

A `Selection` takes the scores of one scorer and chooses the subset in a way of its own; a `Combination` makes one order
of keeping out of several. Both share the runs, and what these record, with the scorers that they are made of.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from hbench.errors import UsageError
from hbench.plugins.dynamic import DynamicScorer
from hbench.plugins.observation import Observation
from hbench.plugins.references import NO_OPTION
from hbench.plugins.scorer import Scorer
from hbench.plugins.scoring import Scored, checked, close, constant

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr


@dataclass(frozen=True)
class Composed(Scorer):
    """A scorer made of others; a subclass is one of the two below."""

    #: What it is made of, in the order in which they are named.
    of: tuple[Scorer, ...] = field(default=(), kw_only=True, metadata=NO_OPTION)

    #: How many scorers it is made of, at least and at most; None for any number.
    fewest: ClassVar[int] = 1
    most: ClassVar[int | None] = None

    def asks(self) -> None:
        """Return None: what it needs is what the scorers that it is made of ask for.

        Raises UsageError for the option `capture`, which is theirs.
        """
        if self.capture is not None:
            raise UsageError(
                f"option capture={self.capture}: belongs to a scorer in the parentheses; leave the option out here, "
                f"and give it there, such as (el2n[capture={self.capture}])"
            )

    def observations(self) -> tuple[Observation, ...]:
        """Return what the scorers that it is made of need, each once."""
        return tuple(dict.fromkeys(wanted for part in self.of for wanted in part.observations()))

    def reads_texts(self) -> bool:
        """Return whether one of the scorers that it is made of reads texts."""
        return any(part.reads_texts() for part in self.of)


@dataclass(frozen=True)
class Selection(Composed):
    """Another way to choose a subset from the scores of one scorer: a subclass defines `pick`.

    The scores are those of the scorer in the parentheses, computed once for both; the end that it keeps first is the
    hard one to `pick`. The options `offset` and `balance` are those of this selection.
    """

    most = 1

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the scores of the scorer that it is made of."""
        return self.of[0].score(dynamics)

    def prefer(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
        """Return the order of keeping of the scorer that it is made of."""
        return self.of[0].prefer(scores, runs)

    @abstractmethod
    def pick(
        self, preference: npt.NDArray[np.float64], count: int, random: np.random.Generator
    ) -> npt.NDArray[np.bool_]:
        """Return which of the examples are kept; see `Scorer.pick`."""


@dataclass(frozen=True)
class Combination(Composed):
    """One order of keeping out of those of several scorers: a subclass defines `combine`."""

    fewest = 2

    @abstractmethod
    def combine(self, preferences: Sequence[xr.DataArray]) -> xr.DataArray:
        """Return one finite number per example, dims (example,), the highest kept first.

        preferences: of every scorer it is made of, in their order, what its `prefer` gave: float64, dims (example,), in
        units of its own. An example's number must not depend on the order of the examples.
        """

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return what `combine` makes of the orders of keeping that the dynamics give."""
        runs = dynamics.sizes.get("run", 0)
        return self.combine([part.prefer(part.score(dynamics), runs) for part in self.of])


def combined(scorer: Combination, preferences: Sequence[npt.NDArray[np.float64]], ids: npt.NDArray[np.str_]) -> Scored:
    """Return what a combination makes of the orders of keeping of the scorers that it is made of, and check it.

    preferences: of each of them, float64 (n,). Raises UsageError naming the combination and what is wrong: numbers of
    another form, that differ when it is called again, or that depend on the order of the examples.
    """
    import numpy as np
    import xarray as xr

    def made(order: npt.NDArray[np.int64]) -> xr.DataArray:
        examples = xr.Dataset(coords={"example": ids[order]})
        given = [xr.DataArray(p[order], coords=examples.coords, dims="example") for p in preferences]
        return checked(scorer, scorer.combine(given), examples).astype("float64")

    everything = np.arange(len(ids))
    scores, who = made(everything), type(scorer).__name__
    if not scores.equals(made(everything)):
        raise UsageError(f"{who} combined the same orders of keeping into two results; let `combine` draw nothing")
    order = np.random.default_rng(0).permutation(len(ids))
    if not close(scores.values[order], made(order).values):
        raise UsageError(f"{who} combines an example by its position: the same examples in another order differ")
    notes = constant(scorer, scores.values)
    for note in notes:
        logging.getLogger("hbench").warning(note)
    return Scored(scores.values, scores.values, None, tuple(notes))


def check_parts(cls: type, name: str, noun: str, parts: Sequence[tuple[str, object]]) -> None:
    """Refuse parts that a plugin cannot be made of. Raises UsageError naming the plugin, the part and the fix.

    parts: reference and plugin of each.
    """
    if not issubclass(cls, Composed):
        if parts:
            raise UsageError(f"{noun} '{name}' is not made of others; leave out the parentheses with {parts[0][0]}")
        return
    most = len(parts) if cls.most is None else cls.most
    if not cls.fewest <= len(parts) <= most:
        example = ",".join(("el2n", "forgetting", "aum")[: cls.fewest])
        raise UsageError(
            f"scorer '{name}' is made of {'' if cls.most == cls.fewest else 'at least '}{cls.fewest} other"
            f"{'' if cls.fewest == 1 else 's'}, and {len(parts)} are named; write {name}({example})"
        )
    for reference, part in parts:
        if fault := _fault(cls, name, reference, part):
            raise UsageError(f"{name}({reference}): {fault}")


def _fault(cls: type[Composed], name: str, reference: str, part: object) -> str | None:
    """Return what is wrong with a part, and the fix."""
    if isinstance(part, DynamicScorer):
        return f"{reference} chooses while the model is trained and has no scores of the whole; name a static scorer"
    if isinstance(part, Selection):
        return f"{reference} chooses a subset and has no scores of its own; name the scorer inside it"
    assert isinstance(part, Scorer)
    for option in ("offset", "balance"):
        if getattr(part, option):
            return f"{option} acts on a selection; give it to {name}, behind the parentheses: {name}(...)[{option}=...]"
    if part.fresh and issubclass(cls, Combination):
        return f"{reference} draws anew for every seed and has nothing to combine; leave it out"
    return None
