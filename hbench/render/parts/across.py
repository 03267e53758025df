"""Across tasks: a section per model, size and budget."""

from __future__ import annotations

from hbench.board.across import AcrossTasks, MethodAcross
from hbench.board.board import Board
from hbench.render.display import code, fixed, listed, p_value, plural, title
from hbench.render.section import Section, Text
from hbench.render.table import NOTHING, Column, Table, View
from hbench.statistics.across import BLOCKS

_ACROSS = """\
A block is one task with its primary split; models, sizes, seeds and further splits add no blocks. The count is
the number of tasks on which a method beats a random subset (partial conjunction over the p values of the tables, Dror
et al. 2017; tasks named by Holm). Ranks are among the methods and random subsets that have a result on every task,
1 = best, with bootstrap intervals over tasks; methods in one tie group are not told apart."""


def across_sections(board: Board) -> list[Section]:
    """Return the section `Across tasks` and one per model, size and budget; nothing on a board without contests."""
    if not board.standings:
        return []
    return [Section("Across tasks", 2, (Text(_ACROSS),)), *map(across_section, board.across)]


def across_section(across: AcrossTasks) -> Section:
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
    below = []
    if n < 2:
        below.append(Text("One task: no ranks."))
    elif across.unranked:
        text = "; ".join(f"{code(m)} (no result on {listed(tasks)})" for m, tasks in across.unranked)
        below.append(Text(f"Not ranked: {text}."))
    table = Table.of(_columns(across), across.methods)
    return Section(title((across.model, across.keep, across.budget)), 3, (Text(about), Text(reach), table, *below))


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
        Column("method", lambda m: m.method, identifies=True, page=View("method", lambda m: code(m.method))),
        Column("wins", lambda m: len(m.wins) if m.tested else None, page=View("beats random on", _wins)),
        Column("tasks", lambda m: ";".join(m.wins) if m.tested else None, page=View("tasks", _tasks)),
        Column(
            "rank",
            lambda m: None if m.rank is None else m.rank.mean,
            page=View(f"mean rank (n = {len(across.tasks)})", _rank),
        ),
        Column("tie_groups", lambda m: _groups(m) or None, page=View("tie groups", lambda m: _groups(m) or NOTHING)),
        Column("p", lambda m: m.p, page=View("over tasks against random", over_tasks)),
    )


def _wins(method: MethodAcross) -> str:
    return f"{len(method.wins)} of {method.tested}" if method.tested else NOTHING


def _tasks(method: MethodAcross) -> str:
    return listed(method.wins) or "none" if method.tested else "no test"


def _rank(method: MethodAcross) -> str:
    if method.rank is None:
        return NOTHING
    return f"{fixed(method.rank.mean, 2)} [{fixed(method.rank.low, 2)}, {fixed(method.rank.high, 2)}]"


def _groups(method: MethodAcross) -> str:
    return "" if method.rank is None else ", ".join(str(number) for number in method.rank.groups)
