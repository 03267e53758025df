"""Score jobs by blocks of examples: the same bits as scoring everything at once, whatever the size of a block."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.finished_jobs import TRAINED
from support.random_dynamics import random_dynamics

from hbench import dynamics
from hbench.errors import DataError, TrainingFailed
from hbench.jobs.integrity import write_result
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.jobs.score import run_score
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef
from hbench.jobs.store import Store
from hbench.plugins import at_epochs, scoring
from hbench.plugins.registry import SCORERS

SEEDS = (3, 4, 5)
EXAMPLES = 203
RUNS = [FineTune(TaskRef("t", {}, {}), ModelRef("m", {}), Recipe(), seed, {"train": Watch()}) for seed in SEEDS]
#: Every built-in scorer that reads dynamics, with options that change its formula.
REFERENCES = (
    "h-score",
    "h-score[order=middle,remove=0]",
    "forgetting",
    "forgetting[never=infinite]",
    "cartography",
    "cartography[region=hard]",
    "cartography[pooled=true]",
    "cartography[burn_out=2]",
    "el2n",
    "el2n[epoch=2]",
    "grand",
    "grand[scope=last,epoch=3]",
)


def observed(seed: int, examples: int = EXAMPLES, shift: int = 0):
    """Return the dynamics of one run at both capture points; all runs are of the same examples."""
    made = random_dynamics(seed=seed, runs=1, examples=examples).assign_coords(run=[seed])
    known = random_dynamics(seed=99, examples=examples)
    ids = np.roll(known["example"].to_numpy().astype(str), shift)
    return made.assign_coords(example=ids).assign(label=known["label"].variable, length=known["length"].variable)


def finish(store: Store, run: FineTune, shift: int = 0) -> None:
    found = observed(run.seed, shift=shift)
    with store.writing(run) as folder:
        at = {point: found.assign_attrs(capture=point) for point in ("train", "epoch_end")}
        dynamics.save(folder / "dynamics.nc", at)
        ids = found["example"].to_numpy().astype(str)
        np.savez(folder / "examples.npz", id=ids, label=found["label"], length=found["length"])
        write_result(folder, TRAINED)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    for run in RUNS:
        finish(made, run)
    return made


def job(ref: str) -> Score:
    named = SCORERS.find(ref)
    asked = named.plugin.observation()
    name, _, options = ref.partition("[")
    given = dict(part.split("=") for part in options.rstrip("]").split(",") if part)
    keys = tuple(run.key for run in RUNS)
    if asked is None:
        return Score(RUNS[0].task, name, given, "digest", keys[0])
    return Score(RUNS[0].task, name, given, "digest", keys[0], keys, asked.at)


def scored(job: Score, store: Store, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    run_score(job, store, folder)
    with np.load(folder / "scores.npz") as written:
        return {name: written[name].tobytes() for name in written.files}


@pytest.mark.parametrize("ref", [*REFERENCES, "length", "length[keep=shortest]", "random"])
def test_blocks_of_any_size_give_the_bits_of_the_whole(
    ref: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scored(job(ref), store, tmp_path / "whole")
    for block in (50, 202):
        monkeypatch.setattr(scoring, "BLOCK", block)
        assert scored(job(ref), store, tmp_path / f"{block}") == whole


@pytest.mark.parametrize("ref", REFERENCES)
def test_a_score_job_gives_what_the_scorer_gives_for_the_joined_runs(ref: str, store: Store, tmp_path: Path) -> None:
    plugin = SCORERS.find(ref).plugin
    asked = plugin.observation()
    assert asked is not None
    runs = [dynamics.load(store.folder("finetune", run.key) / "dynamics.nc", asked.at) for run in RUNS]
    whole = dynamics.join_runs(runs if asked.epochs is None else [at_epochs(run, *asked.epochs) for run in runs])
    expected = plugin.score(whole)
    found = scored(job(ref), store, tmp_path / "job")
    assert found["score"] == expected.to_numpy().astype(np.float64).tobytes()
    assert found["preference"] == plugin.prefer(expected, len(RUNS)).to_numpy().tobytes()


def test_blocks_are_read_one_at_a_time(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    original = type(SCORERS.find("el2n").plugin).score
    monkeypatch.setattr(scoring, "BLOCK", 60)
    monkeypatch.setattr(scoring, "CHECKED", 10)
    monkeypatch.setattr(
        type(SCORERS.find("el2n").plugin),
        "score",
        lambda self, d: (sizes.append(d.sizes["example"]), original(self, d))[1],
    )
    scored(job("el2n"), store, tmp_path / "job")
    assert sizes[:4] == [50, 51, 51, 51]
    assert max(sizes[4:]) == 10


def test_runs_of_other_examples_are_refused(store: Store, tmp_path: Path) -> None:
    other = replace(RUNS[0], seed=77)
    finish(store, other, shift=1)
    wanted = job("el2n")
    with pytest.raises(TrainingFailed, match=f"{other.key[:12]} is of other examples"):
        scored(replace(wanted, runs=(*wanted.runs, other.key)), store, tmp_path / "job")


def test_a_capture_point_that_was_not_observed_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no dynamics captured at 'curriculum'"):
        scored(replace(job("el2n"), capture="curriculum"), store, tmp_path / "job")
