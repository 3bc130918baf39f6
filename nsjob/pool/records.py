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

__all__ = ["Counts", "JobInfo", "JobReport", "Left", "QueueInfo", "Settings", "ThreadDetail", "ThreadInfo"]


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
class JobReport:
    """Everything about one job, as `show` tells.

    Attributes:
        reason: why a scheduled job does not run; empty for others.
        stack: where a running job is, the live stack of its thread as text.
        error: of a failed job, its traceback without frames of nsjob; only while the job is in its queue.
        log: the lines of `job.log`.
        left: whether it left its queue; then its value is not kept.
        where: of a running job, what runs it: a process, a program, a cluster; empty for the pool's own threads.
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
