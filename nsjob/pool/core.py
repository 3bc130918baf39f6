"""Core: the decision of what runs next, built in layers, each on those before it.

State (the lock, the counts, what callers may change), Turns (which job is next), Prefetching (what workers are handed
before its turn), Delays (jobs that wait elsewhere),
Departures (done jobs leave), Endings (what becomes of a job), Entering (how jobs come in), and here the life of the
whole. Pool is its face.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from nsjob.pool.engine import Run, engine_named
from nsjob.pool.entering import Entering
from nsjob.pool.job import DONE, RUNNING, SCHEDULED, Job
from nsjob.pool.records import Settings
from nsjob.pool.stopping import Stopping
from nsjob.pool.timers import Timers
from nsjob.pool.waits import Waits

if TYPE_CHECKING:
    from nsjob.pool.clock import Clock

__all__ = ["Core"]


class Core(Entering):
    """All that a pool does, under its lock."""

    def __init__(self, clock: Clock, name: str, cap: int | None, settings: Settings) -> None:
        super().__init__(clock, name, cap, settings)
        self.timers = Timers(clock, self.locked, self.finished, self.ended, name)
        threads: Any = engine_named("thread")
        self.threads: Any = threads(self)
        self.engines["thread"] = self.threads
        self.stops = Stopping(self)
        self.waits = Waits(self)

    def run_here(self) -> None:
        """Run what is ready in this thread, in an immediate pool."""
        self.threads.run_here()

    # -- cancelling ----------------------------------------------------------------------------------------------------

    def cancel_job(self, job: Job) -> bool:
        """Cancel by handle; see Stopping.cancel. In a finalizer that interrupted the pool it is put off."""
        return self._cancel(self.stops.cancel, job)

    def cancel_live_job(self, job: Job) -> bool:
        """The same, but a done job stays where it is."""
        return self._cancel(self.stops.cancel_live, job)

    def _cancel(self, cancel: Callable[[Job], bool], job: Job) -> bool:
        if self.lock._is_owned():
            self.timers.soon(self.locked, cancel, job)
            return False
        if job.state is SCHEDULED and job._particulars is None:
            done = self.guarded(self.stops.cancel_plain, job)
            if done:
                return False
        if job.state is DONE:  # it leaves in one run of stores
            return bool(self.guarded(cancel, job))
        return bool(self.whole(cancel, job))

    def cancel_scheduled_job(self, job: Job) -> None:
        """Cancel a job where it has not started."""
        self.whole(lambda: self.stops.cancel(job) if job.state is SCHEDULED else False)

    # -- the end -------------------------------------------------------------------------------------------------------

    def stop(self, cancel: bool) -> None:
        """Take no more jobs; let paused queues go on; cancel all jobs where asked."""
        if cancel:
            self.locked(self._stop_prefetching)
            self.recall_and_see()
        self.locked(self._stop, cancel)
        if cancel:
            for job in self.locked(self._all_jobs):
                if job.state is not DONE:
                    cancel_one = self.elsewhere if self.doors else self.locked
                    cancel_one(self.stops.cancel, job)
        if self.live:
            self.wake_up()
            self.timers.wake()
        else:
            self.timers.rouse()

    def _stop_prefetching(self) -> None:
        self.prefetching = False

    def _all_jobs(self) -> list[Job]:
        return [job for queue in self.queues.values() for job in queue.table.values()]

    def _stop(self, cancel: bool) -> None:
        self.stopping = True
        self.cancelling = self.cancelling or cancel
        self.threads.closing = self.timers.closing = True
        for queue in self.queues.values():
            self.commit_resume(queue)
            self.refresh(queue)
        for place in self.threads.idle:
            place.park.wake()

    def write_off_all(self) -> None:
        """Write off whatever runs, however many threads are lost by that: the program goes on without them."""
        for job in self.locked(self._all_jobs):
            self.timers.soon(self.locked, self.stops.write_off_at_exit, job)

    def abandon(self) -> None:
        """The pool was dropped: finish its jobs, then let its threads end."""
        self.stop(False)

    def idle(self) -> Literal[True] | None:
        """True where all jobs are done, else None."""
        return None if self.live else True

    def ended(self) -> None:
        """Nothing will be due any more: let the listeners' threads end when they have heard everything."""
        for subscription in self.subscriptions:
            subscription.finish()

    def finished(self) -> bool:
        """Whether nothing will ever be due again."""
        return self.forked or (self.stopping and not self.live)

    def fork(self) -> None:
        """In the child of a fork: the names of the queues stay; jobs and threads are the parent's."""
        self.forked = self.special = True
        for queue in self.queues.values():
            queue.plain = False
        self.lock = RLock()
        self.doors.clear()
        self.timers.forget()
        for place in self.threads.places:
            place.lock = self.lock
            place.acquire = self.lock.acquire
            place.sent = False
            # Other threads are not there any more, and may have been anywhere in the pool's code.
            if place.ident == get_ident() and place.job is not None and place.job.state is RUNNING:
                place.the_run()  # so that this thread sees that the job is not its own any more

    # -- what jobs say -------------------------------------------------------------------------------------------------

    def progress(self, run: Run, done: float, total: float | None, note: str) -> None:
        if run.ended:
            return
        particulars = run.job.particulars()
        particulars.done, particulars.total, particulars.note = done, total, note
        if self.subscriptions:
            self.tell("progress", run.job)

    def house(self, run: Run, path: str) -> None:
        run.workdir = run.job.particulars().workdir = path

    def heartbeat(self, run: Run) -> None:
        run.beaten_at = self.now()

    def note_line(self, run: Run, line: str, longest: int) -> None:
        particulars = run.job.particulars()
        if particulars.part_of is not None:  # one log for all indexes
            if run.ended:
                return
            line = f"{particulars.index}: {line}"
            particulars = particulars.part_of.job.particulars()
        log = particulars.log
        if log is None:
            log = particulars.log = []
        log.append(line)
        del log[:-longest]
