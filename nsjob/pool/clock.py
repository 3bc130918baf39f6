"""Clock: where the pool gets the time from; tests put in one that they advance by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from nsjob.pool.waiting import Park

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Monotonic time in seconds, and the wall clock's."""

    def now(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def wall(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, park: Park, until: float | None) -> None:
        """Sleep in `park` until woken or until that moment of `now`."""

    def attach(self, wake: Callable[[], None]) -> None:
        """`wake` is to be called when the time was changed other than by passing."""


class SystemClock:
    """The system's clocks."""

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    def sleep(self, park: Park, until: float | None) -> None:
        park.sleep(None if until is None else until - time.monotonic())

    def attach(self, wake: Callable[[], None]) -> None:
        """The system's clock only passes."""
