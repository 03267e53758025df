"""A scoring bill is split among the methods that read the same scoring runs."""

from __future__ import annotations

import pytest

from hbench.cost.charges import Part
from hbench.cost.shares import ChargesDiffer, Claim, split

FIRST, SECOND, PASS = Part(1, "training", 6.0), Part(2, "training", 4.0), Part(1, "signals", 2.0)


def claim(method: str, *parts: Part, bill: str = "sst2", runs: int = 6, source: str = "") -> Claim[str]:
    return Claim(bill, "flops", method, parts, runs=runs, seeds="six seeds", source=source or f"{method}.json")


def of(bill: str, **shares: float | None) -> dict[tuple[str, str, int], float | None]:
    return {(bill, method, 6): share for method, share in shares.items()}


def test_each_part_is_split_among_the_methods_that_need_it() -> None:
    claims = [claim("a", FIRST), claim("a", FIRST, source="other.json"), claim("b", FIRST, SECOND, PASS)]
    assert split(claims) == of("sst2", a=3.0, b=9.0)
    more = [*claims, claim("c", FIRST, bill="snli")]
    assert split(more) == {**split(claims), **of("snli", c=6.0)}


def test_shares_add_up_to_the_bill_and_none_exceeds_the_cost_alone() -> None:
    needs = {"a": [FIRST], "b": [FIRST, SECOND], "c": [FIRST, SECOND, PASS], "d": [FIRST, PASS]}
    shares = split([claim(method, *parts) for method, parts in needs.items()])
    assert sum(share or 0.0 for share in shares.values()) == pytest.approx(6.0 + 4.0 + 2.0)
    for (_, method, _), share in shares.items():
        assert share is not None and share <= sum(part.amount or 0.0 for part in needs[method])


def test_who_claims_nothing_shares_nothing() -> None:
    assert split([claim("random"), claim("a", FIRST)]) == of("sst2", a=6.0)
    assert split([claim("random")]) == {}


def test_a_share_is_unknown_where_an_amount_is() -> None:
    unknown = Part(1, "training", None)
    assert split([claim("a", unknown), claim("b", unknown, PASS), claim("c", PASS)]) == of(
        "sst2", a=None, b=None, c=1.0
    )


@pytest.mark.parametrize("amount", [6.1, None])
def test_two_amounts_for_one_part_name_both_sources(amount: float | None) -> None:
    with pytest.raises(ChargesDiffer, match=r"a\.json and b\.json .*training in epoch 1"):
        split([claim("a", FIRST), claim("b", Part(1, "training", amount))])
    near = split([claim("a", FIRST), claim("b", Part(1, "training", 6.0 * (1 + 1e-12)))])
    assert near == of("sst2", a=3.0, b=pytest.approx(3.0))


def test_a_run_is_split_among_the_methods_whose_sets_of_scores_take_that_many() -> None:
    shares = split([claim("a", Part(1, "training", 1.0), runs=1), claim("b", Part(1, "training", 3.0), runs=3)])
    # one run costs 1: the first serves both, the second and third b alone
    assert shares == {("sst2", "a", 1): pytest.approx(0.5), ("sst2", "b", 3): pytest.approx(2.5)}
    with pytest.raises(ChargesDiffer, match=r"charge 1 and 6 .*of 1 and 3 of the same full-data runs"):
        split([claim("a", Part(1, "training", 1.0), runs=1), claim("b", Part(1, "training", 6.0), runs=3)])


@pytest.mark.parametrize("runs", [(1, 1, 3), (1, 2, 6), (2, 3, 5), (4, 4, 4)])
def test_shares_of_sets_of_different_sizes_add_up_to_the_largest_and_none_exceeds_its_own(
    runs: tuple[int, ...],
) -> None:
    shares = split([claim(f"m{i}", Part(1, "training", 2.0 * n), runs=n) for i, n in enumerate(runs)])
    assert sum(share or 0.0 for share in shares.values()) == pytest.approx(2.0 * max(runs))
    assert all(share is not None and share <= 2.0 * n + 1e-12 for (_, _, n), share in shares.items())


def test_a_method_with_sets_of_two_sizes_has_a_share_for_each() -> None:
    one, three = claim("a", Part(1, "training", 1.0), runs=1), claim("a", Part(1, "training", 3.0), runs=3)
    other = claim("b", Part(1, "training", 1.0), runs=1)
    assert split([one, three, other]) == {("sst2", "a", 1): 0.5, ("sst2", "a", 3): 2.5, ("sst2", "b", 1): 0.5}
