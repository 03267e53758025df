"""A folder of result files: one order, one file for each cell, and none that is empty."""

from __future__ import annotations

import random

import pytest
from support.synthetic_results import cell, small_board, write_all

from hbench.results.fields import ResultError
from hbench.results.folder import results_of, write_cell


def test_results_come_in_one_order_whatever_the_files_are_called(tmp_path):
    cells = small_board()
    expected = results_of(write_all(cells, tmp_path / "named"))
    random.Random(3).shuffle(cells)
    for number, made in enumerate(cells):
        write_cell(made, tmp_path / "shuffled" / f"{number}.json")
    assert results_of(tmp_path / "shuffled") == expected
    assert [r.cell for r in expected] == sorted(r.cell for r in cells)


def test_two_files_of_one_cell_are_refused_by_name(tmp_path):
    write_all(small_board(), tmp_path)
    write_cell(cell(), tmp_path / "again.json")
    with pytest.raises(ResultError, match=r"again\.json") as caught:
        results_of(tmp_path)
    assert str(cell().path) in str(caught.value)
    assert "snli / validation / minilm / 0.3 / equal-epochs / el2n" in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ResultError, match="no results"):
        results_of(tmp_path / "nothing")
