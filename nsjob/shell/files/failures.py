"""Failures: what a person has to know of a script or a job that failed, taken out of the errors themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nsjob.commands.hints import hint
from nsjob.commands.records import message as said
from nsjob.commands.waiting import of_python
from nsjob.errors import JobCancelled, NsjobError
from nsjob.shell.files.origin import origin
from nsjob.tcl import TclError, TclExit
from nsjob.tcl.values import text

if TYPE_CHECKING:
    from nsjob.commands.shell import Shell
    from nsjob.pool.pool import Pool
    from nsjob.shell.files.sources import Source

__all__ = [
    "JobFailure",
    "ScriptFailure",
    "job_failure",
    "named",
    "script_failure",
    "traceback_of",
    "unclaimed",
]


class ScriptFailure(NamedTuple):
    """A script that ended in an error.

    Attributes:
        name: how messages call the script.
        line: of the command in it that failed, deep within others as it may be.
        message: what was wrong.
        code: the elements of errorCode.
        trace: Tcl's errorInfo without the message, and the traceback of Python code where that failed.
        hint: what was probably meant; often empty.
    """

    name: str
    line: int
    message: str
    code: tuple[str, ...]
    trace: str
    hint: str


class JobFailure(NamedTuple):
    """A job that ended in an error and that nobody waited for.

    Attributes:
        queue, job: which.
        message: what was wrong, with the name of the exception's class where it is Python's.
        trace: its traceback, or the errorInfo of a Tcl job; may be empty.
        broken_pipe: whether it could not print because nobody reads any more.
    """

    queue: str
    job: str
    message: str
    trace: str
    broken_pipe: bool


def script_failure(error: TclError, source: Source, shell: Shell) -> ScriptFailure:
    """What has to be told of an error that ended a script."""
    message = str(error)
    info = error.info
    trace = info.removeprefix(message).lstrip("\n") if info.startswith(message) else info
    lines = text(error.options.get("-traceback", "")).rstrip("\n")
    if lines and lines not in trace:
        trace = f"{lines}\n{trace}" if trace else lines
    code = error.code if isinstance(error.code, tuple) else (error.code,)
    parts = tuple(text(part) for part in code)
    return ScriptFailure(source.name, origin(source.text, error), message, parts, trace, hint(shell, error))


def job_failure(queue: str, job: str, error: Any) -> JobFailure:
    """What has to be told of a job that ended with this error."""
    if isinstance(error, TclError):
        message = str(error)
        return JobFailure(queue, job, message, error.info.removeprefix(message).lstrip("\n"), False)
    if isinstance(error, TclExit):  # of a Tcl job: no code of its own stands in its traceback
        return JobFailure(queue, job, said(error), "", False)
    if isinstance(error, NsjobError) or not isinstance(error, BaseException):
        return JobFailure(queue, job, str(error), "", False)
    return JobFailure(queue, job, named(error), traceback_of(error), isinstance(error, BrokenPipeError))


def named(error: BaseException) -> str:
    """What an exception says, after the name of its class, whatever its own `__str__` does."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:
        said = "(its text cannot be had)"
    return f"{name}: {said}" if said else name


def traceback_of(error: BaseException) -> str:
    """An exception's traceback without frames of nsjob."""
    return text(of_python(error).options["-traceback"])


def unclaimed(pool: Pool) -> list[JobFailure]:
    """The jobs that are in their queues still, and failed."""
    found = []
    for queue in pool.queues():
        counts = pool.counts(queue)
        if counts.error or counts.timeout or counts.expired:
            for job in pool.joblist(queue):
                if job.state == "done" and isinstance(job.results, BaseException):
                    if not isinstance(job.results, JobCancelled):
                        found.append(job_failure(queue, job.id, job.results))
    return found
