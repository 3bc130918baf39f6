"""Waiting: how the ends of jobs are heard of, wherever they ran, and how one waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from nsjob.durations import seconds
from nsjob.errors import (
    JobDetached,
    JobWaited,
    NoSuchJob,
    OptionError,
    QueueClosed,
    WaitTimeout,
)
from nsjob.pool.job import CANCELLED, OK, Job
from nsjob.pool.options import flag
from nsjob.snippet import compile_snippet
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import OUTCOMES, End, end_of
from nsjob.store.entering import StoredEntering
from nsjob.store.job import StoredJob
from nsjob.store.queues import StoredQueue
from nsjob.store.schema import DONE as ENDED

if TYPE_CHECKING:
    from nsjob.store.pool import StoredPool

__all__ = ["StoredWaiting"]

_NEIGHBOURS = 200


class StoredWaiting(StoredEntering):
    """Who waits, and for what."""

    def _committed(self, ends: Sequence[End]) -> None:
        """This pool has ended jobs: let the scripts of their queues run that are for that (`onfinish`), and tell."""
        finished: list[tuple[StoredQueue, StoredJob]] = []
        if any(queue.onfinish is not None for queue in self._keeper.by_number.values()):
            for end in ends:
                queue = self._keeper.by_number.get(end.home)
                if queue is not None and queue.onfinish is not None:
                    finished.append((queue, self._handle(queue.name, end.key, end.id)))
        self._arrived(ends)
        core = self._core
        for queue, job in finished:
            core.finishers = True
            core.locked(core.endings.append, partial(self._finish, queue, job))
        if finished:
            core.call_endings_elsewhere()

    def _finish(self, queue: StoredQueue, job: StoredJob) -> None:
        """Run the script of a queue for a job of it that has ended."""
        assert queue.onfinish is not None
        lang, source = queue.onfinish
        self._finisher(self.languages[lang](source) if lang else compile_snippet(source))(job)

    def _arrived(self, ends: Sequence[End]) -> None:
        """Jobs have ended: tell those who wait here. In the thread that commits, or the bell's."""
        calls: list[tuple[StoredJob, Callable[[Job], object]]] = []
        for end in ends:
            self._own.discard(end.key)
            handle = self._handles.get(end.key)
            if handle is not None and handle._end is None:
                end.outcome = OUTCOMES.get(end.outcome, end.outcome)
                handle.ended(end)
            calls += self._calls.pop(end.key, ())
        self._core.locked(self._stir)
        if calls:
            core = self._core
            for job, callback in calls:
                core.locked(core.endings.append, partial(callback, job))
            core.call_endings_elsewhere()

    def _stir(self) -> None:
        """Something has happened. Under the pool's lock."""
        self._news += 1
        self._changes.wake()

    def _await_news(self, seen: int, end: float | None) -> bool:
        """Wait until something has happened since `seen`. Returns whether it did in time."""
        left = None if end is None else max(end - time.monotonic(), 0.0)
        self._watchers += 1
        try:
            self._bell.ring()
            waits = self._core.waits
            waits.until([self._changes], lambda: True if self._news != seen else None, left, lambda: self._news != seen)
            return True
        except WaitTimeout:
            return False
        finally:
            self._watchers -= 1

    _watchers = 0  # how many wait for what other pools may do
    _over = False  # whether this pool hears of nothing any more

    def await_end(self, job: StoredJob, timeout: object = None) -> bool:
        """Wait for a job's end. Returns whether it came in time."""
        limit = None if timeout is None else seconds(timeout)
        key = job.key
        with self._lock:
            self._awaited[key] = self._awaited.get(key, 0) + 1
        try:
            if key not in self._keeper.runs:
                self._look_at(self._with_neighbours(key))
                self._bell.ring()
            self._commits.hasten()

            def over() -> bool | None:
                return job._end is not None or self._over or None

            try:
                self._core.waits.until([self._changes], over, limit, over)
            except WaitTimeout:
                return job._end is not None
            if job._end is None:
                raise QueueClosed
            return True
        finally:
            with self._lock:
                left = self._awaited[key] - 1
                if left:
                    self._awaited[key] = left
                else:
                    del self._awaited[key]

    def when_ended(self, job: StoredJob, callback: Callable[[Job], object]) -> None:
        """Call `callback(job)` at its end; at once where it has ended."""
        with self._lock:
            self._calls.setdefault(job.key, []).append((job, callback))
        if job._end is None:
            if job.key not in self._keeper.runs:
                self._look_at([job.key])
        else:
            for _, waiting in self._calls.pop(job.key, ()):
                waiting(job)

    async def awaited(self, job: StoredJob) -> Any:
        """Wait in a coroutine."""
        return await self._core.waits.awaited(job)

    def _with_neighbours(self, key: int) -> list[int]:
        """A key, and those that were queued here after it: who waits for one job waits for the next ones, too."""
        own = self._own
        return [key, *(other for other in range(key + 1, key + _NEIGHBOURS) if other in own)]

    def _look_at(self, keys: Sequence[int]) -> None:
        """See whether these jobs have ended."""
        found = self._read(lambda cursor: cursor.rows(sql.ENDS, keys=cursor.keys(keys)))
        if len(found) < len(keys):
            there = {row["key"] for row in self._read(lambda c: c.rows(sql.GONE_KEYS, keys=c.keys(keys)))}
            removed = [End(key, CANCELLED, "TCL_ERROR", None) for key in keys if key not in there]
        else:
            removed = []
        if found or removed:
            self._arrived([*map(end_of, found), *removed])

    # -- waiting by id -------------------------------------------------------------------------------------------

    def wait(self, queue: str, job: str | Job, timeout: object = None) -> Any:
        from nsjob.pool.waits import outcome_of

        return outcome_of(self.take(queue, job, timeout))

    def take(self, queue: str, job: str | Job, timeout: object = None) -> Job:
        found = self._stored(queue)
        id = self._id(found, job)
        mark = (queue, id)
        with self._lock:
            if mark in self._waited:
                raise JobWaited(id)
            self._waited.add(mark)
        try:
            row = self._row_of(found, id)
            if row["aside"]:
                raise JobDetached(id)
            handle = self._handle(queue, row["key"], id)
            if row["state"] == ENDED:
                handle.ended(end_of(row))
            elif not self.await_end(handle, timeout):
                raise WaitTimeout
            unsure = self._database.unsure
            if not self._change(partial(self._hand_over, found, handle.key)) and handle.outcome is not CANCELLED:
                if self._database.unsure == unsure:  # else the answer to an earlier commit was lost
                    raise NoSuchJob(id)
            return handle
        finally:
            with self._lock:
                self._waited.discard(mark)

    def _hand_over(self, queue: StoredQueue, key: int, cursor: Cursor) -> int:
        taken = cursor.run(sql.TAKE, key=key)
        if queue.req == "delete":
            cursor.run(sql.DROP_QUEUE, queue=queue.number)
        return taken

    def waitany(self, *queues: str, timeout: object = None) -> Any:
        if not queues:
            raise OptionError("waitany needs a queue: waitany(queue, ...)")
        found = [self._stored(queue) for queue in queues]
        end = None if timeout is None else time.monotonic() + seconds(timeout)

        def look(cursor: Cursor) -> tuple[str, str] | str | None:
            # In this order: PostgreSQL's statements may each see what was committed since the one before.
            live = any(cursor.value(sql.ANY_LIVE, queue=queue.number) is not None for queue in found)
            most = len(self._waited) + 1
            for queue in found:
                for row in cursor.rows(sql.FIRST_ENDED, queue=queue.number, most=most):
                    if (queue.name, row["id"]) not in self._waited:
                        return queue.name, row["id"]
            return None if live else ""

        answer = self._until(look, end)
        return answer if answer == "" or len(queues) > 1 else answer[1]

    def _until(self, look: Callable[[Cursor], Any], end: float | None) -> Any:
        """The first answer of `look` that is not None; it is called again when something has happened.

        Raises:
            WaitTimeout: there was none in time.
        """
        while True:
            seen = self._news
            found = self._read(look)
            if found is not None:
                return found
            if self._over:
                raise QueueClosed
            if not self._await_news(seen, end):
                raise WaitTimeout

    def waitall(self, *queues: str, timeout: object = None, failfast: bool = False) -> list[Job]:
        from nsjob.pool.waits import outcome_of

        flag("failfast", failfast)
        end = None if timeout is None else time.monotonic() + seconds(timeout)
        named = [self._stored(queue) for queue in queues]

        def look(cursor: Cursor) -> list[tuple[StoredQueue, Row]] | None:
            chosen = named or list(self._keeper.queues.values())
            live = any(cursor.value(sql.ANY_LIVE_AT_ALL, queue=queue.number) for queue in chosen)
            if live and not failfast:
                return None
            ended = [(queue, row) for queue in chosen for row in cursor.rows(sql.ALL_ENDED, queue=queue.number)]
            if failfast:
                bad = next(((queue, row) for queue, row in ended if row["outcome"] != OK), None)
                if bad is not None:
                    return [bad]
            return None if live else ended

        ended = self._until(look, end)
        jobs: list[StoredJob] = [self._handle(queue.name, row["key"], row["id"]) for queue, row in ended]
        missing = [job.key for job in jobs if job._end is None]
        for start in range(0, len(missing), 1000):
            self._look_at(missing[start : start + 1000])
        jobs.sort(key=lambda job: 0 if job._end is None else job._end.ended)
        keys = [{"key": job.key} for job in jobs]
        self._change(lambda cursor: cursor.many(sql.TAKE, keys))
        if failfast and jobs and jobs[0].outcome is not OK:
            outcome_of(jobs[0])
        return list(jobs)

    def _executor(self, queue: str, options: dict[str, Any]) -> Executor:
        from nsjob.store.futures import StoredExecutor

        self._stored(queue)
        return StoredExecutor(cast("StoredPool", self), queue, options)

    def as_completed(self, queue: str) -> Any:
        from nsjob.store.completed import StoredCompleted

        return StoredCompleted(cast("StoredPool", self), self._stored(queue))
