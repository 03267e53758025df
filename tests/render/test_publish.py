"""Writing new results beside those that are there: all of them and the board, or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.boards import files
from support.synthetic_results import cell, small_board, write_all

from hbench.board.board import Board
from hbench.plugins.registry import TASKS
from hbench.render.check import check
from hbench.render.publish import CSV, HTML, MARKDOWN, publish
from hbench.results.cell import Subset
from hbench.results.fields import ResultError
from hbench.results.folder import read_cell, results_of

OLD = tuple(small_board(tasks=("snli",), keeps=("0.3",)))
NEW = tuple(small_board(tasks=("mnli",), keeps=("0.3",)))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(tmp_path):
    """A folder with results and their board."""
    publish(OLD, tmp_path / "results", tmp_path / "board")
    return tmp_path


def test_new_results_stand_beside_the_old_ones(place):
    changed = replace(OLD[1], planted={"mislabelled": 0.5})
    board = publish([*NEW, changed], place / "results", place / "board")
    expected = sorted([*NEW, changed, *(c for c in OLD if c.cell != changed.cell)], key=lambda c: c.cell)
    assert results_of(place / "results") == list(board.results) == expected
    assert files(board) == files(Board.of(expected))
    assert check(place / "results", place / "board").code == 0


def test_results_that_do_not_fit_overwrite_none_that_do(place):
    before = contents(place)
    other = [replace(c, recipe={**c.recipe, "epochs": 9}) for c in OLD[1:3]]
    with pytest.raises(ResultError) as caught:
        publish([*NEW, *other], place / "results", place / "board")
    assert "differ in 'recipe." in str(caught.value)
    assert "name another folder with --results" in str(caught.value)
    assert contents(place) == before
    publish(other, place / "elsewhere", place / "elsewhere")


def test_nothing_is_written_when_one_cell_would_not_be_read_back(place):
    before = contents(place)
    wrong = replace(NEW[1], subset=Subset((9000,) * 6, 0.3, {}))
    with pytest.raises(ResultError, match="exceeds data"):
        publish([NEW[0], wrong], place / "results", place / "board")
    assert contents(place) == before


def test_results_and_board_are_replaced_together_or_not_at_all(place, monkeypatch):
    """Whichever write fails, nothing has changed; when none does, everything has."""
    changed = replace(OLD[1], planted={"mislabelled": 0.5})
    before, real, fails_at = contents(place), Path.replace, 0
    while True:
        fails_at += 1
        calls = []

        def fail(draft, target, calls=calls, fails_at=fails_at):
            calls.append(target)
            if len(calls) == fails_at:
                raise OSError(28, "No space left on device")
            return real(draft, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", fail)
            try:
                publish([*NEW, changed], place / "results", place / "board")
            except ResultError as error:
                assert "No space left" in str(error)
                assert str(place) in str(error)
                assert contents(place) == before
            else:
                break
    assert fails_at > len(NEW) + 4  # every result, the three files of the board and a figure
    assert check(place / "results", place / "board").code == 0


def test_a_file_that_is_replaced_need_not_be_readable(place):
    path = place / "results" / OLD[1].path
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 1}))
    publish([OLD[1]], place / "results", place / "board")
    assert read_cell(path) == OLD[1]
    path.write_text("{")
    with pytest.raises(ResultError, match=r"is not JSON.*--results"):
        publish([OLD[2]], place / "results", place / "board")


def test_a_cell_never_lands_on_another_one_or_twice(place):
    alike = replace(cell(method="el2n"), method="el2n.", compared=("el2n.", "random"))
    assert alike.path != cell(method="el2n").path
    usual = place / "results" / cell(method="el2n").path
    text = usual.read_text()
    usual.write_text(alike.dump())  # by hand: no cell's own file is called like another's
    with pytest.raises(ResultError, match="would hold two cells"):
        publish([cell(method="el2n")], place / "results", place / "board")
    usual.write_text(text)
    with pytest.raises(ResultError, match="hold the same cell"):
        publish([cell(method="el2n")] * 2, place / "new", place / "new")
    before = contents(place)
    moved = place / "results/moved.json"
    (place / "results" / OLD[1].path).rename(moved)
    with pytest.raises(ResultError, match=r"moved\.json hold the same cell|moved\.json and .* hold the same cell"):
        publish([OLD[1]], place / "results", place / "board")
    moved.rename(place / "results" / OLD[1].path)
    assert contents(place) == before


def test_a_run_writes_its_cells_and_the_board_through_it(tmp_path, monkeypatch):
    """The engine's own last step, with the trainings left out."""
    from hbench.experiment import run

    bound = SimpleNamespace(full_runs=dict, ready_scores=lambda store: {})
    pruned = SimpleNamespace(jobs=dict, reasons=dict)
    planned = SimpleNamespace(task=SimpleNamespace(ref="snli", plugin=TASKS.find("snli").plugin))
    monkeypatch.setattr(run, "make_plan", lambda suite: SimpleNamespace(experiments=[planned]))
    monkeypatch.setattr(run, "check_run", lambda *_, **__: None)
    monkeypatch.setattr(run, "check_fit", lambda *_: None)
    monkeypatch.setattr(run, "bind", lambda *_: bound)
    monkeypatch.setattr(run, "prune", lambda *_: pruned)
    made = list(OLD)
    monkeypatch.setattr(run, "collect", lambda *_: made)
    suite = SimpleNamespace(overridden=lambda **_: suite, executor="inline")
    folders = {"store": tmp_path / "store", "results": tmp_path / "results", "out": tmp_path / "board"}
    report = run.run_suite(suite, **folders, device="cpu")
    assert report.board.startswith("Summary: 30 % kept, minilm, equal-epochs\n")
    assert report.page == tmp_path / "board" / HTML
    assert {MARKDOWN, CSV, HTML} <= {path.name for path in (tmp_path / "board").iterdir()}
    before = contents(tmp_path)
    made[:] = [*NEW, replace(OLD[1], model_source={"files": {}})]
    with pytest.raises(ResultError, match="--results"):
        run.run_suite(suite, **folders, device="cpu")
    assert contents(tmp_path) == before


def test_what_is_written_is_what_write_all_writes(place, tmp_path):
    write_all(OLD, tmp_path / "plain")
    assert contents(tmp_path / "plain") == contents(place / "results")
