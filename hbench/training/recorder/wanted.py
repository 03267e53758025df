"""What scorers need of a training that is not hbench's own, and what they are given when it is over."""

from __future__ import annotations

from collections.abc import Sequence

from hbench.dynamics.signals import Capture
from hbench.errors import UsageError
from hbench.jobs.observe import Watch
from hbench.kinds.classification import Classification
from hbench.plugins import EMBEDDING_SIGNALS, GRADIENT_SIGNALS, KIND_SIGNALS, Observation
from hbench.plugins.registry import SCORERS


def watches(scorers: Sequence[str]) -> dict[Capture, Watch]:
    """Return what is observed at each capture point so that these scorers can be used.

    The training steps are always observed, which is free. Raises UsageError for an unknown scorer, and for one that
    reads what a classification does not give.
    """
    found: dict[Capture, Watch] = {"train": Watch()}
    asked = [(ref, observation) for ref in scorers if (observation := observation_of(ref)) is not None]
    for ref, observation in asked:
        absent = set(observation.signals) & set(KIND_SIGNALS) - set(Classification.extra_signals)
        if absent:
            raise UsageError(
                f"scorer '{ref}' reads the signal '{min(absent)}', which a classification does not give; "
                "leave the option that asks for it out"
            )
    later = [observation for _, observation in asked if observation.at == "epoch_end"]
    if later:
        signals = {name for observation in later for name in observation.signals}
        epochs = [observation.epochs for observation in later]
        found["epoch_end"] = Watch(
            epochs=None if None in epochs else tuple(sorted({e for some in epochs for e in some or ()})),
            gradients=tuple(sorted(GRADIENT_SIGNALS[name] for name in signals & set(GRADIENT_SIGNALS))),
            embeddings=tuple(sorted(EMBEDDING_SIGNALS[name] for name in signals & set(EMBEDDING_SIGNALS))) or None,
        )
    return found


def observation_of(scorer: str) -> Observation | None:
    """Return what a scorer reads of finished trainings, None for one that needs none.

    Raises UsageError for an unknown one, and for a method that prunes while it trains, which scores no finished run.
    """
    plugin = SCORERS.find(scorer).plugin
    if plugin.asks() is not None and plugin.observation() is None:
        raise UsageError(f"scorer '{scorer}' prunes while it trains, and scores no finished run; name another one")
    return plugin.observation()
