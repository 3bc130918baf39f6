"""Events: what the pool tells its listeners, each on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nsjob.pool.waiting import Park

__all__ = ["Event", "EventKind", "Listener", "Subscription"]

EventKind = Literal["queued", "started", "progress", "finished", "queue created", "queue deleted"]
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a pool.

    Attributes:
        kind: queued, started, progress, finished, queue created, queue deleted.
        queue: the queue's name.
        job: the job's id; empty for events of queues.
        time: seconds since the epoch.
        outcome: of a finished job.
        done, total, note: of a progress.
    """

    kind: EventKind
    queue: str
    job: str
    time: float
    outcome: str = ""
    done: float | None = None
    total: float | None = None
    note: str = ""


Listener = Callable[[Event], object]


class Subscription:
    """One listener, its thread, and up to 100,000 events that it has not seen yet.

    Attributes:
        dropped: how many events the listener missed because it was that far behind; the oldest go first.
    """

    def __init__(self, listener: Listener, forget: Callable[[Subscription], None]) -> None:
        self._listener = listener
        self._forget = forget
        self._events: deque[Event] = deque()
        self._park = Park()
        self._closed = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._listen, name="nsjob-listener", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Let the listener's thread have an event. Under the pool's lock, never blocks."""
        if len(self._events) >= _LONGEST:
            try:
                self._events.popleft()
                self.dropped += 1
            except IndexError:  # the listener's thread was faster
                pass
        self._events.append(event)
        self._park.wake()

    def close(self, timeout: float | None = None) -> None:
        """End the subscription once the listener has seen what was told before.

        Arguments:
            timeout: seconds to wait for that; None does not wait.
        """
        self._forget(self)
        self._closed = True
        self._park.wake()
        if timeout is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def finish(self) -> None:
        """The pool has ended: the thread ends once the listener has heard everything."""
        self._closed = True
        self._park.wake()

    def _listen(self) -> None:
        while True:
            while self._events:
                event = self._events.popleft()
                try:
                    self._listener(event)
                except BaseException:
                    logging.getLogger("nsjob").exception("a listener failed at %s", event)
            if self._closed:
                return
            self._park.sleep()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
