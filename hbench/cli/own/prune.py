"""`hbench prune`: the rows of one's own that are worth keeping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hbench.cli.output import counted, print_table, print_text
from hbench.cli.own.options import scoring_options
from hbench.cli.own.score import SHOWN, check_folder, plan_of, scored
from hbench.errors import UsageError
from hbench.files import shorten

if TYPE_CHECKING:
    from hbench.data.own.roles import OwnSplit
    from hbench.own.pruning import Choice, Pruned
    from hbench.own.scores import Scores


@click.command(short_help="Drop rows of your own by their scores.")
@click.argument("data", metavar="DATA")
@click.option("--scores", metavar="FILE", type=click.Path(path_type=Path), help="What `hbench score` wrote.")
@click.option("--by", metavar="S", help="Column of scores; not needed where there is one.")
@click.option("--keep", metavar="F", type=float, help="Share of the examples kept, such as 0.3.")
@click.option("--natural", is_flag=True, help="Keep the scorer's own subset instead, such as that of h-score.")
@click.option("--balance/--no-balance", default=None, help="Select within each class, in the classes' own proportions.")
@click.option("--offset", metavar="F", type=float, help="Share dropped first from the end that is kept, such as 0.05.")
@click.option("--order", type=click.Choice(["highest", "lowest"]), help="End that is kept of a column of your own.")
@click.option("--seed", metavar="N", type=int, help="Training seed whose order breaks ties; 342 by default.")
@click.option(
    "--examples", metavar="N", type=click.IntRange(min=0), default=5, show_default=True, help="Dropped rows to print."
)
@click.option(
    "--ids", metavar="FILE", type=click.Path(path_type=Path), help="Write the ids that are kept too, one a line."
)
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), required=True, help="The rows that are kept.")
@scoring_options
def prune(data: str, scores: Path | None, out: Path, ids: Path | None, examples: int, **options: Any) -> None:
    """Write the rows of DATA that are worth keeping: the same columns and format, in the same order.

    With --scores from what `hbench score` wrote; without it the rows are scored first, with its options. What was
    dropped is told by class, with rows to read.
    """
    from hbench.data.own.source import Origin
    from hbench.own.api import matching_rows
    from hbench.own.pruning import prune_examples
    from hbench.own.scores import load_scores

    choice = _choice(options)
    for path in (out, *([] if ids is None else [ids])):
        check_folder(path)
    if scores is None:
        if not options["scorers"]:
            raise UsageError("name a table of scores with --scores, or scorers with --scorer to make one")
        plan = plan_of(data, options)
        train = plan.rows.train
        train.table.check_out(out)
        made = scored(plan, options)
    else:
        made = load_scores(scores)
        origin = Origin(options["split"] or "train", options["config"], options["revision"])
        named = {name: options[name] for name in ("id", "label", "unlabelled")}
        train = matching_rows(data, made, **named, origin=origin)
        train.table.check_out(out)
    pruned = prune_examples(train, made, choice(made))
    train.table.write(pruned.rows, out)
    if ids is not None:
        _write_ids(ids, [name for name, kept in zip(train.example_ids(), pruned.kept, strict=True) if kept])
    print_text(_summary(pruned, train.table.size, out))
    if len(pruned.classes) > 1:
        print_table(
            ["class", "examples", "kept", "share kept"],
            [[name, size, kept, f"{kept / max(1, size):.2f}"] for name, (size, kept) in pruned.classes.items()],
        )
    for name, (size, kept) in pruned.classes.items():
        if size and not kept:
            print_text(f"No example of the class '{name}' is kept; --balance keeps each class in its proportion.")
    _print_dropped(train, pruned, examples)


def _choice(options: dict[str, Any]) -> Callable[[Scores], Choice]:
    """Return what makes the choice, once the columns of scores are known. Raises UsageError for what cannot be."""
    from hbench.experiment.seeds import PUBLISHED_SEEDS
    from hbench.own.pruning import Choice

    keep = options["keep"]
    if options["natural"] == (keep is not None):
        raise UsageError("give either --keep with the share to keep, or --natural for the scorer's own subset")
    if keep is not None and not 0 < keep <= 1:
        raise UsageError(f"--keep {keep}: use a share above 0 and at most 1, such as 0.3")
    if options["offset"] is not None and not 0 <= options["offset"] < 1:
        raise UsageError(f"--offset {options['offset']}: use a share from 0 to below 1, such as 0.05")
    seed = PUBLISHED_SEEDS[0] if options["seed"] is None else options["seed"]

    def choose(scores: Scores) -> Choice:
        by = options["by"] or scores.only()
        return Choice(by, keep, options["order"], options["balance"], options["offset"], seed, options["runs"])

    return choose


def _write_ids(path: Path, ids: list[str]) -> None:
    from hbench.errors import DataError
    from hbench.files import write_whole

    broken = next((name for name in ids if len(name.splitlines()) != 1), None)
    if broken is not None:
        raise DataError(f"--ids {path}: id {broken!r} is no line of text; give the rows other ids")
    write_whole(path, "".join(f"{name}\n" for name in ids))


def _summary(pruned: Pruned, rows: int, out: Path) -> str:
    left_out = rows - len(pruned.kept)
    parts = [f"wrote {out}: {pruned.size:,} of {len(pruned.kept):,} examples kept ({100 * pruned.share:.1f} %)"]
    if left_out:
        parts.append(f"{counted(left_out, 'row')} without a label left out")
    if pruned.cost is not None:
        after = pruned.pays_after()
        pays = "never pays" if after is None else f"pays after {counted(after, 'training')} on what is kept"
        parts.append(f"scoring cost {pruned.cost:.2f} trainings on everything, which {pays}")
    return "; ".join(parts)


def _print_dropped(train: OwnSplit, pruned: Pruned, count: int) -> None:
    places = pruned.dropped(count)
    if not places:
        return
    from hbench.own.scores import shown_of

    shown = shown_of(train) or {"row": [train.table.row(row) for row in train.examples]}
    print_text("Some of what was dropped:")
    print_table(
        ["id", *shown],
        [[train.ids[train.examples[at]], *(shorten(str(v[at]), SHOWN) for v in shown.values())] for at in places],
    )
