"""What stands first: the regime, what the board shows in a few lines, and the matrix of methods by tasks."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.boards import board_of, files, flat_rows
from support.synthetic_results import cell, diagnostic, small_board, with_trivial

from hbench.board.overview.summary import summary_of
from hbench.render.display import NO_BREAK, points
from hbench.render.names import Names
from hbench.render.publish import MARKDOWN
from hbench.render.show import shown

CELLS = [with_trivial(c) if c.method == "full" else c for c in small_board()]
NONE = small_board(methods=("random", "length"))
WORSE = [*small_board(), *(cell(t, "bad", k, effect=-0.3) for t in ("snli", "mnli") for k in ("0.3", "0.5"))]


def page(cells) -> str:
    return files(board_of(cells))[MARKDOWN].replace(NO_BREAK, " ")


def test_the_page_opens_with_what_it_shows_and_ends_with_where_it_is_from():
    text = page([*CELLS, diagnostic()])
    titles = [line.lstrip("# ") for line in text.splitlines() if line.startswith("## ")]
    assert titles[0] == "Summary"
    assert titles[-1] == "What was measured"
    assert text.index("## Summary") < 400
    opening = text[: text.index("### Summary")]
    assert "sha256" not in opening
    assert "2 tasks; minilm; 4,000 training rows; 6 training seeds." in opening
    folded = text[text.index("## What was measured") :]
    assert folded.splitlines()[2].startswith("<details><summary>")
    assert "sha256" in folded


def test_what_beats_random_is_named_with_its_difference_and_cost():
    row = max((r for r in flat_rows(CELLS) if r.random_verdict == "superior"), key=lambda r: r.random_difference)
    line = next(line for line in page(CELLS).splitlines() if line.startswith("- **Better than a random subset"))
    first = line.split(":** ")[1].split(";")[0]
    assert first.startswith(f"`{row.method}` on {row.task.upper()}, {float(row.keep) * 100:.0f} % kept (")
    assert points(row.random_difference, signed=True) in first
    assert f"net cost {row.net_alone:.2f}" in first
    assert "of the gain" in first


def test_a_board_without_a_winner_says_so_and_what_it_could_have_shown():
    line = next(line for line in page(NONE).splitlines() if line.startswith("- **Better than a random subset"))
    assert (
        "none, in 4 comparisons with a verdict over 4 tables; the smallest difference that they could have shown is"
        in line
    )


def test_what_is_worse_is_counted_by_method():
    text = page(WORSE)
    assert "- **Worse than a random subset:** `bad` in 4 tables by " in text
    assert "(MNLI, SNLI)." in text
    assert "**Worse" not in page(NONE)


def test_where_nothing_can_be_shown_is_said():
    cells = [with_trivial(c, share=0.99) if c.method == "full" and c.task == "snli" else c for c in small_board()]
    text = page(cells)
    assert "- **No verdict** in 6 comparisons of 12: on SNLI the model trained on all data is not above the" in text


def test_a_matrix_has_a_column_for_each_task_and_the_cells_of_the_rows():
    summary = summary_of(board_of(CELLS).standings)
    assert [(m.keep, [s.key.task for s in m.contests]) for m in summary.matrices] == [
        ("0.3", ["mnli", "snli"]),
        ("0.5", ["mnli", "snli"]),
    ]
    methods = [line.method for line in summary.matrices[0].methods]
    assert methods[:3] == ["full", "random", "h-score"]
    text = page(CELLS)
    start = text.index("### Summary: 30 % kept, minilm, equal-epochs")
    lines = text[start:].splitlines()
    assert lines[2] == "| method | MNLI | SNLI |"
    row = next(r for r in flat_rows(CELLS) if (r.task, r.keep, r.method) == ("snli", "0.3", "h-score"))
    found = next(line for line in lines if line.startswith("| `h-score`")).strip("| ").split(" | ")[2]
    assert found == (
        f"**{points(row.random_difference, signed=True)} superior†**<br>"
        f"[{points(row.random_low, signed=True)}, {points(row.random_high, signed=True)}]<br>"
        f"gain {row.gain * 100:.0f} %, cost {row.net_alone:.2f}"
    )


def test_a_terminal_shows_the_matrix_first():
    text = shown(board_of(CELLS))
    assert text.startswith("Summary: 30 % kept, minilm, equal-epochs\nmethod")
    assert re.search(r"\n +\[[-+0-9.]+, [-+0-9.]+\] +\[", text)  # intervals stand below the differences
    assert "**" not in text
    assert NO_BREAK not in text


def test_two_models_of_one_task_have_matrices_of_their_own():
    other = [replace(c, model="big[layers=4]") for c in small_board(("snli",), ("0.3",))]
    text = page([*small_board(keeps=("0.3",)), *other])
    assert "### Summary: 30 % kept, minilm, equal-epochs" in text
    assert "### Summary: 30 % kept, big with 4 layers, equal-epochs" in text
    apart = page([*small_board(("mnli",), ("0.3",)), *other])
    assert "| method | MNLI<br>minilm | SNLI<br>big with 4 layers |" in apart


@pytest.mark.parametrize(
    ("task", "model", "keep", "title"),
    [
        ("sst2", "minilm-l6[layers=4]", "0.3", "SST-2, 30 % kept, MiniLM-L6 with 4 layers"),
        ("squad_v2[train=a+b]", "minilm-l6", "0.125", "SQuAD v2, 12.5 % kept, MiniLM-L6"),
        ("mine", "owner/model", "h-score", "mine, 25 % kept, as by h-score, owner/model"),
    ],
)
def test_tables_have_titles_that_people_understand(task, model, keep, title):
    board = board_of(small_board((task,), (keep,), model=model))
    assert Names.of(board).contest(board.standings[0]) == title
    assert f"### {title}\n\n`{task}`, `validation`, `{model}`: accuracy in points" in page(board.results)


def test_names_that_would_meet_have_their_options():
    board = board_of(small_board(("dream[evaluate=test]", "dream", "race[a=1]"), ("0.3",)))
    assert dict(Names.of(board).tasks) == {
        "dream": "DREAM",
        "dream[evaluate=test]": "DREAM (evaluate=test)",
        "race[a=1]": "RACE",
    }


def test_a_budget_that_is_special_is_in_the_title():
    cells = [replace(c, budget="equal-steps") if c.method != "full" else c for c in small_board(("snli",), ("0.3",))]
    assert "### SNLI, 30 % kept, minilm, equal steps\n" in page(cells)
