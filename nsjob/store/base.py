"""Base: what the layers of a pool with a store share: its database, its keeper, and what is known of the queues."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from nsjob.errors import (
    NoSuchQueue,
    QueueClosed,
)
from nsjob.pool.context import PLACES
from nsjob.pool.job import Job
from nsjob.pool.queue import JobQueue
from nsjob.pool.verbs import Verbs, nothing
from nsjob.pool.waiting import Audience
from nsjob.pool.work import Work
from nsjob.store import sql
from nsjob.store.bell import Bell
from nsjob.store.commits import Commits
from nsjob.store.core import StoredCore
from nsjob.store.database import Cursor, Database, Row
from nsjob.store.ends import End
from nsjob.store.job import StoredJob
from nsjob.store.keeper import Keeper
from nsjob.store.languages import Languages
from nsjob.store.news import News
from nsjob.store.queues import StoredQueue

if TYPE_CHECKING:
    from nsjob.store.watching import RunEvents

__all__ = ["StoredBase"]


class StoredBase(Verbs):
    """What a pool with a store knows."""

    _core: StoredCore
    _database: Database
    _keeper: Keeper
    _commits: Commits
    _bell: Bell
    _lock: threading.Lock  # of the blocks, and of the tables of who waits
    _closed: bool
    _news: int  # counts what has happened
    _changes: Audience  # who is woken then
    _token: str  # of this pool, with the jobs that it has queued
    _handles: WeakValueDictionary[int, StoredJob]
    _calls: dict[int, list[tuple[StoredJob, Callable[[Job], object]]]]
    _awaited: dict[int, int]  # keys of jobs that somebody waits for, and how many do
    _waited: set[tuple[str, str]]  # (queue, id) of the waits by id
    _own: set[int]  # keys of the jobs that were queued here and have not ended, as far as is known
    _early: dict[int, list[End]]  # of jobs that come in, and end at once by those that they come after
    _next_key: int
    _last_key: int
    _block: int
    _begun: int  # when this pool was opened
    _draining: bool
    _new_job: str  # the statement
    _new_plain: str  # the same for rows that have but few columns
    _feed: News
    _run_events: RunEvents
    languages: Languages

    _next_speech: float  # by the monotonic clock, as the next two are: when what is due is done again
    _next_release: float
    _next_return: float
    _take_at: float | None  # when word of new jobs is acted on
    _ask_lock: threading.Lock  # held while that is compared and set, and for nothing else
    _overdue_at: float

    if TYPE_CHECKING:  # of the layers above

        def _local_queue(self, stored: StoredQueue) -> JobQueue: ...
        def _finisher(self, script: Work | None) -> Callable[[Job], object]: ...
        def _await_news(self, seen: int, end: float | None) -> bool: ...
        def _committed(self, ends: Sequence[End]) -> None: ...

    def _change(self, action: Callable[[Cursor], Any]) -> Any:
        return self._protected(self._commits.do, action, True)

    def _read(self, action: Callable[[Cursor], Any]) -> Any:
        return self._protected(self._database.read, action, False)

    def _protected(self, do: Callable[[Any], Any], action: Callable[[Cursor], Any], changes: bool) -> Any:
        """Keep interrupts of a body that calls out of what is done here."""
        core = self._core
        if core.forked or core.lock._is_owned():
            core.guarded(nothing)  # raises
        place = PLACES.get(threading.get_ident())
        shielded: bool = place is not None and place.shield()
        try:
            if changes and self._closed:
                raise QueueClosed
            return do(action)
        finally:
            if place is not None and shielded:
                place.unshield()

    def _stored(self, queue: object, fresh: bool = False) -> StoredQueue:
        """What is known of a queue."""
        found = self._keeper.queues.get(queue) if isinstance(queue, str) else None
        if found is None or fresh:
            if isinstance(queue, str):
                self._refresh()
                found = self._keeper.queues.get(queue)
            if found is None:
                raise NoSuchQueue(queue)
        return found

    def _refresh(self, rows: Sequence[Row] | None = None, stamp: int = 0) -> None:
        """Learn which queues there are now.

        Arguments:
            rows: what was read of them when `stamp` was that of this pool.
        """
        while rows is None:
            stamp = self._keeper.stamp
            rows = cast("list[Row]", self._read(lambda cursor: cursor.rows(sql.QUEUES)))
            if stamp != self._keeper.stamp:
                rows = None
        if stamp != self._keeper.stamp:  # they are older than what was changed here since
            self._bell.ring()
            return
        keeper = self._keeper
        with self._lock:
            names = set()
            for row in rows:
                names.add(row["name"])
                known = keeper.queues.get(row["name"])
                if known is not None and known.number == row["id"]:
                    known.update(row)
                else:
                    made = StoredQueue(row, self._local_queue, self._capture)
                    keeper.queues[row["name"]] = made
                    keeper.by_number[made.number] = made
            for name in [name for name in keeper.queues if name not in names]:
                gone = keeper.queues.pop(name)
                keeper.by_number.pop(gone.number, None)
                self._core.locked(self._drop_local, name)

    def _drop_local(self, name: str) -> None:
        """A queue is gone, and with it what ran its jobs here. Under the pool's lock."""
        core = self._core
        found = core.queues.get(name)
        if found is not None and not found.table:
            core.wake_watchers(found)
            core.let_go(found)
            core.commit_delete(found)

    def _find(self, queue: object) -> JobQueue:
        return self._stored(queue).local(self._core)

    def local_queue(self, name: str) -> JobQueue:
        """Where the jobs of a queue run here."""
        return self._find(name)
