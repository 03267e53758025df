"""Pseudo-values: a metric that is no mean, such as F1, as numbers of single examples whose mean it is.

With theta the metric of all N examples and theta_(-c) that without the w_c examples of case c, the pseudo-value of a
case is that of the jackknife for groups of unequal size (Tukey 1958; Busing, Meijer, van der Leeden 1999, Statistics
and Computing 9:3):

    theta_c = (N / w_c) theta - (N / w_c - 1) theta_(-c)

Every example of the case has it, so that a case counts by its number of examples, as in all tests. Where every example
is a case this is N theta - (N - 1) theta_(-i); of a mean over examples the pseudo-value is the case's own mean, so that
nothing changes there. The mean of the pseudo-values is the jackknife's estimate, which differs from theta by its
correction for bias, a term of the order 1 / N; they are shifted by that, so that their mean is the metric that is
shown. Differences of pseudo-values are what the tests take: their mean is the difference of the metrics, and how they
vary from case to case is how the metric depends on the cases.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hbench.statistics.confusion import Floats, Metric
from hbench.statistics.tables import sum_by_case


def pseudo_values(counts: Floats, metric: Metric, cases: npt.ArrayLike | None = None) -> Floats:
    """Return the pseudo-values of a metric, float64 [seed, example], equal within a case; their mean is the metric.

    counts: [seed, example, ...], what each example adds to the counts that the metric is a function of, in whatever
    form `metric` takes their sums. cases: passage or article of each example. Raises UsageError when there is not one
    case per example.
    """
    seeds, examples, *form = counts.shape
    flat = np.moveaxis(counts.reshape(seeds, examples, -1), 1, 2).reshape(-1, examples)
    sums, size = sum_by_case(flat, cases)
    of_case = np.moveaxis(sums.reshape(seeds, -1, len(size)), 1, 2).reshape(seeds, len(size), *form)
    total = of_case.sum(axis=1, keepdims=True)
    whole, without = metric(total), metric(total - of_case)
    values: Floats = whole + (examples / size - 1) * (whole - without)
    values += whole - values @ size[:, None] / examples
    if cases is not None:
        values = values[:, np.unique(np.asarray(cases), return_inverse=True)[1]]
    return values
