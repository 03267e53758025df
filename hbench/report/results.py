"""Result files: one small JSON per cell, with all seeds and all per-example results.

    <results>/<task>/<model>/<keep>-<budget>-<split>-<method>.json

A cell is one task, evaluation split, model, method, keep label and budget. The file holds nothing that differs
between two machines that did the same work: no times, no paths.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hbench.report.fields import ResultError
from hbench.report.outcomes import Outcomes
from hbench.store import write_whole

__all__ = [
    "SCHEMA",
    "CellResult",
    "Charge",
    "Cost",
    "Data",
    "Failed",
    "Outcomes",
    "ResultError",
    "Subset",
    "results_of",
]

#: Raised when the form of the files changes; files of another form are refused.
SCHEMA = 1
#: Keep label of the method that prunes nothing.
FULL_KEEP = "1"
#: Keep label of a cell without trainings, which only says how well the method finds planted examples.
DIAGNOSTIC = "none"

#: Task, split, model, keep label, budget, method: what tells cells apart.
Cell = tuple[str, str, str, str, str, str]


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
    """What was kept: rows per seed that has a subset, their share of all, and the share of each class among them."""

    sizes: tuple[int, ...]
    share: float
    classes: dict[str, float]


@dataclass(frozen=True)
class Charge:
    """What a cell cost, in one unit; None where it is not known.

    full: one training on everything. train: mean training on the subset. scoring_alone: the bill if this were the
    only method. scoring_shared: its equal share of a bill that several methods share.
    """

    full: float | None
    train: float | None
    scoring_alone: float | None
    scoring_shared: float | None


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
    margin: largest loss against full data that counts as none, as a share of 1; None for the default. seeds: training
    seeds, which pair with those of `full` and `chance`. values: metric per seed as a share of 1, None where the seed
    failed. planted: per sort of planted example, the AUROC of the order of keeping against clean examples. also: the
    values of metrics that stand beside `metric`, such as exact match beside F1; left out of the file when empty.
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

    @property
    def cell(self) -> Cell:
        """Return what identifies the cell; no two results of a board share it."""
        return self.task, self.split, self.model, self.keep, self.budget, self.method

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
        if not self.also:
            del payload["also"]
        return json.dumps({"schema": SCHEMA, **payload}, sort_keys=True, indent=1, ensure_ascii=False) + "\n"

    def write(self, path: Path) -> None:
        """Write the file whole, making its folder. Raises ResultError when it would not be read back."""
        text = self.dump()
        CellResult.parse(text, str(path))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
        except OSError as error:
            raise ResultError(f"{path}: cannot be written ({error.strerror}); name a writable folder") from None

    @classmethod
    def read(cls, path: Path) -> CellResult:
        """Read and check one file. Raises ResultError naming the file, the field and the fix."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ResultError(f"{path}: cannot be read ({error}); restore the file") from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, file: str) -> CellResult:
        """Check the text of a file, which errors call `file`."""
        from hbench.report.checks import parse_cell  # which builds a CellResult, hence needs this module first

        return parse_cell(text, file)


def slug(text: str) -> str:
    """Return a reference as part of a file name: `el2n[epoch=2]` becomes `el2n-epoch-2`."""
    return re.sub(r"[^A-Za-z0-9._+]+", "-", text).strip("-.")


def results_of(directory: Path) -> list[CellResult]:
    """Return all results under a folder, sorted by cell whatever the files are called.

    Raises ResultError when there is none, when one cannot be read, or when two files hold the same cell.
    """
    found: dict[Cell, tuple[CellResult, Path]] = {}
    for path in sorted(directory.rglob("*.json")):
        result = CellResult.read(path)
        if result.cell in found:
            other = found[result.cell][1]
            raise ResultError(f"{path} and {other} hold the same cell, {' / '.join(result.cell)}; remove one of them")
        found[result.cell] = (result, path)
    if not found:
        raise ResultError(f"{directory}: no results (*.json); name a folder of results with --results")
    return [found[cell][0] for cell in sorted(found)]
