"""Running one score job: the dynamics of finished runs in, one number and one rank per example out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from hbench import dynamics
from hbench.dynamics.signals import TEXT
from hbench.dynamics.stored import StoredRuns
from hbench.errors import TrainingFailed, UsageError
from hbench.jobs.integrity import write_result
from hbench.jobs.result import ScoreResult
from hbench.jobs.spec import Score, TaskRef
from hbench.jobs.store import Store, write_arrays
from hbench.plugins import Combination, Observation, Scorer, at_epochs
from hbench.plugins.composed import combined
from hbench.plugins.recording import why_unrecorded
from hbench.plugins.references import with_options
from hbench.plugins.registry import SCORERS, TASKS, Named
from hbench.plugins.scoring import Scored, score_blocks

#: Planted types of training examples whose detection is measured, against the clean ones.
PLANTED = ("mislabelled", "ambiguous", "redundant")


#: Returns the text of every training example of a task by its id, in the order of the examples.
ReadTexts = Callable[[TaskRef], Mapping[str, str]]


def run_score(job: Score, store: Store, folder: Path, read_texts: ReadTexts | None = None) -> None:
    """Score the examples and write scores.npz (id, score, preference, natural), log.txt and result.json to `folder`.

    read_texts: called once for a scorer that reads texts, which are in no file of a training.
    Raises TrainingFailed, so that the cell is shown as failed, when the runs lack a signal that the scorer reads, or
    the scores cannot be right: see `score_blocks`.
    """
    named = SCORERS.find(with_options(job.scorer, {**job.options, **(job.files or {})}))
    examples = store.arrays("finetune", job.examples, "examples.npz")
    if named.plugin.reads_texts():
        examples[TEXT] = _texts(job, examples["id"].astype(str), read_texts)
    runs = len(job.runs)
    with ExitStack() as opened:
        try:
            scored = _scored(job, named, store, examples, opened)
        except UsageError as error:  # a scorer at fault, or an option that does not suit the number of runs or epochs
            raise TrainingFailed(str(error)) from error
    arrays: dict[str, npt.NDArray[Any]] = {
        "id": examples["id"],
        "score": scored.scores.astype(np.float64, copy=False),
        "preference": scored.preference.astype(np.float64, copy=False),
    }
    if scored.natural is not None:
        arrays["natural"] = scored.natural.astype(bool, copy=False)
    write_arrays(folder / "scores.npz", arrays)
    lines = [f"{job.scorer}: {len(examples['id'])} examples, {runs} runs", *scored.notes]
    (folder / "log.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    write_result(folder, ScoreResult(find_planted(arrays["preference"], examples.get("planted"))))


def _scored(
    job: Score, scorer: Named[Scorer], store: Store, examples: dict[str, npt.NDArray[Any]], opened: ExitStack
) -> Scored:
    """Return the scores of a scorer; a combination makes its own of those of the scorers that it is made of."""
    if not isinstance(scorer.plugin, Combination):
        read = _reader(job, scorer, store, examples, opened)
        return score_blocks(scorer.plugin, read, len(examples["id"]), len(job.runs))
    parts = [_scored(job, part, store, examples, opened) for part in scorer.parts]
    preferences = [part.preference.astype(np.float64) for part in parts]
    made = combined(scorer.plugin, preferences, examples["id"].astype(str))
    return replace(made, notes=(*(note for part in parts for note in part.notes), *made.notes))


def find_planted(preference: npt.NDArray[np.float64], planted: npt.NDArray[Any] | None) -> dict[str, float] | None:
    """Return, by planted type, the AUROC of the order of keeping at telling these examples from the clean ones.

    0..1; 0.5 is a random order, above it they are kept first, below it dropped first. None without planted truth.
    """
    if planted is None:
        return None
    clean = preference[planted == "clean"]
    found = {}
    for planted_type in PLANTED:
        marked = preference[planted == planted_type]
        if len(marked) and len(clean):
            found[planted_type] = _auroc(marked, clean)
    return found


def _auroc(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> float:
    """Return the Mann-Whitney form of the area under the ROC curve, ties counted half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    equal = np.searchsorted(ordered, positive, side="right") - below
    return float((below + 0.5 * equal).sum() / (len(positive) * len(negative)))


