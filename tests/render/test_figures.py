"""Figures of the board: what they show, the same bytes, when they are drawn, and what check says of them."""

from __future__ import annotations

import base64
import io
import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import matplotlib
import pytest
from click.testing import CliRunner
from fontTools.ttLib import TTFont
from support.boards import board_of, files, flat_rows, plots
from support.paths import ROOT
from support.synthetic_results import cell, failing, small_board, with_trivial, write_all

from hbench.board.tradeoff import TradeoffRow
from hbench.cli import main
from hbench.render.check import check
from hbench.render.figures import drawing
from hbench.render.figures.drawing import draw, draw_pdf, figure_of
from hbench.render.figures.labels import Box, beside, spread
from hbench.render.figures.layout import STEP, Axis, Spot, cost_axis, metric_axis, side_steps
from hbench.render.figures.looks import colour, symbol
from hbench.render.figures.marks import MARK, drawn_from, library
from hbench.render.figures.papers import write_figures
from hbench.render.figures.plots import ALL_DATA, AnyPlot, Plot, Point, RankPanel, RankPlot, pictures_of
from hbench.render.html.page import html_page
from hbench.render.publish import HTML, build, publish
from hbench.render.sections import page_of
from hbench.results.fields import ResultError
from hbench.results.folder import write_cell

CELLS = small_board(tasks=("snli",), keeps=("0.3",))
NAME = "figures/snli--validation--minilm.svg"
NAMES = ["figures/snli--validation--minilm--kept.svg", NAME, "figures/snli--validation--minilm--ranks.svg"]
METHODS = ("random", "el2n", "full", "length")


def point(method="el2n", net=1.0, metric=70.0, size="30 %", spread=2.0, front=False, kept=30.0) -> Point:
    low, high = (None, None) if spread is None else (metric - spread, metric + spread)
    return Point(method, size, kept, net, metric, low, high, front)


def spot(net=1.0, metric=70.0, spread=2.0, front=False) -> Spot:
    low, high = (None, None) if spread is None else (metric - spread, metric + spread)
    return Spot(net, metric, low, high, front)


def plot_of(*points: Point, full: float | None = 80.0, kind="cost") -> Plot:
    methods = ("random", *sorted({p.method for p in points} - {"random", "full"}))
    return Plot(kind, "task, model", "accuracy", full, 33.3, "always one", "random", methods, points)


RANKS = RankPlot(
    "task, model", "accuracy", "random", METHODS, (RankPanel("30 % kept", (("el2n", 1, 1), ("random", 2, 3))),)
)


@pytest.fixture
def place(tmp_path):
    """A folder with results and their board."""
    build(write_all(CELLS, tmp_path / "results"), tmp_path / "board")
    return tmp_path


@pytest.fixture
def drawn(monkeypatch):
    """The plots that are drawn; the drawing itself is left out."""
    seen: list[AnyPlot] = []

    def stand_in(plot: AnyPlot) -> str:
        seen.append(plot)
        return f"<svg>\n<dc:identifier>{MARK}{plot.digest}</dc:identifier>\n<t>drawn with {library()}</t></svg>"

    monkeypatch.setattr(drawing, "draw", stand_in)
    return seen


# --- what a figure shows


def test_a_plot_holds_every_row_with_a_cost():
    found = plots(board_of(CELLS))
    assert list(found) == NAMES
    plot = found[NAME]
    rows = {row.method: row for row in flat_rows(CELLS)}
    assert (plot.title, plot.metric, plot.baseline) == ("SNLI, minilm", "accuracy", "random")
    assert plot.full == pytest.approx(rows["full"].metric * 100, abs=1e-4)
    assert {p.method: p.size for p in plot.points} == {
        **dict.fromkeys(("random", "el2n", "h-score", "length"), "30 %"),
        "full": ALL_DATA,
    }
    shown = next(p for p in plot.points if p.method == "el2n")
    row = rows["el2n"]
    assert shown.net == pytest.approx(row.net_alone)
    assert (shown.metric, shown.low, shown.high) == pytest.approx(
        (row.metric * 100, row.metric_low * 100, row.metric_high * 100), abs=1e-4
    )
    assert plot.methods == ("random", "el2n", "h-score", "length")
    assert {p.kept for p in plot.points} == {30.0, 100.0}
    assert found[NAMES[0]] == replace(plot, kind="kept")


