"""Keeper: what a pool holds of the store under its lease, and what becomes of it.

Everything with `cursor` runs in the thread that commits, within a transaction that may be done again: it changes
nothing of the keeper's but by what it returns, which is called after the commit.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from nsjob.errors import DependencyFailed, JobCancelled, JobExpired, JobLost, NsjobError, ResultTooLarge
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import CANCELLED, DONE, ERROR, EXPIRED, OK, RUNNING, SCHEDULED
from nsjob.pool.ranges import Range
from nsjob.pool.runs import KEPT
from nsjob.pool.work import Housed, Templated
from nsjob.store import sql
from nsjob.store.chunks import (
    EXPIRING,
    Tally,
    cancel_range,
    drop_range,
    end_range,
    extend_chunk,
    give_back_chunks,
    keep_chunk,
    take_chunk,
)
from nsjob.store.commits import Commits
from nsjob.store.core import LocalRun, StoredCore, local_run
from nsjob.store.database import Cursor, Database, Row
from nsjob.store.ends import End
from nsjob.store.queues import PlainRow, StoredQueue
from nsjob.store.rows import RANGE, Languages, micro, restored_options, restored_work
from nsjob.store.schema import DELAYED, READY, RESERVED
from nsjob.store.schema import RUNNING as AT_WORK
from nsjob.store.serving import Serving
from nsjob.store.templates import check_of
from nsjob.store.values import clean, kept_error, pack

if TYPE_CHECKING:
    from nsjob.pool.job import Job
    from nsjob.pool.options import JobOptions
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.work import Work
    from nsjob.store.watching import RunEvents

__all__ = ["Keeper"]

_EXTEND_AT = 0.7  # of the lease
_TINY = 0.005  # seconds: jobs that take less are reserved in batches
_SAMPLES = 8
_TOGETHER = 8  # tiny jobs that start together, where they come one after the other
_AT_ONCE = 64  # jobs that come in under one acquisition of the pool's lock
_WORTH = 1.0  # seconds of work of a range that are taken ahead
_LARGEST = 20_000  # indexes that are taken at once
_AHEAD = 64  # tiny jobs reserved for each slot
_MOST_AHEAD = 512
_TALLY_EVERY = 0.1  # seconds: who is killed takes that much of the counts with it, and nothing else
_SETTLE = 0.05  # seconds after which what is reserved and has not started goes back
_logger = logging.getLogger("nsjob")


class Keeper:
    """The lease of one pool, its slots, and the jobs that it has taken.

    Attributes:
        id: of the lease; None where there is none.
        leasing: whether jobs are taken.
        queues: as the store has them, by name.
        runs: what was taken and has not ended, by key.
    """

    def __init__(
        self,
        core: StoredCore,
        database: Database,
        name: str,
        lease: float,
        keep: float,
        threads: int | None,
        maxlosses: int,
        maxresult: int,
        languages: Languages,
        serving: Serving,
        arrived: Callable[[Sequence[End]], object],
    ) -> None:
        self._core = core
        self._database = database
        self.name = name
        self.host = socket.gethostname()
        self.lease = lease
        self.keep = micro(keep)
        self._threads = threads
        self.maxlosses = maxlosses
        self.leaving = False  # whether what is interrupted here is to go back
        self._maxresult = maxresult
        self._languages = languages
        self._arrived = arrived
        self.id: int | None = None
        self.epoch = 0
        self.leasing = threads != 0
        self.queues: dict[str, StoredQueue] = {}
        self.by_number: dict[int, StoredQueue] = {}
        self.runs: dict[int, LocalRun] = {}
        self.serves = serving
        self._lease = serving.lease(database.dialect)
        self._ends: deque[LocalRun] = deque()
        self._settling: list[LocalRun] = []
        self._dropping: deque[int] = deque()  # keys of ranges of which no more is to begin here
        self._posted = False
        self._extend_at = 0.0  # by the monotonic clock
        self._lease_end = 0.0
        self._offset = 0  # of the database's clock to the monotonic one, microseconds
        self._ord = 0
        self.defined = 0  # how many of the store's definitions there are here
        self.due: float | None = None  # when something is to be looked for, by the monotonic clock
        self.commits: Commits
        self._sure = database.unsure
        self.observers: RunEvents
        self.settle_at: float | None = None
        self._rates: dict[int, float] = {}  # of ranges: indexes a second
        self._claimed: dict[StoredQueue, list[Row]] = {}
        self._held_back: list[tuple[LocalRun, int]] = []  # tiny ones that start together, with their ranks
        self._claiming: list[StoredQueue] = []
        self.tallies: Counter[tuple[int, str]] = Counter()
        self.tallying = 0  # how often they are being kept just now
        self.tallied = 0  # how often that was begun
        self.tally_at: float | None = None
        self.capturing = False  # whether what bodies print may be kept
        self._heard: dict[int, Any] = {}  # up to where that has been looked at, by key
        self.speakers: dict[int, LocalRun] = {}  # runs that have said something since it was last kept

    # -- the clock -----------------------------------------------------------------------------------------------

    def set_clock(self, now: int) -> None:
        """The database's clock says so."""
        self._offset = now - micro(time.monotonic())

    def now(self) -> int:
        """The time by the database's clock, as far as that is known without asking."""
        return micro(time.monotonic()) + self._offset

    def turn(self) -> int:
        """The next job's turn: later than all that were given here."""
        self._ord = max(self._ord + 1, self.now())
        return self._ord

    # -- the lease -----------------------------------------------------------------------------------------------

    def hungry(self, *numbers: int) -> None:
        """These queues may have work."""
        for number in numbers:
            queue = self.by_number.get(number)
            if queue is not None:
                queue.heard += 1  # before it: a lease that goes on may have been too early to see it
                queue.hungry = True

    def wants(self) -> bool:
        """Whether a transaction is wanted for the lease's or some queue's sake."""
        if not self.leasing:
            return False
        return time.monotonic() >= self._extend_at or any(
            queue.hungry and self._room(queue) for queue in self.by_number.values()
        )

    def head(self) -> None:
        """The beginning of each transaction: nothing has been claimed in it."""
        self._claimed.clear()
        for queue in self._claiming:
            queue.claims = 0
        self._claiming.clear()

    def claim(self, queue: StoredQueue) -> int:
        """As what a new job of the queue may come in where none waits: a running or reserved one of this pool, or 0."""
        if not self.leasing or self.id is None or queue.maxperkey is not None or not self.serves(queue):
            return 0
        if self.serves.by_topic:
            return 0
        if time.monotonic() >= self._extend_at:
            return 0
        tiny = queue.tiny()
        room = min(self._slots(queue), queue.held)
        if tiny:
            room = min(room * _AHEAD, _MOST_AHEAD)
        return 0 if queue.busy() >= room else RESERVED if tiny else AT_WORK

    def claimed(self, queue: StoredQueue, row: Row) -> None:
        """A new job has come in so."""
        queue.claims += 1
        self._claiming.append(queue)
        self._claimed.setdefault(queue, []).append(row)

    def tail(self, cursor: Cursor) -> Callable[[], object] | None:
        """The end of each transaction: keep the lease, and take what there is room for."""
        if not self.leasing:
            return None
        after: list[Callable[[], object]] = []
        claims = self.claims()
        if claims is not None:
            after.append(claims)
        pool = self._keep_lease(cursor, after)
        if pool is None:
            return partial(_call_all, after)
        if self._sure != self._database.unsure:
            self._give_back_unknown(cursor, pool, after)
        for queue in list(self.by_number.values()):
            if queue.hungry and self.serves(queue):
                self._take(cursor, queue, pool, after)
        return partial(_call_all, after) if after else None

    def claims(self) -> Callable[[], object] | None:
        """What starts the new jobs that have come in as this pool's."""
        if not self._claimed:
            return None
        return partial(
            _call_all, [partial(self._start, queue, self.id or 0, rows, -1) for queue, rows in self._claimed.items()]
        )

    def busy(self) -> bool:
        """Whether `tail` has anything to do in the database."""
        return self.wants() or (self.leasing and self._sure != self._database.unsure)

    def _give_back_unknown(self, cursor: Cursor, pool: int, after: list[Callable[[], object]]) -> None:
        """The answer to a commit was lost, and with it which jobs were taken: what is not known here goes back."""
        known = {*self.runs, *(row["key"] for rows in self._claimed.values() for row in rows)}
        strange = [row["key"] for row in cursor.rows(sql.OWNED, pool=pool) if row["key"] not in known]
        cursor.many(sql.GIVE_BACK, [{"key": key, "owner": pool} for key in strange])
        if strange:
            after += [partial(setattr, queue, "hungry", True) for queue in self.by_number.values()]
        after.append(partial(setattr, self, "_sure", self._database.unsure))

    def _keep_lease(self, cursor: Cursor, after: list[Callable[[], object]]) -> int | None:
        """The id of the lease, extended or new."""
        asked = time.monotonic()
        if self.id is not None:
            if asked < self._extend_at:
                return self.id
            found = cursor.row(sql.EXTEND, pool=self.id, lease=micro(self.lease))
            if found is not None:
                after.append(partial(self._extended, asked, found["now"]))
                return self.id
            after.append(self.lost)
            return None
        made = cursor.row(sql.NEW_POOL, name=self.name, host=self.host, pid=os.getpid(), lease=micro(self.lease))
        assert made is not None
        after.append(partial(self._registered, asked, made))
        return int(made["id"])

    def _extended(self, asked: float, now: int) -> None:
        self._lease_end = asked + self.lease
        self._extend_at = asked + self.lease * _EXTEND_AT
        self.set_clock(now)

    def _registered(self, asked: float, row: Row) -> None:
        self.id, self.epoch = row["id"], row["epoch"]
        self._extended(asked, row["now"])

    def lost(self) -> None:
        """The lease ran out, and others have had its jobs since: what still runs here is nobody's."""
        self.start_held_back()
        orphans = list(self.runs.values())
        if orphans:
            _logger.warning("pool %s lost its lease of the store: %d jobs have gone to others", self.name, len(orphans))
        self.id = None
        self.runs.clear()
        for queue in self.by_number.values():
            queue.held = 0
            queue.taken.clear()
            queue.hungry = True
        for job in orphans:
            job.orphan = True
            self._core.locked(self._core.stops.cancel, job)
        self.commits.ring()

    # -- taking jobs ---------------------------------------------------------------------------------------------

    def _room(self, queue: StoredQueue) -> int:
        """How many more jobs of the queue could be had here."""
        if queue.paused or not self.serves(queue):
            return 0
        slots = self._slots(queue)
        taken = queue.busy()
        if queue.tiny():
            ahead = min(slots * _AHEAD, _MOST_AHEAD)
            return ahead - taken if taken <= ahead // 2 else 0
        return max(slots - taken, 0)

    def _slots(self, queue: StoredQueue) -> int:
        """How many of its jobs could run here at once."""
        if self._threads is None:
            return queue.maxthreads
        elsewhere = sum(min(other.busy(), other.held) for other in self.by_number.values() if other is not queue)
        return min(queue.maxthreads, max(self._threads - elsewhere, 0))

    def _take(self, cursor: Cursor, queue: StoredQueue, pool: int, after: list[Callable[[], object]]) -> None:
        room = self._room(queue)
        if room <= 0:
            return
        slots = self._slots(queue)
        heard = queue.heard
        held = queue.held
        if self.serves.by_topic and not held:  # slots that it cannot use are others'
            if cursor.value(self.serves.has_work, queue=queue.number, **self.serves.values) is None:
                after.append(partial(setattr, queue, "hungry", False))
                return
        if held < slots or queue.shrunk:
            cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
            granted = self._grant(cursor, queue, pool, slots)
            if granted != held or queue.shrunk:
                held = granted
                after.append(partial(self._granted, queue, granted))
        if held <= 0:
            return
        tiny = queue.tiny()
        count = room if tiny else min(room, held - queue.busy())
        if count <= 0:
            return
        if queue.ranges:
            rows = self._take_in_order(cursor, queue, pool, count, held)
        elif queue.maxperkey is None:
            rows = cursor.rows(
                self._lease, pool=pool, now=self.now(), queue=queue.number, count=count,
                state=RESERVED if tiny else AT_WORK, **self.serves.values,
            )  # fmt: skip
        else:
            rows = self._take_by_keys(cursor, queue, pool, count)
        rows.sort(key=lambda row: (-row["rank"], row["ord"], row["key"]))
        if rows and max(row["defined"] for row in rows) > self.defined:
            after.append(partial(self.define, cursor.rows(sql.DEFINITIONS, number=self.defined)))
        after.append(partial(self._start, queue, pool, rows, heard if len(rows) < count else -1))

    def _grant(self, cursor: Cursor, queue: StoredQueue, pool: int, wanted: int) -> int:
        """Hold as many slots as are wanted and free, over all pools."""
        known = cursor.row(sql.LOCK_QUEUE, queue=queue.number)
        if known is None or known["paused"]:
            return queue.held
        free = known["maxthreads"] - cursor.value(sql.OTHERS_SLOTS, queue=queue.number, pool=pool)
        granted = max(min(wanted, free), 0)
        if granted != queue.held or queue.shrunk:
            cursor.run(sql.HOLD, pool=pool, queue=queue.number, slots=granted)
        return int(granted)

    def _take_in_order(self, cursor: Cursor, queue: StoredQueue, pool: int, count: int, slots: int) -> list[Row]:
        """The same where some of them are ranges: one chunk of one range at a time, in its turn."""
        cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
        keys: list[int] = []
        chunk: Row | None = None
        rows = cursor.rows(self.serves.in_order, queue=queue.number, pool=pool, count=count, **self.serves.values)
        for row in rows:
            if row["kind"] == RANGE:
                mine = self.runs.get(row["key"])
                if mine is None or mine.outcome:  # that part has ended, and is being settled
                    chunk = take_chunk(self, cursor, queue, row["key"], pool, slots)
                if chunk is None:
                    continue
                break
            keys.append(row["key"])
        found: list[Row] = []
        if keys:
            if queue.maxperkey is not None:
                found = self._take_by_keys(cursor, queue, pool, len(keys))
            else:
                found = cursor.rows(sql.LEASE_KEYS, pool=pool, now=self.now(), keys=cursor.keys(keys))
        return [*found, chunk] if chunk is not None else found

    def ahead(self, key: int, slots: int) -> int:
        """How many indexes of a range are to be taken beside those that begin at once."""
        return _ahead(self._rates.get(key, 0.0), slots)

    def index_ended(self, job: LocalRun, ranged: Range) -> None:
        """An index of a range has ended here: more of them are taken in time. Under the pool's lock."""
        tally = job.tally
        if tally is None or tally.extending or job.outcome or self.leaving:
            return
        queue = self.queues.get(job.queue)
        if queue is None or queue.paused:
            return
        slots = min(ranged.most or queue.held, queue.held)
        ahead = _ahead(tally.rate(), slots)
        there = len(ranged.pending) + len(ranged.active)
        if there >= slots and len(ranged.pending) >= ahead // 2:
            return
        if tally.more:
            tally.extending = True
            extend = partial(extend_chunk, run=job, ahead=ahead, slots=queue.held, there=there)
            self.commits.post(extend, partial(self._extended_by, job))
        elif there < slots:  # others may have the slot
            queue.hungry = True
            self.commits.ring()

    def _extended_by(self, job: LocalRun, found: tuple[IndexSet, bool, int]) -> None:
        """More indexes of a range are this pool's."""
        more, left, most = found
        tally = job.tally
        assert tally is not None
        tally.extending, tally.more = False, left

        def put_in() -> None:
            ranged = job._particulars.range if job._particulars is not None else None
            if ranged is not None and job.state is not DONE:
                ranged.indexes = ranged.indexes | more
                ranged.pending = ranged.pending | more
                ranged.most = most
                self._core.offer(ranged)
                self._core.wake()

        if more:
            self._core.locked(put_in)
        queue = self.queues.get(job.queue)
        if queue is not None and not more:  # it is another's turn
            queue.hungry = True
            self.commits.ring()

    def _granted(self, queue: StoredQueue, slots: int) -> None:
        queue.shrunk = False
        queue.hold(slots)
        for run in [run for key in list(queue.taken) if (run := self.runs.get(key)) is not None]:
            ranged = run._particulars.range if run._particulars is not None else None
            if ranged is not None:  # it may have more indexes under way
                self._core.locked(self.index_ended, run, ranged)

    def _take_by_keys(self, cursor: Cursor, queue: StoredQueue, pool: int, count: int) -> list[Row]:
        """The same where only so many jobs of a key may run, over all pools."""
        cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
        found: list[Row] = []
        most = queue.maxperkey or 1
        while len(found) < count:
            shares: Counter[str] = Counter()
            for row in cursor.rows(sql.SHARES, queue=queue.number):
                shares[row["share"]] += int(row["jobs"])
            wanted = 4 * count + 20
            candidates = cursor.rows(
                self.serves.candidates, queue=queue.number, most=most, count=wanted, **self.serves.values
            )
            chosen: list[int] = []
            for row in candidates:
                if len(found) + len(chosen) == count:
                    break
                if row["share"] is not None:
                    if shares[row["share"]] >= most:
                        continue
                    shares[row["share"]] += 1
                chosen.append(row["key"])
            if not chosen:
                break
            found += cursor.rows(sql.LEASE_KEYS, pool=pool, now=self.now(), keys=cursor.keys(chosen))
            if len(candidates) < wanted:
                break
        return found

    def define(self, rows: Sequence[Row]) -> None:
        """Make the store's definitions here that are not here yet."""
        for row in rows:
            if row["number"] <= self.defined:
                continue
            try:
                if row["lang"] == "python":
                    self._core.definitions.define(row["source"], row["filename"])
                elif row["lang"] in self._languages:
                    define = getattr(self._languages[row["lang"]], "define", None)
                    if define is not None:
                        define(row["source"])
            except Exception:
                _logger.exception("a definition of the store failed here")
            self.defined = row["number"]

    def _start(self, queue: StoredQueue, pool: int, rows: Sequence[Row], emptied: int) -> None:
        """What was taken is to run here.

        Arguments:
            emptied: what `queue.heard` was before there was nothing more to be taken; -1 where there may be.
        """
        if emptied == queue.heard:
            queue.hungry = False
        core = self._core
        local = queue.local(core)
        made: list[tuple[LocalRun, int]] = []
        for row in rows:
            try:
                job = self._local_run(queue, local, pool, row)
            except Exception as error:
                self._refuse(queue, pool, row, error)
                continue
            queue.taken.add(job.key)
            self.runs[job.key] = job
            made.append((job, row["rank"]))
        self._held_back += made
        if len(self._held_back) < _TOGETHER and queue.tiny() and self.commits.steady and not self.commits.hurry():
            self.commits.hold_back()  # to wake a thread costs more than such a job
        else:
            self.start_held_back()
        if queue.tiny() and rows:
            self.settle_at = time.monotonic() + _SETTLE

    def start_held_back(self) -> None:
        """Let what was taken have its turn. In the thread that commits."""
        core = self._core
        made, self._held_back = self._held_back, []
        for start in range(0, len(made), _AT_ONCE):
            for job in core.locked(core.admit_runs, made[start : start + _AT_ONCE]):
                self.runs.pop(job.key, None)
                queue = self.queues.get(job.queue)
                if queue is not None:
                    queue.taken.discard(job.key)
                self.commits.post(partial(_give_back, [(job.key, job.owner)]))

    def _local_run(self, queue: StoredQueue, local: JobQueue, pool: int, row: Row) -> LocalRun:
        plain: PlainRow | None = row.get("plain")
        if plain is not None and plain.local is local and plain.serves is self.serves:
            work, options = plain.work, plain.options
        else:
            work, options = self._restored(queue, local, row)
            if plain is not None:
                plain.local, plain.serves, plain.work, plain.options = local, self.serves, work, options
        job = local_run(local, row["id"], work, options, self._core.now(), row["key"], pool)
        job.dead = row["dead"]
        if "chunk" in row:
            ranged = Range(job, IndexSet.parse(row["chunk"]), row["most"])
            self._core.set_range(job, ranged)
            job.tally = Tally(ranged)
            job.tally.more = row["more"]
        job.attempt = row["attempt"] - 1
        job.reserved = row["state"] == RESERVED
        return job

    def _restored(self, queue: StoredQueue, local: JobQueue, row: Row) -> tuple[Work, JobOptions]:
        """What a job is to do here, and how."""
        work = queue.dress(restored_work(row, self._languages), local)
        kept = row["options"]
        options = restored_options(None if kept is None else bytes(kept))
        if options.housed:
            work = Housed(work)
        if row["template"]:
            checked = check_of(row)
            assert checked is not None
            work = Templated(*checked, work)
        labels = {name: row[column] for name, column in _LABELS if row[column] is not None}
        if row["priority"] != options.priority:
            labels["priority"] = row["priority"]
        if labels:
            options = options.changed(labels)
        options = self.serves.limited(options)
        if options.capture_output:
            queue.capture()
        self.capturing = self.capturing or options.capture_output or queue.engine == "command"
        return work, options

    def _refuse(self, queue: StoredQueue, pool: int, row: Row, error: Exception) -> None:
        """A job that cannot even begin here ends in error."""
        end = End(row["key"], ERROR, "TCL_ERROR", kept_error(error), error)
        end.home, end.id = queue.number, row["id"]
        self.commits.post(partial(self._complete_one, queue.number, row["key"], pool, end), self._tell)

    def cancel_leased(self, cursor: Cursor, run: LocalRun, ends: list[End]) -> None:
        """A run ends as cancelled that does not end by itself."""
        now = self.now()
        row = {
            "key": run.key, "owner": run.owner, "gone": 1, "keep": self.keep, "attempt": max(run.attempt, 0),
            "ran": self._ran(), "outcome": CANCELLED, "code": "TCL_ERROR", "result": None,
            "started": self._wall(run._started) if run.attempt > 0 else None, "ended": now,
        }  # fmt: skip
        if cursor.each(sql.COMPLETE, [row])[0] is not None:
            end = End(run.key, CANCELLED, "TCL_ERROR", None)
            end.home, end.id, end.ended = self._number(run), run.id, now
            ends.append(end)
            self.follow_up(cursor, {run.key: False}, {run.key: end.home}, ends)

    def _complete_one(self, queue: int, key: int, pool: int, end: End, cursor: Cursor) -> list[End]:
        now = self.now()
        values = {"outcome": end.outcome, "code": end.code, "result": end.data, "started": now, "ended": now}
        row = {"key": key, "owner": pool, "gone": 0, "keep": self.keep, "attempt": 1, "ran": self._ran(), **values}
        if cursor.each(sql.COMPLETE, [row])[0] is not None:
            self.follow_up(cursor, {key: end.outcome == OK}, {key: queue}, [end])
            return [end]
        return []

    # -- jobs end ------------------------------------------------------------------------------------------------

    def ended(self, job: Job) -> None:
        """A run has ended here. Under the pool's lock."""
        assert type(job) is LocalRun
        if job.orphan:
            return
        self._ends.append(job)
        if not self._posted:
            self._posted = True
            self.commits.post(self._settle, self._settled)

    def yielded(self, job: Job) -> None:
        """The body of a run waits for other jobs, and has given its slot back. Under the pool's lock."""
        queue = self.queues.get(job.queue)
        if queue is not None:
            queue.hungry = True
            self.commits.ring()

    def said(self, job: Job) -> None:
        """A body has told of its progress, or logged. Under the pool's lock."""
        if type(job) is LocalRun:
            self.speakers[job.key] = job

    def _settle(self, cursor: Cursor) -> list[End]:
        """Keep what came of the runs that have ended."""
        self._posted = False  # who ends from now on posts again
        while self._ends:
            self._settling.append(self._ends.popleft())
        mine_still = [job for job in self._settling if not job.orphan]
        done = [job for job in mine_still if job.back is None and job.tally is None]
        back = [job for job in mine_still if job.back is not None and job.tally is None]
        ends = [self._end_of(job) for job in done]
        shift = self._shift()
        ran = self._ran()
        rows: list[dict[str, Any]] = [
            {
                "key": job.key, "owner": job.owner, "outcome": end.outcome, "code": end.code, "result": end.data,
                "started": micro(job._started) + shift if job.attempt else None, "ended": micro(job._ended) + shift,
                "gone": int(job._particulars is not None and job._particulars.cancelling), "keep": self.keep,
                "attempt": max(job.attempt, 0), "ran": self._ran(job) if hasattr(job, "_ran_at") else ran,
            }
            for job, end in zip(done, ends, strict=True)
        ]  # fmt: skip
        kept = cursor.each(sql.COMPLETE, rows)
        runs: list[dict[str, Any]] = []
        mine: list[End] = []
        before: list[End] = []  # committed by an earlier try
        followed: dict[int, bool] = {}
        numbers: dict[int, int] = {}
        said: list[dict[str, Any]] = []
        for job, end, row, count in zip(done, ends, rows, kept, strict=True):
            if count is None:
                if self._already(cursor, job):
                    end.started, end.ended, end.attempt = row["started"], row["ended"], job.attempt
                    end.queue = end.home = self._number(job)
                    end.id = job.id
                    before.append(end)
                else:
                    _logger.warning("what came of job %s is refused: it has gone to another pool", job.id)
                continue
            end.started, end.ended, end.attempt = row["started"], row["ended"], job.attempt
            mine.append(end)
            numbers[job.key] = end.queue = end.home = self._number(job)
            end.id = job.id
            if count or (end.outcome is not OK and self.by_number[numbers[job.key]].onerror != "continue"):
                followed[job.key] = end.outcome is OK
            if end.outcome is not OK and job.attempt:
                runs.append(self._run(job, row["ended"], end.outcome, _reason(job, end)))
            spoken = self._speech(job)
            if spoken is not None:
                said.append(spoken)
        for job in back:
            self._return(cursor, job, runs)
        for job in mine_still:
            if job.tally is not None:
                self._end_chunk(cursor, job, mine)
        cursor.many(sql.RUN, runs)
        cursor.many(sql.SAY, said)
        if followed:
            self.follow_up(cursor, followed, numbers, mine)
        for number in {*numbers.values()}:
            if self._core.settings.maxdone:
                cursor.run(sql.BOUND, queue=number, most=self._core.settings.maxdone)
            if number in self.by_number and self.by_number[number].req == "delete":
                cursor.run(sql.DROP_QUEUE, queue=number)
        if mine and self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_ENDS, pool=self.id)
        return mine + before

    def _end_chunk(self, cursor: Cursor, job: LocalRun, ends: list[End]) -> None:
        """Nothing of a chunk runs any more."""
        assert job.tally is not None
        cancelled = job._particulars is not None and job._particulars.cancelling
        job.tally.stopped = cancelled and not (self.leaving or job.tally.dropped)
        job.tally.note(job.error)
        job.tally.freeze(self._core)
        if not keep_chunk(self, cursor, job, ends, True):
            _logger.warning("what came of a part of range %s is refused: it has gone to another pool", job.id)

    def _already(self, cursor: Cursor, job: LocalRun) -> bool:
        """Whether this very end was committed before: then the answer to that commit was lost."""
        row = cursor.row(sql.BY_KEY, key=job.key)
        return row is not None and row["state"] == 5 and row["ran"] == self._ran(job) and row["attempt"] == job.attempt

    def _settled(self, ends: list[End]) -> None:
        settled, self._settling = self._settling, []
        now = time.monotonic()
        for job in settled:
            if self.runs.get(job.key) is job:
                del self.runs[job.key]
            queue = self.by_number.get(self._number(job))
            if queue is not None:
                queue.taken.discard(job.key)
                queue.idle_since = now
                if job.tally is not None:
                    self._rates[job.key] = job.tally.rate()
                elif job.attempt:
                    queue.took(job._ended - job._started)
                if queue.maxperkey is not None:  # a job of that key may start now
                    queue.hungry = True
        for end in ends:
            self._rates.pop(end.key, None)
            if end.queue >= 0:
                self.tallies[end.queue, end.outcome] += 1
        if self.tallies and self.tally_at is None:
            self.tally_at = now + _TALLY_EVERY
        self.drop_here()
        if self.observers.heard:
            self._observe(settled, {end.key: end for end in ends})
        self._tell(ends)
        if any(queue.hungry and self._room(queue) for queue in self.by_number.values()):
            self.commits.ring()

    def _observe(self, settled: Sequence[LocalRun], ends: Mapping[int, End]) -> None:
        """Tell of runs that have been settled."""
        for job in settled:
            end = ends.get(job.key)
            if job.back is not None:
                failure = job.failure
                reason = "" if failure is None else _said(failure, True)
                self.observers.ended(job, "returned", job.why, reason)
            elif end is not None:
                self.observers.ended(job, "ended", end.outcome, _reason(job, end))
            else:
                self.observers.ended(job, "refused", "", "")

    def _tell(self, ends: list[End]) -> None:
        if ends:
            self._arrived(ends)

    def _number(self, job: LocalRun) -> int:
        queue = self.queues.get(job.queue)
        return queue.number if queue is not None else -1

    def _wall(self, moment: float) -> int:
        """A moment of the pool's clock by the database's."""
        return micro(moment) + self._shift()

    def _shift(self) -> int:
        """By how many microseconds the database's clock is ahead of the pool's."""
        return self.now() - micro(self._core.now())

    def _end_of(self, job: LocalRun) -> End:
        if job.outcome is OK:
            value = job._value
            try:
                data = pack(value, "the job's result")
                if data is not None and len(data) > self._maxresult:
                    raise ResultTooLarge(
                        f"the result of job {job.id} has {len(data)} bytes, and the store takes {self._maxresult} "
                        "(maxresult): write it to a file, and return its name"
                    )
            except BaseException as error:  # of the value's own methods
                return End(job.key, ERROR, "TCL_ERROR", kept_error(error), error)
            return End(job.key, OK, job.code, data, value)
        failure = job.error or JobCancelled()
        return End(job.key, job.outcome, job.code, None if job.outcome is CANCELLED else kept_error(failure), failure)

    def _return(self, cursor: Cursor, job: LocalRun, runs: list[dict[str, Any]]) -> None:
        """A run goes back: it is retried, or put off."""
        delay = micro(job.back or 0.0)
        now = self.now()
        values = {
            "key": job.key, "owner": job.owner, "attempt": job.attempt, "ord": self.turn(),
            "state": DELAYED if delay else READY, "ready": now + delay if delay else None,
        }  # fmt: skip
        if cursor.run(sql.RETURN, **values):
            runs.append(self._run(job, self._wall(job._ended), job.why, job.why))
            cursor.run(sql.FORGET_RUNS, job=job.key, most=KEPT - 1)
        self.due = time.monotonic() + delay / 1e6 if self.due is None else min(self.due, time.monotonic() + delay / 1e6)
        queue = self.by_number.get(self._number(job))
        if queue is not None and not delay:
            queue.hungry = True

    def _run(self, job: LocalRun, ended: int, outcome: str, reason: str) -> dict[str, Any]:
        """The record of a run that did not end ok, as the core has it; `outcome` and `reason` where that has none."""
        attempt, host, pid = job.attempt, self.host, os.getpid()
        past = job._particulars.runs[-1] if job._particulars is not None and job._particulars.runs else None
        if past is not None:
            past.settle()
            attempt, outcome, reason = past.attempt, past.outcome, past.reason
            if past.pid:
                host, pid = past.host, past.pid
        return {
            "job": job.key, "attempt": attempt, "started": self._wall(job._started), "ended": ended,
            "pool": self.name, "host": host, "pid": pid, "outcome": outcome, "reason": clean(reason),
        }  # fmt: skip

    def _ran(self, job: LocalRun | None = None) -> str:
        """Where runs are that run here, or where this one was."""
        host, pid = getattr(job, "_ran_at", None) or (self.host, os.getpid())
        return f"{self.name}\n{host}\n{pid}\n{self.id}"

    def keep_tallies(self) -> None:
        """Keep how many jobs have ended here since this was last done."""
        self.tally_at = None
        if self.tallies:
            self.tallying += 1
            self.tallied += 1
            tallies, self.tallies = self.tallies, Counter()
            self.commits.post(partial(_add_tallies, self.name, tallies), self._tallies_kept)

    def _tallies_kept(self, _: None) -> None:
        self.tallying -= 1

    def follow_up(self, cursor: Cursor, ok: dict[int, bool], numbers: dict[int, int], ends: list[End]) -> None:
        """Jobs have ended: let those that come after them go on, or end too; do what their queues say of failures.

        Arguments:
            ok: by key, whether they ended ok.
            numbers: by key, their queue.
            ends: those of other jobs are appended.
        """
        keys = list(ok)
        followers = cursor.rows(sql.FOLLOWERS, keys=cursor.keys(keys))
        if followers:
            cursor.run(sql.UNFOLLOW, keys=cursor.keys(keys))
        for row in followers:
            if ok[row["first"]]:
                cursor.run(sql.STEP, key=row["job"])
            else:
                self._fail_follower(cursor, row["job"], row["first"], ends)
        if followers:
            for waiting in self.by_number.values():
                waiting.hungry = True
        for key, fine in ok.items():
            queue = self.by_number.get(numbers.get(key, -1))
            if not fine and queue is not None and queue.onerror != "continue":
                if any(end.key == key and end.outcome is CANCELLED for end in ends):
                    continue
                self.react(cursor, queue.number, ends)

    def react(self, cursor: Cursor, number: int, ends: list[End]) -> None:
        """A job or an index of that queue has failed: do with it what it wants done then (`onerror`)."""
        queue = self.by_number.get(number)
        if queue is None or queue.onerror == "continue":
            return
        if queue.onerror == "pause":
            cursor.run(sql.PAUSE, queue=number)
            queue.pause(True)
            return
        for row in cursor.rows(sql.WAITING, queue=number):
            self.end_early(cursor, row["key"], number, CANCELLED, JobCancelled(), 1, ends)
        for row in cursor.rows(sql.BEGUN_RANGES, queue=number):
            pools = drop_range(self, cursor, row["key"])
            if not pools:
                end_range(self, cursor, row["key"], ends)
            for pool in pools:
                if pool == self.id:
                    self._dropping.append(row["key"])
                else:
                    cursor.run(sql.ASK_POOL, pool=pool, job=row["key"], verb="drop")
                    if self._database.dialect == "postgresql":
                        cursor.rows(sql.NOTIFY_ALL)

    def drop_here(self) -> None:
        """Drop what does not run here of the ranges that were dropped."""
        while self._dropping:
            run = self.runs.get(self._dropping.popleft())
            if run is not None:
                self.drop(run)

    def drop(self, run: LocalRun) -> None:
        """What does not run of the part of a range never will."""
        ranged = run._particulars.range if run._particulars is not None else None
        if ranged is not None and run.tally is not None:
            run.tally.dropped = True
            self._core.locked(self._core.drop_waiting, ranged)

    def index_failed(self, job: LocalRun) -> None:
        """An index of a range has failed here. Under the pool's lock."""
        queue = self.queues.get(job.queue)
        if queue is None or queue.onerror == "continue" or queue.paused:
            return
        job._queue.calm = False
        job._queue.held = True  # nothing of it starts until that is settled
        self._core.refresh(job._queue)
        self.commits.post(partial(self._reacted, queue.number), partial(self._after_reaction, queue))

    def _reacted(self, number: int, cursor: Cursor) -> list[End]:
        ends: list[End] = []
        self.react(cursor, number, ends)
        return ends

    def _after_reaction(self, queue: StoredQueue, ends: list[End]) -> None:
        self.drop_here()
        self._tell(ends)
        queue.go_on()

    def _fail_follower(self, cursor: Cursor, key: int, first: int, ends: list[End]) -> None:
        row = cursor.row(sql.BY_KEY, key=key)
        other = cursor.row(sql.BY_KEY, key=first)
        if row is None or other is None:
            return
        queue = self.by_number.get(other["queue"])
        name = queue.name if queue is not None else "?"
        error = DependencyFailed(
            f"job {row['id']} was not run: job {other['id']} of queue {name}, which it comes after, "
            f"ended {other['outcome']}"
        )
        self.end_early(cursor, key, row["queue"], ERROR, error, 0, ends)

    def end_early(
        self, cursor: Cursor, key: int, queue: int, outcome: str, error: BaseException, gone: int, ends: list[End]
    ) -> bool:
        """End a job that nobody has taken. Returns whether that was so."""
        data = None if outcome == CANCELLED else kept_error(error)
        ended = cursor.row(sql.END_EARLY, key=key, outcome=outcome, result=data, gone=gone, keep=self.keep)
        if ended is None:
            return False
        end = End(key, outcome, "TCL_ERROR", data, error)
        end.home, end.id = ended["queue"], ended["id"]
        if ended["kind"] == RANGE:
            drop_range(self, cursor, key)
        end.ended = self.now()
        ends.append(end)
        cursor.run(sql.TALLY, queue=queue, pool=self.name, outcome=outcome, jobs=1)
        self.follow_up(cursor, {key: False}, {}, ends)
        return True

    # -- what bodies say -----------------------------------------------------------------------------------------

    def _speech(self, job: LocalRun) -> dict[str, Any] | None:
        """What a body has said so far, where it has said anything."""
        particulars = job._particulars
        if particulars is None or particulars.bare:
            return None
        progress = None
        if particulars.done is not None:
            progress = json.dumps([particulars.done, particulars.total, particulars.note])
        log = "\n".join(particulars.log) if particulars.log else None
        output = particulars.output.text() if particulars.output is not None else None
        if progress is None and log is None and not output:
            return None
        log, output = (None if text is None else clean(text) for text in (log, output))
        return {"job": job.key, "progress": progress, "log": log, "output": output}

    def hear_prints(self) -> None:
        """Find the runs that have printed something."""
        for key in [key for key in self._heard if key not in self.runs]:
            del self._heard[key]
        for job in list(self.runs.values()):
            output = job._particulars.output if job._particulars is not None else None
            if output is None:
                continue
            before, position = self._heard.get(job.key, (None, None))
            news, position = output.news(position if before is output else None, False)
            self._heard[job.key] = output, position
            if news:
                self.speakers[job.key] = job

    def keep_speech(self) -> None:
        """Keep what running bodies have said, for those who look from elsewhere."""
        speakers, self.speakers = self.speakers, {}
        for job in [job for job in speakers.values() if job.tally is not None]:
            if self.runs.get(job.key) is job:
                self.commits.post(partial(self._keep_some, job), partial(_kept_some, job))
        speaking = [job for job in speakers.values() if job.tally is None and job.key in self.runs]
        rows = [row for job in speaking if (row := self._speech(job)) is not None]
        if rows:
            self.commits.post(lambda cursor: cursor.many(sql.SAY, rows))

    def _keep_some(self, job: LocalRun, cursor: Cursor) -> bool:
        """Keep what has ended of a chunk that goes on."""
        if job.tally is None or self.runs.get(job.key) is not job or job.outcome:
            return False
        job.tally.freeze(self._core)
        return keep_chunk(self, cursor, job, [], False)

    # -- looking after things ------------------------------------------------------------------------------------

    def recover(self, cursor: Cursor) -> list[End]:
        """Take what pools have whose leases ran out, and what has waited too long."""
        ends: list[End] = []
        for pool in cursor.rows(sql.OVERDUE):
            if cursor.row(sql.LOCK_OVERDUE, pool=pool["id"]) is None:
                continue
            self._give_up(cursor, pool, ends)
            cursor.run(sql.LEAVE, pool=pool["id"])
            _logger.warning("pool %s (%s, pid %s) lost its lease of the store", pool["name"], pool["host"], pool["pid"])
        for row in cursor.rows(sql.STRAY_OWNERS):  # taken by a pool that was given up within that very transaction
            self._give_up(cursor, {"id": row["owner"], "name": "?", "host": "?", "pid": 0}, ends)
        for row in cursor.rows(sql.LATE):
            error = JobExpired(f"job {row['id']} was given up: it had not started in time (expires)")
            self.end_early(cursor, row["key"], row["queue"], "expired", error, 0, ends)
        for row in cursor.rows(sql.DYING):
            self._outlive(cursor, row, ends)
        cursor.run(sql.ARRIVE)
        for queue in cursor.rows(sql.TO_DROP):
            cursor.run(sql.DROP_QUEUE, queue=queue["id"])
        return ends

    def _outlive(self, cursor: Cursor, row: Row, ends: list[End]) -> None:
        """The lifetime of a job is over that no pool runs, or of a range."""
        options = restored_options(None if row["options"] is None else bytes(row["options"]))
        error = JobExpired(
            f"job {row['id']} has reached the end of its lifetime of {options.lifetime or 0.0:g} seconds"
        )
        if row["kind"] == RANGE and row["started"]:
            for pool in cancel_range(self, cursor, row["key"], ends, EXPIRING):
                cursor.run(sql.ASK_POOL, pool=pool, job=row["key"], verb="expire")
        else:
            self.end_early(cursor, row["key"], row["queue"], EXPIRED, error, 0, ends)

    def _give_up(self, cursor: Cursor, pool: Row, ends: list[End]) -> None:
        """Take all that a pool has which is gone."""
        for row in cursor.rows(sql.OWNED, pool=pool["id"]):
            if row["state"] == AT_WORK:
                self._lose(cursor, pool, row, ends)
        give_back_chunks(self, cursor, pool["id"], ends)
        cursor.run(sql.BACK_UNSTARTED, pool=pool["id"])

    def _lose(self, cursor: Cursor, pool: Row, row: Row, ends: list[End]) -> None:
        """A pool is gone that ran a job: back with it, or an end where that has happened too often."""
        now = self.now()
        started = row["started"] or now
        run = {
            "job": row["key"], "attempt": row["attempt"], "started": started, "ended": now, "pool": pool["name"],
            "host": pool["host"], "pid": pool["pid"], "outcome": "lost", "reason": "Lost: its pool's lease ran out",
        }  # fmt: skip
        if row["losses"] + 1 < self.maxlosses:
            if cursor.run(sql.BACK_LOST, key=row["key"], pool=pool["id"]):
                cursor.run(sql.RUN, **run)
            return
        error = JobLost(
            f"job {row['id']} was lost {row['losses'] + 1} times with the pool that ran it (maxlosses): "
            "it may kill them"
        )
        data = kept_error(error)
        if cursor.run(sql.END_LOST, key=row["key"], pool=pool["id"], result=data, keep=self.keep):
            cursor.run(sql.RUN, **run)
            end = End(row["key"], ERROR, "TCL_ERROR", data, error)
            end.home, end.id = row["queue"], row["id"]
            ends.append(end)
            cursor.run(sql.TALLY, queue=row["queue"], pool=self.name, outcome=ERROR, jobs=1)
            self.follow_up(cursor, {row["key"]: False}, {row["key"]: row["queue"]}, ends)

    def settle_reserved(self) -> None:
        """What was reserved with others and is not so short: say so of what runs, and give back what does not."""
        self.settle_at = None
        core = self._core
        back: list[tuple[int, int]] = []
        begun: list[dict[str, int]] = []
        for job in [job for job in list(self.runs.values()) if job.reserved]:
            queue = self.queues.get(job.queue)
            if job.state is RUNNING:
                job.reserved = False
                begun.append({"key": job.key, "owner": job.owner})
            elif job.state is SCHEDULED and core.locked(core.withdraw, job):
                self.runs.pop(job.key, None)
                back.append((job.key, job.owner))
                if queue is not None:
                    queue.taken.discard(job.key)
        if begun:
            self.commits.post(lambda cursor: cursor.many(sql.BEGUN, begun))
        if back:
            for queue in self.by_number.values():
                queue.forget_mean()
                queue.hungry = True
            self.commits.post(partial(_give_back, back))

    def release_idle(self, after: float) -> None:
        """Let go of slots that were not used for so many seconds: others may want them."""
        if self.id is None:
            return
        now = time.monotonic()
        for queue in list(self.by_number.values()):
            if queue.held and not queue.taken and now - queue.idle_since >= after:
                queue.idle_since = now
                self.commits.post(partial(self._let_go, queue))

    def _let_go(self, queue: StoredQueue, cursor: Cursor) -> None:
        """Let go of a queue's slots. Only here, where they are used: nothing may be taken for them meanwhile."""
        if self.id is not None and not queue.taken and not queue.claims:
            queue.held = 0
            cursor.run(sql.LET_GO, pool=self.id, queue=queue.number)

    def give_everything_back(self) -> list[LocalRun]:
        """Give back all that has not started; returns what runs."""
        core = self._core
        self.leaving = True
        back = []
        running = []
        for job in list(self.runs.values()):
            if job.tally is not None and job.state is SCHEDULED:
                core.locked(core.drop, job, CANCELLED, None)
            elif job.state is SCHEDULED and core.locked(core.withdraw, job):
                self.runs.pop(job.key, None)
                back.append((job.key, job.owner))
                queue = self.queues.get(job.queue)
                if queue is not None:
                    queue.taken.discard(job.key)
            elif job.state is not DONE:
                running.append(job)
                if job.tally is not None and job._particulars is not None:
                    core.locked(core.drop_waiting, job._particulars.range)
        if back:
            self.commits.post(partial(_give_back, back))
        return running

    def leave(self, pool: int, cursor: Cursor) -> list[End]:
        """End the lease: what is still held under it goes back."""
        ends: list[End] = []
        give_back_chunks(self, cursor, pool, ends, lost=False)
        cursor.run(sql.BACK_ALL, pool=pool)
        cursor.run(sql.LEAVE, pool=pool)
        return ends


