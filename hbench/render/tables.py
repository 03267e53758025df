"""The tables of the board in Markdown: one per column, across tasks, and planted examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from hbench.board.across import Across, MethodAcross
from hbench.board.columns import Column
from hbench.board.measured import default_margin, margin_of
from hbench.board.planted import PlantedRecovery
from hbench.board.row import BoardRow
from hbench.board.rows import NO_TEST
from hbench.jobs.spec import FULL
from hbench.render.formats import (
    NOTHING,
    code,
    count,
    difference,
    fixed,
    interval,
    listed,
    margin,
    p_value,
    plural,
    points,
    table,
)
from hbench.results.cell import kept_share

_HEADER = ("difference to full", "difference to chance", "kept", "classes", "net cost", "pays after", "detectable")
_LABELS = {"full": "all data", "chance": "chance"}


def column_table(column: Column, rows: Sequence[BoardRow]) -> list[str]:
    """Return the section of one column: heading, what is compared, the table, and what failed or is missing."""
    metric = rows[0].metric_name
    header = ["method", metric, *_HEADER]
    most = _most_seeds(rows)
    body = [_cells(row, most) for row in rows]
    if any(row.also for row in rows):
        header.insert(2, "also")
        for cells, row in zip(body, rows, strict=True):
            cells.insert(2, ", ".join(f"{name} {points(value)}" for name, value in row.also) or NOTHING)
    return [f"### {column.title}", "", _about(column, rows), "", *table(header, body), *_remarks(rows)]


def _about(column: Column, rows: Sequence[BoardRow]) -> str:
    cell = column.any
    seeds = _most_seeds(rows)
    size = f"as many rows as {code(column.keep)} keeps" if kept_share(column.keep) is None else code(column.keep)
    text = (
        f"{cell.metric} in points, {plural(cell.data.eval_rows, 'evaluation row')}, {plural(seeds, 'training seed')}, "
        f"keep {size}, {column.budget}, margin {margin(margin_of(cell), default_margin(cell))}."
    )
    if any(row.tested and row.tested != row.metric_name for row in rows):
        text += (
            f" {cell.metric} is not a mean over examples: it is shown without an interval, and differences and "
            "verdicts are about the mean of the per-example results."
        )
    if max((row.seeds for row in rows), default=0) == 1:
        text += " One seed: no test."
    return text


def _most_seeds(rows: Sequence[BoardRow]) -> int:
    """Return the number of seeds of the row that has the most, failed ones too."""
    return max((_seeds(row) for row in rows), default=0)


def _seeds(row: BoardRow) -> int:
    return row.seeds + row.seeds_failed


def _cells(row: BoardRow, most: int) -> list[str]:
    name = code(row.method) + (f" ({_LABELS[row.role]})" if row.role in _LABELS else "")
    if row.status == "missing":
        return [name, "missing", *[NOTHING] * 7]
    if _seeds(row) < most:
        name += f", {_seeds(row)} of {plural(most, 'seed')}"
    if row.status == "partial":
        name += f", {row.seeds_failed} of {plural(_seeds(row), 'seed')} failed"
    metric = points(row.metric) + interval(row.metric_low, row.metric_high)
    return [
        name,
        f"failed: {_short(row.failures[0][1])}" if row.status == "failed" else metric,
        _against_full(row),
        _against_chance(row),
        _kept(row),
        _classes(row),
        _pair(*(NOTHING if net is None else fixed(net, 2) for net in (row.net_shared, row.net_alone))),
        _pair(*(NOTHING if n is None else f"{n:,}" if isinstance(n, int) else n for n in _break_even(row))),
        points(row.full_detectable if row.role == "chance" else row.chance_detectable),
    ]


def _break_even(row: BoardRow) -> tuple[int | str | None, int | str | None]:
    return row.break_even_shared, row.break_even_alone


def _pair(shared: str, alone: str) -> str:
    return NOTHING if shared == alone == NOTHING else f"{shared} / {alone}"


def _against_full(row: BoardRow) -> str:
    if row.full_difference is None:
        return NOTHING
    return difference(row.full_difference, row.full_low, row.full_high, None, row.full_verdict)


def _against_chance(row: BoardRow) -> str:
    if row.chance_difference is None:
        return NOTHING
    return difference(row.chance_difference, row.chance_low, row.chance_high, row.chance_p_holm, row.chance_verdict)


def _kept(row: BoardRow) -> str:
    if row.kept is None or row.kept_share is None:
        return NOTHING
    size = count(row.kept)
    if row.kept_least is not None and row.kept_most is not None and row.kept_least != row.kept_most:
        size += f" ({row.kept_least:,} to {row.kept_most:,})"
    return f"{size} ({fixed(row.kept_share * 100, 1)} %)"


def _classes(row: BoardRow) -> str:
    if row.class_deviation is not None:
        off = fixed(row.class_deviation * 100, 1, signed=True)
        return f"{off} {code(row.class_deviating)}" if off != "+0.0" else "0.0"
    if len(row.class_shares) > 4:
        return f"{len(row.class_shares)} classes"
    return ", ".join(f"{code(name)} {fixed(share * 100, 1)} %" for name, share in row.class_shares) or NOTHING


def _short(reason: str) -> str:
    return code(reason if len(reason) <= 160 else f"{reason[:157]}...")


def _remarks(rows: Sequence[BoardRow]) -> list[str]:
    lines, most = [], _most_seeds(rows)
    for row in rows:
        if row.failures:
            seeds: dict[str, list[str]] = {}
            for seed, reason in row.failures:
                seeds.setdefault(reason, []).append(str(seed))
            lines += [f"- {code(row.method)}: failed with seed {', '.join(s)}: {_short(r)}" for r, s in seeds.items()]
        if row.status != "missing" and _seeds(row) < most:
            lines.append(
                f"- {code(row.method)}: was run with {_seeds(row)} of the {plural(most, 'seed')} of this table."
            )
        pairs = [n for n in (row.full_pairs, row.chance_pairs) if n is not None and n < row.seeds]
        if pairs:
            lines.append(f"- {code(row.method)}: {min(pairs)} of its {plural(row.seeds, 'seed')} pair with a baseline.")
        lines += _without_baseline(row, {other.method for other in rows if other.seeds})
    missing = [row.method for row in rows if row.status == "missing"]
    if missing:
        lines.append(f"- Missing here, though compared on this task or needed as a baseline: {listed(missing)}")
    return ["", *lines] if lines else []


def _without_baseline(row: BoardRow, present: AbstractSet[str]) -> list[str]:
    """Say why a row with a result has no difference to a baseline; `present`: methods that have a result."""
    lines = []
    if row.metric is not None and row.chance and row.chance_difference is None:
        why = "shares no seed with it" if row.chance in present else "has no result here"
        lines.append(f"- {code(row.method)}: no difference to chance: {code(row.chance)} {why}.")
    if row.metric is not None and row.role != "full" and row.full_difference is None and FULL in present:
        lines.append(f"- {code(row.method)}: no difference to full: {code(FULL)} shares no seed with it.")
    return lines


def across_table(across: Across) -> list[str]:
    """Return the section of one size, budget and model over tasks."""
    n = len(across.tasks)
    title = f"### {across.model} / {across.keep} / {across.budget}"
    about = f"n = {plural(n, 'task')}: {listed(across.tasks)}."
    if across.repeated:
        about += f" Not counted, since their data set already is: {listed(across.repeated)}."
    if across.lacking:
        about += f" No result at this size and budget: {listed(across.lacking)}."
    reach = (
        f"The smallest p that a test over {plural(n, 'block')} can give is {fixed(across.reachable, 4)}, before Holm "
        f"over {plural(across.comparisons, 'comparison')}"
    )
    reach += f": {across.verdict}." if across.verdict else "."
    header = ["method", "beats chance on", "tasks", f"mean rank (n = {n})", "tie groups", "over tasks against chance"]
    ranked = [m for m in across.methods if m.rank is not None]
    others = [m for m in across.methods if m.rank is None]
    ordered = sorted(ranked, key=lambda m: (m.rank.mean if m.rank else 0.0, m.method)) + others
    lines = [title, "", about, "", reach, "", *table(header, [_across_cells(m, across) for m in ordered])]
    if n < 2:
        lines += ["", "One task: no ranks."]
    elif across.unranked:
        text = "; ".join(f"{code(m)} (no result on {listed(tasks)})" for m, tasks in across.unranked)
        lines += ["", f"Not ranked: {text}."]
    return lines


def _across_cells(method: MethodAcross, across: Across) -> list[str]:
    rank, groups = NOTHING, NOTHING
    if method.rank is not None:
        rank = f"{fixed(method.rank.mean, 2)} [{fixed(method.rank.low, 2)}, {fixed(method.rank.high, 2)}]"
        groups = ", ".join(str(g) for g in method.rank.groups)
    if not method.tested:
        return [code(method.method), NOTHING, NO_TEST, rank, groups, NOTHING]
    over = p_value(method.p) if method.p is not None else across.verdict or NOTHING
    wins = f"{len(method.wins)} of {method.tested}"
    return [code(method.method), wins, listed(method.wins) or "none", rank, groups, over]


def planted_tables(planted: Mapping[tuple[str, str], Sequence[PlantedRecovery]]) -> list[str]:
    """Return one table per task and model, methods by planted type, and below it why some have no number."""
    lines: list[str] = []
    for (task, model), methods in planted.items():
        # A task on which every method failed has no planted_type to name.
        types = sorted({planted_type for found in methods for planted_type in found.auroc}) or ["AUROC"]
        body = [[code(m.method), *(_auroc(m, planted_type) for planted_type in types)] for m in methods]
        lines += [f"### {task} / {model}", "", *table(["method", *types], body), ""]
        remarks = [f"- {code(m.method)}: {_short(reason)}" for m in methods for reason in m.reasons]
        lines += [*remarks, ""] if remarks else []
    return lines[:-1]


def _auroc(found: PlantedRecovery, planted_type: str) -> str:
    if found.status != "found":
        return found.status
    return fixed(found.auroc[planted_type], 3) if planted_type in found.auroc else NOTHING
