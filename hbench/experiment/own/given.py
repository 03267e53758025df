"""Scores and subsets made elsewhere, held against the examples that they are of before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.data.own.task import OwnTask, own_folder
from hbench.errors import HbenchError, UsageError
from hbench.plugins import GivenScorer, Task
from hbench.plugins.registry import scored, with_parts

if TYPE_CHECKING:
    from hbench.experiment.plan import Experiment
    from hbench.experiment.suite import Suite
    from hbench.plugins import Scorer
    from hbench.plugins.registry import Named


def check_given(experiments: Iterable[Experiment], suite: Suite, data_dir: Path | None, *, fetch: bool) -> None:
    """Match the files of every such scorer with the ids of every task.

    fetch: read tasks on the hub too. Raises DataError naming the scorer, the task, the file and the ids that do not
    match, and a subset of another size than a share that is to be kept.
    """
    known: dict[str, list[str]] = {}
    for experiment in experiments:
        methods = {method.ref: method for method in (*experiment.methods, *experiment.scored())}
        given = [scored(method) for method in methods.values() if isinstance(scored(method).plugin, GivenScorer)]
        for method in methods.values():
            _check_parts(method)
        for method in given:
            _check_files(method, experiment)
        if not given or not (fetch or _at_hand(experiment.task.plugin, data_dir)):
            continue
        name = experiment.task.ref
        if name not in known:
            known[name] = _ids(experiment, suite, data_dir)
        for method in given:
            _check(method, experiment, known[name])


def _check_parts(method: Named[Scorer]) -> None:
    """Refuse a file among several scorers that are one: its content would not be part of the key of their job."""
    if any(part is not scored(method) and isinstance(part.plugin, GivenScorer) for part in with_parts(method)):
        raise UsageError(f"scorer '{method.ref}': scores from a file are not combined with others; combine them first")


def _check_files(method: Named[Scorer], experiment: Experiment) -> None:
    """Raise HbenchError naming the scorer where one of its files cannot be read."""
    assert isinstance(method.plugin, GivenScorer)
    for seed in _seeds(method.plugin, experiment):
        with _naming(method, experiment):
            method.plugin.digest(seed)


def _check(method: Named[Scorer], experiment: Experiment, ids: list[str]) -> None:
    """Raise HbenchError naming the scorer where a file does not match the ids, or a subset not the size to be kept."""
    from hbench.selection import count_for  # needs numpy, which most plans do without

    scorer = method.plugin
    assert isinstance(scorer, GivenScorer)
    compared = scorer.whole and method in experiment.methods and not experiment.diagnosed
    shares = [keep.share for keep in experiment.keeps if keep.share is not None and compared]
    for seed in _seeds(scorer, experiment):
        with _naming(method, experiment):
            count = scorer.check(ids, seed)
            for share in shares:
                if count_for(share, len(ids)) != count:
                    raise UsageError(
                        f"{scorer.file(seed)} names {count:,} of {len(ids):,} examples, and a share of {share} is "
                        f"{count_for(share, len(ids)):,}; keep its own size with --keep '{method.ref}'"
                    )


def _seeds(scorer: GivenScorer, experiment: Experiment) -> tuple[int, ...]:
    return experiment.seeds if scorer.fresh else experiment.seeds[:1]


@contextmanager
def _naming(method: Named[Scorer], experiment: Experiment) -> Iterator[None]:
    try:
        yield
    except HbenchError as error:
        raise type(error)(f"scorer '{method.ref}', task '{experiment.task.ref}': {error}") from None


def _at_hand(task: Task, data_dir: Path | None) -> bool:
    return data_dir is not None or type(task).rows is not Task.rows or isinstance(task, OwnTask)


def _ids(experiment: Experiment, suite: Suite, data_dir: Path | None) -> list[str]:
    """Return the ids of the training examples, in the sample that the suite draws."""
    import tempfile  # plans without such scorers do without it

    from hbench.data.load import describe_source
    from hbench.kinds import load_examples

    task = experiment.task
    with tempfile.TemporaryDirectory() as own:
        folder = own_folder(task.plugin, task.name, Path(own)) or data_dir
        return load_examples(
            task,
            task.plugin.training(),
            source=describe_source(task.plugin, folder, task.name),
            data_dir=folder,
            size=suite.sizes_for(task)["train_size"],
            seed=suite.sample_seed,
        ).ids
