"""A task of made-up pairs of texts with the lengths and the vocabulary of SNLI's: given to hbench by `--plugin`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hbench import Task

VOCABULARY = 20_000


def word(rank: int) -> str:
    """Return the word of a rank."""
    return f"w{rank}"


@dataclass(frozen=True)
class Words(Task):
    """Pairs of texts in three classes that say nothing. size: training rows."""

    size: int = 3200

    kind = "classification"
    columns = {"text": ("first", "second"), "label": "label"}
    labels = ("a", "b", "c")
    licence = "made up"
    recipe = {"epochs": 1, "batch_size": 32, "learning_rate": 2e-5, "max_length": 128}

    def rows(self, split: str) -> dict[str, list[Any]]:
        """Return texts of about 15 and 8 words, as SNLI has them, words by Zipf's law."""
        count = self.size if split == "train" else 256
        rng = np.random.default_rng([split == "train", self.size])
        texts = []
        for mean in (14.0, 7.5):
            lengths = np.clip(rng.lognormal(np.log(mean), 0.42, count).round(), 3, 55).astype(int)
            ranks = np.minimum(rng.zipf(1.2, lengths.sum()), VOCABULARY) - 1
            parts = np.split(ranks, lengths.cumsum()[:-1])
            texts.append([" ".join(word(rank) for rank in part) for part in parts])
        return {"first": texts[0], "second": texts[1], "label": rng.integers(0, 3, count).tolist()}