def test_the_trivial_answer_is_a_level_where_it_is_of_the_metric():
    cells = [with_trivial(c) if c.method == "full" else c for c in CELLS]
    plot = plots(board_of(cells))[NAME]
    assert (plot.trivial, plot.answer) == (34.0, "always entailment")
    assert plots(board_of(CELLS))[NAME].trivial is None
    other = [replace(c, metric="f1", values=tuple(v * 0.9 for v in c.values)) for c in cells]
    assert plots(board_of(other))[NAME].trivial is None


def test_rank_sets_have_a_panel_for_each_size():
    plot = plots(board_of(small_board(tasks=("snli",))))[NAMES[2]]
    assert [panel.title for panel in plot.panels] == ["30 % kept", "50 % kept"]
    rows = {(r.keep, r.method): r for r in flat_rows(small_board(tasks=("snli",)))}
    for keep, panel in zip(("0.3", "0.5"), plot.panels, strict=True):
        assert {m: (b, w) for m, b, w in panel.ranks} == {
            m: (rows[keep, m].rank_best, rows[keep, m].rank_worst) for m in ("random", "el2n", "h-score", "length")
        }
    assert NAMES[2] not in plots(board_of(small_board(tasks=("snli",), seeds=(342,))))


def test_rows_without_a_cost_are_not_in_it_and_without_any_there_is_none():
    some = [replace(c, cost=None) if c.method == "el2n" else c for c in CELLS]
    assert {p.method for p in plots(board_of(some))[NAME].points if p.net is None} == {"el2n"}
    drawn = {text.get_text() for axes in figure_of(plots(board_of(some))[NAME]).axes for text in axes.texts}
    assert "h-score" in drawn
    assert "el2n" not in drawn
    board = board_of([replace(c, cost=None) for c in CELLS])
    assert list(plots(board)) == [NAMES[0], NAMES[2]]
    nothing = board_of([replace(c, cost=None, subset=None) for c in small_board(("snli",), ("0.3",), seeds=(342,))])
    assert plots(nothing) == {}
    assert "figures/" not in files(nothing)["LEADERBOARD.md"]
    assert "full" not in {p.method for p in plots(board_of([c for c in CELLS if c.method != "full"]))[NAME].points}


def nudge(line: TradeoffRow) -> TradeoffRow:
    """The same row with other last bits."""
    metric, costs = line.row.metric, line.row.costs
    metric, costs = replace(metric, value=metric.value + 1e-15), replace(costs, net_alone=costs.net_alone - 1e-15)
    return replace(line, row=replace(line.row, metric=metric, costs=costs))


def test_the_digest_follows_everything_that_is_shown_and_no_last_bits():
    plot = plot_of(point(front=True), point("length"))
    others = [
        replace(plot, kind="kept"),
        replace(plot, title="x"),
        replace(plot, metric="f1"),
        replace(plot, full=None),
        replace(plot, trivial=None),
        replace(plot, answer="x"),
        replace(plot, methods=("random", "length", "el2n")),
        replace(plot, baseline="length"),
        replace(plot, points=plot.points[::-1]),
        *(
            replace(plot, points=(plot.points[0], replace(plot.points[1], **change)))
            for change in (
                {"method": "x"},
                {"size": "x"},
                {"kept": 31.0},
                {"net": 1.1},
                {"metric": 70.1},
                {"low": None},
                {"high": 75.0},
                {"front": True},
            )
        ),
    ]
    assert len({p.digest for p in (plot, *others)}) == 1 + len(others)
    board = board_of(CELLS)
    (tradeoff,) = board.tradeoffs
    nudged = replace(tradeoff, rows=tuple(nudge(line) for line in tradeoff.rows))
    assert plots(replace(board, tradeoffs=(nudged,)))[NAME].digest == plots(board)[NAME].digest
    assert len({RANKS.digest, replace(RANKS, panels=()).digest, replace(RANKS, title="x").digest}) == 3


def test_names_that_would_meet_are_told_apart():
    tasks = ("a[b=1]", "a-b-1", "A-b-1")
    cells = [replace(c, task=task) for task in ("snli", *tasks) for c in CELLS]
    names = [path for plots in pictures_of(board_of(cells)).values() for path, plot in plots if plot.kind == "cost"]
    assert {"figures/a-b-1--validation--minilm.svg", NAME} <= {*names}
    assert len({name.lower() for name in names}) == 4
    others = {*names} - {"figures/a-b-1--validation--minilm.svg", NAME}
    assert all(re.fullmatch(r"figures/[aA]-b-1~[0-9a-f]{10}--validation--minilm\.svg", name) for name in others)


