"""The verbs that stop jobs and move them: cancel, kill, requeue, snooze, run, retry."""

from __future__ import annotations

from nsjob.durations import seconds
from nsjob.pool.job import DONE, OK, RUNNING, SCHEDULED, Job
from nsjob.pool.queue import JobQueue
from nsjob.pool.verbs import Verbs, id_of

__all__ = ["Moving"]


class Moving(Verbs):
    """How jobs are stopped and moved."""

    def cancel(self, queue: str, job: str | Job) -> bool:
        """Cancel a job: a scheduled or done one is gone at once; one that runs is interrupted.

        Returns whether it was running. In a finalizer that interrupted the pool it is put off, and returns False.
        """
        return self._core.cancel_job(self._job(queue, job))

    def cancelall(self, queue: str) -> int:
        """Cancel all jobs of a queue that are scheduled or running. Returns how many."""
        found: JobQueue = self._core.guarded(self._find, queue)
        return self._cancel_every(found, keep_done=True)

    def kill(self, queue: str, job: str | Job) -> bool:
        """Write a running job off now: it ends as cancelled, its slot is free, its thread is lost until the body ends.

        Returns whether it was running; others are cancelled.

        Raises:
            WrongState: as many threads are lost as may be (`configure(maxlost=N)`).
        """
        return bool(self._core.whole(lambda: self._core.stops.kill(self._job(queue, job))))

    def requeue(self, queue: str, job: str | Job) -> None:
        """Interrupt a running job and put it back behind those of its priority. No attempt is counted."""
        self._core.whole(lambda: self._core.stops.requeue(self._job(queue, job)))

    def snooze(self, queue: str, job: str | Job, delay: object) -> None:
        """Put a scheduled job off for that many seconds; a running one is interrupted and put back for then."""
        pause = seconds(delay)
        self._core.whole(lambda: self._core.stops.snooze(self._job(queue, job), pause))

    def run(self, queue: str, job: str | Job) -> None:
        """Let a scheduled job go next, before all that wait; a delay is over then."""
        self._core.whole(lambda: self._core.stops.next(self._job(queue, job)))
        self._run_immediate()

    def retry(self, queue: str, job: str | Job) -> Job:
        """Run a job again that has ended, with its own id and options. Returns the new Job.

        A job that left its queue can be retried while the pool remembers it (the last 1,000).

        Raises:
            WrongState: it has not ended, or its lost thread still runs it.
            NoSuchJob: it is not remembered.
        """
        found: JobQueue = self._core.guarded(self._find, queue)
        return self._again(found, id_of(job, found))

    def retry_failed(self, queue: str) -> list[Job]:
        """Run all jobs again that are in the queue and did not end ok. Returns the new Jobs."""
        found: JobQueue = self._core.guarded(self._find, queue)
        ids: list[str] = self._core.guarded(
            lambda: [job.id for job in found.done_jobs() if job.outcome is not OK and job.req == "none"]
        )
        return [self._again(found, id) for id in ids]

    def _again(self, queue: JobQueue, id: str) -> Job:
        fresh: Job = self._core.whole(self._core.again, queue, id)
        self._run_immediate()
        return fresh

    def _cancel_every(self, queue: JobQueue, keep_done: bool = False) -> int:
        core = self._core
        states = (SCHEDULED, RUNNING) if keep_done else (SCHEDULED, RUNNING, DONE)
        jobs: list[Job] = core.guarded(lambda: [job for job in queue.table.values() if job.state in states])
        jobs.sort(key=lambda job: job.state is not SCHEDULED)  # else those that wait come in where others were
        for job in jobs:
            if keep_done:
                core.cancel_live_job(job)
            else:
                core.cancel_job(job)
        return len(jobs)
