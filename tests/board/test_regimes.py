"""The regime of a board: steps in every heading, a box beside the published settings, budgets side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.boards import board_of, files
from support.synthetic_results import cell, failing, small_board

from hbench.board.steps import Steps
from hbench.plugins.settings import setting_from
from hbench.render.publish import MARKDOWN
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError
from hbench.results.parse import parse_cell

SETTING = setting_from(
    {
        "source": "Author 2024",
        "read": "paper",
        "task": "snli",
        "model": "RoBERTa-large",
        "rows": 549367,
        "kept": 0.21,
        "epochs": 3,
        "batch_size": 32,
        "learning_rate": 1e-5,
    }
)


def stepped(made: CellResult, steps: int | None = None) -> CellResult:
    """The same cell with the steps of its rows in batches of 32, three epochs."""
    size = next(iter(made.sizes.values()))
    taken = 3 * -(-size // 32) if steps is None else steps
    return replace(made, steps=tuple(None if v is None else taken for v in made.values))


OWN = [stepped(made) for made in small_board(tasks=("snli",), keeps=("0.3",))]


def page(cells) -> str:
    return files(board_of(cells))[MARKDOWN]


def test_every_heading_says_its_steps_and_those_of_the_full_data():
    board = board_of(OWN)
    assert [(s.steps, s.full_steps) for s in board.standings] == [(Steps(114, 114), Steps(375, 375))]
    assert "### snli / validation / minilm / 0.3 / equal-epochs: 114 steps (full 375)\n" in page(OWN)


def test_results_that_do_not_say_their_steps_are_shown_as_before():
    plain = small_board(tasks=("snli",), keeps=("0.3",))
    assert "### SNLI, 30 % kept, minilm\n" in page(plain)
    assert "## Regime" not in page(plain)
    assert board_of(plain).regimes == ()


def test_a_row_has_the_steps_of_its_trainings():
    cells = [replace(c, steps=(110, 112, 114, 114, 114, 114)) if c.method == "el2n" else c for c in OWN]
    rows = {row.method: row.steps for row in board_of(cells).rows}
    assert rows["el2n"] == Steps(110, 114)
    assert rows["random"] == Steps(114, 114)


def test_the_box_shows_ours_beside_theirs():
    cells = [replace(c, settings=(SETTING,)) if c.method in ("h-score", "el2n") else c for c in OWN]
    [regime] = board_of(cells).regimes
    assert (regime.rows, regime.epochs, regime.batch_size, regime.full_steps) == (4000, 3, 32, Steps(375, 375))
    assert [(s.keep, s.budget, s.rows, s.steps) for s in regime.sizes] == [
        ("0.3", "equal-epochs", 1200.0, Steps(114, 114))
    ]
    assert regime.published == (SETTING,)
    text = page(cells)
    box = text[text.index("## Regime") : text.index("## How to read this")]
    assert "| `snli` | here | `minilm` | 4,000 | 30.0 % | equal-epochs | 3 | 32 | 2e-05 | 114 | 375 |" in box
    assert (
        "| `snli` | Author 2024 (paper) | `RoBERTa-large` | 549,367 | 21.0 % | – | 3 | 32 | 1e-05 | 10,818 | 51,504 |"
        in box
    )


def test_a_setting_of_another_task_is_not_shown():
    cells = [replace(c, settings=(replace(SETTING, task="mnli"),)) for c in OWN]
    assert board_of(cells).regimes[0].published == ()


def test_budgets_stand_side_by_side():
    again = [
        replace(stepped(cell("snli", c.method, "0.3", effect=-0.01, compared=c.compared), 375), budget="equal-steps")
        for c in OWN
        if c.method != "full"
    ]
    cells = [*OWN, *again]
    [table] = board_of(cells).budgets
    assert table.budgets == ("equal-epochs", "equal-steps")
    assert table.full is not None
    assert {line.method for line in table.lines} == {"random", "el2n", "h-score", "length"}
    for line in table.lines:
        assert [line.rows[budget].cell.budget for budget in table.budgets] == list(table.budgets)
    text = page(cells)
    section = text[text.index("## Budgets side by side") : text.index("## How to read this")]
    assert "### snli / validation / minilm / 0.3\n" in section
    for heading in ("equal-epochs: metric", "equal-epochs: to random", "equal-steps: metric", "equal-steps: to random"):
        assert f"| {heading} |" in section
    assert ": 375 steps (full 375)" in text
    assert board_of(OWN).budgets == ()
    assert "Budgets side by side" not in page(OWN)


def test_a_method_with_one_budget_has_a_gap_under_the_other():
    more = [replace(stepped(c, 375), budget="equal-steps") for c in OWN if c.method in ("random", "el2n")]
    [table] = board_of([*OWN, *more]).budgets
    rows = {line.method: set(line.rows) for line in table.lines}
    assert rows["length"] >= {"equal-epochs"}
    assert rows["el2n"] == {"equal-epochs", "equal-steps"}


def test_steps_and_settings_are_written_and_read_back():
    made = replace(failing(OWN[1], 342), steps=(None, 114, 114, 114, 114, 114), settings=(SETTING,))
    assert parse_cell(made.dump(), "x.json") == made
    plain = cell()
    assert '"steps"' not in plain.dump()
    assert '"settings"' not in plain.dump()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"steps": (114,) * 5}, "steps"),
        ({"steps": (None, 114, 114, 114, 114, 114)}, "steps"),
        ({"steps": (0, 114, 114, 114, 114, 114)}, "steps"),
    ],
)
def test_steps_that_do_not_fit_are_refused(changes, field):
    with pytest.raises(ResultError, match=f"x.json: field '{field}'"):
        parse_cell(replace(OWN[1], **changes).dump(), "x.json")
