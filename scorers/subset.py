"""A subset chosen elsewhere, in whatever language: one id on each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hbench import GivenScorer
from hbench.errors import DataError, UsageError
from hbench.files import read_text, short_repr

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Subset(GivenScorer):
    """The examples whose ids a text file names, one on each line; no others, at no other size.

    path: the file; `{seed}` in it stands for the training seed. cost: what choosing them took, in trainings on all
    examples, as their maker declares it.
    """

    whole = True
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.offset or self.balance:
            raise UsageError("subset: its examples are taken as they are; leave the options offset and balance out")

    def read(self, file: Path) -> Mapping[str, float]:
        """Return 1 for each id. Raises DataError naming the line of an id that is there twice, or of a blank line."""
        lines: dict[str, int] = {}
        for line, name in enumerate(read_text(file, DataError).splitlines(), start=1):
            if not name.strip():
                raise DataError(f"{file}, line {line}: blank; write one id on each line")
            if lines.setdefault(name, line) != line:
                raise DataError(
                    f"{file}, line {line}: id {short_repr(name)} is in line {lines[name]} too; give it once"
                )
        if not lines:
            raise DataError(f"{file}: names no id; write one on each line")
        return dict.fromkeys(lines, 1.0)

    def natural(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
        """Return the members."""
        return scores == 1.0
