"""Across tasks: what is counted, what may be tested, and when there are ranks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.boards import board_of, flat
from support.synthetic_results import SEEDS, cell, failing, small_board

from hbench.board.across import AcrossTasks
from hbench.render.markdown import markdown
from hbench.render.names import Names
from hbench.render.parts.across import across_section, why_untested
from hbench.render.section import Page
from hbench.render.table import Table
from hbench.statistics import holm

TEN = tuple(f"task{i}" for i in range(10))


def across(cells) -> list[AcrossTasks]:
    return list(board_of(cells).across)


def page(found: AcrossTasks) -> str:
    names = Names({}, {found.model: found.model}, frozenset())
    return markdown(Page((across_section(found, names),), Table((), ()), Table((), ())))


def method(found: AcrossTasks, name: str):
    return next(m for m in found.methods if m.method == name)


def test_one_summary_per_model_size_and_budget():
    cells = [*small_board(), *small_board(model="roberta")]
    cells += [replace(c, budget="equal-steps") for c in cells if c.method != "full" and c.keep == "0.3"]
    assert {(a.model, a.keep, a.budget) for a in across(cells)} == {
        (model, keep, budget)
        for model in ("minilm", "roberta")
        for keep, budget in (("0.3", "equal-epochs"), ("0.5", "equal-epochs"), ("0.3", "equal-steps"))
    }
    assert all(a.tasks == ("mnli", "snli") for a in across(cells))


def test_wins_are_counted_and_named():
    found = across(small_board(keeps=("0.3",), examples=1000))[0]
    assert method(found, "el2n").wins == ("mnli", "snli")
    assert method(found, "length").wins == ()
    assert method(found, "random").tested == 0


def test_no_task_is_named_whose_own_table_says_undecided():
    cells = small_board(tasks=("snli", "mnli", "sst2"), keeps=("0.3",), examples=150)
    board = board_of(cells)
    superior = {(r.method, r.task) for r in map(flat, board.rows) if r.random_verdict == "superior"}
    named = {(m.method, task) for a in across(cells) for m in a.methods for task in m.wins}
    assert named
    assert named <= superior


def test_a_loss_is_no_win():
    cells = [c for c in small_board(keeps=("0.3",)) if c.method != "length"]
    cells += [cell(task, "length", effect=-0.4) for task in ("snli", "mnli")]
    found = across(cells)[0]
    assert (method(found, "length").wins, method(found, "length").tested) == ((), 2)


@pytest.mark.parametrize(
    ("tasks", "verdict"),
    [
        (1, "cannot reach alpha with 1 block"),
        (5, "cannot reach alpha with 5 blocks"),
        (8, "needs at least 10 blocks"),
        (10, ""),
    ],
)
def test_no_p_value_is_shown_that_could_not_have_been_small(tasks, verdict):
    found = across(small_board(tasks=TEN[:tasks], keeps=("0.3",), examples=100))[0]
    assert why_untested(found) == verdict
    assert found.reachable == min(1.0, 2 / 2**tasks)
    assert found.comparisons == 3
    assert (method(found, "el2n").p is None) == bool(verdict)


def test_ten_tasks_are_tested_against_random():
    found = across(small_board(tasks=TEN, keeps=("0.3",), examples=300))[0]
    # All ten tasks agree: twice 1/2^10, adjusted by Holm over three methods.
    assert method(found, "el2n").p == pytest.approx(3 * 2 / 2**10)
    assert method(found, "length").p > 0.05
    assert method(found, "random").p is None


def test_a_method_without_every_task_has_no_test_over_tasks():
    cells = [failing(c, *SEEDS) if (c.task, c.method) == ("task3", "el2n") else c for c in small_board(TEN, ("0.3",))]
    found = across(cells)[0]
    assert method(found, "el2n").p is None
    assert method(found, "el2n").tested == 9
    assert method(found, "h-score").p is not None


def test_wins_count_all_comparisons_of_the_board():
    """A p that survives Holm over its own table, but not over twelve tables, is named apart and not counted."""
    tasks = ("mnli", "snli", "sst2")
    board = board_of(small_board(tasks=tasks, keeps=("0.1", "0.3", "0.5", "0.7"), examples=110))
    compared = [row.against("random") for row in board.rows if row.role == "method"]
    adjusted = holm([found.p for found in compared])
    assert [found.p_board for found in compared] == pytest.approx(adjusted)
    alone = 0
    for found in board.across:
        for m in found.methods:
            of = {c.cell.task: c for c in compared if (c.cell.keep, c.cell.method) == (found.keep, m.method)}
            superior = {task for task, c in of.items() if c.verdict == "superior"}
            assert set(m.wins) == {task for task in superior if of[task].p_board <= 0.05}
            assert set(m.in_table) == superior - set(m.wins)
            alone += len(m.in_table)
            if superior:
                line = next(line for line in page(found).splitlines() if line.startswith(f"| `{m.method}`"))
                assert "| 0 of" not in line
    assert alone > 0


def test_only_primary_splits_count():
    cells = small_board(tasks=("mnli",), keeps=("0.3",))
    second = [cell("mnli", m, "0.3", effect=-0.3 if m == "random" else 0.0) for m in ("full", "random", "length")]
    cells += [replace(c, split="mismatched", primary=False) for c in second]
    found = across(cells)
    assert [a.tasks for a in found] == [("mnli",)]
    assert method(found[0], "length").wins == ()  # it beats random on the other split


def test_a_task_without_the_column_is_named_and_no_block():
    cells = small_board(tasks=("mnli", "snli", "sst2"))
    found = across([c for c in cells if (c.task, c.keep) != ("snli", "0.5")])
    assert [(a.keep, a.tasks, a.lacking) for a in found] == [
        ("0.3", ("mnli", "snli", "sst2"), ()),
        ("0.5", ("mnli", "sst2"), ("snli",)),
    ]
    text = page(found[1])
    assert "n = 2 tasks: `mnli`, `sst2`. No result at this size and budget: `snli`." in text
    assert "No result" not in page(found[0])


def test_a_size_that_only_a_further_split_has_is_no_block():
    second = [replace(c, split="second", primary=False) for c in small_board(tasks=("mnli",), keeps=("0.5",))]
    found = across([*small_board(tasks=("mnli",), keeps=("0.3",)), *second])
    assert [a.keep for a in found] == ["0.3"]


def test_two_references_to_one_data_set_are_one_block():
    found = across(small_board(tasks=("mnli", "mnli[evaluate=mismatched]", "snli"), keeps=("0.3",)))[0]
    assert found.tasks == ("mnli", "snli")
    assert found.repeated == ("mnli[evaluate=mismatched]",)
