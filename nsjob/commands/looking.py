"""The commands that tell what there is: queues, jobs, threads, one job."""

from __future__ import annotations

from typing import Any

from nsjob.commands.declare import NS_JOB
from nsjob.commands.general import ns_sleep as pause
from nsjob.commands.kinds import Flag, JobId, QueueId
from nsjob.commands.records import job_record, record, report_record
from nsjob.commands.shell import Shell
from nsjob.pool.job import DONE

_LOOK = 0.1  # seconds between two looks at what a job has printed


@NS_JOB.subcommand()
def queues(shell: Shell) -> list[str]:
    """Return the names of the queues, in the order in which they were created.

    Example:
        queues
    """
    return shell.pool.queues()


@NS_JOB.subcommand()
def queuelist(shell: Shell) -> list[Any]:
    """Return all queues, each with its settings and counts.

    Example:
        queuelist
    """
    return [record(info) for info in shell.pool.queuelist()]


@NS_JOB.subcommand()
def jobs(shell: Shell, queueId: QueueId) -> list[str]:
    """Return the ids of a queue's jobs.

    Arguments:
        queueId: The queue.

    Example:
        create q
        jobs q
    """
    return shell.pool.jobs(queueId)


@NS_JOB.subcommand()
def joblist(shell: Shell, queueId: QueueId) -> list[Any]:
    """Return a queue's jobs, each with its state, times and labels.

    `results` is the script until the job is done, then its result or its error. `time` is milliseconds since queueing
    or start, or of the run.

    Arguments:
        queueId: The queue.

    Example:
        create q
        queue q {6 * 7}
        joblist q
    """
    return [job_record(info) for info in shell.pool.joblist(queueId)]


@NS_JOB.subcommand()
def threadlist(shell: Shell, *, detail: Flag = False) -> Any:
    """Return how many threads the pool has, and what they do.

    Arguments:
        detail: Return each thread, and which job it runs.

    Example:
        threadlist
        threadlist -detail
    """
    if detail:
        return [record(thread) for thread in shell.pool.threads()]
    return record(shell.pool.threadlist())


@NS_JOB.subcommand()
def counts(shell: Shell, queueId: QueueId | None = None) -> Any:
    """Return how many jobs there are by state, and how many have ended by outcome.

    Arguments:
        queueId: The queue; none for all.

    Example:
        counts
    """
    return record(shell.pool.counts(queueId))


@NS_JOB.subcommand()
def show(shell: Shell, queueId: QueueId, jobId: JobId) -> Any:
    """Return everything about a job: why it does not run, where it runs, what it ended with.

    The last 1,000 jobs that left their queues are known too, without their results.

    Arguments:
        queueId: The queue.
        jobId: The job.

    Example:
        create q
        pause q
        show q [queue q {6 * 7}]
    """
    return report_record(shell.pool.show(queueId, jobId))


@NS_JOB.subcommand()
def output(shell: Shell, queueId: QueueId, jobId: JobId, *, follow: Flag = False) -> str:
    """Return what a job has printed so far, where it is captured (queue -capture), or what a program wrote.

    Arguments:
        queueId: The queue.
        jobId: The job.
        follow: Print it instead, and what comes, until the job's end.

    Example:
        create -capture q
        set job [queue q {print("hello")}]
        wait q $job
        output q $job
    """
    if not follow:
        return shell.pool.output(queueId, jobId)
    before = ""
    while True:
        over = shell.pool.show(queueId, jobId).state == DONE
        text = shell.pool.output(queueId, jobId)
        news = text[len(before) :] if text.startswith(before) else text
        if news:
            shell.interp.call(["puts", "-nonewline", news])
            shell.interp.call(["flush", "stdout"])
        before = text
        if over:
            return ""
        pause(shell, _LOOK)
