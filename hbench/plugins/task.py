"""Tasks: data sets and how to read them."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from hbench.errors import UsageError
from hbench.files import JsonObject

if TYPE_CHECKING:
    from pathlib import Path

#: A row of a data set: what each column holds, of whatever type the source has it.
Row = dict[str, Any]


class Source(TypedDict, total=False):
    """Where the rows of a task come from and which version they are, as the key of a job holds it."""

    #: sha256 of the rows of an embedded task.
    embedded: str
    #: Data set on the hub, its configuration and its commit.
    hub: str
    config: str | None
    revision: str
    #: sha256 of every file by name.
    files: dict[str, str]
    #: sha256 of the task's own file, where its code reads or converts the rows.
    reader: str


@dataclass(frozen=True)
class Hub:
    """A data set on the hub. `revision`: a commit taken from a public source, or None to resolve and record it."""

    id: str
    config: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class Task(ABC):
    """A data set and how to read it: about 30 lines of declarations; the kind in `hbench.kinds` does the rest.

    Class attributes declare the task; dataclass fields are its options.
    """

    #: Name of the evaluation split to use instead of the declared ones.
    evaluate: str | None = field(default=None, kw_only=True)
    #: Name of the training split to use instead of the declared one; several, joined by `+`, are read as one.
    train: str | None = field(default=None, kw_only=True)
    #: Share of the training labels that are replaced by another class, above 0 and below 1; None for none.
    label_noise: float | None = field(default=None, kw_only=True)
    #: Seed of which labels these are, and by which classes they are replaced.
    noise_seed: int = field(default=0, kw_only=True)

    #: Name of its kind. What only that kind reads is declared by further class attributes, which the kind names.
    kind: ClassVar[str]
    #: None for an embedded task, which overrides `rows`.
    hub: ClassVar[Hub | None] = None
    train_split: ClassVar[str] = "train"
    #: The first is the primary one; each evaluation split is a board of its own.
    eval_splits: ClassVar[tuple[str, ...]] = ("validation",)
    #: Columns the kind reads, by role; classification: {"text": ("premise", "hypothesis"), "label": "label"}. Roles
    #: of every kind: `id`, distinct in all rows; `passage`, equal in rows that are one case for the tests, since they
    #: share a passage or the article it is from.
    columns: ClassVar[Mapping[str, Any]]
    #: Other names that sources give the same roles, tried in turn where `columns` are not there.
    layouts: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    #: Class names in the order of the label integers.
    labels: ClassVar[tuple[str, ...]] = ()
    #: Name of the metric: a local module of hbench, or any `evaluate` module.
    metric: ClassVar[str] = "accuracy"
    licence: ClassVar[str] = "unknown"
    cite: ClassVar[str | None] = None
    #: Published recipe, as overrides of the default one (`hbench.jobs.recipe.Recipe`).
    recipe: ClassVar[Mapping[str, Any]] = {}
    #: Embedded tasks: column that says what each training example was planted as; see `hbench.board.planted`.
    planted: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        shared = {part.strip() for part in self.training().split("+")} & set(self.splits())
        if shared:
            raise UsageError(f"the split '{min(shared)}' cannot be trained on and evaluated on; name another one")
        if self.label_noise is not None and not 0 < self.label_noise < 1:
            raise UsageError(f"label_noise={self.label_noise}: use a share above 0 and below 1, such as 0.1")
        if self.noise_seed < 0 or (self.noise_seed and self.label_noise is None):
            raise UsageError(f"noise_seed={self.noise_seed}: use an integer of at least 0, and with label_noise only")

    def training(self) -> str:
        """Return the training split in use."""
        return self.train if self.train is not None else self.train_split

    def splits(self) -> tuple[str, ...]:
        """Return the evaluation splits in use, the primary one first."""
        return (self.evaluate,) if self.evaluate is not None else self.eval_splits

    def rows(self, split: str) -> dict[str, list[Any]] | None:
        """Return the columns of an embedded split, or None when the data come from the hub or a folder."""
        return None

    def originals(self, folder: Path, split: str) -> list[Path]:
        """Return the files in a task's folder that hold a split in the form of the data's authors; here, none.

        Looked for when the folder holds no table of that split. A task with such files defines `read` as well.
        """
        return []

    def read(self, file: Path) -> dict[str, list[Any]]:
        """Return the columns of one of the `originals`. A ValueError, KeyError or TypeError counts as a fault in it.

        Raises UsageError for a task that defines `originals` alone.
        """
        raise UsageError(
            f"{file}: task {type(self).__name__} names it in `originals` and has no `read`; define `read` as well"
        )

    def convert(self, row: Row) -> Row:
        """Return a row in the form that the kind reads, under the same names; a task overrides it whose source differs.

        row: its columns under the task's own names, whatever names the source has for them. A ValueError, KeyError or
        TypeError counts as a fault in the row.
        """
        return row

    def declaration(self) -> JsonObject:
        """Return everything declared here that decides what the examples are, for the key of a job.

        What only its kind reads is added by `KindDeclaration.declaration`.
        """
        hub = self.hub
        layouts = [{k: list(v) if isinstance(v, tuple) else v for k, v in layout.items()} for layout in self.layouts]
        return {
            "kind": self.kind,
            "hub": None if hub is None else {"id": hub.id, "config": hub.config, "revision": hub.revision},
            "train_split": self.training(),
            "eval_splits": list(self.splits()),
            "columns": {k: list(v) if isinstance(v, tuple) else v for k, v in self.columns.items()},
            "labels": list(self.labels),
            "metric": self.metric,
            **({"layouts": layouts} if layouts else {}),
            **({} if self.label_noise is None else {"label_noise": self.label_noise, "noise_seed": self.noise_seed}),
        }


def texts_of(task: Task) -> int:
    """Return how many texts a sequence of a task is made of, 1 or 2, by its role `text`."""
    text = task.columns.get("text")
    return 2 if isinstance(text, tuple | list) and len(text) == 2 else 1
