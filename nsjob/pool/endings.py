"""Endings: what becomes of a job whose body ended, or that never ran."""

from __future__ import annotations

import logging
import random
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from nsjob.errors import (
    DependencyFailed,
    JobCancelled,
    JobExpired,
    JobFailed,
    RangeFailed,
    WorkerLost,
)
from nsjob.pool.backlog import NOWHERE
from nsjob.pool.context import Requeued, Snoozed, Succeeded
from nsjob.pool.departures import Departures
from nsjob.pool.engine import Run
from nsjob.pool.job import CANCELLED, DONE, ERROR, EXPIRED, OK, RUNNING, SCHEDULED, TIMEOUT, Job
from nsjob.pool.output import Output
from nsjob.pool.queue import JobQueue
from nsjob.pool.ranges import Range
from nsjob.pool.runs import LOST, REQUEUED, SNOOZED, Past, note_run
from nsjob.pool.stopping import outlived, timed_out
from nsjob.pool.stores import stores
from nsjob.pool.turns import honour
from nsjob.pool.waiting import Park, Ticket, Wait
from nsjob.snippet import TCL_ERROR, TCL_OK, Ending

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["Endings", "dependency_failed"]

_LONGEST_BACKOFF = 86_400.0
_logger = logging.getLogger("nsjob")


