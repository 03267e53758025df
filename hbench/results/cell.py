"""Result files: one small JSON per cell, with all seeds and all per-example results.

    <results>/<task>/<model>/<keep>-<budget>-<split>-<method>.json

A cell is one task, evaluation split, model, method, keep label and budget. The file holds nothing that differs
between two machines that did the same work: no times, no paths.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from hbench.cost.budgets import BUDGETS, DEFAULT_BUDGET
from hbench.cost.charges import WORK as WORK
from hbench.cost.charges import Charge as Charge
from hbench.cost.charges import Cost as Cost
from hbench.cost.charges import Part as Part
from hbench.files import JsonObject
from hbench.plugins.claims import Claim
from hbench.plugins.registry import KINDS
from hbench.plugins.settings import Setting
from hbench.results.labels import DIAGNOSTIC, FULL, FULL_KEEP
from hbench.results.looks import Looks
from hbench.results.outcomes import Outcomes
from hbench.statistics.confusion import METRICS, Metric

#: Raised when the form of the files changes; files of another form are refused.
SCHEMA = 2

#: Fields that a file does not have where they are empty.
_OPTIONAL = (
    *("also", "rivals", "published", "claims", "trivial", "scoring", "looks", "further", "steps", "settings"),
    "scored_with",
)
#: A word that its plain form keeps as it is, whether or not capitals count.
_WORD = re.compile(r"[a-z0-9_+@](?:[a-z0-9._+@]*[a-z0-9_+@])?")
#: References whose plain forms differ: the number of hyphens tells how many options follow a name of one or two words.
_REGULAR = re.compile(r"(?:W(?:-W)?)(?:\[W=W(?:,W=W)*\])?".replace("W", _WORD.pattern))
#: Characters of a part of a path, and of a file's name without its ending. File systems allow 255, and a file that is
#: being written has a longer name.
_LONGEST_PART = 100
_LONGEST_FILE = 200


class CellKey(NamedTuple):
    """What tells cells apart; `keep` is the keep label: a share, or the scorer that sets the size."""

    task: str
    split: str
    model: str
    keep: str
    budget: str
    method: str

    @classmethod
    def full_data(cls, task: str, split: str, model: str) -> CellKey:
        """Return the key of the full-data baseline of a task, split and model."""
        return cls(task, split, model, FULL_KEEP, DEFAULT_BUDGET, FULL)


@dataclass(frozen=True)
class Data:
    """What was trained and evaluated on; equal in all cells that are compared.

    Rows are 0 and digests empty where no training got far enough to know them.
    """

    source: JsonObject
    train_rows: int
    eval_rows: int
    declaration: JsonObject
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


@dataclass(frozen=True)
class Scoring:
    """Which full-data runs the scores of a cell come from: groups of runs, by their training seeds.

    scored_by: for each training seed of the cell the place in `groups` of the group whose scores its subset is of.
    """

    groups: tuple[tuple[int, ...], ...]
    scored_by: tuple[int, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the training seeds of all the runs."""
        return tuple(seed for group in self.groups for seed in group)

    @property
    def runs(self) -> int:
        """Return how many full-data runs one set of scores takes."""
        return len(self.groups[0])


@dataclass(frozen=True)
class TrivialAnswer:
    """What a fixed answer, or a guess, reaches on the evaluation examples: `answer` says what it does.

    examples: one row, the value of each example.
    """

    answer: str
    examples: Outcomes


@dataclass(frozen=True)
class Further:
    """A set of another task than the one trained on: its reference, where its rows come from, what it declares."""

    task: str
    source: JsonObject
    declaration: JsonObject


@dataclass(frozen=True)
class ScoredWith:
    """The model whose runs gave the scores, where another one was trained on the subset, and its version."""

    model: str
    source: JsonObject


