"""Non-inferiority margins: the largest loss against the full data that counts as none."""

from __future__ import annotations

from dataclasses import dataclass

from hbench.results.cell import CellResult

#: Default margins: half a point, one point under a thousand evaluation examples.
_DEFAULT, _OF_FEW, _FEW = 0.005, 0.01, 1000


@dataclass(frozen=True)
class Margin:
    """A non-inferiority margin, as a share of 1."""

    #: The margin in use: the declared one, or the default.
    used: float
    #: The margin that holds where none is declared.
    default: float


def margin_of(cell: CellResult) -> Margin:
    """Return the margin of a cell; the default is half a point, one point with under 1,000 evaluation examples."""
    default = _OF_FEW if cell.data.eval_rows < _FEW else _DEFAULT
    return Margin(default if cell.margin is None else cell.margin, default)
