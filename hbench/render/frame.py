"""The board as a pandas table, for notebooks and papers that go on computing with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hbench.board.board import Board
from hbench.render.sections import page_of

if TYPE_CHECKING:
    import pandas as pd


def board_frame(results_dir: Path | str) -> pd.DataFrame:
    """Return one row per cell with the columns of leaderboard.csv, at full precision; what is not known is missing.

    Raises ResultError when results are missing, unreadable or do not belong together.
    """
    import pandas as pd

    return pd.DataFrame(page_of(Board.of_folder(Path(results_dir))).rows.data().records())