@dataclass(frozen=True)
class CellResult:
    """One cell: what was run, the metric per training seed, and one value per seed and evaluation example.

    primary: whether `split` is the task's first one. baseline: reference of the method whose random subsets the others
    are compared with (`chance` in the file). compared: all methods that the suite compared, sorted, so that a method
    without a file is missing and not unknown. margin: largest loss against full data that counts as none, as a share of
    1; None for the default. seeds: training seeds, which pair with those of `full` and of the baseline. values: metric
    per seed as a share of 1, None where the seed failed. planted: per type of planted example, the AUROC of the order
    of keeping against clean examples. Left out of the file when empty: also, the values of metrics shown beside
    `metric`, such as exact match beside F1; rivals, further methods that every method is compared with, sorted;
    published, what the authors of the method report in one sentence, in results of protocol 1; claims, what they claim;
    trivial, what an answer without reading reaches, beside the full-data baseline; scoring, the groups of full-data
    runs that the scores come from (without it, one group of all `scoring_runs` scores for every seed, see
    `scored_from`); looks, the numbers of seeds at which its results are looked at by plan, and were without one;
    further, where `split` is the label of a further set: whose examples the trained models were evaluated on; steps,
    the optimiser steps per seed, None where it failed; settings, those in which the method's authors measured it;
    scored_with, the model whose runs `scoring` names, where it is another one than `model`.
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
    baseline: str
    compared: tuple[str, ...]
    margin: float | None
    data: Data
    model_source: JsonObject
    recipe: JsonObject
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
    claims: tuple[Claim, ...] = ()
    trivial: TrivialAnswer | None = None
    scoring: Scoring | None = None
    looks: Looks | None = None
    further: Further | None = None
    steps: tuple[int | None, ...] = ()
    settings: tuple[Setting, ...] = ()
    scored_with: ScoredWith | None = None

    @property
    def cell(self) -> CellKey:
        """Return what identifies the cell; no two results of a board share it."""
        return CellKey(self.task, self.split, self.model, self.keep, self.budget, self.method)

    @property
    def is_full(self) -> bool:
        """Return whether it is the full-data baseline."""
        return self.method == FULL

    @property
    def is_baseline(self) -> bool:
        """Return whether it is the random subset that the other methods are compared with."""
        return self.method == self.baseline

    @property
    def is_diagnostic(self) -> bool:
        """Return whether nothing was trained: the cell only says how well a method ranks the planted examples."""
        return self.keep == DIAGNOSTIC

    @property
    def status(self) -> Literal["complete", "partial", "failed"]:
        """Return whether all, some or none of its seeds have a result."""
        failed = sum(value is None for value in self.values)
        return "complete" if not failed else "failed" if failed == len(self.seeds) else "partial"

    @cached_property
    def metric_is_mean(self) -> bool:
        """Return whether the metric is the mean of the per-example values, so that it can be recomputed from them.

        It depends on the kind, which says so: F1 is for questions with spans as answers, and is not for classes or
        options. Raises UsageError for a kind that is not installed.
        """
        return self.metric in KINDS.find(self.kind).plugin.means

    @cached_property
    def metric_of_counts(self) -> Metric | None:
        """Return the metric as a function of counts of classes, None where per-example values do not tell it."""
        return metric_of_counts(self.kind, self.metric, self.labels)

    @property
    def labels(self) -> list[str]:
        """Return the names of the classes of the evaluation examples; empty where the file does not say them."""
        labels = (self.data if self.further is None else self.further).declaration.get("labels")
        return labels if isinstance(labels, list) else []

    @property
    def label_noise(self) -> float | None:
        """Return the share of the training labels that were replaced by another class, None for none."""
        share = self.data.declaration.get("label_noise")
        return share if isinstance(share, float) else None

    @property
    def sizes(self) -> dict[int, int]:
        """Return the rows kept by seed, for the seeds that have a subset."""
        sizes = () if self.subset is None else self.subset.sizes
        return {seed: size for seed, size in zip(self.seeds, sizes, strict=False) if size is not None}

    @property
    def scored_from(self) -> Scoring | None:
        """Return the groups of full-data runs that the scores come from; None for a method that reads no run."""
        if self.scoring is not None or not self.scoring_runs:
            return self.scoring
        return Scoring((self.scoring_runs,), (0,) * len(self.seeds))

    @property
    def path(self) -> Path:
        """Return the file's path under the results folder; no two cells share it, whatever the file system."""
        parts = (self.keep, self.budget, self.split, self.method)
        name = "-".join(map(_plain, parts))
        # The parts are told apart where the budget is: a known word behind the keep label, and a split without hyphens.
        clear = all(map(_REGULAR.fullmatch, (self.keep, self.method))) and "equal" not in self.keep
        clear = clear and self.budget in BUDGETS and _WORD.fullmatch(self.split) is not None
        file = _named(name, json.dumps(parts), exact=clear, longest=_LONGEST_FILE)
        return Path(slug(self.task)) / slug(self.model) / f"{file}.json"

    def dump(self) -> str:
        """Return the text of the file: JSON with sorted keys, indented by 1."""
        payload = dataclasses.asdict(self)
        payload["chance"] = payload.pop("baseline")
        if self.cost is not None:
            compute = payload["cost"].pop("compute")
            payload["cost"] |= compute
        payload["claims"] = [claim.as_json() for claim in self.claims]
        payload["settings"] = [setting.as_json() for setting in self.settings]
        for name in _OPTIONAL:
            if not payload[name]:
                del payload[name]
        for outcomes in (payload["examples"], payload.get("trivial", {}).get("examples")):
            if outcomes is not None and outcomes["gold"] is None:
                del outcomes["gold"]
        return json.dumps({"schema": SCHEMA, **payload}, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def metric_of_counts(kind: str, metric: str, labels: Sequence[str]) -> Metric | None:
    """Return a metric as a function of how often each class was taken for each, None where that is of no use.

    It is of use where the metric is no mean, has such a formula (`hbench.statistics.confusion.METRICS`), and the task
    has two classes, so that gold classes and per-example values tell what was predicted. Raises UsageError for a kind
    that is not installed.
    """
    declared = KINDS.find(kind).plugin
    told = declared.values_tell_classes and len(labels) == 2 and metric not in declared.means
    return METRICS.get(metric) if told else None


def slug(text: str) -> str:
    """Return a reference as part of a file name: `el2n[epoch=2]` becomes `el2n-epoch-2`.

    Two texts never give one name. Where the plain form leaves something out, `~` and a digest follow it: a sign, a
    capital letter, which some file systems do not tell from a small one, a letter beyond ASCII, the end of a long text.
    """
    return _named(_plain(text), text, exact=_REGULAR.fullmatch(text) is not None, longest=_LONGEST_PART)


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+@]+", "-", text).strip("-.")


def _named(plain: str, text: str, *, exact: bool, longest: int) -> str:
    """Return a plain name, with a digest of the text where it is not exact or too long for a file system."""
    if exact and len(plain) <= longest:
        return plain
    return f"{plain[:longest].rstrip('-.')}~{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def kept_share(label: str) -> float | None:
    """Return the share of the training rows that a keep label names, None when a scorer sets the size."""
    try:
        share = float(label)
    except ValueError:
        return None
    return share if 0 < share <= 1 else None
