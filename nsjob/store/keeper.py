"""Keeper: what a pool holds of the store under its lease, and what becomes of it.

It is built in layers: Holding (what is known), Settling (what has ended), Taking (what is taken), and here what is
looked after while all that goes on.

Everything with `cursor` runs in the thread that commits, within a transaction that may be done again: it changes
nothing of the keeper's but by what it returns, which is called after the commit.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from nsjob.errors import JobExpired, JobLost
from nsjob.pool.job import CANCELLED, DONE, ERROR, EXPIRED, RUNNING, SCHEDULED
from nsjob.store import sql
from nsjob.store.chunks import (
    EXPIRING,
    cancel_range,
    give_back_chunks,
)
from nsjob.store.core import LocalRun
from nsjob.store.database import Cursor, Row
from nsjob.store.ends import End
from nsjob.store.queues import StoredQueue
from nsjob.store.rows import RANGE, restored_options
from nsjob.store.schema import RUNNING as AT_WORK
from nsjob.store.settling import give_back
from nsjob.store.taking import Taking
from nsjob.store.values import kept_error

__all__ = ["Keeper"]

_logger = logging.getLogger("nsjob")


class Keeper(Taking):
    """The lease of one pool, its slots, and the jobs that it has taken."""

    # -- looking after things ------------------------------------------------------------------------------------

    def recover(self, cursor: Cursor) -> list[End]:
        """Take what pools have whose leases ran out, and what has waited too long."""
        ends: list[End] = []
        for pool in cursor.rows(sql.OVERDUE):
            if cursor.row(sql.LOCK_OVERDUE, pool=pool["id"]) is None:
                continue
            self._give_up(cursor, pool, ends)
            cursor.run(sql.LEAVE, pool=pool["id"])
            self._tell_others(cursor)
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
        self._end_stopped(cursor, pool["id"], ends)
        for row in cursor.rows(sql.OWNED, pool=pool["id"]):
            if row["state"] == AT_WORK:
                self._lose(cursor, pool, row, ends)
        give_back_chunks(self, cursor, pool["id"], ends)
        cursor.run(sql.BACK_UNSTARTED, pool=pool["id"])

    def _end_stopped(self, cursor: Cursor, pool: int, ends: list[End]) -> None:
        """What was told to end, and runs in a pool that goes, has ended: nobody is to run it again."""
        for row in cursor.rows(sql.STOPPING, pool=pool):
            self.end_stopped(cursor, row["key"], row["queue"], row["id"], pool, ends)

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
            self.commits.post(partial(give_back, back))

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
            queue.held = queue.wanted = 0
            cursor.run(sql.LET_GO, pool=self.id, queue=queue.number)
            if self._database.dialect == "postgresql":
                cursor.rows(sql.NOTIFY_SLOTS, queue=queue.number, pool=self.id)

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
            self.commits.post(partial(give_back, back))
        return running

    def leave(self, pool: int, cursor: Cursor) -> list[End]:
        """End the lease: what is still held under it goes back."""
        ends: list[End] = []
        self._end_stopped(cursor, pool, ends)
        give_back_chunks(self, cursor, pool, ends, lost=False)
        cursor.run(sql.BACK_ALL, pool=pool)
        cursor.run(sql.LEAVE, pool=pool)
        self._tell_others(cursor)
        return ends

    def _tell_others(self, cursor: Cursor) -> None:
        """Slots are free: others shall look."""
        if self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_ALL)
