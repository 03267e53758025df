"""The worker process: reads job files, runs them, says what happens as JSON lines on standard output."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TextIO

from hbench.errors import HbenchError, UsageError
from hbench.execute.base import run_job
from hbench.jobs import CHECKPOINT_MINUTES
from hbench.jobs.spec import Job, load
from hbench.jobs.store import Store
from hbench.plugins.registry import load_plugin_file
from hbench.training.memory import give_memory_back, memory_taken

_PROGRESS_SECONDS = 0.5
_PARENT_SECONDS = 1.0
#: Environment variable that names the process which starts a worker: that may be gone before the worker can ask.
PARENT = "HBENCH_PARENT"


def work(
    store: Store,
    paths: Iterable[str],
    device: str,
    plugins: Iterable[Path],
    out: TextIO,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
) -> int:
    """Run the jobs whose specification files are named, in order; return how many failed.

    device: a name such as `auto`, resolved on this machine, which need not be the one where the suite was started.
    Every line written is one JSON object: {"event": "progress", "done", "total", "taken"}, {"event": "note", "text"} or
    {"event": "warning", "text"}, then {"event": "finished", "taken"} or {"event": "failed", "reason"} for the job, or
    {"event": "refused", "message", "code"} when the input is at fault. `taken`: the most bytes that the job has taken
    on a GPU. Raises Interrupted when told to stop.
    """
    for plugin in plugins:
        load_plugin_file(plugin)
    failed = 0
    for path in paths:
        try:
            reason = run_job(
                _read(Path(path.strip())),
                store,
                device,
                _reporter(out),
                note=partial(_tell, out, "note"),
                warn=partial(_tell, out, "warning"),
                checkpoint_minutes=checkpoint_minutes,
            )
        except HbenchError as error:
            _say(out, {"event": "refused", "message": str(error), "code": error.exit_code})
            failed += 1
            continue
        failed += reason is not None
        if reason is None:
            _say(out, {"event": "finished", "taken": memory_taken()})
            give_memory_back()
        else:
            _say(out, {"event": "failed", "reason": reason})
    return failed


def work_for_parent(
    store: Store, device: str, plugins: Iterable[Path], checkpoint_minutes: float = CHECKPOINT_MINUTES
) -> int:
    """Run jobs named on standard input until it ends, and stop at once when the parent process is gone.

    Libraries that print would break the lines of events, so standard output is pointed at standard error.
    """
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    parent = int(os.environ.get(PARENT, os.getppid()))
    threading.Thread(target=_follow_parent, args=(parent,), daemon=True).start()
    paths = os.fdopen(
        os.dup(sys.stdin.fileno()), encoding=sys.getfilesystemencoding(), errors=sys.getfilesystemencodeerrors()
    )
    return work(store, iter(paths.readline, ""), device, plugins, events, checkpoint_minutes)


def _read(path: Path) -> Job:
    """Return the job of a specification file. Raises UsageError naming a file that holds none."""
    try:
        return load(path.read_text(encoding="utf-8"))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: not a job specification ({type(error).__name__}: {error}); name a spec.json"
        ) from None


def _reporter(out: TextIO) -> Callable[[int, int], None]:
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PROGRESS_SECONDS or done == total:
            last = now
            _say(out, {"event": "progress", "done": done, "total": total, "taken": memory_taken()})

    return report


def _tell(out: TextIO, event: str, text: str) -> None:
    _say(out, {"event": event, "text": text})


def _say(out: TextIO, event: dict[str, object]) -> None:
    try:
        out.write(json.dumps(event) + "\n")
        out.flush()
    except BrokenPipeError:  # the parent is gone: its next run starts this job again
        os._exit(1)


def _follow_parent(parent: int) -> None:
    """A killed parent cannot tell its workers: notice that the process has been handed to another one, and leave."""
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os._exit(1)
