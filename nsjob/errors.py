"""Every error that nsjob raises: ns_job's message, a Tcl error code, and the standard class it matches, if any."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterable
from typing import Any

__all__ = [
    "CannotPickle",
    "CommandFailed",
    "DependencyFailed",
    "InvalidInput",
    "JobCancelled",
    "JobDetached",
    "JobError",
    "JobExists",
    "JobExpired",
    "JobFailed",
    "JobInterrupted",
    "JobLost",
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
    "PoolForked",
    "QueueClosed",
    "QueueDraining",
    "QueueExists",
    "QueueFull",
    "RangeFailed",
    "Reentered",
    "ResultTooLarge",
    "SnippetError",
    "StoreDamaged",
    "StoreError",
    "StoreUnavailable",
    "StoreVersion",
    "TemplateExists",
    "TemplateInactive",
    "ThreadLost",
    "WaitTimeout",
    "WorkerLost",
    "WrongState",
    "brief",
    "named",
    "nearest",
]


class NsjobError(Exception):
    """The base of all errors of nsjob. `str()` is the message; `errorcode` is what Tcl's errorCode gets."""

    errorcode: tuple[str, ...] = ("NSJOB",)

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class OptionError(NsjobError, ValueError):
    """An argument or option has a value, a type or a name that cannot be used."""

    errorcode: tuple[str, ...] = ("NSJOB", "OPTION")


class SnippetError(NsjobError, SyntaxError):
    """A snippet does not compile. The message shows the line and a caret."""

    errorcode = ("NSJOB", "SYNTAX")


class QueueExists(NsjobError, ValueError):
    """A queue of that name exists already."""

    errorcode = ("NSJOB", "QUEUE", "EXISTS")

    def __init__(self, name: str) -> None:
        super().__init__(f"queue already exists: {named(name)}")


class NoSuchQueue(NsjobError, KeyError):
    """No queue has that name."""

    errorcode = ("NSJOB", "QUEUE", "NONE")

    def __init__(self, name: object) -> None:
        super().__init__(f"no such queue: {named(name)}")


class NoSuchEngine(NsjobError, LookupError):
    """No engine has that name."""

    errorcode = ("NSJOB", "ENGINE", "NONE")


class QueueClosed(NsjobError, RuntimeError):
    """The queue is being deleted, or its pool is shutting down."""

    errorcode = ("NSJOB", "QUEUE", "CLOSED")

    def __init__(self) -> None:
        super().__init__("The specified queue is being deleted or the system is stopping.")


class QueueDraining(NsjobError, RuntimeError):
    """The queue takes no more jobs until it is resumed."""

    errorcode = ("NSJOB", "QUEUE", "DRAINING")

    def __init__(self, name: str) -> None:
        super().__init__(f"queue is draining and takes no more jobs until it is resumed: {named(name)}")


class QueueFull(NsjobError, RuntimeError):
    """The queue holds `maxqueued` waiting jobs."""

    errorcode = ("NSJOB", "QUEUE", "FULL")

    def __init__(self, name: str, maxqueued: int) -> None:
        super().__init__(f"queue is full, {maxqueued} jobs wait in it (maxqueued): {named(name)}")


class NoSuchJob(NsjobError, KeyError):
    """No job of the queue has that id: it never had, or it has been waited for or cancelled."""

    errorcode = ("NSJOB", "JOB", "NONE")

    def __init__(self, job: object) -> None:
        super().__init__(f"no such job: {named(job)}")


class JobExists(NsjobError, ValueError):
    """A job of that id is in the queue."""

    errorcode = ("NSJOB", "JOB", "EXISTS")

    def __init__(self, job: str) -> None:
        super().__init__(f"Job {named(job)} already exists")


class JobDetached(NsjobError, ValueError):
    """Detached jobs cannot be waited for by id."""

    errorcode = ("NSJOB", "JOB", "DETACHED")

    def __init__(self, job: str) -> None:
        super().__init__(f"can't wait on detached job: {named(job)}")


class JobWaited(NsjobError, RuntimeError):
    """Another wait for this job, by its id, is under way."""

    errorcode = ("NSJOB", "JOB", "WAITED")

    def __init__(self, job: str) -> None:
        super().__init__(f"can't wait on waited job: {named(job)}")


class WrongState(NsjobError, ValueError):
    """The job is not in the state that the verb is for."""

    errorcode = ("NSJOB", "JOB", "STATE")