def _reader(
    job: Score, scorer: Named[Scorer], store: Store, examples: dict[str, npt.NDArray[Any]], opened: ExitStack
) -> Callable[[int, int], xr.Dataset]:
    """Return what reads the dynamics of the examples from one position up to another.

    They hold what the scorer declared that it needs, and no more: what others asked for must not change its scores.
    """
    observation, draw = scorer.plugin.observation(), job.draw or 0
    if not job.runs or observation is None:
        wanted = scorer.plugin.reads_texts()
        return lambda start, stop: _known(examples, start, stop, draw, texts=wanted)
    for run in job.runs:
        _check_same_examples(store, run, job.examples, examples["id"])
    paths = [store.folder("finetune", run) / "dynamics.nc" for run in job.runs]
    stored = opened.enter_context(StoredRuns(paths, job.capture or observation.at, examples["id"]))
    absent = stored.absent(observation.signals)
    if absent is not None:
        raise TrainingFailed(_why_absent(job, scorer, absent))

    def read(start: int, stop: int) -> xr.Dataset:
        return declared(stored, observation, start, stop).assign_attrs(draw=draw)

    return read


def declared(stored: StoredRuns, observation: Observation, start: int, stop: int) -> xr.Dataset:
    """Return what an observation asks of runs, and `label` and `length`, of the examples from `start` up to `stop`.

    Raises UsageError for an epoch that a run does not hold.
    """
    runs = stored.read(start, stop, [*observation.signals, "label", "length"])
    epochs = observation.epochs
    joined = dynamics.join_runs(runs if epochs is None else [at_epochs(run, *epochs) for run in runs])
    return stored.with_ids(joined, start, stop)


def _known(examples: dict[str, npt.NDArray[Any]], start: int, stop: int, draw: int, *, texts: bool) -> xr.Dataset:
    """Return what is known of examples without any training."""
    part = slice(start, stop)
    return dynamics.from_arrays(
        ids=examples["id"][part].tolist(),
        label=examples["label"][part],
        length=examples["length"][part],
        text=examples[TEXT][part].tolist() if texts else None,
        draw=draw,
    )


def _texts(job: Score, ids: npt.NDArray[np.str_], read_texts: ReadTexts | None) -> npt.NDArray[np.object_]:
    """Return the text of every example, in the order of `ids`."""
    if read_texts is None:
        raise TrainingFailed(f"{job.scorer} reads texts, and this executor gives none; use another one")
    texts = read_texts(job.task)
    if list(texts) != ids.tolist():
        raise TrainingFailed(f"the texts of {job.task.ref} are of other examples than the run {job.examples[:12]}")
    return np.array(list(texts.values()), dtype=object)


def _check_same_examples(store: Store, run: str, other: str, ids: npt.NDArray[np.str_]) -> None:
    """Raise TrainingFailed when a run is not of the examples that are scored: equal digests spare reading its ids."""
    if run == other or store.digest("finetune", run, "examples.npz") == store.digest("finetune", other, "examples.npz"):
        return
    if not np.array_equal(store.arrays("finetune", run, "examples.npz")["id"], ids):
        raise TrainingFailed(f"the scoring run {run[:12]} is of other examples than the run {other[:12]}; run it again")


def _why_absent(job: Score, scorer: Named[Scorer], signal: str) -> str:
    reason = why_unrecorded(scorer, TASKS.find(job.task.ref))
    return reason or (
        f"{scorer.ref} reads the signal '{signal}', which the runs of task '{job.task.ref}' did not record; "
        "plan the suite again"
    )
