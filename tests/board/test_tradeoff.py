"""Cost and accuracy: the share of the full data's metric, the table of a task, and the front."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.boards import board_of, files, flat_rows
from support.synthetic_results import SEEDS, cell, cost_of, failing, outcomes_of, small_board

from hbench.render.display import points
from hbench.render.publish import MARKDOWN
from hbench.statistics import two_t_mean, two_t_ratio


def row_of(cells, method="el2n", keep="0.3"):
    return next(row for row in flat_rows(cells) if (row.method, row.keep) == (method, keep))


def one_column(**options):
    return small_board(tasks=("snli",), keeps=("0.3",), **options)


def section_of(cells) -> str:
    text = files(board_of(cells))[MARKDOWN]
    return text[text.index("## Cost and accuracy") : text.index("## Across tasks")]


def table_of(cells) -> list[dict[str, str]]:
    """The rows of the first table of the section by its headings, and of what is folded away under it.

    An interval is called as what stands before it: `metric 95 %`.
    """
    first = section_of(cells).split("\n### ")[1]
    rows: list[dict[str, str]] = []
    for table in first.split("\n\n"):
        if table.startswith("| method"):
            head, _, *body = [[text.strip() for text in line.strip("|").split("|")] for line in table.splitlines()]
            head = [f"{head[i - 1]} 95 %" if name == "95 %" else name for i, name in enumerate(head)]
            found = [dict(zip(head, line, strict=True)) for line in body]
            rows = [{**known, **more} for known, more in zip(rows or [{}] * len(found), found, strict=True)]
    return rows


# --- the share of the full data's metric


def test_the_share_is_the_ratio_of_the_metrics_with_its_interval():
    row = row_of(one_column())
    method, full = (np.stack(outcomes_of("snli", m, k)) for m, k in (("el2n", "0.3"), ("full", "1")))
    expected = two_t_ratio(method, full)
    assert row.full_share == pytest.approx(method.mean() / full.mean(), abs=1e-12)
    assert (row.full_share_low, row.full_share_high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_passages_count_as_one_in_a_share_too():
    cases = tuple(i // 8 for i in range(400))
    row = row_of([replace(c, examples=replace(c.examples, cases=cases)) for c in one_column()])
    method, full = (np.stack(outcomes_of("snli", m, k)) for m, k in (("el2n", "0.3"), ("full", "1")))
    assert row.full_share_low == pytest.approx(two_t_ratio(method, full, cases).low)
    assert row.full_share_low != pytest.approx(row_of(one_column()).full_share_low)


def test_the_full_data_are_all_of_themselves():
    row = row_of(one_column(), "full", "1")
    assert (row.full_share, row.full_share_low, row.full_share_high) == (1.0, None, None)


def test_a_method_with_the_same_results_keeps_exactly_all():
    full = cell(method="full")
    same = replace(cell(), values=full.values, examples=full.examples)
    row = row_of([full, cell(method="random"), same])
    assert (row.full_share, row.full_share_low, row.full_share_high) == (1.0, 1.0, 1.0)


def test_a_share_is_over_the_seeds_that_both_have():
    cells = [failing(c, 342) if c.method == "full" else c for c in one_column()]
    method, full = (np.stack(outcomes_of("snli", m, k))[1:] for m, k in (("el2n", "0.3"), ("full", "1")))
    assert row_of(cells).full_share == pytest.approx(method.mean() / full.mean())
    assert row_of([cell(method="full", seeds=(1, 2)), cell(), cell(method="random")]).full_share is None
    assert row_of([cell(), cell(method="random")]).full_share is None


def test_a_metric_that_is_no_mean_has_a_share_without_interval():
    values = dict(zip(("full", "el2n"), (0.8, 0.6), strict=True))
    cells = [replace(c, metric="f1", values=(values.get(c.method, 0.5),) * 6) for c in one_column()]
    row = row_of(cells)
    assert (row.full_share, row.full_share_low, row.full_share_high) == (pytest.approx(0.75), None, None)
    # what the tests compare has both
    assert {r.tested for r in flat_rows(cells)} == {"per-example result"}
    method, full = (np.stack(outcomes_of("snli", m, k)) for m, k in (("el2n", "0.3"), ("full", "1")))
    mean, ratio = two_t_mean(method), two_t_ratio(method, full)
    assert (row.values_mean, row.values_low, row.values_high) == pytest.approx((mean.mean, mean.low, mean.high))
    assert (row.values_share, row.values_share_low, row.values_share_high) == pytest.approx(
        (ratio.value, ratio.low, ratio.high)
    )
    found = next(cells for cells in table_of(cells) if cells["method"] == "`el2n`")
    assert (found["f1"], found["share of full, %"]) == ("60.00", "75.00")
    assert found["per-example result"] == f"{points(mean.mean)} [{points(mean.low)}, {points(mean.high)}]"
    assert found["its share of full, %"] == f"{points(ratio.value)} [{points(ratio.low)}, {points(ratio.high)}]"
    assert row_of(one_column()).values_mean is None
    assert row_of(one_column()).values_share is None
    failed = [failing(c, 342) if c.method == "full" else c for c in cells]
    failed = [replace(c, values=(0.0, *c.values[1:])) if c.method == "el2n" else c for c in failed]
    assert row_of(failed).full_share == pytest.approx(0.75)


@pytest.mark.parametrize("level", [0.0, -0.1])
def test_there_is_no_share_of_nothing(level):
    cells = [replace(c, metric="mcc", values=(level if c.method == "full" else 0.5,) * 6) for c in one_column()]
    assert row_of(cells).full_share is None
    assert row_of(cells, "full", "1").full_share is None
    assert [row["share of full, %"] for row in table_of(cells)] == ["–"] * 5


def test_one_seed_has_a_share_without_interval():
    row = row_of(one_column(seeds=(342,)))
    assert row.full_share is not None
    assert row.full_share_low is row.full_share_high is None


# --- the table


def test_all_sizes_and_budgets_stand_together_cheapest_first():
    steps = [
        replace(c, budget="equal-steps", cost=cost_of(1.0, c.method in ("el2n", "h-score")), recipe={"max_steps": 375})
        for c in one_column()[1:]
    ]
    cells = [replace(c, recipe={"max_steps": None}) for c in small_board(tasks=("snli",), keeps=("0.3", "0.5"))]
    found = table_of([*cells, *steps])
    assert len(found) == 1 + 3 * 4
    keys = [(float(row["net cost"]), -float(row["accuracy"])) for row in found]
    assert keys == sorted(keys)  # at one cost the better one first
    assert [row["kept"] for row in found if row["method"] == "`full` (all data)"] == ["all"]


def test_a_row_of_the_table_says_cost_metric_share_and_front():
    cells = one_column()
    row = row_of(cells)
    assert next(found for found in table_of(cells) if found["method"] == "`el2n`") == {
        **{"method": "`el2n`", "kept": "30 %", "net cost": "6.30", "accuracy": points(row.metric), "front": "no"},
        "accuracy 95 %": f"[{points(row.metric_low)}, {points(row.metric_high)}]",
        "net cost, alone / shared": "6.30 / 3.30",
        "share of full, %": f"{row.full_share * 100:.2f}",
        "share of full, % 95 %": f"[{row.full_share_low * 100:.2f}, {row.full_share_high * 100:.2f}]",
    }
    assert next(found for found in table_of(cells) if "full" in found["method"])["share of full, %"] == "100.00"
    steps = [replace(c, budget="equal-steps") for c in cells if c.method != "full"]
    assert "30 %, equal-steps" in {found["kept"] for found in table_of([*cells, *steps])}


def costing(method: str, net: float, metric: float):
    """A cell of a given net cost and metric."""
    rows = [np.arange(400) < round(metric * 400) for _ in SEEDS]
    made = cell(method=method, cost=cost_of(net, False), scoring_runs=())
    return replace(made, values=(metric,) * 6, examples=type(made.examples).encode(rows))


def test_the_front_is_what_nobody_beats_at_the_same_or_a_lower_cost():
    cells = [
        costing("random", 0.2, 0.5),
        costing("a", 0.2, 0.6),  # better at the same cost: random is off
        costing("b", 0.3, 0.6),  # dearer and no better: nobody is better, so it stays
        costing("c", 0.4, 0.55),  # dearer and worse
        costing("d", 0.9, 0.75),
        costing("e", 1.5, 0.9),  # better than all data, at a higher cost
        replace(costing("full", 1.0, 0.8), keep="1"),
    ]
    front = {row["method"]: row["front"] for row in table_of(cells)}
    assert front == {
        "`random` (random subset)": "no",
        "`a`": "yes",
        "`b`": "yes",
        "`c`": "no",
        "`d`": "yes",
        "`full` (all data)": "yes",
        "`e`": "yes",
    }


def test_rows_without_a_cost_stand_last_and_are_judged_by_nobody():
    cells = [replace(c, cost=None) if c.method == "h-score" else c for c in one_column()]
    found = table_of(cells)
    last = found[-1]
    assert last["method"] == "`h-score`"
    assert (last["net cost"], last["net cost, alone / shared"], last["front"]) == ("–", "–", "–")
    assert sum(row["front"] == "yes" for row in found) >= 1


def test_rows_without_a_metric_are_left_to_the_main_tables():
    cells = [failing(c, *SEEDS) if c.method == "el2n" else c for c in one_column() if c.method != "length"]
    assert {row["method"] for row in table_of(cells)} == {"`full` (all data)", "`random` (random subset)", "`h-score`"}
    assert "## Cost and accuracy" not in files(board_of([cell(method="full")]))[MARKDOWN]


def test_every_task_split_and_model_has_a_section_with_its_figure():
    cells = small_board()
    cells += [replace(c, split="other", primary=False) for c in small_board(tasks=("snli",))]
    cells += small_board(tasks=("snli",), model="big[layers=4]")
    text = section_of(cells)
    titles = [line[4:] for line in text.splitlines() if line.startswith("### ")]
    assert titles == [
        "MNLI, minilm: cost and accuracy",
        "SNLI, big with 4 layers: cost and accuracy",
        "SNLI, minilm: cost and accuracy",
        "SNLI (other), minilm: cost and accuracy",
    ]
    assert "![SNLI (other), minilm: accuracy against net cost](figures/snli--other--minilm.svg)" in text
    assert "(figures/snli--validation--big-layers-4.svg)" in text


def test_what_is_not_shown_is_said():
    cells = [replace(c, metric="f1", values=tuple(v * 0.9 for v in c.values)) for c in one_column()]
    assert "f1 is not a mean over examples and cannot be recomputed here: it and its share" in section_of(cells)
    assert "is not a mean" not in section_of(one_column())
    without = [c for c in one_column() if c.method != "full"]
    assert "The full data have no result here: no share of it is shown." in section_of(without)
    notes = " ".join(files(board_of(one_column()))[MARKDOWN].split("## How to read this")[1].split())
    assert "(Fieller 1954)" in notes
