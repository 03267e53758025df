"""Every method is charged for what it used, no more and no less."""

from __future__ import annotations

from typing import Any

import pytest

from hbench.cost import charges
from hbench.cost.bill import Bill, ObservingPass, Used, mean, training_alone, training_with_passes
from hbench.cost.charges import Part
from hbench.plugins import observe


def used(amount: int) -> Used:
    return Used(examples=amount, tokens=10 * amount, flops=100 * amount)


#: Two scoring runs of three epochs, observed after epoch 1 (signals 4, gradients 16) and epoch 2 (signals 5).
BILL = Bill(
    trained=(used(1), used(2), used(3)),
    observed=(
        ObservingPass(1, "signals", used(4)),
        ObservingPass(1, "gradients", used(16)),
        ObservingPass(2, "signals", used(5)),
    ),
)


def part(epoch: int, what: str, amount: int | None) -> Part:
    return Part(epoch, what, None if amount is None else float(amount))


TRAINED = [part(epoch, "training", 2 * epoch) for epoch in (1, 2, 3)]


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        ([], []),
        ([observe("correct")], TRAINED),
        ([observe("gold_prob", epochs=(1,))], TRAINED[:1]),
        ([observe("el2n", at="epoch_end", epochs=(1,))], [part(1, "signals", 8), TRAINED[0]]),
        ([observe("el2n", at="epoch_end", epochs=(2,))], [TRAINED[0], part(2, "signals", 10), TRAINED[1]]),
        (
            [observe("el2n", at="epoch_end", epochs=(2, 1))],
            [part(1, "signals", 8), TRAINED[0], part(2, "signals", 10), TRAINED[1]],
        ),
        (
            [observe("grad_norm", at="epoch_end", epochs=(1,))],
            [part(1, "gradients", 32), part(1, "signals", 8), TRAINED[0]],
        ),
        (  # of several scorers: what two of them need is charged once
            [observe("correct"), observe("el2n", at="epoch_end", epochs=(1,)), observe("loss", epochs=(2,))],
            [part(1, "signals", 8), *TRAINED],
        ),
    ],
)
def test_a_method_is_charged_for_the_parts_it_needs_alone(observations: Any, expected: list[Part]) -> None:
    found = charges.scoring(observations, [BILL, BILL], epochs=3)
    assert list(found.examples) == expected
    assert [p.amount for p in found.flops] == [100 * p.amount for p in expected]
    assert [p.amount for p in found.tokens] == [10 * p.amount for p in expected]


def test_every_epoch_is_observed_where_none_is_named() -> None:
    found = charges.scoring([observe("el2n", at="epoch_end")], [BILL], epochs=2).examples
    assert [(p.epoch, p.what, p.amount) for p in found] == [
        (1, "signals", 4.0),
        (1, "training", 1.0),
        (2, "signals", 5.0),
        (2, "training", 2.0),
    ]


def test_what_others_asked_of_the_same_runs_changes_nothing() -> None:
    plain = Bill(BILL.trained, (ObservingPass(1, "signals", used(4)),))
    wanted = [observe("el2n", at="epoch_end", epochs=(1,))]
    assert charges.scoring(wanted, [BILL, BILL], 3) == charges.scoring(wanted, [plain, plain], 3)


def test_a_run_that_failed_counts_as_the_mean_of_the_others() -> None:
    wanted = [observe("el2n", at="epoch_end", epochs=(1,))]
    found = charges.scoring(wanted, [BILL, None], epochs=3).tokens
    assert found == (part(1, "signals", 80), part(1, "training", 20))
    unknown = charges.scoring(wanted, [None, None], epochs=3).tokens
    assert unknown == (part(1, "signals", None), part(1, "training", None))


def test_a_method_is_charged_for_one_set_of_scores_the_mean_over_its_sets() -> None:
    twice = Bill(tuple(used(2 * epoch) for epoch in (1, 2, 3)))
    for sets, amounts in ((1, [12, 24, 36]), (2, [6, 12, 18]), (4, [3, 6, 9])):
        found = charges.scoring(
            [observe("correct")], [BILL, twice, BILL, twice, BILL, twice, BILL, twice], 3, sets=sets
        )
        assert [p.amount for p in found.examples] == pytest.approx(amounts)


def test_cost_is_unknown_without_a_full_run() -> None:
    parts = charges.scoring([observe("correct")], [BILL], epochs=3)
    assert charges.cost(None, training_alone(Bill((used(2),))), parts) is None
    known = charges.cost(training_alone(BILL), training_alone(Bill((used(2),))), parts)
    assert known is not None
    assert (known.examples.full, known.examples.train, known.examples.scoring_alone) == (6.0, 2.0, 6.0)
    assert charges.cost(training_alone(BILL), None, parts).compute.train is None


def test_a_training_is_charged_for_its_steps_and_for_passes_only_where_they_are_its_own() -> None:
    alone, own = training_alone(BILL), training_with_passes(BILL)
    assert (alone.examples, alone.tokens, alone.flops) == (6.0, 60.0, 600.0)
    assert (own.examples, own.tokens, own.flops) == (31.0, 310.0, 3100.0)
    between = mean([alone, own])
    assert between is not None
    assert (between.examples, between.tokens, between.flops) == (18.5, 185.0, 1850.0)
    assert mean([]) is None
