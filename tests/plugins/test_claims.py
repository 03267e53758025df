"""Claims of authors: read from the file beside a scorer, and refused by name where one cannot be."""

from __future__ import annotations

import pytest
from support.references import scorers

import hbench
from hbench.errors import UsageError
from hbench.plugins.claims import Claim, claim_from, claims_of, read_claims
from hbench.plugins.registry import SCORERS, TASKS
from hbench.selection import count_for

GOOD = {"text": "it works", "source": "Author 2024, table 1", "read": "paper", "relation": "not worse than full"}
WITH_CLAIMS = ["h-score", "el2n", "grand", "cartography", "dynamic-el2n", "infobatch", "dynamic-random"]


@pytest.mark.parametrize("name", WITH_CLAIMS)
def test_every_paper_that_bears_on_the_tasks_has_its_claims(name):
    assert claims_of(hbench.scorer(name))


def test_registers_name_known_tasks_and_scorers():
    for reference in scorers():
        for claim in claims_of(hbench.scorer(reference)):
            assert set(claim.tasks) <= set(TASKS.names())
            if claim.against is not None:
                SCORERS.find(claim.against)


def test_a_claim_is_about_the_scorer_with_its_options():
    dropped = claims_of(hbench.scorer("el2n[offset=0.05]"))
    assert [c.relation for c in dropped] == ["not worse than full"]
    assert all("offset" not in c.options for c in claims_of(hbench.scorer("el2n")))
    assert claims_of(hbench.scorer("cartography[region=hard]")) == ()
    assert claims_of(hbench.scorer("length")) == ()


def test_what_a_claim_covers():
    claim = Claim("t", "s", "paper", "not worse than full", tasks=("snli",), kept=(0.25, 0.5))
    assert claim.covers("snli", 0.3)
    assert not claim.covers("sst2", 0.3)
    assert not claim.covers("snli", 0.6)
    assert not claim.covers("snli", None)
    natural = Claim("t", "s", "paper", "size varies", kept=None)
    assert natural.covers("any", None)
    assert not natural.covers("any", count_for(0.3, 10) / 10)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"relation": "beats"}, "relation = 'beats'"),
        ({"read": "heard"}, "read = 'heard'"),
        ({"text": " "}, "no text"),
        ({"source": ""}, "no source"),
        ({"relation": "better than"}, "`against`"),
        ({"against": "random"}, "`against`"),
        ({"kept": [0.5, 0.2]}, "lower first"),
        ({"kept": [0.5]}, "two shares"),
        ({"kept": "own"}, "two shares"),
        ({"kept": [True, 1]}, "two shares"),
        ({"loss": 2}, "loss = 2"),
        ({"loss": "1"}, "loss = '1'"),
        ({"further": "yes"}, "true or false"),
        ({"tasks": "snli"}, "list of task names"),
        ({"options": []}, "option = value"),
        ({"figur": "1"}, "did you mean 'figure'"),
        ({"figure": 3}, "figure = 3"),
    ],
)
def test_claims_that_cannot_be_are_refused_by_name(change, said):
    with pytest.raises(UsageError, match=said):
        claim_from(GOOD | change)


@pytest.mark.parametrize("absent", sorted(GOOD))
def test_what_a_claim_needs(absent):
    with pytest.raises(UsageError, match=f"'{absent}' is missing"):
        claim_from({name: value for name, value in GOOD.items() if name != absent})


@pytest.mark.parametrize(
    ("text", "said"),
    [("[[claim]", "malformed TOML"), ("[claim]\n", "\\[\\[claim\\]\\]"), ("x = 1", "\\[\\[claim\\]\\]")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, text, said):
    path = tmp_path / "mine.claims.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=f"mine.claims.toml.*{said}"):
        read_claims(path)
