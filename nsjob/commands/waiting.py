"""The commands that wait for jobs."""

from __future__ import annotations

import traceback
from typing import Any

from nsjob.commands.declare import NS_JOB
from nsjob.commands.face import Silent
from nsjob.commands.kinds import Flag, JobId, QueueId, Time, tcl_value
from nsjob.commands.records import EXACT, message
from nsjob.commands.shell import Shell
from nsjob.errors import NsjobError
from nsjob.pool.job import OK, Job
from nsjob.snippet import TCL_BREAK, TCL_CONTINUE
from nsjob.tcl import TclError
from nsjob.tcl.errors import BREAK, CONTINUE, Signal
from nsjob.tcl.values import TclDict

__all__ = ["failure", "of_python"]

_SIGNALS = {TCL_BREAK: BREAK, TCL_CONTINUE: CONTINUE}


@NS_JOB.subcommand("-timeout")
def wait(shell: Shell, queueId: QueueId, jobId: JobId, *, timeout: Time | None = None) -> Any:
    """Wait for a job's end and return its result; the job leaves its queue.

    A job that failed makes this command fail with its message, its errorCode and its traceback in errorInfo.

    Arguments:
        queueId: The queue.
        jobId: The job.
        timeout: Give up after this time: `Wait timed out.`, errorCode NS_TIMEOUT. The job stays.

    Example:
        create q
        wait -timeout 5s q [queue q {6 * 7}]
    """
    if type(shell.face) is Silent:  # most jobs by far are waited for in command files
        job = shell.pool.take(queueId, jobId, timeout)
    else:
        with shell.face.waiting((queueId,), jobId):
            job = shell.pool.take(queueId, jobId, timeout)
    if job.outcome is not OK:
        raise failure(job)
    code = _SIGNALS.get(job.code)
    if code is not None:
        raise Signal(code)
    value = job.wait()
    return value if type(value) is int or type(value) is str else tcl_value(value)


def failure(job: Job) -> TclError | NsjobError:
    """The error of a job that did not end ok, as one of the script that waits for it."""
    error = job.error
    if isinstance(error, NsjobError):
        return error
    if isinstance(error, TclError):
        return _again(error)
    assert error is not None
    return of_python(error)


def _again(error: TclError) -> TclError:
    """The error of a Tcl job, to which the script that waits adds its own lines."""
    made = TclError(error.result, *error.code, info=error.info)
    made.logged = False
    return made


def of_python(error: BaseException) -> TclError:
    """An exception of Python code, as an error of the script: its traceback, without frames of nsjob, is its info."""
    name = type(error).__name__
    shown = message(error)
    step = error.__traceback__
    while step is not None and str(step.tb_frame.f_globals.get("__name__", "")).startswith("nsjob."):
        step = step.tb_next
    lines = "".join(traceback.format_exception(type(error), error, step)).rstrip("\n")
    made = TclError(shown, "PYTHON", name)
    made.info = f"{shown}\n{lines}"
    made.begun = True
    made.options["-traceback"] = lines
    made.__cause__ = error
    return made


@NS_JOB.subcommand("-timeout")
def waitany(shell: Shell, queueId: QueueId, *more: QueueId, timeout: Time | None = None) -> Any:
    """Wait until a job is done, and return its id; empty where the queue has no jobs left.

    The job stays, for `wait`: so `wait q [waitany q]` takes results in order of completion. Over several queues the
    answer is {queueId jobId}.

    Arguments:
        queueId: A queue.
        more: More queues.
        timeout: Give up after this time: `Wait timed out.`, errorCode NS_TIMEOUT.

    Example:
        create q
        queue q {6 * 7}
        while {[set job [waitany q]] ne ""} {puts [wait q $job]}
    """
    queues = (queueId, *more)
    if type(shell.face) is Silent:  # as in `wait`
        found = shell.pool.waitany(*queues, timeout=timeout)
    else:
        with shell.face.waiting(queues, ""):
            found = shell.pool.waitany(*queues, timeout=timeout)
    return list(found) if isinstance(found, tuple) else found


@NS_JOB.subcommand("-timeout", records=True)
def waitall(shell: Shell, *queueId: QueueId, timeout: Time | None = None, failfast: Flag = False) -> Any:
    """Wait for all jobs of some queues, or of all, and return what became of them in order of completion.

    The jobs leave their queues. A failed one is no error of this command, unless -failfast is given.

    Arguments:
        queueId: The queues; none for all.
        timeout: Give up after this time: `Wait timed out.`, errorCode NS_TIMEOUT.
        failfast: Fail as soon as a job has, with its error.

    Example:
        create q
        queue q {6 * 7}
        queue q {1 / 0}
        waitall q
    """
    queues = queueId or tuple(shell.pool.queues())
    try:
        with shell.face.waiting(queues, ""):
            jobs = shell.pool.waitall(*queueId, timeout=timeout, failfast=failfast)
    except NsjobError:
        raise
    except TclError as error:
        raise _again(error) from None
    except Exception as error:
        raise of_python(error) from error
    return [_ended(job) for job in jobs]


def _ended(job: Job) -> TclDict:
    error = job.error
    value = job.wait() if error is None else message(error)
    results = value if EXACT.get() or error is not None else tcl_value(value)
    return TclDict(queue=job.queue, id=job.id, outcome=job.outcome, results=results)
