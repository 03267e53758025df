"""Parquet files, whose columns have types, and classes with names where the library `datasets` wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbench.data.layout import Columns, Declaration, Holds
from hbench.data.rows import SourceRows, name_row
from hbench.errors import DataError
from hbench.files import first_line, root_cause

if TYPE_CHECKING:
    import pyarrow

#: Where `datasets` keeps the types of its columns in a file.
_FEATURES = b"huggingface"


def read(file: Path, declaration: Declaration) -> SourceRows:
    """Return the columns that a task declares, with the types that the file gives them; no other column is looked at.

    Classes with names are mapped by name onto the task's. A column of classes that was saved with gaps holds fractions
    for all of them: they are read as the integers they are. Raises DataError naming the file, and the row of a gap.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as stream:
            schema = stream.schema_arrow
            layout = declaration.choose(schema.names, str(file))
            holds = declaration.holds(layout)
            twice = next((name for name in holds if schema.names.count(name) > 1), None)
            if twice is not None:
                raise DataError(f"{file}: column '{twice}' is listed twice; rename or remove one of the two")
            table = stream.read(columns=list(holds))
            columns: Columns = {name: table.column(name).to_pylist() for name in holds}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({first_line(root_cause(error))}); fix the file") from error
    features = features_of(schema, file)
    for name, what in holds.items():
        if what is Holds.CLASSES:
            if pa.types.is_floating(schema.field(name).type):
                columns[name] = _whole(columns[name], name, file)
            names = class_names(features.get(name))
            if names:
                columns[name] = declaration.by_name(columns[name], names, str(file), name)
    return SourceRows(columns, [(str(file), table.num_rows)], layout)


def class_names(feature: Any) -> list[str]:
    """Return the names of the classes that a column's description by `datasets` gives, none for any other column."""
    if not isinstance(feature, Mapping) or feature.get("_type") != "ClassLabel":
        return []
    return [str(name) for name in feature.get("names") or []]


def features_of(schema: pyarrow.Schema, file: Path) -> Mapping[str, Any]:
    """Return the description of each column by `datasets`, none where the file has no such description."""
    text = (schema.metadata or {}).get(_FEATURES)
    if text is None:
        return {}
    try:
        features = json.loads(text)["info"]["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file}: the description of its columns by `datasets` cannot be read ({first_line(error)}), so classes "
            "may have names in it; write the file again"
        ) from error
    return features if isinstance(features, Mapping) else {}


def _whole(values: list[Any], name: str, file: Path) -> list[Any]:
    for row, value in enumerate(values):
        if value is None or value != value:
            raise DataError(f"{name_row(str(file), row)}: column '{name}' is empty; fill it in")
    return [int(value) if value.is_integer() else value for value in values]
