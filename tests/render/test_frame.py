"""The board as a table says what leaderboard.csv says."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
from support.boards import COLUMNS
from support.synthetic_results import small_board, write_all

from hbench.render.frame import board_frame
from hbench.render.publish import CSV, build


def test_frame_holds_the_rows_and_columns_of_the_csv(tmp_path):
    results = write_all(small_board(), tmp_path / "results")
    build(results, tmp_path)
    frame = board_frame(results)
    rows = list(csv.DictReader((tmp_path / CSV).open()))
    assert list(frame.columns) == COLUMNS
    assert frame["method"].tolist() == [row["method"] for row in rows]
    assert frame["metric"].tolist() == pytest.approx([float(row["metric"]) for row in rows])
    assert pd.isna(frame["random_difference"][frame["role"] == "random"]).all()
