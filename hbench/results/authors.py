"""Reading what a result file holds of a method's authors: their claims, and the settings in which they measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hbench.errors import UsageError
from hbench.files import JsonObject
from hbench.plugins.claims import Claim, claim_from
from hbench.plugins.settings import Setting, setting_from
from hbench.results.fields import Fields

T = TypeVar("T")


def parse_claims(fields: Fields) -> tuple[Claim, ...]:
    """Return the claims of a result. Raises ResultError naming the field and the fix."""
    return _each(fields, "claims", claim_from)


def parse_settings(fields: Fields) -> tuple[Setting, ...]:
    """Return the published settings of a result. Raises ResultError naming the field and the fix."""
    return _each(fields, "settings", setting_from)


def _each(fields: Fields, name: str, read: Callable[[JsonObject], T]) -> tuple[T, ...]:
    if not fields.has(name):
        return ()
    entries = fields.take(
        name,
        "a list of at least one object",
        lambda v: isinstance(v, list) and len(v) > 0 and all(isinstance(x, dict) for x in v),
    )
    try:
        return tuple(read(entry) for entry in entries)
    except UsageError as error:
        raise fields.error(name, f"holds one that cannot be read: {error}") from None
