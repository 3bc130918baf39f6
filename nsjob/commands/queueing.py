"""The commands that make queues and put jobs into them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, Unpack, cast

from nsjob.commands.declare import NS_JOB
from nsjob.commands.kinds import (
    Amount,
    Dictionary,
    FilePath,
    Files,
    Flag,
    Input,
    Integer,
    JobId,
    Jobs,
    Language,
    Moment,
    Names,
    NewId,
    OnError,
    Paths,
    Priority,
    QueueId,
    Script,
    TemplateName,
    Text,
    Time,
    Topic,
    Variables,
    json_value,
    python_value,
)
from nsjob.commands.records import settings_record
from nsjob.commands.shell import Shell
from nsjob.errors import NsjobError, OptionError, SnippetError
from nsjob.pool.work import Script as ForeignScript
from nsjob.tcl import parse

if TYPE_CHECKING:
    from nsjob.pool.queue import OnError as PoolOnError

__all__ = ["CommonWords", "EditWords", "JobWords", "QueueWords", "snippet_hint"]


_LIFETIME = "It ends, expired, when so much time has gone since it was queued, whether it waits or runs."
_WORKDIR = "It has a working directory of its own, made in this one; empty: where temporary files are."
_KEEPDIR = "Leave the working directory of its last run where it is."


class CommonWords(TypedDict, total=False):
    """Options that a queue can have for all its jobs, and each job for itself."""

    priority: Annotated[Priority, "0 to 255, higher first; or lowest, background, default, high, maximum."]
    timeout: Annotated[Time, "How long one run may take; then it is interrupted."]
    heartbeat: Annotated[Time, "It is interrupted as by -timeout where it does not call job.heartbeat() in this time."]
    retries: Annotated[Integer, "How many more runs there are after an exception or a time-out."]
    backoff: Annotated[Time, "The pause before the first retry; it doubles for each later one. 1s by default."]
    retryon: Annotated[Names, "Names of exception classes: only these are retried."]
    expires: Annotated[Time, "It is given up where it has not started after this time."]
    key: Annotated[Text, "Jobs with the same key share the queue's -maxperkey."]
    note: Annotated[Text, "A label, free text."]
    topic: Annotated[Topic, "A label to find jobs by."]
    subtopic: Annotated[Text, "A label to find jobs by, within a topic."]
    group: Annotated[Text, "A label for jobs that belong together."]
    metadata: Annotated[Dictionary, "Labels: names and values."]
    keep: Annotated[Time, "How long it is kept when done, until `cleanup`: for ever, in a store 30 days."]
    capture: Annotated[Flag, "Keep what it prints, for `output`."]


class InputWords(CommonWords, total=False):
    """And the input, which a template's jobs each have of their own."""

    input: Annotated[Input, "One value that the script finds as job.input."]


class QueueWords(InputWords, total=False):
    """Options that a queue can have for all its jobs."""

    lifetime: Annotated[Time, _LIFETIME]
    workdir: Annotated[FilePath, _WORKDIR]
    keepdir: Annotated[Flag, _KEEPDIR]
    detached: Annotated[Flag, "Nobody waits for its jobs: each leaves the queue when done; a failure is logged."]
    maxmem: Annotated[Text, "How much memory a worker process may take, like 512M (process engine)."]
    jobsperworker: Annotated[Amount, "A worker ends after so many jobs (process engine)."]
    spool: Annotated[FilePath, "The directory that keeps what programs write, for -keep or 30 days (command engine)."]
    address: Annotated[Text, "Of the scheduler, like tcp://host:8786; a cluster is started without it (dask engine)."]
    workers: Annotated[Amount, "How many worker processes a cluster has that is started (dask engine)."]
    resources: Annotated[Dictionary, "What each job takes of a worker's: names and amounts (dask engine)."]


