"""LEADERBOARD.md: what was measured, one table per column, across tasks, planted examples, and how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hbench.board.across import across_tasks
from hbench.board.columns import Column, Place
from hbench.board.comparisons import Comparison, rivals_table
from hbench.board.planted import PlantedRecovery
from hbench.board.row import BoardRow
from hbench.board.tradeoff import Tradeoff, tradeoff_table
from hbench.render.figures.plots import plots_of
from hbench.render.formats import code
from hbench.render.opening import opening
from hbench.render.tables import across_table, column_table, planted_tables
from hbench.render.trivial import trivial_table
from hbench.results.cell import CellResult

_TITLE = """\
# Leaderboard

Which training examples can be dropped before fine-tuning, and does the scorer that picked them beat chance? Every
number below follows from the result files in the folder of results; `hbench leaderboard build` writes this page from
them and `hbench leaderboard check` recomputes it."""

_TRIVIAL = """\
What needs no reading: naming the most frequent class, never answering, guessing. Where the model trained on all data is
not `superior` to it (p at most 0.05, not adjusted), a verdict that pruning loses nothing says little. Where the metric
is not a mean over examples, such as F1 over classes, both are the mean per-example result."""

_TABLES = """\
Each table compares methods on one task, evaluation split, model, size and budget; all intervals are at 95 %. Cost and
break-even are given as shared / alone."""

_TRADEOFF = """\
All sizes and budgets of a task together, cheapest first by net cost alone, which is what one training of one's own
costs. `front` marks what no other row beats at the same or a lower net cost alone, by point values."""

_PUBLISHED = """\
What the authors of these methods report, in settings of their own. None of it was measured here:"""

_ACROSS = """\
A block is one task with its primary split; models, sizes, seeds and further splits are no extra blocks. The count is
the number of tasks on which a method beats chance (partial conjunction over the p values of the tables, Dror et al.
2017; tasks named by Holm). Ranks are among the methods and chance baselines that have a result on every task, 1 = best,
with bootstrap intervals over tasks; methods in one tie group are not told apart."""

_PLANTED = """\
Tasks generated with known truth hold mislabelled, ambiguous or redundant examples. AUROC of each method's order of
keeping for these against clean examples: 1 = all kept before any clean one, 0.5 = as chance, 0 = all dropped first."""

_NOTES = """\
## How to read this

- **Test.** Training seeds and evaluation examples are both samples, crossed with each other. Differences are paired by
  seed and by example; intervals and p values come from the crossed random-effects test (Hillis 2007), in which
  examples that share a passage count as one case. With one seed there is no test.
- **Difference to full** claims no loss: `non-inferior` when the whole interval lies above minus the margin, which is
  declared in advance; `inferior` when it lies below; `undecided` otherwise. A difference that is not significant is
  no evidence of equality.
- **Difference to chance** claims a gain over chance selection of the same size, budget and seeds: `superior` or
  `worse` when p, Holm-adjusted over the methods of the table, is at most 0.05; `tie` otherwise.
- **Share of full**: the metric as a share of that of the full data, in per cent, over the seeds that both have. Its
  interval holds the ratios R for which the crossed test of method - R * full is not significant (Fieller 1954).
- **Intervals** are of one comparison each, at 95 %, and not adjusted for the number of methods. The verdict against
  chance follows Holm: it can be `tie` where the interval leaves 0 out.
- **Detectable**: the smallest true difference to chance (for the chance row: to full) that one test at 5 %, before
  Holm, would show with 80 % power in a cell with this variance; after Holm it takes more. A tie says little about
  differences below it.
- **Classes**: the largest deviation of a class's share in the subset from its share in all data, in points.
- **Net cost**: (scoring + one training on the subset) / one training on all data. It charges all scoring runs and
  passes: `alone` as if this were the only method, `shared` with the scoring bill split equally among the methods on
  this board that use the same runs. `pays after`: number of later trainings after which pruning has paid, `never` if
  it cannot. Costs are counted in FLOPs, not in measured seconds; `leaderboard.csv` has them in examples and tokens too.
- **Condition.** A scorer's subset is normally computed once, from all its scoring runs: its row is conditional on this
  one set of scores. A random baseline draws a fresh subset for every seed.
- **Failures.** A cell whose trainings failed stays in its table with the reason. Where some seeds failed, the metric
  is the mean of the others, and differences use the seeds that both sides have. What was compared and has no result
  here is shown as missing."""

_RIVALS = """\
- **Difference to** another method: the test of the difference to chance, against a further baseline that a suite names
  (its rivals): p is Holm-adjusted over the methods compared with that rival in the table."""


def markdown(
    results: Sequence[CellResult],
    columns: Sequence[tuple[Column, Sequence[BoardRow]]],
    rows: Sequence[BoardRow],
    planted: Mapping[tuple[str, str], Sequence[PlantedRecovery]],
    comparisons: Mapping[Place, Sequence[Comparison]],
    tradeoffs: Sequence[Tradeoff],
) -> str:
    """Return the text of LEADERBOARD.md.

    results: all cells. columns: every column with its rows in the order shown. rows: all rows of the board, each once.
    planted: as `hbench.board.planted.diagnostics_of` returns it. comparisons: by `Column.place`, those of each column
    that has some. tradeoffs: as `hbench.board.tradeoff.tradeoffs_of` returns them.
    """
    parts = [_TITLE, "## What was measured\n\n" + "\n".join(opening(results, rows, len(columns)))]
    if trivial := trivial_table(rows):
        parts.append("\n".join(["## The full data against a trivial answer", "", _TRIVIAL, "", *trivial]))
    if columns:
        parts.append(f"## Results\n\n{_TABLES}")
        parts += [
            "\n".join([*column_table(column, shown), *rivals_table(shown, comparisons.get(column.place, ()))])
            for column, shown in columns
        ]
    if tradeoffs:
        parts += [f"## Cost and accuracy\n\n{_TRADEOFF}", *_published(results)]
        figures = (None if found is None else found[0] for found in plots_of(tradeoffs))
        parts += ["\n".join(tradeoff_table(t, figure)) for t, figure in zip(tradeoffs, figures, strict=True)]
    if columns:
        parts.append(f"## Across tasks\n\n{_ACROSS}")
        parts += ["\n".join(across_table(across)) for across in across_tasks([shown for _, shown in columns])]
    if planted:
        parts.append("## Planted examples\n\n" + _PLANTED + "\n\n" + "\n".join(planted_tables(planted)))
    return "\n\n".join([*parts, f"{_NOTES}\n{_RIVALS}" if comparisons else _NOTES]) + "\n"


def _published(results: Sequence[CellResult]) -> list[str]:
    """Return a paragraph and one line per method whose authors' figures are known, nothing where none are."""
    found = sorted({(r.method, r.published) for r in results if r.published})
    return ["\n".join([_PUBLISHED, "", *(f"- {code(method)}: {text}" for method, text in found)])] if found else []
