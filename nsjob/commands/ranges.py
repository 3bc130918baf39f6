"""The commands about ranges: one script over many indexes (a job array)."""

from __future__ import annotations

from typing import Any, Unpack

from nsjob.commands.declare import NS_JOB
from nsjob.commands.kinds import (
    Amount,
    Dictionary,
    FilePath,
    Flag,
    Indexes,
    Integer,
    JobId,
    Language,
    NewId,
    QueueId,
    Script,
    Variables,
)
from nsjob.commands.queueing import JobWords, body_of, given_script, given_values, pool_options, snippet_hint
from nsjob.commands.records import record
from nsjob.commands.shell import Shell
from nsjob.errors import SnippetError

__all__: list[str] = []


@NS_JOB.subcommand(required="script")
def range_(
    shell: Shell,
    queueId: QueueId,
    indexes: Indexes,
    script: Script | None = None,
    *,
    maxconcurrent: Amount | None = None,
    detached: Flag = False,
    head: Flag = False,
    jobid: NewId | None = None,
    lang: Language | None = None,
    file: FilePath | None = None,
    vars_: Dictionary | None = None,
    use: Variables = (),
    **options: Unpack[JobWords],
) -> str:
    """Queue one script over a range of indexes, and return the id of the one job that stands for all of them.

    Each index runs as a job does, with the time limit and the retries, and finds its index as job.index (in Tcl:
    [job index]). It is made when there is a slot for it, so a million of them take no room. They go in order, before
    what is queued behind the range with the same priority.

    The job's result says which indexes succeeded, failed and were cancelled; what the script returns is not kept.
    Where an index fails, the others go on, and the job ends in error. `rangestatus` tells more; `retry` runs those
    again that did not succeed.

    -delay, -at, -after, -expires, -lifetime, -unique and -detached are about the whole range.

    Arguments:
        queueId: The queue.
        indexes: Numbers from 0 on: first..last, or several such with commas between, like 5..9,12.
        script: What is done for each index.
        maxconcurrent: How many indexes may be under way at once; as many as the queue runs where it is not given.
        detached: Nobody waits for it: it leaves the queue when done, and a failure is logged.
        head: It goes before all that wait.
        jobid: Its id; job0, job1, ... where none is given.
        lang: The language of the script: python or tcl.
        file: Read the script from this file; none is given as a word then.
        vars_: Values for the script: names and values.
        use: Names of variables whose values the script gets under the same names.

    Example:
        create q 4
        set job [range -retries 2 q 1..1000 {job.index ** 2}]
        wait q $job
    """
    script = given_script("range", script, file)
    if script is None:
        raise NS_JOB.specs["range"].wrong_args()
    body = body_of(shell, queueId, script, lang)
    given = pool_options({**options, "detached": detached, "head": head, "jobid": jobid})
    given["vars"] = given_values(shell, vars_, use)
    given = {name: value for name, value in given.items() if value is not None and value is not False}
    try:
        return shell.pool.range(queueId, indexes, body, maxconcurrent=maxconcurrent, **given).id
    except SnippetError as error:
        if hint := snippet_hint(script):
            error.hint = hint  # type: ignore[attr-defined]
        raise


@NS_JOB.subcommand(records=True)
def rangestatus(shell: Shell, queueId: QueueId, jobId: JobId, index: Integer | None = None) -> Any:
    """Return what has become of the indexes of a range, as ranges and counts; or of one of them.

    The last 1,000 jobs that left their queues are known too. Of one index: its state, the pool and host that ran it,
    start, deadline and end of its last run, how many runs failed, and the error. The runs of the first 1,000 that
    failed and of the latest 1,000 that succeeded are remembered.

    Arguments:
        queueId: The queue.
        jobId: The job that stands for the range.
        index: One of its indexes.

    Example:
        create q
        set job [range q 1..9 {job.index}]
        wait q $job
        rangestatus q $job
        rangestatus q $job 5
    """
    if index is not None:
        return record(shell.pool.range_index(queueId, jobId, index))
    return record(shell.pool.range_status(queueId, jobId))
