"""What a matrix shows, in facts: what the random subset keeps, which method does worst, and which does best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from hbench.board.board import Standing
from hbench.board.overview.summary import Matrix, MatrixRow
from hbench.board.row import BoardRow

#: The planted type that a story is about, where a method has a number for it.
_WRONG = "mislabelled"


@dataclass(frozen=True)
class Protagonist:
    """A method that a story is about, with its rows of one kind: superior, worse, or whatever it has."""

    method: str
    rows: tuple[BoardRow, ...]
    #: AUROC of its order of keeping for examples with planted wrong labels, mean over tasks; above 0.5 they are kept
    #: before clean ones. None where it is not known.
    wrong_labels: float | None


@dataclass(frozen=True)
class Story:
    """The facts behind the sentences under a matrix."""

    #: The random subset's rows with a result, in the order of the matrix, where there is an assay.
    random: tuple[BoardRow, ...]
    #: Contests whose full data are not superior to the trivial answer, and further rows with runs that did not train.
    no_assay: tuple[Standing, ...]
    unstable: tuple[BoardRow, ...]
    #: The method that is worse than the random subset on most tasks, None where none is; and the one that is superior.
    worst: Protagonist | None
    best: Protagonist | None
    #: Where no method is superior: the method whose mean difference is largest, over the rows with a verdict.
    nearest: Protagonist | None


def story_of(matrix: Matrix) -> Story:
    """Return the facts of a matrix; verdicts are those of its tables."""
    methods = [line for line in matrix.methods if line.role == "method"]
    best = _protagonist(methods, "superior", sign=1)
    none = tuple(standing for standing in matrix.contests if standing.assay is False)
    silent = {standing.key[:3] for standing in none}
    asked = [(line, row) for line in matrix.methods for row in _known(line) if row.cell[:3] not in silent]
    return Story(
        random=tuple(row for line, row in asked if line.role == "random"),
        no_assay=none,
        unstable=tuple(row for _, row in asked if row.unstable),
        worst=_protagonist(methods, "worse", sign=-1),
        best=best,
        nearest=None if best is not None else _nearest(methods),
    )


def _known(line: MatrixRow) -> list[BoardRow]:
    return [row for row in line.rows if row is not None and row.metric is not None]


def _protagonist(methods: Sequence[MatrixRow], verdict: str, *, sign: int) -> Protagonist | None:
    """Return the method with most rows of a verdict, then the largest mean difference in its direction."""
    found = []
    for line in methods:
        rows = [row for row in _known(line) if (c := row.against("random")) is not None and c.verdict == verdict]
        if rows:
            found.append((-len(rows), -sign * round(_mean(rows), 10), line.method, rows, line))
    if not found:
        return None
    *_, method, rows, line = min(found, key=lambda entry: entry[:3])
    return Protagonist(method, tuple(rows), _wrong_labels(line))


def _nearest(methods: Sequence[MatrixRow]) -> Protagonist | None:
    found = []
    for line in methods:
        rows = [row for row in _known(line) if (c := row.against("random")) is not None and c.decided]
        if rows:
            found.append((-round(_mean(rows), 10), line.method, rows, line))
    if not found:
        return None
    _, method, rows, line = min(found, key=lambda entry: entry[:2])
    return Protagonist(method, tuple(rows), _wrong_labels(line))


def _mean(rows: Iterable[BoardRow]) -> float:
    """Return the mean difference to the random subset."""
    return fmean(c.difference or 0.0 for row in rows if (c := row.against("random")) is not None)


def _wrong_labels(line: MatrixRow) -> float | None:
    known = [auroc for row in line.rows if row is not None and (auroc := dict(row.planted).get(_WRONG)) is not None]
    return fmean(known) if known else None
