"""Chunks: what a pool takes of a range, and what becomes of it. For the Keeper, in the thread that commits.

A chunk runs here as a range of the core's own: its indexes are retried, limited and interrupted as those of a pool
without a store. What has ended of it is kept every now and then, and at its end; what is lost with a pool goes back.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from nsjob.errors import JobCancelled, JobExpired, JobLost, RangeFailed
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import CANCELLED, ERROR, EXPIRED, OK
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import End
from nsjob.store.schema import READY, RUNNING
from nsjob.store.values import clean, kept_error, pack, restored_error

if TYPE_CHECKING:
    from nsjob.store.core import LocalRun
    from nsjob.store.keeper import Keeper
    from nsjob.store.queues import StoredQueue

__all__ = ["EXPIRING", "STOPPING", "Tally", "cancel_range", "give_back_chunks", "keep_chunk", "take_chunk"]

STOPPING, EXPIRING = 1, 2  # why no more of a range is taken
_WORTH = 1.0  # seconds of work that a chunk should be
_FIRST = 4  # indexes for each slot, while nothing is known of how long they take
_LARGEST = 20_000
_KEPT = 1_000  # failures of a range that are kept


def take_chunk(keeper: Keeper, cursor: Cursor, queue: StoredQueue, key: int, pool: int, slots: int) -> Row | None:
    """Take the next indexes of a range, as many as are worth a while. Returns its row, or None where it has none."""
    if cursor.row(f"{sql.RANGE} FOR UPDATE", job=key) is None:
        return None
    known = cursor.row(sql.RANGE, job=key)
    row = cursor.row(sql.BY_KEY, key=key)
    assert known is not None and row is not None
    pending = IndexSet.parse(known["pending"]) if known["pending"] else IndexSet()
    under_way = sum(chunk["most"] for chunk in cursor.rows(sql.CHUNKS, job=key))
    most = slots if not known["most"] else min(known["most"] - under_way, slots)
    if not pending or most <= 0 or known["stopping"]:
        cursor.run(sql.RANGE_STATE, key=key, state=RUNNING, now=keeper.now())
        return None
    size = slots if row["losses"] else keeper.chunk_size(key, slots)
    chunk = pending.pop_first(min(size, len(pending)))
    cursor.run(sql.NEW_CHUNK, job=key, pool=pool, most=most if known["most"] else 0, indexes=str(chunk))
    _put(cursor, known, pending=pending)
    more = bool(pending) and (not known["most"] or under_way + most < known["most"])
    cursor.run(sql.RANGE_STATE, key=key, state=READY if more else RUNNING, now=keeper.now())
    return {**row, "kind": known["kind"], "chunk": str(chunk), "most": most if known["most"] else 0, "attempt": 1}


def _put(cursor: Cursor, known: Row, **changed: Any) -> None:
    values = {name: known[name] for name in ("pending", "succeeded", "failed", "cancelled", "stopping", "error", "first")}
    values.update({name: str(value) if isinstance(value, IndexSet) else value for name, value in changed.items()})
    cursor.run(sql.PUT_RANGE, job=known["job"], **values)


def _set(text: str) -> IndexSet:
    return IndexSet.parse(text) if text else IndexSet()


def keep_chunk(keeper: Keeper, cursor: Cursor, job: LocalRun, ends: list[End], last: bool) -> bool:
    """Keep what has ended of a chunk. Returns whether it is this pool's still.

    Arguments:
        last: whether nothing of it runs any more: what has not ended goes back, and the range may be over.
    """
    assert job.tally is not None
    known = cursor.row(f"{sql.RANGE} FOR UPDATE", job=job.key)
    mine = [chunk for chunk in cursor.rows(sql.CHUNKS, job=job.key) if chunk["pool"] == job.owner]
    if known is None or not mine:
        return False
    tally = job.tally
    open_ = _set(mine[0]["indexes"])
    succeeded, failed, cancelled = (IndexSet(part for part in ended if part in open_) for ended in tally.new())
    if not (tally.stopped or tally.expired):  # this pool leaves: what it does not run any more goes back
        cancelled = IndexSet()
    left = open_ - succeeded - failed - cancelled
    changed: dict[str, Any] = {
        "succeeded": _set(known["succeeded"]) | succeeded,
        "failed": _set(known["failed"]) | failed,
        "cancelled": _set(known["cancelled"]) | cancelled,
    }
    if failed and known["error"] is None and tally.error is not None:
        changed.update(error=kept_error(tally.error), first=tally.first)
    _keep_failures(keeper, cursor, job, failed)
    pending = _set(known["pending"])
    stopping = known["stopping"]
    if last and not stopping:
        stopping = EXPIRING if tally.expired else STOPPING if tally.stopped else 0
    if last:
        cursor.run(sql.DROP_CHUNK, job=job.key, pool=job.owner)
        if stopping:
            changed["cancelled"] = changed["cancelled"] | left | pending
            pending = IndexSet()
        else:
            pending = pending | left
    else:
        cursor.run(sql.SHRINK_CHUNK, job=job.key, pool=job.owner, indexes=str(left))
    _put(cursor, known, pending=pending, stopping=stopping, **changed)
    done = sum(len(changed[name]) for name in ("succeeded", "failed", "cancelled"))
    note = f"{len(changed['failed'])} failed" if changed["failed"] else ""
    cursor.run(sql.SAY, job=job.key, progress=_progress(done, len(_set(known["indexes"])), note), log=None, output=None)
    if last:
        _go_on(keeper, cursor, job.key, ends)
    return True


def _progress(done: int, total: int, note: str) -> str:
    import json

    return json.dumps([done, total, note])


def _keep_failures(keeper: Keeper, cursor: Cursor, job: LocalRun, failed: IndexSet) -> None:
    if not failed or job.tally is None:
        return
    room = _KEPT - cursor.value(sql.FAILURES, job=job.key)
    for index in failed:
        past = job.tally.failures.get(index)
        if past is None or room <= 0:
            continue
        room -= 1
        past.settle()
        cursor.run(
            sql.FAILURE, job=job.key, number=index, pool=keeper.name, host=keeper.host,
            started=keeper._wall(past.started), ended=None if past.ended is None else keeper._wall(past.ended),
            runs=past.attempt, error=clean(past.reason)[:1000],
        )  # fmt: skip


def _go_on(keeper: Keeper, cursor: Cursor, key: int, ends: list[End]) -> None:
    """A chunk is gone: the range has more to be taken, or is over."""
    known = cursor.row(sql.RANGE, job=key)
    chunks = cursor.rows(sql.CHUNKS, job=key)
    row = cursor.row(sql.BY_KEY, key=key)
    if known is None or row is None:
        return
    if known["pending"] and not known["stopping"]:
        under_way = sum(chunk["most"] for chunk in chunks)
        more = not known["most"] or under_way < known["most"]
        cursor.run(sql.RANGE_STATE, key=key, state=READY if more else RUNNING, now=keeper.now())
        keeper.hungry(row["queue"])
        return
    if chunks:
        return
    failed, cancelled = _set(known["failed"]), _set(known["cancelled"])
    value: Any = None
    if known["stopping"] == EXPIRING:
        value = JobExpired(f"job {row['id']} has reached the end of its lifetime")
        end = End(key, EXPIRED, "TCL_ERROR", kept_error(value), value)
    elif known["stopping"] or (cancelled and not failed):
        end = End(key, CANCELLED, "TCL_ERROR", None, JobCancelled())
    elif failed:
        value = _failure(row["id"], known, failed, cancelled)
        end = End(key, ERROR, "TCL_ERROR", kept_error(value), value)
    else:
        value = {name: known[name] for name in ("succeeded", "failed", "cancelled")}
        end = End(key, OK, "TCL_OK", pack(value, "the result of a range"), value)
    end.ended = keeper.now()
    ran = f"{keeper.name}\n{keeper.host}\n{os.getpid()}\n{keeper.id}"
    found = cursor.each(sql.END_RANGE, [{
        "key": key, "outcome": end.outcome, "code": end.code, "result": end.data, "ended": end.ended, "ran": ran,
        "gone": int(known["stopping"] == STOPPING), "keep": keeper.keep,
    }])[0]  # fmt: skip
    if found is None:
        return
    ends.append(end)
    end.queue = row["queue"]
    queue = keeper.by_number.get(row["queue"])
    if found or (end.outcome is not OK and queue is not None and queue.onerror != "continue"):
        keeper.follow_up(cursor, {key: end.outcome is OK}, {key: row["queue"]}, ends)


def _failure(id: str, known: Row, failed: IndexSet, cancelled: IndexSet) -> RangeFailed:
    some = f"{len(failed)} of {len(_set(known['indexes']))} indexes of job {id} failed: {failed.brief()}"
    if cancelled:
        some += f"; {len(cancelled)} were cancelled: {cancelled.brief()}"
    error = RangeFailed(some, -1 if known["first"] is None else known["first"])
    if known["error"] is not None:
        error.__cause__ = restored_error(known["error"])
    return error


def give_back_chunks(keeper: Keeper, cursor: Cursor, pool: int, ends: list[End], lost: bool = True) -> None:
    """A pool is gone: what it had of ranges goes back, or fails where they were lost so too often."""
    for chunk in cursor.rows(sql.POOLS_CHUNKS, pool=pool):
        key = chunk["job"]
        known = cursor.row(f"{sql.RANGE} FOR UPDATE", job=key)
        cursor.run(sql.DROP_CHUNK, job=key, pool=pool)
        if known is None:
            continue
        left = _set(chunk["indexes"])
        losses = cursor.each(sql.LOSE_RANGE, [{"key": key}])[0] if lost and left else 0
        if known["stopping"]:
            _put(cursor, known, cancelled=_set(known["cancelled"]) | left)
        elif losses and losses >= keeper.maxlosses:
            error = JobLost(f"indexes {left.brief()} were lost with the pool that ran them, {losses} times in all")
            _put(
                cursor, known, failed=_set(known["failed"]) | left,
                error=known["error"] or kept_error(error), first=known["first"] if known["error"] else next(iter(left)),
            )  # fmt: skip
        else:
            _put(cursor, known, pending=_set(known["pending"]) | left)
        _go_on(keeper, cursor, key, ends)


def cancel_range(keeper: Keeper, cursor: Cursor, key: int, ends: list[End], why: int = STOPPING) -> list[int]:
    """What has not been taken never runs. Returns the pools that have some of it.

    Arguments:
        why: STOPPING or EXPIRING.
    """
    known = cursor.row(f"{sql.RANGE} FOR UPDATE", job=key)
    if known is None:
        return []
    _put(cursor, known, pending=IndexSet(), cancelled=_set(known["cancelled"]) | _set(known["pending"]), stopping=why)
    cursor.run(sql.RANGE_STATE, key=key, state=RUNNING, now=keeper.now())
    pools = [chunk["pool"] for chunk in cursor.rows(sql.CHUNKS, job=key)]
    if not pools:
        _go_on(keeper, cursor, key, ends)
    return pools


class Tally:
    """What has ended of a chunk that runs here, and has not been kept yet.

    Attributes:
        stopped: whether it was cancelled.
    """

    def __init__(self, ranged: Any) -> None:
        self._range = ranged
        self._seen = IndexSet()
        self._given: list[IndexSet] = []
        self.begun = time.monotonic()
        self.stopped = False

    @property
    def error(self) -> BaseException | None:
        """Of the index that failed first."""
        found: BaseException | None = self._range.error
        return found

    @property
    def expired(self) -> bool:
        """Whether its job's lifetime is over."""
        return bool(getattr(self._range, "expired", False))

    @property
    def first(self) -> int:
        """That one."""
        return int(self._range.first)

    @property
    def failures(self) -> dict[int, Any]:
        """The last runs of those that failed."""
        found: dict[int, Any] = self._range.failures
        return found

    def freeze(self, core: Any) -> None:
        """Take what has ended since it was last kept, to be kept now."""

        def look() -> list[IndexSet]:
            ranged = self._range
            return [ended - self._seen for ended in (ranged.succeeded, ranged.failed, ranged.cancelled)]

        self._given = core.locked(look)

    def new(self) -> list[IndexSet]:
        """That."""
        return self._given

    def kept(self) -> None:
        """It has been kept."""
        for ended in self._given:
            self._seen = self._seen | ended
        self._given = []

    def count(self) -> int:
        """How many have ended."""
        return int(self._range.ended())
