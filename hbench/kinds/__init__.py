"""The kinds of task: what an example is, its loss, the signals it gives, and when it counts as correct.

A task names its kind; `find_kind` returns the `Kind` that does the rest for every architecture. Kinds are registered by
entry points of the group `hbench.kinds`, those here like any other.
"""

from __future__ import annotations

from pathlib import Path

from hbench.data.examples import Examples
from hbench.errors import UsageError
from hbench.jobs.spec import TaskRef
from hbench.kinds.base import Batch, Encoded, Evaluation, Kind, Trivial
from hbench.plugins import Head, Source, Task
from hbench.plugins.registry import KINDS, TASKS, Named

__all__ = ["Batch", "Encoded", "Evaluation", "Head", "Kind", "Trivial", "find_kind", "load_examples", "training_texts"]


def find_kind(name: str) -> Kind:
    """Return the kind that a task names.

    Raises UsageError for an unknown kind, naming the known ones, and for a registered class that is not a `Kind`.
    """
    kind = KINDS.find(name).plugin
    if not isinstance(kind, Kind):
        raise UsageError(
            f"kind of task '{name}' ({type(kind).__module__}:{type(kind).__name__}) cannot be trained; "
            "let it be a subclass of hbench.kinds.Kind"
        )
    return kind


def load_examples(
    task: Named[Task] | Task,
    split: str,
    *,
    source: Source,
    data_dir: Path | None,
    size: int | None,
    seed: int,
) -> Examples:
    """Read a split as `hbench.data.load.load_examples` does, its rows checked by the task's kind."""
    from hbench.data import load

    plugin = task.plugin if isinstance(task, Named) else task
    kind = find_kind(plugin.kind)
    return load.load_examples(
        task,
        split,
        source=source,
        data_dir=data_dir,
        size=size,
        seed=seed,
        kind=kind,
    )


def training_texts(ref: TaskRef) -> dict[str, str]:
    """Return the text of every training example of a job's task by the example's id, in the order of the examples.

    Raises DataError when the data are missing or have changed, UsageError for a kind that gives no texts.
    """
    task = TASKS.find(ref.ref)
    examples = load_examples(
        task,
        task.plugin.training(),
        source=ref.source,
        data_dir=None if ref.data_dir is None else Path(ref.data_dir),
        size=ref.train_size,
        seed=ref.sample_seed,
    )
    texts = find_kind(task.plugin.kind).example_texts(task.plugin, examples)
    return dict(zip(examples.ids, texts, strict=True))
