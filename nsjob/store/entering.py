"""Entering: how jobs come into a pool with a store."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from nsjob.durations import seconds
from nsjob.errors import (
    JobExists,
    NoSuchJob,
    OptionError,
    QueueClosed,
    QueueDraining,
    QueueFull,
    StoreError,
)
from nsjob.pool.job import OK, Job
from nsjob.pool.options import JobOptions, variables
from nsjob.pool.templates import Template
from nsjob.pool.verbs import check_heartbeat
from nsjob.pool.work import Bound, Work, inner
from nsjob.snippet import Snippet
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import End
from nsjob.store.job import StoredJob
from nsjob.store.looking import StoredLooking
from nsjob.store.queues import PlainRow, StoredQueue
from nsjob.store.rows import RANGE, kept_options, kept_work, micro, told
from nsjob.store.schema import BLOCKED, DELAYED, READY
from nsjob.store.schema import DONE as ENDED
from nsjob.store.values import keepable

if TYPE_CHECKING:
    from nsjob.store.pool import StoredPool

__all__ = ["FIRST_BLOCK", "StoredEntering"]

_HEAD = 256
FIRST_BLOCK, _LARGEST_BLOCK = 64, 4096
_MOST_KNOWN = 256  # scripts whose rows are known
_NO_JOBS: list[tuple[str, str] | int] = []
_UNBEGUN = {"attempt": 1, "losses": 0, "suspect": 0}


class StoredEntering(StoredLooking):
    """Rows of new jobs, their ids, and what they come after."""

    def _queue(
        self,
        queue: str,
        work: Work,
        given: dict[str, Any],
        block: object,
        owned: bool,
        template: Template | None = None,
    ) -> Job:
        found = self._stored(queue)
        known = None
        if template is None and not given and type(work) is Snippet:
            known = found.plain_rows.get((work, owned))
        if known is not None:
            turn = self._keeper.turn()
            row, before, options = {**known.columns, "ord": turn, "queued": turn}, _NO_JOBS, found.defaults
        else:
            row, before, options = self._row(found, work, given, owned)
        if template is not None:
            row["template"] = told(template)
        patience = 0.0 if block == 0 and not isinstance(block, bool) else None if block is None else seconds(block)
        end = None if patience is None else time.monotonic() + patience
        while True:
            self._name(found, [row], options.jobid)
            seen = self._news
            enter = partial(self._enter, found, row, options, before)
            if known is not None and found.maxqueued is None:
                key, id, fresh = self._protected(self._commits.do_alone, enter, True)
            else:
                key, id, fresh = self._change(enter)
            if key is not None:
                return self._entered(found, key, id, fresh)
            if patience == 0.0 or not self._await_news(seen, end):
                raise QueueFull(queue, found.maxqueued or 0)

    def _row(
        self, queue: StoredQueue, work: Work, given: dict[str, Any], owned: bool
    ) -> tuple[dict[str, Any], list[tuple[str, str] | int], JobOptions]:
        """The row of a new job, what it comes after, and its options."""
        defaults = queue.defaults
        given = dict(given)
        if type(work) is Snippet:
            values = variables("vars", given.pop("vars") or {}) if "vars" in given else defaults.vars
            one = given.pop("input", None)
            work = work if values is None and one is None else Bound(work, values, one)
        if given.get("files") is not None:
            given["files"] = self._manifest(given["files"])
        options = defaults.changed(given) if given else defaults
        row = self._columns(queue, work, options, owned)
        if options is defaults and type(work) is Snippet and options.direct and not options.housed:
            if options.heartbeat is None and options.files is None and options.jobid is None:
                if len(queue.plain_rows) >= _MOST_KNOWN:
                    queue.plain_rows.clear()
                queue.plain_rows[work, owned] = PlainRow(row)
        return row, [self._named_before(queue, other) for other in options.after], options

    def _columns(self, queue: StoredQueue, work: Work, options: JobOptions, owned: bool) -> dict[str, Any]:
        """The row of a job with these options, all of which are its own or its queue's."""
        local = queue.local(self._core)
        if local.host is not None:
            local.host.check(work)
        if options.heartbeat is not None:
            check_heartbeat(local)
        if options.capture_output:
            self._capture()
        keeper = self._keeper
        now = keeper.now()
        ready = None
        if options.delay:
            ready = now + micro(options.delay)
        if options.at is not None:
            ready = max(ready or 0, micro(options.at))
        if ready is not None and ready <= now:
            ready = None
        expires = None
        if options.expires is not None:
            expires = now + micro(options.expires) if options.expires > 0 else micro(-options.expires)
        turn = keeper.turn()
        snippet = isinstance(inner(work), Snippet | Bound)
        row = {
            "queue": queue.number, "state": DELAYED if ready is not None else READY,
            "rank": _HEAD if options.head else options.priority, "ord": -turn if options.head else turn,
            "priority": options.priority, "queued": turn, "aside": int(owned or options.detached),
            "options": queue.kept_defaults if options is queue.defaults else kept_options(options, not snippet),
            "ready": ready, "expires": expires, "dead": None if not options.lifetime else now + micro(options.lifetime),
            "blockers": None,
            "share": options.key, "uniq": options.unique, "note": options.note or None,
            "topic": options.topic or None, "subtopic": options.subtopic or None, "grp": options.group or None,
            "keep": None if options.keep is None else micro(options.keep), "token": self._token,
            "template": None, **kept_work(work),
        }  # fmt: skip
        for name in ("share", "uniq", "note", "topic", "subtopic", "grp", "script"):
            if row[name] is not None:
                keepable({"share": "key", "uniq": "unique", "grp": "group"}.get(name, name), row[name])
        if options.jobid is not None:
            keepable("jobid", options.jobid)
        return row

    def _named_before(self, queue: StoredQueue, other: Any) -> tuple[str, str] | int:
        if isinstance(other, StoredJob):
            if other._pool._database.url != self._database.url:
                raise OptionError(f"after: job {other.id} is of another store")
            return other.key
        if isinstance(other, (tuple, list)) and len(other) == 2 and all(isinstance(part, str) for part in other):
            self._stored(other[0])
            return other[0], other[1]
        if isinstance(other, Job):
            raise OptionError(f"after: job {other.id} is of another pool")
        if not isinstance(other, str):
            raise OptionError(f"after takes ids, (queue, id) pairs and Job handles, but got {type(other).__name__}")
        return queue.name, other

    def _name(self, queue: StoredQueue, rows: Sequence[dict[str, Any]], id: str | None) -> None:
        """Give rows their keys and ids, out of the blocks that this pool has."""
        with self._lock:
            missing = len(rows) - (self._last_key - self._next_key)
            if missing > 0:
                size = max(missing, self._block)
                self._block = min(self._block * 4, _LARGEST_BLOCK)
                last = self._change(lambda cursor: cursor.value(sql.TAKE_KEYS, name="keys", count=size))
                if missing < len(rows) and last - size != self._last_key:  # what is left of the old block is not needed
                    missing = len(rows)
                    if missing > size:
                        size = missing
                        last = self._change(lambda cursor: cursor.value(sql.TAKE_KEYS, name="keys", count=size))
                    self._next_key = last - size
                elif missing == len(rows):
                    self._next_key = last - size
                self._last_key = last
            for row in rows:
                row["key"] = self._next_key = self._next_key + 1
            if id is not None:
                for row in rows:
                    row["id"] = id
                return
            missing = len(rows) - (queue.last_id - queue.next_id)
            if missing > 0:
                size = max(len(rows), FIRST_BLOCK)
                last = self._change(lambda cursor: cursor.value(sql.TAKE_IDS, queue=queue.number, count=size))
                if last is None:
                    raise QueueClosed
                queue.next_id, queue.last_id = last - size, last
            for row in rows:
                row["id"] = f"job{queue.next_id}"
                queue.next_id += 1

    def _enter(
        self,
        queue: StoredQueue,
        row: dict[str, Any],
        options: JobOptions,
        before: Sequence[tuple[str, str] | int],
        cursor: Cursor,
    ) -> tuple[int | None, str, bool]:
        """Let a job come in. Returns its key and id and whether it is new; no key where there is no room."""
        if queue.maxqueued is not None:
            cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
            if cursor.value(sql.SCHEDULED, queue=queue.number) >= queue.maxqueued:
                return None, "", False
        failed: Row | None = None
        if before:
            row, failed, firsts = self._after(cursor, row, before)
        else:
            firsts = []
        state = self._insert(cursor, queue, row)
        if state is None:
            other = self._why_not(cursor, queue, row, options)
            if other is not None:
                return other
        if options.files is not None:
            cursor.many(sql.NEED_CONTENT, [{"job": row["key"], "hash": digest} for digest in options.files.hashes])
        for first in firsts:
            cursor.run(sql.COMES_AFTER, job=row["key"], first=first)
            cursor.run(sql.FOLLOW, first=first)
        if failed is not None:
            ends: list[End] = []
            self._keeper._fail_follower(cursor, row["key"], failed["key"], ends)
            self._early[row["key"]] = ends
        if state == READY:
            queue.hungry = True
        elif state == DELAYED:
            self._bell_soon(row["ready"])
        for moment in (row["expires"], row["dead"]):
            if moment is not None:
                self._bell_soon(moment)
        return row["key"], row["id"], True

    def _insert(self, cursor: Cursor, queue: StoredQueue, row: Mapping[str, Any]) -> int | None:
        """Let a row come in, as one that runs here where there is room and none waits. Returns its state, or None."""
        keeper = self._keeper
        plain = row["state"] == READY and row["kind"] != RANGE and not queue.hungry
        claim = keeper.claim(queue) if plain else 0
        row = {**row, "claim": claim, "pool": keeper.id if claim else None, "defined": keeper.defined}
        bare = "plain" in row and row["plain"].bare
        state: int | None
        if bare and not claim:
            state = cursor.one(self._new_plain, row)
        elif bare and cursor.concerns(sql.NEW_CLAIMED, row):
            state = claim
        else:
            state = cursor.one(self._new_job, row)
        if state is not None and claim and state == claim:
            keeper.claimed(queue, {**_UNBEGUN, **row, "state": state})
        return state

    def _notify(self, cursor: Cursor) -> None:
        if self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_WORK)

    def _bell_soon(self, moment: int) -> None:
        due = time.monotonic() + (moment - self._keeper.now()) / 1e6
        if self._keeper.due is None or due < self._keeper.due:
            self._keeper.due = due
            bell = getattr(self, "_bell", None)
            if bell is not None:
                bell.ring()

    def _after(
        self, cursor: Cursor, row: dict[str, Any], before: Sequence[tuple[str, str] | int]
    ) -> tuple[dict[str, Any], Row | None, list[int]]:
        firsts: list[int] = []
        failed: Row | None = None
        for other in before:
            if isinstance(other, int):
                found = cursor.row("SELECT key, state, outcome FROM nsjob_jobs WHERE key = :key FOR UPDATE", key=other)
            else:
                number = self._keeper.queues[other[0]].number
                found = cursor.row(sql.NAMED + " FOR UPDATE", queue=number, id=other[1])
                found = found or cursor.row(sql.LAST_GONE, queue=number, id=other[1])
            if found is None:
                raise NoSuchJob(other if isinstance(other, int) else other[1])
            if found["state"] != ENDED:
                firsts.append(found["key"])
            elif found["outcome"] != OK:
                failed = failed or found
        if firsts or failed is not None:
            row = {**row, "state": BLOCKED, "blockers": len(set(firsts))}
        return row, failed, firsts

    def _why_not(
        self, cursor: Cursor, queue: StoredQueue, row: dict[str, Any], options: JobOptions
    ) -> tuple[int, str, bool] | None:
        """Why a job did not come in: the one that is there in its place, or an error; None where it is in after all."""
        known = cursor.row(sql.WHY_NOT, queue=queue.number)
        if known is None or known["req"] != "none":
            raise QueueDraining(queue.name) if known is not None and known["req"] == "drain" else QueueClosed()
        if cursor.row(sql.BY_TOKEN, key=row["key"], token=row["token"]) is not None:
            return None  # the answer to an earlier commit was lost
        if row["uniq"] is not None:
            same = cursor.row(sql.UNIQUE, queue=queue.number, uniq=row["uniq"])
            if same is not None:
                return same["key"], same["id"], False
        named = cursor.row(sql.NAMED, queue=queue.number, id=row["id"])
        if options.jobid is not None:
            if named is not None and options.ifnew:
                return named["key"], row["id"], False
            raise JobExists(row["id"])
        while True:  # a caller took that name
            number = cursor.value(sql.TAKE_IDS, queue=queue.number, count=1)
            row["id"] = f"job{number - 1}"
            if self._insert(cursor, queue, row) is not None:
                return None
            if cursor.row(sql.NAMED, queue=queue.number, id=row["id"]) is None:
                raise StoreError(f"job {row['id']} did not come in")

    def _entered(self, queue: StoredQueue, key: int, id: str, fresh: bool) -> StoredJob:
        job = self._handle(queue.name, key, id)
        ends = self._early.pop(key, None)
        if ends is not None:
            self._committed(ends)
        if fresh:
            self._own.add(key)
            if job._end is not None:
                self._own.discard(key)
        return job

    def _handle(self, queue: str, key: int, id: str) -> StoredJob:
        found = self._handles.get(key)
        if found is None:
            found = self._handles[key] = StoredJob(cast("StoredPool", self), queue, key, id)
        return found
