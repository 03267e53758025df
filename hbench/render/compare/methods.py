"""Two methods of a board in words, with a table of the contests of both."""

from __future__ import annotations

from hbench.board.compare.methods import Duel, Duels
from hbench.board.contests import ContestKey
from hbench.board.row import BoardRow
from hbench.render.compare.columns import naming, of_test, share, words
from hbench.render.display import code, interval, listed, p_value, plural, points, title
from hbench.render.section import Page, Section, Text
from hbench.render.table import Column, Table

#: What is said of contests without a winner, by verdict.
_OTHERS = {
    "undecided": "They are not told apart in {count}, which is no evidence that they are equal.",
    "no test": "There is no test in {count}, since it takes four seeds of both.",
    "no assay": "In {count}, the model trained on all data is not better than a trivial answer: no verdict.",
    "unstable": "In {count}, some runs did not train: no verdict.",
    "no seed in common": "In {count}, they share no seed.",
}


def methods_page(duels: Duels) -> Page:
    """Return the page of two methods: what the tests show in words, then every contest."""
    table = Table.of(_columns(duels), duels.contests)
    blocks: list[Text | Table] = [Text(said, said.replace("`", "")) for said in _words(duels)]
    if duels.contests:
        blocks.append(table)
    section = Section(f"{code(duels.first)} and {code(duels.second)}", 3, tuple(blocks))
    return Page((section,), table, Table((), ()))


def _words(duels: Duels) -> list[str]:
    first, second = code(duels.first), code(duels.second)
    said = [f"No table has a result of both {first} and {second}."]
    if duels.contests:
        count = plural(len(duels.contests), "table")
        said = [
            f"{first} and {second} meet in {count}. {_outcomes(duels)}",
            f"Differences are {first} - {second}, paired by seed and example; two-t test, Holm-corrected over {count}.",
        ]
    once = sorted({row.method for duel in duels.contests for row in (duel.first, duel.second) if row.scorings == 1})
    if once:
        said.append(f"Of {listed(once)}, one set of scores is behind all seeds: this is about these examples.")
    for name, keys in ((first, duels.only_first), (second, duels.only_second)):
        if keys:
            said.append(f"Only {name} has a result in {plural(len(keys), 'table')}: {listed(map(title, keys))}.")
    return said


def _outcomes(duels: Duels) -> str:
    """Return a sentence for each outcome that there is, with the contests of the decided ones."""
    first, second = code(duels.first), code(duels.second)
    said = []
    for verdict in ("better", "worse"):
        found = [duel for duel in duels.contests if duel.verdict == verdict]
        if found:
            told = "; ".join(map(_told, found))
            said.append(f"{first} is {verdict} than {second} in {len(found)}: {told}.")
    for verdict, sentence in _OTHERS.items():
        count = sum(duel.verdict == verdict for duel in duels.contests)
        if count:
            said.append(sentence.format(count=count))
    return " ".join(said)


def _told(duel: Duel) -> str:
    test, p = duel.test, duel.p_adjusted
    assert test is not None and p is not None
    difference = points(test.mean, signed=True) + interval(test.low, test.high, signed=True)
    return f"{code(title(duel.key))} by {difference} points ({p_value(p)})"


def _columns(duels: Duels) -> tuple[Column[Duel], ...]:
    return (
        *naming(ContestKey._fields, lambda duel, name: str(getattr(duel.key, name))),
        share("first", lambda duel: _metric(duel.first), heading=duels.first, quoted=True),
        share("second", lambda duel: _metric(duel.second), heading=duels.second, quoted=True),
        *of_test(lambda duel: duel.test, lambda duel: duel.p_adjusted),
        words("verdict", lambda duel: duel.verdict),
    )


def _metric(row: BoardRow) -> float | None:
    return None if row.metric is None else row.metric.value
