"""Timers: what the pool does later or elsewhere, on one thread with one heap.

It runs delays, time limits and deadlines when they are due, and soon what callers put off (starting threads, telling
those who wait about a job that a caller ended). Knows nothing of jobs.
"""

from __future__ import annotations

import heapq
import logging
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable
from typing import Any

from nsjob.pool.clock import Clock
from nsjob.pool.waiting import Park

__all__ = ["Timer", "Timers"]

_SWEEP_FROM = 64


class Timer:
    """One entry of the heap."""

    __slots__ = ("action", "arguments", "taken")

    def __init__(self, action: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.taken = False
        self.action: Callable[..., object] | None = action
        self.arguments = arguments


class Timers:
    """The heap, what is due soon, and their thread.

    `at` and `cancel` are called with the pool's lock held, which guards the heap; `soon` and `wake` need no lock (a
    deque's append and a Park's wake are single operations). Actions run without the lock; what they raise is logged.
    The thread starts with the first use, and ends when nothing will be due any more.
    """

    def __init__(
        self,
        clock: Clock,
        locked: Callable[..., Any],
        finished: Callable[[], bool],
        ended: Callable[[], None],
        name: str,
    ) -> None:
        self._clock = clock
        self._locked = locked
        self._finished = finished
        self._ended = ended
        self._name = name
        self._heap: list[tuple[float, int, Timer]] = []  # tuples: they are compared without a step of Python
        self._dead = 0
        self._serial = 0
        self._soon: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._park = Park()
        self._running = False
        self._forgotten = False
        self.closing = False  # the pool ends: that no thread can be had is no news
        clock.attach(self._park.wake)

    def at(self, when: float, action: Callable[..., object], *arguments: Any) -> Timer:
        """Call `action(*arguments)` at a moment of the clock. Returns the timer, to cancel it by."""
        self._serial += 1
        timer = Timer(action, arguments)
        if not self._heap or when < self._heap[0][0]:
            self.wake()  # before the push: the thread waits for the lock that the caller has
        heapq.heappush(self._heap, (when, self._serial, timer))
        return timer

    def cancel(self, timer: Timer | None) -> None:
        """Let a timer lapse. Cancelled ones are swept out when they are more than half of the heap."""
        if timer is None or timer.action is None:
            return
        timer.action = None
        timer.arguments = ()
        if timer.taken:
            return
        self._dead += 1
        if self._dead > _SWEEP_FROM and self._dead * 2 > len(self._heap):
            kept = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(kept)
            self._heap, self._dead = kept, 0

    def soon(self, action: Callable[..., object], *arguments: Any) -> None:
        """Call `action(*arguments)` on the timers' thread as soon as it can."""
        self._soon.append((action, arguments))
        self.wake()

    def wake(self) -> None:
        """Let the thread look again; start it where it does not run."""
        if not self._running and not self._forgotten:
            # One C call: an exception in the caller finds the thread started, or not. A second thread would see in
            # `_begin` that there is one.
            try:
                start_new_thread(self._work, ())
            except RuntimeError:  # no thread can be had: the interpreter ends, or the system's limit is reached
                if not self.closing:
                    logging.getLogger("nsjob").error("cannot start the pool's timer thread", exc_info=True)
        self._park.wake()

    def rouse(self) -> None:
        """Let the thread look whether it may end, where there is one."""
        self._park.wake()

    def forget(self) -> None:
        """After fork, in the child: there is no thread and nothing to do."""
        self._forgotten = True
        self._heap.clear()
        self._soon.clear()

    def _begin(self) -> bool:
        if self._running:
            return False
        self._running = True
        return True

    def _ends(self) -> bool:
        """Whether the thread may end. What is put off meanwhile is seen here, or sees that no thread runs."""
        if not self._finished():
            return False
        self._running = False
        if not self._soon:
            return True
        self._running = True
        return False

    def _due(self) -> tuple[list[Timer], float | None]:
        """Take out what is due, and tell when the next one is. Under the lock."""
        now = self._clock.now()
        due: list[Timer] = []
        while self._heap and (self._heap[0][2].action is None or self._heap[0][0] <= now):
            timer = heapq.heappop(self._heap)[2]
            timer.taken = True
            if timer.action is None:
                self._dead -= 1
            else:
                due.append(timer)
        return due, self._heap[0][0] if self._heap else None

    def _work(self) -> None:
        if not self._locked(self._begin):
            return
        while True:
            while self._soon:
                action, arguments = self._soon.popleft()
                self._call(action, arguments)
            action, arguments = _nothing, ()
            due, following = self._locked(self._due)
            for timer in due:
                arguments = timer.arguments  # before the action: `cancel` takes them in the other order
                act, timer.action = timer.action, None
                timer.arguments = ()  # who keeps the timer keeps nothing by it
                if act is not None:
                    self._call(act, arguments)
            if due or self._soon:
                due.clear()
                continue
            if self._locked(self._ends):
                self._ended()
                return
            self._clock.sleep(self._park, following)

    def _call(self, action: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        try:
            action(*arguments)
        except BaseException:
            logging.getLogger("nsjob").exception("%s: a timer's action failed", self._name)


def _nothing() -> None:
    return None
