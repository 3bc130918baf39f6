"""Verbs: what the verbs of a pool share: finding queues and jobs, and how a job enters."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

from nsjob.durations import seconds
from nsjob.errors import NoSuchJob, NoSuchQueue, OptionError, QueueFull
from nsjob.pool import output
from nsjob.pool.job import Job, scheduled_job
from nsjob.pool.options import JobOptions, variables
from nsjob.pool.work import Bound, Hooked, Hosted, Work
from nsjob.snippet import Snippet

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.queue import JobQueue

__all__ = ["Verbs", "id_of", "nothing"]


class Verbs:
    """The base of a pool's verbs."""

    _core: Core
    _captures: bool

    def _find(self, queue: object) -> JobQueue:
        found = self._core.queues.get(queue) if isinstance(queue, str) else None
        if found is None:
            raise NoSuchQueue(queue)
        return found

    def _job(self, queue: str, job: str | Job) -> Job:
        found = self._find(queue)
        id = id_of(job, found)
        known = found.table.get(id)
        if known is None:
            raise NoSuchJob(id)
        return known

    def _run_immediate(self) -> None:
        if self._core.immediate:
            self._core.run_here()

    def _capture(self) -> None:
        if not self._captures:
            self._captures = True
            output.install()

    def _queue(self, queue: str, work: Work, given: dict[str, Any], block: object, owned: bool) -> Job:
        core = self._core
        found = core.queues.get(queue) if type(queue) is str else None
        if found is None:
            if core.forked:
                core.guarded(nothing)
            raise NoSuchQueue(queue)
        if type(work) is Snippet:
            work = _bound(work, found.defaults, given)
        if found.host is not None:
            found.host.check(work)
            work = Hosted(found.host, work)
        if found.before is not None or found.after is not None:
            work = Hooked(found.before, work, found.after)
        options = found.defaults
        if given:
            options = options.changed(given)
            if options.capture_output:
                self._capture()
        patience = 0.0 if block == 0 and not isinstance(block, bool) else None if block is None else seconds(block)
        aside = owned or options.detached
        reentered = core.lock._is_owned()
        if options.direct and found.maxqueued is None and not reentered and not core.special:
            return core.enter_plain(found, work, options, aside, options.jobid)
        job = scheduled_job(found, "", work, options, copy_context(), core.now(), aside)
        if reentered:
            return core.put_off(job)
        if found.maxqueued is not None and patience != 0.0:
            entered: Job | None = self._enter_when_room(job, patience)
        else:
            entered = core.whole(core.enter, job)
        if entered is None:
            raise QueueFull(found.name, found.maxqueued or 0)
        if core.immediate:
            core.run_here()
        return entered

    def _enter_when_room(self, job: Job, patience: float | None) -> Job:
        queue = job._queue
        try:
            return cast(Job, self._core.waits.until([queue.room], lambda: self._core.enter(job), patience))
        except TimeoutError:
            raise QueueFull(queue.name, queue.maxqueued or 0) from None


def _bound(snippet: Snippet, defaults: JobOptions, given: dict[str, Any]) -> Work:
    """The snippet with the job's own values, which are taken out of `given`."""
    values = variables("vars", given.pop("vars") or {}) if "vars" in given else defaults.vars
    one = given.pop("input", None)
    return snippet if values is None and one is None else Bound(snippet, values, one)


def nothing() -> None:
    return None


def id_of(job: object, queue: JobQueue) -> str:
    """The id by which a job of the queue is named."""
    if isinstance(job, Job):
        if job._queue is not queue:
            raise NoSuchJob(f"{job.id} (the handle is of queue {job.queue})")
        return job.id
    if not isinstance(job, str):
        raise OptionError(f"a job is named by its id (str) or its Job, but got {type(job).__name__}")
    return job
