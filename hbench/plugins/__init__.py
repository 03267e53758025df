"""Scorers, tasks and kinds: what a plugin is, and the declarations it makes.

A plugin is a frozen dataclass. Its fields are its options, which users write behind its name: `el2n[epoch=2]`.
`hbench.plugins.registry` finds plugins by name; the engine knows none of them.
"""

from __future__ import annotations

from hbench.dynamics.signals import CAPTURES, EXAMPLE_FIELDS, Capture
from hbench.plugins.composed import Combination, Selection
from hbench.plugins.dynamic import Choice, Cycle, DynamicScorer
from hbench.plugins.given import GivenScorer
from hbench.plugins.kind import Head, KindDeclaration
from hbench.plugins.observation import (
    EMBEDDING_SIGNALS,
    GRADIENT_SIGNALS,
    KIND_SIGNALS,
    STANDARD_SIGNALS,
    Observation,
    Texts,
    at_epochs,
    observe,
    signal_of,
    texts,
)
from hbench.plugins.scorer import Scorer
from hbench.plugins.task import Hub, Row, Source, Task, texts_of

__all__ = [
    "CAPTURES",
    "EMBEDDING_SIGNALS",
    "EXAMPLE_FIELDS",
    "GRADIENT_SIGNALS",
    "KIND_SIGNALS",
    "STANDARD_SIGNALS",
    "Capture",
    "Choice",
    "Combination",
    "Cycle",
    "DynamicScorer",
    "GivenScorer",
    "Head",
    "Hub",
    "KindDeclaration",
    "Observation",
    "Row",
    "Scorer",
    "Selection",
    "Source",
    "Task",
    "Texts",
    "at_epochs",
    "observe",
    "signal_of",
    "texts",
    "texts_of",
]