_LABELS = (("note", "note"), ("topic", "topic"), ("subtopic", "subtopic"), ("group", "grp"), ("key", "share"))


def _ahead(rate: float, slots: int) -> int:
    """See Keeper.ahead. Of indexes that take long none is kept from other pools.

    Arguments:
        rate: how many end in a second.
    """
    return min(round(rate * _WORTH), _LARGEST) if rate > 2 * slots else 0


def _kept_some(job: LocalRun, kept: bool) -> None:
    if kept and job.tally is not None:
        job.tally.kept()


def _give_back(pairs: Sequence[tuple[int, int]], cursor: Cursor) -> None:
    cursor.many(sql.GIVE_BACK, [{"key": key, "owner": owner} for key, owner in pairs])


def _add_tallies(name: str, tallies: Mapping[tuple[int, str], int], cursor: Cursor) -> None:
    for (queue, outcome), jobs in tallies.items():
        cursor.run(sql.TALLY, queue=queue, pool=name, outcome=outcome, jobs=jobs)


def _call_all(calls: Sequence[Callable[[], object]]) -> None:
    for call in calls:
        call()


def _reason(job: LocalRun, end: End) -> str:
    if end.outcome is OK:
        return ""
    words = {"timeout": "Timeout", "cancelled": "Stopped", "expired": "Expired"}
    if end.outcome in words:
        return words[end.outcome]
    error = end.value
    return _said(error, not isinstance(error, NsjobError))


def _said(error: BaseException, with_kind: bool) -> str:
    """What an error says; its methods may fail."""
    kind = type(error).__name__
    try:
        said = str(error)
    except BaseException:
        said, with_kind = "", True
    return clean(f"{kind}: {said}" if with_kind else said)[:1000]
