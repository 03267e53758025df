"""Costs of rows: alone, shared among the methods on the board, and when pruning has paid."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from support.boards import flat_rows
from support.synthetic_results import SEEDS, cell, cost_of, small_board

from hbench.results.cell import Failed
from hbench.results.fields import ResultError
from hbench.results.outcomes import Outcomes

TRAINING = {(epoch, "training"): 2.0 for epoch in (1, 2, 3)}
#: One epoch and a pass after it; amounts in full trainings, over six runs.
EARLY = {(1, "training"): 2.0, (1, "signals"): 0.5}
GRADIENTS = {**EARLY, (1, "gradients"): 3.0}


def scored(method, parts, keep="0.3", **changes):
    return cell(method=method, keep=keep, scoring_runs=SEEDS, cost=cost_of(float(keep), True, parts), **changes)


def rows(*cells) -> dict[tuple[str, str], SimpleNamespace]:
    """What leaderboard.csv says of the rows that have a result, by method and keep label."""
    found = flat_rows([cell(method="full"), cell(method="random"), *cells])
    return {(row.method, row.keep): row for row in found if row.status != "missing"}


def nets(found, keep="0.3") -> dict[str, tuple[float, float]]:
    return {
        m: (row.net_shared - 0.3, row.net_alone - 0.3)
        for (m, k), row in found.items()
        if k == keep and row.scoring_runs
    }


def test_six_scoring_runs_at_one_third():
    """The H-score paper's setting: 6 full trainings to score, a third kept, pays back after 9 later trainings."""
    others = [cell(method=m, cost=cost_of(1 / 3, scored=True)) for m in ("h-score", "el2n")]
    found = rows(*others)
    row = found["h-score", "0.3"]
    assert row.net_alone == pytest.approx(6 + 1 / 3)
    assert row.net_shared == pytest.approx(3 + 1 / 3)
    assert (row.break_even_alone, row.break_even_shared) == (9, 5)
    assert row.net_alone_tokens == row.net_alone_examples == pytest.approx(row.net_alone)
    assert row.net_shared_tokens == row.net_shared_examples == pytest.approx(row.net_shared)
    assert (row.cost_scoring_shared, row.cost_scoring_alone) == (3e12, 6e12)
    random = found["random", "0.3"]
    assert (random.net_shared, random.break_even_alone) == (pytest.approx(0.3), 0)
    assert (found["full", "1"].net_shared, found["full", "1"].break_even_alone) == (1.0, None)


def test_alone_on_the_board_shares_with_nobody():
    assert nets(rows(scored("h-score", TRAINING))) == {"h-score": (pytest.approx(6), pytest.approx(6))}


def test_each_part_is_paid_once_and_split_evenly_among_those_who_use_it():
    found = nets(rows(scored("h-score", TRAINING), scored("el2n", EARLY), scored("grand", GRADIENTS)))
    first, later, signals, gradients = 2.0, 4.0, 0.5, 3.0
    assert found == {
        "h-score": (pytest.approx(first / 3 + later), pytest.approx(6)),
        "el2n": (pytest.approx(first / 3 + signals / 2), pytest.approx(2.5)),
        "grand": (pytest.approx(first / 3 + signals / 2 + gradients), pytest.approx(5.5)),
    }


def test_no_share_exceeds_what_the_method_costs_alone():
    """An early method beside dear ones pays for nothing that it does not read."""
    found = nets(rows(scored("el2n", EARLY), scored("grand", GRADIENTS), scored("h-score", TRAINING)))
    assert all(shared <= alone + 1e-12 for shared, alone in found.values())


def test_a_method_without_a_finished_seed_has_no_share():
    made = scored("el2n", EARLY)
    nothing = (None,) * len(SEEDS)
    reasons = tuple(Failed(seed, "diverged") for seed in SEEDS)
    failed = replace(made, values=nothing, examples=Outcomes.encode(list(nothing)), subset=None, failures=reasons)
    found = rows(scored("h-score", TRAINING), failed)
    assert nets({k: row for k, row in found.items() if k[0] == "h-score"})["h-score"][0] == pytest.approx(6)
    row = found["el2n", "0.3"]
    assert row.status == "failed"
    assert row.cost_scoring_shared is row.net_shared is row.break_even_shared is None


