"""The sections of the contests: what is compared, the table of methods, and what failed or is missing."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from hbench.board.board import Board, Standing
from hbench.board.comparisons import Role
from hbench.board.row import BoardRow
from hbench.board.scorings import SharedScores
from hbench.board.values import FEWEST_SEEDS
from hbench.render.display import THESE_EXAMPLES, code, fixed, listed, margin, plural, short, title
from hbench.render.names import Names
from hbench.render.parts.rivals import rivals_blocks
from hbench.render.parts.rows import rows_table
from hbench.render.parts.trivial import trivial_lines
from hbench.render.section import Section, Text
from hbench.results.looks import Looks

#: With fewer cases a page says that there are few.
FEW_CASES = 10
#: The baselines of every table.
_BASELINES: tuple[Role, ...] = ("full", "random")

#: What the mark behind a verdict means.
_THESE_EXAMPLES = f"{THESE_EXAMPLES} these examples, not the method"

_TABLES = """\
Each table compares methods on one task, evaluation split, model, size and budget, best first; all intervals are at
95 %. Under each there is more: the differences to all data, the tests against the random subset, what was kept."""


def results_sections(board: Board) -> list[Section]:
    """Return the section `Results` and one per contest, in the order of the board; nothing without any contest."""
    if not board.standings:
        return []
    texts = [_TABLES] if board.shared_scores is None else [_TABLES, _sharing(board.shared_scores)]
    head = Section("Results", 2, tuple(map(Text, texts)))
    names = Names.of(board)
    return [head, *(_section(standing, names) for standing in board.standings)]


def _sharing(shared: SharedScores) -> str:
    """Say what rows are corrected by whose seeds share sets of scores."""
    ratio, rows = fixed(shared.ratio, 2), plural(shared.rows, "row")
    known = (
        f"is {ratio} times that between the seeds of one set, by restricted likelihood over {rows}"
        if shared.rows
        else f"is taken to be {ratio} times that between the seeds of one set, since no row tells it"
    )
    return (
        f"Several seeds share each set of scores of {listed(shared.methods)}, and its luck with it: the variance "
        f"between sets {known}. In all tests of these rows the mean square of S seeds, k of them a set, is multiplied "
        f"by (1 + {ratio} k) / (1 + {ratio} (S - k) / (S - 1))."
    )


def _section(standing: Standing, names: Names) -> Section:
    table = rows_table(standing.rows, standing.metric)
    below = [*_remarks(standing.rows), *trivial_lines(standing.rows)]
    blocks = (Text(_about(standing), title(standing.key)), table, *below, *rivals_blocks(standing))
    return Section(names.contest(standing), 3, blocks)


def _about(standing: Standing) -> str:
    keep = code(standing.key.keep)
    size = f"as many rows as {keep} keeps" if standing.natural else keep
    key = standing.key
    text = (
        f"{code(key.task)}, {code(key.split)}, {code(key.model)}: {standing.metric} in points, "
        f"{plural(standing.eval_rows, 'evaluation row')}{_cases(standing)}, "
        f"{plural(standing.seeds, 'training seed')}, keep {size}, {standing.key.budget}, "
        f"margin {margin(standing.margin)}."
    )
    if standing.label_noise is not None:
        text += f" {fixed(100 * standing.label_noise, 1)} % of the training labels were replaced by another class."
    if standing.further is not None:
        text += f" The models were trained on {code(standing.key.task)} and evaluated on {code(standing.further)}."
    if any(row.values is not None for row in standing.rows):
        text += (
            f" {standing.metric} is not a mean over examples and cannot be recomputed here: it is shown without an "
            "interval, and differences and verdicts are about the mean of the per-example results."
        )
    if any(row.recomputed for row in standing.rows):
        text += (
            f" {standing.metric} is not a mean over examples: intervals, differences and verdicts are about "
            f"{standing.metric} itself, recomputed without each {_case(standing)} in turn (jackknife)."
        )
    if standing.seeds_known < FEWEST_SEEDS:
        text += f" {_few_seeds(standing.seeds_known)}: no test, since a test takes {FEWEST_SEEDS}."
    text += "" if standing.looks is None else _looks(standing.looks, standing.seeds)
    if standing.cases < FEW_CASES:
        text += (
            f" The evaluation has {plural(standing.cases, 'case')} (examples that share a passage or an article are "
            "one): what follows is about these, and says little about others."
        )
    if standing.assay is None:
        text += " What a trivial answer reaches is not known here: whether runs trained is not checked."
    elif not standing.assay:
        text += (
            " No assay: the model trained on all data is not superior to the trivial answer, so that this table can "
            "show nothing about pruning, and gives no verdicts."
        )
    return text


def _cases(standing: Standing) -> str:
    return "" if standing.cases == standing.eval_rows else f" in {plural(standing.cases, 'case')}"


def _case(standing: Standing) -> str:
    return "example" if standing.cases == standing.eval_rows else "case"


def _looks(looks: Looks, seeds: int) -> str:
    """Say which look this is and at which level its verdicts are, and which looks no plan foresaw."""
    text = ""
    if looks.planned:
        number = f"{looks.planned.index(seeds) + 1} of " if seeds in looks.planned else ""
        text += (
            f" Look {number}{len(looks.planned)}, planned at {_numbers(looks.planned)} seeds: every verdict is "
            f"made at {100 * looks.level:.2f} %, so that all looks together hold 5 % (Pocock); intervals stay at 95 %."
        )
    if looks.unplanned:
        what = "The plan was made" if looks.planned else "Seeds were added without a plan,"
        text += (
            f" {what} after results with {_numbers(looks.unplanned)} seeds had been seen: looking and then adding "
            "seeds about doubles the false verdicts."
        )
    return text


def _numbers(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last


def _few_seeds(seeds: int) -> str:
    return "One seed" if seeds == 1 else plural(seeds, "seed")


def _remarks(rows: Sequence[BoardRow]) -> list[Text]:
    present = {row.method for row in rows if row.seeds}
    lines = [line for row in rows for line in (*_failures(row), *_seeds(row), *_without_baseline(row, present))]
    unstable = [
        f"{code(row.method)} ({len(row.untrained or ())} of {plural(row.seeds_run, 'run')} did not train)"
        for row in rows
        if row.unstable
    ]
    if unstable:
        lines.append(
            f"- Unstable: {', '.join(unstable)}. Verdicts on such rows, and on rows compared with them, are withheld."
        )
    missing = [row.method for row in rows if row.status == "missing"]
    for row in rows:
        if row.scored_with is not None:
            lines.append(f"- {code(row.method)}: scored with {code(row.scored_with)}, whose runs its net cost counts.")
    once = [row.method for row in rows if row.scorings == 1]
    if once:
        lines.append(
            f"- {_THESE_EXAMPLES}: {listed(once)}. All seeds of such a row train on the subset of one set of scores, "
            "so that its luck is in every seed."
        )
    if missing:
        lines.append(f"- Missing here, though compared on this task or needed as a baseline: {listed(missing)}")
    marked = any(c.these_examples and c.decided for row in rows for c in row.comparisons)
    return [Text("\n".join(lines), _THESE_EXAMPLES if marked else "")] if lines else []


def _failures(row: BoardRow) -> list[str]:
    seeds: dict[str, list[str]] = {}
    for seed, reason in row.failures:
        seeds.setdefault(reason, []).append(str(seed))
    then = "; counted as the trivial answer" if row.failed_as_trivial else ""
    return [
        f"- {code(row.method)}: failed with seed {', '.join(s)}: {short(reason)}{then}" for reason, s in seeds.items()
    ]


def _seeds(row: BoardRow) -> list[str]:
    """Say where a row has fewer seeds than others of its table, or than it shares with a baseline."""
    lines = []
    if row.status != "missing" and row.seeds_run < row.most_seeds:
        lines.append(
            f"- {code(row.method)}: was run with {row.seeds_run} of the {plural(row.most_seeds, 'seed')} of this table."
        )
    shared = (found.pairs for role in _BASELINES if (found := row.against(role)) is not None)
    pairs = [n for n in shared if n is not None and n < row.seeds]
    if pairs:
        lines.append(f"- {code(row.method)}: {min(pairs)} of its {plural(row.seeds, 'seed')} pair with a baseline.")
    return lines


def _without_baseline(row: BoardRow, present: AbstractSet[str]) -> list[str]:
    """Say why a row with a result has no difference to a baseline; `present`: methods that have a result."""
    if row.metric is None:
        return []
    lines = []
    random, full = row.against("random"), row.against("full")
    if random is not None and random.test is None:
        why = "shares no seed with it" if random.baseline in present else "has no result here"
        lines.append(f"- {code(row.method)}: no difference to random: {code(random.baseline)} {why}.")
    if full is not None and full.test is None and full.baseline in present:
        lines.append(f"- {code(row.method)}: no difference to full: {code(full.baseline)} shares no seed with it.")
    return lines
