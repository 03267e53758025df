"""Across tasks: a section per model, size and budget."""

from __future__ import annotations

from hbench.board.across import AcrossTasks, MethodAcross
from hbench.board.board import Board
from hbench.render.display import THESE_EXAMPLES, code, fixed, listed, p_value, plural
from hbench.render.names import Names, size
from hbench.render.section import Section, Text
from hbench.render.table import NOTHING, Column, Table, View
from hbench.statistics.across import BLOCKS

_ACROSS = """\
A block is one task with its primary split; models, sizes, seeds and further splits add no blocks. A task counts as
won where the method beats a random subset with Holm over all comparisons with random subsets on this board, so that
all the tasks named here hold at once. Tasks where a method is superior by Holm over the rows of one table only are
named apart. † marks a method of whose verdicts some are about these examples, not about the method. Ranks are within
a table: no rank over so few tasks would be worth more."""


def across_sections(board: Board) -> list[Section]:
    """Return the section `Across tasks` and one per model, size and budget; nothing on a board without contests."""
    if not board.standings:
        return []
    names = Names.of(board)
    head = Section("Across tasks", 2, (Text(_ACROSS),))
    return [head, *(across_section(across, names) for across in board.across)]


def across_section(across: AcrossTasks, names: Names) -> Section:
    """Return the section of one size, budget and model over tasks."""
    n = len(across.tasks)
    about = f"n = {plural(n, 'task')}: {listed(across.tasks)}."
    if across.repeated:
        about += f" Not counted, since their data set already is: {listed(across.repeated)}."
    if across.lacking:
        about += f" No result at this size and budget: {listed(across.lacking)}."
    reach = (
        f"The smallest p that a test over {plural(n, 'block')} can give is {fixed(across.reachable, 4)}, before Holm "
        f"over {plural(across.comparisons, 'comparison')}"
    )
    reach += f": {why_untested(across)}." if across.untested else "."
    table = Table.of(_columns(across), across.methods)
    title = f"Across tasks: {size(across.keep)}, {names.models[across.model]}, {across.budget}"
    return Section(title, 3, (Text(about), Text(reach), table))


def why_untested(across: AcrossTasks) -> str:
    """Return why there is no test over tasks, empty where there is one."""
    if across.untested == "unreachable":
        return f"cannot reach alpha with {plural(len(across.tasks), 'block')}"
    return f"needs at least {BLOCKS} blocks" if across.untested else ""


def _columns(across: AcrossTasks) -> tuple[Column[MethodAcross], ...]:
    def over_tasks(method: MethodAcross) -> str:
        if not method.tested:
            return NOTHING
        return p_value(method.p) if method.p is not None else why_untested(across) or NOTHING

    return (
        Column("keep", lambda _: across.keep, identifies=True),
        Column("budget", lambda _: across.budget, identifies=True),
        Column("method", lambda m: m.method, identifies=True, page=View("method", _name, words=True)),
        Column("these_examples", lambda m: m.these_examples),
        Column("wins", lambda m: len(m.wins) if m.tested else None, page=View("beats random on", _wins, words=True)),
        Column("tasks", lambda m: ";".join(m.wins) if m.tested else None, page=View("tasks", _tasks, words=True)),
        Column(
            "in_table",
            lambda m: ";".join(m.in_table) if m.tested else None,
            page=View("in its own table only", lambda m: listed(m.in_table) or NOTHING, words=True),
        ),
        Column("p", lambda m: m.p, page=View("over tasks against random", over_tasks, words=True)),
    )


def _name(method: MethodAcross) -> str:
    return code(method.method) + (THESE_EXAMPLES if method.these_examples else "")


def _wins(method: MethodAcross) -> str:
    if not method.tested:
        return NOTHING
    # Never "0 of 3" where a table says superior: what holds there only is said in the same place.
    if method.in_table and not method.wins:
        return f"{len(method.in_table)} of {method.tested} in its own table only"
    return f"{len(method.wins)} of {method.tested}"


def _tasks(method: MethodAcross) -> str:
    if not method.tested:
        return "no test"
    return listed(method.wins) or (NOTHING if method.in_table else "none")
