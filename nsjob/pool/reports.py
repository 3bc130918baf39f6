"""Reports: what the pool tells of its queues, jobs and threads, made from its state."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from nsjob.pool.backlog import NOWHERE
from nsjob.pool.context import PLACES
from nsjob.pool.job import CANCELLED, DONE, ERROR, EXPIRED, OK, RUNNING, SCHEDULED, TIMEOUT, Job, Particulars
from nsjob.pool.records import Counts, JobInfo, JobReport, Left, QueueInfo, ThreadDetail, ThreadInfo
from nsjob.pool.runs import records_of
from nsjob.pool.work import Hosted, options_of, template_of

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.queue import JobQueue

__all__ = [
    "counts",
    "job_info",
    "job_report",
    "left_info",
    "left_report",
    "queue_info",
    "thread_details",
    "thread_info",
]

_OWN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")  # the directory of nsjob


def queue_info(queue: JobQueue) -> QueueInfo:
    """A queue, under the lock."""
    return QueueInfo(
        name=queue.name,
        desc=queue.desc,
        maxthreads=queue.maxthreads,
        numrunning=queue.bodies,
        req=queue.req,
        scheduled=queue.scheduled,
        done=queue.kept,
        paused=queue.paused,
        lost=queue.lost,
        maxqueued=queue.maxqueued,
        maxperkey=queue.maxperkey,
        onerror=queue.onerror,
        engine=queue.engine_name,
    )


def job_info(job: Job) -> JobInfo:
    """A job, under the lock."""
    core = job._queue.core
    start = job._queued if not job.attempt or job.state is SCHEDULED else job._started
    end = job._ended if job.state is DONE else core.now()
    options = job._options
    ident = _ident(job)
    source = job._work.source
    return JobInfo(
        id=job.id,
        state=job.state,
        results=source if job.state is not DONE else job._value if job.outcome is OK else job.error,
        script=source,
        code=job.code,
        type="detached" if options.detached else "nondetached",
        req=job.req,
        thread=f"{ident:x}" if ident else "0",
        time=max(end - start, 0.0) * 1000,
        starttime=core.wall(start),
        endtime=core.wall(end),
        outcome=job.outcome,
        priority=options.priority,
        attempt=job.attempt,
        progress=_progress(job._particulars),
        note=options.note,
        topic=options.topic,
        subtopic=options.subtopic,
        group=options.group,
        metadata=options.metadata,
    )


def left_info(core: Core, left: Left) -> JobInfo:
    """What is remembered of a job that left; its value and its error are not."""
    options = left.options
    start = left.started or left.queued
    return JobInfo(
        id=left.id,
        state=DONE,
        results=None,
        script=left.work.source,
        code=left.code if left.outcome == OK else "TCL_ERROR",
        type="detached" if options.detached else "nondetached",
        req="none",
        thread="0",
        time=max(left.ended - start, 0.0) * 1000,
        starttime=core.wall(start),
        endtime=core.wall(left.ended),
        outcome=left.outcome,
        priority=options.priority,
        attempt=left.attempt,
        progress=_progress(left.particulars),
        note=options.note,
        topic=options.topic,
        subtopic=options.subtopic,
        group=options.group,
        metadata=options.metadata,
    )


def thread_info(core: Core) -> ThreadInfo:
    """The threads, under the lock."""
    threads = core.threads
    return ThreadInfo(
        maxthreads=threads.limit(),
        numthreads=threads.count,
        numidle=len(threads.idle),
        req="stop" if core.stopping else "none",
        numlost=threads.lost,
        numwaiting=threads.waiting,
    )


def thread_details(core: Core) -> list[ThreadDetail]:
    """Each thread, under the lock."""
    found = []
    for place in core.threads.places:
        job = place.job
        if place.lost:
            state = "lost"
        elif job is None:
            state = "idle"
        else:
            state = "waiting" if place.run is not None and place.run.yielded else "running"
        found.append(
            ThreadDetail(
                name=place.thread.name if place.thread is not None else "",
                ident=place.ident,
                state=state,
                queue=job._queue.name if job is not None else "",
                job=job.id if job is not None else "",
                jobs=place.jobs,
            )
        )
    return sorted(found, key=lambda detail: detail.name)


def counts(queues: list[JobQueue]) -> Counts:
    """The sums over some queues, under the lock."""
    failed = {
        outcome: sum(queue.failed[outcome] for queue in queues) for outcome in (ERROR, CANCELLED, TIMEOUT, EXPIRED)
    }
    scheduled = sum(queue.scheduled for queue in queues)
    return Counts(
        scheduled=scheduled,
        running=sum(queue.active for queue in queues),
        done=sum(queue.kept for queue in queues),
        ok=sum(queue.ok for queue in queues),
        error=failed[ERROR],
        cancelled=failed[CANCELLED],
        timeout=failed[TIMEOUT],
        expired=failed[EXPIRED],
    )


def job_report(core: Core, job: Job) -> JobReport:
    """Everything about a job. Outside the lock, which it takes for a moment; stacks are read without it."""
    reason: str = core.locked(_reason, core, job)
    particulars = job._particulars
    done = job.state is DONE
    error = job.error
    ident = _ident(job)
    return JobReport(
        queue=job.queue,
        id=job.id,
        state=job.state,
        outcome=job.outcome,
        req=job.req,
        code=job.code,
        script=job._work.source,
        value=job._value if done and job.outcome is OK else None,
        error=_formatted(error) if error is not None else "",
        attempt=job.attempt,
        retries=job._options.retries,
        priority=job._options.priority,
        queued=core.wall(job._queued),
        started=core.wall(job._started) if job.attempt else None,
        ended=core.wall(job._ended) if done else None,
        reason=reason,
        stack=_stack(ident) if job.state is RUNNING and ident and type(job._work) is not Hosted else "",
        progress=_progress(particulars),
        log=tuple(particulars.log or ()) if particulars is not None else (),
        output=_output(particulars),
        left=job._queue.table.get(job.id) is not job,
        options=job.options,
        where=core.locked(_where, job),
        runs=records_of(core, job),
        workdir=particulars.workdir if particulars is not None else "",
        template=template_of(job._work),
    )


def left_report(core: Core, left: Left) -> JobReport:
    """Everything that is remembered of a job that left."""
    particulars = left.particulars
    return JobReport(
        queue=left.queue.name,
        id=left.id,
        state=DONE,
        outcome=left.outcome,
        req="none",
        code=left.code if left.outcome == OK else "TCL_ERROR",
        script=left.work.source,
        value=None,
        error="",
        attempt=left.attempt,
        retries=left.options.retries,
        priority=left.options.priority,
        queued=core.wall(left.queued),
        started=core.wall(left.started) if left.started else None,
        ended=core.wall(left.ended),
        reason="",
        stack="",
        progress=_progress(particulars),
        log=tuple(particulars.log or ()) if particulars is not None else (),
        output=_output(particulars),
        left=True,
        options=options_of(left.work, left.options),
        where="",
        runs=records_of(core, left),
        workdir=particulars.workdir if particulars is not None else "",
        template=template_of(left.work),
    )


def _reason(core: Core, job: Job) -> str:
    if job.state is not SCHEDULED:
        return ""
    queue = job._queue
    particulars = job._particulars
    if particulars is not None and particulars.pending:
        names = ", ".join(f"{other.id} of {other.queue}" for other in particulars.pending[:5])
        return f"it comes after {names}, not yet done"
    if particulars is not None and particulars.not_before is not None and job._where == NOWHERE:
        return f"it is put off for {max(particulars.not_before - core.now(), 0.0):.3f} more seconds"
    if queue.paused:
        return "its queue is paused"
    if (particulars is not None and particulars.key_parked) or _range_parked(job):
        return f"{queue.maxperkey} jobs of its key {job._options.key!r} run (maxperkey)"
    if queue.running >= queue.maxthreads:
        lost = f"; {queue.lost} threads are lost" if queue.lost else ""
        return f"its queue runs as many jobs as it may ({queue.maxthreads}){lost}"
    if core.cap is not None and core.running >= core.cap:
        return f"the pool runs as many jobs as it may ({core.cap})"
    return "it is about to start"


def _range_parked(job: Job) -> bool:
    """Whether it is a range, and its key is at its cap."""
    queue = job._queue
    key = queue.keys.get(job._options.key or "")
    ranged = job._particulars is not None and job._particulars.range is not None
    return ranged and key is not None and queue.maxperkey is not None and key.running >= queue.maxperkey


def _where(job: Job) -> str:
    runner = job._runner if job.state is RUNNING else None
    tell = getattr(job._queue.engine, "where", None)
    return str(tell(runner.the_run())) if runner is not None and tell is not None else ""


def _ident(job: Job) -> int:
    runner = job._runner if job.state is RUNNING else None
    return runner.slot.ident if runner is not None and runner.slot is not None else 0


def _stack(ident: int) -> str:
    frame = sys._current_frames().get(ident)
    if frame is None or ident not in PLACES:
        return ""
    frames = traceback.extract_stack(frame)
    body = [entry for entry in frames if not entry.filename.startswith(_OWN)]
    start = next((n for n, entry in enumerate(body) if not entry.filename.endswith("threading.py")), len(body))
    return "".join(traceback.format_list(body[start:]))


def _formatted(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # the error's own __str__ failed
        return f"{type(error).__name__} (its text cannot be had)"


def _progress(particulars: Particulars | None) -> tuple[float, float | None, str] | None:
    if particulars is None or particulars.done is None:
        return None
    return particulars.done, particulars.total, particulars.note


def _output(particulars: Any) -> str:
    return particulars.output.text() if particulars is not None and particulars.output is not None else ""
