"""What a table of scores comes from: data, model, recipe, runs, cost, versions; a file beside the table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hbench.errors import DataError, StoreError
from hbench.files import JsonObject
from hbench.jobs.entries import Entries


@dataclass(frozen=True)
class ScorerUsed:
    """How a column of scores was made."""

    #: Full-data runs behind every score.
    runs: int
    #: sha256 of the file that defines the scorer.
    source: str
    #: What it costs alone, in trainings on all examples; None where it is not known.
    cost: float | None


@dataclass(frozen=True)
class Provenance:
    """What a table of scores comes from."""

    #: What the rows were named by, and the sha256 of what was read of them.
    data: str
    digest: str
    examples: int
    kind: str
    #: Role -> column, or a list of columns.
    columns: JsonObject
    #: Column of ids, None where rows are numbered from 0.
    id: str | None
    #: Label of rows without one, None where there are none.
    unlabelled: str | None
    #: Names of the classes in the order of their integers.
    labels: tuple[str, ...]
    model: str
    model_source: JsonObject
    recipe: JsonObject
    #: By the name of the column.
    scorers: Mapping[str, ScorerUsed]
    #: Training seeds of the runs.
    seeds: tuple[int, ...]
    #: Floating-point operations of one training on all examples, None where it is not known.
    training_flops: float | None
    #: What all scorers together cost, in trainings on all examples.
    cost: float | None
    #: Versions of what computed the scores.
    versions: Mapping[str, str]

    def as_text(self) -> str:
        """Return the text of the file beside the scores."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True) + "\n"

    def layout(self) -> dict[str, str | tuple[str, ...]]:
        """Return the columns by role, as `OwnRows` takes them."""
        return {role: names if isinstance(names, str) else tuple(names) for role, names in self.columns.items()}


def provenance_of(table: Path) -> Path:
    """Return the file that says what a table of scores comes from."""
    return table.with_suffix(".provenance.json")


def read_provenance(path: Path) -> Provenance:
    """Read what `as_text` gave. Raises DataError naming the file and the field that is missing or wrong."""
    try:
        entries = Entries.of_file(path)
        found = Provenance(
            data=entries.text("data"),
            digest=entries.text("digest"),
            examples=entries.integer("examples"),
            kind=entries.text("kind"),
            columns=entries.within("columns", lambda e: e.each(_names)),
            id=entries.text("id") if entries.has("id") else None,
            unlabelled=entries.text("unlabelled") if entries.has("unlabelled") else None,
            labels=entries.listed("labels", Entries.text),
            model=entries.text("model"),
            model_source=entries.within("model_source", lambda e: e.each(Entries.any)),
            recipe=entries.within("recipe", lambda e: e.each(Entries.any)),
            scorers=entries.within("scorers", lambda e: e.each(lambda e, name: e.within(name, _scorer))),
            seeds=entries.listed("seeds", Entries.integer),
            training_flops=entries.number("training_flops") if entries.has("training_flops") else None,
            cost=entries.number("cost") if entries.has("cost") else None,
            versions=entries.within("versions", lambda e: e.each(Entries.text)),
        )
        entries.close()
    except StoreError as error:
        raise DataError(f"{error}; score the rows again, or delete the file and give --order") from None
    return found


def _names(entries: Entries, name: str) -> Any:
    value = entries.any(name)
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return value
    raise StoreError(f"{entries.file}: field 'columns.{name}' is neither a name nor a list of names")


def _scorer(entries: Entries) -> ScorerUsed:
    return ScorerUsed(
        runs=entries.integer("runs"),
        source=entries.text("source"),
        cost=entries.number("cost") if entries.has("cost") else None,
    )