class EditWords(InputWords, total=False):
    """Options that only a single job can have, and that can be changed while it waits."""

    delay: Annotated[Time, "It does not start before this time is over."]
    at: Annotated[Moment, "It does not start before: seconds since 1970, or a time like 2030-01-31T18:00."]
    after: Annotated[Jobs, "Jobs that must end ok first: ids, or {queueId jobId}."]
    unique: Annotated[Text, "While a job with this value waits or runs, answer with its id and queue nothing."]


class JobWords(EditWords, total=False):
    """Options that only a single job can have."""

    lifetime: Annotated[Time, _LIFETIME]
    files: Annotated[Files, "Files and directories that are copied now, to be in its own working directory."]
    filesas: Annotated[Paths, "Such that stand there under other names: names and paths."]
    workdir: Annotated[FilePath, _WORKDIR]
    keepdir: Annotated[Flag, _KEEPDIR]
    ifnew: Annotated[Flag, "With -jobid: where that job exists, answer with its id instead of an error."]
    block: Annotated[Time, "Where the queue is full, wait so long for room."]


def pool_options(words: dict[str, Any]) -> dict[str, Any]:
    if "capture" in words:
        words["capture_output"] = words.pop("capture")
    if "workdir" in words:
        words["workdir"] = words["workdir"] or True
    if "filesas" in words:
        words["files"] = [*words.get("files", ()), words.pop("filesas")]
    return words


@NS_JOB.subcommand("-desc", description="desc")
def create(
    shell: Shell,
    queueId: QueueId,
    maxthreads: Amount = 4,
    *,
    desc: Text = "",
    ifmissing: Flag = False,
    maxqueued: Amount | None = None,
    maxperkey: Amount | None = None,
    onerror: OnError = "continue",
    engine: Text = "thread",
    lang: Language | None = None,
    pre: Script | None = None,
    post: Script | None = None,
    onfinish: Script | None = None,
    **options: Unpack[QueueWords],
) -> str:
    """Create a queue and return its name.

    A queue caps how many of its jobs run at once. Options of jobs that are given here hold for all its jobs, unless
    they say otherwise.

    Arguments:
        queueId: The queue's name.
        maxthreads: How many of its jobs may run at once; 4 by default.
        desc: What the queue is for.
        ifmissing: Where the queue exists, leave it as it is instead of an error.
        maxqueued: How many jobs may wait in it; then it refuses more, or `queue -block` waits for room.
        maxperkey: How many of its running jobs may share a -key.
        onerror: What a failed job does to the queue: continue, pause it, or cancel what waits.
        engine: Where its jobs run.
        lang: The language of its jobs' scripts.
        pre: A script that runs before each of its jobs, in the pool's process. Its error is the job's.
        post: A script that runs after each of its jobs, also after one that failed.
        onfinish: A script that runs once a job is done, however it ended: it finds queue, id, outcome and result.

    Example:
        create -desc "two at a time" images 2
        create -timeout 30s -retries 2 pages 8
    """
    existed = queueId in shell.pool.queues()
    shell.pool.create(
        queueId,
        maxthreads,
        desc=desc,
        exist_ok=ifmissing,
        maxqueued=maxqueued,
        maxperkey=maxperkey,
        onerror=cast("PoolOnError", onerror),
        engine=engine,
        pre=None if pre is None else body_of(shell, queueId, pre, lang or shell.languages.default),
        post=None if post is None else body_of(shell, queueId, post, lang or shell.languages.default),
        onfinish=None if onfinish is None else body_of(shell, queueId, onfinish, lang or shell.languages.default),
        **({"lang": lang} if lang is not None and shell.pool.store else {}),
        **pool_options(dict(options)),
    )
    if not existed:
        shell.languages.created(queueId, lang)
    return queueId


def _at_once(shell: Shell, queueId: str, script: str) -> str:
    """`queue` without options: most jobs by far are queued so."""
    languages = shell.languages
    if languages.default != "python" or queueId in languages.queues:
        id: str = queue(shell, queueId, script)
        return id
    try:
        return shell.pool.queue(queueId, script).id
    except SnippetError as error:
        raise hinted(error, script) from None


