"""Every method against the rivals of its suite: tests, Holm, what is missing, and how it is written."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.boards import board_of, files, flat, flat_rivals
from support.synthetic_results import SEEDS, cell, failing, outcomes_of, small_board, with_rivals, write_all

from hbench.render.check import check
from hbench.render.publish import COMPARISONS, CSV, LATEX, MARKDOWN, build
from hbench.render.show import show
from hbench.results.fields import ResultError
from hbench.statistics import detectable_difference, holm, two_t_test


def against(cells, rival: str, **where: str) -> dict[str, SimpleNamespace]:
    """What comparisons.csv says of the comparisons with one rival, by method."""
    lines = [line for line in flat_rivals(board_of(cells)) if line.rival == rival]
    return {c.method: c for c in lines if all(getattr(c, name) == value for name, value in where.items())}


def one_column(*rivals: str, **options):
    return with_rivals(small_board(tasks=("snli",), keeps=("0.3",), **options), *rivals)


def test_numbers_are_those_of_the_two_t_test():
    found = against(one_column("el2n", "h-score"), "el2n")
    assert set(found) == {"h-score", "length"}  # neither the baselines nor the rival itself
    tests = {
        m: two_t_test(np.stack(outcomes_of("snli", m, "0.3")), np.stack(outcomes_of("snli", "el2n", "0.3")))
        for m in found
    }
    adjusted = dict(zip(tests, holm([test.p for test in tests.values()]), strict=True))
    for method, line in found.items():
        test = tests[method]
        assert (line.difference, line.low, line.high, line.p) == pytest.approx((test.mean, test.low, test.high, test.p))
        assert line.p_holm == pytest.approx(adjusted[method])
        assert line.detectable == pytest.approx(detectable_difference(test.error, comparisons=2))
        assert (line.pairs, line.rival_status) == (6, "complete")


def test_holm_counts_the_methods_of_one_rival_and_column_only():
    cells = with_rivals(small_board(), "el2n", "h-score", "length")
    for rival, others in (("el2n", {"h-score", "length"}), ("length", {"el2n", "h-score"})):
        found = against(cells, rival, task="snli", keep="0.5")
        assert set(found) == others
        assert [c.p_holm for c in found.values()] == pytest.approx(holm([c.p for c in found.values()]))


def test_verdicts_follow_the_effects_in_both_directions():
    cells = one_column("el2n", "length", examples=3000)
    assert {m: c.verdict for m, c in against(cells, "el2n").items()} == {"h-score": "superior", "length": "worse"}
    assert {m: c.verdict for m, c in against(cells, "length").items()} == {"h-score": "superior", "el2n": "superior"}
    same = [cell(method="full"), cell(method="random"), cell(), cell(method="length", effect=-0.02)]
    assert against(with_rivals(same, "el2n"), "el2n")["length"].verdict == "undecided"


def test_random_is_left_as_it_was():
    plain, rivalled = (
        board_of(small_board(keeps=("0.3",))),
        board_of(with_rivals(small_board(keeps=("0.3",)), "el2n")),
    )
    assert list(map(flat, plain.rows)) == list(map(flat, rivalled.rows))
    assert plain.rivalries == ()


def test_rivals_of_some_results_of_a_column_are_those_of_all():
    cells = one_column()
    cells[1:] = [with_rivals([c], "el2n")[0] if c.method == "length" else c for c in cells[1:]]
    assert set(against(cells, "el2n")) == {"h-score", "length"}
    first = with_rivals(small_board(tasks=("snli",), keeps=("0.3",)), "el2n")
    other = [c for c in small_board(tasks=("snli",), keeps=("0.5",)) if c.method != "full"]
    assert {c.cell.keep for c in board_of([*first, *other]).rivalries} == {"0.3"}


def test_a_rival_without_a_file_is_missing_and_one_that_failed_is_failed():
    cells = one_column("el2n", "grand")
    cells = [failing(c, *SEEDS) if c.method == "el2n" else c for c in cells]
    for rival, status in (("grand", "missing"), ("el2n", "failed")):
        found = against(cells, rival)
        assert {c.rival_status for c in found.values()} == {status}
        assert {(c.pairs, c.difference, c.p_holm, c.verdict) for c in found.values()} == {(None, None, None, None)}
    assert set(against(cells, "grand")) == {"el2n", "h-score", "length"}
    text = files(board_of(cells))[MARKDOWN]
    header = " | ".join(
        f"to `{name}` | 95 % | p | verdict | detectable" for name in ("el2n` (failed)", "grand` (missing)")
    )
    header = f"| method | {header} |".replace("(failed)`", "(failed)").replace("(missing)`", "(missing)")
    table = text[text.index(header) :].splitlines()
    nothing = " | ".join(["– | – | – |  | –"] * 2)
    assert table[2:4] == [f"| `h-score` | {nothing} |", f"| `length` | {nothing} |"]
    assert "needed as a baseline: `grand`" in text


def test_failed_seeds_drop_out_of_both_sides_and_are_said():
    cells = [failing(c, 342, 98) if c.method == "el2n" else c for c in one_column("el2n")]
    found = against(cells, "el2n")["length"]
    assert (found.pairs, found.rival_status) == (4, "partial")
    common = [i for i, seed in enumerate(SEEDS) if seed not in (342, 98)]
    length, el2n = (np.stack(outcomes_of("snli", m, "0.3"))[common] for m in ("length", "el2n"))
    assert found.difference == pytest.approx(two_t_test(length, el2n).mean)
    assert "- `length`: 4 of its 6 seeds pair with `el2n`." in files(board_of(cells))[MARKDOWN]
    apart = [cell(method="full"), cell(method="random"), cell(seeds=(1, 2)), cell(method="length")]
    text = files(board_of(with_rivals(apart, "el2n")))[MARKDOWN]
    assert "- `length`: no difference to `el2n`, which shares no seed with it." in text


def test_one_seed_is_no_test():
    found = against(one_column("el2n", seeds=(342,)), "el2n")["length"]
    assert found.difference is not None
    assert (found.p, found.low, found.detectable, found.verdict) == (None, None, None, "no test")


def test_the_page_shows_a_second_table_only_where_there_are_rivals():
    cells = one_column("el2n", "length")
    text = files(board_of(cells))[MARKDOWN]
    line = against(cells, "el2n")["h-score"]
    section = text[text.index("### SNLI, 30 % kept, minilm") : text.index("## Cost and accuracy")]
    assert "Compared with the rivals `el2n`, `length` at the same size, budget and seeds; p is Holm-adjusted" in section
    table = section[section.index("| method | to `el2n`") :].splitlines()
    row = next(found for found in table if found.startswith("| `h-score`"))
    assert row.startswith(
        f"| `h-score` | {line.difference * 100:+.2f} | [{line.low * 100:+.2f}, {line.high * 100:+.2f}] | "
    )
    assert row.split(" | ")[5] == f"{line.detectable * 100:.2f}"
    methods = [found.split("`")[1] for found in table if found.startswith("| `")]
    assert methods == ["h-score", "el2n", "length"]  # in the order of the table above
    assert "(its rivals)" in text
    plain = files(board_of(one_column()))[MARKDOWN]
    assert "rivals" not in plain
    assert plain.split("## Cost")[0] == text.split("## Cost")[0].replace(
        section, plain[plain.index("### SNLI, 30 % kept") :].split("## Cost")[0]
    )


def test_a_rival_alone_has_nobody_to_be_compared_with():
    cells = with_rivals([cell(method="full"), cell(method="random"), cell()], "el2n")
    board = board_of(cells)
    assert board.rivalries == ()
    assert set(files(board)) == {MARKDOWN, CSV, LATEX}


def test_the_file_has_a_line_per_comparison(tmp_path):
    cells = with_rivals(small_board(), "el2n")
    written = build(write_all(cells, tmp_path / "results"), tmp_path)
    assert tmp_path / COMPARISONS in written
    lines = list(csv.DictReader(io.StringIO((tmp_path / COMPARISONS).read_text())))
    assert list(lines[0]) == [
        *("task", "split", "model", "keep", "budget", "method", "rival", "rival_status", "pairs"),
        *("difference", "low", "high", "p", "p_holm", "p_board", "trained", "verdict", "these_examples", "detectable"),
    ]
    keys = [(line["task"], line["keep"], line["method"]) for line in lines]
    assert keys == [(t, k, m) for t in ("mnli", "snli") for k in ("0.3", "0.5") for m in ("h-score", "length")]
    found = against(cells, "el2n", task="snli", keep="0.5")["length"]
    assert lines[-1]["difference"] == f"{found.difference:.10f}"
    assert lines[-1]["p_holm"] == f"{found.p_holm:.10f}"


def test_check_finds_a_file_that_is_missing_changed_or_left_over(tmp_path):
    cells = with_rivals(small_board(tasks=("snli",)), "el2n")
    results = write_all(cells, tmp_path / "results")
    build(results, tmp_path)
    assert check(results, tmp_path).code == 0
    table = tmp_path / COMPARISONS
    text = table.read_text()
    table.write_text(text.replace(",worse,", ",undecided,", 1))
    found = check(results, tmp_path)
    assert found.code == 1
    assert (
        "comparisons.csv: row snli / validation / minilm / 0.3 / equal-epochs / length / el2n, column verdict"
        in (found.problems[0])
    )
    table.unlink()
    found = check(results, tmp_path)
    assert found.code == 1
    assert "comparisons.csv: is missing; run `hbench leaderboard build`" in found.problems[0]
    table.write_text(text)
    plain = write_all([replace(c, rivals=()) for c in cells], tmp_path / "plain")
    build(plain, tmp_path / "board")
    (tmp_path / "board" / COMPARISONS).write_text(text)
    found = check(plain, tmp_path / "board")
    assert (found.code, found.problems) == (
        1,
        ("comparisons.csv: follows from no result; run `hbench leaderboard build`",),
    )
    build(plain, tmp_path / "board")
    assert not (tmp_path / "board" / COMPARISONS).exists()
    assert check(plain, tmp_path / "board").code == 0


def test_show_prints_them_below_the_table(tmp_path):
    cells = with_rivals(small_board(tasks=("snli",), keeps=("0.3",)), "el2n", "grand")
    lines = show(write_all(cells, tmp_path)).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("method") and "to el2n" in line)
    assert lines[start].split("  ")[-1].strip() == "to grand (missing)"
    line = against(cells, "el2n")["length"]
    assert lines[start + 3].split() == ["length", f"{line.difference * 100:+.2f}", f"{line.verdict}†", "–"]
    assert lines[start + 2].split() == ["el2n", "–", "–"]
    assert len(lines) == start + 4
    assert "to el2n" not in show(write_all(small_board(tasks=("snli",)), tmp_path / "plain"))


def test_results_that_disagree_on_the_random_baseline_are_still_refused():
    odd = with_rivals([replace(cell(method="length"), baseline="dynamic-random")], "el2n")
    with pytest.raises(ResultError, match="differ in 'chance'"):
        board_of([*one_column("el2n")[:3], *odd])
