"""Score jobs: a scorer gets what it declared, and what it gives back is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support.finished_jobs import TRAINED

from hbench import Scorer, dynamics, observe
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
