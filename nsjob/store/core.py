"""StoredCore: the core of a pool with a store. It runs what the store lets it run, and tells the store what came of it.

A job of the store is run here as a LocalRun: one attempt. Retries, delays, dependencies and caps over all pools are the
store's; time limits, interrupts, engines and captured output are the core's, as without a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Context
from typing import TYPE_CHECKING

from nsjob.pool.backlog import HEAD, NOWHERE
from nsjob.pool.core import Core
from nsjob.pool.job import CANCELLED, DONE, OK, SCHEDULED, Job

if TYPE_CHECKING:
    from nsjob.pool.engine import Run
    from nsjob.pool.options import JobOptions
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.ranges import Range
    from nsjob.pool.waiting import Park
    from nsjob.pool.work import Work
    from nsjob.store.chunks import Tally
    from nsjob.store.keeper import Keeper

__all__ = ["LocalRun", "StoredCore", "local_run"]


class LocalRun(Job):
    """One attempt at a job of the store.

    Attributes:
        key: the job's, in the store.
        owner: under which lease it runs.
        back: where it is to go back to the store, after how many seconds.
        failure: the error for which it goes back.
        why: in a word, why it goes back.
        dead: when its lifetime is over, in microseconds by the store's clock.
        reserved: whether the store knows it as reserved, not as running.
        tally: where it is a chunk of a range, what has ended of that.
        orphan: whether the lease is lost under which it runs: what comes of it is refused.
        asked: whether somebody has asked it to end, before it became an orphan.
        apart: whether its body waits for others, and its key does without it.
    """

    __slots__ = ("apart", "asked", "back", "dead", "failure", "key", "orphan", "owner", "reserved", "tally", "why")

    key: int
    owner: int
    back: float | None
    failure: BaseException | None
    why: str
    reserved: bool
    orphan: bool
    asked: bool
    apart: bool
    tally: Tally | None
    dead: int | None


def local_run(queue: JobQueue, id: str, work: Work, options: JobOptions, now: float, key: int, owner: int) -> LocalRun:
    """Make one that waits nowhere yet."""
    job = LocalRun()
    job.id = id
    job.state = SCHEDULED
    job.outcome = ""
    job.attempt = 0
    job._queue = queue
    job._work = work
    job._options = options
    job._context = Context()
    job._queued = now
    job._where = -1
    job._aside = True
    job._particulars = None
    job.key = key
    job.owner = owner
    job.back = None
    job.failure = None
    job.why = ""
    job.reserved = False
    job.orphan = False
    job.asked = False
    job.apart = False
    job.tally = None
    job.dead = None
    return job


class StoredCore(Core):
    """See above. `keeper` hears of each end."""

    keeper: Keeper

    def admit_runs(self, jobs: Sequence[tuple[LocalRun, int]]) -> list[LocalRun]:
        """Let runs that were leased wait for their turn here, by their ranks. Under the lock.

        Returns those for which there was no room.
        """
        refused = []
        for job, rank in jobs:
            if job.state is not SCHEDULED:  # it was withdrawn meanwhile
                continue
            if self.stopping or job.id in job._queue.table:
                refused.append(job)
                continue
            if job.dead is not None:
                left = (job.dead - self.keeper.now()) / 1e6
                job.particulars().lifetime = self.timers.at(self.now() + left, self.outlive, job)
            ranged = job._particulars.range if job._particulars is not None else None
            if ranged is None:
                self.publish(job, min(rank, HEAD), False)
            else:
                self.publish(job, NOWHERE, False)
                ranged.held = False
                self.offer(ranged)
        self.wake()
        return refused

    def withdraw(self, job: LocalRun) -> bool:
        """Take back a run that has not started. Under the lock. Returns whether it had not."""
        if job.state is not SCHEDULED:
            return False
        job.orphan = True  # the keeper knows of it
        if job._queue.table.get(job.id) is job:
            self.drop(job, CANCELLED, None)
        else:  # the keeper still holds it back
            job.state, job.outcome, job._ended = DONE, CANCELLED, self.now()
        return True

    def end(self, job: Job, outcome: str, value: object, now: float) -> None:
        super().end(job, outcome, value, now)
        if type(job) is LocalRun:
            self.keeper.ended(job)

    def _end_index(self, job: Job, ranged: Range, outcome: str, error: object, now: float) -> None:
        whole = ranged.job
        super()._end_index(job, ranged, outcome, error, now)
        self.keeper.said(whole)
        if outcome is not OK and outcome is not CANCELLED and type(whole) is LocalRun:
            self.keeper.index_failed(whole)
        if type(whole) is LocalRun:
            self.keeper.index_ended(whole, ranged)

    def put_back(self, job: Job, delay: float) -> None:
        if type(job) is not LocalRun:
            super().put_back(job, delay)
            return
        job.back = delay
        runs = job.particulars().runs
        assert runs  # the one that has just ended
        job.why = "retry" if job.failure is not None else runs[-1].outcome
        super().end(job, CANCELLED, None, self.now())
        self.keeper.ended(job)

    def _retry(self, job: Job, error: BaseException) -> bool:
        if type(job) is LocalRun:
            job.failure = error
            if super()._retry(job, error):
                return True
            job.failure = None
            return False
        return super()._retry(job, error)

    def leave_slot(self, run: Run, park: Park) -> None:
        super().leave_slot(run, park)
        self.keeper.yielded(run.job)

    def enter_slot(self, run: Run, park: Park) -> bool:
        job = run.job
        if type(job) is LocalRun and job.apart and not (run.holding or run.ended or run.reason is not None):
            run.waiting = park
            self.keeper.regain(run, park)
            return False
        return super().enter_slot(run, park)

    def regained(self, run: Run, park: Park) -> None:
        """The job has its key back: now for a slot. Under the lock."""
        job = run.job
        assert type(job) is LocalRun
        job.apart = False
        if super().enter_slot(run, park):
            park.wake()

    def progress(self, run: Run, done: float, total: float | None, note: str) -> None:
        super().progress(run, done, total, note)
        self.keeper.said(run.job)

    def note_line(self, run: Run, line: str, longest: int) -> None:
        super().note_line(run, line, longest)
        self.keeper.said(run.job)
