"""Building, checking and showing a board on disk."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic_results import cell, cost_of, diagnostic, failing, small_board, write_all

from hbench.report.board import CSV, MARKDOWN, Board, build, check, show
from hbench.report.boardrow import BoardRow
from hbench.report.results import ResultError

ROOT = Path(__file__).parent.parent


@pytest.fixture
def built(tmp_path):
    """A folder with results and the board that follows from them."""
    write_all([*small_board(), diagnostic()], tmp_path / "results")
    build(tmp_path / "results", tmp_path)
    return tmp_path


def edit(path: Path, old: str, new: str, times: int = 1) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, times))


def table_of(folder: Path) -> list[dict[str, str]]:
    with (folder / CSV).open(newline="") as stream:
        return list(csv.DictReader(stream))


def write_table(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / CSV).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, BoardRow.columns(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_the_same_results_give_the_same_bytes(built, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    cells = [*small_board(), diagnostic()]
    random.Random(1).shuffle(cells)
    for number, made in enumerate(cells):
        made.write(other / "in" / f"{number:02}.json")
    written = build(other / "in", other / "new" / "out")
    assert [path.name for path in written] == [MARKDOWN, CSV]
    for path in written:
        assert path.read_bytes() == (built / path.name).read_bytes()


def test_the_csv_has_a_line_per_cell_and_every_number(built):
    rows = table_of(built)
    assert len(rows) == len([*small_board(), diagnostic()])
    assert list(rows[0]) == list(BoardRow.columns())
    row = next(r for r in rows if (r["task"], r["method"], r["keep"]) == ("snli", "el2n", "0.3"))
    values = cell().values
    assert row["metric"] == f"{sum(values) / 6:.10f}"
    assert row["cost_scoring_alone"] == "6000000000000"
    assert row["break_even_alone"] == "9"
    assert row["class_shares"].startswith("contradiction=0.3300000000;entailment=0.25")
    assert row["primary"] == "true"
    diagnosed = next(r for r in rows if r["keep"] == "none")
    assert diagnosed["planted"] == "mislabelled=0.8300000000;redundant=0.2100000000"


def test_the_csv_says_why_cells_failed(tmp_path):
    cells = [failing(c, 98, reason="out of\nmemory") if c.method == "el2n" else c for c in small_board(keeps=("0.3",))]
    build(write_all(cells, tmp_path / "results"), tmp_path)
    row = next(r for r in table_of(tmp_path) if r["method"] == "el2n")
    assert (row["status"], row["seeds_failed"], row["failures"]) == ("partial", "1", "98=out of memory")


def test_check_agrees_with_what_was_built(built):
    assert check(built / "results", built) == check(built / "results", built)
    assert check(built / "results", built).code == 0


def test_check_names_row_and_column_of_a_changed_number(built):
    rows = table_of(built)
    changed = next(r for r in rows if r["method"] == "el2n")
    before = changed["chance_p"]
    changed["chance_p"] = f"{float(before) + 2e-9:.10f}"
    write_table(built, rows)
    found = check(built / "results", built)
    assert found.code == 1
    assert found.problems == (
        f"leaderboard.csv: row mnli / validation / minilm / 0.3 / equal-epochs / el2n, column chance_p: the file has "
        f"'{changed['chance_p']}', the results '{before}'",
    )


def test_check_allows_for_the_last_bits_of_numbers(built):
    rows = table_of(built)
    for row in rows:
        if row["metric"]:
            row["metric"] = f"{float(row['metric']) + 5e-10:.12f}"
    write_table(built, rows)
    assert check(built / "results", built).code == 0


@pytest.mark.parametrize("column", ["full_verdict", "break_even_alone", "status", "failures"])
def test_check_compares_words_exactly(built, column):
    rows = table_of(built)
    rows[0][column] += "x"
    write_table(built, rows)
    found = check(built / "results", built)
    assert found.code == 1
    assert f"column {column}:" in found.problems[0]


def test_check_names_rows_that_appeared_vanished_or_moved(built):
    rows = table_of(built)
    write_table(built, rows[1:])
    assert (
        "row mnli / validation / minilm / 0.3 / equal-epochs / el2n is missing"
        in check(built / "results", built).problems[0]
    )
    write_table(built, [*rows, {**rows[0], "task": "zz"}])
    assert "row zz / validation" in check(built / "results", built).problems[0]
    write_table(built, rows[::-1])
    assert check(built / "results", built).problems == ("leaderboard.csv: the rows are in another order",)


def test_check_names_the_place_of_a_changed_page(built):
    line = next(t for t in (built / MARKDOWN).read_text().splitlines() if t.startswith("| `length`"))
    edit(built / MARKDOWN, line, line.replace("tie", "superior"))
    found = check(built / "results", built)
    assert found.code == 1
    assert "under 'mnli / validation / minilm / 0.3 / equal-epochs'" in found.problems[0]
    assert "row `length`, column difference to chance" in found.problems[0]
    edit(built / MARKDOWN, "# Leaderboard", "# Leader board")
    assert "line 1" in check(built / "results", built).problems[0]


def test_check_notices_a_page_that_is_cut_or_longer(built):
    text = (built / MARKDOWN).read_text()
    for changed in (text[: len(text) // 2], text + "\nmore\n"):
        (built / MARKDOWN).write_text(changed)
        assert check(built / "results", built).code == 1


def test_check_notices_a_result_that_changed(built):
    made = cell("snli", "el2n", "0.3", cost=cost_of(0.4, True))
    made.write(built / "results" / made.path)
    found = check(built / "results", built)
    assert found.code == 1
    assert "snli / validation / minilm / 0.3 / equal-epochs / el2n, column cost_train" in found.problems[0]


@pytest.mark.parametrize("name", [MARKDOWN, CSV])
def test_check_says_what_is_missing(built, name):
    (built / name).unlink()
    found = check(built / "results", built)
    assert found.code == 2
    assert name in found.problems[0]
    assert "hbench leaderboard build" in found.problems[0]


def test_check_refuses_what_is_incompatible(built):
    edit(built / CSV, "task,split", "task,part")
    found = check(built / "results", built)
    assert (found.code, "part, split" in found.problems[0]) == (2, True)
    edit(built / "results" / cell().path, '"schema": 1', '"schema": 7')
    found = check(built / "results", built)
    assert found.code == 2
    assert "'schema' is 7" in found.problems[0]


def test_results_that_do_not_belong_together_are_not_built(built):
    odd = cell(method="forgetting", recipe={"epochs": 9})
    odd.write(built / "results" / odd.path)
    before = (built / MARKDOWN).read_bytes()
    with pytest.raises(ResultError, match="differ in 'recipe'"):
        build(built / "results", built)
    assert (built / MARKDOWN).read_bytes() == before
    assert check(built / "results", built).code == 2


def test_an_unwritable_place_is_named(built):
    with pytest.raises(ResultError, match="name a writable folder with --out"):
        build(built / "results", built / MARKDOWN)


def test_show_prints_tables_and_parts_of_them(built):
    text = show(built / "results")
    assert text.count("minilm / 0.3 / equal-epochs") == 2
    part = show(built / "results", task="snli", keep="0.5")
    lines = part.splitlines()
    assert lines[0] == "snli / validation / minilm / 0.5 / equal-epochs"
    assert len(lines) == 7
    assert lines[2].split()[0] == "h-score"
    assert "\x1b" not in text
    with pytest.raises(ResultError, match="no table"):
        show(built / "results", task="nothing")


def test_show_says_what_failed():
    cells = [failing(c, 98) if c.method == "el2n" else c for c in small_board(keeps=("0.3",))]
    from hbench.report.terminal import terminal_text

    assert "el2n (5 of 6 seeds)" in terminal_text(Board.of(cells).columns)


def test_the_folder_of_published_results_holds_no_code():
    known = {".json", ".md", ".csv", ".tex", ".html", ".svg", ".png"}
    assert {p.suffix for p in (ROOT / "leaderboard").rglob("*") if p.is_file()} <= known


def test_importing_the_report_is_light():
    code = "import sys, hbench.report.board; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "torch", "xarray", "scipy.stats", "transformers", "datasets"} & set(done.stdout.split())
