"""The sentences under a matrix: they follow from its results, and change with them."""

from __future__ import annotations

from dataclasses import replace

from support.boards import board_of
from support.synthetic_results import cell, failing, small_board, with_trivial

from hbench.board.overview.summary import summary_of
from hbench.render.display import NO_BREAK
from hbench.render.names import Names
from hbench.render.parts.story import sentences
from hbench.render.show import at_a_glance

METHODS = ("random", "el2n", "el2n[offset=0.1]")


def cells_of(hardest: float, offset: float, aurocs=(0.95, 0.11), tasks=("snli", "mnli")):
    """A board on which `el2n` and `el2n[offset=0.1]` are so much beyond or below the full data."""
    made = []
    for task in tasks:
        made.append(with_trivial(cell(task, "full")))
        made.append(cell(task, "random"))
        made += [
            replace(cell(task, method, effect=effect), planted=None if a is None else {"mislabelled": a})
            for method, effect, a in zip(METHODS[1:], (hardest, offset), aurocs, strict=True)
        ]
    compared = tuple(sorted(METHODS))
    return [replace(c, compared=compared) for c in made]


def told(cells) -> list[str]:
    board = board_of(cells)
    (matrix,) = summary_of(board.standings).matrices
    return [text.replace(NO_BREAK, " ") for text in sentences(matrix, Names.of(board))]


def test_three_sentences_tell_what_random_keeps_what_fails_and_what_recovers():
    random, worst, best = told(cells_of(-0.3, 0.0))
    assert random.startswith("A random 30 % of the rows keeps ")
    assert " of what the model gains from all data on MNLI and " in random
    assert random.endswith("% on SNLI, at 0.30 of the cost.")
    assert worst.startswith("`el2n` keeps the examples with planted wrong labels (AUROC 0.95) and is ")
    assert " points on MNLI and " in worst
    assert worst.endswith(" points on SNLI worse† than that random subset.")
    assert best.startswith("`el2n[offset=0.1]` drops them (AUROC 0.11) and is ")
    assert best.endswith(" points on SNLI better than it, at a net cost of 0.30 trainings.")


def test_they_change_when_the_results_do():
    random, worst, best = told(cells_of(0.0, -0.3))
    assert worst.startswith(
        "`el2n[offset=0.1]` drops the examples with planted wrong labels (AUROC 0.11), and still is"
    )
    assert best.startswith("`el2n` is ")
    assert "AUROC" not in best  # it keeps them, and wins all the same: not why
    assert random == told(cells_of(-0.3, 0.0))[0]
    moved = [
        c if c.method != "random" else replace(cell(c.task, "random", effect=-0.02), compared=c.compared)
        for c in cells_of(-0.3, 0.0)
    ]
    assert told(moved)[0] != random


def test_without_a_winner_or_a_loser_it_is_said_that_nothing_was_shown():
    same = told(cells_of(-0.1, -0.1))
    assert same[1] == "No method is shown to be worse than it."
    assert same[2].startswith("No method is shown to beat it; `el2n")
    assert "comes nearest (" in same[2]
    assert "what could have been shown is " in same[2]


def test_where_wrong_labels_are_not_known_nothing_is_said_of_them():
    text = " ".join(told(cells_of(-0.3, 0.0, aurocs=(None, None))))
    assert "wrong labels" not in text
    assert "`el2n` is " in text


def test_many_tasks_are_told_as_a_range():
    random, worst, _ = told(cells_of(-0.3, 0.0, tasks=("a", "b", "c", "d")))
    assert " of what the model gains from all data over 4 tasks, at 0.30 of the cost." in random
    assert " points on 4 tasks worse† than that random subset." in worst


def test_gates_are_told_before_anything_else_is_made_of_the_numbers():
    none = [with_trivial(c, share=0.99) if c.method == "full" else c for c in cells_of(-0.3, 0.0)]
    assert told(none) == [
        "On MNLI and SNLI the model trained on all data does no better than the trivial answer: no verdicts."
    ]
    lost = [failing(c, 98) if c.method == "random" else c for c in cells_of(-0.3, 0.0)]
    assert "Some runs of `random` did not train, which withholds verdicts." in told(lost)[0]


def test_verdicts_about_these_examples_are_marked():
    cells = small_board(keeps=("0.3",))
    assert "better† than it" in told(cells)[2]


def test_a_run_ends_with_the_matrix_and_its_sentences():
    text = at_a_glance(board_of(cells_of(-0.3, 0.0)))
    assert text.startswith("Summary: 30 % kept, minilm, equal-epochs\nmethod ")
    assert text.splitlines()[-1].startswith("el2n[offset=0.1] drops them (AUROC 0.11) and is ")
    assert "`" not in text
    assert "\n\n" not in text  # one matrix, and no other table
