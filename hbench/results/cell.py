"""Result files: one small JSON per cell, with all seeds and all per-example results.

    <results>/<task>/<model>/<keep>-<budget>-<split>-<method>.json

A cell is one task, evaluation split, model, method, keep label and budget. The file holds nothing that differs
between two machines that did the same work: no times, no paths.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from hbench.plugins.registry import KINDS
from hbench.results.outcomes import Outcomes

#: Raised when the form of the files changes; files of another form are refused.
SCHEMA = 2
#: Keep label of the method that prunes nothing.
FULL_KEEP = "1"
#: Keep label of a cell without trainings, which only says how well the method finds planted examples.
DIAGNOSTIC = "none"

#: Task, split, model, keep label, budget, method: what tells cells apart.
CellKey = tuple[str, str, str, str, str, str]

#: What a scoring run is charged for in an epoch: the training, the pass that observes after it, that for gradients.
WORK = ("training", "signals", "gradients")


@dataclass(frozen=True)
class Data:
    """What was trained and evaluated on; equal in all cells that are compared.

    Rows are 0 and digests empty where no training got far enough to know them.
    """

    source: dict[str, Any]
    train_rows: int
    eval_rows: int
    declaration: dict[str, Any]
    train_digest: str
    eval_digest: str


@dataclass(frozen=True)
class Failed:
    """A training seed that gave no result, and why."""

    seed: int
    reason: str


@dataclass(frozen=True)
class Subset:
    """What was kept: rows per seed, None where it has no subset, their share of all, and the share of each class."""

    sizes: tuple[int | None, ...]
    share: float
    classes: dict[str, float]


class Part(NamedTuple):
    """One part of what a method needs of the scoring runs: `what` of `WORK` in an epoch, from 1.

    amount: the sum over all scoring runs, None where one of them failed.
    """

    epoch: int
    what: str
    amount: float | None


@dataclass(frozen=True)
class Charge:
    """What a cell cost, in one unit; None where it is not known.

    full: one training on everything. train: mean training on the subset. scoring: the parts of the scoring runs that
    the method needs, sorted. Who shares them is the board's to say, which knows the other methods.
    """

    full: float | None
    train: float | None
    scoring: tuple[Part, ...] = ()

    @property
    def scoring_alone(self) -> float | None:
        """Return the scoring bill if this were the only method; None where a scoring run failed."""
        return total(self.scoring)


@dataclass(frozen=True)
class TrivialAnswer:
    """What a fixed answer, or a guess, reaches on the evaluation examples: `answer` says what it does.

    examples: one row, the value of each example.
    """

    answer: str
    examples: Outcomes


def total(parts: Iterable[Part]) -> float | None:
    """Return the sum of the amounts of parts, None when one is not known."""
    amounts = [part.amount for part in parts]
    return None if None in amounts else math.fsum(a for a in amounts if a is not None)


@dataclass(frozen=True)
class Cost:
    """What a cell cost in computation (`unit`, FLOPs), in examples and in tokens."""

    unit: str
    compute: Charge
    examples: Charge | None
    tokens: Charge | None


@dataclass(frozen=True)
class CellResult:
    """One cell: what was run, the metric per training seed, and one value per seed and evaluation example.

    primary: whether `split` is the task's first one. chance: reference of the chance baseline to compare with.
    compared: all methods that the suite compared, sorted, so that a method without a file is missing and not unknown.
    margin: largest loss against full data that counts as none, as a share of 1; None for the default. seeds: training
    seeds, which pair with those of `full` and `chance`. values: metric per seed as a share of 1, None where the seed
    failed. planted: per sort of planted example, the AUROC of the order of keeping against clean examples. Left out of
    the file when empty: also, the values of metrics that stand beside `metric`, such as exact match beside F1; rivals,
    further methods that every method is compared with, sorted; published, what the authors of the method report;
    trivial, what an answer without reading reaches, beside the full-data baseline.
    """

    task: str
    split: str
    primary: bool
    model: str
    method: str
    keep: str
    budget: str
    kind: str
    metric: str
    chance: str
    compared: tuple[str, ...]
    margin: float | None
    data: Data
    model_source: dict[str, Any]
    recipe: dict[str, Any]
    seeds: tuple[int, ...]
    scoring_runs: tuple[int, ...]
    values: tuple[float | None, ...]
    examples: Outcomes | None
    failures: tuple[Failed, ...]
    subset: Subset | None
    cost: Cost | None
    planted: dict[str, float] | None
    protocol: int
    also: dict[str, tuple[float | None, ...]] = field(default_factory=dict)
    rivals: tuple[str, ...] = ()
    published: str | None = None
    trivial: TrivialAnswer | None = None

    @property
    def cell(self) -> CellKey:
        """Return what identifies the cell; no two results of a board share it."""
        return self.task, self.split, self.model, self.keep, self.budget, self.method

    @property
    def status(self) -> Literal["complete", "partial", "failed"]:
        """Return whether all, some or none of its seeds have a result."""
        failed = sum(value is None for value in self.values)
        return "complete" if not failed else "failed" if failed == len(self.seeds) else "partial"

    @property
    def metric_is_mean(self) -> bool:
        """Return whether the metric is the mean of the per-example values, so that it can be recomputed from them.

        It depends on the kind, which says so: F1 is for questions with spans as answers, and is not for classes or
        options. Raises UsageError for a kind that is not installed.
        """
        return self.metric in KINDS.find(self.kind).plugin.means

    @property
    def sizes(self) -> dict[int, int]:
        """Return the rows kept by seed, for the seeds that have a subset."""
        sizes = () if self.subset is None else self.subset.sizes
        return {seed: size for seed, size in zip(self.seeds, sizes, strict=False) if size is not None}

    @property
    def path(self) -> Path:
        """Return where the file stands under the results folder."""
        name = "-".join(slug(part) for part in (self.keep, self.budget, self.split, self.method))
        return Path(slug(self.task)) / slug(self.model) / f"{name}.json"

    def dump(self) -> str:
        """Return the text of the file: JSON with sorted keys, indented by 1."""
        payload = dataclasses.asdict(self)
        if self.cost is not None:
            compute = payload["cost"].pop("compute")
            payload["cost"] |= compute
        for name in ("also", "rivals", "published", "trivial"):
            if not payload[name]:
                del payload[name]
        return json.dumps({"schema": SCHEMA, **payload}, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def slug(text: str) -> str:
    """Return a reference as part of a file name: `el2n[epoch=2]` becomes `el2n-epoch-2`."""
    return re.sub(r"[^A-Za-z0-9._+]+", "-", text).strip("-.")


def kept_share(label: str) -> float | None:
    """Return the share of the training rows that a keep label names, None when a scorer sets the size."""
    try:
        share = float(label)
    except ValueError:
        return None
    return share if 0 < share <= 1 else None
