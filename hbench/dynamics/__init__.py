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

__all__ = ["assemble", "from_arrays", "from_logits", "join_runs", "load", "save"]


def __getattr__(name: str) -> Any:
    """Import a function of `hbench.dynamics.arrays` on first use."""
    if name in __all__:
        return getattr(importlib.import_module("hbench.dynamics.arrays"), name)
    raise AttributeError(f"module 'hbench.dynamics' has no attribute '{name}'")
