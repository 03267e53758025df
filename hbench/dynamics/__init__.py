"""Training dynamics: what training reveals about each example, as an xarray.Dataset.

Dimensions (run, epoch, example); coordinates `example` (stable ids, str), `run` (seeds, int), `epoch` (from 1);
attribute `capture` names where the values were observed. `hbench.dynamics.signals` says what each variable is.

Importing this package is cheap; its functions pull in numpy and xarray when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hbench.dynamics.arrays import assemble, from_arrays, from_logits, join_runs, load, save
    from hbench.dynamics.cartography import read_cartography, write_cartography
    from hbench.dynamics.maps import data_map, read_dynamics

__all__ = [
    "assemble",
    "data_map",
    "from_arrays",
    "from_logits",
    "join_runs",
    "load",
    "read_cartography",
    "read_dynamics",
    "save",
    "write_cartography",
]

#: The module of each function.
_PLACES = {
    **dict.fromkeys(("assemble", "from_arrays", "from_logits", "join_runs", "load", "save"), "arrays"),
    **dict.fromkeys(("read_cartography", "write_cartography"), "cartography"),
    **dict.fromkeys(("data_map", "read_dynamics"), "maps"),
}


def __getattr__(name: str) -> Any:
    """Import a function of the package's modules on first use."""
    if name in _PLACES:
        return getattr(importlib.import_module(f"hbench.dynamics.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'hbench.dynamics' has no attribute '{name}'")
