"""`sensitivity.csv`: what is written is read back, and a damaged file is refused by line, column and fix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hbench.results.fields import ResultError
from hbench.results.sensitivity import (
    NATURAL,
    SENSITIVITY,
    Sensitivity,
    read_sensitivity,
    rounded,
    row_key,
    text_of_rows,
    with_rows,
)

ROW = Sensitivity(
    task="snli",
    model="minilm",
    method="ccs(el2n[epoch=2])[offset=0.2]",
    runs=2,
    epochs=3,
    keep="0.3",
    examples=400,
    sets=6,
    share=0.3,
    correlation=0.8125,
    lowest_correlation=-0.5,
    overlap=0.75,
    lowest_overlap=0.0,
    pairs=3,
    pair_correlation=0.625,
    pair_overlap=None,
)
ROWS = [replace(ROW, keep=NATURAL), ROW, replace(ROW, runs=10), replace(ROW, correlation=None, method="aum", pairs=0)]


def written(folder, text):
    (folder / SENSITIVITY).write_text(text)
    return folder


def test_what_is_written_is_read_back_sorted(tmp_path):
    assert read_sensitivity(tmp_path) == ()
    folder = written(tmp_path, text_of_rows(ROWS))
    assert read_sensitivity(folder) == tuple(sorted(ROWS, key=row_key))
    assert rounded(1 / 3) == 0.3333
    assert str(rounded(-0.00001)) == "0.0"


def test_new_lines_replace_those_of_their_task_model_and_scorer():
    other = replace(ROW, task="mnli")
    new = replace(ROW, runs=1)
    assert with_rows([*ROWS, other], [new]) == sorted([ROWS[3], other, new], key=row_key)
    assert with_rows(ROWS, [], {("snli", "minilm", "aum")}) == sorted(ROWS[:3], key=row_key)


GOOD = text_of_rows([ROW])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("overlap", "overlop", 1), "columns are not those of this hbench.*hbench sensitivity"),
        (GOOD.replace("0.3000", "1.3000"), "line 2: column 'share' holds '1.3000'"),
        (GOOD.replace("0.3000", "nan"), "column 'share' holds 'nan'"),
        (GOOD.replace("0.3000", ""), "column 'share' holds ''"),
        (GOOD.replace(",2,3,", ",0,3,"), "column 'runs' holds '0'"),
        (GOOD.replace(",2,3,", ",2.5,3,"), "column 'runs' holds '2.5'"),
        (GOOD.replace("snli", ""), "column 'task' holds ''"),
        (GOOD.rstrip("\n") + ",1\n", "line 2: has 17 cells for 16 columns"),
        (GOOD + GOOD.splitlines()[1] + "\n", "holds a line twice"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, text, said):
    with pytest.raises(ResultError, match=said):
        read_sensitivity(written(tmp_path, text))