def test_methods_that_read_no_run_pay_and_count_for_nothing():
    found = rows(scored("h-score", TRAINING), scored("el2n", EARLY), cell(method="length"))
    assert found["length", "0.3"].net_shared == found["length", "0.3"].net_alone == pytest.approx(0.3)
    assert nets(found)["h-score"][0] == pytest.approx(5)


def test_a_method_counts_once_however_many_columns_and_splits_it_has():
    one = [scored("h-score", TRAINING), scored("el2n", EARLY)]
    more = [scored("h-score", TRAINING, "0.5"), replace(one[0], split="second", primary=False)]
    assert nets(rows(*one, *more)) == nets(rows(*one))


def test_runs_of_other_tasks_and_models_are_other_bills():
    others = [
        scored("grand", GRADIENTS, task="mnli"),
        scored("forgetting", TRAINING, model="roberta"),
    ]
    found = nets(rows(scored("h-score", TRAINING), *others))
    assert found == {
        m: (pytest.approx(a), pytest.approx(a)) for m, a in (("h-score", 6), ("grand", 5.5), ("forgetting", 6))
    }


def test_a_run_is_shared_by_the_methods_whose_scores_take_that_many():
    """h-score takes six runs and el2n three: el2n pays half of the first epoch of these, and nothing of the others."""
    half = {key: value / 2 for key, value in EARLY.items()}
    found = nets(rows(scored("h-score", TRAINING), replace(scored("el2n", half), scoring_runs=SEEDS[:3])))
    assert found == {
        "h-score": (pytest.approx(6 - 0.5), pytest.approx(6)),
        "el2n": (pytest.approx(0.5 + 0.25), pytest.approx(1.25)),
    }


def test_the_shared_bill_does_not_depend_on_which_invocation_wrote_a_result():
    """Two runs of the same suite with other scorers give the same files and hence the same board."""
    together = small_board(tasks=("snli",), keeps=("0.3",))
    apart = small_board(tasks=("snli",), keeps=("0.3",), methods=("random", "el2n"))
    apart += [
        c for c in small_board(tasks=("snli",), keeps=("0.3",), methods=("h-score", "length")) if c.method != "full"
    ]
    first, second = (flat_rows(cells) for cells in (together, apart))
    assert [(r.method, r.net_shared, r.net_alone) for r in first] == [
        (r.method, r.net_shared, r.net_alone) for r in second
    ]


def test_two_amounts_for_one_part_are_refused():
    near = {key: value * (1 + 1e-12) for key, value in EARLY.items()}
    rows(scored("h-score", TRAINING), scored("el2n", near))
    with pytest.raises(ResultError) as caught:
        rows(scored("h-score", TRAINING), scored("el2n", {**EARLY, (1, "training"): 2.1}))
    message = str(caught.value)
    assert "for training in epoch 1 of 6 of the same full-data runs" in message
    assert "0.3-equal-epochs-validation-el2n.json" in message
    assert "0.3-equal-epochs-validation-h-score.json" in message


def test_amounts_that_are_not_known_leave_the_costs_open():
    def unknown(made):
        def lost(charge):
            return replace(charge, scoring=tuple(part._replace(amount=None) for part in charge.scoring))

        cost = made.cost
        return replace(made, cost=replace(cost, compute=lost(cost.compute), tokens=lost(cost.tokens)))

    row = rows(unknown(scored("el2n", EARLY)))["el2n", "0.3"]
    assert row.net_shared is row.net_alone is row.break_even_shared is row.net_alone_tokens is None
    assert row.net_alone_examples == pytest.approx(2.8)
    with pytest.raises(ResultError, match="charge an unknown amount and 2000000000000 "):
        rows(unknown(scored("el2n", EARLY)), scored("h-score", TRAINING))


def test_costs_that_never_pay_and_costs_not_known():
    made = scored("el2n", EARLY)
    dear = replace(made.cost, compute=replace(made.cost.compute, train=1.2e12), tokens=None)
    row = rows(replace(made, cost=dear))["el2n", "0.3"]
    assert row.break_even_alone == row.break_even_shared == "never"
    assert row.net_shared_tokens is row.net_alone_tokens is None
    assert rows(replace(made, cost=None))["el2n", "0.3"].net_alone is None
