"""Every method is charged for what it used, no more and no less."""

from __future__ import annotations

from typing import Any

import pytest

from hbench import charges
from hbench.plan import make_plan
from hbench.plugins import observe
from hbench.suite import Suite


def entry(amount: int, **more: Any) -> dict[str, Any]:
    return {"flops": 100 * amount, "examples": amount, "tokens": 10 * amount, **more}


#: Two scoring runs of three epochs, observed after epoch 1 (signals 4, gradients 16) and epoch 2 (signals 5).
BILL = {
    "trained": [entry(1), entry(2), entry(3)],
    "observed": [
        entry(4, epoch=1, what="signals"),
        entry(16, epoch=1, what="gradients"),
        entry(5, epoch=2, what="signals"),
    ],
}


@pytest.mark.parametrize(
    ("observation", "expected"),
    [
        (None, 0),
        (observe("correct"), 2 * 6),
        (observe("gold_prob", epochs=(1,)), 2 * 1),
        (observe("el2n", at="epoch_end", epochs=(1,)), 2 * (1 + 4)),
        (observe("el2n", at="epoch_end", epochs=(2,)), 2 * (1 + 2 + 5)),
        (observe("el2n", at="epoch_end"), 2 * (6 + 4 + 5)),
        (observe("grad_norm", at="epoch_end", epochs=(1,)), 2 * (1 + 4 + 16)),
    ],
)
def test_alone_stops_after_the_last_epoch_needed(observation: Any, expected: int) -> None:
    found = charges.alone(observation, [BILL, BILL], epochs=3)
    assert found == {"flops": 100.0 * expected, "examples": float(expected), "tokens": 10.0 * expected}


def test_shared_is_an_equal_part_of_everything() -> None:
    suite = Suite(name="s", tasks=("planted-sentence",), models=("tiny",), scorers=("h-score", "el2n", "length"))
    group = make_plan(suite).groups[0]
    found = charges.shared(observe("correct"), [BILL, BILL], group)
    # h-score and el2n share; length and random read no run; nobody here asked for gradients or for epoch 2
    assert found["examples"] == 2 * (6 + 4) / 2
    assert charges.shared(None, [BILL], group)["examples"] == 0


def test_cost_is_unknown_without_a_full_run() -> None:
    assert charges.cost(None, charges.nothing(), None, None) is None
    known = charges.cost(charges.spent(BILL["trained"]), charges.spent([entry(2)]), None, None)
    assert known is not None
    assert (known.examples.full, known.examples.train, known.examples.scoring_alone) == (6.0, 2.0, None)
