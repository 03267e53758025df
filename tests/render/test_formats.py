"""Formats: each one renders the page of a board, computes nothing, and shows every column that was declared."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from click.testing import CliRunner
from support.boards import COLUMNS, board_of, flat_rivals, flat_rows
from support.synthetic_results import (
    SEEDS,
    cell,
    cost_of,
    diagnostic,
    failing,
    small_board,
    with_rivals,
    with_trivial,
    write_all,
)

from hbench.cli import main
from hbench.render.formats import FORMATS, renderer
from hbench.render.frame import board_frame
from hbench.render.parts import rows as row_columns
from hbench.render.sections import page_of
from hbench.render.show import show, shown
from hbench.render.table import NOTHING, Column, Table, View
from hbench.results.fields import ResultError

CELLS = [
    *(with_trivial(c) if c.method == "full" else c for c in with_rivals(small_board(), "el2n", "grand")),
    diagnostic(),
]


def of_json(text: str) -> dict:
    """Read JSON as a reader does that knows no NaN."""
    return json.loads(text, parse_constant=pytest.fail)


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def results(tmp_path):
    return write_all(CELLS, tmp_path / "results")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_shows_every_method_of_a_board(name):
    text = shown(board_of(CELLS), name)
    assert text
    for word in ("snli", "mnli", "el2n", "h-score", "length", "superior", "undecided"):
        assert word in text, word


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_an_option_of_show(name, results):
    done = CliRunner().invoke(main, ["leaderboard", "show", "--results", str(results), "--format", name])
    assert done.exit_code == 0
    assert done.output == shown(board_of(CELLS), name).rstrip("\n") + "\n"


def test_a_format_is_one_line_of_the_table_and_a_function_of_the_page(monkeypatch, results):
    monkeypatch.setitem(FORMATS, "titles", f"{__name__}:titles")
    assert "Across tasks" in show(results, format="titles").splitlines()


def titles(page) -> str:
    return "\n".join(section.title for section in page.sections)


def test_a_column_that_is_declared_once_is_in_every_format(monkeypatch, results):
    shows = View("losses", lambda row: f"{row.seeds * 111} losses")
    new = Column("losses", lambda row: row.seeds * 111, "seeds", page=shows, terminal=shows)
    monkeypatch.setattr(row_columns, "ROWS", (*row_columns.ROWS, new))
    board = board_of(CELLS)
    assert {"losses"} == set(csv_rows(shown(board, "csv"))[0]) - set(COLUMNS)
    assert {row["losses"] for row in csv_rows(shown(board, "csv"))} == {"666", "0"}
    assert board_frame(results)["losses"].max() == 666
    assert {row["losses"] for row in of_json(shown(board, "json"))["rows"]["rows"]} == {666, 0}
    for name in ("markdown", "text"):
        text = shown(board, name)
        assert text.count("666 losses") == 4 * 5, name
        assert len(re.findall(r"\blosses( \|)?$", text, re.M)) >= 4, name


def test_json_holds_what_the_csv_files_hold():
    board = board_of(CELLS)
    found = of_json(shown(board, "json"))
    assert [column["key"] for column in found["rows"]["columns"]] == COLUMNS
    expected = flat_rows(CELLS)
    rows = found["rows"]["rows"]
    assert len(rows) == len(expected) == len(csv_rows(shown(board, "csv")))
    for row, line, text in zip(rows, expected, csv_rows(shown(board, "csv")), strict=True):
        for key, value in row.items():
            ours = getattr(line, key)
            assert value == ({str(k): v for k, v in ours} if isinstance(ours, tuple) else ours)  # at full precision
            assert (value in (None, "", {})) == (text[key] == ""), key
            if isinstance(value, float):
                assert float(text[key]) == pytest.approx(value, abs=1.0 if key.startswith("cost") else 1e-9)
    assert [vars(line) for line in flat_rivals(board)] == found["rivals"]["rows"]


def test_json_has_the_tables_of_the_page_with_values_and_keys():
    found = of_json(shown(board_of(CELLS), "json"))
    section = next(s for s in found["sections"] if s["title"] == "SNLI, 30 % kept, minilm")
    table, rivals = section["tables"]
    line = next(row for row in flat_rows(CELLS) if (row.task, row.keep, row.method) == ("snli", "0.3", "el2n"))
    row = next(row for row in table["rows"] if row["method"] == "el2n")
    assert (row["task"], row["keep"], row["metric"], row["full_difference"]) == (
        *("snli", "0.3", line.metric),
        line.full_difference,
    )
    assert {"key": "metric", "heading": "accuracy", "unit": "share of 1"} in table["columns"]
    assert {"key": "kept", "heading": "kept", "unit": "rows"} in table["columns"]  # which a terminal does not show
    assert [row["method"] for row in rivals["rows"]] == ["h-score", "el2n", "length"]
    assert rivals["rows"][0]["verdict to el2n"] in ("superior", "undecided")
    titles = [s["title"] for s in found["sections"]]
    assert [t for t in ("Cost and accuracy", "Across tasks", "Planted examples") if t not in titles] == []
    tradeoff = next(s for s in found["sections"] if s["title"] == "SNLI, minilm: cost and accuracy")
    assert {row["front"] for row in tradeoff["tables"][0]["rows"]} == {True, False}
    stem = "figures/snli--validation--minilm"
    assert tradeoff["figures"] == [f"{stem}--kept.svg", f"{stem}.svg", f"{stem}--ranks.svg"]


def test_json_knows_no_number_that_is_not_one():
    dear = cell(method="el2n", keep="0.3", cost=cost_of(1.2, True))
    alone = [cell(method="full", seeds=SEEDS[:1]), cell(method="random", seeds=SEEDS[:1]), cell(seeds=SEEDS[:1])]
    for cells in ([cell(method="full"), cell(method="random"), dear], alone, [failing(c, *SEEDS) for c in CELLS[:5]]):
        text = shown(board_of(cells), "json")
        assert not re.search(r"\b(NaN|Infinity)\b", text)
        of_json(text)
    rows = of_json(shown(board_of([cell(method="full"), cell(method="random"), dear]), "json"))["rows"]["rows"]
    assert {row["break_even_alone"] for row in rows} == {"never", 0, None}


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_of_a_board_is_its_contests_alone(name, results):
    text = show(results, task="snli", keep="0.30", format=name)
    assert "snli" in text
    assert "mnli" not in text
    assert "50 % kept" not in text
    if name == "csv":
        assert {(row["task"], row["keep"]) for row in csv_rows(text)} == {("snli", "0.3"), ("snli", "1")}
    if name == "markdown":
        assert [line for line in text.splitlines() if line.startswith("#")] == [
            "## Results",
            "### SNLI, 30 % kept, minilm",
        ]
    with pytest.raises(ResultError, match="no table for these choices"):
        show(results, task="none", format=name)


def test_the_whole_board_in_markdown_is_the_page(results):
    board = board_of(CELLS)
    assert show(results, format="markdown") == shown(board, "markdown") == renderer("markdown")(page_of(board))


# --- tables


def test_a_table_keeps_values_apart_from_what_is_shown():
    columns = (
        Column("name", lambda r: r[0], identifies=True, page=View("name", lambda r: f"`{r[0]}`")),
        Column("share", lambda r: r[1], page=View("share", lambda r: f"{r[1]:.1f}"), terminal=View("%", lambda r: "t")),
        Column("hidden", lambda r: 7),
        Column("both", lambda r: 1, data=False, page=View("both", lambda r: "1 / 2")),
        Column("none", lambda r: None, page=View("none", lambda r: NOTHING, optional=True)),
    )
    table = Table.of(columns, [("a", 0.123)], {"share": "accuracy"})
    assert table.on_page() == [["name", "accuracy", "both"], ["`a`", "0.1", "1 / 2"]]
    assert table.in_terminal() == [["accuracy"], ["t"]]
    assert table.data().records() == [{"name": "a", "share": 0.123, "hidden": 7, "none": None}]
    assert table.shown().records() == [{"name": "a", "share": 0.123, "both": 1}]


def test_no_two_columns_of_a_row_have_one_name():
    keys = [column.key for column in row_columns.ROWS]
    assert len(keys) == len(set(keys))
    assert [column.key for column in row_columns.ROWS if column.identifies] == [
        *("task", "split", "model", "keep", "budget", "method")
    ]
