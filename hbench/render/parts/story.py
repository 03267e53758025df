"""What a matrix shows, in three sentences that are made from its results."""

from __future__ import annotations

from collections.abc import Sequence

from hbench.board.overview.story import Protagonist, Story, story_of
from hbench.board.overview.summary import Matrix
from hbench.board.row import BoardRow
from hbench.render.display import NO_BREAK, THESE_EXAMPLES, code, fixed, percent, points, spelled
from hbench.render.names import Names, short_percent
from hbench.render.parts.row_text import net_costs
from hbench.render.table import NOTHING

#: From which AUROC on examples are said to be kept, or below which to be dropped, before clean ones.
_KEPT, _DROPPED = 0.6, 0.4
#: Tasks that a sentence names one by one.
_FEW = 3


def sentences(matrix: Matrix, names: Names) -> list[str]:
    """Return what a matrix shows: the random subset, what does worse, what does better; fewer where less is known."""
    story = story_of(matrix)
    return [text for text in (_random(story, names), _worst(story, names), _best(story, names)) if text]


def _random(story: Story, names: Names) -> str:
    """Return what a random subset keeps, and where nothing can be shown."""
    texts = []
    if story.random:
        sizes = sorted({short_percent(row.kept.share) for row in story.random if row.kept is not None}, key=_number)
        share = "subset" if not sizes else f"{_from_to(sizes)} of the rows"
        texts.append(f"A random {share} {_keeps(story.random, names)}{_at_cost(story.random)}.")
    if story.no_assay:
        tasks = spelled(list(dict.fromkeys(names.task(standing.key) for standing in story.no_assay)))
        texts.append(f"On {tasks} the model trained on all data does no better than the trivial answer: no verdicts.")
    if story.unstable:
        methods = spelled(list(dict.fromkeys(code(row.method) for row in story.unstable)))
        texts.append(f"Some runs of {methods} did not train, which withholds verdicts.")
    return " ".join(texts)


def _keeps(rows: Sequence[BoardRow], names: Names) -> str:
    """Return what rows keep of the gain, else of the metric, per task where they are few."""
    known = [row for row in rows if row.gain is not None]
    what = "of what the model gains from all data" if known else "of the metric of all data"
    rows = known or rows
    shares = [_share(row) if row.gain is None else row.gain.value for row in rows]
    if len(rows) <= _FEW:
        first, *more = [f"on {names.tasks[row.cell.task]}" for row in rows]
        texts = [percent(share, 0) for share in shares]
        each = [f"{texts[0]} {what} {first}", *map(" ".join, zip(texts[1:], more, strict=True))]
        return f"keeps {spelled(each)}"
    return f"keeps {percent(min(shares), 0)} to {percent(max(shares), 0)} {what} over {len(rows)} tasks"


def _from_to(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def _number(text: str) -> float:
    return float(text.split()[0])


def _share(row: BoardRow) -> float:
    return 0.0 if row.share is None else row.share.value


def _at_cost(rows: Sequence[BoardRow]) -> str:
    costs = sorted({net_costs(row)[0] for row in rows if row.costs is not None} - {NOTHING}, key=float)
    if not costs:
        return ""
    return f", at {_from_to(costs)} of the cost"


def _worst(story: Story, names: Names) -> str:
    worst = story.worst
    if worst is None:
        return "No method is shown to be worse than it." if story.random else ""
    wrong = worst.wrong_labels
    why = ""
    if wrong is not None and wrong >= _KEPT:
        why = f" keeps the examples with planted wrong labels (AUROC {fixed(wrong, 2)}) and"
    elif wrong is not None and wrong <= _DROPPED:
        why = f" drops the examples with planted wrong labels (AUROC {fixed(wrong, 2)}), and still"
    return f"{code(worst.method)}{why} is {_by(worst, names)} worse{_mark(worst)} than that random subset."


def _best(story: Story, names: Names) -> str:
    best = story.best
    if best is not None:
        wrong, why = best.wrong_labels, ""
        if wrong is not None and wrong <= _DROPPED:
            them = "them" if story.worst is not None and (story.worst.wrong_labels or 0.0) >= _KEPT else ""
            why = f" drops {them or 'the examples with planted wrong labels'} (AUROC {fixed(wrong, 2)}) and"
        return f"{code(best.method)}{why} is {_by(best, names)} better{_mark(best)} than it{_cost_of(best)}."
    if story.nearest is None:
        return ""
    shown = [c.detectable for row in story.nearest.rows if (c := row.against("random")) is not None and c.detectable]
    by = _by(story.nearest, names, signed=True)
    text = f"No method is shown to beat it; {code(story.nearest.method)} comes nearest ({by})"
    return f"{text}, and what could have been shown is {_range(shown)} points." if shown else f"{text}."


def _by(found: Protagonist, names: Names, *, signed: bool = False) -> str:
    """Return differences to the random subset in points, with their signs or without, per task where they are few."""
    pairs = [(c.difference or 0.0, row) for row in found.rows if (c := row.against("random")) is not None]
    values = [difference if signed else abs(difference) for difference, _ in pairs]
    if len(pairs) > _FEW:
        return f"{_range(values, signed=signed)} points on {len(pairs)} tasks"
    return spelled(
        [
            f"{points(value, signed=signed)} points on {names.tasks[row.cell.task]}"
            for value, (_, row) in zip(values, pairs, strict=True)
        ]
    )


def _range(values: Sequence[float], *, signed: bool = False) -> str:
    low, high = (points(value, signed=signed) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _mark(found: Protagonist) -> str:
    """Return the mark of verdicts that are about these examples, not about the method."""
    marked = any(c.these_examples for row in found.rows if (c := row.against("random")) is not None)
    return THESE_EXAMPLES if marked else ""


def _cost_of(found: Protagonist) -> str:
    costs = sorted({net_costs(row)[0] for row in found.rows if row.costs is not None} - {NOTHING}, key=float)
    if not costs:
        return ""
    return f", at a net cost of {_from_to(costs)} trainings"


def in_terminal(sentence: str) -> str:
    """Return a sentence for a terminal: names as they are typed."""
    return sentence.replace("`", "").replace(NO_BREAK, " ")
