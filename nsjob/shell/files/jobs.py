"""Jobs: those that a command file starts: what is told of them, and what becomes of them at its end."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from nsjob.errors import NsjobError, WaitTimeout
from nsjob.shell.files.journal import ALL, ERRORS, USUAL, journal
from nsjob.shell.files.streams import BROKEN_PIPE, reader_gone

if TYPE_CHECKING:
    from nsjob.pool.job import Job
    from nsjob.pool.pool import Pool
    from nsjob.shell.files.failures import JobFailure
    from nsjob.shell.files.running import Ways
    from nsjob.shell.files.telling import Telling

__all__ = ["Jobs"]

_LOOK_AGAIN = 0.5  # seconds until a queue is found that was paused while the rest is waited for
_HEARING = 5.0  # seconds that telling the last events may take


class Jobs:
    """All jobs of a pool; their failures, their events and the log are told of until `close`.

    Arguments:
        pool: which ends with the file.
        telling: who tells.
        ways: how the file is run.

    Attributes:
        fate: what becomes of those that have not ended when the file is stopped.
    """

    fate = "cancelled"

    def __init__(self, pool: Pool, telling: Telling, ways: Ways) -> None:
        self.pool = pool
        self._telling = telling
        self._failures: list[JobFailure] = []
        self._failed = False  # whether a detached job has failed
        self._around = ExitStack()
        levels = ERRORS if ways.quiet else ALL if ways.verbose else USUAL
        self._around.enter_context(journal(telling, levels, self._lost))
        self._events = pool.subscribe(telling.event) if ways.verbose else None

    def close(self) -> None:
        """Tell nothing any more."""
        self.hear_out()
        self._around.close()

    def hear_out(self) -> None:
        """Tell every event there was, and none after them: they are told on a thread of their own, a moment later."""
        if self._events is not None:
            self._events.close(timeout=_HEARING)
            self._events = None

    def _lost(self, failure: JobFailure) -> None:
        """A detached job has failed."""
        self._failed = True
        self._telling.jobs([failure])

    def under_way(self) -> int:
        """How many there are that have not ended."""
        counts = self.pool.counts()
        return counts.scheduled + counts.running

    def wait(self) -> None:
        """Wait for all jobs. Paused queues go on; where a failed job has paused one, what waits there is given up."""
        while True:
            for queue in self.pool.queuelist():
                if not queue.paused:
                    continue
                if queue.onerror == "pause" and queue.scheduled:
                    self._give_up(queue.name, queue.scheduled)
                else:
                    self.pool.resume(queue.name)
            try:
                jobs = self.pool.waitall(timeout=_LOOK_AGAIN)
            except WaitTimeout:
                continue
            self._claim([job for job in jobs if job.outcome not in ("ok", "cancelled")])
            self.pool.shutdown()
            return

    def _claim(self, jobs: list[Job]) -> None:
        """Keep what has to be told of jobs that failed."""
        if jobs:
            from nsjob.shell.files.failures import job_failure  # late: only what fails pays for it

            self._failures += [job_failure(job.queue, job.id, job.error) for job in jobs]

    def _give_up(self, queue: str, jobs: int) -> None:
        """Cancel what waits in a queue that a failed job has paused."""
        many = f"{jobs} jobs that wait in it are" if jobs > 1 else "the job that waits in it is"
        self._telling.note(f"queue {queue} was paused by a failed job: {many} cancelled")
        for job in self.pool.joblist(queue):
            if job.state == "scheduled":
                self.pool.cancel(queue, job.id)

    def cancel(self, patience: float | None = None) -> None:
        """Cancel all jobs, and leave those behind that do not end in time.

        Arguments:
            patience: seconds that they have; the pool's grace where it is None.
        """
        try:
            patience = self.pool.configure().grace if patience is None else patience
            self.pool.shutdown(cancel=True, timeout=patience)
        except WaitTimeout:
            for thread in self.pool.threads():
                if thread.job and thread.state != "lost":
                    self._leave(thread.queue, thread.job)

    def _leave(self, queue: str, job: str) -> None:
        """Write off a job that does not end."""
        try:
            self.pool.configure(maxlost=1_000_000)
            if self.pool.kill(queue, job):
                self._telling.note(f"queue {queue} {job} did not end and is left behind")
        except NsjobError:  # it has ended meanwhile
            pass

    def reported(self, code: int) -> int:
        """Tell of the jobs that failed and that nobody waited for. Returns the exit code."""
        self.hear_out()
        failures = self._failures
        counts = self.pool.counts()
        if counts.error or counts.timeout or counts.expired:
            from nsjob.shell.files.failures import unclaimed  # late: only what fails pays for it

            failures = failures + unclaimed(self.pool)
        if any(failure.broken_pipe for failure in failures) and reader_gone():
            failures = [failure for failure in failures if not failure.broken_pipe]
            code = code or BROKEN_PIPE
        self._telling.jobs(failures)
        return code or int(bool(failures) or self._failed)
