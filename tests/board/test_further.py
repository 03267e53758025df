"""Further sets on the board: tables of their own with the same tests, a family of their own, and claims about them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.boards import board_of, files, flat
from support.synthetic_results import cell, small_board, with_trivial

from hbench.plugins.claims import Claim, claim_from
from hbench.render.publish import MARKDOWN
from hbench.results.cell import CellResult, Further
from hbench.results.fields import ResultError
from hbench.results.parse import parse_cell

ANLI = Further("anli[evaluate=test_r1]", {"hub": "a/b", "revision": "c"}, {"labels": ["a", "b", "c"]})
LABEL = "anli.test_r1"
OWN = small_board(tasks=("snli",), keeps=("0.3",))


def on_further(made: CellResult, **effects: float) -> CellResult:
    """The same cell as evaluated on a further set, its outcomes drawn anew."""
    drawn = cell("anli", made.method, made.keep, examples=300, effect=effects.get(made.method))
    data = replace(made.data, eval_rows=300, eval_digest="e" * 64)
    return replace(
        made, split=LABEL, primary=False, further=ANLI, values=drawn.values, examples=drawn.examples, data=data
    )


FURTHER = [on_further(made) for made in OWN]


def test_a_further_set_is_a_table_with_the_same_tests():
    board = board_of([*OWN, *FURTHER])
    assert [(s.key.split, s.further) for s in board.standings] == [("validation", None), (LABEL, ANLI.task)]
    rows = {row.method: flat(row) for row in board.standings[1].rows}
    assert rows.keys() == {"full", "random", "el2n", "h-score", "length"}
    assert rows["el2n"].metric_low is not None
    assert rows["el2n"].random_verdict == "superior"
    assert rows["length"].full_verdict == "inferior"
    page = files(board)[MARKDOWN]
    assert f"### SNLI ({LABEL}), 30 % kept, minilm" in page
    assert "trained on `snli` and evaluated on `anli[evaluate=test_r1]`" in page
    assert "a further set, `anli[evaluate=test_r1]` from the hub, `a/b`" in page


def test_what_a_board_says_of_its_tasks_does_not_depend_on_further_sets():
    alone, both = board_of(OWN), board_of([*OWN, *FURTHER])
    assert both.standings[0].rows == alone.standings[0].rows
    assert both.across == alone.across
    assert both.tradeoffs == alone.tradeoffs
    # the family of a further set is as large as that of the task alone
    p = {row.method: row.against("random") for row in both.standings[1].rows}
    apart = {row.method: row.against("random") for row in board_of(FURTHER).standings[0].rows}
    assert {m: c and c.p_board for m, c in p.items()} == {m: c and c.p_board for m, c in apart.items()}


def test_a_size_that_was_not_evaluated_on_a_further_set_has_no_table_of_it():
    more = [cell("snli", method, "0.7", compared=OWN[1].compared) for method in ("random", "el2n", "h-score", "length")]
    board = board_of([*OWN, *more, *FURTHER])
    assert [(s.key.split, s.key.keep) for s in board.standings] == [
        ("validation", "0.3"),
        ("validation", "0.7"),
        (LABEL, "0.3"),
    ]


def claimed(claim: Claim, cells: list[CellResult]) -> list[tuple[str, str | None]]:
    made = [replace(c, claims=(claim,)) if c.method == "el2n" else c for c in cells]
    return [(a.answer, None if a.cell is None else a.cell.split) for a in board_of(made).claims]


BETTER = Claim("it helps elsewhere", "Author 2024", "paper", "better than", against="random", further=True)


def test_a_claim_about_other_data_is_answered_by_further_sets_alone():
    assert claimed(BETTER, [*OWN, *FURTHER]) == [("supported", LABEL)]
    assert claimed(replace(BETTER, further=False), [*OWN, *FURTHER]) == [("supported", "validation")]
    assert claimed(BETTER, OWN) == [("not tested", None)]
    assert claimed(replace(BETTER, tasks=("sst2",)), [*OWN, *FURTHER]) == [("not tested", None)]


def test_its_answer_changes_when_the_results_there_do():
    worse = [on_further(made, el2n=-0.3) for made in OWN]
    assert claimed(BETTER, [*OWN, *worse]) == [("contradicted", LABEL)]
    assert claimed(replace(BETTER, further=False), [*OWN, *worse]) == [("supported", "validation")]


def test_a_further_set_on_which_nothing_is_learnt_answers_nothing():
    hopeless = [with_trivial(c, share=0.95) if c.method == "full" else c for c in FURTHER]
    assert claimed(BETTER, [*OWN, *hopeless]) == [("not tested", LABEL)]
    board = board_of([*OWN, *hopeless])
    assert [s.assay for s in board.standings] == [None, False]


def test_the_page_says_on_which_set_a_claim_was_tested():
    made = [replace(c, claims=(BETTER,)) if c.method == "el2n" else c for c in [*OWN, *FURTHER]]
    page = files(board_of(made))[MARKDOWN]
    assert f"| `snli` on `{LABEL}`, 0.3, equal-epochs, `minilm` |" in page


def test_a_result_on_a_further_set_is_written_and_read_back():
    made = FURTHER[1]
    assert parse_cell(made.dump(), "x.json") == made
    assert '"further"' not in OWN[1].dump()
    assert made.path.name == f"0.3-equal-epochs-{LABEL}-random.json"


def test_a_further_set_is_never_the_tasks_own_split():
    with pytest.raises(ResultError, match=r"x.json: field 'further'"):
        parse_cell(replace(FURTHER[1], primary=True).dump(), "x.json")


def test_two_versions_of_a_further_set_are_not_compared():
    other = replace(FURTHER[2], further=replace(ANLI, source={"hub": "a/b", "revision": "d"}))
    with pytest.raises(ResultError, match=r"'further.source.revision': d and c"):
        board_of([*OWN, *FURTHER[:2], other, *FURTHER[3:]])


def test_a_claim_says_whether_it_is_about_other_data():
    entry = {"text": "t", "source": "s", "read": "paper", "relation": "other", "further": True}
    assert claim_from(entry).further
    assert claim_from(claim_from(entry).as_json()) == claim_from(entry)
    assert "further" not in claim_from({**entry, "further": False}).as_json()
