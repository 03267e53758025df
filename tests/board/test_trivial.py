"""The full data against an answer that needs no reading: in result files, rows, on the page and in the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.boards import board_of, files, flat_rows
from support.synthetic_results import SEEDS, cell, failing, outcomes_of, small_board, with_trivial, write_all

from hbench.render.display import points
from hbench.render.publish import MARKDOWN
from hbench.render.show import show
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError
from hbench.results.parse import parse_cell
from hbench.statistics import two_t_test


def full_row(cells: Sequence[CellResult]) -> SimpleNamespace:
    """Return what leaderboard.csv says of the full data on a board of one task."""
    (row,) = (row for row in flat_rows(cells) if row.method == "full")
    return row


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("answer", "", "field 'trivial.answer' is '', expected a string of one line"),
        ("examples", None, "field 'trivial.examples' is null, expected the value of each evaluation example"),
        ("examples.values", [], "field 'trivial.examples.values' holds 0 rows, not one without null"),
        ("examples.values", [None], "field 'trivial.examples.values' holds 1 rows, not one without null"),
        ("examples.values", ["AAAA"], "field 'trivial.examples.values[0]' holds 3 bytes where 400 examples take 50"),
        ("examples.values", ["?"], "field 'trivial.examples.values[0]' is not base64"),
        ("examples.count", 399, "field 'trivial.examples.count' is 399, data.eval_rows is 400"),
        ("examples.cases", [0] * 400, "field 'trivial.examples.cases' is not null"),
        ("share", 0.5, "field 'trivial.share' is unknown"),
    ],
)
def test_a_trivial_answer_that_cannot_be_is_named(path, value, problem):
    payload = json.loads(with_trivial(cell(method="full")).dump())
    *parents, last = path.split(".")
    place = payload["trivial"]
    for name in parents:
        place = place[name]
    place[last] = value
    with pytest.raises(ResultError) as caught:
        parse_cell(json.dumps(payload), "board/x.json")
    assert problem in str(caught.value)


def test_only_the_full_data_is_held_against_a_trivial_answer():
    with pytest.raises(ResultError, match="field 'trivial' belongs to method 'el2n'"):
        parse_cell(with_trivial(cell()).dump(), "board/x.json")


def test_the_full_data_is_held_against_a_trivial_answer():
    full, *others = small_board(tasks=("snli",), keeps=("0.3",))
    trivial = with_trivial(full, share=0.34)
    rows = {row.method: row for row in flat_rows([trivial, *others])}
    ours = np.stack(outcomes_of("snli", "full", "1"))
    constant = np.broadcast_to((np.arange(400) < 136).astype(float), ours.shape)
    test = two_t_test(ours, constant)
    row = rows["full"]
    assert (row.trivial, row.trivial_verdict) == ("always entailment", "superior")
    assert row.trivial_mean == pytest.approx(0.34)
    assert (row.trivial_difference, row.trivial_low, row.trivial_high, row.trivial_p) == pytest.approx(
        (test.mean, test.low, test.high, test.p), abs=1e-12
    )
    assert all(other.trivial is None and other.trivial_mean is None for name, other in rows.items() if name != "full")
    # a seed that failed counts as the trivial answer
    partly = full_row([failing(trivial, 98), *others])
    left = [i for i, seed in enumerate(SEEDS) if seed != 98]
    assert partly.trivial_difference == pytest.approx((ours[left] - constant[left]).mean() * 5 / 6)
    assert partly.metric == pytest.approx((ours[left].mean() * 5 + 0.34) / 6)
    # above the full data's own accuracy, and as good as it
    assert full_row([with_trivial(full, share=0.99), *others]).trivial_verdict == "worse"
    assert full_row([with_trivial(full, share=float(ours.mean())), *others]).trivial_verdict == "undecided"
    # with one seed there is no test, and without values nothing to say
    single = small_board(tasks=("snli",), keeps=("0.3",), seeds=SEEDS[:1])
    alone = full_row([with_trivial(single[0]), *single[1:]])
    assert (alone.trivial_verdict, alone.trivial_p) == ("no test", None)
    assert full_row([failing(trivial, *SEEDS), *others]).trivial is None


def test_examples_of_a_passage_are_one_case_against_a_trivial_answer_too():
    full, *others = small_board(tasks=("snli",), keeps=("0.3",))
    cases = [i // 8 for i in range(400)]
    made = [replace(c, examples=replace(c.examples, cases=tuple(cases))) for c in (with_trivial(full), *others)]
    row = full_row(made)
    ours = np.stack(outcomes_of("snli", "full", "1"))
    test = two_t_test(ours, np.broadcast_to((np.arange(400) < 136).astype(float), ours.shape), np.array(cases))
    assert (row.trivial_low, row.trivial_high) == pytest.approx((test.low, test.high), abs=1e-12)


def test_the_full_data_stands_against_a_trivial_answer_where_one_is_known():
    cells = [with_trivial(c) if c.method == "full" and c.task == "snli" else c for c in small_board()]
    text = files(board_of(cells))[MARKDOWN]
    section = text[text.index("## The full data against a trivial answer") : text.index("## How to read this")]
    assert "guessing" in section
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    assert len(lines) == 1
    row = next(row for row in flat_rows(cells) if row.trivial)
    assert lines[0] == (
        f"| `snli` | `minilm` | always entailment | 34.00 | {points(row.metric)} "
        f"| {points(row.trivial_difference, signed=True)} | [{points(row.trivial_low, signed=True)}, "
        f"{points(row.trivial_high, signed=True)}] | < 0.001 | superior |"
    )
    assert "against a trivial answer" not in files(board_of(small_board()))[MARKDOWN]


def test_a_metric_that_is_no_mean_is_not_held_against_a_trivial_answer_but_its_examples_are():
    cells = [replace(c, metric="f1", values=tuple(v - 0.05 for v in c.values)) for c in small_board(tasks=("snli",))]
    cells[0] = with_trivial(cells[0])
    row = full_row(cells)
    text = files(board_of(cells))[MARKDOWN]
    line = next(line for line in text.splitlines() if line.startswith("| `snli` | `minilm`"))
    assert f"| {points(row.values_mean)} |" in line
    assert points(row.metric) not in line
    assert row.trivial_difference == pytest.approx(row.values_mean - 0.34)


def test_show_says_how_far_the_full_data_is_from_a_trivial_answer(tmp_path):
    cells = [with_trivial(c) if c.method == "full" else c for c in small_board(tasks=("snli",))]
    write_all(cells, tmp_path)
    row = full_row(cells)
    blocks = show(tmp_path).split("\n\n")[2:]  # behind the two matrices
    assert len(blocks) == 2
    for block in blocks:
        last = block.splitlines()[-1]
        assert last.startswith(f"full to always entailment (34.00): {row.trivial_difference * 100:+.2f} [")
        assert last.endswith("], superior")
