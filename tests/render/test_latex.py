"""Tables for papers: chosen columns in every format, and LaTeX that says what it rests on and compiles."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from dataclasses import replace

import pytest
from support.boards import COLUMNS, board_of, flat_rows
from support.synthetic_results import SEEDS, cell, failing, small_board, with_trivial, write_all

from hbench.errors import UsageError
from hbench.render.check import DRIFT, SAME, check
from hbench.render.display import fixed, points
from hbench.render.latex import escaped, latex
from hbench.render.parts.chosen import PAPER, chosen_page
from hbench.render.publish import LATEX, build
from hbench.render.sections import page_of
from hbench.render.show import show, shown
from hbench.results.looks import Looks
from hbench.results.outcomes import Outcomes

CELLS = [with_trivial(c) if c.method == "full" else c for c in small_board()]
#: Names with every sign that LaTeX takes for something else.
WILD = ("a_b%c&d#e", "x{y}$^~\\", "q\"<>|'-", "長い名前-ÀÖþ", "m" * 70, "--pqr[z=1,k=2]")


def tables(text: str) -> list[str]:
    return re.findall(r"\\begin\{table\*?\}.*?\\end\{table\*?\}", text, re.DOTALL)


def lines_of(table: str) -> list[list[str]]:
    """Return the cells of a table, the header first, without commands."""
    body = re.search(r"\\toprule(.*?)\\bottomrule", table, re.DOTALL)[1].replace("\\midrule", "")
    return [re.split(r"(?<!\\)&", line.rstrip(" \\")) for line in body.strip().splitlines() if line.strip()]


def plain(text: str) -> str:
    text = re.sub(r"\\texttt\{((?:[^{}]|\{\})*)\}", r"\1", text).replace("\\allowbreak{}", "")
    return re.sub(r"\\([#$%&_{}])", r"\1", text).replace("$-$", "-").strip()


def board_with_names(names=WILD):
    return [
        cell("t_1%&#", "full", compared=("random", *sorted(names))),
        *(cell("t_1%&#", name, effect=-0.1, compared=tuple(sorted(("random", *names)))) for name in ("random", *names)),
    ]


# --- columns that are chosen


@pytest.fixture
def results(tmp_path):
    return write_all(CELLS, tmp_path / "results")


@pytest.mark.parametrize("name", ["text", "markdown", "latex", "csv", "json"])
def test_chosen_columns_are_all_that_a_format_shows(name, results):
    text = show(results, task="snli", keep="0.3", format=name, columns=["method", "seeds", "random_interval"])
    assert "el2n" in text
    assert "mnli" not in text
    if name == "csv":
        assert next(csv.reader(io.StringIO(text))) == ["method", "seeds", "random_interval"]
    elif name == "json":
        table = json.loads(text)["sections"][0]["tables"][0]
        assert [column["key"] for column in table["columns"]] == ["method", "seeds", "random_interval"]
        row = next(row for row in table["rows"] if row["method"] == "h-score")
        line = next(r for r in flat_rows(CELLS) if (r.task, r.keep, r.method) == ("snli", "0.3", "h-score"))
        assert row["random_interval"] == {"low": line.random_low, "high": line.random_high}
    else:
        cells = {"markdown": r"\|", "text": "  +", "latex": "&"}[name]
        row = next(line for line in text.splitlines() if "score" in line and "[" in line)
        assert len(re.split(cells, row.strip("|"))) == 3


def test_cells_are_short_and_marked_by_their_verdicts():
    page = chosen_page(board_of(CELLS), ["method", "full_difference", "random_difference", "random_p_holm", "keep"])
    rows = {row[0]: row[1:] for row in page.sections[0].blocks[0].on_page()[1:]}
    line = next(r for r in flat_rows(CELLS) if (r.task, r.keep, r.method) == ("mnli", "0.3", "h-score"))
    assert line.random_verdict == "superior"
    assert line.full_verdict == "non-inferior"
    assert rows["`h-score`"] == [
        f"{points(line.full_difference, signed=True)}°°†",
        f"{points(line.random_difference, signed=True)}∗∗†",
        "<0.001",
        "`0.3`",
    ]
    assert rows["`full`"] == ["–", "–", "–", "`1`"]
    length = next(r for r in flat_rows(CELLS) if (r.task, r.keep, r.method) == ("mnli", "0.3", "length"))
    assert length.random_verdict == "undecided"
    assert rows["`length`"][1] == points(length.random_difference, signed=True)


def test_a_mark_is_explained_where_it_is_used_and_only_there():
    captions = {t.label: t.caption for t in page_of(board_of(CELLS)).papers}
    assert all(
        "∗ superior to or worse than" in c and "∗∗, °° likewise with all comparisons" in c and "no mark: undecided" in c
        for c in captions.values()
    )
    assert all("† about these examples" in c for c in captions.values())
    assert not any("‡" in c for c in captions.values())
    unscored = [c for c in CELLS if c.method not in ("el2n", "h-score")]
    assert not any("†" in table.caption for table in page_of(board_of(unscored)).papers)
    cells = [failing(c, *SEEDS[:2]) if c.method == "el2n" else c for c in CELLS]
    shaky = chosen_page(board_of(cells), PAPER).papers[0]
    assert "‡ no verdict, since some runs did not train" in shaky.caption
    assert any("‡" in cell.page for row in shaky.table.rows for cell in row)
    plainer = chosen_page(board_of(CELLS), ["method", "metric"]).papers[0]
    assert "mark" not in plainer.caption
    assert "Intervals" not in plainer.caption


def test_every_column_of_the_files_can_be_chosen():
    names = [*COLUMNS, "ranks", "detectable", "metric_interval", "gain_interval"]
    page = chosen_page(board_of(CELLS), names)
    assert [heading.key for heading in page.rows.headings] == names
    for row in page.sections[0].blocks[0].on_page():
        assert len(row) == len(names)
        assert all(text and "|" not in text and "\n" not in text for text in row)


def test_an_unknown_column_is_named_with_one_that_there_is(results):
    for given, fragment in (
        (["methd"], "did you mean 'method'"),
        (["metric", "metric"], "'metric' is given twice"),
        ([], "names no column"),
    ):
        with pytest.raises(UsageError, match="--columns") as caught:
            show(results, columns=given)
        assert fragment in str(caught.value)


def test_the_command_takes_columns(hbench, results):
    done = hbench("leaderboard", "show", "--results", results, "--columns", "method, metric", "--format", "markdown")
    assert done.code == 0
    assert "| method | accuracy |" in done.out
    assert hbench("leaderboard", "show", "--results", results, "--columns", "nothing").code == 2


# --- LaTeX


def test_a_caption_says_test_correction_seeds_and_margin():
    table = tables(shown(board_of(CELLS), "latex"))[0]
    caption = plain(table)
    for words in (
        "Accuracy in points on the split validation of mnli (minilm, keep 0.3, equal-epochs)",
        "6 training seeds",
        "400 evaluation examples",
        "two-t over seeds and examples, 5 %",
        "Holm-corrected over the rows of the table",
        "margin 1.00 points",
        "Intervals are at 95 %",
    ):
        assert words in caption, words
    few = latex(page_of(board_of([cell(method=m, seeds=SEEDS[:2]) for m in ("full", "random", "el2n")])))
    assert "No test, which takes 4 seeds: 2 seeds." in few
    assert "Holm" not in few
    looks = [replace(c, looks=Looks((6, 12), ())) for c in CELLS]
    assert "two-t over seeds and examples, 2.9" in plain(latex(page_of(board_of(looks))))
    grouped = [
        replace(
            c, examples=Outcomes.encode([c.examples.decode(i) for i in range(6)], cases=[i // 4 for i in range(400)])
        )
        for c in CELLS
    ]
    assert "400 evaluation examples in 100 cases" in plain(latex(page_of(board_of(grouped))))


def test_numbers_are_those_of_the_board_and_stand_under_their_headings():
    board = board_of(CELLS)
    table = next(t for t in tables(shown(board, "latex")) if "tab:snli--validation--minilm--0.5--equal-epochs" in t)
    header, *rows = ([plain(c) for c in line] for line in lines_of(table))
    assert header == ["method", "accuracy", "interval", "to full", "to random", "interval", "net cost"]
    for row in rows:
        name = row[0]
        line = next(r for r in flat_rows(CELLS) if (r.task, r.method) == ("snli", name) and r.keep in ("0.5", "1"))
        assert row[1] == points(line.metric)
        assert row[2] == f"[{points(line.metric_low)}, {points(line.metric_high)}]"
        assert row[6] == fixed(line.net_alone, 2)
        if line.random_difference is not None:
            assert row[4].startswith(points(line.random_difference, signed=True))
            assert ("\\ast" in row[4]) == (line.random_verdict in ("superior", "worse"))
    assert len(rows) == 5


def test_names_survive_and_nothing_in_them_is_a_command():
    text = latex(page_of(board_of(board_with_names())))
    assert "\\texttt{a\\_b\\%c\\&d\\#e} & " in text
    assert "\\texttt{t\\_\\allowbreak{}1\\%\\allowbreak{}\\&\\allowbreak{}\\#}" in text
    assert "x\\{y\\}\\$\\textasciicircum{}\\textasciitilde{}\\textbackslash{}" in text
    assert "[U+9577]" in text
    assert "ÀÖ" in text
    assert "[U+00FE]" in text
    for line in text.splitlines():
        stripped = re.sub(r"\\[#$%&_{}]", "", line)
        if "&" not in stripped and not line.startswith("%"):
            assert "#" not in stripped


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("50 % & `a_b`", "50 \\% \\& \\texttt{a\\_\\allowbreak{}b}"),
        ("-1.5 to -2", "$-$1.5 to $-$2"),
        ("non-inferior 3-5", "non-inferior 3-5"),
        ("\\input{x}", "\\textbackslash{}input\\{x\\}"),
        ("a–b × 2\N{NO-BREAK SPACE}%", "a--b $\\times$ 2~\\%"),
        ("\u202ename", "[U+202E]name"),
    ],
)
def test_signs_are_escaped(given, expected):
    assert escaped(given) == expected


def test_labels_tell_contests_apart_and_are_plain():
    cells = [c for task in ("a_b", "a-b", "A-b", "é") for c in small_board(tasks=(task,), keeps=("0.3",))]
    labels = re.findall(r"\\label\{(.*?)\}", latex(page_of(board_of(cells))))
    assert len(labels) == len(set(labels)) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_.:+@-]+", label) for label in labels)


def test_the_file_is_built_and_checked(tmp_path, results):
    out = tmp_path / "board"
    build(results, out)
    first = (out / LATEX).read_bytes()
    assert first.decode() == latex(page_of(board_of(CELLS)))
    build(results, out)
    assert (out / LATEX).read_bytes() == first
    assert check(results, out).code == SAME
    (out / LATEX).write_text(first.decode().replace("6 training seeds", "9 training seeds", 1))
    found = check(results, out)
    assert found.code == DRIFT
    assert "leaderboard.tex: line" in found.problems[0]
    (out / LATEX).unlink()
    assert check(results, out).problems == ("leaderboard.tex: is missing; run `hbench leaderboard build`",)


@pytest.mark.slow
@pytest.mark.needs("pdflatex")
@pytest.mark.parametrize("encoding", ["", "\\usepackage[T1]{fontenc}"])
@pytest.mark.parametrize(
    "columns", [PAPER, ("method", "metric"), ("method", *COLUMNS[8:40])], ids=["paper", "two", "many"]
)
def test_the_tables_compile_in_two_columns_without_overfull_boxes(tmp_path, columns, encoding):
    cells = [*CELLS, *board_with_names(), *small_board(tasks=("squad_v2[threshold=tuned,train=train+train_extra]",))]
    text = latex(chosen_page(board_of(cells), columns))
    source = "\n".join(
        [
            "\\documentclass[twocolumn]{article}",
            encoding,
            "\\usepackage{booktabs,graphicx}",
            "\\extrafloats{100}",
            "\\begin{document}",
            "See Table~\\ref{tab:snli--validation--minilm--0.3--equal-epochs}.",
            text.replace("\n\n\\begin", "\n\\clearpage\n\\begin"),
            "\\end{document}",
        ]
    )
    (tmp_path / "paper.tex").write_text(source, encoding="utf-8")
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            errors="replace",
        )
    assert done.returncode == 0, done.stdout[-3000:]
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert not re.findall(r"^Overfull.*|^LaTeX Warning:.*|Missing character.*", log, re.MULTILINE)
