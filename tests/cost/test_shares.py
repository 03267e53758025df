"""A scoring bill is split among the methods that read the same scoring runs."""

from __future__ import annotations

import pytest

from hbench.cost.charges import Part
from hbench.cost.shares import ChargesDiffer, Claim, split

FIRST, SECOND, PASS = Part(1, "training", 6.0), Part(2, "training", 4.0), Part(1, "signals", 2.0)


def claim(method: str, *parts: Part, runs: str = "six runs", source: str = "") -> Claim[str]:
    return Claim(runs, "flops", method, parts, source or f"{method}.json")


def test_a_part_counts_once_and_a_method_once_however_many_claims_it_has() -> None:
    claims = [claim("a", FIRST), claim("a", FIRST, source="other.json"), claim("b", FIRST, SECOND, PASS)]
    assert split(claims) == {"six runs": 6.0}
    assert split([*claims, claim("c", FIRST, runs="two runs")]) == {"six runs": 6.0, "two runs": 6.0}


def test_who_claims_nothing_shares_nothing() -> None:
    assert split([claim("random"), claim("a", FIRST)]) == {"six runs": 6.0}
    assert split([claim("random")]) == {}


def test_a_share_is_unknown_where_an_amount_is() -> None:
    unknown = Part(1, "training", None)
    assert split([claim("a", unknown), claim("b", unknown, PASS)]) == {"six runs": None}


@pytest.mark.parametrize("amount", [6.1, None])
def test_two_amounts_for_one_part_name_both_sources(amount: float | None) -> None:
    with pytest.raises(ChargesDiffer, match=r"a\.json and b\.json .*training in epoch 1"):
        split([claim("a", FIRST), claim("b", Part(1, "training", amount))])
    assert split([claim("a", FIRST), claim("b", Part(1, "training", 6.0 * (1 + 1e-12)))]) == {"six runs": 3.0}
