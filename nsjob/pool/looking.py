"""The verbs that tell what there is: queues' jobs, threads, counts, one job."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from nsjob.errors import OptionError, brief
from nsjob.pool import reports
from nsjob.pool.job import DONE, Job
from nsjob.pool.output import Follower
from nsjob.pool.records import Counts, JobInfo, JobReport, Left, RunRecord, ThreadDetail, ThreadInfo
from nsjob.pool.runs import records_of
from nsjob.pool.specs import equivalent
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

    def running(self, *queues: str, most: int = 100) -> list[tuple[str, str]]:
        """The jobs that run now in the pool's threads, as queue and id; `most` of them at most.

        Arguments:
            queues: of these; none for all. Those that are not there have none.
        """
        chosen = set(queues)
        found = (
            (thread.queue, thread.job)
            for thread in self.threads()
            if thread.job and thread.state != "lost" and (not chosen or thread.queue in chosen)
        )
        return list(islice(found, most))

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

    def follow(self, queue: str, job: str | Job) -> Iterator[str]:
        """What a job prints, where it is captured, as it comes, through all its runs and to its end.

        Each step gives what has come since the one before, which may be nothing: who steps decides how often he looks.
        """
        known = self._known(queue, job)
        follower = Follower()
        while True:
            over = known.state is DONE
            particulars = known._particulars if isinstance(known, Job) else known.particulars
            yield follower.news(particulars.output if particulars is not None else None, over)
            if over:
                return

    def show(self, queue: str, job: str | Job) -> JobReport:
        """Everything about one job, also of the last 1,000 that left: why it does not run, and where it runs."""
        known = self._known(queue, job)
        if isinstance(known, Left):
            return reports.left_report(self._core, known)
        return reports.job_report(self._core, known)

    def equivalent(self, first: Job | tuple[str, str], second: Job | tuple[str, str]) -> bool:
        """Whether two jobs do the same in the same way: the same body, values, files (by content) and options.

        What names a job, times it or describes it is left out: `jobid`, `ifnew`, `detached`, `head`, `delay`, `at`,
        `expires`, `lifetime`, `keep`, `after`, `unique` and `note`. So is the queue. Jobs that left are known as by
        `show`.

        Arguments:
            first, second: Jobs, or pairs of a queue's name and a job's id.
        """
        found = []
        for one in (first, second):
            if isinstance(one, Job):
                found.append((one._work, one._options, one._particulars))
                continue
            if not isinstance(one, tuple) or len(one) != 2:
                raise OptionError(f"a job is named by its Job, or by (queue, id), but got {brief(one)}")
            known = self._known(*one)
            if isinstance(known, Job):
                found.append((known._work, known._options, known._particulars))
            else:
                found.append((known.work, known.options, known.particulars))
        ranges = [part.range.indexes if part is not None and part.range is not None else None for *_, part in found]
        return ranges[0] == ranges[1] and equivalent(*found[0][:2], *found[1][:2])

    def runs(self, queue: str, job: str | Job) -> tuple[RunRecord, ...]:
        """The runs of a job, the first one first: its attempts, and those that were put back. The last 100 are kept.

        The last 1,000 jobs that left are known too. A job that `retry` ran again has the runs of before.
        """
        return records_of(self._core, self._known(queue, job))
