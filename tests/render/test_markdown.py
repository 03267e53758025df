"""LEADERBOARD.md: what has to stand on the page, and how numbers are written."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.boards import board_of, files, flat_rows
from support.synthetic_results import SEEDS, cell, diagnostic, failing, small_board

from hbench.jobs.recipe import Recipe
from hbench.render.display import NO_BREAK, count, fixed, p_value, points, short_p
from hbench.render.publish import MARKDOWN


def page(cells) -> str:
    return files(board_of(cells))[MARKDOWN]


def results(text: str) -> str:
    """Return the section with the tables of the contests."""
    return text[text.index("## Results") :].split("\n## Cost")[0]


def line_of(text: str, start: str) -> str:
    """Return the first such line of the tables of the contests."""
    return next(line for line in results(text).splitlines() if line.startswith(start))


def row_of(text: str, method: str) -> dict[str, str]:
    """Return the cells of a method in the first contest by their headings, those that are folded away too.

    A heading that comes again has a number: `95 % 2` is the interval of the difference to the random subset, `95 % 3`
    that of the one to all data.
    """
    cells: dict[str, str] = {}
    often: Counter[str] = Counter()
    header: list[str] = []
    for line in results(text).split("\n### ")[1].splitlines():
        found = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| method"):
            header = found
        elif line.startswith(f"| `{method}`"):
            for name, cell in zip(header, found, strict=True):
                often[name] += 1
                cells[name if often[name] == 1 else f"{name} {often[name]}"] = cell
    return cells


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(0.125, 2, "0.13"), (-0.125, 2, "-0.13"), (-0.001, 2, "0.00"), (0.1 + 0.2, 1, "0.3"), (1234.5, 0, "1235")],
)
def test_fixed(value, places, text):
    assert fixed(value, places) == text


@given(st.integers(-12000, 12000))
def test_sums_in_another_order_print_the_same(right):
    """Six seeds of 2,000 examples: many differences lie exactly between two printed numbers."""
    share = right / 12000
    assert points(share) == points(share + 4e-16) == points(share - 4e-16)


def test_small_formats():
    assert points(-0.00001, signed=True) == "+0.00"
    assert points(0.7313) == "73.13"
    assert points(None) == "–"
    assert p_value(0.0004) == "p < 0.001"
    assert p_value(0.0123) == "p = 0.012"
    assert count(549367.0) == "549,367"


def test_the_page_ends_with_what_was_measured():
    text = page([*small_board(), diagnostic()])
    assert "18 cells with trainings in 4 tables, 1 cell with scores only" in text.split("### ")[0]
    closing = text[text.index("## What was measured") :]
    for fact in (
        "`snli` (classification): 4,000 training rows, 400 rows of `validation` for evaluation by accuracy",
        "margin 1.00 points",
        "`train.jsonl.gz` aaaaaaaaaaaa",
        "given for the hub's `owner/snli`",
        "`minilm`: files with sha256 `model.safetensors` dddddddddddd",
        "AdamW, epochs 3, batch size 32, learning rate 2e-05: `mnli`, `planted-pair`, `snli`",
        "6 training seeds 342, 4827, 1215, 98, 8128, 828: `mnli`, `snli`",
        "6 runs, seeds 342, 4827, 1215, 98, 8128, 828: `el2n`, `h-score`",
        "none: `full`, `length`, `random`",
    ):
        assert fact in closing, fact


def test_settings_that_are_not_hbench_s_defaults_are_said():
    recipe = {**asdict(Recipe()), "weight_decay": 0.1, "threads": 4, "max_steps": 9}
    text = page([cell(method="full", recipe=recipe)])
    assert (
        "- AdamW, epochs 3, batch size 32, learning rate 2e-05, schedule linear, max length 128, precision auto, "
        "weight decay 0.1: `snli`"
    ) in text


def test_sections_come_in_order():
    text = page([*small_board(), diagnostic()])
    sections = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert sections == [
        *("Summary", "Results", "Cost and accuracy", "Planted examples", "Across tasks", "How to read this"),
        "What was measured",
    ]


def test_what_authors_report_stands_beside_what_was_measured():
    claim = "no loss on 50 % of the rows (Author 2024)"
    cells = [replace(c, published=claim if c.method == "h-score" else None) for c in small_board()]
    text = page(cells)
    section = text[text.index("## Cost and accuracy") : text.index("## Across tasks")]
    assert section.count(f"\n- `h-score`: {claim}\n") == 1
    assert section.index(claim) < section.index("### ")
    assert "None of it was measured here" in section
    assert "None of it was measured here" not in page(small_board())


def test_a_row_says_everything():
    cells = small_board(tasks=("snli",), keeps=("0.3",))
    row = next(r for r in flat_rows(cells) if r.method == "el2n")
    found = row_of(page(cells), "el2n")
    assert {name: cell for name, cell in found.items() if not name.startswith("method")} == {
        "accuracy": points(row.metric),
        "95 %": f"[{points(row.metric_low)}, {points(row.metric_high)}]",
        "to random": f"{row.random_difference * 100:+.2f}",
        "95 % 2": f"[{row.random_low * 100:+.2f}, {row.random_high * 100:+.2f}]",
        "verdict": "superior†",
        "net cost": "6.30",
        "to full": f"{row.full_difference * 100:+.2f}",
        "95 % 3": f"[{row.full_low * 100:+.2f}, {row.full_high * 100:+.2f}]",
        "p of the margin": short_p(row.full_p_holm).replace(NO_BREAK, " "),
        "loss excluded": points(row.full_loss_excluded),
        "verdict 2": f"{row.full_verdict}†",
        "p": short_p(row.random_p_holm).replace(NO_BREAK, " "),
        "detectable": f"{row.random_detectable * 100:.2f}",
        "ranks": "2",
        "scored by": "1 × 6 runs",
        "kept": "1,200 (30.0 %)",
        "classes": "-9.0 `entailment`",
        "net cost, alone / shared": "6.30 / 3.30",
        "pays after, alone / shared": "9 / 5",
    }


def test_both_baselines_stand_in_every_table():
    text = page(small_board())
    tables = text[text.index("## Results") : text.index("## Cost and accuracy")]
    # once in the main table of each, and in three that are folded away
    assert tables.count("| `full` (all data) |") == tables.count("| `random` (random subset) |") == 4 * 4


def test_failures_and_missing_cells_are_never_dropped():
    cells = [c for c in small_board() if c.cell[0] != "snli" or c.keep != "0.5" or c.method != "length"]
    cells = [
        failing(c, *SEEDS, reason="loss | was\n`nan`") if c.task == "mnli" and c.method == "el2n" else c for c in cells
    ]
    cells = [failing(c, 98) if c.task == "snli" and c.method == "h-score" else c for c in cells]
    text = page(cells)
    assert "Cells in which some seeds failed: 2; failed altogether: 2; missing: 1." in text
    assert "| `el2n` | failed: `loss / was 'nan'` |" in text
    assert "| `h-score`, 1 of 6 seeds failed | " in text
    assert "- `h-score`: failed with seed 98: `loss is not a number at step 12`" in text
    assert "| `length` | missing |" in text
    assert "needed as a baseline: `length`" in text


def test_seeds_that_were_left_out_are_said():
    cells = small_board(tasks=("snli",), keeps=("0.3",))
    few = failing(cell("snli", "length", "0.3", seeds=SEEDS[:3]), 342)
    text = page([few if c.cell == few.cell else c for c in cells])
    assert "6 training seeds, keep `0.3`" in text
    assert "| `length`, 3 of 6 seeds, 1 of 3 seeds failed | " in text
    assert "- `length`: was run with 3 of the 6 seeds of this table." in text
    assert [line for line in text.splitlines() if " of 6 seeds" in line and "`length`, 3 of 6" not in line] == []


def test_a_header_counts_failed_seeds_too():
    cells = [failing(c, 98) for c in small_board(tasks=("snli",), keeps=("0.3",))]
    text = page(cells)
    assert "6 training seeds, keep `0.3`" in text
    assert "was run with" not in text


def test_a_baseline_without_a_common_seed_is_told_from_one_without_a_result():
    others = [cell(method="full", seeds=(1, 2)), cell(method="random", seeds=(3, 4))]
    text = page([cell(), *others])
    assert "- `el2n`: no difference to random: `random` shares no seed with it." in text
    assert "- `el2n`: no difference to full: `full` shares no seed with it." in text
    assert "- `random`: no difference to full: `full` shares no seed with it." in text
    assert "has no result here" not in text.split("## How to read")[0]
    text = page([cell(), failing(others[1], 3, 4)])
    assert "- `el2n`: no difference to random: `random` has no result here." in text
    assert "no difference to full" not in text  # which is missing, and said to be
    assert "no difference" not in page(small_board())


def test_only_the_random_subset_shows_what_it_could_have_told_from_the_full_data():
    cells = [cell(method="full"), cell()]
    assert row_of(page(cells), "el2n")["detectable"] == "–"
    row = next(r for r in flat_rows([*cells, cell(method="random")]) if r.method == "random")
    text = page([*cells, cell(method="random")])
    assert row_of(text, "random")["detectable"] == points(row.full_detectable)
    assert row_of(text, "el2n")["detectable"] != "–"


def test_a_margin_that_was_declared_is_shown_with_the_default():
    text = page([replace(c, margin=0.03) for c in small_board(tasks=("snli",))])
    assert "by accuracy, margin 3.00 points (default 1.00);" in text
    assert text.count("equal-epochs, margin 3.00 (default 1.00).") == 2
    assert "(default" not in page(small_board(tasks=("snli",)))
    assert "(default" not in page([replace(c, margin=0.01) for c in small_board(tasks=("snli",))])


def test_every_line_of_a_table_has_as_many_cells_as_its_header():
    cells = [failing(c, *SEEDS, reason="a | b") if c.method == "el2n" else c for c in small_board()]
    width = 0
    for line in page([*cells, diagnostic()]).splitlines():
        if line.startswith("|"):
            width = width or line.count("|")
            assert line.count("|") == width, line
        else:
            width = 0


def test_one_seed_says_no_test():
    text = page(small_board(seeds=(342,)))
    assert "There is one training seed: no test is possible" in text
    assert "1 training seed, keep `0.3`, equal-epochs, margin 1.00. One seed: no test, since a test takes 4." in text
    found = row_of(text, "el2n")
    assert (found["verdict"], found["p"], found["95 %"]) == ("no test", "–", "–")


def test_a_size_set_by_a_scorer_is_named():
    assert "keep as many rows as `h-score` keeps" in page(small_board(keeps=("h-score",)))


def test_a_metric_that_is_no_mean_is_explained():
    cells = [replace(c, metric="f1", values=tuple(v * 0.9 for v in c.values)) for c in small_board()]
    assert "f1 is not a mean over examples and cannot be recomputed here: it is shown without" in page(cells)


def test_across_tasks_says_n_and_what_cannot_be_reached():
    text = page(small_board(keeps=("0.3",)))
    assert "n = 2 tasks: `mnli`, `snli`." in text
    assert "can give is 0.5000, before Holm over 3 comparisons: cannot reach alpha with 2 blocks." in text
    assert "| `h-score`† | 2 of 2 | `mnli`, `snli` | – | cannot reach alpha with 2 blocks |" in text


def test_planted_examples_are_a_table():
    cells = [diagnostic(mislabelled=0.83, redundant=0.2), diagnostic(method="random", mislabelled=0.5)]
    lost = failing(cell(), 342, reason="it | is\nbroken").failures
    cells.append(
        replace(diagnostic(method="length"), planted=None, failures=lost, compared=("grand", "length", "random"))
    )
    text = page(cells)
    assert "0 cells with trainings in 0 tables, 3 cells with scores only." in text
    assert "failed altogether: 1; missing: 1." in text
    assert "\n\n- `length`: `it / is broken`\n" in text
    assert "| `grand` | missing | missing |" in text
    assert "| method | mislabelled | redundant |" in text
    assert "| `el2n` | 0.830 | 0.200 |" in text
    assert "| `random` | 0.500 | – |" in text
    assert "| `length` | failed | failed |" in text


def test_pruned_cells_may_carry_planted_numbers_too():
    cells = [replace(c, planted={"mislabelled": 0.7}) if c.method == "el2n" else c for c in small_board()]
    assert "| `el2n` | 0.700 |" in page(cells)


def test_notes_say_what_rows_rest_on():
    text = page([cell(method="full"), cell(method="random")])
    notes = " ".join(text.split("## How to read this")[1].split())
    for words in (
        *(
            "about these examples, not the method",
            "fresh subset for every seed",
            "FLOPs, not in measured seconds",
            "`alone`",
        ),
        *(
            "80 % power at 5 % / comparisons of the table",
            "one comparison each, at 95 %, and not adjusted",
            "Verdicts follow Holm",
        ),
    ):
        assert words in notes


def test_planted_examples_that_no_method_was_scored_on_are_a_table_too():
    text = page([replace(diagnostic(), planted=None)])
    assert "| `el2n` | failed |" in text
    assert "| `random` | missing |" in text


def test_metrics_beside_the_main_one_have_a_column_where_there_are_any():
    cells = [replace(c, also={"exact": (0.25,) * len(SEEDS)}) if c.method == "el2n" else c for c in small_board()]
    assert row_of(page(cells), "el2n")["also"] == "exact 25.00"
    assert "also" not in row_of(page(small_board()), "el2n")


def of_passages(per_case: int, **columns: str):
    """Cells of a board whose examples are the questions on passages, `per_case` of them on one case."""
    cases = tuple(i // per_case for i in range(400))
    return [
        replace(
            c,
            examples=replace(c.examples, cases=cases),
            data=replace(c.data, declaration={**c.data.declaration, "columns": columns}),
        )
        for c in small_board()
    ]


def test_cases_are_counted_and_few_are_said():
    many, few = page(of_passages(4)), page(of_passages(60))
    assert "400 evaluation rows in 100 cases" in many
    assert "says little about others" not in many
    assert "400 evaluation rows in 7 cases" in few
    assert "The evaluation has 7 cases (examples that share a passage or an article are one)" in few
    assert "cases, 6 training seeds" not in page(small_board())


def test_contexts_of_one_article_that_count_as_independent_are_said():
    words = "contexts count as independent, those of one article too"
    assert words in page(of_passages(4, context="context", passage="context"))
    assert words not in page(of_passages(4, context="context", passage="title"))
    assert words not in page(of_passages(4, article="article", passage="example_id"))
    assert words not in page(small_board())
