"""How to read the page."""

from __future__ import annotations

from hbench.board.board import Board
from hbench.render.section import Section, Text

_NOTES = """\
- **Test.** Training seeds and evaluation examples are both samples, crossed with each other. Differences are paired by
  seed and by example; intervals and p values come from the crossed random-effects test (Hillis 2007), in which
  examples that share a passage count as one case. With one seed there is no test.
- **Difference to full** claims no loss: `non-inferior` when the whole interval lies above minus the margin, which is
  declared in advance; `inferior` when it lies below; `undecided` otherwise. A difference that is not significant is
  no evidence of equality.
- **Difference to random** claims a gain over a random subset of the same size, budget and seeds: `superior` or
  `worse` when p, Holm-adjusted over the methods of the table, is at most 0.05; `undecided` otherwise, which is no
  evidence of equality either.
- **Share of full**: the metric as a share of that of the full data, in per cent, over the seeds that both have. Its
  interval holds the ratios R for which the crossed test of method - R * full is not significant (Fieller 1954).
- **Intervals** are of one comparison each, at 95 %, and not adjusted for the number of methods. The verdict against
  random follows Holm: it can be `undecided` where the interval leaves 0 out.
- **Detectable**: the smallest true difference to random (for the random subset itself: to full) that one test at 5 %,
  before Holm, would show with 80 % power in a cell with this variance; after Holm it takes more. `undecided` says
  little about differences below it.
- **Classes**: the largest deviation of a class's share in the subset from its share in all data, in points.
- **Net cost**: (scoring + one training on the subset) / one training on all data. It charges all scoring runs and
  passes: `alone` as if this were the only method, `shared` with each part of the scoring bill split equally among the
  methods on this board that use it. `pays after`: number of later trainings after which pruning has paid, `never` if
  it cannot. Costs are counted in FLOPs, not in measured seconds; `leaderboard.csv` has them in examples and tokens too.
- **Condition.** A scorer's subset is normally computed once, from all its scoring runs: its row is conditional on this
  one set of scores. A random baseline draws a fresh subset for every seed.
- **Failures.** A cell whose trainings failed stays in its table with the reason. Where some seeds failed, the metric
  is the mean of the others, and differences use the seeds that both sides have. What was compared and has no result
  here is shown as missing."""

_RIVALS = """\
- **Difference to** another method: the test of the difference to random, against a further baseline that a suite names
  (its rivals): p is Holm-adjusted over the methods compared with that rival in the table."""


def notes_sections(board: Board) -> list[Section]:
    """Return the section `How to read this`."""
    return [Section("How to read this", 2, (Text(f"{_NOTES}\n{_RIVALS}" if board.rivalries else _NOTES),))]
