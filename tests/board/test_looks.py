"""Looks at more seeds: their level, what a page says of them, and what results remember of earlier ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.boards import board_of, files
from support.synthetic_results import SEEDS, cell, failing, small_board, with_trivial, write_all

from hbench.board.board import Board
from hbench.results.fields import ResultError
from hbench.results.folder import read_cell, with_looks, write_cell
from hbench.results.looks import Looks, looks_after
from hbench.results.parse import parse_cell
from hbench.statistics import detectable_difference, pocock_level

PLAN = Looks((6, 12))


def planned(looks: Looks | None) -> Board:
    return board_of([replace(made, looks=looks) for made in small_board(tasks=("snli",), keeps=("0.3",))])


def compared(board: Board, role: str):
    return [c for row in board.rows for c in row.comparisons if c.role == role]


def test_verdicts_of_a_planned_look_are_made_at_its_level():
    plain, looked = planned(None), planned(PLAN)
    level = pocock_level(2)
    for ours, theirs in zip(looked.rows, plain.rows, strict=True):
        for found, other in zip(ours.comparisons, theirs.comparisons, strict=True):
            assert (found.level, other.level) == (level, 0.05)
            assert (found.p_adjusted, found.low, found.high) == (other.p_adjusted, other.low, other.high)
            assert found.detectable > other.detectable
            if found.role == "random":
                assert (found.verdict == "undecided") == (found.p_adjusted > level)
    found = compared(looked, "random")[0]
    assert found.detectable == detectable_difference(found.test.error, comparisons=3, alpha=level)


def test_a_p_between_the_two_levels_decides_only_without_a_plan():
    def verdicts(looks):
        cells = [
            replace(cell("snli", method, effect=effect, examples=400), looks=looks)
            for method, effect in (("full", 0.0), ("random", -0.1), ("el2n", -0.08))
        ]
        (found,) = compared(board_of(cells), "random")
        return found.p_adjusted, found.verdict, found.holds_over_board

    p, verdict, over_board = verdicts(None)
    assert pocock_level(4) < p <= 0.05
    assert (verdict, over_board) == ("superior", True)
    assert verdicts(Looks((6, 12, 18, 24))) == (p, "undecided", False)


def test_the_assay_is_decided_at_the_level_of_the_look():
    plain = [with_trivial(made, share=0.7) if made.is_full else made for made in small_board(("snli",), ("0.3",))]
    levels = [
        [found.level for found in compared(board_of([replace(made, looks=looks) for made in plain]), "trivial")]
        for looks in (None, PLAN)
    ]
    assert levels == [[0.05], [pocock_level(2)]]


def test_the_page_says_which_look_it_is_and_at_which_level():
    page = files(planned(PLAN))["LEADERBOARD.md"]
    assert "Look 1 of 2, planned at 6 and 12 seeds" in page
    assert "2.94 %" in page
    assert "planned at" not in files(planned(None))["LEADERBOARD.md"]


def test_the_page_says_that_seeds_were_added_without_a_plan():
    page = files(planned(Looks(unplanned=(6,))))["LEADERBOARD.md"]
    assert "Seeds were added without a plan, after results with 6 seeds had been seen" in page
    assert "The plan was made after results with 6 seeds" in files(planned(Looks((6, 12), (6,))))["LEADERBOARD.md"]


@pytest.mark.parametrize(
    ("new", "seeds", "old", "old_seeds", "after"),
    [
        (None, 6, None, 6, None),
        (None, 12, None, 6, Looks(unplanned=(6,))),
        (None, 18, Looks(unplanned=(6,)), 12, Looks(unplanned=(6, 12))),
        (None, 12, Looks(unplanned=(6,)), 12, Looks(unplanned=(6,))),
        (None, 6, None, 12, Looks(unplanned=(12,))),
        (PLAN, 12, PLAN, 6, PLAN),
        (PLAN, 12, None, 6, Looks((6, 12), (6,))),
        (PLAN, 6, None, 6, Looks((6, 12), (6,))),
        (Looks((6, 12, 18)), 12, PLAN, 6, Looks((6, 12, 18), (6,))),
        (None, 8, PLAN, 6, Looks(unplanned=(6,))),
    ],
)
def test_what_a_result_remembers_of_the_one_it_replaces(new, seeds, old, old_seeds, after):
    assert looks_after(new, seeds, old, old_seeds) == after


def test_results_remember_the_file_that_they_replace(tmp_path):
    seen = cell()
    more = cell(seeds=(*SEEDS, 1, 2, 3, 4, 5, 7))
    write_all([seen], tmp_path)
    (found,) = with_looks(tmp_path, [more])
    assert found.looks == Looks(unplanned=(6,))
    write_cell(found, tmp_path / found.path)
    assert read_cell(tmp_path / found.path) == found
    assert with_looks(tmp_path, [more]) == [found]
    other = replace(more, recipe={**more.recipe, "epochs": 9})
    assert with_looks(tmp_path, [other]) == [other]
    assert with_looks(tmp_path / "nothing", [more]) == [more]


def test_results_that_never_trained_are_no_look(tmp_path):
    write_all([failing(cell(), *SEEDS)], tmp_path)
    more = cell(seeds=(*SEEDS, 1))
    assert with_looks(tmp_path, [more]) == [more]


@pytest.mark.parametrize(
    ("looks", "fragments"),
    [
        (Looks((6, 12), (12, 6)), ("looks.unplanned", "sorted")),
        (Looks((6,)), ("looks.planned", "2 to 20 looks")),
        (Looks((6, 13)), ("looks.planned", "equal steps")),
        (Looks((4, 8)), ("looks.planned", "no look at 6 seeds")),
    ],
)
def test_looks_that_cannot_be_are_refused(looks, fragments):
    with pytest.raises(ResultError) as error:
        parse_cell(replace(cell(), looks=looks).dump(), "here.json")
    for fragment in ("here.json", *fragments):
        assert fragment in str(error.value)


def test_a_file_without_looks_says_nothing_of_them():
    assert '"looks"' not in cell().dump()
    assert parse_cell(replace(cell(), looks=PLAN).dump(), "here.json").looks == PLAN
