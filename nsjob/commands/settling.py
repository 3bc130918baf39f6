"""The commands that stop, move and hold jobs and queues."""

from __future__ import annotations

from typing import Any, Unpack

from nsjob.commands.declare import NS_JOB
from nsjob.commands.kinds import (
    Amount,
    Dictionary,
    FilePath,
    Flag,
    JobId,
    Json,
    Language,
    QueueId,
    Script,
    TemplateName,
    Time,
    Variables,
)
from nsjob.commands.queueing import (
    EditWords,
    Refused,
    body_of,
    given_script,
    given_values,
    hinted,
    pool_options,
)
from nsjob.commands.shell import Shell
from nsjob.errors import OptionError, SnippetError
from nsjob.tcl.values import elements


@NS_JOB.subcommand(required="jobId")
def cancel(shell: Shell, queueId: QueueId, jobId: JobId | None = None, *, all_: Flag = False) -> int:
    """Cancel a job: one that waits or is done is gone at once; one that runs is interrupted.

    Returns 1 where the job was running, else 0; with -all, how many there were.

    Arguments:
        queueId: The queue.
        jobId: The job; none with -all.
        all_: Cancel all jobs of the queue that wait or run.

    Example:
        create q 1
        cancel q [queue q {while True: pass}]
    """
    if all_ and jobId is None:
        counts = shell.pool.counts(queueId)
        jobs = counts.scheduled + counts.running
        if jobs and not shell.face.confirm(_question(queueId, jobs)):
            raise Refused(f"nothing was cancelled in queue {queueId}")
        return shell.pool.cancelall(queueId)
    if jobId is None or all_:
        raise NS_JOB.specs["cancel"].wrong_args("-all takes no jobId" if all_ else "")
    return int(shell.pool.cancel(queueId, jobId))


def _question(queue: str, jobs: int) -> str:
    many = f"all {jobs} jobs that wait or run" if jobs > 1 else "the job that waits or runs"
    return f"Cancel {many} in queue {queue}?"


@NS_JOB.subcommand()
def kill(shell: Shell, queueId: QueueId, jobId: JobId) -> int:
    """Give up on a running job now: it ends as cancelled, and its slot is free.

    Its thread is lost until the job's code ends by itself. Returns 1 where the job was running, else 0.

    Arguments:
        queueId: The queue.
        jobId: The job.

    Example:
        create q 1
        kill q [queue q {__import__("time").sleep(3)}]
    """
    return int(shell.pool.kill(queueId, jobId))


@NS_JOB.subcommand()
def requeue(shell: Shell, queueId: QueueId, jobId: JobId) -> str:
    """Interrupt a running job and put it back behind those of its priority. No attempt is counted.

    Arguments:
        queueId: The queue.
        jobId: The job.

    Example:
        create q 1
        set job [queue q {while True: pass}]
        while {[dict get [show q $job] state] ne "running"} {after 1}
        requeue q $job
        cancel q $job
    """
    shell.pool.requeue(queueId, jobId)
    return ""


@NS_JOB.subcommand()
def snooze(shell: Shell, queueId: QueueId, jobId: JobId, time: Time) -> str:
    """Put a job off: it does not start, or if it runs is interrupted and does not start again, before that time.

    Arguments:
        queueId: The queue.
        jobId: The job.
        time: How long.

    Example:
        create q 1
        pause q
        snooze q [queue q {6 * 7}] 1m
    """
    shell.pool.snooze(queueId, jobId, time)
    return ""


@NS_JOB.subcommand(required="jobId")
def run(
    shell: Shell,
    queueId: QueueId,
    jobId: JobId | None = None,
    *,
    template: TemplateName | None = None,
    input: Json | None = None,  # noqa: A002
) -> str:
    """Let a job that waits go next, before all others; a delay is over then.

    With -template a job is queued from that template, to go next; its id is returned.

    Arguments:
        queueId: The queue.
        jobId: The job; none with -template.
        template: Queue a job from this template.
        input: The input of that job, as JSON.

    Example:
        create q 1
        run q [queue -delay 1h q {6 * 7}]
        template create double {job.input * 2}
        run -template double -input 21 q
    """
    if template is not None and jobId is None:
        return shell.pool.queue_template(queueId, template, input, head=True).id
    if jobId is None or template is not None:
        raise NS_JOB.specs["run"].wrong_args("-template takes no jobId" if template is not None else "")
    if input is not None:
        raise OptionError("run: -input is for -template: a job that waits has its input (edit changes it)")
    shell.pool.run(queueId, jobId)
    return ""


