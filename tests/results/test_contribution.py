"""What a change does to a folder of results, and what a new result may not lack."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from support.synthetic_results import cell, small_board, write_all

from hbench.results.contribution import contribution_of

CELLS = small_board(tasks=("snli",), keeps=("0.3",))
NEW = cell("snli", "grand", compared=("el2n", "grand", "h-score", "length", "random"))


@pytest.fixture
def folders(tmp_path):
    return write_all(CELLS, tmp_path / "before"), write_all(CELLS, tmp_path / "after")


def test_nothing_changed(folders):
    found = contribution_of(*folders)
    assert (found.added, found.removed, found.replaced, found.faults) == ((), (), (), ())


def test_what_came_went_and_was_replaced(folders):
    before, after = folders
    write_all([NEW], after)
    gone, other = CELLS[1].path, CELLS[2]
    (after / gone).unlink()
    write_all([replace(other, planted={"mislabelled": 0.5})], after)
    found = contribution_of(before, after)
    assert (found.added, found.removed, found.replaced, found.faults) == ((NEW.path,), (gone,), (other.path,), ())
    assert contribution_of(before / "none", after).added == tuple(
        sorted([NEW.path, *(c.path for c in CELLS[2:]), CELLS[0].path])
    )
    assert contribution_of(before, after / "none").removed == tuple(sorted(c.path for c in CELLS))


def test_a_cell_is_replaced_under_another_name_too(folders):
    """A second file of the cell beside the first, or in its stead, is no new result."""
    before, after = folders
    other = replace(CELLS[2], planted={"mislabelled": 0.5})
    (after / CELLS[2].path).unlink()
    (after / "moved.json").write_text(other.dump())
    found = contribution_of(before, after)
    assert found.replaced == (Path("moved.json"),)
    assert found.added == found.removed == ()
    assert "belongs at" in found.faults[0]
    (after / "moved.json").write_text(CELLS[2].dump())
    found = contribution_of(before, after)
    assert found.replaced == found.added == found.removed == ()
    assert "moved.json: belongs at snli/minilm/" in found.faults[0]


def test_all_files_that_cannot_be_read_are_named(folders):
    before, after = folders
    (after / CELLS[1].path).write_text("{")
    (after / CELLS[2].path).write_text(CELLS[2].dump().replace('"schema": 2', '"schema": 1'))
    found = contribution_of(before, after)
    assert len(found.faults) == 2
    assert {str(CELLS[1].path), str(CELLS[2].path)} == {
        next(str(c.path) for c in CELLS if str(c.path) in fault) for fault in found.faults
    }
    assert found.replaced == tuple(sorted([CELLS[1].path, CELLS[2].path]))


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        ({"protocol": 2}, ("follows protocol 2, the results here protocol 1", "board of its own")),
        ({"recipe": {}}, ("recipe is empty",)),
        ({"model_source": {}}, ("model_source names neither files",)),
        ({"model_source": {"files": {"model.safetensors": "abc"}}}, ("no sha256 of 'model.safetensors'",)),
        ({"model_source": {"hub": "a/b", "revision": "main"}}, ("names no commit of 'a/b'",)),
        ({"data": replace(NEW.data, eval_digest="short")}, ("data.eval_digest = 'short' is no sha256",)),
        ({"data": replace(NEW.data, source={"hub": "a/b", "revision": None})}, ("data.source names no commit",)),
        ({"data": replace(NEW.data, source={"embedded": "x"})}, ("no sha256 of the embedded rows",)),
    ],
)
def test_what_says_too_little_of_itself_is_not_accepted(folders, change, fragments):
    before, after = folders
    write_all([replace(NEW, **change)], after)
    found = contribution_of(before, after)
    assert len(found.faults) == 1
    for fragment in (str(after / NEW.path), *fragments):
        assert fragment in found.faults[0]


def test_a_built_in_model_and_a_commit_on_the_hub_say_enough(folders):
    before, after = folders
    write_all([replace(NEW, model_source={"builtin": "tiny", "version": 1})], after)
    assert contribution_of(before, after).faults == ()
    write_all([replace(NEW, model_source={"hub": "a/b", "revision": "f" * 40})], after)
    assert contribution_of(before, after).faults == ()


def test_a_link_is_not_a_result(folders, tmp_path):
    before, after = folders
    (tmp_path / "secret.json").write_text(NEW.dump())
    (after / NEW.path).parent.mkdir(parents=True, exist_ok=True)
    os.symlink(tmp_path / "secret.json", after / NEW.path)
    assert any("is a link" in fault for fault in contribution_of(before, after).faults)