class WaitTimeout(NsjobError, TimeoutError):
    """A wait took longer than its time-out. The job stays and can be waited for again."""

    errorcode = ("NS_TIMEOUT",)

    def __init__(self) -> None:
        super().__init__("Wait timed out.")


class JobTimeout(NsjobError, TimeoutError):
    """What the waiter of a job gets that ran longer than its time limit."""

    errorcode = ("NSJOB", "JOB", "TIMEOUT")


class JobCancelled(NsjobError, concurrent.futures.CancelledError):
    """What the waiter of a cancelled job gets."""

    errorcode = ("ECANCEL",)

    def __init__(self) -> None:
        super().__init__("Job cancelled.")


class JobExpired(NsjobError):
    """What the waiter gets of a job that had not started by its `expires`, or whose `lifetime` was over."""

    errorcode = ("NSJOB", "JOB", "EXPIRED")


class DependencyFailed(NsjobError):
    """A job that this one comes `after` did not end ok."""

    errorcode = ("NSJOB", "JOB", "AFTER")


class RangeFailed(NsjobError):
    """Indexes of a range failed. Its cause is the exception of the one that failed first.

    Arguments:
        message: how many and which ones.
        index: the one that failed first.
    """

    errorcode = ("NSJOB", "JOB", "RANGE")

    def __init__(self, message: str, index: int = -1) -> None:
        super().__init__(message)
        self.index = index

    def __str__(self) -> str:
        cause = self.__cause__
        if cause is None:
            return super().__str__()
        try:
            said = str(cause)
        except Exception:  # its own __str__ failed
            said = ""
        said = f"{type(cause).__name__}: {said}" if said else type(cause).__name__
        return f"{super().__str__()}. Index {self.index}: {named(said)}"

    def __reduce__(self) -> Any:
        return _range_failed, (super().__str__(), self.index, self.__cause__)


def _range_failed(message: str, index: int, cause: BaseException | None) -> RangeFailed:
    made = RangeFailed(message, index)
    made.__cause__ = cause
    return made


class WorkerLost(NsjobError, RuntimeError):
    """The process or machine that ran the job is gone."""

    errorcode = ("NSJOB", "WORKER", "LOST")


