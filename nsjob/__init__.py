"""nsjob: a job shell for Python. One thread pool, named queues that cap how many of their jobs run at once."""

TYPE_CHECKING = False  # as typing has it: importing that would take longer than all else here
if TYPE_CHECKING:
    from nsjob.errors import (
        CannotPickle,
        CommandFailed,
        DependencyFailed,
        InvalidInput,
        JobCancelled,
        JobDetached,
        JobError,
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
        NoSuchTask,
        NoSuchTemplate,
        NsjobError,
        OptionError,
        PoolForked,
        QueueClosed,
        QueueDraining,
        QueueExists,
        QueueFull,
        RangeFailed,
        Reentered,
        SnippetError,
        TemplateExists,
        TemplateInactive,
        ThreadLost,
        WaitTimeout,
        WorkerLost,
        WrongState,
    )
    from nsjob.pool.context import JobContext, current_job
    from nsjob.pool.events import Event, Subscription
    from nsjob.pool.job import Job
    from nsjob.pool.options import BACKGROUND, DEFAULT, HIGH, LOWEST, MAXIMUM, JobOptions
    from nsjob.pool.pool import Pool
    from nsjob.pool.records import (
        Counts,
        Found,
        FoundJob,
        IndexInfo,
        JobInfo,
        JobReport,
        QueueInfo,
        RangeStatus,
        RunRecord,
        Settings,
        TemplateInfo,
        ThreadDetail,
        ThreadInfo,
    )

__all__ = [
    "BACKGROUND",
    "DEFAULT",
    "HIGH",
    "LOWEST",
    "MAXIMUM",
    "CannotPickle",
    "CommandFailed",
    "Counts",
    "DependencyFailed",
    "Event",
    "Found",
    "FoundJob",
    "IndexInfo",
    "InvalidInput",
    "Job",
    "JobCancelled",
    "JobContext",
    "JobDetached",
    "JobError",
    "JobExists",
    "JobExpired",
    "JobFailed",
    "JobInfo",
    "JobInterrupted",
    "JobOptions",
    "JobReport",
    "JobTimeout",
    "JobWaited",
    "NoCurrentJob",
    "NoSuchEngine",
    "NoSuchJob",
    "NoSuchQueue",
    "NoSuchTask",
    "NoSuchTemplate",
    "NsjobError",
    "OptionError",
    "Pool",
    "PoolForked",
    "QueueClosed",
    "QueueDraining",
    "QueueExists",
    "QueueFull",
    "QueueInfo",
    "RangeFailed",
    "RangeStatus",
    "Reentered",
    "RunRecord",
    "Settings",
    "SnippetError",
    "Subscription",
    "TemplateExists",
    "TemplateInactive",
    "TemplateInfo",
    "ThreadDetail",
    "ThreadInfo",
    "ThreadLost",
    "WaitTimeout",
    "WorkerLost",
    "WrongState",
    "current_job",
]

__version__ = "0.1.0"

# Where they are. All are imported when the first of them is asked for: the command line does without most of them.
_HOMES = (
    "nsjob.errors", "nsjob.pool.context", "nsjob.pool.events", "nsjob.pool.job", "nsjob.pool.options",
    "nsjob.pool.pool", "nsjob.pool.records",
)  # fmt: skip

if not TYPE_CHECKING:  # a checker would take any name for one of these

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        import_module("nsjob.engines")  # registers the engines that every pool has
        for home in _HOMES:
            module = import_module(home)
            globals().update({public: getattr(module, public) for public in __all__ if public in module.__all__})
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *__all__})
