"""Score jobs: a scorer gets what it declared, and what it gives back is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import rankdata
from support.finished_jobs import TRAINED

from hbench import Scorer, dynamics, observe, scorer
from hbench.errors import TrainingFailed, UsageError
from hbench.jobs.integrity import write_result
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.jobs.score import run_score
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef
from hbench.jobs.store import Store
from hbench.plugins import registry

TASK = TaskRef("t", {}, {})
RUNS = [FineTune(TASK, ModelRef("m", {}), Recipe(), seed, {"train": Watch()}) for seed in (1, 2)]
IDS = ["a", "b", "c"]
SEEN: list[xr.Dataset] = []


@dataclass(frozen=True)
class Probe(Scorer):
    """Remembers what it is given; `give` says what it answers."""

    give: str = "right"
    needs = observe("el2n", epochs=(2,))

    def score(self, dynamics: xr.Dataset) -> Any:
        SEEN.append(dynamics)
        right = dynamics["el2n"].mean(("run", "epoch"))
        if self.give == "refusal":
            raise UsageError("probe[give=refusal]: two runs are too few")
        return {
            "right": right,
            "turned": right.isel(example=[2, 1, 0]),
            "short": right.isel(example=[0, 1]),
            "infinite": right * np.inf,
            "numpy": right.to_numpy(),
        }[self.give]

    def natural(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
        return scores > 0


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(registry.SCORERS, "_added", {"probe": Probe})
    SEEN.clear()
    made = Store(tmp_path / "store")
    rng = np.random.default_rng(0)
    for run in RUNS:
        with made.writing(run) as folder:
            values = {name: rng.random((1, 3, 3), dtype=np.float32) for name in ("el2n", "loss")}
            found = dynamics.from_arrays(ids=IDS, runs=[run.seed], label=[0, 1, 0], length=[4, 5, 6], **values)
            dynamics.save(folder / "dynamics.nc", {"train": found})
            np.savez(folder / "examples.npz", id=np.array(IDS), label=np.array([0, 1, 0]), length=np.array([4, 5, 6]))
            write_result(folder, TRAINED)
    return made


def job(give: str = "right", draw: int | None = None) -> Score:
    keys = tuple(run.key for run in RUNS)
    return Score(TASK, "probe", {"give": give}, "digest", keys[0], keys, "train", draw)


def test_a_scorer_sees_what_it_declared_and_no_more(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    run_score(replace(job(), draw=77), store, folder)
    seen = SEEN[0]
    assert set(seen.data_vars) == {"el2n", "label", "length"}  # the runs hold `loss` as well
    assert seen["epoch"].to_numpy().tolist() == [2]
    assert seen["run"].to_numpy().tolist() == [1, 2]
    assert seen.attrs == {"capture": "train", "draw": 77}
    with np.load(folder / "scores.npz") as written:
        np.testing.assert_allclose(written["score"], seen["el2n"].to_numpy().mean((0, 1)), rtol=1e-6)
        assert written["natural"].tolist() == [True, True, True]


@pytest.mark.parametrize(
    ("give", "said"),
    [
        ("turned", "another order of examples"),
        ("short", "expected one number per example"),
        ("infinite", "3 scores that are not finite, first at example a"),
        ("numpy", "gave a ndarray"),
        ("refusal", "two runs are too few"),
    ],
)
def test_what_is_no_score_is_a_failed_cell_that_says_why(store: Store, tmp_path: Path, give: str, said: str) -> None:
    with pytest.raises(TrainingFailed, match=said):
        run_score(job(give), store, tmp_path)


def test_texts_are_given_to_a_scorer_that_asks_and_have_to_be_of_the_same_examples(
    store: Store, tmp_path: Path
) -> None:
    asked: list[str] = []

    def read(task: TaskRef) -> dict[str, str]:
        asked.append(task.ref)
        return dict(zip(IDS, ("good film", "good plot", "bad"), strict=True))

    examples = RUNS[0].key
    texts = Score(TASK, "tfidf", {}, "digest", examples)
    folder = tmp_path / "job"
    folder.mkdir()
    run_score(texts, store, folder, read)
    with np.load(folder / "scores.npz") as written:
        expected = scorer("tfidf").score(dynamics.from_arrays(ids=IDS, text=["good film", "good plot", "bad"]))
        assert written["score"].tolist() == expected.values.tolist()
    assert asked == ["t"]
    with pytest.raises(TrainingFailed, match="are of other examples"):
        run_score(texts, store, folder, lambda task: {"a": "x", "c": "y", "b": "z"})
    with pytest.raises(TrainingFailed, match="reads texts"):
        run_score(texts, store, folder)
    run_score(job(), store, folder, read)
    assert asked == ["t"]  # nobody else's texts are read


def test_a_combination_reads_what_each_scorer_in_it_declared(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    combined = replace(job(), scorer="rank-mean(probe,length,probe[give=right])", options={}, capture=None)
    run_score(combined, store, folder)
    assert all(set(seen.data_vars) == {"el2n", "label", "length"} for seen in SEEN)
    values = SEEN[0]["el2n"].mean(("run", "epoch")).to_numpy()
    ranks = [rankdata(values), rankdata([4, 5, 6]), rankdata(values)]
    with np.load(folder / "scores.npz") as written:
        np.testing.assert_allclose(written["score"], np.mean(ranks, axis=0) / 3)
        np.testing.assert_array_equal(written["preference"], written["score"])
        assert "natural" not in written
    with pytest.raises(TrainingFailed, match="expected one number per example"):
        run_score(replace(combined, scorer="rank-mean(length,probe[give=short])"), store, folder)
