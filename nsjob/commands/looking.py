"""The commands that tell what there is: queues, jobs, threads, one job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nsjob.commands.declare import NS_JOB
from nsjob.commands.general import ns_sleep as pause
from nsjob.commands.kinds import Amount, Flag, JobId, Moment, Names, Priority, QueueId, SortBy, Statuses, Text, Topic
from nsjob.commands.records import found_record, job_record, record, report_record
from nsjob.commands.shell import Shell
from nsjob.pool.job import DONE, RUNNING, SCHEDULED
from nsjob.pool.records import JobInfo

_STATES = (RUNNING, SCHEDULED, DONE)
_SORTS: dict[str, Callable[[JobInfo], float]] = {
    "priority": lambda info: -info.priority,
    "time": lambda info: -info.time,
    "state": lambda info: _STATES.index(info.state),
}
_LOOK = 0.1  # seconds between two looks at what a job has printed


@NS_JOB.subcommand(records=True)
def queues(shell: Shell) -> list[str]:
    """Return the names of the queues, in the order in which they were created.

    Example:
        queues
    """
    return shell.pool.queues()


@NS_JOB.subcommand(records=True)
def queuelist(shell: Shell) -> list[Any]:
    """Return all queues, each with its settings and counts.

    Example:
        queuelist
    """
    return [record(info) for info in shell.pool.queuelist()]


@NS_JOB.subcommand(records=True)
def jobs(shell: Shell, queueId: QueueId) -> list[str]:
    """Return the ids of a queue's jobs.

    Arguments:
        queueId: The queue.

    Example:
        create q
        jobs q
    """
    return shell.pool.jobs(queueId)


@NS_JOB.subcommand(records=True)
def joblist(shell: Shell, queueId: QueueId, *, sort: SortBy | None = None) -> list[Any]:
    """Return a queue's jobs, each with its state, times and labels.

    `results` is the script until the job is done, then its result or its error. `time` is milliseconds since queueing
    or start, or of the run.

    Arguments:
        queueId: The queue.
        sort: By priority, the highest first; by time, the longest first; or by state: running, scheduled, done. Without
            it they come in the order in which they were queued.

    Example:
        create q
        queue q {6 * 7}
        joblist q
    """
    infos = shell.pool.joblist(queueId)
    return [job_record(info) for info in (infos if sort is None else sorted(infos, key=_SORTS[sort]))]


@NS_JOB.subcommand(records=True)
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


@NS_JOB.subcommand(records=True)
def counts(shell: Shell, queueId: QueueId | None = None) -> Any:
    """Return how many jobs there are by state, and how many have ended by outcome.

    Arguments:
        queueId: The queue; none for all.

    Example:
        counts
    """
    return record(shell.pool.counts(queueId))


@NS_JOB.subcommand(records=True)
def find(
    shell: Shell,
    *,
    queue: QueueId | None = None,
    state: Names | None = None,
    outcome: Names | None = None,
    topic: Topic | None = None,
    subtopic: Text | None = None,
    group: Text | None = None,
    priority: Priority | None = None,
    note: Text | None = None,
    from_: Moment | None = None,
    to: Moment | None = None,
    limit: Amount = 100,
    cursor: Text = "",
    statuses: Statuses = "ns_job",
) -> Any:
    """Find jobs by what they are: those in queues, and the last 1,000 that left.

    Returns a dict: `jobs`, in the order in which they were queued, and `cursor`, which the next page is asked for
    with; it is empty where there are no more. Whatever is queued, ends or leaves between two pages, no job comes twice
    and none is passed over.

    Arguments:
        queue: Jobs of this queue.
        state: One or more of scheduled, running, done.
        outcome: One or more of ok, error, cancelled, timeout, expired.
        topic: Jobs with this topic.
        subtopic: Jobs with this subtopic.
        group: Jobs of this group.
        priority: Jobs of this priority, given by number or by name.
        note: Jobs in whose note this text stands.
        from_: Queued at this time or later: seconds since 1970, or a time like 2030-01-31T18:00.
        to: Queued before this time.
        limit: How many at most; 100 by default.
        cursor: The cursor of the page before.
        statuses: With tasker, each job also has its status in the words of spork/tasker.

    Example:
        create q
        queue -topic mail -group may q {6 * 7}
        find -topic mail
        set page [find -state {scheduled running done} -limit 10]
        find -limit 10 -cursor [dict get $page cursor]
    """
    found = shell.pool.find(
        queue=queue, state=state, outcome=outcome, topic=topic, subtopic=subtopic, group=group, priority=priority,
        note=note, from_=from_, to=to, limit=limit, cursor=cursor,
    )  # fmt: skip
    return found_record(found, statuses == "tasker")


@NS_JOB.subcommand(records=True)
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


@NS_JOB.subcommand(records=True)
def runs(shell: Shell, queueId: QueueId, jobId: JobId) -> list[Any]:
    """Return the runs of a job, the first one first: when, in which process, how each ended and why.

    A run ends ok, error, timeout, cancelled or expired as a job does; requeued or snoozed where the job was put back,
    or lost where its process was gone. The last 100 of a job are kept.

    Arguments:
        queueId: The queue.
        jobId: The job.

    Example:
        create -retries 1 -backoff 0 q
        set job [queue q {1 / 0}]
        catch {wait q $job}
        runs q $job
    """
    return [record(run) for run in shell.pool.runs(queueId, jobId)]


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
    for news in shell.pool.follow(queueId, jobId):
        if news:
            shell.interp.call(["puts", "-nonewline", news])
            shell.interp.call(["flush", "stdout"])
        else:
            pause(shell, _LOOK)
    return ""
