"""Independent work on all cores: the same results in the same order as one after the other, only sooner."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Pieces for each process, so that one which is slower than the others does not keep all waiting.
_PIECES = 8
#: What forked processes work on: they inherit it, so that only results travel between processes.
_inherited: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []


def spread(work: Callable[[Item], Result], items: Sequence[Item], *, fewest: int) -> list[Result]:
    """Return what `work` gives for each item, in the order of the items.

    fewest: with fewer items than that the processes cost more than they save, and the work is done in this one; so it
    is where there is one core, where a process cannot be forked, or beside other threads, whose locks a fork would
    copy. What `work` raises is raised here, that of the first such piece.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if cores < 2 or len(items) < fewest or threading.active_count() > 1:
        return [work(item) for item in items]
    count = min(len(items), cores * _PIECES)
    bounds = [len(items) * piece // count for piece in range(count + 1)]
    _inherited.append((work, items))
    try:
        with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("fork")) as pool:
            pieces = pool.map(_piece, bounds[:-1], bounds[1:])
            return [result for piece in pieces for result in piece]
    finally:
        _inherited.pop()


def _piece(start: int, stop: int) -> list[Any]:
    work, items = _inherited[-1]
    return [work(item) for item in items[start:stop]]
