"""Results that could not be compared with those in the folder are refused before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hbench.experiment.bind import BoundExperiment, bind
from hbench.experiment.check import check_fit
from hbench.experiment.collect import outline
from hbench.experiment.plan import make_plan
from hbench.experiment.suite import Suite
from hbench.jobs.store import Store
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError
from hbench.results.folder import parse_cell, write_cell


def bound_to(scorer: str, folder: Path, **changes: object) -> list[BoundExperiment]:
    suite = Suite(
        name="mini",
        tasks=("planted-sentence[size=60]",),
        models=("tiny",),
        scorers=(scorer,),
        seeds=2,
        scoring_runs=1,
        eval_size=20,
        **changes,
    )
    store = Store(folder / "store")
    return [bind(experiment, suite, None, store) for experiment in make_plan(suite).experiments]


def cell_of(bound: list[BoundExperiment], method: str) -> CellResult:
    return next(cell for cell in outline(bound[0]) if cell.method == method)


def test_the_outline_names_every_row_and_reads_back(tmp_path: Path) -> None:
    cells = list(outline(bound_to("length", tmp_path)[0]))
    assert [cell.method for cell in cells] == ["full", "length", "random"]
    for cell in cells:
        assert cell.status == "failed"
        assert parse_cell(cell.dump(), "x.json") == cell


def test_an_empty_folder_and_results_of_the_same_suite_fit(tmp_path: Path) -> None:
    bound = bound_to("length", tmp_path)
    check_fit(bound, tmp_path / "results")
    for cell in outline(bound[0]):
        write_cell(cell, tmp_path / "results" / cell.path)
    check_fit(bound, tmp_path / "results")
    check_fit(bound_to("el2n", tmp_path), tmp_path / "results")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"recipe": {"epochs": 2}}, "recipe.epochs"),
        ({"margin": 0.02}, "margin"),
    ],
)
def test_another_version_is_named_and_nothing_is_trained(
    tmp_path: Path, changes: dict[str, object], named: str
) -> None:
    made = cell_of(bound_to("length", tmp_path, **changes), "length")
    write_cell(made, tmp_path / "results" / made.path)
    with pytest.raises(ResultError) as caught:
        check_fit(bound_to("el2n", tmp_path), tmp_path / "results")
    for part in (named, str(made.path), "Nothing was trained", "--results"):
        assert part in str(caught.value)


def test_other_weights_under_one_name_are_refused(tmp_path: Path) -> None:
    made = replace(cell_of(bound_to("length", tmp_path), "length"), model_source={"files": {"model.safetensors": "0"}})
    write_cell(made, tmp_path / "results" / made.path)
    with pytest.raises(ResultError, match="model_source"):
        check_fit(bound_to("el2n", tmp_path), tmp_path / "results")


def test_a_result_that_is_replaced_need_not_fit(tmp_path: Path) -> None:
    made = cell_of(bound_to("length", tmp_path, recipe={"epochs": 2}), "length")
    write_cell(made, tmp_path / "results" / made.path)
    check_fit(bound_to("length", tmp_path), tmp_path / "results")
