"""The page as JSON: its sections and tables, with values at full precision."""

from __future__ import annotations

import json

from hbench.render.section import Page, Picture, Section, Text
from hbench.render.table import Table, Value

#: What JSON has: `Value` with pairs as objects.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def json_page(page: Page) -> str:
    """Return an object: `sections` as the page shows them, `rows` as leaderboard.csv, `rivals` as comparisons.csv.

    A table is an object of `columns`, with key, heading and unit, and `rows`, objects by key. What is not known is
    null.
    """
    document: Json = {
        "sections": [_section(section) for section in page.sections],
        "rows": _table(page.rows.data()),
        "rivals": _table(page.rivals.data()),
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def _section(section: Section) -> Json:
    return {
        "title": section.title,
        "level": section.level,
        "paragraphs": [b.page for b in section.blocks if isinstance(b, Text) and b.page],
        "tables": [_table(b.shown()) for b in section.blocks if isinstance(b, Table)],
        "figures": [b.path for b in section.blocks if isinstance(b, Picture)],
    }


def _table(table: Table) -> Json:
    columns: list[Json] = [{"key": h.key, "heading": h.page or h.terminal, "unit": h.unit} for h in table.headings]
    return {"columns": columns, "rows": [{k: _value(v) for k, v in row.items()} for row in table.records()]}


def _value(value: Value) -> Json:
    if isinstance(value, tuple):
        return {str(name): _value(item) for name, item in value}
    return value
