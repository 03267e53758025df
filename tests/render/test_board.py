"""Building, checking and showing a board on disk."""

from __future__ import annotations

import csv
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.boards import COLUMNS
from support.paths import ROOT
from support.synthetic_results import SEEDS, cell, cost_of, diagnostic, failing, small_board, write_all

from hbench.board.board import Board
from hbench.cli import main
from hbench.render.check import SAME, Check, check
from hbench.render.publish import CSV, HTML, LATEX, MARKDOWN, build
from hbench.render.show import show, shown
from hbench.results.fields import ResultError
from hbench.results.folder import write_cell

#: Folders of published boards, each with its results.
PUBLISHED = ("leaderboard", "leaderboard/dynamic", "leaderboard/answering")


CELLS = (*small_board(), diagnostic(), diagnostic(method="random", mislabelled=0.5, redundant=0.5))


FIGURES = [
    f"figures/{task}--validation--minilm{kind}.svg" for task in ("mnli", "snli") for kind in ("--kept", "", "--ranks")
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with results and the board that follows from them, made once."""
    folder = tmp_path_factory.mktemp("made")
    write_all(CELLS, folder / "results")
    build(folder / "results", folder)
    return folder


@pytest.fixture
def built(made, tmp_path):
    """A copy of it that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "built"))


def edit(path: Path, old: str, new: str, times: int = 1) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, times))


def table_of(folder: Path) -> list[dict[str, str]]:
    with (folder / CSV).open(newline="") as stream:
        return list(csv.DictReader(stream))


