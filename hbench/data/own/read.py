"""From the user's own rows to a task: which columns play which role, the classes there are, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hbench.data.own import classes
from hbench.data.own.roles import OwnSplit, Roles, RowRules
from hbench.data.own.saved import as_text
from hbench.data.own.source import WHOLE, Origin, open_table, stem_of
from hbench.data.own.task import OwnTask, own_task
from hbench.plugins import Task
from hbench.plugins.registry import KINDS, TASKS, Named

#: What the splits are called.
TRAIN, EVALUATION = "train", "validation"


@dataclass(frozen=True)
class OwnRows:
    """What the user says of rows of their own."""

    #: A path, the id of a data set on the hub, or what `open_table` takes from Python.
    data: Any
    #: The same of rows to evaluate on, None for none.
    evaluation: Any = None
    kind: str = "classification"
    #: Role -> column, or several; a role that is not named is the column of its own name.
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    #: Column of ids; None to number the rows from 0.
    id: str | None = None
    #: Label of rows that have none; None where every row has one.
    unlabelled: str | None = None
    #: Name of the metric, None for that of the kind.
    metric: str | None = None
    origin: Origin = WHOLE
    #: What the task is called; None for the name of the file.
    name: str | None = None


@dataclass(frozen=True)
class OwnTaskRows:
    """A task made of the user's own rows."""

    task: Named[Task]
    train: OwnSplit
    evaluation: OwnSplit | None
    #: What is good to know before anything is trained, a line each.
    notes: tuple[str, ...]


def read_own(rows: OwnRows, rules: Callable[[str], RowRules]) -> OwnTaskRows:
    """Read the user's rows, check all of them, and register the task that they make.

    rules: gives the kind of task of a name. Raises DataError naming file, line and fix for rows at fault, UsageError
    for a role, a kind or a name that cannot be.
    """
    kind = KINDS.find(rows.kind).plugin
    roles = Roles(kind, rows.kind, rows.columns, rows.id, rows.unlabelled)
    table = open_table(rows.data, rows.origin)
    attributes = {"kind": rows.kind, **roles.attributes(table)}
    attributes |= {} if rows.metric is None else {"metric": rows.metric}
    train = roles.split(table, attributes, rules(rows.kind))
    splits = {TRAIN: train}
    if rows.evaluation is not None:
        splits[EVALUATION] = roles.split(open_table(rows.evaluation, rows.origin, "eval"), attributes, rules(rows.kind))
    attributes |= {
        "train_split": TRAIN,
        "eval_splits": tuple(splits)[1:],
        "columns": train.own_layout(),
        "texts": {split: as_text(part.own_columns()) for split, part in splits.items()},
        "examples": len(train.examples),
        "notes": tuple(_notes(train, splits.get(EVALUATION))),
    }
    name = rows.name or _free_name(stem_of(rows.data))
    own_task(name, attributes)
    return OwnTaskRows(TASKS.find(name), train, splits.get(EVALUATION), attributes["notes"])


def _free_name(stem: str) -> str:
    """Return the name of a file as that of a task, with `own-` before it where an installed task has it."""
    taken = stem in TASKS.names() and not issubclass(TASKS.load(stem), OwnTask)
    return f"own-{stem}" if taken or not stem[0].isalnum() else stem


def _notes(train: OwnSplit, evaluation: OwnSplit | None) -> Iterator[str]:
    """Yield what is good to know of rows that are read without a fault."""
    for part in (train, evaluation):
        if part is None:
            continue
        counts = part.counts()
        of = "" if counts is None else f"; classes: {classes.listed(part.labels, counts)}"
        yield f"{part.table.place}: {len(part.examples):,} examples{of}"
        if left_out := part.table.size - len(part.examples):
            yield f"{part.table.place}: {left_out:,} row{'' if left_out == 1 else 's'} without a label left out"
    texts = Counter(train.texts())
    if repeated := len(train.examples) - len(texts):
        labelled = len(set(zip(train.texts(), train.golds(), strict=True))) - len(texts)
        other = f", {labelled:,} of them with another label" if labelled else ""
        yield f"{train.table.place}: {repeated:,} examples repeat the text of an earlier one{other}"
    if evaluation is not None and (both := sum(text in texts for text in evaluation.texts())):
        yield f"{evaluation.table.place}: {both:,} examples have the text of a training example, so they test memory"
