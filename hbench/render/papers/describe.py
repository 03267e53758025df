"""`hbench describe`: a paragraph for the methods section of a paper, made from the results alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hbench.board.board import Board
from hbench.board.values import FEWEST_SEEDS
from hbench.cost.budgets import find_budget
from hbench.render.display import code, fixed, plural, points
from hbench.render.papers.bibliography import HBENCH
from hbench.render.papers.prose import Cite, Sentence, joined
from hbench.render.papers.sources import Source, name_of, sources_of
from hbench.results.cell import CellResult, kept_share
from hbench.version import VERSION


def described(board: Board) -> tuple[Sentence, ...]:
    """Return the sentences of the paragraph, in their order; what the results do not have is not mentioned."""
    sources = sources_of(board)
    made = [sentence for part in _PARTS for sentence in part(board, sources)]
    return tuple(made)


def _compared(board: Board, sources: Sequence[Source]) -> Iterable[Sentence]:
    """Say what is compared with what, and by which version."""
    baselines = {result.baseline for result in board.results}
    methods = sorted({r.method for r in board.results if not r.is_full and r.method not in baselines})
    protocol = next(iter({result.protocol for result in board.results}))
    used: Sentence = (f", using hbench {VERSION} (protocol {protocol})", Cite((HBENCH,)), ".")
    if not methods:
        yield ("We compared training on random subsets with training on all data", *used)
        return
    named = joined([_cited(method, "method", sources) for method in methods])
    noun = "methods of choosing training data" if len(methods) > 1 else "method of choosing training data"
    count = _NUMBERS.get(len(methods), str(len(methods)))
    yield (
        f"We compared {count} {noun}, ",
        *named,
        ", with random subsets of the same size and with training on all data",
        *used,
    )


def _tasks(board: Board, sources: Sequence[Source]) -> Iterable[Sentence]:
    """Say which rows of which tasks were trained and evaluated on."""
    trained = {(r.task, r.split): r for r in board.results if not r.is_diagnostic}
    by_task: dict[str, list[CellResult]] = {}
    for result in trained.values():
        by_task.setdefault(result.task, []).append(result)
    told = [_task(found, sources) for _, found in sorted(by_task.items())]
    if told:
        yield (f"The {_plural(told, 'task')} {'was' if len(told) == 1 else 'were'} ", *joined(told), ".")
    only = sorted({r.task for r in board.results} - set(by_task))
    if only:
        named = joined([_cited(task, "task", sources) for task in only])
        yield ("On ", *named, ", whose planted examples are known, methods only ranked the training rows.")


def _task(results: Sequence[CellResult], sources: Sequence[Source]) -> Sentence:
    first = max(results, key=lambda r: r.data.train_rows)
    evaluated = [
        f"{plural(r.data.eval_rows, 'evaluation row')} of {code(r.split)}"
        for r in sorted(results, key=lambda r: (not r.primary, r.split))
    ]
    rows = plural(first.data.train_rows, "training row")
    text = f" ({rows}, {' and '.join(evaluated)}, measured by {first.metric.replace('_', ' ')})"
    return (*_cited(first.task, "task", sources), text)


def _models(board: Board, sources: Sequence[Source]) -> Iterable[Sentence]:
    """Say what was fine-tuned, and how: one sentence for each recipe."""
    results = [result for result in board.results if not result.is_diagnostic]
    recipes: dict[str, set[tuple[str, str]]] = {}
    for result in results:
        recipes.setdefault(_recipe(result.recipe), set()).add((result.model, result.task))
    for recipe, cells in sorted(recipes.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        models = [_cited(model, "model", sources) for model in sorted({model for model, _ in cells})]
        tasks = sorted({task for _, task in cells})
        where = "" if len(recipes) == 1 else f" on {_and([code(task) for task in tasks])}"
        yield ("We fine-tuned ", *joined(models), f"{where} with AdamW: {recipe}.")


def _recipe(recipe: Mapping[str, Any]) -> str:
    said = [say(recipe[name]) for name, say in _SETTINGS.items() if recipe.get(name) not in (None, 0, 0.0)]
    return ", ".join(said) if said else "with settings that the results do not tell"


def _sizes(board: Board, _: Sequence[Source]) -> Iterable[Sentence]:
    """Say how much was kept, and for how long subsets were trained on."""
    keeps = {standing.key.keep for standing in board.standings if any(row.role != "full" for row in standing.rows)}
    shares = sorted(share for keep in keeps if (share := kept_share(keep)) is not None)
    sizes = [f"{_and([_percent(share) for share in shares])} of the training rows"] if shares else []
    sizes += [f"as many as {code(keep)} selects by itself" for keep in sorted(keeps) if kept_share(keep) is None]
    budgets = sorted({standing.key.budget for standing in board.standings if standing.key.keep in keeps})
    if sizes:
        yield (f"Subsets held {_and(sizes)}.",)
        about = [f"{code(name)}, {_lower(find_budget(name).about.rstrip('.'))}" for name in budgets]
        yield (f"The {_plural(budgets, 'budget')} of trainings on them {_was(budgets)}: {'; '.join(about)}.",)


def _seeds(board: Board, _: Sequence[Source]) -> Iterable[Sentence]:
    """Say how many trainings are behind a result, and where scores come from."""
    seeds = sorted({len(result.seeds) for result in board.results if not result.is_diagnostic})
    if seeds:
        number = plural(seeds[0], "training seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} training seeds"
        yield (f"Every result is a mean over {number}.",)
    failed = sum(row.seeds_failed for row in board.rows)
    if failed:
        of = sum(row.seeds_run for row in board.rows)
        yield (f"Of {of:,} trainings {failed:,} failed.",)
    for scorings, runs in sorted({(row.scorings, row.scoring_runs) for row in board.rows if row.scorings is not None}):
        if scorings == 1:
            yield (
                f"Scores from {plural(runs, 'full-data run')} gave one subset for all seeds, so that verdicts on "
                "these rows are about these examples, not about the method in general.",
            )
        else:
            yield (
                f"Scores came from {scorings} sets of {plural(runs, 'full-data run')}; each seed's subset was chosen "
                "by a set that its own full-data run was no part of.",
            )


def _tests(board: Board, sources: Sequence[Source]) -> Iterable[Sentence]:
    """Say how differences were tested and corrected."""
    cites = {source.name: Cite(source.keys) for source in sources if source.kind == "test"}
    if "two-t test" not in cites:
        yield (f"Differences were not tested, since a test takes {FEWEST_SEEDS} seeds.",)
        return
    grouped = any(standing.cases != standing.eval_rows for standing in board.standings)
    yield (
        "Differences were paired by training seed and evaluation example and tested with the two-t test, in which "
        "seeds and examples are both random",
        cites["two-t test"],
        ", at 5 %; p values were corrected by Holm's method",
        cites["Holm's correction"],
        " over the rows of a table, and over all comparisons of the board for statements across tasks.",
    )
    if grouped:
        yield ("Examples that share a passage or an article counted as one case.",)
    if "jackknife" in cites:
        metrics = sorted({row.metric_name for row in board.rows if row.recomputed})
        said = "is no mean" if len(metrics) == 1 else "are no means"
        named = _and([code(metric) for metric in metrics])
        yield (f"Of {named}, which {said} over examples, jackknife pseudo-values were tested", cites["jackknife"], ".")
    yield from _looks(board, cites)
    yield from _gates(board)
    ratios = cites.get("Fieller's intervals of ratios")
    intervals: Sentence = ("Intervals are at 95 % and not corrected",)
    yield intervals + (() if ratios is None else ("; those of ratios are Fieller's", ratios)) + (".",)


def _looks(board: Board, cites: Mapping[str, Cite]) -> Iterable[Sentence]:
    looks = {standing.looks for standing in board.standings if standing.looks is not None}
    for planned in sorted({found.planned for found in looks if found.planned}):
        level = next(found.level for found in looks if found.planned == planned)
        yield (
            f"Looks at {_and(list(map(str, planned)))} seeds were planned in advance, and every verdict was made at "
            f"{fixed(100 * level, 2)} %",
            cites["Pocock's level of planned looks"],
            ".",
        )
    unplanned = sorted({seeds for found in looks for seeds in found.unplanned})
    if unplanned:
        yield (
            f"Seeds were added without a plan after results with {_and(list(map(str, unplanned)))} seeds had been "
            "seen, which makes false verdicts more likely.",
        )


def _gates(board: Board) -> Iterable[Sentence]:
    """Say what a verdict takes: a margin, a model that has learnt something, runs that trained."""
    margins: dict[float, set[str]] = {}
    for standing in board.standings:
        margins.setdefault(standing.margin.used, set()).add(standing.key.task)
    told = [_points(used) for used in sorted(margins)]
    if len(margins) > 1:
        told = [f"{_points(used)} on {_and([code(t) for t in sorted(margins[used])])}" for used in sorted(margins)]
    yield (
        f"A subset counts as non-inferior to the full data where a loss as large as the margin, {_and(told)}, is "
        "rejected.",
    )
    no_assay = sorted({standing.key.task for standing in board.standings if standing.assay is False})
    if no_assay:
        yield (
            f"No verdicts are given on {_and([code(task) for task in no_assay])}, where the model trained on all "
            "data is not better than an answer that needs no reading.",
        )
    unstable = sum(any(c.verdict == "unstable" for c in row.comparisons) for row in board.rows)
    if unstable:
        yield (f"Verdicts on {plural(unstable, 'row')} are withheld, since some of the runs compared did not train.",)


def _costs(board: Board, _: Sequence[Source]) -> Iterable[Sentence]:
    units = {row.costs.unit for row in board.rows if row.costs is not None and row.costs.net_alone is not None}
    if units:
        yield (
            f"The net cost of a method is that of one set of its scores and of one training on its subset, in "
            f"{' and '.join(sorted(units))}, as a multiple of one training on all data.",
        )


#: The parts of the paragraph, in their order.
_PARTS: tuple[Callable[[Board, Sequence[Source]], Iterable[Sentence]], ...] = (
    _compared,
    _tasks,
    _models,
    _sizes,
    _seeds,
    _tests,
    _costs,
)

#: How a setting of a recipe is said, in this order; those of 0 and those that are not known are left out.
_SETTINGS: Mapping[str, Callable[[Any], str]] = {
    "epochs": lambda v: plural(v, "epoch"),
    "batch_size": lambda v: f"batches of {v}",
    "learning_rate": lambda v: f"a learning rate of {v:g}",
    "schedule": lambda v: {"linear": "decaying linearly", "constant": "held constant"}.get(str(v), f"schedule {v}"),
    "warmup": lambda v: f"warm-up over {_percent(v)} of the steps",
    "weight_decay": lambda v: f"weight decay {v:g}",
    "max_length": lambda v: f"sequences cut to {v} tokens",
    "precision": lambda v: f"precision {v}",
}
_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


def _cited(reference: str, kind: str, sources: Sequence[Source]) -> Sentence:
    """Return a name with its citation; what has no paper of its own is part of hbench, which is cited once."""
    names = {reference, name_of(reference)}
    keys = next((source.keys for source in sources if source.kind == kind and source.name in names), ())
    return code(reference), Cite(tuple(key for key in keys if key != HBENCH))


def _and(texts: Sequence[str]) -> str:
    return "".join(part for part in joined([(text,) for text in texts]) if isinstance(part, str))


def _plural(things: Sequence[object], noun: str) -> str:
    return noun if len(things) == 1 else f"{noun}s"


def _was(things: Sequence[object]) -> str:
    return "was" if len(things) == 1 else "were"


def _percent(share: float) -> str:
    return f"{fixed(100 * share, 1).removesuffix('.0')} %"


def _points(share: float) -> str:
    return f"{points(share)} {'point' if share == 0.01 else 'points'}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
