"""Scorers and tasks: what a plugin is, and the declarations it makes.

A plugin is a frozen dataclass. Its fields are its options, which users write behind its name: `el2n[epoch=2]`.
`hbench.plugins.registry` finds plugins by name; the engine knows none of them.
"""

from __future__ import annotations

from hbench.plugins.dynamic import Choice, Cycle, DynamicScorer
from hbench.plugins.observation import (
    CAPTURES,
    EXAMPLE_FIELDS,
    GRADIENT_SIGNALS,
    KIND_SIGNALS,
    STANDARD_SIGNALS,
    Capture,
    Observation,
    at_epochs,
    observe,
    signal_of,
)
from hbench.plugins.scorer import Scorer
from hbench.plugins.task import Hub, Task, texts_of

__all__ = [
    "CAPTURES",
    "EXAMPLE_FIELDS",
    "GRADIENT_SIGNALS",
    "KIND_SIGNALS",
    "STANDARD_SIGNALS",
    "Capture",
    "Choice",
    "Cycle",
    "DynamicScorer",
    "Hub",
    "Observation",
    "Scorer",
    "Task",
    "at_epochs",
    "observe",
    "signal_of",
    "texts_of",
]
