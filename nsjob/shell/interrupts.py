"""Interrupts that a signal raises in the main thread, but not in the middle of a database library."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Landing"]

_UNBROKEN = ("sqlalchemy", "psycopg")  # an exception in the middle of them leaves a connection half returned
_BEAT = 0.005  # seconds until it is looked again whether the main thread has left them
_LET_BE = 100  # such looks: a database that does not answer is broken off then


class Landing:
    """Raises an exception from a signal handler as soon as no database library is at work in the main thread.

    SIGALRM is used meanwhile. Where there are no timers that send signals, the exception is raised at once.

    Arguments:
        first: what is called right before.
    """

    def __init__(self, first: Callable[[], None] = lambda: None) -> None:
        self._first = first
        self._looks = 0
        self._before: Any = None

    def land(self, error: BaseException, frame: FrameType | None) -> None:
        """Raise it, now or a moment later.

        Arguments:
            error: what to raise.
            frame: where the main thread is, as the signal handler was told.
        """
        self._looks += 1
        if self._looks > _LET_BE or not hasattr(signal, "setitimer") or not _in_a_library(frame):
            self.cancel()
            self._first()
            raise error
        before = signal.signal(signal.SIGALRM, lambda _number, frame: self.land(error, frame))
        if self._before is None:
            self._before = before
        signal.setitimer(signal.ITIMER_REAL, _BEAT)

    def cancel(self) -> None:
        """Raise nothing any more, and leave SIGALRM as it was."""
        self._looks = 0
        if self._before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
            self._before = None


def _in_a_library(frame: FrameType | None) -> bool:
    while frame is not None:
        name = frame.f_globals.get("__name__")
        if isinstance(name, str) and name.partition(".")[0] in _UNBROKEN:
            return True
        frame = frame.f_back
    return False