class CommandFailed(NsjobError):
    """A program did not start, or ended with an exit code that is not 0, or was killed.

    Arguments:
        code: the error code, as Tcl's `exec` gives it: `CHILDSTATUS pid code`, `CHILDKILLED pid SIGNAL message`.
    """

    def __init__(self, message: str, code: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.errorcode = code or ("NSJOB", "COMMAND")

    @classmethod
    def of(cls, name: str, pid: int, status: int, said: str) -> CommandFailed:
        """The error of a program that ended with this status (minus the signal), and said this last."""
        import signal  # late: only who fails pays for it

        after = f": {said}" if said else ""
        if status >= 0:
            return cls(f"{name} ended with exit code {status}{after}", ("CHILDSTATUS", str(pid), str(status)))
        known = -status in set(signal.Signals)
        sign = signal.Signals(-status).name if known else f"SIG{-status}"
        why = (signal.strsignal(-status) or "unknown signal").lower()
        return cls(f"{name} was killed by {sign} ({why}){after}", ("CHILDKILLED", str(pid), sign, why))


class NoSuchTask(NsjobError, KeyError):
    """The job has no directory: it has not started, or it was cleaned up, or it is no program."""

    errorcode = ("NSJOB", "TASK", "NONE")

    def __init__(self, job: str) -> None:
        super().__init__(f"no task directory of job {named(job)}: it has not started, or has been cleaned up")


class CannotPickle(NsjobError, TypeError):
    """A value cannot be carried to another process, or back."""

    errorcode = ("NSJOB", "PICKLE")


class JobFailed(NsjobError):
    """What `job.fail(reason)` raises in the body: a final failure, never retried."""

    errorcode = ("NSJOB", "JOB", "FAIL")


class NoSuchTemplate(NsjobError, KeyError):
    """No template has that name."""

    errorcode = ("NSJOB", "TEMPLATE", "NONE")

    def __init__(self, name: object) -> None:
        super().__init__(f"no such template: {named(name)}")


class TemplateExists(NsjobError, ValueError):
    """A template of that name exists already."""

    errorcode = ("NSJOB", "TEMPLATE", "EXISTS")

    def __init__(self, name: str) -> None:
        super().__init__(f"template already exists: {named(name)}")


class TemplateInactive(NsjobError, RuntimeError):
    """The template takes no jobs until it is activated."""

    errorcode = ("NSJOB", "TEMPLATE", "INACTIVE")

    def __init__(self, name: str) -> None:
        super().__init__(f"template is not active and takes no jobs until it is activated: {named(name)}")


class InvalidInput(OptionError, JobFailed):
    """The input of a job is not as its template's schema wants it. A job that fails by it is not retried."""

    errorcode = ("NSJOB", "TEMPLATE", "INPUT")


class JobError(NsjobError):
    """What `job.error(reason)` raises in the body: a failure of this attempt, retried where that is wanted."""

    errorcode = ("NSJOB", "JOB", "ERROR")


class NoCurrentJob(NsjobError, LookupError):
    """`current_job()` was called outside the body of a job."""

    errorcode = ("NSJOB", "JOB", "CURRENT")

    def __init__(self) -> None:
        super().__init__("no job runs in this thread: current_job() is for the code of a job")


class ThreadLost(NsjobError, RuntimeError):
    """The job that calls was written off: its thread may no longer use the pool."""

    errorcode = ("NSJOB", "THREAD", "LOST")

    def __init__(self) -> None:
        super().__init__("this job was written off (time limit and grace period are over, or it was killed)")


class PoolForked(NsjobError, RuntimeError):
    """The pool belongs to the parent process."""

    errorcode = ("NSJOB", "POOL", "FORKED")

    def __init__(self) -> None:
        super().__init__("this pool's jobs and threads are in the parent process: make a pool after fork()")


class JobLost(NsjobError):
    """The pools that ran the job were lost with it, as often as may be."""

    errorcode = ("NSJOB", "JOB", "LOST")


class StoreError(NsjobError):
    """The base of what can go wrong with a store."""

    errorcode: tuple[str, ...] = ("NSJOB", "STORE")


class StoreUnavailable(StoreError, OSError):
    """The store's database cannot be used now. Nothing was changed."""

    errorcode = ("NSJOB", "STORE", "UNAVAILABLE")

    def __init__(self, message: str) -> None:
        super().__init__(message)


class StoreDamaged(StoreError):
    """The store's database is damaged, or is none."""

    errorcode = ("NSJOB", "STORE", "DAMAGED")


class StoreVersion(StoreError):
    """A newer nsjob made the store."""

    errorcode = ("NSJOB", "STORE", "VERSION")

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the store has schema {found}, and this nsjob knows schemas up to {known}: a newer nsjob made it. "
            "Use that one, or another store"
        )


class ResultTooLarge(NsjobError):
    """A job's value has more bytes than the store takes."""

    errorcode = ("NSJOB", "STORE", "RESULT")


class Reentered(NsjobError, RuntimeError):
    """A finalizer or signal handler interrupted the pool itself and asked for what cannot be put off."""

    errorcode = ("NSJOB", "POOL", "REENTERED")

    def __init__(self, verb: str) -> None:
        super().__init__(f"{verb} cannot be used in a finalizer or signal handler that interrupted the pool itself")


class JobInterrupted(BaseException):
    """Raised in the body of a job that was cancelled, timed out, killed or requeued. Not an Exception, as
    KeyboardInterrupt is not: `except Exception` lets it pass."""

    def __str__(self) -> str:
        return "the job was interrupted"


def brief(value: object) -> str:
    """Return the value as a message can show it: short, and whatever its own `__repr__` does."""
    try:
        shown = repr(value)
    except Exception:  # its class is what can be told
        shown = f"an object of class {type(value).__name__}"
    return shown if len(shown) <= 80 else shown[:77] + "..."


def named(name: object) -> str:
    """Return a name as a message can show it: as it is, or its beginning where it is very long."""
    if not isinstance(name, str):
        return brief(name)
    return name if len(name) <= 200 else name[:200] + "..."


def nearest(name: object, known: Iterable[str]) -> str:
    """Return a hint such as `, did you mean "scan"?`, or nothing where no known name is near."""
    from difflib import get_close_matches  # late: only a mistake pays for it

    found = get_close_matches(str(name), list(known), 1) if isinstance(name, str) and len(name) < 200 else []
    return f', did you mean "{found[0]}"?' if found else ""
