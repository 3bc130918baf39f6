"""ManualClock: a pool's clock that only a test moves."""

from __future__ import annotations

import threading
from collections.abc import Callable

import nsjob
from nsjob.pool.waiting import Park

__all__ = ["ManualClock"]

_PATIENCE = 10.0  # seconds of real time, after which a timers' thread counts as stuck


class ManualClock:
    """A clock that stands still until `advance`.

    It knows when the pool's timers' thread sleeps, so `settle` can tell that all that was due or put off has been done.
    """

    def __init__(self, start: float = 1_000.0, epoch: float = 1_700_000_000.0) -> None:
        self._now = start
        self._epoch = epoch
        self._wakes: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self._sleeps = 0
        self._until: float | None = None

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._epoch + self._now

    def attach(self, wake: Callable[[], None]) -> None:
        self._wakes.append(wake)

    def sleep(self, park: Park, until: float | None) -> None:
        with self._changed:
            self._sleeps += 1
            self._until = until
            self._changed.notify_all()
        if until is None or until > self._now:
            park.sleep()

    def advance(self, seconds: float) -> None:
        """Let time pass, and return when what is due then has been done."""
        self._now += seconds
        self.settle()

    def wait_for_timer(self, pool: nsjob.Pool) -> None:
        """Return when the timers' thread of `pool` sleeps until some moment: something will be due."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._until is not None and self._until > self._now, _PATIENCE):
                raise AssertionError(f"nothing is due in {pool!r}")

    def settle(self) -> None:
        """Return when the timers' thread has done what is due, and what was put off before this call."""
        if not self._sleeps:  # it has yet to begin, and will see the time as it is then
            return
        # A sleep that begins now may have been decided on before; the one after it saw everything.
        for _ in range(2):
            with self._changed:
                seen = self._sleeps
                for wake in self._wakes:
                    wake()
                if not self._changed.wait_for(lambda seen=seen: self._idle_since(seen), _PATIENCE):  # type: ignore[misc]
                    raise AssertionError("the timers' thread does not come to rest")

    def _idle_since(self, seen: int) -> bool:
        return self._sleeps > seen and (self._until is None or self._until > self._now)
