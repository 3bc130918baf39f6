"""nsjob: a job shell for Python. One thread pool, named queues that cap how many of their jobs run at once."""

import nsjob.engines  # registers the engines that every pool has
from nsjob.errors import (
    DependencyFailed,
    JobCancelled,
    JobDetached,
    JobExists,
    JobExpired,
    JobFailed,
    JobInterrupted,
    JobTimeout,
    JobWaited,
    NoCurrentJob,
    NoSuchEngine,
    NoSuchJob,
    NoSuchQueue,
    NsjobError,
    OptionError,
    PoolForked,
    QueueClosed,
    QueueDraining,
    QueueExists,
    QueueFull,
    Reentered,
    SnippetError,
    ThreadLost,
    WaitTimeout,
    WrongState,
)
from nsjob.pool.context import JobContext, current_job
from nsjob.pool.events import Event, Subscription
from nsjob.pool.job import Job
from nsjob.pool.options import BACKGROUND, DEFAULT, HIGH, LOWEST, MAXIMUM, JobOptions
from nsjob.pool.pool import Pool
from nsjob.pool.records import Counts, JobInfo, JobReport, QueueInfo, Settings, ThreadDetail, ThreadInfo

__version__ = "0.1.0"
