"""Where jobs run: in this process, in several processes of this machine, or wherever an entry point says."""

from __future__ import annotations

import dataclasses

from hbench.errors import UsageError
from hbench.execute.base import Executor
from hbench.plugins.registry import Registry

# mypy refuses an abstract class as an argument since it could be instantiated; a registry only asks for its subclasses.
EXECUTORS: Registry[Executor] = Registry("hbench.executors", "executor", Executor)  # type: ignore[type-abstract] # see above


def find_executor(reference: str, jobs: int | None = None) -> Executor:
    """Return the executor that a reference such as `local[jobs=2]` names.

    jobs: the option `jobs` of the executor, however the reference sets it; None to leave that alone.
    Raises UsageError for an unknown executor or option, and for `jobs` where the executor has no such option.
    """
    executor = EXECUTORS.find(reference).plugin
    if jobs is None:
        return executor
    if "jobs" not in {option.name for option in dataclasses.fields(executor)}:
        raise UsageError(f"--jobs {jobs}: the executor '{reference}' has no option 'jobs'; leave --jobs out")
    return dataclasses.replace(executor, **{"jobs": jobs})
