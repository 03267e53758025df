"""Verdicts that are withheld: too few seeds, nothing to lose, runs that did not train; and what stands beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.boards import board_of, files, flat
from support.synthetic_results import SEEDS, cell, failing, outcomes_of, small_board, with_rivals, with_trivial

from hbench.render.publish import MARKDOWN
from hbench.results.outcomes import Outcomes
from hbench.statistics import PairTest, rank_sets, two_t_p, two_t_ratio

TRIVIAL = (np.arange(400) < 136).astype(float)


def column(*, share: float = 0.34, **options):
    full, *others = small_board(tasks=("snli",), keeps=("0.3",), **options)
    return [with_trivial(full, share=share), *others]


def collapsed(made, *seeds: int):
    """The same cell, some seeds of which gave the trivial answer."""
    assert made.examples is not None
    rows = [made.examples.decode(i) for i in range(len(made.seeds))]
    rows = [TRIVIAL if seed in seeds else row for seed, row in zip(made.seeds, rows, strict=True)]
    return replace(made, values=tuple(float(r.mean()) for r in rows), examples=Outcomes.encode(rows))


def rows_of(cells):
    return {row.method: row for row in board_of(cells).standings[0].rows}


def verdicts(cells, role: str) -> dict[str, str | None]:
    return {m: found.verdict for m, row in rows_of(cells).items() if (found := row.against(role)) is not None}


@pytest.mark.parametrize(("seeds", "tested"), [(3, False), (4, True)])
def test_a_test_takes_four_seeds(seeds, tested):
    row = rows_of(column(seeds=SEEDS[:seeds]))["el2n"]
    to_full, to_random = row.against("full"), row.against("random")
    for number in (to_full.p, to_full.low, to_full.excluded, to_random.p, to_random.detectable, row.metric.low):
        assert (number is not None) == tested
    assert (to_full.verdict == "no test", to_random.verdict == "no test") == (not tested, not tested)
    assert (row.share.low is not None, row.gain.low is not None, row.ranks is not None) == (tested,) * 3
    assert to_full.difference is not None


def test_full_data_that_are_no_better_than_a_trivial_answer_leave_nothing_to_lose():
    cells = with_rivals(column(share=0.8), "el2n")
    for role in ("full", "random", "rival"):
        assert set(verdicts(cells, role).values()) == {"no assay"}
    assert all(row.ranks is None for row in rows_of(cells).values())
    text = files(board_of(cells))[MARKDOWN]
    assert "No assay: the model trained on all data is not superior to the trivial answer" in text
    assert "No assay" not in files(board_of(column()))[MARKDOWN]
    assert "What a trivial answer reaches is not known here" in files(board_of(small_board()))[MARKDOWN]


def test_runs_that_did_not_train_withhold_the_verdicts_of_their_row():
    cells = [collapsed(c, 98, 342) if c.method == "el2n" else c for c in with_rivals(column(), "length")]
    rows = rows_of(cells)
    assert rows["el2n"].untrained == (342, 98)
    assert {m for m, row in rows.items() if row.unstable} == {"el2n"}
    for role in ("full", "random", "rival"):
        assert verdicts(cells, role)["el2n"] == "unstable"
        assert "unstable" not in {v for m, v in verdicts(cells, role).items() if m != "el2n"}
    found = rows["el2n"].against("random")
    left = [i for i, seed in enumerate(SEEDS) if seed not in (98, 342)]
    ours, random = (np.stack(outcomes_of("snli", m, "0.3"))[left] for m in ("el2n", "random"))
    assert (found.trained, found.trained_pairs) == (pytest.approx((ours - random).mean()), 4)
    text = files(board_of(cells))[MARKDOWN]
    assert "- Unstable: `el2n` (2 of 6 runs did not train). Verdicts on such rows" in text
    lines = [line.split(" | ") for line in text.split("## Results")[1].splitlines() if line.startswith("| `el2n`")]
    main, against_full, against_random, made = lines[:4]
    assert main[5] == "unstable"
    assert f"{found.trained * 100:+.2f} (4 seeds)" in against_random
    assert against_random[1] == against_full[3] == "–"  # no p values
    assert "4 of 6" in made


def test_a_random_subset_that_is_unstable_withholds_the_verdicts_against_it_only():
    cells = [collapsed(c, 98) if c.method == "random" else c for c in column()]
    assert set(verdicts(cells, "random").values()) == {"unstable"}
    to_full = verdicts(cells, "full")
    assert to_full.pop("random") == "unstable"
    assert "unstable" not in to_full.values()
    assert "- Unstable: `random` (1 of 6 runs did not train)" in files(board_of(cells))[MARKDOWN]
    # a pair with it is not told apart
    assert (rows_of(cells)["random"].ranks.best, rows_of(cells)["random"].ranks.worst) == (1, 4)


def test_a_row_in_which_nothing_trained_is_judged():
    cells = [collapsed(c, *SEEDS) if c.method == "el2n" else c for c in column()]
    assert len(rows_of(cells)["el2n"].untrained) == 6
    assert verdicts(cells, "full")["el2n"] == "inferior"
    assert verdicts(cells, "random")["el2n"] == "worse"


def test_seeds_that_failed_count_as_the_trivial_answer_and_are_named():
    cells = [failing(c, 98) if c.method == "el2n" else c for c in column()]
    row, same = rows_of(cells)["el2n"], rows_of([collapsed(c, 98) if c.method == "el2n" else c for c in column()])
    assert row.metric == same["el2n"].metric
    assert row.against("random").test == same["el2n"].against("random").test
    assert (row.untrained, row.against("full").verdict) == ((98,), "unstable")
    assert "step 12`; counted as the trivial answer" in files(board_of(cells))[MARKDOWN]
    # without a trivial answer it is left out, which withholds the verdict too
    plain = [failing(c, 98) if c.method == "el2n" else c for c in small_board(tasks=("snli",), keeps=("0.3",))]
    found = rows_of(plain)["el2n"].against("random")
    assert (found.pairs, found.verdict, found.trained_pairs) == (5, "unstable", 5)
    assert "counted as" not in files(board_of(plain))[MARKDOWN].split("## How to read")[0]


def test_claims_over_the_board_leave_out_what_is_withheld():
    cells = [collapsed(c, 98) if c.method == "random" else c for c in column()]
    across = board_of(cells).across[0]
    assert {(m.tested, m.wins, m.in_table) for m in across.methods} == {(0, (), ())}


def test_the_loss_excluded_is_below_the_margin_where_there_is_none_and_only_there():
    seen = set()
    for examples in (400, 3000):
        for margin in (0.005, 0.02, 0.04, 0.06, 0.2):
            made = small_board(tasks=("snli",), keeps=("0.3",), examples=examples)
            for row in rows_of([replace(c, margin=margin) for c in made]).values():
                found = row.against("full")
                if found is not None:
                    seen.add(found.verdict)
                    assert (found.excluded < margin) == (found.verdict == "non-inferior"), (row.method, margin)
    assert seen == {"non-inferior", "inferior", "undecided"}


def test_no_loss_is_claimed_under_holm():
    """Rows that their own interval would call non-inferior are undecided where there are many of them."""
    margin = 0.0365
    rows = rows_of([replace(c, margin=margin) for c in small_board(tasks=("snli",), keeps=("0.3",), examples=400)])
    alone = [m for m, row in rows.items() if (c := row.against("full")) and (c.low > -margin or c.high < -margin)]
    shown = [m for m, row in rows.items() if (c := row.against("full")) and c.verdict in ("non-inferior", "inferior")]
    assert set(shown) <= set(alone)
    for row in rows.values():
        if (found := row.against("full")) is not None and found.verdict != "undecided":
            assert found.p_adjusted <= 0.05


def test_identical_results_are_no_difference():
    full = with_trivial(cell(method="full"))
    same = replace(cell(), values=full.values, examples=full.examples)
    found = rows_of([full, cell(method="random"), same])["el2n"].against("full")
    assert (found.difference, found.test.p, found.verdict) == (0, 1, "non-inferior")
    assert (found.low, found.high) == pytest.approx((-3 / 400, 3 / 400))


def test_ranks_are_those_of_all_pairs():
    cells = column()
    values = {m: np.stack(outcomes_of("snli", m, "0.3")) for m in ("random", "el2n", "h-score", "length")}
    tests = {
        (a, b): PairTest(float((values[a] - values[b]).mean()), two_t_p(values[a], values[b]))
        for a in values
        for b in values
        if a < b
    }
    expected = rank_sets(sorted(values), tests)
    assert {m: row.ranks for m, row in rows_of(cells).items() if row.ranks is not None} == expected
    assert (flat(rows_of(cells)["h-score"]).rank_best, expected["length"].worst) == (1, 4)


def test_the_share_of_the_gain_has_its_zero_at_the_trivial_answer():
    cells = [collapsed(c, *SEEDS) if c.method == "length" else c for c in column()]
    row = flat(rows_of(cells)["el2n"])
    ours, full = np.stack(outcomes_of("snli", "el2n", "0.3")), np.stack(outcomes_of("snli", "full", "1"))
    ratio = two_t_ratio(ours - TRIVIAL, full - TRIVIAL)
    assert (row.gain, row.gain_low, row.gain_high) == pytest.approx((ratio.value, ratio.low, ratio.high))
    assert row.gain == pytest.approx((row.metric - 0.34) / (full.mean() - 0.34))
    assert flat(rows_of(cells)["length"]).gain == 0
    assert flat(rows_of(cells)["full"]).gain == 1
    assert "| gain kept |" in files(board_of(cells))[MARKDOWN]
    assert flat(rows_of(small_board())["el2n"]).gain is None
    assert all(flat(row).gain is None for row in rows_of(column(share=0.99)).values())


def test_few_cases_are_said():
    def clustered(count: int):
        cases = tuple(i * count // 400 for i in range(400))
        return [replace(c, examples=replace(c.examples, cases=cases)) for c in small_board(tasks=("snli",))]

    assert "The evaluation has 9 cases" in files(board_of(clustered(9)))[MARKDOWN]
    assert "The evaluation has" not in files(board_of(clustered(10)))[MARKDOWN]


def test_rows_with_one_set_of_scores_are_about_these_examples():
    board = board_of(column())
    assert {row.method: row.scorings for row in board.rows} == {
        **{"el2n": 1, "h-score": 1},
        **dict.fromkeys(("full", "length", "random")),
    }
    assert "- † these examples, not the method: `h-score`, `el2n`." in files(board)[MARKDOWN]
