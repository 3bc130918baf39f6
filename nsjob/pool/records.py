"""What the pool answers about itself: frozen records, with ns_job's fields first and in its order, then ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from nsjob.pool.job import DONE

if TYPE_CHECKING:
    from nsjob.pool.job import Particulars
    from nsjob.pool.options import JobOptions
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.work import Work

__all__ = [
    "Counts",
    "Found",
    "FoundJob",
    "IndexInfo",
    "JobInfo",
    "JobReport",
    "Left",
    "QueueInfo",
    "RangeStatus",
    "RunRecord",
    "Settings",
    "TemplateInfo",
    "ThreadDetail",
    "ThreadInfo",
]


@dataclass(frozen=True, slots=True)
class Settings:
    """What `configure` sets and answers: ns_job's three, then ours.

    Attributes:
        jobsperthread: a thread ends after so many jobs; 0 for no limit.
        timeout: seconds after which an idle thread ends.
        logminduration: jobs that ran longer than so many seconds are logged (logger `nsjob`, level INFO).
        grace: seconds that an interrupted job has to end before it is written off.
        maxlost: how many threads may be lost to jobs that were written off.
        maxdone: how many done jobs a queue keeps that nobody waited for; 0 for no limit.
        maxthreads: how many jobs of the whole pool run at once; 0 for the sum of its queues.
        maxoutput: how many bytes of a job's captured output are kept, the last ones.
    """

    jobsperthread: int = 0
    timeout: float = 300.0
    logminduration: float = 1.0
    grace: float = 2.0
    maxlost: int = 32
    maxdone: int = 0
    maxthreads: int = 0
    maxoutput: int = 1_048_576


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """One queue, as `queuelist` tells."""

    name: str
    desc: str
    maxthreads: int
    numrunning: int
    req: str
    scheduled: int
    done: int
    paused: bool
    lost: int
    maxqueued: int | None
    maxperkey: int | None
    onerror: str
    engine: str


@dataclass(frozen=True, slots=True)
class JobInfo:
    """One job, as `joblist` tells.

    Attributes:
        results: the script until the job is done, then its value, or its error.
        thread: the thread's id in hexadecimal, 0 when none.
        time: milliseconds since it was queued, or since it started, or of its run.
        starttime: seconds since the epoch when it was queued, or started.
        endtime: seconds since the epoch; now for a job that is not done.
    """

    id: str
    state: str
    results: Any
    script: str
    code: str
    type: str
    req: str
    thread: str
    time: float
    starttime: float
    endtime: float
    outcome: str
    priority: int
    attempt: int
    progress: tuple[float, float | None, str] | None
    note: str
    topic: str
    subtopic: str
    group: str
    metadata: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob(JobInfo):
    """One job, as `find` tells.

    Attributes:
        queue: the name of its queue.
        queued: seconds since the epoch when it was queued.
        left: whether it left its queue; its value or error is told no more once that is forgotten.
    """

    queue: str
    queued: float
    left: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What `find` answers.

    Attributes:
        jobs: a page of them, in the order in which they were queued.
        cursor: for `find(cursor=...)`: where the next page begins; empty where there are no more.
    """

    jobs: tuple[FoundJob, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """One template, as `template` tells.

    Attributes:
        schema: the JSON Schema of its jobs' input; None for any input.
        timeout: seconds that one run may take; None for what the queue says.
        retries: how many more runs after a failure; 0 for what the queue says.
        active: whether jobs can be queued from it.
        options: all options of its jobs that it was given, by name.
    """

    name: str
    script: str
    schema: Any
    timeout: float | None
    retries: int
    active: bool
    options: Any


@dataclass(frozen=True, slots=True)
class ThreadInfo:
    """The pool's threads, as `threadlist` tells."""

    maxthreads: int
    numthreads: int
    numidle: int
    req: str
    numlost: int
    numwaiting: int


@dataclass(frozen=True, slots=True)
class ThreadDetail:
    """One thread of the pool.

    Attributes:
        state: `idle`, `running`, `waiting` (its job waits for others and holds no slot), or `lost`.
        jobs: how many jobs it has begun.
    """

    name: str
    ident: int
    state: str
    queue: str
    job: str
    jobs: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs there are, and how many have ended since the beginning, by outcome."""

    scheduled: int
    running: int
    done: int
    ok: int
    error: int
    cancelled: int
    timeout: int
    expired: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One attempt at a job, as `runs` tells.

    Attributes:
        attempt: its number; a run that was put back (requeued, snoozed) does not count, and the next one has the same.
        outcome: `ok`, `error`, `timeout`, `cancelled`, `expired`; `requeued` or `snoozed` where the job was put back;
            `lost` where the process that ran it is gone; empty while it goes on.
        reason: the error that it ended with, or why it was ended; empty where it ended ok.
        started, ended: seconds since the epoch; no end while it goes on.
        deadline: when its time limit is over, in seconds since the epoch; None where it has none.
        host: the machine that runs it; empty where that is not known.
        pid: the process; 0 where that is not known.
    """

    attempt: int
    outcome: str
    reason: str
    started: float
    ended: float | None
    deadline: float | None
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class RangeStatus:
    """What has become of the indexes of a range, as `range_status` tells.

    Attributes:
        indexes: all of them, as text like `1..1000` or `5..9,12`; `total` is how many.
        maxconcurrent: how many may be under way at once; None for as many as the queue runs.
        pending: those that have not begun; `active`: those that run, or wait for a retry.
        succeeded, failed, cancelled: those that have ended so. A time-out is a failure.
    """

    queue: str
    id: str
    state: str
    outcome: str
    indexes: str
    total: int
    maxconcurrent: int | None
    pending: str
    active: str
    succeeded: str
    failed: str
    cancelled: str
    numpending: int
    numactive: int
    numsucceeded: int
    numfailed: int
    numcancelled: int


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """One index of a range, as `range_index` tells.

    Attributes:
        state: `pending`, `active`, `succeeded`, `failed` or `cancelled`.
        name: the pool that ran it; empty where it has not begun or its run is not remembered, as are the next four.
        host: the machine that ran it.
        start, end: of its last run, in seconds since the epoch.
        deadline: when the time limit of that run is over; None where it has none.
        failures: how many of its runs have failed.
        error: what the last run that failed said.
    """

    index: int
    state: str
    name: str
    host: str
    start: float | None
    deadline: float | None
    end: float | None
    failures: int
    error: str


@dataclass(frozen=True, slots=True)
class JobReport:
    """Everything about one job, as `show` tells.

    Attributes:
        reason: why a scheduled job does not run; empty for others.
        stack: where a running job is, the live stack of its thread as text; empty where none of this process runs it.
        error: of a failed job, its traceback without frames of nsjob; only while the job is in its queue.
        log: the lines of `job.log`.
        left: whether it left its queue; then its value is not kept.
        where: of a running job, what runs it: a process, a program, a cluster; empty for the pool's own threads.
        runs: its attempts, the first one first; the last 100 of them.
        workdir: its own working directory while that is there; empty otherwise.
        template: the name of the one that it was queued from; empty for others.
    """

    queue: str
    id: str
    state: str
    outcome: str
    req: str
    code: str
    script: str
    value: Any
    error: str
    attempt: int
    retries: int
    priority: int
    queued: float
    started: float | None
    ended: float | None
    reason: str
    stack: str
    progress: tuple[float, float | None, str] | None
    log: tuple[str, ...]
    output: str
    left: bool
    options: Any
    where: str
    runs: tuple[RunRecord, ...]
    workdir: str
    template: str = ""


class Left(NamedTuple):
    """A job that left its queue, without its value. The core keeps plain tuples: making one costs little."""

    queue: JobQueue
    id: str
    work: Work
    options: JobOptions
    outcome: str
    code: str
    attempt: int
    queued: float
    started: float
    ended: float
    particulars: Particulars | None

    @property
    def state(self) -> str:
        return DONE
