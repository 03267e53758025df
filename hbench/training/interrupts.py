"""Being told to stop: Ctrl-C, a batch system's warning, a parent that ends its workers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from hbench.errors import Interrupted

#: Slurm warns by SIGTERM, or by the signal that a user names, which is SIGUSR1 by habit; Windows lacks the latter.
_NAMES = ("SIGINT", "SIGTERM", "SIGUSR1")


class StopSignals:
    """What to do with a signal that ends this process: at once, or when the training step in hand is done."""

    def __init__(self) -> None:
        #: Whether a signal waits for the end of the step.
        self.postponed = False
        #: Whether one is waiting, and whether one has come at all.
        self.waiting = False
        self.told = False

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Take note of a signal, or raise Interrupted.

        Of several, only a second Ctrl-C, which a person gives who will not wait, acts at once: a batch system tells a
        run and its workers, and the run tells its workers again.
        """
        told, self.told = self.told, True
        if told and number != signal.SIGINT:
            return
        if told or not self.postponed:
            raise Interrupted
        self.waiting = True


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Turn the signals that end a process into Interrupted inside the block, which may postpone them.

    One that still waits at the end is raised then. Signals that are ignored stay ignored; in a thread other than the
    main one, which hears of no signals, nothing changes.
    """
    stop = StopSignals()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
            # None: set by something that is not Python, and not to be touched
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, stop.receive)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.waiting:
        raise Interrupted