# --- the drawing


COST = plot_of(point(front=True), point("length", 0.2), point("full", 1.0, 80.0, ALL_DATA, kept=100.0))
PLOTS = (COST, replace(COST, kind="kept"), RANKS)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.kind)
@pytest.mark.parametrize("columns", ["one", "two"])
def test_the_same_plot_gives_the_same_bytes_whatever_the_user_s_settings(plot, columns):
    first, pdf = draw(plot, columns), draw_pdf(plot, columns)
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "mine", "lines.linewidth": 9, "savefig.dpi": 300}):
        assert draw(plot, columns) == first
        assert draw_pdf(plot, columns) == pdf
        assert matplotlib.rcParams["font.size"] == 30


def test_another_process_draws_the_same_bytes():
    code = (
        "import sys; from hbench.render.figures.drawing import draw\n"
        "from hbench.render.figures.plots import Plot, Point\n"
        f"sys.stdout.write(draw({COST!r}))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == draw(COST)
    assert other.stderr == ""


def test_a_drawing_is_svg_that_names_its_content_and_library_and_no_date(tmp_path):
    plot = plot_of(point("a<b>", front=True), point("$x_1$", 0.2), point("_hidden", 0.3), point("naïve", 0.4))
    text = draw(plot)
    assert "dc:date" not in text
    (tmp_path / "x.svg").write_text(text)
    assert drawn_from(tmp_path / "x.svg") == (plot.digest, library())
    assert drawn_from(tmp_path / "none.svg") is None
    (tmp_path / "other.svg").write_text("<svg/>")
    assert drawn_from(tmp_path / "other.svg") is None
    assert {"a<b>", "$x_1$", "_hidden", "naïve", "always one"} <= texts_of(text)


def texts_of(svg: str) -> set[str]:
    """Return the texts of an SVG, which are text."""
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return {"".join(found.itertext()) for found in root.iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.kind)
def test_a_drawing_brings_the_letters_of_its_texts(plot):
    plot = replace(plot, title="naïve Σ")
    text = draw(plot)
    font = re.search(r"@font-face\{font-family:'DejaVu Sans';src:url\(data:font/ttf;base64,([^)]*)\)\}", text)
    letters = TTFont(io.BytesIO(base64.b64decode(font[1]))).getBestCmap()
    assert {ord(letter) for found in texts_of(text) for letter in found} - {*b"\n"} <= set(letters)
    assert len(text) < 100_000


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.kind)
def test_a_pdf_has_its_fonts_embedded_and_its_texts_as_text(plot):
    data = draw_pdf(plot)
    assert data.startswith(b"%PDF")
    assert b"/FontFile2" in data
    assert b"/Type3" not in data
    assert b"CreationDate" not in data


@pytest.mark.parametrize(("columns", "inches"), [("one", 3.35), ("two", 6.9)])
def test_figures_are_as_wide_as_one_column_or_two(columns, inches):
    for plot in PLOTS:
        assert figure_of(plot, columns).get_size_inches()[0] == inches


def test_a_method_has_one_colour_and_symbol_in_all_figures_and_the_first_ones_differ():
    methods = ("random", *(f"m{i:02}" for i in range(12)))
    looks = [(colour(methods, m, "random"), symbol(methods, m, "random")) for m in methods]
    assert len(set(looks)) == 13
    assert len({c for c, _ in looks[:9]}) == 9
    assert looks[0] == ("#7a7a7a", "o")


def test_every_method_is_named_once_beside_what_it_names():
    points = [
        point(m, net, metric) for m, net, metric in (("el2n", 1.0, 70.0), ("length", 0.3, 60.0), ("random", 0.3, 61.0))
    ]
    for plot in (plot_of(*points), plot_of(*points, kind="kept")):
        for columns in ("one", "two"):
            texts = [t.get_text() for axes in figure_of(plot, columns).axes for t in axes.texts]
            assert [texts.count(name) for name in ("el2n", "length", "random")] == [1, 1, 1]


# --- the layout