def write_table(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / CSV).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_the_same_results_give_the_same_bytes(built, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    cells = list(CELLS)
    random.Random(1).shuffle(cells)
    for number, made in enumerate(cells):
        write_cell(made, other / "in" / f"{number:02}.json")
    written = build(other / "in", other / "new" / "out")
    names = [str(path.relative_to(other / "new" / "out")) for path in written]
    assert names == [MARKDOWN, CSV, LATEX, HTML, *FIGURES]
    for name, path in zip(names, written, strict=True):
        assert path.read_bytes() == (built / name).read_bytes()


def test_the_csv_has_a_line_per_cell_and_every_number(built):
    rows = table_of(built)
    assert len(rows) == len(CELLS)
    assert list(rows[0]) == COLUMNS
    row = next(r for r in rows if (r["task"], r["method"], r["keep"]) == ("snli", "el2n", "0.3"))
    values = cell().values
    assert row["metric"] == f"{sum(values) / 6:.10f}"
    assert row["cost_scoring_alone"] == "6000000000000"
    assert row["break_even_alone"] == "9"
    assert row["class_shares"].startswith("contradiction=0.3300000000;entailment=0.25")
    assert row["primary"] == "true"
    diagnosed = next(r for r in rows if (r["keep"], r["method"]) == ("none", "el2n"))
    assert diagnosed["planted"] == "mislabelled=0.8300000000;redundant=0.2100000000"


def test_the_csv_says_why_cells_failed(tmp_path):
    cells = [failing(c, 98, reason="out of\nmemory") if c.method == "el2n" else c for c in small_board(keeps=("0.3",))]
    build(write_all(cells, tmp_path / "results"), tmp_path)
    row = next(r for r in table_of(tmp_path) if r["method"] == "el2n")
    assert (row["status"], row["seeds_failed"], row["failures"]) == ("partial", "1", "98=out of memory")


def test_check_agrees_with_what_was_built(built):
    assert check(built / "results", built) == Check(SAME, ())


def test_check_names_row_and_column_of_a_changed_number(built):
    rows = table_of(built)
    changed = next(r for r in rows if r["method"] == "el2n")
    before = changed["random_p"]
    changed["random_p"] = f"{float(before) + 2e-9:.10f}"
    write_table(built, rows)
    found = check(built / "results", built)
    assert found.code == 1
    assert found.problems == (
        f"leaderboard.csv: row mnli / validation / minilm / 0.3 / equal-epochs / el2n, column random_p: the file has "
        f"'{changed['random_p']}', the results '{before}'",
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
    results = (built / MARKDOWN).read_text().split("## Results")[1]
    line = next(t for t in results.splitlines() if t.startswith("| `length`"))
    edit(built / MARKDOWN, line, line.replace("undecided", "superior"))
    found = check(built / "results", built)
    assert found.code == 1
    assert "under 'MNLI, 30 % kept, minilm'" in found.problems[0]
    assert "row `length`, column verdict" in found.problems[0]
    edit(built / MARKDOWN, "# Leaderboard", "# Leader board")
    assert "line 1" in check(built / "results", built).problems[0]


def test_check_notices_a_page_that_is_cut_or_longer(built):
    text = (built / MARKDOWN).read_text()
    for changed in (text[: len(text) // 2], text + "\nmore\n"):
        (built / MARKDOWN).write_text(changed)
        assert check(built / "results", built).code == 1


def test_check_notices_a_result_that_changed(built):
    made = cell("snli", "el2n", "0.3", cost=cost_of(0.4, True))
    write_cell(made, built / "results" / made.path)
    found = check(built / "results", built)
    assert found.code == 1
    assert "snli / validation / minilm / 0.3 / equal-epochs / el2n, column cost_train" in found.problems[0]


def test_a_removed_or_an_added_result_is_drift_and_said_first(built):
    path = built / "results" / cell("snli", "h-score", "0.3").path
    text = path.read_text()
    path.unlink()
    found = check(built / "results", built)
    assert found.code == 1
    assert found.summary[0].startswith("1 result removed: snli / 0.3 / h-score")
    build(built / "results", built)
    path.write_text(text)
    found = check(built / "results", built)
    assert found.code == 1
    assert "1 result added: snli / 0.3 / h-score" in found.summary[0]


def test_a_new_task_is_drift_though_its_figure_is_missing(built):
    write_all(small_board(tasks=("sst2",), keeps=("0.3",)), built / "results")
    found = check(built / "results", built)
    assert found.code == 1
    assert "5 results added: sst2 / 0.3 / el2n" in found.summary[0]
    assert any("figures/sst2" in problem and "is missing" in problem for problem in found.problems)


def test_all_results_that_cannot_be_read_are_named_at_once(built):
    (built / "results/notes.json").write_text('{"hello": 1}')
    edit(built / "results" / cell().path, '"schema": 2', '"schema": 7')
    found = check(built / "results", built)
    assert found.code == 2
    assert len(found.problems) == 2
    assert "notes.json" in "".join(found.problems)


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
    edit(built / "results" / cell().path, '"schema": 2', '"schema": 7')
    found = check(built / "results", built)
    assert found.code == 2
    assert "'schema' is 7" in found.problems[0]


def test_results_that_do_not_belong_together_are_not_built(built):
    odd = cell(method="forgetting", recipe={"epochs": 9})
    write_cell(odd, built / "results" / odd.path)
    before = (built / MARKDOWN).read_bytes()
    with pytest.raises(ResultError, match=r"'recipe.epochs': 3 and 9"):
        build(built / "results", built)
    assert (built / MARKDOWN).read_bytes() == before
    assert check(built / "results", built).code == 2


def test_an_unwritable_place_is_named(built):
    with pytest.raises(ResultError, match="name a writable folder with --out"):
        build(built / "results", built / MARKDOWN)


def test_show_prints_tables_and_parts_of_them(built):
    text = show(built / "results")
    assert text.count("LI, 30 % kept, minilm\n") == 2
    part = show(built / "results", task="snli", keep="0.5")
    lines = part.splitlines()
    assert lines[0] == "SNLI, 50 % kept, minilm"
    assert lines[1] == "snli / validation / minilm / 0.5 / equal-epochs"
    assert len(lines) == 9
    assert lines[-1] == "† these examples, not the method"
    assert lines[3].split()[0] == "h-score"
    assert "\x1b" not in text


def test_show_knows_a_share_however_it_is_written(built):
    assert (
        show(built / "results", keep="0.30")
        == show(built / "results", keep=".3")
        == show(built / "results", keep="0.3")
    )


def test_show_finds_what_has_options_by_its_name(tmp_path):
    tasks = ("dream[evaluate=validation]", "snli")
    folder = write_all(small_board(tasks=tasks, keeps=("0.3",)), tmp_path)
    found = show(folder, task="dream")
    assert found == show(folder, task=tasks[0])
    assert "DREAM, 30 % kept, minilm" in found
    assert "snli" not in found
    plain = write_all(small_board(tasks=("dream",), keeps=("0.3",)), tmp_path)
    assert "evaluate" not in show(plain, task="dream", format="csv")  # a label that is meant word by word comes first
    with pytest.raises(ResultError, match="no table for these choices"):
        show(folder, task="drea")


def test_show_names_the_tables_there_are(built):
    with pytest.raises(ResultError) as caught:
        show(built / "results", task="nothing")
    assert "no table for these choices; there are task `mnli`, `snli`; model `minilm`; keep `0.3`, `0.5`" in str(
        caught.value
    )
    made = diagnostic()
    with pytest.raises(ResultError, match="there is none at all"):
        show(write_all([made], built / "scored"))


def test_show_has_no_option_that_it_ignores(built):
    command = ["leaderboard", "show", "--results", str(built / "results")]
    assert "SNLI, 30 % kept" in CliRunner().invoke(main, command).output
    refused = CliRunner().invoke(main, [*command, "--out", "x"])
    assert refused.exit_code == 2
    assert "--out" in refused.output


def test_show_says_what_failed_and_what_was_left_out():
    few = cell("snli", "length", "0.3", seeds=SEEDS[:2])
    cells = [
        failing(c, 98) if c.method == "el2n" else few if c.cell == few.cell else c for c in small_board(keeps=("0.3",))
    ]
    text = shown(Board.of(cells))
    assert "el2n (5 of 6 seeds)" in text
    assert "length (2 of 6 seeds)" in text


def numbers(text: str) -> list[str]:
    return re.findall(r"[-+]?\d[\d,]*\.\d+", text)


def tables_of(page: str) -> list[list[list[str]]]:
    """Return the tables of a Markdown page: rows of cells, the header first, without the rule below it."""
    tables: list[list[list[str]]] = []
    inside = False
    for line in page.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not inside:
            tables.append([])
        inside = True
        if not all(set(cell) <= set(":- ") for cell in cells):
            tables[-1].append(cells)
    return tables


def test_every_number_of_the_readme_stands_on_the_published_board():
    """Numbers that stand in one cell of the README have to stand in one row of a board."""
    rows = [
        set(numbers(" ".join(row)))
        for board in PUBLISHED
        for table in tables_of((ROOT / board / MARKDOWN).read_text())
        for row in table
    ]
    shown = [
        table for table in tables_of((ROOT / "README.md").read_text()) if any("net cost" in name for name in table[0])
    ]
    cells = [found for table in shown for row in table[1:] for text in row if (found := numbers(text))]
    assert len(cells) >= 8
    assert [cell for cell in cells if not any(set(cell) <= row for row in rows)] == []


@pytest.mark.parametrize("board", PUBLISHED)
def test_a_published_board_follows_from_its_results(board):
    assert check(ROOT / board / "results", ROOT / board) == Check(SAME, ())


def test_the_folder_of_published_results_holds_no_code():
    known = {".json", ".md", ".csv", ".tex", ".html", ".svg", ".png"}
    assert {p.suffix for p in (ROOT / "leaderboard").rglob("*") if p.is_file()} <= known


def test_importing_the_report_is_light():
    code = "import sys, hbench.render.publish; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"pandas", "torch", "xarray", "scipy.stats", "transformers", "datasets", "matplotlib"}
    assert not heavy & set(done.stdout.split())
