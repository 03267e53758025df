"""Scoring and pruning from Python, in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hbench.data.own.read import OwnRows, read_own
from hbench.data.own.roles import OwnSplit, split_by_ids
from hbench.data.own.source import Origin, open_table
from hbench.errors import UsageError
from hbench.experiment.own.suite import MODEL
from hbench.experiment.seeds import PUBLISHED_SEEDS
from hbench.kinds import find_kind
from hbench.own.pruning import Choice, prune_examples
from hbench.own.scores import ID, Scores, load_scores
from hbench.own.scoring import RUNS, Running, compute_scores, plan_scores

if TYPE_CHECKING:
    from hbench.progress import Progress

#: What the parameter of a column takes.
Columns = str | Sequence[str]


def score(
    data: Any,
    *,
    scorers: Sequence[str],
    text: Columns | None = None,
    label: str | None = None,
    model: str = MODEL,
    runs: int = RUNS,
    kind: str = "classification",
    columns: Mapping[str, Columns] | None = None,
    id: str | None = None,
    unlabelled: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    split: str = "train",
    config: str | None = None,
    revision: str | None = None,
    store: Path | str = Running.store,
    executor: str = Running.executor,
    jobs: int | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Scores:
    """Return one number for each labelled row and scorer, from trainings that all scorers share.

    data: a `datasets.Dataset`, a pandas data frame, a list of dictionaries, a path, or the id of a data set on the hub.
    scorers: references such as `el2n` or `cartography[region=hard]`. text: a column, or two that are read as a pair.
    label: column of classes, texts or integers. columns: those of other kinds of task, by role. id: column of ids;
    without it rows are numbered from 0. unlabelled: the label of rows that have none. recipe: fields of
    `hbench.jobs.recipe.Recipe` to change. split, config, revision: of a data set on the hub. store: folder of finished
    trainings; what it holds is not trained again.
    Raises DataError for rows at fault, UsageError for names, TrainingFailed when a training fails.
    """
    roles = {role: _fixed(names) for role, names in (columns or {}).items()}
    roles |= {role: _fixed(names) for role, names in (("text", text), ("label", label)) if names is not None}
    rows = OwnRows(data, kind=kind, columns=roles, id=id, unlabelled=unlabelled, origin=Origin(split, config, revision))
    plan = plan_scores(rows, model, scorers, runs, recipe)
    return compute_scores(plan, Running(Path(store), executor, jobs, device), progress)


def prune(
    data: Any,
    scores: Scores | Mapping[str, float] | Path | str | Any,
    *,
    keep: float | None = None,
    natural: bool = False,
    by: str | None = None,
    balance: bool | None = None,
    offset: float | None = None,
    order: Literal["highest", "lowest"] | None = None,
    seed: int = PUBLISHED_SEEDS[0],
    id: str | None = None,
    label: str | None = None,
    out: Path | str | None = None,
    split: str = "train",
) -> Any:
    """Return the rows that are kept, in their order and in the type of `data`.

    scores: what `score` returned, a file of it, a data frame with a column `id`, or numbers by id. keep: share of the
    examples, 0 < keep <= 1; natural: the scorer's own subset instead. by: the column of scores, where there are
    several. balance: select within each class. offset: share dropped first from the preferred end. order: which end is
    kept, for a column that is no scorer's. seed: training seed whose order breaks ties. id, label: columns, where the
    scores do not say them. out: where to write the rows of data named by a path; the path is returned.
    Raises DataError naming ids that do not match, UsageError for a choice that cannot be made.
    """
    if natural == (keep is not None):
        raise UsageError("give either the share to keep, as keep=0.3, or natural=True for the scorer's own subset")
    given = as_scores(scores)
    train = matching_rows(data, given, id=id, label=label, unlabelled=None, origin=Origin(split))
    chosen = prune_examples(train, given, Choice(by or given.only(), keep, order, balance, offset, seed))
    if not isinstance(data, str | Path):
        return train.table.part(chosen.rows)
    if out is None:
        raise UsageError("data named by a path are written to a file; give its name as out=")
    train.table.write(chosen.rows, Path(out))
    return Path(out)


def as_scores(scores: Any) -> Scores:
    """Return scores in whatever form they are given. Raises UsageError for what is none."""
    if isinstance(scores, Scores):
        return scores
    if isinstance(scores, str | Path):
        return load_scores(scores)
    if isinstance(scores, Mapping):
        values = np.array([float(value) for value in scores.values()])
        return Scores(tuple(map(str, scores)), {}, {"score": values}, None)
    if hasattr(scores, "columns") and ID in scores.columns:
        numeric = {name: scores[name] for name in scores.columns if name != ID and scores[name].dtype.kind in "biuf"}
        columns = {str(name): column.to_numpy(dtype=np.float64) for name, column in numeric.items()}
        return Scores(tuple(map(str, scores[ID])), {}, columns, None)
    raise UsageError(
        f"scores: {type(scores).__name__} holds none; give what hbench.score returned, the path of a table, a data "
        f"frame with a column '{ID}', or numbers by id"
    )


def matching_rows(
    data: Any, scores: Scores, *, id: str | None, label: str | None, unlabelled: str | None, origin: Origin
) -> OwnSplit:
    """Return the rows that scores are of, read as they were when they were scored, as far as that is known."""
    made = scores.provenance
    if made is None:
        return split_by_ids(open_table(data, origin), id, label, unlabelled)
    rows = OwnRows(
        data,
        kind=made.kind,
        columns=made.layout(),
        id=id if id is not None else made.id,
        unlabelled=unlabelled if unlabelled is not None else made.unlabelled,
        origin=origin,
    )
    return read_own(rows, find_kind).train


def _fixed(names: Columns) -> str | tuple[str, ...]:
    return names if isinstance(names, str) else tuple(names)