def test_the_cost_axis_is_logarithmic_where_costs_differ_much():
    wide = cost_axis([spot(net=0.3), spot(net=6.5)])
    assert wide.log
    assert wide.ticks() == [0.5, 1.0, 2.0, 5.0]
    assert wide.at(wide.low) == 0
    assert wide.at(wide.high) == pytest.approx(1)
    assert wide.at((wide.low * wide.high) ** 0.5) == pytest.approx(0.5)
    narrow = cost_axis([spot(net=0.53), spot(net=0.58)])
    assert not narrow.log
    assert narrow.low < 0.53 < 0.58 < narrow.high


def test_the_metric_axis_holds_intervals_and_the_full_data_s_level():
    axis = metric_axis([spot(metric=60.0, spread=3.0)], 80.0)
    assert axis.low < 57 < 80 < axis.high
    few_seeds = metric_axis([spot(metric=50.0, spread=190.0)], None)
    assert -10 < few_seeds.low < 0
    assert 100 < few_seeds.high < 110
    assert metric_axis([spot(metric=-5.0, spread=190.0)], None).low < -100
    same = metric_axis([spot(spread=None)], None)
    assert same.low < 70 < same.high


def test_rows_that_would_hide_each_other_step_aside_and_no_others():
    costs, metrics = Axis(0.0, 1.0), Axis(0.0, 100.0)
    same = [spot(net=0.5, metric=50.0, front=True), *(spot(net=0.5, metric=m) for m in (50.0, 51.0, 49.0))]
    steps = side_steps([*same, spot(net=0.5, metric=80.0), spot(net=0.9)], costs, metrics, 400, 300)
    assert steps[0] == steps[4] == steps[5] == 0
    places = sorted(steps[:4])
    assert all(right - left >= 7 for left, right in itertools.pairwise(places))
    bars = side_steps([spot(net=0.5, metric=m, spread=20.0) for m in (50.0, 60.0)], costs, metrics, 400, 300)
    assert sorted(map(abs, bars)) == [0, STEP]


def test_nobody_steps_out_of_the_figure():
    costs, metrics = Axis(0.0, 1.0), Axis(0.0, 100.0)
    crowd = [spot(net=1.0, metric=50.0) for _ in range(20)]
    places = [400 + step for step in side_steps(crowd, costs, metrics, 400, 300)]
    assert max(places) <= 400
    assert len(set(places)) == 20
    full = [spot(net=0.5, metric=50.0) for _ in range(200)]  # more than there is room for
    assert len(side_steps(full, costs, metrics, 400, 300)) == 200


def test_names_at_the_side_keep_apart_and_near_what_they_name():
    assert spread([10.0, 50.0, 90.0], 10, 0, 100) == [10.0, 50.0, 90.0]
    assert spread([50.0, 50.0, 52.0], 10, 0, 100) == pytest.approx([40.67, 50.67, 60.67], abs=0.01)
    assert spread([99.0, 100.0], 10, 0, 100) == [90.0, 100.0]
    assert spread([5.0, 1.0], 10, 0, 100) == [10.0, 0.0]


def test_a_name_is_written_where_nothing_is_hidden():
    room = Box(0, 0, 300, 200)
    first, covered = beside("el2n", 150, 100, 8, [], room)
    assert covered == 0
    assert first.left > 150
    second, covered = beside("grand", 150, 100, 8, [first], room)
    assert covered == 0
    assert second.overlap(first) == 0
    edge, covered = beside("length", 299, 199, 8, [], room)
    assert covered == 0
    assert edge.right <= 300


# --- files


def test_a_run_that_changes_nothing_draws_nothing_and_a_build_draws_all(place, drawn):
    publish(CELLS, place / "results", place / "board")
    assert drawn == []
    build(place / "results", place / "board")
    assert len(drawn) == 3


def test_a_run_draws_what_changed_and_what_another_version_drew(place, drawn, monkeypatch):
    new = small_board(tasks=("mnli",), keeps=("0.3",))
    publish(new, place / "results", place / "board")
    assert [plot.title for plot in drawn] == ["MNLI, minilm"] * 3
    changed = failing(CELLS[1], 98)
    publish([changed], place / "results", place / "board")
    assert {plot.title for plot in drawn[3:]} == {"SNLI, minilm"}
    before = len(drawn)
    monkeypatch.setattr("hbench.render.publish.library", lambda: "matplotlib 0")
    publish([changed], place / "results", place / "board")
    assert len(drawn) == before + 6


