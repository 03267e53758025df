"""The seeds of trainings, the same for every suite, and those of the order in which ties are broken."""

from __future__ import annotations

import hashlib

#: The seeds of the published H-score results, in their order (arXiv 2407.08887).
PUBLISHED_SEEDS = (342, 4827, 1215, 98, 8128, 828)
#: More trainings of one cell than anybody waits for: a number with a digit too many.
MOST_SEEDS = 1000


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


def tie_seed(selection_seed: int, training_seed: int) -> int:
    """Return the seed of the order in which ties between scores are broken for one training seed.

    The first 31 bits of sha256("hbench ties SELECTION_SEED TRAINING_SEED"): every training seed breaks ties anew, as a
    random baseline draws anew, and all methods break them in the same order.
    """
    digest = hashlib.sha256(f"hbench ties {selection_seed} {training_seed}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
