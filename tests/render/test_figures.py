"""Figures of the board: what they show, the same bytes, when they are drawn, and what check says of them."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import matplotlib
import pytest
from support.boards import board_of, files, flat_rows, plots
from support.paths import ROOT
from support.synthetic_results import cell, failing, small_board, write_all

from hbench.board.tradeoff import Tradeoff, TradeoffRow
from hbench.render.check import check
from hbench.render.figures import drawing
from hbench.render.figures import plots as figures
from hbench.render.figures.drawing import draw, figure_of
from hbench.render.figures.layout import STEP, Axis, cost_axis, metric_axis, side_steps
from hbench.render.figures.plots import ALL_DATA, Plot, Point, drawn_from, library, paths_of
from hbench.render.publish import build, publish
from hbench.results.fields import ResultError
from hbench.results.folder import write_cell

CELLS = small_board(tasks=("snli",), keeps=("0.3",))
NAME = "figures/snli--validation--minilm.svg"


def point(method="el2n", net=1.0, metric=70.0, size="0.3, equal-epochs", spread=2.0, front=False) -> Point:
    low, high = (None, None) if spread is None else (metric - spread, metric + spread)
    return Point(method, size, net, metric, low, high, front)


def plot_of(*points: Point, full: float | None = 80.0) -> Plot:
    return Plot("task / split / model", "accuracy", full, "random", points)


@pytest.fixture
def place(tmp_path):
    """A folder with results and their board."""
    build(write_all(CELLS, tmp_path / "results"), tmp_path / "board")
    return tmp_path


@pytest.fixture
def drawn(monkeypatch):
    """The plots that are drawn; the drawing itself is left out."""
    seen: list[Plot] = []

    def stand_in(plot: Plot) -> str:
        seen.append(plot)
        return f"<svg>\n<dc:identifier>{figures.MARK}{plot.digest}</dc:identifier>\n<t>drawn with {library()}</t></svg>"

    monkeypatch.setattr(drawing, "draw", stand_in)
    return seen


# --- what a figure shows


def test_a_plot_holds_every_row_with_a_cost():
    (plot,) = plots(board_of(CELLS)).values()
    rows = {row.method: row for row in flat_rows(CELLS)}
    assert (plot.title, plot.metric, plot.baseline) == ("snli / validation / minilm", "accuracy", "random")
    assert plot.full == pytest.approx(rows["full"].metric * 100, abs=1e-4)
    assert {p.method: p.size for p in plot.points} == {
        **dict.fromkeys(("random", "el2n", "h-score", "length"), "0.3, equal-epochs"),
        "full": ALL_DATA,
    }
    shown = next(p for p in plot.points if p.method == "el2n")
    row = rows["el2n"]
    assert shown.net == pytest.approx(row.net_alone)
    assert (shown.metric, shown.low, shown.high) == pytest.approx(
        (row.metric * 100, row.metric_low * 100, row.metric_high * 100), abs=1e-4
    )
    assert plot.methods == ["random", "el2n", "h-score", "length"]


def test_rows_without_a_cost_are_not_in_it_and_without_any_there_is_none():
    some = [replace(c, cost=None) if c.method == "el2n" else c for c in CELLS]
    assert "el2n" not in {p.method for p in plots(board_of(some))[NAME].points}
    board = board_of([replace(c, cost=None) for c in CELLS])
    assert plots(board) == {}
    assert "figures/" not in files(board)["LEADERBOARD.md"]
    assert "full" not in {p.method for p in plots(board_of([c for c in CELLS if c.method != "full"]))[NAME].points}


def nudge(line: TradeoffRow) -> TradeoffRow:
    """The same row with other last bits."""
    metric, costs = line.row.metric, line.row.costs
    metric, costs = replace(metric, value=metric.value + 1e-15), replace(costs, net_alone=costs.net_alone - 1e-15)
    return replace(line, row=replace(line.row, metric=metric, costs=costs))


def test_the_digest_follows_everything_that_is_shown_and_no_last_bits():
    plot = plot_of(point(front=True), point("length"))
    others = [
        replace(plot, title="x"),
        replace(plot, metric="f1"),
        replace(plot, full=None),
        replace(plot, baseline="length"),
        replace(plot, points=plot.points[::-1]),
        *(
            replace(plot, points=(plot.points[0], replace(plot.points[1], **change)))
            for change in (
                {"method": "x"},
                {"size": "x"},
                {"net": 1.1},
                {"metric": 70.1},
                {"low": None},
                {"high": 75.0},
                {"front": True},
            )
        ),
    ]
    assert len({p.digest for p in (plot, *others)}) == 1 + len(others)
    (tradeoff,) = board_of(CELLS).tradeoffs
    nudged = [nudge(line) for line in tradeoff.rows]
    assert Plot.of(replace(tradeoff, rows=tuple(nudged))).digest == Plot.of(tradeoff).digest


def test_names_that_would_meet_are_told_apart():
    (one,) = board_of(CELLS).tradeoffs
    names = paths_of([one, replace(one, task="a[b=1]"), replace(one, task="a-b-1"), replace(one, task="A-b-1")])
    assert names[:2] == [NAME, "figures/a-b-1--validation--minilm.svg"]
    assert len({name.lower() for name in names}) == 4
    assert all(re.fullmatch(r"figures/[aA]-b-1~[0-9a-f]{10}--validation--minilm\.svg", name) for name in names[2:])


# --- the drawing


def test_the_same_plot_gives_the_same_bytes_whatever_the_user_s_settings():
    plot = plot_of(point(front=True), point("length", 0.2), point("full", 1.0, 80.0, ALL_DATA))
    first = draw(plot)
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "mine", "lines.linewidth": 9, "savefig.dpi": 300}):
        assert draw(plot) == first
        assert matplotlib.rcParams["font.size"] == 30
    code = (
        "import sys; from hbench.render.figures.drawing import draw\n"
        "from hbench.render.figures.plots import Plot, Point\n"
        f"sys.stdout.write(draw({plot!r}))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == first
    assert other.stderr == ""


def test_a_drawing_is_svg_that_names_its_content_and_library_and_no_date(tmp_path):
    plot = plot_of(point("a<b>", front=True), point("$x_1$", 0.2), point("_hidden", 0.3))
    text = draw(plot)
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert "dc:date" not in text
    (tmp_path / "x.svg").write_text(text)
    assert drawn_from(tmp_path / "x.svg") == (plot.digest, f"matplotlib {matplotlib.__version__}")
    assert drawn_from(tmp_path / "none.svg") is None
    (tmp_path / "other.svg").write_text("<svg/>")
    assert drawn_from(tmp_path / "other.svg") is None
    for words in ("task / split / model", "keep 0.3, equal-epochs", "$x_1$", "level of all data", "front"):
        assert f"<!-- {words} -->" in text, words


def look(plot: Plot) -> dict[str, tuple[str, str]]:
    """Colour and symbol by the label of the legend."""
    (axes,) = figure_of(plot).axes
    legend = axes.get_legend()
    labels = [text.get_text() for text in legend.get_texts()]
    return {
        label: (str(handle.get_color()), str(handle.get_marker()), str(handle.get_fillstyle()))
        for label, handle in zip(labels, legend.legend_handles, strict=True)
        if label
    }


def test_every_method_has_a_symbol_and_every_size_a_colour_of_its_own():
    methods = [f"m{i:02}" for i in range(20)]
    sizes = [f"0.{i:02}, equal-epochs" for i in range(1, 15)]
    points = [point(m, 0.5 + i / 100, 50 + i, sizes[i % 14]) for i, m in enumerate(methods)]
    found = look(plot_of(*points, point("random", 0.4), point("full", 1.0, 80.0, ALL_DATA)))
    assert len({found[label][1] for label in (*methods, "random (random subset)")}) == 21
    assert len({found[f"keep {size}"][::2] for size in sizes}) == 14
    assert next(iter(found)) == "random (random subset)"
    assert found[ALL_DATA][0] == "#000000"


def test_what_is_not_there_is_not_in_the_legend():
    assert ALL_DATA not in look(plot_of(point(), full=None))
    (axes,) = figure_of(plot_of(point(spread=None), full=None)).axes
    assert axes.get_ylabel() == "accuracy in points"
    (axes,) = figure_of(plot_of(point())).axes
    assert axes.get_ylabel() == "accuracy in points, 95 % intervals"


# --- the layout


def test_the_cost_axis_is_logarithmic_where_costs_differ_much():
    wide = cost_axis([point(net=0.3), point(net=6.5)])
    assert wide.log
    assert wide.ticks() == [0.5, 1.0, 2.0, 5.0]
    assert wide.at(wide.low) == 0
    assert wide.at(wide.high) == pytest.approx(1)
    assert wide.at((wide.low * wide.high) ** 0.5) == pytest.approx(0.5)
    narrow = cost_axis([point(net=0.53), point(net=0.58)])
    assert not narrow.log
    assert narrow.low < 0.53 < 0.58 < narrow.high


def test_the_metric_axis_holds_intervals_and_the_full_data_s_level():
    axis = metric_axis([point(metric=60.0, spread=3.0)], 80.0)
    assert axis.low < 57 < 80 < axis.high
    few_seeds = metric_axis([point(metric=50.0, spread=190.0)], None)
    assert -10 < few_seeds.low < 0
    assert 100 < few_seeds.high < 110
    assert metric_axis([point(metric=-5.0, spread=190.0)], None).low < -100
    same = metric_axis([point(spread=None)], None)
    assert same.low < 70 < same.high


def test_rows_that_would_hide_each_other_step_aside_and_no_others():
    costs, metrics = Axis(0.0, 1.0), Axis(0.0, 100.0)
    same = [point(net=0.5, metric=50.0, front=True), *(point(net=0.5, metric=m) for m in (50.0, 51.0, 49.0))]
    steps = side_steps([*same, point(net=0.5, metric=80.0), point(net=0.9)], costs, metrics, 400, 300)
    assert steps[0] == steps[4] == steps[5] == 0
    places = sorted(steps[:4])
    assert all(right - left >= 7 for left, right in itertools.pairwise(places))
    bars = side_steps([point(net=0.5, metric=m, spread=20.0) for m in (50.0, 60.0)], costs, metrics, 400, 300)
    assert sorted(map(abs, bars)) == [0, STEP]


def test_nobody_steps_out_of_the_figure():
    costs, metrics = Axis(0.0, 1.0), Axis(0.0, 100.0)
    crowd = [point(net=1.0, metric=50.0) for _ in range(20)]
    places = [400 + step for step in side_steps(crowd, costs, metrics, 400, 300)]
    assert max(places) <= 400
    assert len(set(places)) == 20
    full = [point(net=0.5, metric=50.0) for _ in range(200)]  # more than there is room for
    assert len(side_steps(full, costs, metrics, 400, 300)) == 200


# --- files


def test_a_run_that_changes_nothing_draws_nothing_and_a_build_draws_all(place, drawn):
    publish(CELLS, place / "results", place / "board")
    assert drawn == []
    build(place / "results", place / "board")
    assert len(drawn) == 1


def test_a_run_draws_what_changed_and_what_another_version_drew(place, drawn, monkeypatch):
    new = small_board(tasks=("mnli",), keeps=("0.3",))
    publish(new, place / "results", place / "board")
    assert [plot.title for plot in drawn] == ["mnli / validation / minilm"]
    changed = failing(CELLS[1], 98)
    publish([changed], place / "results", place / "board")
    assert [plot.title for plot in drawn][1:] == ["snli / validation / minilm"]
    monkeypatch.setattr("hbench.render.publish.library", lambda: "matplotlib 0")
    publish([changed], place / "results", place / "board")
    assert len(drawn) == 4


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
    path.write_text(text.replace("#0072b2", "#0072b3"))
    assert check(results, board).problems == (
        f"{NAME}: was changed since it was drawn; run `hbench leaderboard build`",
    )
    path.write_text("<svg/>")
    found = check(results, board)
    assert (found.code, found.problems) == (
        1,
        (f"{NAME}: does not show these results; run `hbench leaderboard build`",),
    )
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
    path = place / "board" / NAME
    text = re.sub(r"drawn with matplotlib [^<]*", "drawn with matplotlib 3.0", path.read_text())
    path.write_text(text.replace("#0072b2", "#0072b3"))
    assert check(place / "results", place / "board").code == 0
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
    with pytest.raises(ResultError, match=r"figures/snli--validation--minilm\.svg: cannot be written"):
        build(results, tmp_path / "board")


def test_published_figures_are_small_and_show_the_published_results():
    folder = ROOT / "leaderboard"
    found = sorted(folder.glob("figures/*.svg"))
    assert found
    for path in found:
        assert path.stat().st_size < 200_000
        assert drawn_from(path) is not None


def test_a_tradeoff_without_the_full_data_has_no_level():
    (tradeoff,) = board_of([c for c in CELLS if c.method != "full"]).tradeoffs
    assert isinstance(tradeoff, Tradeoff)
    assert Plot.of(tradeoff).full is None
