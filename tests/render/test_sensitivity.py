"""The section on runs and epochs and its figure: built, checked, and left out where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.synthetic_results import small_board, write_all

from hbench.board.board import Board
from hbench.render.check import DRIFT, INCOMPATIBLE, SAME, check
from hbench.render.publish import build, publish, publish_sensitivity
from hbench.render.remove import remove
from hbench.results.sensitivity import NATURAL, SENSITIVITY, Sensitivity, read_sensitivity, text_of_rows


def lines(method="h-score", task="snli", keeps=("0.3", NATURAL)):
    return [
        Sensitivity(
            task=task,
            model="minilm",
            method=method,
            runs=runs,
            epochs=epochs,
            keep=keep,
            examples=4000,
            sets=1 if runs == 4 else 4,
            share=0.3 if keep != NATURAL else 0.05 * runs,
            correlation=0.1 * runs + 0.2 * epochs,
            lowest_correlation=0.1 * runs,
            overlap=0.2 * runs,
            lowest_overlap=0.1 * runs,
            pairs=2 if runs == 2 else 0,
            pair_correlation=0.55 if runs == 2 else None,
            pair_overlap=0.45 if runs == 2 else None,
        )
        for runs in (1, 2, 3, 4)
        for epochs in (1, 2)
        for keep in keeps
    ]


@pytest.fixture
def folders(tmp_path):
    results = write_all(small_board(tasks=("snli",), keeps=("0.3",)), tmp_path / "results")
    return results, tmp_path / "leaderboard"


def test_a_board_without_it_has_no_section(folders):
    results, out = folders
    build(results, out)
    assert "Runs and epochs" not in (out / "LEADERBOARD.md").read_text()
    assert check(results, out).code == SAME


def test_the_tables_say_what_the_file_says(folders):
    results, out = folders
    publish_sensitivity([*lines(), *lines("el2n", keeps=("0.3",)), *lines(task="elsewhere")], results, out)
    page = (out / "LEADERBOARD.md").read_text()
    section = page[page.index("## Runs and epochs") :]
    assert "### snli / minilm" in section
    assert "elsewhere" not in section
    assert "| `h-score` | 0.50 [0.10] | 0.60 [0.20] | 0.70 [0.30] | 0.80 |" in section  # by runs, all epochs
    assert "| `el2n` | 0.20 [0.10] | 0.40 [0.20] | 0.60 [0.30] | 0.80 |" in section  # overlap
    assert "| `el2n` | – | 0.55, 0.45 |" in section
    assert "| `h-score` | 0.60 | 0.80 |" in section  # by epochs
    assert "| 3 | 15.0, 0.60 | 15.0, 0.60 |" in section
    assert section.count("The subset of `h-score`") == 1
    assert "figures/sensitivity--snli--minilm.svg" in section
    assert (out / "figures/sensitivity--snli--minilm.svg").read_text().startswith("<?xml")
    assert check(results, out).code == SAME


def test_check_says_what_no_longer_follows(folders):
    results, out = folders
    publish_sensitivity(lines(), results, out)
    path = results / SENSITIVITY
    good = path.read_text()
    changed = [replace(row, correlation=0.01) if row.runs == 2 else row for row in lines()]
    path.write_text(text_of_rows(changed))
    found = check(results, out)
    assert found.code == DRIFT
    assert any("figures/sensitivity--snli--minilm.svg: does not show these results" in p for p in found.problems)
    path.unlink()
    found = check(results, out)
    assert found.code == DRIFT
    assert any("sensitivity--snli--minilm.svg: follows from no result" in p for p in found.problems)
    path.write_text(good.replace("0.3000", "3"))
    found = check(results, out)
    assert found.code == INCOMPATIBLE
    assert "column 'share' holds '3'" in found.problems[0]
    path.write_text(good)
    assert check(results, out).code == SAME


def test_a_run_keeps_the_section_and_taking_a_method_off_takes_its_lines(folders):
    results, out = folders
    publish_sensitivity([*lines(), *lines("el2n")], results, out)
    first = (out / "LEADERBOARD.md").read_bytes()
    publish(small_board(tasks=("snli",), keeps=("0.3",)), results, out)
    assert (out / "LEADERBOARD.md").read_bytes() == first
    remove(results, out, "el2n")
    assert {row.method for row in read_sensitivity(results)} == {"h-score"}
    assert check(results, out).code == SAME
    remove(results, out, "h-score")
    assert not (results / SENSITIVITY).exists()
    assert check(results, out).code == SAME


def test_numbers_over_a_task_are_left_out_of_a_part(folders):
    results, _ = folders
    (results / SENSITIVITY).write_text(text_of_rows(lines()))
    assert Board.of_folder(results).sensitivity
    assert Board.of_folder(results).narrowed(lambda key: True).sensitivity == ()
