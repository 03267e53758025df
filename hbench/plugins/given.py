"""Scores and subsets made elsewhere: read from a file, matched by id, at a cost that their maker declares."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from hbench.errors import DataError, UsageError
from hbench.files import digest_file, short_repr
from hbench.plugins.scorer import Scorer

if TYPE_CHECKING:
    import xarray as xr

#: What stands for the training seed in a path, so that every seed has a file of its own.
SEED = "{seed}"
#: Ids that a message names of those that do not match.
_NAMED = 3


@dataclass(frozen=True)
class GivenScorer(Scorer):
    """What somebody computed elsewhere; a subclass says how a file is read, and which end is kept.

    The content of the file is part of the key of a job, its path is not.
    """

    #: The file; `{seed}` in it stands for the training seed.
    path: str = ""
    #: What making it took, in trainings on all examples, as whoever made it declares; None where nobody does.
    cost: float | None = field(default=None, kw_only=True)

    #: Whether it is a subset, which is kept whole or not at all: ids that it does not name are dropped.
    whole: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.cost is not None and not 0 <= self.cost < math.inf:
            raise UsageError(f"option cost={self.cost}: use a number of trainings of at least 0")

    @property
    def fresh(self) -> bool:
        """Whether every training seed has a file of its own."""
        return SEED in self.path

    def file(self, seed: int) -> Path:
        """Return the file for a training seed. Raises UsageError where none is named."""
        if not self.path:
            raise UsageError("needs the option 'path'; write [path=FILE] behind the name")
        return Path(self.path.replace(SEED, str(seed)))

    def digest(self, seed: int) -> str:
        """Return the sha256 of the file for a training seed. Raises DataError when it cannot be read."""
        try:
            return digest_file(self.file(seed))
        except OSError as error:
            raise DataError(f"{self.file(seed)}: cannot be read ({error.strerror}); check the path") from None

    @abstractmethod
    def read(self, file: Path) -> Mapping[str, float]:
        """Return a number for each id of a file, ids that are not named in it left out.

        Raises DataError naming file and line of what cannot be read, an id that is there twice among it.
        """

    def check(self, ids: Sequence[str], seed: int) -> int:
        """Return how many ids the file for a training seed names, after holding it against those of the examples.

        Raises DataError naming ids that are missing or foreign.
        """
        file = self.file(seed)
        self.digest(seed)  # says that it is missing
        given, known = self.read(file), set(ids)
        if foreign := [name for name in given if name not in known]:
            raise DataError(f"{file}: {_some(foreign)} of no training example; use the ids of these examples")
        if not self.whole and (absent := [name for name in ids if name not in given]):
            raise DataError(f"{file}: no number for {_some(absent)} of the training examples; add one for each")
        return len(given)

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the numbers of the file, float64, dims (example,); of a subset 1 for its members and 0 for others."""
        import numpy as np
        import xarray as xr

        examples = dynamics["example"]
        given = self.read(self.file(int(dynamics.attrs.get("draw", 0))))
        default = 0.0 if self.whole else np.nan
        values = [given.get(str(name), default) for name in examples.to_numpy()]
        return xr.DataArray(np.array(values), coords={"example": examples}, dims="example")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(short_repr(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{'id' if len(names) == 1 else 'ids'} {shown}{more}"
