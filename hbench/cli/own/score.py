"""`hbench score`: one number for each row of one's own and scorer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hbench.cli.output import counted, print_table, print_text
from hbench.cli.own.options import scoring_options
from hbench.cli.reading import READING, rows_of
from hbench.errors import UsageError
from hbench.files import shorten

if TYPE_CHECKING:
    from hbench.own.scores import Scores
    from hbench.own.scoring import ScoringPlan

#: Characters of a text that a table shows.
SHOWN = 90


@click.command(short_help="Score rows of your own.")
@click.argument("data", metavar="DATA")
@scoring_options
@click.option(
    "--suspects", metavar="N", type=click.IntRange(min=1), help="Print the N rows that look mislabelled most."
)
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), required=True, help="Table of scores, .csv.")
def score(data: str, out: Path, suspects: int | None, **options: Any) -> None:
    """Score the labelled rows of DATA: a .csv, .jsonl or .parquet file, a folder of `save_to_disk`, or an id of the
    hub.

    FILE has an id, the text, the label and a column for each scorer; what the scores come from is in a file beside it.
    No rows to evaluate on are needed. Rows that look mislabelled are those whose label has the lowest mean probability
    while the model learns (confidence), with the class that it finds more probable.
    """
    from hbench.own.scores import check_path

    check_path(out)
    check_folder(out)
    plan = plan_of(data, options)
    if suspects and not plan.observed:
        raise UsageError("--suspects: these scorers observe no training; name one that does, such as aum")
    scores = scored(plan, options)
    scores.save(out)
    click.echo(f"wrote {out}: {counted(len(scores.ids), 'row')}, {', '.join(scores.columns)}")
    if suspects:
        _print_suspects(plan, scores, suspects)


def plan_of(data: str, options: dict[str, Any]) -> ScoringPlan:
    """Return what the options ask to score, checked. Raises HbenchError for what is at fault, before any training."""
    from hbench.experiment.own.suite import MODEL, recipe_changes
    from hbench.own.scoring import RUNS, plan_scores

    if not options["scorers"]:
        raise UsageError("name at least one scorer with --scorer, such as el2n; see `hbench list scorers`")
    rows = rows_of(data, **{name: options[name] for name in READING})
    runs = RUNS if options["runs"] is None else options["runs"]
    return plan_scores(rows, options["model"] or MODEL, options["scorers"], runs, recipe_changes(options["recipe"]))


def scored(plan: ScoringPlan, options: dict[str, Any]) -> Scores:
    """Return the scores of a plan, its trainings run where the options say; what it takes is said first."""
    from hbench.cli.progress import watch
    from hbench.own.scoring import Running, compute_scores
    from hbench.training.interrupts import stop_signals

    running = Running(
        options["store"],
        options["executor"],
        options["jobs"],
        options["device"],
        options["checkpoint_minutes"],
        options["plugins"],
    )
    with stop_signals(), watch(quiet=options["quiet"]) as progress:
        for note in plan.rows.notes:
            progress.note(note)
        progress.note(_announcement(plan, running.store, options["device"]))
        return compute_scores(plan, running, progress)


def check_folder(path: Path) -> None:
    """Raise UsageError when the folder of a file to write is not there."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it, or name another file")


def _announcement(plan: ScoringPlan, store: Path, device: str) -> str:
    """Return what the trainings take, as far as it is known before they start."""
    from hbench.cli.progress import duration
    from hbench.experiment.rates import read_rate
    from hbench.training.device import resolve_device

    rate = read_rate(resolve_device(device).partition(":")[0])
    needed = plan.estimate(store, None if rate is None else rate.flops)
    hours = needed.hours_at_most
    takes = "the time left is told once it runs" if hours is None else f"at most {duration(3600 * hours)} one by one"
    runs, epochs = counted(needed.full_runs, "training"), counted(plan.experiment.recipe.epochs, "epoch")
    return (
        f"{runs} of {plan.experiment.model.ref} on {len(plan.rows.train.examples):,} examples, {epochs} each; with "
        f"the passes that observe them {needed.cost_at_most:.2f} trainings for all scorers together, "
        f"{takes}; what {store} holds is not trained again"
    )


def _print_suspects(plan: ScoringPlan, scores: Scores, count: int) -> None:
    labels = plan.rows.train.labels
    role = plan.rows.train.gold_role
    gold = plan.rows.train.layout[role]
    shown = {name: values for name, values in scores.shown.items() if name != gold}
    rows = []
    for one in scores.suspects(count):
        answer = (
            "-" if one.answer is None or one.answer_prob is None else f"{labels[one.answer]} ({one.answer_prob:.2f})"
        )
        text = " | ".join(str(values[one.position]) for values in shown.values())
        label = str(scores.shown[gold][one.position]) if isinstance(gold, str) else ""
        rows.append([one.id, shorten(label, 40), answer, f"{one.confidence:.3f}", shorten(text, SHOWN)])
    if not rows:
        print_text("No row looks mislabelled: of each, the label is what the models find most probable.")
        return
    print_table(["id", "label", "model answers", "confidence", "text"], rows)
