"""Whether a process of this machine is still running."""

from __future__ import annotations

import os


def is_alive(process: int) -> bool:
    """Return whether a process with this id is still running, whoever started it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
