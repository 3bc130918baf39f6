"""The commands that stop, move and hold jobs and queues."""

from __future__ import annotations

from nsjob.commands.declare import NS_JOB
from nsjob.commands.kinds import Amount, Flag, JobId, QueueId, Time
from nsjob.commands.queueing import Refused
from nsjob.commands.shell import Shell


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


@NS_JOB.subcommand()
def run(shell: Shell, queueId: QueueId, jobId: JobId) -> str:
    """Let a job that waits go next, before all others; a delay is over then.

    Arguments:
        queueId: The queue.
        jobId: The job.

    Example:
        create q 1
        run q [queue -delay 1h q {6 * 7}]
    """
    shell.pool.run(queueId, jobId)
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
