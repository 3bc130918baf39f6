"""Delays: scheduled jobs that wait outside of the backlog, and their way back into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsjob.pool.backlog import HEAD, NOWHERE
from nsjob.pool.job import DONE, SCHEDULED, Job
from nsjob.pool.prefetching import Prefetching

if TYPE_CHECKING:
    pass

__all__ = ["Delays"]


class Delays(Prefetching):
    """Jobs that are put back, put off, or come after others."""

    def put_back(self, job: Job, delay: float) -> None:
        """A running job becomes scheduled again. In a pool thread."""
        queue = job._queue
        if job._particulars is not None and job._particulars.index is not None:
            queue.indexes -= 1
        job.state = SCHEDULED
        job._runner = None
        job._where = NOWHERE
        if self.subscriptions:
            self.tell("queued", job)
        if delay > 0 and not self.immediate:
            self.postpone(job, self.now() + delay)
        else:
            self.outrank(queue, job._options.priority)
            queue.backlog.put(job, job._options.priority)
            self.refresh(queue)

    def postpone(self, job: Job, until: float) -> None:
        """Let a job that is outside the backlog wait there until a moment of the clock."""
        particulars = job.particulars()
        particulars.not_before = until
        self.timers.cancel(particulars.start_timer)
        particulars.start_timer = self.timers.at(until, self.arrive, job)

    def arrive(self, job: Job) -> None:
        """A delayed job's time has come; on the timers' thread."""
        self.locked(self.admit, job)
        self.wake_up()

    def admit(self, job: Job) -> None:
        """Let a scheduled job enter the backlog, where nothing keeps it out any more. Never in a caller's thread."""
        particulars = job._particulars
        ranged = particulars.range if particulars is not None else None
        if job.state is not SCHEDULED and (ranged is None or job.state is DONE):
            return
        if job._where != NOWHERE:
            return
        if particulars is not None:
            if particulars.pending or particulars.key_parked:
                return
            if particulars.not_before is not None and particulars.not_before > self.now():
                return
            particulars.not_before = None
        if ranged is not None:
            ranged.held = False
            self.offer(ranged)
            return
        options = job._options
        first = options.head and job.attempt == 0
        self.outrank(job._queue, HEAD if first else options.priority)
        job._queue.backlog.put(job, HEAD if first else options.priority, first)
        self.refresh(job._queue)

    def take_out(self, job: Job) -> None:
        """A scheduled job leaves the backlog, to wait elsewhere. Not in a caller's thread."""
        if job._where != NOWHERE:
            job._where = NOWHERE
            job._queue.backlog.stale += 1
        if job._particulars is not None and job._particulars.range is not None:
            self.hold_range(job._particulars.range)
        job._queue.gone(job)

    def _disarm(self, job: Job) -> None:
        particulars = job._particulars
        if particulars is not None:
            self.timers.cancel(particulars.start_timer)
            self.timers.cancel(particulars.expiry)
            self.timers.cancel(particulars.lifetime)
            particulars.start_timer = particulars.expiry = particulars.lifetime = None
            if particulars.range is not None:
                self.hold_range(particulars.range)
                particulars.range.drop_pending()
