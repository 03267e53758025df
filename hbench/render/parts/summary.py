"""The board at a glance: what it shows in a few lines, and a matrix of methods by tasks for every size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from hbench.board.board import Board, Standing
from hbench.board.coverage import Coverage
from hbench.board.overview.summary import Matrix, MatrixRow, Summary, summary_of
from hbench.board.row import BoardRow
from hbench.render.display import NO_BREAK, code, ends, ends_of, marked, percent, plural, points, spelled
from hbench.render.names import Names, kept_of, short_percent, size
from hbench.render.parts.row_text import net_costs, tone_of
from hbench.render.parts.story import in_terminal, sentences
from hbench.render.section import Section, Text
from hbench.render.table import NOTHING, Column, Table, Value, View

#: What stands below the names of the two baselines.
_LABELS = {"full": "\nall data: metric", "random": "\nrandom subset: metric"}
#: Rows that a line names, and methods.
_NAMED = 6

_LEGEND = """\
Each cell of a method: its difference to a random subset of the same size, budget and seeds in points, with the verdict
(`superior` or `worse` with all methods of the table counted, else `undecided`); the 95 % interval of the difference;
the share of the gain over the trivial answer that is kept; the net cost of this method alone, in trainings on all data.
The cells of `full` and `random` show the metric itself."""

#: The same for a terminal.
_LEGEND_IN_TERMINAL = (
    "difference to random in points, verdict; its 95 % interval; share of the gain kept, net cost alone "
    "(full and random: the metric itself)"
)


def summary_sections(board: Board) -> list[Section]:
    """Return the section `Summary` and one with a matrix per size and budget; without contests, how many cells."""
    summary, names = summary_of(board.standings), Names.of(board)
    texts = []
    if board.standings:
        texts = [Text(_regime(board, names)), Text("\n".join(findings(summary, names)))]
    texts.append(Text(_coverage(board.coverage)))
    if board.coverage.one_seed:
        texts.append(Text("There is one training seed: no test is possible, and the board shows none."))
    head = Section("Summary", 2, tuple(texts))
    return [head, *(matrix_section(matrix, names) for matrix in summary.matrices)]


def matrix_section(matrix: Matrix, names: Names) -> Section:
    """Return the section of one size and budget: methods by tasks, what they show, and how a cell is read."""
    table = Table.of(_columns(matrix, names), matrix.methods)
    said = [Text(sentence, in_terminal(sentence)) for sentence in sentences(matrix, names)]
    return Section(f"Summary: {_title(matrix, names)}", 3, (table, Text("", _LEGEND_IN_TERMINAL), *said, Text(_LEGEND)))


def findings(summary: Summary, names: Names) -> list[str]:
    """Return a list of what the board shows, and where it can show nothing."""
    tables = plural(sum(len(matrix.contests) for matrix in summary.matrices), "table")
    lines = [f"- **Better than a random subset of the same size:** {_wins(summary, names, tables)}"]
    if summary.worse:
        lines.append(f"- **Worse than a random subset:** {_by_method(summary.worse, names)}.")
    lines.append(f"- **Shown to lose no more than the margin against all data:** {_no_loss(summary, names)}")
    withheld = summary.compared - summary.decided
    if withheld:
        lines.append(
            f"- **No verdict** in {plural(withheld, 'comparison')} of {summary.compared}: {_why(summary, names)}."
        )
    return lines


def place(row: BoardRow, names: Names) -> str:
    """Return where a row is: task and size."""
    share = None if row.kept is None else row.kept.share
    return f"{names.tasks[row.cell.task]}, {size(row.cell.keep, share)}"


def _wins(summary: Summary, names: Names, tables: str) -> str:
    if not summary.compared:
        return "nothing was compared with one."
    text = _listed([_win(row, names) for row in summary.superior])
    if not text:
        text = f"none, in {plural(summary.decided, 'comparison')} with a verdict over {tables}"
        if summary.detectable is not None:
            low, high = summary.detectable
            text += f"; the smallest difference that they could have shown is {points(low)} to {points(high)} points"
    if summary.superior_in_table:
        text += ". In one table only, not with all comparisons of the board counted: "
        text += _listed([_win(row, names) for row in summary.superior_in_table])
    return f"{text}."


def _win(row: BoardRow, names: Names) -> str:
    """Return a row that beats a random subset: by how much, and at what cost."""
    found = row.against("random")
    if found is None:
        return ""
    text = f"{code(row.method)} on {place(row, names)} ({points(found.difference, signed=True)} "
    text += f"{ends(found.low, found.high, signed=True)}"
    if row.gain is not None:
        text += f", {percent(row.gain.value, 0)} of the gain"
    return f"{text}, net cost {net_costs(row)[0]})"


def _by_method(rows: Sequence[BoardRow], names: Names) -> str:
    """Return the methods of rows with their number of tables and the range of their differences to random."""
    by_method: dict[str, list[BoardRow]] = {}
    for row in rows:
        by_method.setdefault(row.method, []).append(row)
    texts = []
    for method, own in sorted(by_method.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        losses = sorted(-(c.difference or 0.0) for row in own if (c := row.against("random")) is not None)
        by = points(losses[0]) if len(losses) == 1 else f"{points(losses[0])} to {points(losses[-1])}"
        places = ", ".join(sorted({names.tasks[row.cell.task] for row in own}))
        texts.append(f"{code(method)} in {plural(len(own), 'table')} by {by} points ({places})")
    return _listed(texts)


def _no_loss(summary: Summary, names: Names) -> str:
    texts = [f"{code(row.method)} on {place(row, names)}" for row in summary.no_loss]
    return f"{_listed(texts) or 'none'}."


def _why(summary: Summary, names: Names) -> str:
    reasons = []
    if summary.no_assay:
        tasks = dict.fromkeys(names.task(standing.key) for standing in summary.no_assay)
        reasons.append(f"on {', '.join(tasks)} the model trained on all data is not above the trivial answer")
    if summary.unstable:
        reasons.append(f"in {summary.unstable} some runs of one side did not train")
    return "; ".join(reasons) or "fewer than four seeds"


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more


def _regime(board: Board, names: Names) -> str:
    """Return the regime of the board in a line: everything below is about it."""
    trained = [result for result in board.results if not result.is_diagnostic]
    rows = [result.data.train_rows for result in trained if result.data.train_rows]
    seeds = [len(result.seeds) for result in trained]
    models = list(dict.fromkeys(names.models[result.model] for result in trained))
    tasks = plural(len({result.task for result in trained}), "task")
    steps = [found.most for standing in board.standings if (found := standing.full_steps) is not None]
    taken = f"; {_span(steps)} optimiser steps on all data" if steps else ""
    return f"{tasks}; {spelled(models)}; {_span(rows)} training rows{taken}; {_span(seeds)} training seeds."


def _span(numbers: Iterable[int]) -> str:
    low, high = min(numbers, default=0), max(numbers, default=0)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _coverage(coverage: Coverage) -> str:
    """Return how many cells there are, and how many lack seeds or results."""
    text = f"{plural(coverage.trained, 'cell')} with trainings in {plural(coverage.contests, 'table')}"
    if coverage.diagnostic:
        text += f", {plural(coverage.diagnostic, 'cell')} with scores only"
    return (
        f"{text}. Cells in which some seeds failed: {coverage.partial}; failed altogether: {coverage.failed}; "
        f"missing: {coverage.missing}."
    )


def _title(matrix: Matrix, names: Names) -> str:
    """Return size, budget and, where it is one, model of a matrix."""
    shares = [share for standing in matrix.contests if (share := kept_of(standing)) is not None]
    title = size(matrix.keep, fmean(shares) if len(matrix.contests) == 1 and shares else None)
    if len(matrix.models) == 1:
        title += f", {names.models[matrix.models[0]]}"
    return f"{title}, {matrix.budget}"


def _columns(matrix: Matrix, names: Names) -> list[Column[MatrixRow]]:
    columns: list[Column[MatrixRow]] = [
        Column("keep", lambda _: matrix.keep, identifies=True),
        Column("budget", lambda _: matrix.budget, identifies=True),
        Column(
            "method",
            lambda line: line.method,
            identifies=True,
            page=View("method", lambda line: f"{code(line.method)}{_LABELS.get(line.role, '')}", words=True),
            terminal=View("method", lambda line: line.method, words=True),
        ),
    ]
    for place, standing in enumerate(matrix.contests):
        columns.append(_column(matrix, place, standing, names))
    return columns


def _column(matrix: Matrix, place: int, standing: Standing, names: Names) -> Column[MatrixRow]:
    model = standing.key.model
    heading = names.task(standing.key)
    shares = kept_of(standing)
    below = [names.models[model]] if len(matrix.models) > 1 else []
    if standing.natural and shares is not None:
        below.append(f"{short_percent(shares)} kept")
    return Column(
        f"{standing.key.task} / {model}",
        lambda line: _value(line.rows[place]),
        page=View("\n".join([heading, *below]), lambda line: _cell(line.rows[place], standing, marks=True), words=True),
        terminal=View(heading, lambda line: _cell(line.rows[place], standing, marks=False), words=True),
        about=f"{heading}, {names.models[model]}: difference to a random subset, its 95 % interval, share of the "
        "gain kept, net cost alone; of full and random, the metric.",
        tone=lambda line: "" if (row := line.rows[place]) is None else tone_of("random")(row),
        only=("task", standing.key.task),
    )


def _cell(row: BoardRow | None, standing: Standing, *, marks: bool) -> str:
    """Return the lines of a cell; marks: whether a verdict that is not `undecided` is in bold."""
    if row is None:
        return NOTHING
    if row.metric is None:
        return row.status
    found = row.against("random")
    if found is None or found.difference is None:
        first, second = points(row.metric.value), ends_of(row.metric)
    else:
        first = f"{points(found.difference, signed=True)} {marked(found)}".replace(" ", NO_BREAK)
        first = f"**{first}**" if marks and found.verdict in ("superior", "worse") else first
        second = ends(found.low, found.high, signed=True)
    # where all data gain nothing that can be shown, a share of it means nothing
    kept = "" if row.gain is None or standing.assay is False else percent(row.gain.value, 0)
    gain = [f"gain {kept}" if marks else kept] if kept else []
    cost = net_costs(row)[0]
    costs = [f"cost {cost}" if marks else cost] if cost != NOTHING else []
    third = ", ".join([*gain, *costs]).replace(" ", NO_BREAK)
    return "\n".join(text for text in (first, second, third) if text and text != NOTHING)


def _value(row: BoardRow | None) -> Value:
    """Return the numbers of a cell by name, those that are known."""
    if row is None or row.metric is None:
        return None
    found = row.against("random")
    numbers: list[tuple[str | int, float | str | None]] = [
        ("metric", row.metric.value),
        ("difference", None if found is None else found.difference),
        ("low", None if found is None else found.low),
        ("high", None if found is None else found.high),
        ("verdict", None if found is None else found.verdict),
        ("gain", None if row.gain is None else row.gain.value),
        ("net_alone", None if row.costs is None else row.costs.net_alone),
    ]
    return tuple((name, value) for name, value in numbers if value is not None)
