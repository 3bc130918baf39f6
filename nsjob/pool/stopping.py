"""Stopping jobs: cancel, kill, requeue, time limits, the grace period, and writing off what does not end.

A flag on the run, set under the lock, decides what comes of it. The interrupt is only a nudge: it is repeated until the
body ends, since finalizers swallow exceptions and bodies can catch them.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from nsjob.errors import JobCancelled, JobExpired, JobTimeout, WrongState
from nsjob.pool.backlog import HEAD, NOWHERE
from nsjob.pool.job import CANCELLED, DONE, EXPIRED, RUNNING, SCHEDULED, TIMEOUT, Job
from nsjob.pool.runs import note_run

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.engine import Interrupt, Run
    from nsjob.pool.ranges import Range

__all__ = ["Stopping", "outlived", "timed_out"]

NUDGE_EVERY = 0.1  # seconds
_LIMITS = ("timeout", "expire")  # reasons for which a run is written off where it does not end in time
LOOK_AGAIN = 0.005  # seconds, where the body was in code that must not be interrupted
_logger = logging.getLogger("nsjob")


def timed_out(run: Run) -> JobTimeout:
    """The error of a job that was stopped for its time limit, or because it had been silent for too long."""
    job, options = run.job, run.job._options
    if options.heartbeat is not None:
        silent_since = max(run.begun_at, run.beaten_at)
        if options.timeout is None or silent_since + options.heartbeat < run.begun_at + options.timeout:
            return JobTimeout(f"job {job.id} did not call job.heartbeat() within {options.heartbeat:g} seconds")
    return JobTimeout(f"job {job.id} ran longer than its time limit of {options.timeout or 0.0:g} seconds")


def outlived(job: Job) -> JobExpired:
    """The error of a job whose lifetime is over."""
    return JobExpired(f"job {job.id} has reached the end of its lifetime of {job._options.lifetime or 0.0:g} seconds")


class Stopping:
    """How the jobs of one pool are stopped. All methods with an underscore want the lock held."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def cancel_plain(self, job: Job) -> bool:
        """Cancel a job where it is scheduled and has nothing particular. Under the lock, in any thread.

        Returns whether it was so.
        """
        if job.state is not SCHEDULED or job._particulars is not None or job._queue.table.get(job.id) is not job:
            return False
        if job._where == NOWHERE:  # a worker was handed it before its turn
            return False
        self._core.end_early(job)
        return True

    def cancel(self, job: Job) -> bool:
        """Ask a job to end; a scheduled or done one leaves at once. Under the lock, not in a caller's thread.

        Returns whether it was running.
        """
        core = self._core
        queue = job._queue
        core.recall_job(job)
        if job.state is SCHEDULED:
            if queue.table.get(job.id) is job:
                core.end_early(job)
            else:  # a finalizer queued it, and the timers' thread has yet to enter it
                core.timers.soon(core.locked, self.cancel, job)
            return False
        if job.state is DONE:
            if queue.table.get(job.id) is job:
                core.depart(queue, job)
            return False
        ranged = self._range(job)
        if ranged is not None:
            self._cancel_range(ranged)
        elif job._runner is not None:
            self.interrupt(job._runner.the_run(), "cancel")
        return True

    def _range(self, job: Job) -> Range | None:
        """What the job stands for, where that is a range."""
        return job._particulars.range if job._particulars is not None else None

    def _cancel_range(self, ranged: Range) -> None:
        """Cancel a range that has begun: what has not started never does, and what runs is interrupted."""
        core = self._core
        ranged.job.particulars().cancelling = True
        core.drop_waiting(ranged)
        for job in ranged.active.values():
            self.cancel(job)
        core.timers.soon(core.call_endings_elsewhere)

    def cancel_live(self, job: Job) -> bool:
        """The same, but a done job stays where it is."""
        return job.state is not DONE and self.cancel(job)

    def due(self, run: Run) -> float:
        """When the run must have ended, or said again that it is alive: what comes first."""
        options = run.job._options
        end = math.inf if options.timeout is None else run.begun_at + options.timeout
        silence = math.inf if options.heartbeat is None else max(run.begun_at, run.beaten_at) + options.heartbeat
        return min(end, silence)

    def late(self, run: Run) -> None:
        """The run may have reached its time limit, or been silent for too long; on the timers' thread."""
        self._core.locked(self._late, run)

    def _late(self, run: Run) -> None:
        if run.ended:
            return
        due = self.due(run)
        if due > self._core.now():  # it has said that it is alive
            run.limit = self._core.timers.at(due, self.late, run)
        else:
            self.interrupt(run, "timeout")

    def expire(self, job: Job) -> None:
        """End a job that runs, as its lifetime is over. Under the lock, not in a caller's thread."""
        ranged = self._range(job)
        if job.state is RUNNING and ranged is not None:
            core = self._core
            ranged.expired = True
            core.drop_waiting(ranged)
            for one in ranged.active.values():
                self.expire(one)
            core.timers.soon(core.call_endings_elsewhere)
        elif job.state is RUNNING and job._runner is not None:
            self.interrupt(job._runner.the_run(), "expire")

    def interrupt(self, run: Run, reason: Interrupt) -> None:
        """Ask a run to end. Under the lock.

        The first reason stands, save that one that ends the job overrules a requeue or snooze.
        """
        if run.ended:
            return
        core = self._core
        now = core.now()
        if run.reason is None or (reason in ("cancel", "kill", "expire") and run.reason in ("requeue", "snooze")):
            grace = now + core.settings.grace if reason in _LIMITS else None
            run.reason = reason
            core.timers.cancel(run.nudge)
            run.nudge = core.timers.at(now, self._nudge, run, grace)
            if run.waiting is not None:
                run.waiting.wake()
        if reason == "cancel":
            run.job.particulars().cancelling = True

    def _nudge(self, run: Run, grace: float | None) -> None:
        """Interrupt a run once more; on the timers' thread."""
        if run.ended or run.reason is None:
            return
        waiting = run.waiting
        if waiting is not None:
            waiting.wake()
        queue = run.job._queue
        sent = queue.engine.interrupt(run, run.reason)
        if not sent and queue.host is not None:  # in a script before or after the work, or between the two
            sent = self._core.threads.interrupt(run, run.reason)
        self._core.locked(self._nudge_later, run, grace, NUDGE_EVERY if sent else LOOK_AGAIN)

    def _nudge_later(self, run: Run, grace: float | None, wait: float) -> None:
        """Nudge again after a while, or write the run off where its grace period is over."""
        core = self._core
        if run.ended:
            return
        now = core.now()
        # Only a time limit writes off by itself; a cancelled job keeps its slot until it ends or is killed.
        if grace is not None and now >= grace:
            if run.reason in _LIMITS and self._write_off(run):
                return
            grace = None
        until = now + wait
        run.nudge = core.timers.at(until if grace is None else min(until, grace), self._nudge, run, grace)

    def kill(self, job: Job) -> bool:
        """Write a running job off now. Under the lock. Returns whether it was running.

        Raises:
            WrongState: as many threads are lost as may be.
        """
        self._core.recall_job(job)
        ranged = self._range(job)
        if job.state is RUNNING and ranged is not None:
            return self._kill_range(ranged)
        if job.state is not RUNNING or job._runner is None:
            return self.cancel(job)
        run = job._runner.the_run()
        if self._core.is_over(run):
            self.interrupt(run, "kill")
            job.particulars().cancelling = True
            return True
        if not self._core.threads.may_lose():
            self.interrupt(run, "cancel")
            raise WrongState(
                f"cannot write off job {job.id}: {self._core.settings.maxlost} threads are lost already "
                "(configure(maxlost=N) allows more); it has been interrupted"
            )
        run.reason = "kill"
        job.particulars().cancelling = True
        if run.waiting is not None:
            run.waiting.wake()
        return self._write_off(run)

    def written_off(self, run: Run) -> None:
        """A job was killed that no thread had seen to begin; one has, now. Under the lock."""
        if run.reason == "kill" and not run.ended and self._core.threads.may_lose():
            self._write_off(run)

    def _kill_range(self, ranged: Range) -> bool:
        """Cancel a range and write off what runs of it.

        Raises:
            WrongState: not all of that could be written off.
        """
        self._cancel_range(ranged)
        refused: WrongState | None = None
        for job in list(ranged.active.values()):
            try:
                self.kill(job)
            except WrongState as error:
                refused = error
        if refused is not None:
            raise refused
        return True

    def write_off_at_exit(self, job: Job) -> None:
        """Write a running job off, whatever the limit of lost threads is."""
        ranged = self._range(job)
        if ranged is not None and job.state is RUNNING:
            self._cancel_range(ranged)
            for one in list(ranged.active.values()):
                self.write_off_at_exit(one)
            return
        if job.state is RUNNING and job._runner is not None:
            run = job._runner.the_run()
            self.interrupt(run, "cancel")
            self._write_off(run, forced=True)

    def _write_off(self, run: Run, forced: bool = False) -> bool:
        """End the job although its body goes on; its thread is lost. Returns whether that was allowed."""
        core = self._core
        job = run.job
        queue = job._queue
        if run.ended:
            return True
        if core.is_over(run):
            return False
        if not forced and not core.threads.may_lose():
            core.timers.soon(
                _logger.warning,
                "queue %s: job %s does not end, and %d threads are lost already (maxlost): its slot stays taken",
                queue.name,
                job.id,
                core.settings.maxlost,
            )
            return False
        if not queue.pushed:
            core.threads.lose(run)
        if queue.engine is not core.threads:
            core.timers.soon(queue.engine.abandon, run)
        nudge, run.nudge = run.nudge, None
        run.ended = True
        if run.limit is not None:
            core.timers.cancel(run.limit)
        core.timers.cancel(nudge)
        if run.holding:
            run.holding = False
            queue.running -= 1
            core.running -= 1
            queue.release_key(job._options.key)
        else:
            queue.yielded -= 1
        if run.reason == "timeout" and not (job._particulars is not None and job._particulars.cancelling):
            note_run(core, job, TIMEOUT, core.now(), f"{timed_out(run)}; it did not end, and was written off")
            core.end(job, TIMEOUT, timed_out(run), core.now())
        elif run.reason == "expire" and not (job._particulars is not None and job._particulars.cancelling):
            note_run(core, job, EXPIRED, core.now(), f"{outlived(job)}; it did not end, and was written off")
            core.end(job, EXPIRED, outlived(job), core.now())
        else:
            note_run(core, job, CANCELLED, core.now(), "it did not end, and was written off")
            core.end(job, CANCELLED, JobCancelled(), core.now())
        core.refresh(queue)
        core.timers.soon(core.call_endings_elsewhere)
        core.wake()
        # It is still nudged, so that the thread comes back where it can.
        run.nudge = core.timers.at(core.now() + NUDGE_EVERY, self._nudge_lost, run)
        return True

    def _nudge_lost(self, run: Run) -> None:
        core = self._core
        if core.threads.holds(run):
            run.job._queue.engine.interrupt(run, "kill")
            core.locked(lambda: core.timers.at(core.now() + 10 * NUDGE_EVERY, self._nudge_lost, run))
        elif run.workdir:
            core.locked(core.leave_workdir, run)
            core.call_endings_elsewhere()

    def requeue(self, job: Job) -> None:
        """Interrupt a running job and put it back. Under the lock.

        Raises:
            WrongState: it does not run.
        """
        self._core.recall_job(job)
        ranged = self._range(job)
        if ranged is not None and job.state is RUNNING:
            for one in ranged.active.values():
                if one.state is RUNNING and one._runner is not None:
                    self.interrupt(one._runner.the_run(), "requeue")
            return
        if job.state is not RUNNING or job._runner is None:
            raise WrongState(f"job {job.id} is {job.state}: only a running job can be put back")
        self.interrupt(job._runner.the_run(), "requeue")

    def snooze(self, job: Job, delay: float) -> None:
        """Put a scheduled or running job off for `delay` seconds. Under the lock.

        Raises:
            WrongState: it is done.
        """
        self._core.recall_job(job)
        ranged = self._range(job)
        if ranged is not None and job.state is RUNNING:
            self._core.hold_range(ranged)
            self._core.postpone(job, self._core.now() + delay)
            for one in ranged.active.values():
                self.snooze(one, delay)
        elif job.state is RUNNING and job._runner is not None:
            run = job._runner.the_run()
            run.snoozed = delay
            self.interrupt(run, "snooze")
        elif job.state is SCHEDULED:
            core = self._core
            core.take_out(job)
            core.postpone(job, core.now() + delay)
            core.refresh(job._queue)
        else:
            raise WrongState(f"job {job.id} is done: only a scheduled or running job can be put off")

    def next(self, job: Job) -> None:
        """Let a scheduled job go before all that wait. Under the lock.

        Raises:
            WrongState: it is not scheduled, or waits for other jobs.
        """
        self._core.recall_now()
        if job.state is not SCHEDULED:
            raise WrongState(f"job {job.id} is {job.state}: only a scheduled job can be run next")
        particulars = job._particulars
        if particulars is not None and particulars.pending:
            raise WrongState(f"job {job.id} comes after job {particulars.pending[0].id}, which has not ended")
        core = self._core
        queue = job._queue
        if particulars is not None:
            core.timers.cancel(particulars.start_timer)
            particulars.not_before = None
        core.take_out(job)
        ranged = self._range(job)
        if ranged is not None:
            ranged.next, ranged.held = True, False
            core.offer(ranged)
        else:
            queue.backlog.put(job, HEAD, first=True)
        core.refresh(queue)
        core.wake()
