"""The errors that hbench raises for its users' mistakes: each names what is wrong, where, and the fix.

Every error that a user can cause is an `HbenchError`: one message that names the thing, the place and the fix. The
command line prints it without a traceback and exits with `exit_code`.
"""

from __future__ import annotations

from collections.abc import Iterable


class HbenchError(Exception):
    """Base of all errors meant for a reader; `exit_code` is what the command line returns."""

    exit_code = 2


class UsageError(HbenchError):
    """An unknown name, an option of the wrong type, a number out of range."""


class DataError(HbenchError):
    """A data set is missing, unreadable, or does not hold what its task says it holds."""


class StoreError(HbenchError):
    """The store cannot be read or written."""


class TrainingFailed(HbenchError):
    """A training diverged or cannot be done; the cell is shown as failed, with this reason."""

    exit_code = 1


class Interrupted(KeyboardInterrupt):
    """The process was told to stop, by Ctrl-C, a batch system or its parent; a training under way wrote a checkpoint.

    Like every KeyboardInterrupt it passes whatever handles errors.
    """

    exit_code = 130


def suggest(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` when a known name is close to `name`, and the list of known names otherwise."""
    import difflib  # only a mistake needs it

    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""
