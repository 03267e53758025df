"""The seeds of trainings, the same for every suite, and those of the order in which ties are broken."""

from __future__ import annotations

import hashlib
from typing import Any

from hbench.errors import UsageError
from hbench.files import short_repr, shorten
from hbench.results.looks import fault_of

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


def check_seeds(seeds: Any, looks: Any) -> tuple[int, ...]:
    """Return the planned looks, checked: equal steps from the first on, and the number of seeds one of them.

    Raises UsageError that starts with the name of the field.
    """
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise UsageError(f"seeds {short_repr(seeds)}: use an integer of at least 1")
    if seeds > MOST_SEEDS:
        raise UsageError(f"seeds {shorten(str(seeds))}: use an integer of at most {MOST_SEEDS}")
    if looks == () or looks == []:
        return ()
    if not isinstance(looks, list | tuple) or any(isinstance(n, bool) or not isinstance(n, int) for n in looks):
        raise UsageError(f"looks {short_repr(looks)}: use a list of numbers of seeds, such as looks = [6, 12, 18]")
    if (fault := fault_of(looks)) is not None:
        raise UsageError(f"looks {short_repr(list(looks))}: {fault}")
    if seeds not in looks:
        raise UsageError(
            f"seeds {seeds}: not among the planned looks {', '.join(map(str, looks))}; use one of them, "
            "or leave out looks, and the board says that there is no plan"
        )
    return tuple(looks)


def tie_seed(selection_seed: int, training_seed: int) -> int:
    """Return the seed of the order in which ties between scores are broken for one training seed.

    The first 31 bits of sha256("hbench ties SELECTION_SEED TRAINING_SEED"): every training seed breaks ties anew, as a
    random baseline draws anew, and all methods break them in the same order.
    """
    digest = hashlib.sha256(f"hbench ties {selection_seed} {training_seed}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
