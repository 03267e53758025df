"""Two methods, two folders of results, two versions of a board: what differs, in words that follow from tests."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.boards import board_of
from support.synthetic_results import SEEDS, cell, cost_of, diagnostic, failing, small_board, with_trivial, write_all

from hbench.board.compare.methods import duels_of
from hbench.board.compare.versions import versions_of
from hbench.render.compare.columns import of_test
from hbench.render.compare.versions import said_of
from hbench.render.publish import build
from hbench.results.outcomes import Outcomes
from hbench.statistics import holm, two_t_test

CELLS = small_board()


def values(made):
    return [made.examples.decode(i) for i in range(len(made.seeds))]


def found(cells, where):
    return next(c for c in cells if (c.task, c.method, c.keep) == where)


# --- two methods


def test_two_methods_are_tested_in_every_table_that_has_both():
    duels = duels_of(board_of(CELLS), "h-score", "length")
    assert len(duels.contests) == 4
    for duel in duels.contests:
        ours, theirs = (values(found(CELLS, (duel.key.task, m, duel.key.keep))) for m in ("h-score", "length"))
        expected = two_t_test(ours, theirs)
        assert duel.test.mean == pytest.approx(expected.mean)
        assert duel.test.p == pytest.approx(expected.p)
    assert [duel.p_adjusted for duel in duels.contests] == pytest.approx(holm([d.test.p for d in duels.contests]))
    assert {duel.verdict for duel in duels.contests} == {"better"}
    assert {duel.verdict for duel in duels_of(board_of(CELLS), "length", "h-score").contests} == {"worse"}
    assert {duel.verdict for duel in duels_of(board_of(CELLS), "length", "random").contests} == {"undecided"}


def test_verdicts_are_withheld_as_on_a_board():
    def verdicts(cells, first="h-score", second="length"):
        return {duel.verdict for duel in duels_of(board_of(cells), first, second).contests}

    nothing = [with_trivial(c, share=0.99) if c.method == "full" else c for c in CELLS]
    assert verdicts(nothing) == {"no assay"}
    shaky = [failing(c, *SEEDS[:2]) if c.method == "length" else c for c in CELLS]
    assert verdicts(shaky) == {"unstable"}
    few = [cell(method=m, seeds=SEEDS[:3]) for m in ("full", "random", "el2n")]
    assert verdicts(few, "el2n", "random") == {"no test"}
    apart = [cell(method="full"), cell(method="random", seeds=(1, 2, 3, 4, 5, 6)), cell(method="el2n")]
    assert verdicts(apart, "el2n", "random") == {"no seed in common"}


def test_the_words_name_where_a_method_wins(hbench, tmp_path):
    cells = [c for c in CELLS if (c.task, c.keep, c.method) != ("snli", "0.5", "length")]
    results = write_all(cells, tmp_path / "results")
    done = hbench("compare", "h-score", "length", "--results", results)
    assert done.code == 0
    assert "h-score and length meet in 3 tables. h-score is better than length in 3: mnli / validation" in done.out
    assert "Holm-corrected over 3 tables" in done.out
    assert "Only h-score has a result in 1 table: snli / validation / minilm / 0.5 / equal-epochs." in done.out
    assert len([line for line in done.out.splitlines() if line.endswith("  better")]) == 3
    other = hbench("compare", "length", "random", "--results", results).out
    assert "They are not told apart in 3, which is no evidence that they are equal." in other
    page = hbench("compare", "h-score", "length", "--results", results, "--format", "markdown").out
    assert "`h-score` is better than `length` in 3" in page
    assert (
        "| task | split | model | keep | budget | `h-score` | `length` | difference | interval | p | verdict |" in page
    )
    made = json.loads(hbench("compare", "h-score", "length", "--results", results, "--format", "json").out)
    row = made["rows"]["rows"][0]
    assert (row["task"], row["seeds"], row["verdict"]) == ("mnli", 6, "better")
    assert row["difference"] == pytest.approx(row["first"] - row["second"])


@pytest.mark.parametrize(
    ("names", "fragments"),
    [
        (("h-score", "lenght"), ("'lenght'", "did you mean 'length'")),
        (("h-score", "h-score"), ("named twice",)),
        (("h-score", "results"), ("'h-score' is no folder", "two methods or two folders")),
    ],
)
def test_what_cannot_be_compared_is_refused(hbench, tmp_path, names, fragments):
    results = write_all(CELLS, tmp_path / "results")
    done = hbench("compare", *names, "--results", results)
    assert done.code == 2
    assert all(fragment in done.err for fragment in fragments)


# --- two versions


def test_every_change_is_of_one_kind():
    new = [c for c in CELLS if (c.task, c.keep, c.method) != ("snli", "0.5", "length")]
    better = cell("mnli", "el2n", "0.3", effect=0.0, compared=found(CELLS, ("mnli", "el2n", "0.3")).compared)
    new = [better if c.cell == better.cell else c for c in new] + [diagnostic(random=0.5)]
    versions = versions_of(board_of(CELLS), board_of(new))
    kinds = {kind: [c.cell for c in versions.of(kind)] for kind in ("added", "removed", "replaced")}
    assert kinds["added"] == [diagnostic().cell]
    assert kinds["removed"] == [cell("snli", "length", "0.5").cell]
    assert kinds["replaced"] == [better.cell]
    (change,) = versions.of("replaced")
    expected = two_t_test(values(better), values(found(CELLS, ("mnli", "el2n", "0.3"))))
    assert change.test.mean == pytest.approx(expected.mean)
    assert change.p_adjusted == pytest.approx(expected.p)
    assert change.fields == ("examples", "values")
    assert versions.same + len([c for c in versions.changes if c.kind in ("replaced", "follows")]) == len(CELLS) - 1
    assert versions_of(board_of(CELLS), board_of(CELLS)).changes == ()


def test_a_verdict_that_follows_from_another_row_is_a_change():
    """A better random subset turns the verdicts of all rows of its table."""
    new = [
        cell("snli", "random", "0.3", effect=0.02, compared=c.compared)
        if c.cell == cell("snli", "random", "0.3").cell
        else c
        for c in CELLS
    ]
    versions = versions_of(board_of(CELLS), board_of(new))
    assert {c.cell.method for c in versions.of("follows")} >= {"el2n", "h-score"}
    assert {(c.cell.task, c.cell.keep) for c in versions.of("follows")} == {("snli", "0.3")}
    said = " ".join(said_of(versions))
    assert "1 result was replaced: `snli / validation / minilm / 0.3 / equal-epochs / random`." in said
    assert "h-score`: to random superior, now undecided" in said
    assert "rows changed verdict" in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: replace(c, cost=cost_of(0.5, True)), "the same predictions"),
        (lambda c: replace(c, examples=Outcomes.encode(values(c), cases=[i // 2 for i in range(400)])), "other cases"),
        (lambda c: failing(c, *SEEDS), "no trainings on one side"),
        (lambda c: cell(c.task, c.method, c.keep, seeds=(1, 2, 3, 4), compared=c.compared), "no seed in common"),
        (lambda c: replace(c, data=replace(c.data, eval_digest="e" * 64)), "other evaluation examples"),
    ],
)
def test_rows_that_cannot_be_paired_are_not_tested(change, why):
    old = [cell(method=m) for m in ("random", "el2n")]
    new = [change(c) for c in old]
    versions = versions_of(board_of(old), board_of(new))
    assert {c.untested for c in versions.of("replaced")} == {why}
    assert all(c.test is None for c in versions.of("replaced"))
    assert f"Not tested, {why}:" in " ".join(said_of(versions))


def test_words_for_folders_and_for_boards(hbench, tmp_path):
    better = cell("mnli", "length", "0.3", effect=0.0, compared=found(CELLS, ("mnli", "length", "0.3")).compared)
    new = [better if c.cell == better.cell else c for c in CELLS if c.task != "snli"]
    for name, cells in (("old", CELLS), ("new", new)):
        build(write_all(cells, tmp_path / name / "results"), tmp_path / name)
    done = hbench("compare", tmp_path / "old", tmp_path / "new")
    assert done.code == 0
    assert "9 results were removed: mnli" not in done.out
    assert "9 results were removed: snli / validation / minilm / 0.3 / equal-epochs / el2n" in done.out
    assert ", and 4 more." in done.out
    assert (
        "1 result was replaced: mnli / validation / minilm / 0.3 / equal-epochs / length. New against old" in done.out
    )
    assert "length by +" in done.out
    folders = hbench("compare", tmp_path / "old/results", tmp_path / "new/results")
    assert folders.out.splitlines()[1:] == done.out.splitlines()[1:]
    same = hbench("compare", tmp_path / "old", tmp_path / "old/results").out
    assert "No result was added, removed or replaced: 18 rows stayed the same." in same


def test_another_protocol_is_said(hbench, tmp_path):
    old = write_all(CELLS, tmp_path / "old")
    new = write_all([replace(c, protocol=2) for c in CELLS], tmp_path / "new")
    assert "follow protocol 1, the new ones protocol 2" in hbench("compare", old, new).out


def test_an_interval_is_shown_only_where_there_is_one():
    columns = {c.key: c for c in of_test(lambda record: record, lambda record: None)}
    assert columns["low"].page.show(two_t_test([[0.0, 1.0]] * 2, [[1.0, 1.0]] * 2)) != ""
    assert columns["low"].page.show(None) == "–"
    assert columns["p_holm"].page.show(None) == "–"
