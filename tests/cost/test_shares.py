"""A scoring bill is split among the methods that read the same scoring runs."""

from __future__ import annotations

import pytest

from hbench.cost.charges import Part
from hbench.cost.shares import ChargesDiffer, Claim, split

FIRST, SECOND, PASS = Part(1, "training", 6.0), Part(2, "training", 4.0), Part(1, "signals", 2.0)


def claim(method: str, *parts: Part, runs: str = "six runs", source: str = "") -> Claim[str]:
    return Claim(runs, "flops", method, parts, source or f"{method}.json")


def test_each_part_is_split_among_the_methods_that_need_it() -> None:
    claims = [claim("a", FIRST), claim("a", FIRST, source="other.json"), claim("b", FIRST, SECOND, PASS)]
    assert split(claims) == {("six runs", "a"): 3.0, ("six runs", "b"): 9.0}
    more = [*claims, claim("c", FIRST, runs="two runs")]
    assert split(more) == {**split(claims), ("two runs", "c"): 6.0}


def test_shares_add_up_to_the_bill_and_none_exceeds_the_cost_alone() -> None:
    needs = {"a": [FIRST], "b": [FIRST, SECOND], "c": [FIRST, SECOND, PASS], "d": [FIRST, PASS]}
    shares = split([claim(method, *parts) for method, parts in needs.items()])
    assert sum(share or 0.0 for share in shares.values()) == pytest.approx(6.0 + 4.0 + 2.0)
    for (_, method), share in shares.items():
        assert share is not None and share <= sum(part.amount or 0.0 for part in needs[method])


def test_who_claims_nothing_shares_nothing() -> None:
    assert split([claim("random"), claim("a", FIRST)]) == {("six runs", "a"): 6.0}
    assert split([claim("random")]) == {}


def test_a_share_is_unknown_where_an_amount_is() -> None:
    unknown = Part(1, "training", None)
    assert split([claim("a", unknown), claim("b", unknown, PASS), claim("c", PASS)]) == {
        ("six runs", "a"): None,
        ("six runs", "b"): None,
        ("six runs", "c"): 1.0,
    }


@pytest.mark.parametrize("amount", [6.1, None])
def test_two_amounts_for_one_part_name_both_sources(amount: float | None) -> None:
    with pytest.raises(ChargesDiffer, match=r"a\.json and b\.json .*training in epoch 1"):
        split([claim("a", FIRST), claim("b", Part(1, "training", amount))])
    assert split([claim("a", FIRST), claim("b", Part(1, "training", 6.0 * (1 + 1e-12)))]) == {
        ("six runs", "a"): 3.0,
        ("six runs", "b"): 3.0,
    }
