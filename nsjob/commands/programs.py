"""The commands about programs, and about the engines that run jobs."""

from __future__ import annotations

from typing import Any, Unpack

from nsjob.commands.declare import NS_JOB
from nsjob.commands.kinds import Dictionary, FilePath, Flag, JobId, NewId, QueueId, Text, Words, as_text
from nsjob.commands.queueing import JobWords, pool_options
from nsjob.commands.shell import Shell
from nsjob.pool.engine import EngineKind, engine_named, engine_names
from nsjob.tcl.values import TclDict, text

__all__: list[str] = []


@NS_JOB.subcommand(name="exec")
def exec_(
    shell: Shell,
    queueId: QueueId,
    arg: Text,
    *more: Text,
    detached: Flag = False,
    head: Flag = False,
    jobid: NewId | None = None,
    cwd: FilePath = "",
    env: Dictionary | None = None,
    stdin: Text | None = None,
    open_: Flag = False,
    **options: Unpack[JobWords],
) -> str:
    """Queue a program as a job and return its id. Its result is the exit code 0; any other is an error.

    The queue's engine must be `command`. The error's code is `CHILDSTATUS pid code` or `CHILDKILLED pid SIGNAL
    message`, as of Tcl's own `exec`. What the program writes is kept in its task's directory: see output and taskfile.

    Arguments:
        queueId: The queue.
        arg: The program.
        more: Its arguments.
        detached: Nobody waits for it: it leaves the queue when done, and a failure is logged.
        head: It goes before all that wait.
        jobid: Its id; job0, job1, ... where none is given.
        cwd: The directory in which it runs.
        env: Variables of its environment: names and values.
        stdin: What it reads.
        open_: Keep its stdin open, for `send`.

    Example:
        create -engine command programs 4
        set job [ns_job exec programs echo hello]
        wait programs $job
        output programs $job
    """
    given = {**pool_options(dict(options)), "detached": detached, "head": head, "jobid": jobid}
    variables = {name: as_text(name, value) for name, value in (env or {}).items()}
    return shell.pool.exec(
        queueId,
        [arg, *more],
        cwd=cwd,
        env=variables,
        stdin=stdin,
        open_stdin=open_,
        **{name: value for name, value in given.items() if value is not None and value is not False},
    ).id


@NS_JOB.subcommand()
def send(shell: Shell, queueId: QueueId, jobId: JobId, text_: Words) -> str:
    """Write text to the stdin of a program that runs and was queued with exec -open.

    Arguments:
        queueId: The queue.
        jobId: The job.
        text_: The text; no newline is added.

    Example:
        create -engine command programs 4
        set job [ns_job exec -open programs head -n 1]
        while {[dict get [show programs $job] where] eq ""} {after 1}
        send programs $job "hello\\n"
        wait programs $job
    """
    shell.pool.send(queueId, jobId, text(text_))
    return ""


@NS_JOB.subcommand()
def taskfile(shell: Shell, queueId: QueueId, jobId: JobId, name: Text = "") -> str:
    """Return the directory of a program's task, or the name of a file in it: out.log, err.log, task.json.

    It is there until its time is over (-keep), also when the job has left its queue.

    Arguments:
        queueId: The queue.
        jobId: The job.
        name: The file.

    Example:
        create -engine command programs 4
        set job [ns_job exec programs echo hello]
        wait programs $job
        taskfile programs $job out.log
    """
    directory = shell.pool.taskfile(queueId, jobId)
    return str(directory / name) if name else str(directory)


@NS_JOB.subcommand()
def cleanup(shell: Shell) -> int:
    """Remove done jobs and the directories of programs whose time is over (-keep), and return how many.

    Jobs that somebody waited for have left, and are none of them.

    Example:
        create -keep 1h q
        cleanup
    """
    return shell.pool.cleanup()


@NS_JOB.subcommand(records=True)
def engines(shell: Shell) -> list[Any]:
    """Return the engines that can run a queue's jobs, and what is missing to have the others.

    Example:
        engines
    """
    found = []
    for name in engine_names():
        try:
            kind = engine_named(name)
        except LookupError as error:
            found.append(TclDict(name=name, slot="", options=[], missing=str(error).partition("is not here: ")[2]))
            continue
        if isinstance(kind, EngineKind):
            options = [f"-{option}" for option in kind.options]
            found.append(TclDict(name=name, slot=kind.summary, options=options, missing=""))
        else:
            found.append(TclDict(name=name, slot="a thread of the pool", options=[], missing=""))
    return found
