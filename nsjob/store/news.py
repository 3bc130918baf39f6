"""News: what happens to the jobs of a store, whichever pool does it, told to the listeners of one pool.

Nothing in the store says what has changed. While somebody listens, the jobs that have not ended are known here, and
compared with what the store says of them; new ones are found by when they were queued.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from nsjob.errors import StoreError
from nsjob.pool.events import Event, EventKind, Subscription
from nsjob.pool.job import CANCELLED
from nsjob.store import sql
from nsjob.store.database import Cursor, Database, Row
from nsjob.store.ends import OUTCOMES
from nsjob.store.schema import DONE, RESERVED

__all__ = ["News"]

_PAUSE = 0.05  # seconds between two looks
_SHARE = 10  # looks take no more than this part of the time
_LATE = 5_000_000  # microseconds for which a commit may be under way
_FIRST, _LAST = 0, 1 << 62  # before and after all that is told of a queue's jobs, whichever clocks said when that was
_MANY = 5_000  # jobs that are asked for at once


class _Known:
    """A job that has not ended, as far as has been told of it."""

    __slots__ = ("attempt", "id", "moment", "progress", "queue")

    def __init__(self, row: Row, queue: str) -> None:
        self.queue = queue
        self.id: str = row["id"]
        self.moment: int = row["queued"]
        self.attempt = 0
        self.progress: str | None = None


class News:
    """The listeners of one pool, and what they know.

    Arguments:
        now: the time by the database's clock, microseconds.
    """

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now
        self._lock = threading.Lock()  # of all that follows
        self._listeners: tuple[Subscription, ...] = ()
        self._live: dict[int, _Known] = {}
        self._recent: dict[int, int] = {}  # jobs that may be found as new once more: when they were queued
        self._queues: dict[int, str] = {}
        self._version: object = None
        self._looked = 0  # up to when, by the database's clock
        self._next = 0.0

    def add(self, listener: Subscription) -> None:
        """Let a listener hear of what happens from now on."""
        with self._lock:
            if self._listeners:
                self._look()
            else:
                self._begin()
            self._listeners = (*self._listeners, listener)

    def remove(self, listener: Subscription) -> None:
        """Tell it nothing any more."""
        with self._lock:
            if listener in self._listeners:
                try:
                    self._look()
                except StoreError:  # it cannot be read any more
                    pass
            self._listeners = tuple(other for other in self._listeners if other is not listener)
            if not self._listeners:
                self._live.clear()
                self._recent.clear()

    def close(self) -> None:
        """Tell what has happened until now, and nothing any more."""
        with self._lock:
            if self._listeners:
                self._look()
            for listener in self._listeners:
                listener.finish()
            self._listeners = ()

    def look(self) -> None:
        """Tell what has happened until now: what is to be removed from the store cannot be told of later."""
        with self._lock:
            if self._listeners:
                self._look()

    def tick(self, now: float) -> float | None:
        """Look, where it is time to. Returns when it will be, by the monotonic clock; None where nobody listens."""
        if not self._listeners:
            return None
        if now < self._next:
            return self._next
        with self._lock:
            if self._listeners and self._has_changed():
                self._look()
        done = time.monotonic()
        self._next = done + max(_PAUSE, _SHARE * (done - now))
        return self._next

    # -- under the lock ------------------------------------------------------------------------------------------

    def _has_changed(self) -> bool:
        if self._database.dialect != "sqlite":
            return True
        version = self._database.version()
        changed = version != self._version
        self._version = version
        return changed

    def _begin(self) -> None:
        """Know what there is, without a word."""
        self._looked = self._now()

        def read(cursor: Cursor) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
            new = cursor.rows(sql.NEWS_NEW, since=self._looked - _LATE)
            return cursor.rows(sql.NEWS_QUEUES), new, cursor.rows(sql.NEWS_LIVE)

        queues, new, live = self._database.read(read)
        self._queues = {row["id"]: row["name"] for row in queues}
        self._recent = {row["key"]: row["queued"] for row in new}
        self._live = {}
        for row in live:
            known = self._live[row["key"]] = _Known(row, self._queues.get(row["queue"], ""))
            known.attempt = _begun(row)
            known.progress = row["progress"]
            self._recent[row["key"]] = row["queued"]

    def _look(self) -> None:
        """Tell what has changed."""
        now = self._now()
        queues, new, changed = self._database.read(self._read)
        events: list[tuple[int, Event]] = []
        self._see_queues({row["id"]: row["name"] for row in queues}, now, events)
        for row in new:
            if row["key"] not in self._recent:
                self._recent[row["key"]] = row["queued"]
                known = self._live[row["key"]] = _Known(row, self._queues.get(row["queue"], ""))
                events.append(_event("queued", known, row["queued"]))
                self._see(row["key"], known, row, events)
        there = {row["key"] for row in changed}
        for row in changed:
            self._see(row["key"], self._live[row["key"]], row, events)
        for key in [key for key in self._asked if key not in there]:  # removed with its queue, or by `cleanup`
            known = self._live.pop(key)
            events.append(_event("finished", known, now, CANCELLED))
        self._looked = now
        for key in [key for key, queued in self._recent.items() if queued < now - 2 * _LATE and key not in self._live]:
            del self._recent[key]
        events.sort(key=lambda pair: pair[0])  # stable: of one job they are in order already
        for _, event in events:
            for listener in self._listeners:
                listener.put(event)

    def _read(self, cursor: Cursor) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
        self._asked = list(self._live)
        changed: list[Row] = []
        for start in range(0, len(self._asked), _MANY):
            changed += cursor.rows(sql.NEWS_OF, keys=cursor.keys(self._asked[start : start + _MANY]))
        new = cursor.rows(sql.NEWS_NEW, since=self._looked - _LATE)
        return cursor.rows(sql.NEWS_QUEUES), new, changed

    _asked: Sequence[int] = ()

    def _see_queues(self, queues: Mapping[int, str], now: int, events: list[tuple[int, Event]]) -> None:
        for number, name in self._queues.items():
            if number not in queues:
                events.append((_LAST, Event("queue deleted", name, "", now / 1e6)))
        for number, name in queues.items():
            if number not in self._queues:
                events.append((_FIRST, Event("queue created", name, "", now / 1e6)))
        self._queues = dict(queues)

    def _see(self, key: int, known: _Known, row: Row, events: list[tuple[int, Event]]) -> None:
        """Tell of a job what has not been told."""
        begun = _begun(row)
        if begun > known.attempt:
            events.append(_event("started", known, row["started"] or self._now()))
        known.attempt = begun
        if row["progress"] is not None and row["progress"] != known.progress:
            known.progress = row["progress"]
            done, total, note = json.loads(row["progress"])
            moment = row["ended"] if row["state"] == DONE else self._now()
            events.append(_event("progress", known, moment, done=done, total=total, note=note))
        if row["state"] == DONE:
            self._live.pop(key, None)
            done, total, note = json.loads(known.progress or '[null, null, ""]')
            outcome = OUTCOMES.get(row["outcome"], "")
            events.append(_event("finished", known, row["ended"], outcome, done, total, note))


def _begun(row: Row) -> int:
    """How many attempts have begun: the last one of a job that is reserved has not."""
    return int(row["attempt"]) - int(row["state"] == RESERVED)


def _event(
    kind: EventKind,
    known: _Known,
    moment: int,
    outcome: str = "",
    done: float | None = None,
    total: float | None = None,
    note: str = "",
) -> tuple[int, Event]:
    """An event of a job: never before what was told of it, whichever machine's clock said when it was."""
    known.moment = max(known.moment, moment)
    return known.moment, Event(kind, known.queue, known.id, known.moment / 1e6, outcome, done, total, note)
