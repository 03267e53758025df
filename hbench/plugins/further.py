"""Further sets: splits of other tasks that a trained model is evaluated on, such as ANLI for a model trained on SNLI.

A further set is a task of one evaluation split. It is told from a task's own splits by its label, the name of its task
and its split: `anli.test_r1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.plugins.references import join_reference
from hbench.plugins.registry import KINDS, TASKS, Named

if TYPE_CHECKING:
    from hbench.plugins import Task

#: Options of a task that only say which of its splits is evaluated, or what it trains on.
_SPLITS = ("evaluate", "train", "label_noise", "noise_seed")


def further_sets(reference: str) -> tuple[Named[Task], ...]:
    """Return the further sets that a task's reference stands for: one for each of its evaluation splits."""
    task = TASKS.find(reference)
    return tuple(
        TASKS.find(join_reference(task.name, {**task.options, "evaluate": split})) for split in task.plugin.splits()
    )


def further_label(found: Named[Task]) -> str:
    """Return what results and predictions call a further set, such as `anli.test_r1`."""
    options = {name: value for name, value in found.options.items() if name not in _SPLITS}
    return f"{join_reference(found.name, options)}.{found.plugin.splits()[0]}"


def is_own(task: Named[Task], found: Named[Task]) -> bool:
    """Return whether a further set is a split that a task's models are evaluated on anyway."""
    own = {further_label(split) for split in further_sets(task.ref)}
    return further_label(found) in own


def check_judges(task: Named[Task], found: Named[Task]) -> None:
    """Raise UsageError naming a task and a further set that its models cannot be judged on."""
    kinds = task.plugin.kind, found.plugin.kind
    if kinds[0] != kinds[1]:
        raise UsageError(
            f"a model trained on '{task.ref}' ({kinds[0]}) cannot be judged on '{found.ref}' ({kinds[1]}); "
            "name a task of the same kind, or leave it out"
        )
    if not KINDS.find(kinds[0]).plugin.judges(task.plugin, found.plugin):
        own, other = (", ".join(named.plugin.labels) for named in (task, found))
        raise UsageError(
            f"a model trained on '{task.ref}' (classes {own}) cannot be judged on '{found.ref}' (classes {other}); "
            "name a task with the same classes in the same order, or leave it out"
        )