def test_drawing_needs_no_library_until_something_is_drawn(place):
    code = (
        "import sys; from pathlib import Path\nfrom hbench.render.publish import publish\n"
        "from hbench.results.folder import results_of\n"
        f"place = Path({str(place)!r})\npublish(results_of(place / 'results'), place / 'results', place / 'board')\n"
        "print('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_check_finds_a_figure_that_is_missing_stale_or_changed(place):
    results, board = place / "results", place / "board"
    path = board / NAME
    text = path.read_text()
    assert check(results, board).code == 0
    path.write_text(text.replace("#d55e00", "#d55e01"))
    found = check(results, board).problems
    assert found[0] == f"{NAME}: was changed since it was drawn; run `hbench leaderboard build`"
    assert found[1].startswith("index.html: line ")
    assert len(found) == 2
    path.write_text("<svg/>")
    found = check(results, board)
    assert found.code == 1
    assert found.problems[0] == f"{NAME}: does not show these results; run `hbench leaderboard build`"
    assert found.problems[1].startswith("index.html: line ")  # which shows the figure
    path.unlink()
    found = check(results, board)
    assert found.code == 1
    assert f"{NAME}: is missing; run `hbench leaderboard build`" in found.problems[0]
    path.write_text(text)
    made = failing(cell(), 98)
    write_cell(made, results / made.path)
    assert any(problem.startswith(f"{NAME}: does not show these results") for problem in check(results, board).problems)
    build(results, board)
    assert check(results, board).code == 0


def test_another_version_s_drawing_of_the_same_results_is_right(place, drawn):
    folder = place / "board"
    for name in NAMES:
        text = re.sub(r"drawn with matplotlib [^<]*", "drawn with matplotlib 3.0", (folder / name).read_text())
        (folder / name).write_text(text.replace("#d55e00", "#d55e01"))
    shown = {name: (folder / name).read_text() for name in NAMES}
    (folder / HTML).write_text(html_page(page_of(board_of(CELLS)), shown))  # as that version built it
    assert check(place / "results", folder).code == 0
    assert drawn == []


def test_figures_that_are_left_over_are_named_and_removed_and_others_are_not(place):
    folder = place / "board/figures"
    mine = folder / "mine.svg"
    mine.write_text("<svg/>")
    (folder / "notes.txt").write_text("mine")
    old = folder / "old--validation--minilm.svg"
    old.write_text((place / "board" / NAME).read_text())
    found = check(place / "results", place / "board")
    assert found.code == 1
    assert found.problems == (
        "figures/old--validation--minilm.svg: follows from no result; run `hbench leaderboard build`",
    )
    build(place / "results", place / "board")
    assert not old.exists()
    assert mine.exists()
    assert (folder / "notes.txt").exists()
    assert check(place / "results", place / "board").code == 0


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    results = write_all(CELLS, tmp_path / "results")
    (tmp_path / "board").mkdir()
    (tmp_path / "board/figures").write_text("in the way")
    with pytest.raises(ResultError, match=r"figures/snli--validation--minilm--kept\.svg: cannot be written"):
        build(results, tmp_path / "board")


def test_published_figures_are_small_and_show_the_published_results():
    folder = ROOT / "leaderboard"
    found = sorted(folder.glob("figures/*.svg"))
    assert found
    for path in found:
        assert path.stat().st_size < 200_000
        assert drawn_from(path) is not None


def test_a_tradeoff_without_the_full_data_has_no_level():
    plot = plots(board_of([c for c in CELLS if c.method != "full"]))[NAME]
    assert (plot.full, plot.trivial) == (None, None)


# --- for papers


def test_figures_for_papers_come_in_both_formats_and_sizes_and_the_same_bytes(tmp_path):
    results = write_all(small_board(keeps=("0.3",)), tmp_path / "results")
    for folder in ("a", "b"):
        done = CliRunner().invoke(
            main,
            ["leaderboard", "figures", "--results", str(results), "--to", str(tmp_path / folder), "--task", "snli"],
        )
        assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    stem = "snli--validation--minilm"
    assert names == sorted(
        f"{stem}{kind}--{columns}-column.{format}"
        for kind in ("", "--kept", "--ranks")
        for columns in ("one", "two")
        for format in ("svg", "pdf")
    )
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


def test_what_cannot_be_drawn_or_written_is_named(tmp_path):
    results = write_all(CELLS, tmp_path / "results")
    with pytest.raises(ResultError, match="nothing to draw for these choices; there are figures of snli"):
        write_figures(results, tmp_path / "to", "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="name a writable folder with --to"):
        write_figures(results, tmp_path / "file")
