"""What tasks of intents and slots share: the columns, the recipe of pruning while training, and tags from spans."""

from __future__ import annotations

from collections.abc import Iterable

COLUMNS = {"tokens": "tokens", "tags": "slot_tags", "intent": "intent"}
#: Attendu and Corbeil 2023, arXiv 2306.03208, who re-initialise the last layer of the encoder as well.
RECIPE = {"epochs": 40, "batch_size": 32, "learning_rate": 2e-5, "schedule": "constant"}


def names(text: str) -> tuple[str, ...]:
    """Split lines of names."""
    return tuple(text.split())


def tagged(size: int, slots: Iterable[tuple[str, Iterable[int]]]) -> list[str]:
    """Return the tags of `size` words; slots: a type and its words, counted from 0. Raises ValueError for others."""
    tags = ["O"] * size
    for kind, places in slots:
        for rank, place in enumerate(sorted(places)):
            if not 0 <= place < size:
                raise ValueError(f"a slot at word {place} of {size}")
            tags[place] = f"{'I' if rank else 'B'}-{kind}"
    return tags