class Endings(Departures):
    """From a body's value, error or interrupt to an outcome, and on to the next job."""

    # -- a run ends ----------------------------------------------------------------------------------------------------

    def pass_on(self, job: Job, value: Any, place: Any) -> Job | None:
        """End a job whose body returned in the pool thread `place`, undisturbed, and start the next one there.

        Under the lock. It is the other half of the pool's hottest path: `end`, `take` and `_start` are written out in
        it for jobs and queues with nothing particular.
        """
        queue = job._queue
        now = self.now()
        particulars: Any = job._particulars
        known = particulars is None or particulars.bare
        if not (known and queue.calm and self.calm and now - job._started < self.long):
            self.end(job, OK, value, now)
            if now - job._started >= self.long:
                self.endings.append(partial(log_long, job, now - job._started))
            return self._hand_on(queue, job, place, now)
        job._value = value
        job._ended = now
        job.outcome = OK
        job.state = DONE
        del job._context
        self.live -= 1
        queue.ok += 1
        handed = particulars is not None and particulars.active
        if handed or job._aside:
            table = queue.table
            del table[job.id]
            if job._aside:
                queue.aside -= 1
            self.left.append(  # `remember`
                (queue, job.id, job._work, job._options, OK, TCL_OK, job.attempt, job._queued, job._started, now, None)
            )
            if not table and queue.req == "delete":
                self.vanish(queue)
        else:
            queue.done.append(job)
        if particulars is not None:
            particulars.handed = handed
            particulars.park.wake()
        if self.stopping and not self.live:
            self.rest()
        if place.ahead is None and (self.cap is None or self.cap >= self.total):
            backlog = queue.backlog
            bucket = backlog.first
            if bucket:
                following: Any = bucket[0]
                if (
                    following._where == backlog.rank
                    and (following._particulars is None or following._particulars.bare)
                    and not following._options.watched
                ):
                    bucket.popleft()
                    following.state = RUNNING
                    following.attempt = 1
                    following._started = now
                    following._runner = place
                    place.job = following
                    return following  # type: ignore[no-any-return]
        return self._hand_on(queue, job, place, now)

    def finish(self, run: Run, place: Any = None) -> Job | None:
        """End `run`, in whatever way. A pool thread gives its `place` and gets the next job there, if there is one."""
        if run.ended:
            return None
        run.ended = True
        job = run.job
        now = self.now()
        if run.workdir:
            self.leave_workdir(run)
        if run.limit is not None:
            self.timers.cancel(run.limit)
        if run.nudge is not None:
            self.timers.cancel(run.nudge)
        if run.reason is not None or run.error is not None:
            self._judge(run, job, now)
        else:
            self.end(job, OK, run.value, now)
        if now - run.begun_at >= self.long:
            self.endings.append(partial(log_long, job, now - run.begun_at))
        if not run.holding:
            job._queue.yielded -= 1
            return self.take(place) if place is not None else None
        return self._hand_on(job._queue, job, place, now)

    def leave_workdir(self, run: Run) -> None:
        """The body is out of its working directory: let it be removed, once the lock is free, unless it is kept."""
        path, run.workdir = run.workdir, ""
        particulars = run.job.particulars()
        if not run.job._options.keepdir:
            if particulars.workdir == path:
                particulars.workdir = ""
            self.endings.append(partial(_remove_directory, path))

    def settle(self, run: Run) -> Run | None:
        """End a run of any engine but the pool's threads, from any thread. Returns None: places are not handed on."""
        self.locked(self.finish, run)
        self.call_endings()
        self.wake_up()
        return None

    def _hand_on(self, queue: JobQueue, job: Job, place: Any, now: float) -> Job | None:
        """A job that has ended gives its slot back: to the next of its queue, or to whoever is next."""
        if not (queue.calm and self.calm):
            queue.calm = queue.settled()
            self.calm = not (self.watchers.parks or self.subscriptions or self.settings.maxdone)
        if len(queue.done) > self.bound:
            self.bound_done(queue)
        if queue.maxperkey is not None:
            queue.release_key(job._options.key)
        if place is not None and place.ahead is not None:
            following = self.next_ahead(place, queue, now)
            if following is not None:
                return following
        backlog = queue.backlog
        fits = queue.running <= queue.maxthreads and (self.cap is None or self.cap >= self.total)
        if fits and place is not None and backlog.mask:
            # No cap of the pool binds: the slot stays with its queue, and the counts as they are.
            entry = queue.next() if queue.held or queue.maxperkey is not None else backlog.pop()
            if entry is not None:
                if type(entry) is not Job:
                    if type(entry) is Ticket:
                        honour(entry)
                        return self.take(place)
                    if type(entry) is Range:
                        entry = self.feed(entry)
                following = self._start(cast(Job, entry), now, place)
                return following if following is not None else self.take(place)
        queue.running -= 1
        self.running -= 1
        if backlog.mask or queue.ready_at != NOWHERE:
            self.refresh(queue)
        return self.take(place) if place is not None and self.ready_mask else None

    def _judge(self, run: Run, job: Job, now: float) -> None:
        """Decide what came of a run that was interrupted or raised."""
        reason, error = run.reason, run.error
        asked = job._particulars is not None and job._particulars.cancelling
        core = cast("Core", self)
        if asked or reason == "cancel" or reason == "kill" or (self.cancelling and reason is not None):
            note_run(core, job, CANCELLED, now, "it was killed" if reason == "kill" else "it was cancelled")
            self.end(job, CANCELLED, JobCancelled(), now)
        elif reason == "timeout":
            failure: BaseException = timed_out(run)
            note_run(core, job, TIMEOUT, now, str(failure))
            if not self._retry(job, failure):
                self.end(job, TIMEOUT, failure, now)
        elif reason == "expire":
            failure = outlived(job)
            note_run(core, job, EXPIRED, now, str(failure))
            self.end(job, EXPIRED, failure, now)
        elif reason == "requeue":
            note_run(core, job, REQUEUED, now, "it was put back")
            job.attempt -= 1
            self.put_back(job, 0.0)
        elif reason == "snooze" or isinstance(error, Snoozed):
            delay = f" for {run.snoozed:g} seconds" if run.snoozed else ""
            if isinstance(error, Requeued) and reason is None:
                note_run(core, job, REQUEUED, now, f"it put itself back{delay}")
            else:
                note_run(core, job, SNOOZED, now, f"it was put off{delay}")
            job.attempt -= 1
            self.put_back(job, run.snoozed)
        elif isinstance(error, Succeeded):
            self.end(job, OK, error.value, now)
        else:
            assert error is not None
            note_run(core, job, LOST if isinstance(error, WorkerLost) else ERROR, now, "", error)
            if isinstance(error, JobFailed) or not self._retry(job, error):
                self.end(job, ERROR, error, now)

    def _retry(self, job: Job, error: BaseException) -> bool:
        options = job._options
        if self.cancelling or job.attempt > options.retries or not _retried(error, options.retryon):
            return False
        delay = min(options.backoff * 2.0 ** min(job.attempt - 1, 40), _LONGEST_BACKOFF)
        self.put_back(job, delay * (1 + random.random() / 4))
        return True

    # -- a job ends ----------------------------------------------------------------------------------------------------

    def end(self, job: Job, outcome: str, value: object, now: float) -> None:
        """A job is done. In a pool thread, or the timers': others announce first and then commit."""
        queue = job._queue
        particulars = job._particulars
        if particulars is not None and particulars.part_of is not None:
            self._end_index(job, particulars.part_of, outcome, value, now)
            return
        if particulars is not None and particulars.lifetime is not None:
            self.timers.cancel(particulars.lifetime)
        job._ended = now
        job._code = TCL_ERROR
        if outcome is OK:
            job._code = TCL_OK
            if type(value) is Ending:
                job._code = value.code
                value = value.value
        leaves = job._aside
        if particulars is not None:
            wait = particulars.wait
            if wait is not None and wait.active:
                wait.handed = leaves = True
            leaves = leaves or particulars.cancelling
        self._commit_end(queue, job, outcome, value, job.state is SCHEDULED, leaves)
        if leaves:
            self.remember(job)
        elif len(queue.done) > self.bound:
            self.bound_done(queue)
        if self.stopping and not self.live:
            self.rest()
        if outcome is not OK and outcome is not CANCELLED:
            self._failed(job, queue, value)
        if self.subscriptions:
            self.tell("finished", job, outcome)
            if queue.req == "delete" and not queue.table:
                self.tell_queue("queue deleted", queue)
        if particulars is not None or queue.watchers.parks or self.watchers.parks or queue.onfinish is not None:
            self.announce(job)

    @stores
    def _commit_end(
        self, queue: JobQueue, job: Job, outcome: str, value: object, was_scheduled: bool, leaves: bool
    ) -> None:
        job._value = value
        job.outcome = outcome
        job.state = DONE
        job._runner = None
        del job._context
        self.live -= 1
        if outcome is OK:
            queue.ok += 1
        else:
            queue.failed[outcome] += 1
        if was_scheduled:
            if job._where != NOWHERE:
                queue.backlog.stale += 1
                job._where = NOWHERE
        unique = job._options.unique
        if unique is not None:
            if unique in queue.uniques:
                if queue.uniques[unique] is job:
                    del queue.uniques[unique]
        if leaves:
            del queue.table[job.id]
            if job._aside:
                queue.aside -= 1
            if not queue.table:
                if queue.req == "delete":
                    if queue.name in self.queues:
                        del self.queues[queue.name]
                        self.total -= queue.maxthreads
        else:
            queue.done.append(job)

    def _end_index(self, job: Job, ranged: Range, outcome: str, error: object, now: float) -> None:
        """The job of one index is done; it stands in no table. The last one ends the range."""
        queue = job._queue
        particulars = job.particulars()
        whole = ranged.job
        job._ended = now
        if job.state is RUNNING:
            queue.indexes -= 1
        elif job._where != NOWHERE:
            queue.backlog.stale += 1
            job._where = NOWHERE
        job._value = None
        job.outcome = outcome
        job.state = DONE
        job._runner = None
        del job._context
        runs = particulars.runs
        last = Past(job, queue, OK, now) if outcome is OK else runs[-1] if runs else None
        ranged.settle(cast(int, particulars.index), outcome, error, last)
        told = whole.particulars()
        told.done, told.note = ranged.ended(), ranged.note()
        if particulars.output is not None:
            if told.output is None:
                told.output = Output(self.settings.maxoutput)
            told.output.write(particulars.output.text())
        if self.subscriptions:
            self.tell("progress", whole)
        if outcome is not OK and outcome is not CANCELLED:
            self._react(queue)
        if ranged.over():
            self._end_range(whole, ranged, now)
        else:
            self.offer(ranged)

    def _end_range(self, whole: Job, ranged: Range, now: float) -> None:
        """All indexes of a range that has begun have ended."""
        queue = whole._queue
        queue.yielded -= 1
        queue.ranges -= 1
        core = cast("Core", self)
        particulars = whole.particulars()
        if ranged.expired and not particulars.cancelling:
            note_run(core, whole, EXPIRED, now, str(outlived(whole)))
            self.end(whole, EXPIRED, outlived(whole), now)
        elif particulars.cancelling or (ranged.cancelled and not ranged.failed):
            particulars.cancelling = True
            note_run(core, whole, CANCELLED, now, "it was cancelled")
            self.end(whole, CANCELLED, JobCancelled(), now)
        elif ranged.failed:
            error = ranged.failure()
            note_run(core, whole, ERROR, now, "", error)
            self.end(whole, ERROR, error, now)
        else:
            self.end(whole, OK, ranged.value(), now)
        ranged.error = None

    def drop_waiting(self, ranged: Range) -> None:
        """Cancel those indexes of a range that has begun which do not run. Not in a caller's thread."""
        whole = ranged.job
        self.hold_range(ranged)
        ranged.drop_pending()
        for job in [job for job in ranged.active.values() if job.state is SCHEDULED]:
            self.drop(job, CANCELLED, JobCancelled())
        if whole.state is RUNNING and ranged.over():
            self._end_range(whole, ranged, self.now())

    def _failed(self, job: Job, queue: JobQueue, error: Any) -> None:
        if job._options.detached:
            self.endings.append(partial(_log_detached, job, error))
        if type(error) is not RangeFailed:  # its indexes' failures have told already
            self._react(queue)

    def _react(self, queue: JobQueue) -> None:
        """Do with the queue what it wants done after a failure (`onerror`)."""
        if queue.onerror == "pause" and not queue.paused:
            queue.paused = queue.held = True
            queue.calm = False
            self.refresh(queue)
        elif queue.onerror == "cancel" and not queue.clearing:
            queue.clearing = queue.held = True
            queue.calm = False
            self.refresh(queue)
            self.timers.soon(self.clear, queue)

    def clear(self, queue: JobQueue) -> None:
        """A job of the queue failed, and what waits in it is to be cancelled (`onerror`); on the timers' thread.

        The queue starts nothing until that is done, and each job takes the lock by itself.
        """
        jobs: list[Job] = self.locked(lambda: [job for job in queue.table.values() if job.state is not DONE])
        for job in jobs:
            self.locked(self._clear, job)
        self.locked(self._cleared, queue)
        self.call_endings_elsewhere()
        self.wake_up()

    def _clear(self, job: Job) -> None:
        if job.state is SCHEDULED:
            self.drop(job, CANCELLED, JobCancelled())
        elif job.state is RUNNING and job._particulars is not None and job._particulars.range is not None:
            self.drop_waiting(job._particulars.range)

    def _cleared(self, queue: JobQueue) -> None:
        queue.clearing = False
        queue.held = queue.paused
        self.refresh(queue)

    def announce(self, job: Job) -> None:
        """Wake those who wait for the job's end, and note the callbacks to be called when the lock is free."""
        particulars = job._particulars
        if particulars is not None:
            particulars.pending = ()  # the particulars can be remembered; the values of other jobs are not
            parks, particulars.parks = particulars.parks, ()
            for entry in parks:
                if isinstance(entry, Park):
                    entry.wake()
                else:
                    self.endings.append(partial(entry, job))
            if type(particulars) is Wait:
                particulars.park.wake()
            if particulars.wait is not None:
                particulars.wait.park.wake()
            if particulars.dependents:
                # Those that fail by it end one by one on the timers' thread: chains of them may be long.
                dependents, particulars.dependents = particulars.dependents, ()
                for dependent in dependents:
                    self._precede(job, dependent)
        queue = job._queue
        if queue.onfinish is not None:
            self.endings.append(partial(queue.onfinish, job))
        self.wake_watchers(queue)

    # -- a job ends that has not run -----------------------------------------------------------------------------------

    def drop(self, job: Job, outcome: str, value: object) -> None:
        """End a scheduled job where it still is scheduled. Never in a caller's thread."""
        self.recall_job(job)
        if job.state is SCHEDULED:
            if outcome is CANCELLED:
                job.particulars().cancelling = True
            queue = job._queue
            self._disarm(job)
            queue.gone(job)
            self.end(job, outcome, value, self.now())
            queue.backlog.sweep(queue.scheduled)
            queue.room.wake()

    def end_early(self, job: Job) -> None:
        """Cancel a scheduled job. Under the lock. In a caller's thread only where it has no Particulars: then
        everything is announced before the commit.
        """
        queue = job._queue
        particulars = job._particulars
        if particulars is not None:
            self._disarm(job)
            queue.gone(job)
        told = queue.room.parks or queue.watchers.parks or self.watchers.parks
        if particulars or told or queue.onfinish is not None:
            self.timers.soon(self._follow_up, job)
        if self.subscriptions:
            self.tell("finished", job, CANCELLED)
            if queue.req == "delete" and len(queue.table) == 1:
                self.tell_queue("queue deleted", queue)
        job._ended = self.now()
        self.remember(job, CANCELLED)
        self._commit_cancelled(queue, queue.backlog, job)
        queue.backlog.sweep(queue.scheduled)
        if self.stopping and not self.live:
            self.rest()

    @stores  # so it cannot call what it shares with `_commit_end`
    def _commit_cancelled(self, queue: JobQueue, backlog: Any, job: Job) -> None:
        job._value = None  # whoever asks gets an error of its own
        job.outcome = CANCELLED
        job._code = TCL_ERROR
        job.state = DONE
        self.live -= 1
        queue.failed[CANCELLED] += 1
        if job._where != NOWHERE:
            backlog.stale += 1
            job._where = NOWHERE
        unique = job._options.unique
        if unique is not None:
            if unique in queue.uniques:
                if queue.uniques[unique] is job:
                    del queue.uniques[unique]
        del queue.table[job.id]
        if job._aside:
            queue.aside -= 1
        if not queue.table:
            if queue.req == "delete":
                if queue.name in self.queues:
                    del self.queues[queue.name]
                    self.total -= queue.maxthreads

    def _follow_up(self, job: Job) -> None:
        """Tell those who wait for a job that a caller cancelled; on the timers' thread."""
        self.locked(self._told, job)
        self.call_endings_elsewhere()
        self.wake_up()

    def _told(self, job: Job) -> None:
        if job.state is DONE:
            self.announce(job)
            job._queue.room.wake()

    def expire(self, job: Job) -> None:
        """A job's `expires` has come."""
        self.locked(self._expire, job)
        self.call_endings_elsewhere()

    def _expire(self, job: Job) -> None:
        if job.attempt == 0:
            self.drop(job, EXPIRED, JobExpired(f"job {job.id} was given up: it had not started in time (expires)"))

    def outlive(self, job: Job) -> None:
        """A job's `lifetime` is over; on the timers' thread."""
        self.locked(self._outlive, job)
        self.call_endings_elsewhere()

    def _outlive(self, job: Job) -> None:
        if job.state is SCHEDULED:
            self.drop(job, EXPIRED, outlived(job))
        else:
            self.stops.expire(job)

    # -- jobs that come after others -----------------------------------------------------------------------------------

    def follow(self, job: Job, dependent: Job) -> None:
        """`dependent` waits for the end of `job`."""
        particulars = job.particulars()
        if isinstance(particulars.dependents, list):
            particulars.dependents.append(dependent)
        else:
            particulars.dependents = [dependent]

    def _precede(self, job: Job, dependent: Job) -> None:
        """`job`, which `dependent` comes after, has ended."""
        if dependent.state is not SCHEDULED:
            return
        if job.outcome is not OK:
            self.timers.soon(self.fail_dependent, dependent, dependency_failed(dependent, job))
            return
        pending = dependent.particulars().pending
        if isinstance(pending, list) and job in pending:
            pending.remove(job)
        if not pending:
            self.admit(dependent)
            self.wake()

    def fail_dependent(self, job: Job, error: DependencyFailed) -> None:
        """A job came after one that had not ended ok."""
        self.locked(self.drop, job, ERROR, error)
        self.call_endings_elsewhere()


def _retried(error: BaseException, kinds: tuple[type[BaseException] | str, ...]) -> bool:
    if not kinds:
        return isinstance(error, Exception)
    names = {kind.__name__ for kind in type(error).__mro__}
    return any(kind in names if isinstance(kind, str) else isinstance(error, kind) for kind in kinds)


def dependency_failed(job: Job, other: Any) -> DependencyFailed:
    """The error of a job whose predecessor did not end ok."""
    return DependencyFailed(
        f"job {job.id} was not run: job {other.id} of queue {other.queue}, which it comes after, ended {other.outcome}"
    )


def _remove_directory(path: str) -> None:
    from nsjob.pool.files import remove_directory  # late: few jobs have one

    remove_directory(path)


def log_long(job: Job, seconds: float) -> None:
    """Tell of a run that took long (`configure(logminduration=...)`)."""
    _logger.info("job %s of queue %s ran %.3f seconds", job.id, job._queue.name, seconds)


def _log_detached(job: Job, error: BaseException) -> None:
    extra = {"detached": (job._queue.name, job.id)}  # for handlers that show failures in their own way
    _logger.error("detached job %s of queue %s failed", job.id, job._queue.name, exc_info=error, extra=extra)
