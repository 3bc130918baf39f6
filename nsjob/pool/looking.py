"""The verbs that tell what there is: queues' jobs, threads, counts, one job."""

from __future__ import annotations

from typing import Any, cast

from nsjob.pool import reports
from nsjob.pool.job import Job
from nsjob.pool.records import Counts, JobInfo, JobReport, Left, ThreadDetail, ThreadInfo
from nsjob.pool.verbs import Verbs, id_of

__all__ = ["Looking"]


class Looking(Verbs):
    """What a pool tells."""

    def jobs(self, queue: str) -> list[str]:
        """The ids of the queue's jobs, in the order in which they were queued."""
        return cast("list[str]", self._core.guarded(lambda: list(self._find(queue).table)))

    def joblist(self, queue: str) -> list[JobInfo]:
        """The queue's jobs, as ns_job's `joblist` tells them."""
        return cast(
            "list[JobInfo]",
            self._core.guarded(lambda: [reports.job_info(job) for job in self._find(queue).table.values()]),
        )

    def info(self, queue: str, job: str | Job) -> JobInfo:
        """One job of the queue, as `joblist` tells it. It costs less than `show`."""
        return cast(JobInfo, self._core.guarded(lambda: reports.job_info(self._job(queue, job))))

    def threadlist(self) -> ThreadInfo:
        """The pool's threads, as ns_job's `threadlist` tells them."""
        return cast(ThreadInfo, self._core.guarded(reports.thread_info, self._core))

    def threads(self) -> list[ThreadDetail]:
        """Each thread, and which job it runs."""
        return cast("list[ThreadDetail]", self._core.guarded(reports.thread_details, self._core))

    def counts(self, queue: str | None = None) -> Counts:
        """How many jobs there are by state, and how many have ended by outcome; of a queue, or of all there are."""
        core = self._core

        def look() -> Counts:
            return reports.counts(list(core.queues.values()) if queue is None else [self._find(queue)])

        return cast(Counts, core.guarded(look))

    def output(self, queue: str, job: str | Job) -> str:
        """What a job has printed so far, where it is captured: the last `configure(maxoutput=...)` bytes of it."""
        core = self._core
        found = self._find(queue)
        id = id_of(job, found)

        def look() -> Any:
            known: Job | Left = found.table.get(id) or (job if isinstance(job, Job) else core.left_record(found, id))
            particulars = known._particulars if isinstance(known, Job) else known.particulars
            return particulars.output if particulars is not None else None

        kept = core.guarded(look)
        return "" if kept is None else str(kept.text())

    def show(self, queue: str, job: str | Job) -> JobReport:
        """Everything about one job, also of the last 1,000 that left: why it does not run, and where it runs."""
        found = self._find(queue)
        id = id_of(job, found)

        def look() -> Job | Left:
            return found.table.get(id) or (job if isinstance(job, Job) else self._core.left_record(found, id))

        known = self._core.guarded(look)
        if isinstance(known, Left):
            return reports.left_report(self._core, known)
        return reports.job_report(self._core, known)