@NS_JOB.subcommand()
def edit(
    shell: Shell,
    queueId: QueueId,
    jobId: JobId,
    script: Script | None = None,
    *,
    lang: Language | None = None,
    file: FilePath | None = None,
    vars_: Dictionary | None = None,
    use: Variables | None = None,
    **options: Unpack[EditWords],
) -> str:
    """Change the script of a job that waits, or its options, or both. Its turn stays, save with another -priority.

    What is not given stays as it is. -delay and -expires count from now, and a delay of 0 is over.

    Arguments:
        queueId: The queue.
        jobId: The job.
        script: What it does from now on; for a program, the program and its arguments as a list.
        lang: The language of the script that is given; that of the queue where none is named.
        file: Read the script from this file; none is given as a word then.
        vars_: Values for the script, in the place of those it had: names and values.
        use: Names of variables whose values the script gets, in the place of those it had.

    Example:
        create q 1
        pause q
        set job [queue q {6 * 7}]
        edit -note "another number" -retries 2 q $job {6 * 9}
        show q $job
    """
    script = given_script("edit", script, file)
    body: Any = None
    if script is not None:
        programs = any(info.name == queueId and info.engine == "command" for info in shell.pool.queuelist())
        body = elements(script) if programs else body_of(shell, queueId, script, lang)
    elif lang is not None:
        raise OptionError("edit: -lang is the language of a script, and none is given")
    given = pool_options(dict(options))
    if vars_ is not None or use is not None:
        given["vars"] = given_values(shell, vars_, use or ())
    if body is None and not given:
        raise OptionError("edit: nothing is to be changed: give options, or a script")
    try:
        shell.pool.edit(queueId, jobId, body, **given)
    except SnippetError as error:
        raise hinted(error, script or "") from None
    return ""


@NS_JOB.subcommand()
def move(
    shell: Shell,
    queueId: QueueId,
    jobId: JobId,
    *,
    before: JobId | None = None,
    after: JobId | None = None,
    first: Flag = False,
    last: Flag = False,
) -> str:
    """Give a job that waits another turn among those of its priority. One of the options says which.

    Arguments:
        queueId: The queue.
        jobId: The job.
        before: Just before this job.
        after: Just behind this job.
        first: Before all of its priority.
        last: Behind all of its priority.

    Example:
        create q 1
        pause q
        queue -jobid A q {1}
        queue -jobid B q {2}
        move -before A q B
    """
    shell.pool.move(queueId, jobId, before=before, after=after, first=first, last=last)
    return ""


@NS_JOB.subcommand(required="jobId")
def retry(shell: Shell, queueId: QueueId, jobId: JobId | None = None, *, failed: Flag = False) -> object:
    """Run a job again that has ended, with its own id and options. Returns its id; with -failed, all ids.

    Arguments:
        queueId: The queue.
        jobId: The job; none with -failed.
        failed: Run all jobs of the queue again that did not end ok.

    Example:
        create q
        set job [queue q {6 * 7}]
        wait q $job
        retry q $job
    """
    if failed and jobId is None:
        return [job.id for job in shell.pool.retry_failed(queueId)]
    if jobId is None or failed:
        raise NS_JOB.specs["retry"].wrong_args("-failed takes no jobId" if failed else "")
    return shell.pool.retry(queueId, jobId).id


@NS_JOB.subcommand()
def pause(shell: Shell, queueId: QueueId) -> str:
    """Let no more jobs of a queue start. What runs goes on.

    Arguments:
        queueId: The queue.

    Example:
        create q
        pause q
    """
    shell.pool.pause(queueId)
    return ""


@NS_JOB.subcommand()
def resume(shell: Shell, queueId: QueueId) -> str:
    """Undo pause and drain.

    Arguments:
        queueId: The queue.

    Example:
        create q
        pause q
        resume q
    """
    shell.pool.resume(queueId)
    return ""


@NS_JOB.subcommand()
def resize(shell: Shell, queueId: QueueId, maxthreads: Amount) -> str:
    """Change how many jobs of a queue may run at once. What runs goes on.

    Arguments:
        queueId: The queue.
        maxthreads: How many.

    Example:
        create q 2
        resize q 8
    """
    shell.pool.resize(queueId, maxthreads)
    return ""


@NS_JOB.subcommand()
def drain(shell: Shell, queueId: QueueId) -> str:
    """Take no more jobs into a queue; what is there finishes. `resume` undoes it.

    Arguments:
        queueId: The queue.

    Example:
        create q
        drain q
    """
    shell.pool.drain(queueId)
    return ""
