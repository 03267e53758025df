"""The schema of result.json: what a finished job leaves besides its arrays. It is read and written here only.

A key that came later than a store is optional and left out where it is None, so that the files of older stores are
read, and written back, as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from hbench.cost.bill import Bill, ObservingPass, Used
from hbench.files import JsonObject
from hbench.jobs.entries import Entries

T = TypeVar("T")

#: Keys that came later, left out where there is nothing to say.
_LATER = ("trivial", "curriculum", "device")


@dataclass(frozen=True)
class ExampleCounts:
    """The examples that a training saw."""

    #: Training examples in all, and those trained on: of a curriculum, those of a cycle.
    train: int
    subset: int
    #: Evaluation examples by split.
    evaluation: Mapping[str, int]
    #: By split, the training split too: sha256 of the examples.
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Machine:
    """Where a training ran."""

    #: Name of the GPU, or architecture of the CPU with the number of threads.
    device: str
    #: Versions.
    python: str
    torch: str
    transformers: str


@dataclass(frozen=True)
class CurriculumSummary:
    """What a training chose that pruned while it trained."""

    #: Examples of a cycle.
    count: int
    #: Examples of every epoch.
    sizes: tuple[int, ...]
    #: Per choice, the examples of each class, in the order of the task's labels; empty without a choice.
    classes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class TrainingResult:
    """What a fine-tuning job measured."""

    #: By split and metric: a share of 1, or what the metric module gives.
    metric: Mapping[str, Mapping[str, float]]
    examples: ExampleCounts
    #: Optimiser steps.
    steps: int
    #: `bf16` or `fp32`: what `auto` came to.
    precision: str
    bill: Bill
    #: Wall-clock seconds by what they were used for.
    seconds: Mapping[str, float]
    machine: Machine
    #: By split, what the trivial answer does; None in stores of before it was recorded.
    trivial: Mapping[str, str] | None = None
    #: None for a training on examples that were chosen before it.
    curriculum: CurriculumSummary | None = None
    #: `cpu`, `cuda` or `mps`: what `auto` came to; None in stores of before it was recorded.
    device: str | None = None

    def payload(self) -> JsonObject:
        """Return the result as JSON values."""
        made: JsonObject = asdict(self)
        made["bill"]["observed"] = [
            {"epoch": one.epoch, "what": one.what, **asdict(one.used)} for one in self.bill.observed
        ]
        return {name: value for name, value in made.items() if value is not None or name not in _LATER}

    @classmethod
    def read(cls, entries: Entries) -> TrainingResult:
        """Return the result that an object holds. Raises StoreError naming a field that is missing or wrong."""
        return cls(
            metric=entries.within("metric", lambda e: e.each(_numbers)),
            examples=entries.within("examples", _examples),
            steps=entries.integer("steps"),
            precision=entries.text("precision"),
            bill=entries.within("bill", _bill),
            seconds=_numbers(entries, "seconds"),
            machine=entries.within("machine", _machine),
            trivial=_texts(entries, "trivial") if entries.has("trivial") else None,
            curriculum=entries.within("curriculum", _curriculum) if entries.has("curriculum") else None,
            device=entries.text("device") if entries.has("device") else None,
        )


@dataclass(frozen=True)
class ScoreResult:
    """What a score job measured beside the scores."""

    #: By planted type, the AUROC of the order of keeping against clean examples, 0..1; None without planted truth.
    planted: Mapping[str, float] | None

    def payload(self) -> JsonObject:
        """Return the result as JSON values."""
        return asdict(self)

    @classmethod
    def read(cls, entries: Entries) -> ScoreResult:
        """Return the result that an object holds. Raises StoreError naming a field that is missing or wrong."""
        return cls(_numbers(entries, "planted") if entries.has("planted") else None)


JobResult = TrainingResult | ScoreResult


def dump_result(result: JobResult, files: Mapping[str, str]) -> str:
    """Return the text of result.json; `files` are the sha256 of the job's other files, by name."""
    return json.dumps({**result.payload(), "files": dict(files)}, sort_keys=True, indent=1) + "\n"


def load_training(path: Path) -> tuple[TrainingResult, dict[str, str]]:
    """Return what a fine-tuning job's result.json says, and the sha256 of the job's other files by name.

    Raises StoreError naming the file and the field when it is damaged or foreign.
    """
    return _load(path, TrainingResult.read)


def load_score(path: Path) -> tuple[ScoreResult, dict[str, str]]:
    """Return what a score job's result.json says, as `load_training` does."""
    return _load(path, ScoreResult.read)


def _load(path: Path, read: Callable[[Entries], T]) -> tuple[T, dict[str, str]]:
    entries = Entries.of_file(path)
    result, files = read(entries), _texts(entries, "files")
    entries.close()
    return result, files


def _numbers(entries: Entries, name: str) -> dict[str, float]:
    return entries.within(name, lambda e: e.each(Entries.number))


def _texts(entries: Entries, name: str) -> dict[str, str]:
    return entries.within(name, lambda e: e.each(Entries.text))


def _integers(entries: Entries, name: str) -> tuple[int, ...]:
    return entries.listed(name, Entries.integer)


def _examples(entries: Entries) -> ExampleCounts:
    return ExampleCounts(
        train=entries.integer("train"),
        subset=entries.integer("subset"),
        evaluation=entries.within("evaluation", lambda e: e.each(Entries.integer)),
        digests=_texts(entries, "digests"),
    )


def _bill(entries: Entries) -> Bill:
    return Bill(
        trained=entries.listed("trained", lambda e, name: e.within(name, _used)),
        observed=entries.listed("observed", lambda e, name: e.within(name, _pass)),
    )


def _used(entries: Entries) -> Used:
    return Used(entries.integer("examples"), entries.integer("tokens"), entries.integer("flops"))


def _pass(entries: Entries) -> ObservingPass:
    return ObservingPass(entries.integer("epoch"), entries.text("what"), _used(entries))


def _machine(entries: Entries) -> Machine:
    return Machine(
        device=entries.text("device"),
        python=entries.text("python"),
        torch=entries.text("torch"),
        transformers=entries.text("transformers"),
    )


def _curriculum(entries: Entries) -> CurriculumSummary:
    return CurriculumSummary(
        count=entries.integer("count"),
        sizes=_integers(entries, "sizes"),
        classes=entries.listed("classes", _integers),
    )
