"""What the results of a board rest on, and where it is published: methods, tasks, models, tests, hbench itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

from hbench.board.board import Board
from hbench.errors import UsageError
from hbench.models.catalogue import CATALOGUE
from hbench.plugins.references import split_reference
from hbench.plugins.registry import SCORERS, TASKS, Registry
from hbench.render.papers.bibliography import HBENCH, entry_of, shipped

#: What is cited beside a task's own paper, by the data set on the hub that it is read from.
_COLLECTIONS = {"nyu-mll/glue": "wang2019glue"}


@dataclass(frozen=True)
class Source:
    """One thing that results rest on, with its BibTeX entries by key; empty where none is known."""

    kind: Literal["hbench", "method", "task", "model", "test"]
    name: str
    entries: tuple[tuple[str, str], ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of its entries."""
        return tuple(key for key, _ in self.entries)


def sources_of(board: Board) -> tuple[Source, ...]:
    """Return all sources of a board: hbench, then methods, tasks, models and tests, each kind by name."""
    methods = sorted({name_of(r.method) for r in board.results if not r.is_full})
    tasks = {name_of(r.task): r.data.declaration.get("hub") for r in board.results}
    models = sorted({r.model for r in board.results})
    return (
        Source("hbench", "hbench", _shipped([HBENCH])),
        *(Source("method", name, _of_plugin(SCORERS, name)) for name in methods),
        *(Source("task", name, _of_task(name, hub)) for name, hub in sorted(tasks.items())),
        *(Source("model", name, _of_model(name)) for name in models),
        *(Source("test", name, _shipped(keys)) for name, keys, used in _TESTS if used(board)),
    )


def name_of(label: str) -> str:
    """Return the name in a label such as `el2n[epoch=2]`; a label of no such form is a name."""
    try:
        return split_reference(label)[0]
    except UsageError:
        return label


def _of_plugin(registry: Registry[Any], name: str) -> tuple[tuple[str, str], ...]:
    """Return the entry that a plugin names; of one of hbench's own without a paper, that of hbench."""
    try:
        plugin = registry.load(name)
    except UsageError:
        return ()  # not installed here, or from a file that was named when the results were made
    if plugin.cite is None:
        return _shipped([HBENCH]) if _is_ours(registry, name) else ()
    entry = entry_of(plugin.cite, plugin)
    return () if entry is None else ((plugin.cite, entry),)


def _is_ours(registry: Registry[Any], name: str) -> bool:
    points = entry_points(group=registry.group, name=name)
    return any(point.dist is not None and point.dist.name == "hbench" for point in points)


def _of_task(name: str, hub: object) -> tuple[tuple[str, str], ...]:
    collection = _COLLECTIONS.get(str(hub.get("id"))) if isinstance(hub, dict) else None
    own = _of_plugin(TASKS, name)
    return own if collection is None or collection in dict(own) else (*own, *_shipped([collection]))


def _of_model(label: str) -> tuple[tuple[str, str], ...]:
    """Return the entries of a model of the catalogue, which a label such as `minilm-l6[layers=4]` names."""
    known = CATALOGUE.get(name_of(label))
    return () if known is None else _shipped(known.cite)


def _shipped(keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((key, shipped()[key]) for key in keys)


def _tested(board: Board) -> bool:
    return any(found.p is not None for row in board.rows for found in row.comparisons)


def _has_shares(board: Board) -> bool:
    shares = (share for row in board.rows for share in (row.share, row.values_share, row.gain))
    return any(share is not None and share.low is not None for share in shares)


#: Every method of the statistics whose numbers a board can show: its name, its sources, and whether a board has any.
_TESTS: tuple[tuple[str, tuple[str, ...], Callable[[Board], bool]], ...] = (
    ("two-t test", ("fisher1935fiducial", "welch1938significance", "dorfman1992receiver"), _tested),
    (
        "Holm's correction",
        ("holm1979simple",),
        lambda board: any(c.p_board is not None for row in board.rows for c in row.comparisons),
    ),
    ("Fieller's intervals of ratios", ("fieller1954some",), _has_shares),
    (
        "jackknife",
        ("tukey1958bias", "busing1999delete"),
        lambda board: any(row.recomputed for row in board.rows),
    ),
    (
        "Pocock's level of planned looks",
        ("pocock1977group",),
        lambda board: any(standing.looks is not None and standing.looks.planned for standing in board.standings),
    ),
    (
        "restricted likelihood",
        ("patterson1971recovery",),
        lambda board: board.shared_scores is not None and board.shared_scores.rows > 0,
    ),
    (
        "rank sets",
        ("klein2020joint", "mogstad2024inference"),
        lambda board: any(row.ranks is not None for row in board.rows),
    ),
    (
        "signed-rank test over tasks",
        ("wilcoxon1945individual", "pratt1959remarks"),
        lambda board: any(method.p is not None for size in board.across for method in size.methods),
    ),
)
