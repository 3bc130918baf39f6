"""Stops: Ctrl-C, signals and the time limit of a file end its script by an exception; the second of them ends all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from nsjob.shell.interrupts import Landing

if TYPE_CHECKING:
    from threading import Timer

__all__ = ["INTERRUPTED", "LATE", "Stopped", "Stops"]

INTERRUPTED = 130  # exit codes: 128 and the signal's number, and that of timeout(1)
LATE = 124
_LONGEST = 1e8  # seconds that a timer can take everywhere


class Stopped(KeyboardInterrupt):
    """The script has to end. No `catch` of it holds this.

    Attributes:
        reason: interrupted, terminated, hung up, or late.
        code: what the program ends with.
    """

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Stops:
    """While this is entered, in the main thread, what ends the program ends the script first.

    Arguments:
        limit: seconds until the script is late; None for no limit.
        nudge: stops the script in whatever thread it is, where the exception has been swallowed.

    Attributes:
        stopped: what has stopped the script, if anything has.
    """

    def __init__(self, limit: float | None, nudge: Callable[[], None]) -> None:
        self._limit = limit
        self._before: dict[int, Any] = {}
        self._timer: Timer | None = None
        self._rang = False
        self._landing = Landing(nudge)
        self.stopped: Stopped | None = None

    def __enter__(self) -> Self:
        try:
            self._catch(signal.SIGINT, signal.default_int_handler)
            self._catch(signal.SIGTERM, signal.SIG_DFL)
            if hasattr(signal, "SIGHUP"):
                self._catch(signal.SIGHUP, signal.SIG_DFL)
            if self._limit is not None:
                self._arm(self._limit)
        except ValueError:  # this is not the main thread, and that alone may do so
            pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before:
            self._disarm()
            self._landing.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _catch(self, number: int, usual: Any) -> None:
        """Take a signal over where it does what it usually does: who ignores it (nohup) goes on ignoring it."""
        if signal.getsignal(number) == usual:
            self._before[number] = signal.signal(number, self._caught)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        if self._rang:
            self._rang = False
            self._late(number, frame)
            return
        if self.stopped is not None:
            os._exit(128 + number)
        reasons = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
        self._stop(Stopped(reasons.get(signal.Signals(number), "hung up"), 128 + number), frame)

    def _stop(self, stopped: Stopped, frame: FrameType | None) -> None:
        self.stopped = stopped
        self._disarm()
        self._landing.land(stopped, frame)

    # -- the time limit ----------------------------------------------------------------------------------------------

    def _arm(self, limit: float) -> None:
        if hasattr(signal, "setitimer"):
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._late)
            signal.setitimer(signal.ITIMER_REAL, min(limit, _LONGEST))
        else:
            from threading import Timer  # late: only few systems need it

            self._timer = Timer(min(limit, _LONGEST), self._ring)
            self._timer.daemon = True
            self._timer.start()

    def _ring(self) -> None:
        """The time is over, on the timer's thread: where there are no timers that send signals."""
        import _thread  # late: only few systems need it

        self._rang = True
        _thread.interrupt_main()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        elif self._limit is not None and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _late(self, number: int, frame: FrameType | None) -> None:
        if self.stopped is None:
            self._stop(Stopped("late", LATE), frame)
