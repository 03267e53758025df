"""Taking the rows of a method off a board."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support.synthetic_results import small_board, write_all

from hbench.render.check import check
from hbench.render.publish import CSV, build
from hbench.render.remove import remove
from hbench.results.fields import ResultError
from hbench.results.folder import results_of

TASKS = ("dream[evaluate=validation]", "snli")


@pytest.fixture
def folder(tmp_path):
    write_all(small_board(tasks=TASKS, keeps=("0.3", "0.5")), tmp_path / "results")
    build(tmp_path / "results", tmp_path)
    return tmp_path


def rows(folder: Path) -> list[str]:
    return (folder / CSV).read_text().splitlines()


def test_a_method_goes_with_its_rows_and_is_not_missing(folder):
    done = remove(folder / "results", folder, "el2n")
    assert len(done.removed) == 4
    assert not any(path.exists() for path in done.removed)
    assert {result.method for result in results_of(folder / "results")} == {"full", "random", "h-score", "length"}
    assert not [row for row in rows(folder) if "el2n" in row or "missing" in row]
    assert check(folder / "results", folder).code == 0


def test_a_method_that_is_gone_has_no_share_in_the_scoring_bill(folder):
    def bills() -> dict[str, tuple[float, float]]:
        """Return what scoring costs each method that reads runs, shared and alone."""
        found = {row["method"]: row for row in csv.DictReader(rows(folder)) if float(row["cost_scoring_alone"] or 0)}
        return {m: (float(r["cost_scoring_shared"]), float(r["cost_scoring_alone"])) for m, r in found.items()}

    before = bills()
    assert {*before} == {"el2n", "h-score"}
    assert before["h-score"][0] < before["h-score"][1]
    remove(folder / "results", folder, "el2n")
    assert bills() == {"h-score": (before["h-score"][1],) * 2}


def test_only_from_the_task_that_is_named(folder):
    before = {r.cell for r in results_of(folder / "results")}
    done = remove(folder / "results", folder, "el2n", ["dream"])
    gone = before - {r.cell for r in results_of(folder / "results")}
    assert {(key.task, key.method) for key in gone} == {(TASKS[0], "el2n")}
    assert all(path.parent.parent.name.startswith("dream") for path in (*done.removed, *done.changed))
    assert check(folder / "results", folder).code == 0


@pytest.mark.parametrize(
    ("method", "tasks", "fragments"),
    [
        ("el2", (), ["no result of 'el2'", "`el2n`", "`h-score`"]),
        ("el2n", ("mnli",), ["`mnli`", "the tasks are", "`snli`"]),
        ("random", (), ["other rows are compared with 'random'"]),
        ("full", ("snli",), ["other rows are compared with 'full'"]),
    ],
)
def test_what_cannot_go_is_refused_and_nothing_changes(folder, method, tasks, fragments):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(ResultError) as caught:
        remove(folder / "results", folder, method, tasks)
    assert all(fragment in str(caught.value) for fragment in fragments)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