@NS_JOB.subcommand("-detached -head -jobid", required="script", direct=_at_once)
def queue(
    shell: Shell,
    queueId: QueueId,
    script: Script | None = None,
    *,
    detached: Flag = False,
    head: Flag = False,
    jobid: NewId | None = None,
    lang: Language | None = None,
    file: FilePath | None = None,
    vars_: Dictionary | None = None,
    use: Variables = (),
    template: TemplateName | None = None,
    **options: Unpack[JobWords],
) -> str:
    """Queue a job and return its id.

    The script is Python (or Tcl, with -lang tcl). Its value is that of its last statement where that is an
    expression; `return` works too. It runs in a namespace of its own: -vars and -use bring values into it.

    Arguments:
        queueId: The queue.
        script: What the job does.
        detached: Nobody waits for it: it leaves the queue when done, and a failure is logged.
        head: It goes before all that wait.
        jobid: Its id; job0, job1, ... where none is given.
        lang: The language of the script: python or tcl.
        file: Read the script from this file; none is given as a word then.
        vars_: Values for the script: names and values.
        use: Names of variables whose values the script gets under the same names.
        template: Queue it from this template, which has the script; -input is JSON then.

    Example:
        create q 2
        set n 10
        set job [queue -use n q {sum(range(n))}]
        wait q $job
    """
    given: dict[str, Any] = {}
    if options or detached or head or jobid is not None or vars_ or use:
        given = pool_options({**options, "detached": detached, "head": head, "jobid": jobid})
        given["vars"] = given_values(shell, vars_, use)
        given = {name: value for name, value in given.items() if value is not None and value is not False}
    if template is not None:
        if script is not None or file is not None or lang is not None:
            raise OptionError("queue: the template has the script: give -template without -file, -lang and a script")
        return queue_from(shell, queueId, template, given)
    script = given_script("queue", script, file)
    if script is None:
        raise NS_JOB.specs["queue"].wrong_args()
    body = body_of(shell, queueId, script, lang)
    try:
        return shell.pool.queue(queueId, body, **given).id
    except SnippetError as error:
        raise hinted(error, script) from None


def queue_from(shell: Shell, queueId: str, template: str, given: dict[str, Any]) -> str:
    """Queue a job from a template; the input among the options is JSON."""
    value = json_value("-input", given.pop("input")) if "input" in given else None
    return shell.pool.queue_template(queueId, template, value, **given).id


def given_script(command: str, script: str | None, file: str | None) -> str | None:
    """The script that is a word of the command, or stands in a file; None where there is neither."""
    if file is None:
        return script
    if script is not None:
        raise OptionError(f"{command}: give -file or a script, not both")
    return _file(file)


def given_values(shell: Shell, vars_: Mapping[str, Any] | None, use: Sequence[str]) -> dict[str, Any] | None:
    """The values for a script: those of -vars, and of the variables that -use names; None where there are none."""
    return {**(vars_ or {}), **{name: python_value(shell.interp.get(name)) for name in use}} or None


def body_of(shell: Shell, queueId: str, script: str, lang: str | None) -> str | ForeignScript:
    """What the pool takes for a script: Python source as it is.

    Raises:
        ParseError: Tcl that cannot run.
    """
    languages = shell.languages
    if (lang or languages.queues.get(queueId) or languages.default) == "python":
        return script
    _parsed(script)
    from nsjob.commands.languages import tcl_body  # late: only Tcl jobs need it

    return tcl_body(shell.pool, script)


@lru_cache(maxsize=256)
def _parsed(script: str) -> None:
    parse(script)


def _file(name: str) -> str:
    try:
        return Path(name).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise OptionError(f'couldn\'t read file "{name}": {(error.strerror or str(error)).lower()}') from None
    except UnicodeDecodeError:
        raise OptionError(f'couldn\'t read file "{name}": it is not UTF-8') from None


