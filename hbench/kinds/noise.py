"""Label noise: a share of the training labels is replaced by another class, and it is known which ones are wrong."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hbench.errors import DataError

if TYPE_CHECKING:
    from hbench.data.examples import Examples
    from hbench.kinds.base import Encoded
    from hbench.plugins import Task

#: What an embedded task calls a row of which its label is true and its text speaks for one class.
CLEAN = "clean"
#: What a row is called whose label is wrong, be it planted or replaced here.
MISLABELLED = "mislabelled"


def with_label_noise(task: Task, examples: Examples, encoded: Encoded) -> tuple[Examples, Encoded]:
    """Return training examples, round(share x n) of them with another class, drawn from the task's `noise_seed`.

    Each class is replaced by any other with the same probability. Of an embedded task, clean rows alone are changed.
    `Examples.planted` says which rows are mislabelled, and the digest holds the labels. A task without noise keeps what
    it has. Raises DataError where there are not so many rows, or none.
    """
    share = task.label_noise
    if share is None:
        return examples, encoded
    planted = examples.planted or [CLEAN] * examples.size
    clean = np.flatnonzero(np.array([sort == CLEAN for sort in planted]))
    count = round(share * examples.size)
    if not 0 < count <= len(clean):
        raise DataError(
            f"label_noise={share} of {examples.size} training rows is {count}, and {len(clean)} have a label to "
            "replace; use another share, or more rows"
        )
    rng = np.random.default_rng([task.noise_seed, int.from_bytes(b"label noise")])
    chosen = np.sort(rng.permutation(clean)[:count])
    label = encoded.label.copy()
    label[chosen] = (label[chosen] + rng.integers(1, len(task.labels), count)) % len(task.labels)
    wrong = set(chosen.tolist())
    sorts = [MISLABELLED if row in wrong else sort for row, sort in enumerate(planted)]
    changes = json.dumps([examples.digest, chosen.tolist(), label[chosen].tolist()])
    noisy = replace(examples, planted=sorts, digest=hashlib.sha256(changes.encode()).hexdigest())
    return noisy, replace(encoded, label=label)
