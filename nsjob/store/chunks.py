"""Chunks: what a pool takes of a range, and what becomes of it. For the Keeper, in the thread that commits.

A chunk runs here as a range of the core's own: its indexes are retried, limited and interrupted as those of a pool
without a store. What has ended of it is kept every now and then, and at its end; what is lost with a pool goes back.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from nsjob.errors import JobCancelled, JobExpired, JobLost, RangeFailed
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import CANCELLED, ERROR, EXPIRED, OK
from nsjob.pool.runs import said_by
from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import End
from nsjob.store.rows import restored_options
from nsjob.store.schema import READY, RUNNING
from nsjob.store.values import clean, kept_error, pack, restored_error

if TYPE_CHECKING:
    from nsjob.store.core import LocalRun
    from nsjob.store.queues import StoredQueue
    from nsjob.store.settling import Settling

__all__ = [
    "EXPIRING", "STOPPING", "Tally", "cancel_range", "drop_range", "end_range", "extend_chunk", "give_back_chunks",
    "keep_chunk", "return_indexes", "take_chunk",
]  # fmt: skip

STOPPING, EXPIRING = 1, 2  # why no more of a range is taken
_LONGEST_LOG = 1_000  # lines
_KEPT = 1_000  # failures of a range that are kept
_PUT = ("pending", "succeeded", "failed", "cancelled", "stopping", "lost", "error", "first")


def take_chunk(keeper: Settling, cursor: Cursor, queue: StoredQueue, key: int, pool: int, slots: int) -> Row | None:
    """Take the next indexes of a range, as many as are worth a while. Returns its row, or None where it has none."""
    if cursor.row(f"{sql.RANGE} FOR UPDATE", job=key) is None:
        return None
    known = cursor.row(sql.RANGE, job=key)
    row = cursor.row(sql.BY_KEY, key=key)
    assert known is not None
    assert row is not None
    pending = IndexSet.parse(known["pending"]) if known["pending"] else IndexSet()
    under_way = sum(chunk["most"] for chunk in cursor.rows(sql.CHUNKS, job=key))
    most = slots if not known["most"] else min(known["most"] - under_way, slots)
    keyed = queue.maxperkey is not None and row["share"] is not None
    if keyed:
        shares = cursor.rows(sql.SHARES, queue=queue.number)
        used = sum(int(share["jobs"]) for share in shares if share["share"] == row["share"])
        most = min(most, (queue.maxperkey or 1) - used)
        if most <= 0:
            return None
    if not pending or most <= 0 or known["stopping"]:
        cursor.run(sql.RANGE_STATE, key=key, state=RUNNING, now=keeper.now())
        return None
    bounded = bool(known["most"]) or keyed
    chunk, pending = _next(known, pending, most + keeper.ahead(key, most), most)
    cursor.run(sql.NEW_CHUNK, job=key, pool=pool, most=most if bounded else 0, indexes=str(chunk))
    _put(cursor, known, pending=pending)
    more = bool(pending) and (not known["most"] or under_way + most < known["most"])
    cursor.run(sql.RANGE_STATE, key=key, state=READY if more else RUNNING, now=keeper.now())
    return {
        **row, "kind": known["kind"], "defined": cursor.value(sql.LAST_DEFINITION), "chunk": str(chunk),
        "most": most if bounded else 0, "attempt": 1,
        "more": bool(pending),
    }  # fmt: skip


def _next(known: Row, pending: IndexSet, size: int, few: int) -> tuple[IndexSet, IndexSet]:
    """The next indexes of a range, and those that are left then."""
    chunk = pending.first(size)
    lost = _lost(known)
    if lost and chunk & lost[0]:  # as few as can be go with them where they take this pool with them, too
        chunk = pending.first(few)
    return chunk, pending - chunk


def extend_chunk(cursor: Cursor, run: LocalRun, ahead: int, slots: int, there: int) -> tuple[IndexSet, bool, int]:
    """Take more indexes of a range of which this pool has some.

    Arguments:
        ahead: how many are wanted beside those that can run.
        slots: how many of its jobs the queue may run here.
        there: how many this pool has that have not ended.

    Returns them, whether there are more, and how many may be under way here; 0 for any number.
    """
    known = cursor.row(f"{sql.RANGE} FOR UPDATE", job=run.key)
    mine = [chunk for chunk in cursor.rows(sql.CHUNKS, job=run.key) if chunk["pool"] == run.owner]
    if known is None or not mine or known["stopping"] or not known["pending"]:
        return IndexSet(), False, -1
    most = mine[0]["most"]
    if cursor.value(sql.GOES_BEFORE, job=run.key) is not None:
        return IndexSet(), True, most
    if known["most"] and run._options.key is None:
        others = sum(chunk["most"] for chunk in cursor.rows(sql.CHUNKS, job=run.key)) - most
        most = max(min(known["most"] - others, slots), most)
    few = max(min(most or slots, slots) - there, 0)
    chunk, pending = _next(known, _set(known["pending"]), few + ahead, few)
    indexes = str(_set(mine[0]["indexes"]) | chunk)
    cursor.run(sql.EXTEND_CHUNK, job=run.key, pool=run.owner, indexes=indexes, most=most)
    _put(cursor, known, pending=pending)
    if not pending:
        cursor.run(sql.RANGE_STATE, key=run.key, state=RUNNING, now=None)
    return chunk, bool(pending), most


def return_indexes(cursor: Cursor, run: LocalRun, back: IndexSet) -> None:
    """Give indexes of a chunk back that have not begun."""
    known = cursor.row(f"{sql.RANGE} FOR UPDATE", job=run.key)
    mine = [chunk for chunk in cursor.rows(sql.CHUNKS, job=run.key) if chunk["pool"] == run.owner]
    if known is None or not mine:
        return
    back = back & _set(mine[0]["indexes"])
    cursor.run(sql.SHRINK_CHUNK, job=run.key, pool=run.owner, indexes=str(_set(mine[0]["indexes"]) - back))
    _put(cursor, known, pending=_set(known["pending"]) | back)
    if not known["stopping"]:
        cursor.run(sql.RANGE_STATE, key=run.key, state=READY, now=None)


def _put(cursor: Cursor, known: Row, **changed: Any) -> None:
    values = {name: known[name] for name in _PUT}
    values.update({name: str(value) if isinstance(value, IndexSet) else value for name, value in changed.items()})
    cursor.run(sql.PUT_RANGE, job=known["job"], **values)


def _set(text: str) -> IndexSet:
    return IndexSet.parse(text) if text else IndexSet()


def _lost(known: Row) -> list[IndexSet]:
    """Which indexes were lost with a pool: first those that were once or more often, then twice or more often, ..."""
    return [_set(text) for text in json.loads(known["lost"] or "[]")]


def keep_chunk(keeper: Settling, cursor: Cursor, job: LocalRun, ends: list[End], last: bool) -> bool:
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
    if not (tally.stopped or tally.expired or tally.dropped):  # this pool leaves: what does not run any more goes back
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
    log, output = _words(keeper, cursor, job) if last else (None, None)
    progress = json.dumps([done, len(_set(known["indexes"])), note])
    cursor.run(sql.SAY, job=job.key, progress=progress, log=log, output=output)
    if last:
        end_range(keeper, cursor, job.key, ends)
    return True


def _words(keeper: Settling, cursor: Cursor, job: LocalRun) -> tuple[str | None, str | None]:
    """What the indexes of a range have logged and printed, with what those did that have just ended here."""
    said = keeper._speech(job)
    if said is None:
        return None, None
    before = cursor.row(sql.SAID, job=job.key) or {"log": None, "output": None}
    log = [*(before["log"] or "").split("\n"), *(said["log"] or "").split("\n")]
    output = (before["output"] or "") + (said["output"] or "")
    kept = [line for line in log if line][-_LONGEST_LOG:]
    return "\n".join(kept) or None, output[-keeper._core.settings.maxoutput :] or None


def _keep_failures(keeper: Settling, cursor: Cursor, job: LocalRun, failed: IndexSet) -> None:
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


def end_range(keeper: Settling, cursor: Cursor, key: int, ends: list[End]) -> None:
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
        lifetime = restored_options(None if row["options"] is None else bytes(row["options"])).lifetime or 0.0
        value = JobExpired(f"job {row['id']} has reached the end of its lifetime of {lifetime:g} seconds")
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
    if end.outcome is not OK:
        cursor.run(
            sql.RUN, job=key, attempt=1, started=row["started"] or end.ended, ended=end.ended, pool=keeper.name,
            host=keeper.host, pid=os.getpid(), outcome=end.outcome,
            reason="it was cancelled" if end.outcome is CANCELLED else clean(said_by(value)),
        )  # fmt: skip
    ends.append(end)
    end.queue = end.home = row["queue"]
    end.id = row["id"]
    queue = keeper.by_number.get(row["queue"])
    if found or (end.outcome is not OK and queue is not None and queue.onerror != "continue"):
        numbers = {} if end.outcome is ERROR else {key: row["queue"]}  # its indexes' failures have told already
        keeper.follow_up(cursor, {key: end.outcome is OK}, numbers, ends)


def _failure(id: str, known: Row, failed: IndexSet, cancelled: IndexSet) -> RangeFailed:
    some = f"{len(failed)} of {len(_set(known['indexes']))} indexes of job {id} failed: {failed.brief()}"
    if cancelled:
        some += f"; {len(cancelled)} were cancelled: {cancelled.brief()}"
    error = RangeFailed(some, -1 if known["first"] is None else known["first"])
    if known["error"] is not None:
        error.__cause__ = restored_error(known["error"])
    return error


def give_back_chunks(keeper: Settling, cursor: Cursor, pool: int, ends: list[End], lost: bool = True) -> None:
    """A pool is gone: what it had of ranges goes back, or fails where they were lost so too often."""
    for chunk in cursor.rows(sql.POOLS_CHUNKS, pool=pool):
        key = chunk["job"]
        known = cursor.row(f"{sql.RANGE} FOR UPDATE", job=key)
        cursor.run(sql.DROP_CHUNK, job=key, pool=pool)
        if known is None:
            continue
        left = _set(chunk["indexes"])
        if known["stopping"]:
            _put(cursor, known, cancelled=_set(known["cancelled"]) | left)
        elif lost and left:
            _lose(keeper, cursor, known, left, ends)
        else:
            _put(cursor, known, pending=_set(known["pending"]) | left)
        end_range(keeper, cursor, key, ends)


def _lose(keeper: Settling, cursor: Cursor, known: Row, left: IndexSet, ends: list[End]) -> None:
    """Indexes are lost with the pool that ran them: back with them, save those that were so too often."""
    row = cursor.row(sql.BY_KEY, key=known["job"])
    assert row is not None
    cursor.each(sql.LOSE_RANGE, [{"key": known["job"]}])
    levels, before = _lost(known), left
    for place in range(keeper.maxlosses):
        if place == len(levels):
            levels.append(IndexSet())
        before, levels[place] = before & levels[place], levels[place] | before
        if not before:
            break
    dead = left & levels[keeper.maxlosses - 1] if len(levels) >= keeper.maxlosses else IndexSet()
    changed: dict[str, Any] = {
        "lost": json.dumps([str(level) for level in levels]), "pending": _set(known["pending"]) | (left - dead)
    }  # fmt: skip
    if dead:
        changed["failed"] = _set(known["failed"]) | dead
        error = JobLost(f"lost {keeper.maxlosses} times with the pool that ran it (maxlosses): it may kill them")
        if known["error"] is None:
            changed.update(error=kept_error(error), first=next(iter(dead)))
        now = keeper.now()
        for index in dead.first(_KEPT):
            cursor.run(
                sql.FAILURE, job=known["job"], number=index, pool=keeper.name, host=keeper.host, started=now, ended=now,
                runs=keeper.maxlosses, error=said_by(error),
            )  # fmt: skip
    _put(cursor, known, **changed)
    if dead:
        keeper.react(cursor, row["queue"], ends)


def drop_range(keeper: Settling, cursor: Cursor, key: int) -> list[int]:
    """What does not run of a range that has begun never will; what runs goes on. Returns the pools that have some."""
    known = cursor.row(f"{sql.RANGE} FOR UPDATE", job=key)
    if known is None or known["stopping"]:
        return []
    _put(cursor, known, pending=IndexSet(), cancelled=_set(known["cancelled"]) | _set(known["pending"]))
    cursor.run(sql.RANGE_STATE, key=key, state=RUNNING, now=keeper.now())
    return [chunk["pool"] for chunk in cursor.rows(sql.CHUNKS, job=key)]


def cancel_range(keeper: Settling, cursor: Cursor, key: int, ends: list[End], why: int = STOPPING) -> list[int]:
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
        end_range(keeper, cursor, key, ends)
    return pools


class Tally:
    """What has ended of a chunk that runs here, and has not been kept yet.

    Attributes:
        stopped: whether it was cancelled.
        dropped: whether what had not begun was.
        more: whether there are more indexes to be taken.
        extending: whether more are being taken.
    """

    def __init__(self, ranged: Any) -> None:
        self._range = ranged
        self._seen = IndexSet()
        self._given: list[IndexSet] = []
        self._error: BaseException | None = None
        self.more = False
        self.extending = False
        self._marks = [(time.monotonic(), 0)] * 2  # when how many had ended: the last two
        self.stopped = False
        self.dropped = False

    @property
    def error(self) -> BaseException | None:
        """Of the index that failed first."""
        found: BaseException | None = self._range.error
        return found or self._error

    def note(self, failure: BaseException | None) -> None:
        """The part has ended with this error, which has taken that of the index over."""
        if isinstance(failure, RangeFailed):
            self._error = failure.__cause__

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

    def mark(self, after: float) -> int | None:
        """Note how many have ended, at most once in so many seconds. Returns how many have since the last note."""
        now, count = time.monotonic(), self.count()
        since, before = self._marks[1]
        if now - since < after:
            return None
        self._marks = [self._marks[1], (now, count)]
        return count - before

    def rate(self) -> float:
        """How many have ended in a second, lately."""
        since, before = self._marks[0]
        return (self.count() - before) / max(time.monotonic() - since, 1e-3)

    def count(self) -> int:
        """How many have ended."""
        return int(self._range.ended())
