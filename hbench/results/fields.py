"""Reading one JSON object of a result file, with errors that name the file, the field and the fix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from hbench.errors import HbenchError, suggest
from hbench.files import JsonObject, short_repr

#: What to do about a file that is no result: never to edit it, which would make up a result.
_FIX = "restore the file, or move it out of the results"
#: Largest integer that arrays hold.
_LARGEST = 2**63 - 1


class ResultError(HbenchError):
    """A result file is unreadable, or results do not belong on one board; names the file, the field and the fix."""


class Fields:
    """The entries of one JSON object, taken by name.

    file: what errors call the file. path: the place of the object inside it, such as `cost.`, empty for the whole.
    Every method that takes an entry raises ResultError when it is missing or not of the expected form.
    """

    def __init__(self, value: Any, file: str, path: str = "") -> None:
        self.file = file
        self.path = path
        self._taken: set[str] = set()
        if not isinstance(value, dict):
            what = path.rstrip(".") or "the file"
            raise ResultError(f"{file}: {what} is {short_repr(value)}, expected a JSON object; {_FIX}")
        self._value: JsonObject = value

    def error(self, name: str, problem: str) -> ResultError:
        """Return the error of one entry; `problem` says what is wrong and what to do."""
        return ResultError(f"{self.file}: field '{self.path}{name}' {problem}")

    def take(self, name: str, expected: str, test: Callable[[Any], bool]) -> Any:
        """Return an entry for which `test` holds; `expected` says in words what that is."""
        self._taken.add(name)
        if name not in self._value:
            raise self.error(name, f"is missing, expected {expected}; {_FIX}")
        value = self._value[name]
        if not test(value):
            raise self.error(name, f"is {short_repr(value)}, expected {expected}; {_FIX}")
        return value

    def has(self, name: str) -> bool:
        """Return whether there is an entry of this name."""
        return name in self._value

    def names(self) -> list[str]:
        """Return the names of all entries, sorted."""
        return sorted(self._value)

    def within(self, name: str) -> Fields | None:
        """Return the entries of an object inside this one, or None where it is null."""
        value = self.take(name, "an object or null", lambda v: v is None or isinstance(v, dict))
        return None if value is None else Fields(value, self.file, f"{self.path}{name}.")

    def optional(self, name: str) -> Fields | None:
        """Return the entries of an object inside this one, or None where there is no entry of this name.

        Raises ResultError where it is null or empty: what a file does not say it leaves out, in one way.
        """
        if not self.has(name):
            return None
        said = "an object with entries, or no key of this name"
        value = self.take(name, said, lambda v: isinstance(v, dict) and len(v) > 0)
        return Fields(value, self.file, f"{self.path}{name}.")

    def text(self, name: str) -> str:
        """Return a string of one line that is not empty."""
        return str(self.take(name, "a string of one line", is_text))

    def text_or_empty(self, name: str) -> str:
        """Return a string of one line, or an empty one where nothing is known."""
        return str(self.take(name, "a string of one line, or an empty one", lambda v: v == "" or is_text(v)))

    def choice(self, name: str, allowed: tuple[str, ...]) -> Any:
        """Return one of the allowed strings."""
        return self.take(name, f"one of {', '.join(allowed)}", lambda v: v in allowed)

    def whole(self, name: str, least: int = 0) -> int:
        """Return an integer of at least `least`."""
        return int(self.take(name, f"an integer of at least {least}", lambda v: is_whole(v) and v >= least))

    def number(self, name: str, low: float, high: float = math.inf) -> float:
        """Return a finite number from `low` to `high`."""
        return float(self.take(name, _range(low, high), lambda v: is_number(v) and low <= v <= high))

    def number_or_none(self, name: str, low: float, high: float = math.inf) -> float | None:
        """Return a finite number from `low` to `high`, or None where it is null."""
        value = self.take(
            name, f"{_range(low, high)}, or null", lambda v: v is None or (is_number(v) and low <= v <= high)
        )
        return None if value is None else float(value)

    def numbers(self, name: str, low: float, high: float) -> dict[str, float]:
        """Return an object of numbers from `low` to `high`."""
        value = self.take(
            name,
            f"an object of {_range(low, high)}",
            lambda v: isinstance(v, dict) and all(is_number(x) and low <= x <= high for x in v.values()),
        )
        return {str(k): float(x) for k, x in value.items()}

    def wholes(self, name: str) -> tuple[int, ...]:
        """Return a list of integers of at least 0."""
        value = self.take(
            name,
            "a list of integers of at least 0",
            lambda v: isinstance(v, list) and all(is_whole(x) and x >= 0 for x in v),
        )
        return tuple(value)

    def objects(self, name: str) -> list[Fields]:
        """Return the entries of each object of a list."""
        value = self.take(
            name, "a list of objects", lambda v: isinstance(v, list) and all(isinstance(x, dict) for x in v)
        )
        return [Fields(v, self.file, f"{self.path}{name}[{i}].") for i, v in enumerate(value)]

    def close(self) -> None:
        """Raise ResultError when the object has an entry that nobody took: most often a name with a typing error."""
        for name in sorted(set(self._value) - self._taken):
            raise self.error(name, f"is unknown; {_FIX}{suggest(name, self._taken)}")


def is_text(value: Any) -> bool:
    """Return whether a JSON value is one line of printable text."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def is_whole(value: Any) -> bool:
    """Return whether a JSON value is an integer of at most 64 bits (true and false are not)."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number that a float holds as it is (true and false are not)."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value) and float(value) == value
    except OverflowError:  # an integer beyond the largest float
        return False


def _range(low: float, high: float) -> str:
    return f"numbers of at least {low:g}" if math.isinf(high) else f"numbers from {low:g} to {high:g}"
