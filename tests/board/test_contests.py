"""Which results are compared with each other: contests, what is missing in them, and what may not be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.boards import board_of, flat_rows
from support.synthetic_results import SEEDS, cell, diagnostic, failing, small_board

from hbench.board.board import Board
from hbench.board.planted import PlantedRecovery, PlantedTask
from hbench.results.cell import Subset
from hbench.results.fields import ResultError


def statuses(cells) -> dict[tuple[str, ...], dict[str, str]]:
    """Return the status of every method by contest."""
    return {tuple(s.key): {row.method: row.status for row in s.rows} for s in board_of(cells).standings}


def test_contests_come_in_the_order_of_the_board():
    cells = small_board(tasks=("snli",), keeps=(".5", "h-score", "0.10", "0.3"), methods=("random",))
    cells += [replace(c, split="a-second", primary=False) for c in cells]
    cells += small_board(tasks=("mnli",), keeps=("0.3",), methods=("random",))
    columns = [(s.key.task, s.key.split, s.key.keep) for s in Board.of(cells).standings]
    keeps = ["0.10", "0.3", ".5", "h-score"]
    assert columns == [
        ("mnli", "validation", "0.3"),
        *(("snli", "validation", keep) for keep in keeps),
        *(("snli", "a-second", keep) for keep in keeps),
    ]


def test_a_size_or_budget_that_only_another_task_has_is_not_missing():
    cells = [
        *small_board(),
        *(replace(c, budget="equal-steps") for c in small_board(tasks=("snli",), keeps=("0.3",)) if c.method != "full"),
    ]
    found = statuses([c for c in cells if (c.task, c.keep) != ("mnli", "0.5")])
    sizes = {(task, keep, budget) for task, _, _, keep, budget in found}
    assert sizes == {
        ("mnli", "0.3", "equal-epochs"),
        ("snli", "0.3", "equal-epochs"),
        ("snli", "0.5", "equal-epochs"),
        ("snli", "0.3", "equal-steps"),
    }
    assert {status for rows in found.values() for status in rows.values()} == {"complete"}


def test_what_another_suite_compared_at_another_size_is_not_missing():
    first = small_board(tasks=("snli",), keeps=("0.3",))
    second = [
        c for c in small_board(tasks=("snli",), keeps=("0.5",), methods=("random", "grand")) if c.method != "full"
    ]
    found = statuses([*first, *second])
    assert set(found["snli", "validation", "minilm", "0.5", "equal-epochs"]) == {"full", "random", "grand"}
    assert "grand" not in found["snli", "validation", "minilm", "0.3", "equal-epochs"]


def test_what_a_result_names_at_its_own_size_is_missing_without_a_file():
    found = flat_rows([c for c in small_board(tasks=("snli",)) if (c.keep, c.method) != ("0.5", "random")])
    missing = [row for row in found if row.status == "missing"]
    assert [(row.keep, row.method, row.role, row.primary, row.metric_name) for row in missing] == [
        ("0.5", "random", "random", True, "accuracy")
    ]


def test_contests_of_another_model_are_not_missing():
    cells = [*small_board(keeps=("0.3",)), *small_board(keeps=("0.5",), model="roberta")]
    assert {(model, keep) for _, _, model, keep, _ in statuses(cells)} == {("minilm", "0.3"), ("roberta", "0.5")}


def test_a_method_that_was_compared_and_has_no_file_is_missing():
    names = ("el2n", "grand", "h-score", "length", "random")
    cells = [replace(c, compared=names) if c.task == "snli" else c for c in small_board(keeps=("0.3",))]
    found = statuses([c for c in cells if (c.task, c.method) != ("snli", "el2n")])
    snli, mnli = (found[task, "validation", "minilm", "0.3", "equal-epochs"] for task in ("snli", "mnli"))
    assert {method for method, status in snli.items() if status == "missing"} == {"el2n", "grand"}
    assert "missing" not in mnli.values()


def test_the_full_baseline_alone_says_of_no_size_what_is_missing():
    made = cell(method="full", compared=("el2n", "random"))
    assert statuses([made]) == {("snli", "validation", "minilm", "1", "equal-epochs"): {"full": "complete"}}


def sized(method: str, *sizes: int | None, **changes):
    known = [size for size in sizes if size is not None]
    return cell(method=method, subset=Subset(sizes, sum(known) / len(known) / 4000, {}), **changes)


def test_a_method_and_the_random_subset_keep_the_same_number_of_rows():
    full, random = cell(method="full"), sized("random", *[1200] * 6)
    Board.of([full, random, sized("el2n", *[1201] * 6)])
    odd = sized("el2n", 1200, 1200, 1200, 1198, 1202, 1200)  # the same in the mean
    with pytest.raises(ResultError) as caught:
        Board.of([full, random, odd])
    message = str(caught.value)
    assert f"{odd.path} and {random.path}" in message
    assert "keep 1,198 and 1,200 rows with seed 98; run both at one size, or remove one of them" in message


def test_sizes_pair_by_seed():
    natural = [
        sized("h-score", *range(1000, 1600, 100), keep="h-score"),
        sized("random", *range(1500, 900, -100), keep="h-score"),
    ]
    turned = replace(natural[1], seeds=SEEDS[::-1])
    Board.of([cell(method="full"), natural[0], turned])
    with pytest.raises(ResultError, match="rows with seed 342"):
        Board.of([cell(method="full"), *natural])
    lost = sized("random", None, *[1100, 1200, 1300, 1400, 1500], keep="h-score")
    Board.of([cell(method="full"), natural[0], failing(lost, 342)])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model_source": {"files": {"model.safetensors": "e" * 64}}}, "model_source"),
        ({"recipe": {"epochs": 5}}, "recipe"),
        ({"margin": 0.2}, "margin"),
        ({"primary": False}, "primary"),
        ({"kind": "choice"}, "kind"),
        ({"protocol": 2}, "protocol"),
        ({"baseline": "length"}, "chance"),
        ({"data": replace(cell().data, train_digest="f" * 64)}, "data.train_digest"),
        ({"data": replace(cell().data, eval_digest="f" * 64)}, "data.eval_digest"),
        ({"data": replace(cell().data, source={"hub": "owner/other"})}, "data.source"),
        ({"examples": replace(cell().examples, cases=tuple(range(400)))}, "examples.cases"),
        ({"recipe": {**cell().recipe, "max_steps": 375}}, "recipe.max_steps"),
    ],
)
def test_versions_are_never_mixed(change, field):
    odd = replace(cell(method="length"), **change)
    with pytest.raises(ResultError) as caught:
        Board.of([cell(method="full"), cell(method="random"), odd])
    assert f"'{field}" in str(caught.value)
    assert str(odd.path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_board_has_one_protocol_whatever_the_tasks():
    Board.of([cell("snli", method="full", protocol=2), cell(method="full", protocol=2)])
    with pytest.raises(ResultError, match=r"'protocol': [12] and [12]; run both with one version"):
        Board.of([cell("snli", method="full", protocol=2), cell(method="full", protocol=1)])


def test_the_full_baseline_names_the_same_random_baseline():
    with pytest.raises(ResultError, match="differ in 'chance'"):
        Board.of([cell(method="full", baseline="length"), cell(method="random"), cell()])


def test_threads_may_differ_and_steps_may_where_the_budget_sets_them():
    threads = {**cell().recipe, "threads": 8}
    steps = [
        replace(cell(method=m), budget="equal-steps", recipe={**threads, "max_steps": 375}) for m in ("random", "el2n")
    ]
    cells = [cell(method="full"), cell(method="random", recipe=threads), cell()]
    Board.of([*cells, *steps])
    odd = replace(steps[1], recipe={**threads, "max_steps": 376})
    with pytest.raises(ResultError, match=r"differ in 'recipe\.max_steps': 37[56] and 37[56]"):
        Board.of([*cells, steps[0], odd])


def test_diagnostic_cells_have_rows_of_their_own():
    lost = failing_diagnosis("length", "it is\nbroken")
    board = board_of([diagnostic(mislabelled=0.9), lost])
    assert [(row.method, row.status, row.planted, row.failures) for row in board.rows] == [
        ("el2n", "diagnostic", (("mislabelled", 0.9),), ()),
        ("length", "failed", (), ((342, "it is broken"),)),
        ("random", "missing", (), ()),
    ]
    assert board.standings == ()
    recoveries = (
        PlantedRecovery("el2n", {"mislabelled": 0.9}, "known"),
        PlantedRecovery("length", {}, "failed", ("it is broken",)),
        PlantedRecovery("random", {}, "missing"),
    )
    assert board.planted == (PlantedTask("planted-pair", "minilm", ("mislabelled",), recoveries),)


def failing_diagnosis(method: str, reason: str):
    failed = failing(cell(), 342, reason=reason).failures
    return replace(diagnostic(method=method), planted=None, failures=failed)


def test_a_scorer_that_failed_on_a_trained_task_with_planted_examples_is_kept():
    cells = [replace(c, planted={"mislabelled": 0.7}) for c in small_board(tasks=("planted-pair",), keeps=("0.3",))]
    lost = failing(replace(cells[2], planted=None), *SEEDS, reason="scoring failed: it is broken")
    assert lost.method == "el2n"
    cells = [cells[0], cells[1], lost, *cells[3:]]
    (task,) = board_of(cells).planted
    assert (task.task, task.model) == ("planted-pair", "minilm")
    found = {p.method: p for p in task.methods}
    assert found.keys() == {"el2n", "h-score", "length", "random"}
    assert found["el2n"] == PlantedRecovery("el2n", {}, "failed", ("scoring failed: it is broken",))
    assert found["length"].auroc == {"mislabelled": 0.7}
