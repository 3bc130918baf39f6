"""Taking: how a pool keeps its lease, gets slots, and takes jobs.

Everything with `cursor` runs in the thread that commits, within a transaction that may be done again: it changes
nothing of the keeper's but by what it returns, which is called after the commit.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import CANCELLED, DONE, ERROR, OK
from nsjob.pool.ranges import Range
from nsjob.pool.work import Housed, Templated
from nsjob.store import sql
from nsjob.store.chunks import (
    Tally,
    extend_chunk,
    return_indexes,
    take_chunk,
)
from nsjob.store.core import LocalRun, local_run
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import End
from nsjob.store.holding import indexes_ahead
from nsjob.store.queues import PlainRow, StoredQueue
from nsjob.store.rows import RANGE, check_of, micro, restored_options, restored_work
from nsjob.store.schema import RESERVED
from nsjob.store.schema import RUNNING as AT_WORK
from nsjob.store.settling import give_back
from nsjob.store.slots import Slots, ahead_of
from nsjob.store.values import kept_error

if TYPE_CHECKING:
    from nsjob.pool.options import JobOptions
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.work import Work

__all__ = ["Taking"]

_EXTEND_AT = 0.7  # of the lease
_TOGETHER = 8  # tiny jobs that start together, where they come one after the other
_WORTH = 1.0  # seconds between two looks at what was taken ahead of a range
_AT_ONCE = 64  # jobs that come in under one acquisition of the pool's lock
_SETTLE = 0.05  # seconds after which what is reserved and has not started goes back
_logger = logging.getLogger("nsjob")

_LABELS = (("note", "note"), ("topic", "topic"), ("subtopic", "subtopic"), ("group", "grp"), ("key", "share"))


class Taking(Slots):
    """The lease, the slots, and the jobs that are taken under them."""

    # -- the lease -----------------------------------------------------------------------------------------------

    def head(self) -> None:
        """The beginning of each transaction: nothing has been claimed in it."""
        self._claimed.clear()
        self._pausing.clear()
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
            room = ahead_of(room)
        return 0 if queue.busy() >= room else RESERVED if tiny else AT_WORK

    def claimed(self, queue: StoredQueue, row: Row) -> None:
        """A new job has come in so."""
        queue.claims += 1
        self._claiming.append(queue)
        self._claimed.setdefault(queue, []).append(row)

    def tail(self, cursor: Cursor) -> Callable[[], object] | None:
        """The end of each transaction: keep the lease, and take what there is room for."""
        after: list[Callable[[], object]] = []
        if self._pausing:
            after.append(partial(self.pause_here, [*self._pausing]))
        if not self.leasing:
            return partial(_call_all, after)
        claims = self.claims()
        if claims is not None:
            after.append(claims)
        pool = self._keep_lease(cursor, after)
        if pool is None:
            return partial(_call_all, after)
        if self._sure != self._database.unsure:
            self._give_back_unknown(cursor, pool, after)
        for queue in list(self.by_number.values()):
            if self._settle_slots(cursor, queue, pool, after):
                continue
            if queue.crowd.session:
                self._lead(cursor, queue)
            if queue.hungry and self.serves(queue):
                if queue.puts_off(time.monotonic()):
                    after.append(partial(self.put_off, queue.crowd.ask_at))
                else:
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
                after.append(partial(self._extended, asked, time.monotonic() - asked, found["now"]))
                return self.id
            after.append(self.lost)
            return None
        made = cursor.row(sql.NEW_POOL, name=self.name, host=self.host, pid=os.getpid(), lease=micro(self.lease))
        assert made is not None
        after.append(partial(self._registered, asked, time.monotonic() - asked, made))
        return int(made["id"])

    def _extended(self, asked: float, took: float, now: int) -> None:
        self._extend_at = asked + self.lease * _EXTEND_AT
        self.correct_clock(asked, took, now)

    def _registered(self, asked: float, took: float, row: Row) -> None:
        self.id, self.epoch = row["id"], row["epoch"]
        self._extended(asked, took, row["now"])

    def lost(self) -> None:
        """The lease ran out, and others have had its jobs since: what still runs here is nobody's."""
        self.start_held_back()
        orphans = list(self.runs.values())
        if orphans:
            _logger.warning("pool %s lost its lease of the store: %d jobs have gone to others", self.name, len(orphans))
        self.id = None
        self.runs.clear()
        for queue in self.by_number.values():
            queue.held = queue.wanted = 0
            queue.share = None
            queue.taken.clear()
            queue.hungry = True
        for job in orphans:
            job.orphan = True
            self._core.locked(self._core.stops.cancel, job)
        self.commits.ring()

    # -- taking jobs -----------------------------------------------------------------------------------------------

    def _take(self, cursor: Cursor, queue: StoredQueue, pool: int, after: list[Callable[[], object]]) -> None:
        room = self._room(queue)
        if room <= 0:
            return
        slots = self._slots(queue)
        heard = queue.crowd.heard
        held = min(queue.held, slots)
        if self.serves.by_topic and not queue.held:  # slots that it cannot use are others'
            if cursor.value(self.serves.has_work, queue=queue.number, **self.serves.values) is None:
                after.append(partial(setattr, queue, "hungry", False))
                return
        if held < slots or queue.shrunk:
            cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
            held, granted = self._grant(cursor, queue, pool)
            if granted is not None:
                after.append(granted)
            held = min(held, slots)
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
        if tiny and queue.crowd.dense and not queue.crowd.session and cursor.value(sql.LEAD, queue=queue.number):
            queue.crowd.session = self._database.session  # at once: it holds whatever becomes of the transaction
        after.append(partial(self._start, queue, pool, rows, heard if len(rows) < count else -1))

    def _lead(self, cursor: Cursor, queue: StoredQueue) -> None:
        """See that this pool is still ahead of the others, and let another one be where it takes nothing."""
        if queue.crowd.session != self._database.session:
            queue.crowd.session = 0
        elif not self.serves(queue) or (queue.hungry and not self._room(queue)):
            queue.crowd.session = 0
            cursor.rows(sql.LEAD_NO_MORE, queue=queue.number)

    def patience(self, queue: StoredQueue) -> float:
        """How many seconds to wait after word of a new job before it is asked for."""
        now = time.monotonic()
        return queue.crowd.ask_at - now if queue.puts_off(now) else queue.crowd.patience(now)

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

    def index_ended(self, job: LocalRun, ranged: Range) -> None:
        """An index of a range has ended here: more of them are taken in time. Under the pool's lock."""
        tally = job.tally
        if tally is None or tally.extending or job.outcome or self.leaving:
            return
        queue = self.queues.get(job.queue)
        if queue is None or queue.paused:
            return
        if queue.usable < queue.held:  # others wait for it
            self.commits.ring()
        slots = min(ranged.most or queue.usable, queue.usable)
        ahead = indexes_ahead(tally.rate(), slots)
        there = len(ranged.pending) + len(ranged.active)
        if there >= slots and len(ranged.pending) >= ahead // 2:
            return
        if tally.more:
            tally.extending = True
            extend = partial(extend_chunk, run=job, ahead=ahead, slots=queue.usable, there=there)
            self.commits.post(extend, partial(self._extended_by, job))
        elif there < slots:  # others may have the slot
            queue.hungry = True
            self.commits.ring()

    def return_ahead(self) -> None:
        """Give back what was taken ahead of ranges whose indexes take longer than thought. To be called now and then.

        What ended since the last time is a measure of what will until the next one.
        """
        for job in [job for job in list(self.runs.values()) if job.tally is not None]:
            queue = self.queues.get(job.queue)
            tally = job.tally
            if tally is None or queue is None:
                continue
            worth = tally.mark(_WORTH)
            if worth is None or tally.extending or job.outcome or self.leaving or queue.paused:
                continue
            back = self._core.locked(self._take_back, job, worth)
            if back:
                tally.extending = True
                self.commits.post(partial(self._give_indexes_back, job, back), partial(self._gave_indexes_back, tally))

    @staticmethod
    def _take_back(job: LocalRun, worth: int) -> IndexSet:
        ranged = job._particulars.range if job._particulars is not None else None
        if ranged is None or job.state is DONE or not ranged.active or len(ranged.pending) <= max(2 * worth, 1):
            return IndexSet()
        back = ranged.pending - ranged.pending.first(max(worth, 1))  # it may stand in the backlog for its next one
        ranged.pending = ranged.pending - back
        ranged.indexes = ranged.indexes - back
        return back

    def _give_indexes_back(self, job: LocalRun, back: IndexSet, cursor: Cursor) -> None:
        return_indexes(cursor, job, back)
        if self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_ALL)

    @staticmethod
    def _gave_indexes_back(tally: Tally, _: None) -> None:
        tally.extending, tally.more = False, True

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
            emptied: what the crowd had heard before there was nothing more to be taken; -1 where there may be.
        """
        if emptied == queue.crowd.heard:
            queue.hungry = False
        queue.crowd.had(time.monotonic(), len(rows), emptied == -1)
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
                self.commits.post(partial(give_back, [(job.key, job.owner)]))

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


def _call_all(calls: Sequence[Callable[[], object]]) -> None:
    for call in calls:
        call()
