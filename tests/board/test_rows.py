"""Rows of the board: numbers recomputed by hand or by the statistics themselves, verdicts, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.boards import board_of, flat
from support.synthetic_results import SEEDS, cell, failing, outcomes_of, small_board

from hbench.results.cell import Subset
from hbench.results.outcomes import Outcomes
from hbench.statistics import detectable_difference, holm, two_t_mean, two_t_test


def rows_by_method(cells, **where) -> dict[str, SimpleNamespace]:
    """The rows of one contest as leaderboard.csv has them, the first contest unless `where` names another."""
    for standing in board_of(cells).standings:
        if all(getattr(standing.key, name) == value for name, value in where.items()):
            return {row.method: flat(row) for row in standing.rows}
    raise AssertionError(f"no contest {where}")


def one_column(**options):
    return small_board(tasks=("snli",), keeps=("0.3",), **options)


def test_numbers_are_those_of_the_two_t_test():
    row = rows_by_method(one_column())["el2n"]
    method, full, random = (
        np.stack(outcomes_of("snli", m, k)) for m, k in (("el2n", "0.3"), ("full", "1"), ("random", "0.3"))
    )
    assert row.metric == pytest.approx(method.mean(), abs=1e-12)
    mean = two_t_mean(method)
    assert (row.metric_low, row.metric_high) == pytest.approx((mean.low, mean.high), abs=1e-12)
    test = two_t_test(method, full)
    assert (row.full_difference, row.full_low, row.full_high) == pytest.approx(
        (test.mean, test.low, test.high), abs=1e-12
    )
    test = two_t_test(method, random)
    assert (row.random_difference, row.random_p) == pytest.approx((test.mean, test.p), abs=1e-12)
    assert row.random_detectable == pytest.approx(detectable_difference(test.error, comparisons=3))
    assert (row.full_pairs, row.random_pairs, row.seeds) == (6, 6, 6)


def test_p_values_are_adjusted_over_the_methods_of_the_column_only():
    rows = rows_by_method(small_board())
    methods = [row for row in rows.values() if row.role == "method"]
    assert {row.method for row in methods} == {"el2n", "h-score", "length"}
    assert [row.random_p_holm for row in methods] == pytest.approx(holm([row.random_p for row in methods]))
    assert rows["random"].random_p is None
    assert rows["full"].random_p is None


def test_verdicts_follow_the_effects():
    rows = rows_by_method(one_column(examples=3000))
    assert {m: r.full_verdict for m, r in rows.items()} == {
        "full": None,
        "h-score": "non-inferior",
        "el2n": "inferior",
        "length": "inferior",
        "random": "inferior",
    }
    assert rows["h-score"].random_verdict == rows["el2n"].random_verdict == "superior"
    assert rows["length"].random_verdict == "undecided"


def test_worse_than_random_is_said():
    cells = [*one_column(), cell(method="length", keep="0.3", effect=-0.4)]
    cells = [c for i, c in enumerate(cells) if c.method != "length" or i == len(cells) - 1]
    assert rows_by_method(cells)["length"].random_verdict == "worse"


@pytest.mark.parametrize(
    ("examples", "declared", "margin"), [(999, None, 0.01), (1000, None, 0.005), (999, 0.03, 0.03)]
)
def test_margin(examples, declared, margin):
    rows = rows_by_method([cell(method=m, examples=examples, margin=declared) for m in ("full", "random")])
    assert rows["random"].margin == margin


def test_the_verdict_is_taken_at_the_margin_in_use():
    cells = one_column(examples=3000)
    assert rows_by_method(cells)["el2n"].full_verdict == "inferior"
    assert rows_by_method([replace(c, margin=0.5) for c in cells])["el2n"].full_verdict == "non-inferior"


def test_passages_widen_the_interval():
    cases = tuple(i // 8 for i in range(400))
    plain = rows_by_method(one_column())["el2n"]
    cells = [replace(c, examples=replace(c.examples, cases=cases)) for c in one_column()]
    clustered = rows_by_method(cells)["el2n"]
    method, full = (np.stack(outcomes_of("snli", m, k)) for m, k in (("el2n", "0.3"), ("full", "1")))
    assert clustered.full_low == pytest.approx(two_t_test(method, full, cases).low, abs=1e-12)
    assert clustered.full_low != plain.full_low


def test_rows_are_sorted_by_metric_then_failed_then_missing():
    cells = [c for c in small_board() if c.cell[0::3] != ("snli", "0.3") or c.method != "length"]
    cells = [failing(c, *SEEDS) if c.task == "snli" and c.method == "el2n" else c for c in cells]
    rows = rows_by_method(cells, task="snli", keep="0.3")
    metrics = [row.metric for row in rows.values() if row.metric is not None]
    assert metrics == sorted(metrics, reverse=True)
    assert [row.status for row in rows.values()] == ["complete"] * 3 + ["failed", "missing"]
    assert list(rows)[-2:] == ["el2n", "length"]


def test_a_failed_cell_keeps_its_reason_and_has_no_numbers():
    cells = [failing(c, *SEEDS) if c.method == "el2n" else c for c in one_column()]
    row = rows_by_method(cells)["el2n"]
    assert row.status == "failed"
    assert row.failures[0] == (98, "loss is not a number at step 12")
    assert row.metric is row.full_difference is row.random_p is None
    assert row.kept == 1200


def test_failed_seeds_drop_out_of_both_sides_of_a_difference():
    cells = [
        failing(c, 342, 98) if c.method == "el2n" else failing(c, 828) if c.method == "random" else c
        for c in one_column()
    ]
    row = rows_by_method(cells)["el2n"]
    assert (row.status, row.seeds, row.seeds_failed) == ("partial", 4, 2)
    assert (row.full_pairs, row.random_pairs) == (4, 3)
    common = [i for i, seed in enumerate(SEEDS) if seed not in (342, 98, 828)]
    method, random = (np.stack(outcomes_of("snli", m, "0.3"))[common] for m in ("el2n", "random"))
    assert row.random_difference == pytest.approx(two_t_test(method, random).mean, abs=1e-12)


def test_seeds_pair_by_their_number_not_by_their_place():
    turned = cell(method="random", seeds=SEEDS[::-1])
    rows = rows_by_method([cell(method="full"), cell(), turned])
    straight = rows_by_method([cell(method="full"), cell(), cell(method="random")])
    assert rows["el2n"].random_p == pytest.approx(straight["el2n"].random_p, rel=1e-9)


def test_one_seed_is_no_test():
    row = rows_by_method(one_column(seeds=(342,)))["el2n"]
    assert row.metric is not None
    assert row.full_verdict == row.random_verdict == "no test"
    assert row.random_p is row.random_p_holm is row.full_low is row.metric_low is row.random_detectable is None


def test_without_common_seeds_there_is_no_difference():
    rows = rows_by_method([cell(method="full", seeds=(1, 2, 3)), cell(), cell(method="random")])
    assert rows["el2n"].full_difference is None
    assert rows["el2n"].full_verdict is None


def test_baselines_that_were_not_run_are_missing():
    rows = rows_by_method([cell(), cell(method="length")])
    assert rows["full"].status == rows["random"].status == "missing"
    assert rows["full"].role == "full"
    assert rows["random"].role == "random"
    assert rows["el2n"].random_difference is None


def test_a_method_that_its_suite_compared_is_missing_and_of_another_task_is_not():
    cells = [*small_board(tasks=("snli",)), *small_board(tasks=("mnli",), methods=("random",))]
    cells = [c for c in cells if (c.task, c.keep, c.method) != ("snli", "0.5", "el2n")]
    assert rows_by_method(cells, task="snli", keep="0.5")["el2n"].status == "missing"
    assert "el2n" not in rows_by_method(cells, task="mnli")


def test_a_task_with_the_full_data_only_is_shown():
    rows = rows_by_method([cell(method="full")])
    assert {row.method: row.status for row in rows.values()} == {"full": "complete"}


def test_a_metric_that_is_no_mean_has_no_interval_and_tests_its_examples():
    cells = [replace(c, metric="f1", values=tuple(v * 0.9 for v in c.values)) for c in one_column()]
    row, plain = rows_by_method(cells)["el2n"], rows_by_method(one_column())["el2n"]
    assert row.metric == pytest.approx(plain.metric * 0.9)
    assert row.metric_low is None
    assert row.tested == "per-example result"
    assert row.full_difference == plain.full_difference


def test_shares_per_example_are_tested_as_they_are():
    rng = np.random.default_rng(5)
    cells = []
    for method, shift in (("full", 0.0), ("random", -0.1), ("el2n", 0.0)):
        rows = [np.float32(np.clip(rng.uniform(0.3, 0.9, 400) + shift, 0, 1)) for _ in SEEDS]
        made = cell(method=method)
        values = tuple(float(r.mean()) for r in rows)
        cells.append(replace(made, kind="span", metric="f1", values=values, examples=Outcomes.encode(rows)))
    row = rows_by_method(cells)["el2n"]
    assert row.tested == "f1"
    assert row.metric_low is not None
    assert row.random_verdict == "superior"


def test_metrics_beside_the_main_one_are_means_over_the_seeds():
    values = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    cells = [replace(c, also={"exact": values}) if c.method == "el2n" else c for c in one_column()]
    rows = rows_by_method(cells)
    assert rows["el2n"].also == (("exact", pytest.approx(0.35)),)
    assert rows["random"].also == ()


def test_class_deviation_is_the_largest_from_the_full_data():
    rows = rows_by_method(one_column())
    assert rows["el2n"].class_deviation == pytest.approx(-0.09)
    assert rows["el2n"].class_deviating == "entailment"
    assert rows["full"].class_deviation is None
    assert dict(rows["full"].class_shares)["entailment"] == 0.34
    lost = [
        replace(c, subset=Subset((1200,) * 6, 0.3, {"neutral": 1.0})) if c.method == "length" else c
        for c in one_column()
    ]
    assert rows_by_method(lost)["length"].class_deviating == "neutral"


def test_every_cell_is_a_row_once():
    cells = small_board()
    board = board_of(cells)
    assert sorted(row.cell for row in board.rows) == sorted(c.cell for c in cells)