def hinted(error: SnippetError, script: str) -> SnippetError:
    """The error, with what was probably meant."""
    hint = snippet_hint(script)
    if hint:
        error.hint = hint  # type: ignore[attr-defined]
    return error


_LIKE_TCL = re.compile(
    r"\s*(?:(?:set|puts|proc|foreach|ns_job|expr|list|incr|lappend)\s|(?:if|for|while)\s*\{|return \$)"
)


def snippet_hint(script: str) -> str:
    """What was probably meant by a script that is no Python; empty where nothing tells."""
    if _LIKE_TCL.match(script):
        return "scripts of jobs are Python; for Tcl say queue -lang tcl, or configure -lang tcl for all"
    if "$" in script:
        return "Tcl puts no $variables into braces: -use {name ...} hands them to the script"
    return ""


@NS_JOB.subcommand()
def delete(shell: Shell, queueId: QueueId, *, force: Flag = False) -> str:
    """Delete a queue: at once where it has no jobs, else when its last job has left.

    Arguments:
        queueId: The queue.
        force: Cancel what waits, interrupt what runs, and drop what is done.

    Example:
        create q
        delete -force q
    """
    jobs = len(shell.pool.jobs(queueId))
    if jobs and not shell.face.confirm(f"Queue {queueId} has {jobs} job{'s' if jobs > 1 else ''}. Delete it?"):
        raise Refused(f"the queue was not deleted: {queueId}")
    shell.pool.delete(queueId, force=force)
    return ""


class Refused(NsjobError):
    """The person at the prompt said no."""

    errorcode = ("NSJOB", "REFUSED")


@NS_JOB.subcommand()
def exists(shell: Shell, queueId: QueueId, jobId: JobId) -> int:
    """Return whether a queue has a job of that id: 1 or 0.

    Arguments:
        queueId: The queue.
        jobId: The job.

    Example:
        create q
        exists q job0
    """
    return int(shell.pool.exists(queueId, jobId))


@NS_JOB.subcommand()
def genid(shell: Shell) -> str:
    """Return a queue name that was never given before.

    Example:
        set mine [create [genid] 2]
    """
    return shell.pool.genid()


@NS_JOB.subcommand("-jobsperthread -logminduration -timeout", records=True)
def configure(
    shell: Shell,
    *,
    jobsperthread: Integer | None = None,
    logminduration: Time | None = None,
    timeout: Time | None = None,
    grace: Time | None = None,
    maxlost: Integer | None = None,
    maxdone: Integer | None = None,
    maxthreads: Integer | None = None,
    maxoutput: Integer | None = None,
    lang: Language | None = None,
) -> Any:
    """Change settings of the pool, and return all of them.

    Arguments:
        jobsperthread: A thread ends after so many jobs; 0 for no limit.
        logminduration: Jobs that run longer are logged.
        timeout: An idle thread ends after this time.
        grace: How long an interrupted job has to end before it is written off.
        maxlost: How many threads may be lost to jobs that were written off.
        maxdone: How many done jobs a queue keeps that nobody waits for; 0 for no limit.
        maxthreads: How many jobs of all queues together run at once; 0 for the sum of the queues'.
        maxoutput: How many bytes of a job's captured output are kept, the last ones.
        lang: The language of scripts where neither the job nor its queue names one.

    Example:
        configure -timeout 10s -maxthreads 16
    """
    given = {
        "jobsperthread": jobsperthread,
        "logminduration": logminduration,
        "timeout": timeout,
        "grace": grace,
        "maxlost": maxlost,
        "maxdone": maxdone,
        "maxthreads": maxthreads,
        "maxoutput": maxoutput,
    }
    settings = shell.pool.configure(**{name: value for name, value in given.items() if value is not None})
    if lang is not None:
        shell.languages.default = lang
    return settings_record(settings, lang=shell.languages.default)
