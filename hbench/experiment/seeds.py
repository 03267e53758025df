"""The seeds of trainings, the same for every suite."""

from __future__ import annotations

import hashlib

#: The seeds of the published H-score results, in their order (arXiv 2407.08887).
PUBLISHED_SEEDS = (342, 4827, 1215, 98, 8128, 828)


def training_seeds(count: int) -> tuple[int, ...]:
    """Return the first `count` training seeds: the six published ones, then ones drawn from a hash.

    Seed number k (from 0) beyond the published six is the first 31 bits of sha256("hbench training seed k"), so the
    list is the same everywhere and a longer one starts with every shorter one. A seed already listed is passed over.
    """
    seeds = list(PUBLISHED_SEEDS)
    number = len(seeds)
    while len(seeds) < count:
        digest = hashlib.sha256(f"hbench training seed {number}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big") >> 1
        if seed not in seeds:
            seeds.append(seed)
        number += 1
    return tuple(seeds[:count])
