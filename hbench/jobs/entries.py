"""Reading one JSON object of a store, with errors that name the file and the field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hbench.errors import StoreError
from hbench.files import JsonObject, first_line, short_repr

T = TypeVar("T")


class Entries:
    """The entries of one JSON object, each taken by name and of one type.

    file: what errors call the file. path: where the object is in it, such as `bill.`, empty for the whole. Every
    method that takes an entry raises StoreError when it is missing or of another type.
    """

    def __init__(self, value: object, file: Path, path: str = "") -> None:
        self.file, self.path = file, path
        if not isinstance(value, dict):
            raise StoreError(f"{file}: {path.rstrip('.') or 'the file'} is {short_repr(value)}; expected an object")
        self._left: JsonObject = dict(value)

    @classmethod
    def of_file(cls, file: Path) -> Entries:
        """Return the entries of a JSON file. Raises StoreError when it cannot be read or does not hold an object."""
        try:
            return cls(json.loads(file.read_text(encoding="utf-8")), file)
        except OSError as error:
            raise StoreError(f"{file}: cannot be read ({error.strerror})") from None
        except ValueError as error:  # neither JSON nor UTF-8
            raise StoreError(f"{file}: cannot be read ({first_line(error)})") from None
        except RecursionError:
            raise StoreError(f"{file}: cannot be read (objects inside objects without end)") from None

    def has(self, name: str) -> bool:
        """Return whether there is an entry of this name that is not null; one that is null is taken."""
        if name in self._left and self._left[name] is None:
            del self._left[name]
        return name in self._left

    def integer(self, name: str) -> int:
        """Take an integer of at least 0."""
        value = self._take(name)
        if type(value) is not int or value < 0:
            raise self._wrong(name, value, "an integer of at least 0")
        return value

    def number(self, name: str) -> float:
        """Take a number as it is, an integer or a float."""
        value = self._take(name)
        if type(value) not in (int, float):
            raise self._wrong(name, value, "a number")
        number: float = value
        return number

    def text(self, name: str) -> str:
        """Take a string."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self._wrong(name, value, "a string")
        return value

    def any(self, name: str) -> Any:
        """Take an entry of whatever type."""
        return self._take(name)

    def within(self, name: str, read: Callable[[Entries], T]) -> T:
        """Take an object and return what `read` makes of it, which has to take all of its entries."""
        inner = Entries(self._take(name), self.file, f"{self.path}{name}.")
        found = read(inner)
        inner.close()
        return found

    def listed(self, name: str, read: Callable[[Entries, str], T]) -> tuple[T, ...]:
        """Take a list and return what `read` makes of each of its members, named by their numbers."""
        value = self._take(name)
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list")
        inner = Entries({f"{name}[{i}]": member for i, member in enumerate(value)}, self.file, self.path)
        return tuple(inner.each(read).values())

    def each(self, read: Callable[[Entries, str], T]) -> dict[str, T]:
        """Take all entries, whatever they are called, and return what `read` makes of each."""
        return {name: read(self, name) for name in list(self._left)}

    def close(self) -> None:
        """Raise StoreError naming an entry that was not taken: this hbench does not know it."""
        for name in self._left:
            raise StoreError(f"{self.file}: field '{self.path}{name}' is not known to this version of hbench")

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise StoreError(f"{self.file}: field '{self.path}{name}' is missing")
        return self._left.pop(name)

    def _wrong(self, name: str, value: object, expected: str) -> StoreError:
        return StoreError(f"{self.file}: field '{self.path}{name}' is {short_repr(value)}; expected {expected}")
