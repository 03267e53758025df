"""A table of the user's own: every row as it is saved, so that a part of it can be written in the same form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbench.data.rows import name_row
from hbench.errors import DataError
from hbench.files import short_repr, shorten

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Table(ABC):
    """Rows of the user's, in whatever form they came."""

    #: Words for where the rows come from: a path, a data set, or what Python gave.
    place: str
    #: Names of the columns, in their order.
    names: Sequence[str]
    #: Number of rows.
    size: int

    @abstractmethod
    def column(self, name: str) -> list[Any]:
        """Return the values of a column, which is there. Raises DataError naming a row without it."""

    @abstractmethod
    def part(self, mask: npt.NDArray[np.bool_]) -> Any:
        """Return the rows of a mask, bool (n,), in their order and in the type that the table was given in."""

    @abstractmethod
    def write(self, mask: npt.NDArray[np.bool_], out: Path) -> None:
        """Write the rows of a mask, bool (n,), in their order and with all their columns.

        Raises DataError for a form in which this table cannot be written.
        """

    def check_out(self, out: Path) -> None:
        """Raise DataError where `write` would refuse the name of a file, before anything is computed."""
        return

    def row(self, row: int) -> str:
        """Return words for where one row is, given by its position from 0."""
        return name_row(self.place, row)

    def classes(self, name: str) -> list[str]:
        """Return the names of the classes that the source itself numbers in a column, none where it does not."""
        return []

    def require(self, name: str, purpose: str) -> None:
        """Raise DataError naming the columns there are when one is missing, or there twice.

        purpose: the option that names it, for the message.
        """
        count = list(self.names).count(name)
        if count > 1:
            raise DataError(f"{self.place}: column '{name}' is listed twice; rename or remove one of the two")
        if not count:
            there = ", ".join(n if n.isprintable() else short_repr(n) for n in self.names)
            raise DataError(
                f"{self.place}: column '{shorten(name)}' is missing; the columns are: {shorten(there, 400) or 'none'}; "
                f"name one of them with {purpose}"
            )


def check_ending(out: Path, wanted: str, place: str) -> None:
    """Raise DataError for a name of a file that does not end as the rows' own file does."""
    if not out.name.lower().endswith(wanted):
        raise DataError(f"{out}: the rows of {place} are written as they came; let the name end in {wanted}")
