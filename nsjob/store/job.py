"""StoredJob: the handle of a job in a store. What it says of itself is what the store says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.errors import JobCancelled, WaitTimeout
from nsjob.pool.job import CANCELLED, DONE, OK, RUNNING, SCHEDULED, Job
from nsjob.pool.waits import outcome_of
from nsjob.store.values import restored_error, unpack

if TYPE_CHECKING:
    from nsjob.store.ends import End
    from nsjob.store.pool import StoredPool

__all__ = ["STATES", "StoredJob"]

STATES = (SCHEDULED, SCHEDULED, SCHEDULED, SCHEDULED, RUNNING, DONE)  # by the state of a row
_SIMPLE = (int, str, float, bool, type(None))
_NOT_YET: Any = object()


class StoredJob(Job):
    """A job of a pool with a store. See Job.

    Attributes:
        key: its key in the store.
    """

    __slots__ = ("_data", "_end", "_made", "_pool", "_queue_name", "key")

    key: int
    _pool: StoredPool
    _queue_name: str
    _end: End | None
    _made: Any

    def __init__(self, pool: StoredPool, queue: str, key: int, id: str) -> None:
        self._pool = pool
        self._queue_name = queue
        self.key = key
        self.id = id
        self._end = None
        self._made = _NOT_YET
        self._particulars = None
        self._aside = False

    # Job has these as plain attributes, which the core of a pool sets; here they are what the store says.
    if not TYPE_CHECKING:

        @property
        def state(self):
            return DONE if self._end is not None else self._pool.state_of(self)

        @property
        def outcome(self):
            end = self._end
            if end is None and self._pool.state_of(self) is DONE:
                end = self._end
            return "" if end is None else end.outcome

        @property
        def attempt(self):
            return self._pool.attempt_of(self)

        @property
        def code(self):
            end = self._end
            return "TCL_OK" if end is None else end.code

        @property
        def queue(self):
            return self._queue_name

        @property
        def options(self):
            return self._pool.options_of(self)

        @property
        def req(self):
            return self._pool.req_of(self)

        @property
        def _value(self):
            if self._made is _NOT_YET:
                self._made = self._value_of(self._end)
            return self._made

        @property
        def error(self):
            end = self._end
            if end is None or end.outcome is OK:
                return None
            return JobCancelled() if end.outcome is CANCELLED else self._value

        @property
        def _queue(self):
            return self._pool.local_queue(self._queue_name)

    def _value_of(self, end: End) -> Any:
        if end.outcome is OK:
            return end.value if type(end.value) in _SIMPLE and end.value is not None else unpack(end.data)
        if end.value is not None:
            return end.value
        return restored_error(end.data) if end.data is not None else JobCancelled()

    def ended(self, end: End) -> None:
        """It has ended so."""
        self._end = end

    def done(self) -> bool:
        return self.state is DONE

    def wait(self, timeout: object = None) -> Any:
        if self._end is None and not self._pool.await_end(self, timeout):
            raise WaitTimeout
        return outcome_of(self)

    def cancel(self) -> bool:
        return self._pool.cancel_live(self)

    def add_done_callback(self, callback: Callable[[Job], object]) -> None:
        self._pool.when_ended(self, callback)

    def __await__(self) -> Any:
        return self._pool.awaited(self).__await__()

    def __repr__(self) -> str:
        return f"<StoredJob {self._queue_name} {self.id} {'' if self._end is None else self._end.outcome}>"
