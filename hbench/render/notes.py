"""How to read the page."""

from __future__ import annotations

from hbench.board.board import Board
from hbench.render.section import Section, Text

_NOTES = """\
- **Where the numbers are from.** Every number follows from the result files in the folder of results:
  `hbench leaderboard build` writes this page from them, and `hbench leaderboard check` recomputes it.
- **Test.** Training seeds and evaluation examples are both samples, crossed with each other. Differences are paired by
  seed and by example; intervals and p values come from the two-t test, in which seeds and cases each keep a t of their
  own and examples that share a passage, or an article, are one case. It takes at least four seeds: with fewer there is
  no interval and no verdict (`no test`).
- **Metrics that are no mean**, such as F1 over two classes and Matthews' correlation, are recomputed from the gold
  classes and the per-example results, and tested as themselves: the test takes jackknife pseudo-values, whose mean is
  the metric. A table whose metric cannot be recomputed says so, and tests the mean per-example result.
- **Gates.** `no assay`: the model trained on all data is not superior to the trivial answer, so that nothing is left to
  lose. `trained` counts the runs that are above the trivial answer, by a one-sided t test over cases at 5 %; seeds that
  failed are not. `unstable`: a row has at least one run that is above it at 5 % / runs, and others that did not train.
  Its verdicts, and those of rows compared with it, are withheld; the difference over the seeds that trained on both
  sides stands below the table. A row in which nothing trained is judged as it is.
- **Difference to full** claims no loss: `non-inferior` when a loss as large as the margin, declared in advance, is
  rejected and the difference lies above it; `inferior` when it lies below; `undecided` otherwise. p is Holm-adjusted
  over the rows of the table. A difference that is not significant is no evidence of equality.
- **Loss excluded**: the smallest loss against the full data that this table rules out, at 5 % / rows that the margin
  leaves undecided: the row would be `non-inferior` at any larger margin.
- **Difference to random** claims a gain over a random subset of the same size, budget and seeds: `superior` or
  `worse` when p, Holm-adjusted over the methods of the table, is at most 0.05; `undecided` otherwise, which is no
  evidence of equality either.
- **Across tasks** counts all: there, Holm runs over all comparisons with random subsets on the board.
- **Ranks**: what the tests of all pairs in a table leave open (two-t, Holm over the pairs), all rows at once at 95 %:
  from 1 + the number of methods shown better to the number of methods - the number shown worse.
- **Gain kept**: the share of what the full data gain over the trivial answer, (method - trivial) / (full - trivial):
  0 % has learnt nothing. Its interval holds the ratios R for which the two-t test of (method - trivial) - R * (full -
  trivial) is not significant (Fieller 1954). **Share of full**: the same for the metric itself, method / full, over the
  seeds that both have; it is above 0 where nothing was learnt.
- **Intervals** are of one comparison each, at 95 %, and not adjusted for the number of methods. Verdicts follow Holm:
  they can be `undecided` where the interval leaves 0, or the margin, out.
- **Detectable**: the smallest true difference to random (for the random subset itself: to full) that a repetition shows
  with 80 % power at 5 % / comparisons of the table, the strictest step of Holm. `undecided` says little about
  differences below it.
- **Classes**: the largest deviation of a class's share in the subset from its share in all data, in points.
- **Net cost**: (scoring + one training on the subset) / one training on all data. It charges the full-data runs that
  one set of scores takes, and the passes: `alone`, as if this were the only method, which is what is meant where
  nothing else is said; `shared` with each part of each run split equally among the methods on this board that use it.
  `pays after`: number of later trainings after which
  pruning has paid, `never` if it cannot. Costs are counted in FLOPs, not in measured seconds; `leaderboard.csv` has
  them in examples and tokens too.
- **Scored by**: sets of scores, and the full-data runs that each takes. Every seed trains on the subset of a set that
  its own full-data run is no part of. With as many sets as seeds, each trains on a subset of its own, as a random
  baseline draws a fresh subset for every seed. Where several seeds share a set, their tests count the variance between
  sets, as said above the tables. With one set, all seeds train on one subset, whose luck is in every seed: the
  verdict, marked †, is about these examples, not the method, and more seeds do not change that.
- **Failures.** A cell whose trainings failed stays in its table with the reason. Where some seeds failed, they count as
  the trivial answer; where that is not known they are left out, and differences use the seeds that both sides have.
  What was compared and has no result here is shown as missing."""

_RIVALS = """\
- **Difference to** another method: the test of the difference to random, against a further baseline that a suite names
  (its rivals): p is Holm-adjusted over the methods compared with that rival in the table."""


def notes_sections(board: Board) -> list[Section]:
    """Return the section `How to read this`."""
    return [Section("How to read this", 2, (Text(f"{_NOTES}\n{_RIVALS}" if board.rivalries else _NOTES),))]
