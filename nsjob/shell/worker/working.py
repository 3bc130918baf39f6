"""Working: a worker from its first look at the store to its exit code."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from nsjob.errors import StoreError
from nsjob.pool.waiting import Park
from nsjob.shell.files.journal import ALL, ERRORS, USUAL, journal
from nsjob.shell.worker.log import Log, lasting

if TYPE_CHECKING:
    from nsjob.shell.worker.wish import Wish
    from nsjob.store.pool import StoredPool

__all__ = ["work"]

_LOOK = 0.25  # seconds between two looks at whether there is anything left to do
_FAREWELL = 1.0  # seconds that interrupted jobs have at the second signal, before others may have them


def work(opened: Callable[[], StoredPool], wish: Wish) -> int:
    """Run the jobs of a store, and return the exit code.

    Arguments:
        opened: makes the pool, as `wish` says; it takes no jobs yet.

    Raises:
        NsjobError: the store cannot be opened.
    """
    log = Log(wish.quiet, wish.verbose)
    levels = ERRORS if wish.quiet else ALL if wish.verbose else USUAL
    park = Park()
    with _Signals(park) as signals, journal(log, levels, lambda failure: None):
        pool = opened()
        begun = time.monotonic()
        with pool.observe(log.run) as runs:
            log.line(f"start: worker {pool.name}, pid {os.getpid()}, store {pool.store}: {_served(wish)}")
            pool.take_again()
            why = _Worker(pool, wish, log, signals, park).until_over()
        runs.close(timeout=5)
        if why:
            log.line(f"end: {why}; {log.summary()} in {lasting(time.monotonic() - begun)}")
        else:
            log.line(f"end: {log.summary()} in {lasting(time.monotonic() - begun)}")
        return 128 + signals.last if signals.count > 1 else 0


def _served(wish: Wish) -> str:
    """What it does, in words."""
    parts = [f"queue{'s' * (len(wish.queues) > 1)} {', '.join(wish.queues)}" if wish.queues else "all queues"]
    if wish.topics:
        parts.append(f"topic{'s' * (len(wish.topics) > 1)} {', '.join(wish.topics)}")
    if wish.threads is not None:
        parts.append(f"{wish.threads} at a time")
    parts.append(f"lease {lasting(wish.lease)}")
    return ", ".join(parts)


class _Worker:
    """One worker, that has its pool."""

    def __init__(self, pool: StoredPool, wish: Wish, log: Log, signals: _Signals, park: Park) -> None:
        self._pool = pool
        self._wish = wish
        self._log = log
        self._signals = signals
        self._park = park
        self._busy = time.monotonic()  # when there was last something to do

    def until_over(self) -> str:
        """Work until that is over, and let go of the store. Returns why it was over."""
        why = ""
        while not why and not self._signals.count:
            self._park.sleep(_LOOK if self._wish.drain or self._wish.idle is not None else None)
            if not self._signals.count:
                why = self._nothing_left()
        pool = self._pool
        pool.drain_all()
        while pool.busy() and self._signals.count < 2:
            if not why:
                why = f"stopped by {self._signals.name()}"
                self._log.line(f"{why}: takes nothing new; {_jobs(pool.busy())} to be finished")
            self._park.sleep(_LOOK)
        if self._signals.count > 1:
            jobs = pool.give_back(_FAREWELL)
            pool.shutdown(wait=False)
            return f"stopped by {self._signals.name()}, {_jobs(jobs)} given back"
        pool.leave()
        return why or f"stopped by {self._signals.name()}"

    def _nothing_left(self) -> str:
        """Why the worker may end by itself; empty where it may not."""
        now = time.monotonic()
        if self._pool.busy():
            self._busy = now
            return ""
        wish = self._wish
        if not wish.drain and (wish.idle is None or now - self._busy < wish.idle):
            return ""
        try:
            prospects = self._pool.prospects()
        except StoreError:  # the pool tells of it, and goes on trying
            return ""
        if wish.drain and not prospects.live and prospects.closed:
            return "its queues are drained and empty" if prospects.queues else "it has no queues"
        if wish.idle is None or prospects.ready:
            return ""
        return "nothing to do" if not wish.idle else f"nothing to do for {lasting(wish.idle)}"


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


class _Signals:
    """While this is entered, SIGTERM, SIGINT and SIGHUP are counted; the third one ends the process.

    Attributes:
        count: how many came.
        last: the number of the last one.
    """

    def __init__(self, park: Park) -> None:
        self._park = park
        self._before: dict[int, Any] = {}
        self.count = 0
        self.last = 0

    def name(self) -> str:
        """The name of the last one."""
        return signal.Signals(self.last).name

    def __enter__(self) -> Self:
        usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
        if hasattr(signal, "SIGHUP"):
            usual[signal.SIGHUP] = signal.SIG_DFL
        try:
            for number, handler in usual.items():
                if signal.getsignal(number) == handler:  # who ignores it (nohup) goes on ignoring it
                    self._before[number] = signal.signal(number, self._caught)
        except ValueError:  # this is not the main thread, and that alone may do so
            pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self.last = number
        self._park.wake()
        if self.count > 2:
            os._exit(128 + number)
