"""Where in a plugin's own file an error came from."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.errors import HbenchError
from hbench.jobs.spec import FineTune, Job
from hbench.plugins.references import with_options
from hbench.plugins.registry import SCORERS, TASKS, with_parts

if TYPE_CHECKING:
    from collections.abc import Iterator


def raised_at(error: BaseException, job: Job) -> str:
    """Return ` (flaky.py:9)`, the last line of the job's plugins that the error passed, or nothing."""
    modules = {base.__module__ for plugin in _plugins(job) for base in plugin.__mro__}
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__"))
        if module in modules and module.partition(".")[0] != "hbench":
            return f" ({Path(frame.f_code.co_filename).name}:{line})"
    return ""


def _plugins(job: Job) -> Iterator[type]:
    """Yield the classes of the task and of the scorer, where the job has one."""
    try:
        yield type(TASKS.find(job.task.ref).plugin)
        if not isinstance(job, FineTune):
            yield from (type(part.plugin) for part in with_parts(SCORERS.find(with_options(job.scorer, job.options))))
        elif job.curriculum is not None:
            yield SCORERS.load(job.curriculum.scorer)
    except HbenchError:  # the plugin itself is at fault, and said to be
        return
