"""The command `job`, in the scripts of Tcl jobs: what `job` is to a snippet of Python."""

from __future__ import annotations

from typing import Any

from nsjob.commands.ensemble import Ensemble, Specs
from nsjob.commands.kinds import Number, Text, Time, Words
from nsjob.commands.shell import Shell
from nsjob.pool.context import current_job
from nsjob.tcl import Interp
from nsjob.tcl.values import text

__all__ = ["JOB", "install_job"]

JOB = Ensemble("job", "", Specs())


@JOB.subcommand()
def id(shell: Shell) -> str:
    """Return the job's id."""
    return current_job().id


@JOB.subcommand(name="queue")
def queue_(shell: Shell) -> str:
    """Return the name of the job's queue."""
    return current_job().queue


@JOB.subcommand(name="input")
def input_(shell: Shell) -> Any:
    """Return the job's -input."""
    value = current_job().input
    return "" if value is None else value


@JOB.subcommand()
def index(shell: Shell) -> Any:
    """Return the job's index in its range; empty outside of ranges."""
    value = current_job().index
    return "" if value is None else value


@JOB.subcommand()
def attempt(shell: Shell) -> int:
    """Return which run this is, 1 for the first."""
    return current_job().attempt


@JOB.subcommand()
def cancelled(shell: Shell) -> int:
    """Return whether the job was asked to end: 1 or 0."""
    return int(current_job().cancelled)


@JOB.subcommand()
def progress(shell: Shell, done: Number, total: Number | None = None, note: Text = "") -> str:
    """Tell how far the job is.

    Arguments:
        done: How much is done.
        total: How much there is.
        note: What goes on.
    """
    current_job().progress(done, total, note)
    return ""


@JOB.subcommand()
def snooze(shell: Shell, time: Time) -> str:
    """End this run; the job runs again after that time. No attempt is counted.

    Arguments:
        time: How long.
    """
    current_job().snooze(time)


@JOB.subcommand()
def requeue(shell: Shell, time: Time = 0.0) -> str:
    """End this run; the job goes back behind those of its priority. No attempt is counted.

    Arguments:
        time: How long it waits before.
    """
    current_job().requeue(time)


@JOB.subcommand()
def success(shell: Shell, value: Words = "") -> str:
    """End the job ok, with this value.

    Arguments:
        value: The job's value.
    """
    current_job().success(value)


@JOB.subcommand()
def error(shell: Shell, reason: Text) -> str:
    """Let this attempt fail; it is retried where the job has retries left.

    Arguments:
        reason: Why.
    """
    current_job().error(reason)


@JOB.subcommand()
def fail(shell: Shell, reason: Text) -> str:
    """End the job in error; it is not retried.

    Arguments:
        reason: Why.
    """
    current_job().fail(reason)


@JOB.subcommand()
def fatal(shell: Shell, reason: Text) -> str:
    """The same as `job fail`.

    Arguments:
        reason: Why.
    """
    current_job().fail(reason)


@JOB.subcommand()
def workdir(shell: Shell) -> str:
    """Return the job's own working directory; empty where it has none."""
    path = current_job().workdir
    return "" if path is None else str(path)


@JOB.subcommand()
def heartbeat(shell: Shell) -> str:
    """Say that the job is alive: see queue -heartbeat."""
    current_job().heartbeat()
    return ""


@JOB.subcommand()
def log(shell: Shell, message: Words, *more: Words) -> str:
    """Add a line to the job's own log, which `show` tells.

    Arguments:
        message: The line.
        more: More words of it.
    """
    current_job().log(" ".join(text(word) for word in (message, *more)))
    return ""


_COMMAND = JOB.command()


def install_job(interp: Interp) -> None:
    """Give the interpreter of a job the command; a procedure of that name goes before it."""
    known = interp.commands.get("job")
    if known is None or known.procedure is None:
        interp.commands["job"] = _COMMAND
