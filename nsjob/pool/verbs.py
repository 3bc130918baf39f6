"""Verbs: what the verbs of a pool share: finding queues and jobs, and how a job enters."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

from nsjob.durations import seconds
from nsjob.errors import NoSuchJob, NoSuchQueue, OptionError, QueueFull, brief
from nsjob.pool import output
from nsjob.pool.job import Job, scheduled_job
from nsjob.pool.options import JobOptions, variables
from nsjob.pool.work import Bound, Hooked, Hosted, Housed, Work
from nsjob.snippet import Snippet

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.files import Manifest
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.records import Left
    from nsjob.pool.templates import Template

__all__ = ["Verbs", "bound", "caller_variables", "check_heartbeat", "dressed", "id_of", "nothing"]


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

    def _known(self, queue: str, job: str | Job) -> Job | Left:
        """A job of the queue, or what is remembered of one that left."""
        found = self._find(queue)
        id = id_of(job, found)

        def look() -> Job | Left:
            return found.table.get(id) or (job if isinstance(job, Job) else self._core.left_record(found, id))

        return cast("Job | Left", self._core.guarded(look))

    def _run_immediate(self) -> None:
        if self._core.immediate:
            self._core.run_here()

    def _capture(self) -> None:
        if not self._captures:
            self._captures = True
            output.install()

    def _queue(
        self,
        queue: str,
        work: Work,
        given: dict[str, Any],
        block: object,
        owned: bool,
        template: Template | None = None,
    ) -> Job:
        core = self._core
        found = core.queues.get(queue) if type(queue) is str else None
        if found is None:
            if core.forked:
                core.guarded(nothing)
            raise NoSuchQueue(queue)
        if type(work) is Snippet:
            work = bound(work, found.defaults, given)
        if found.host is not None or found.before is not None or found.after is not None:
            work = dressed(found, work)
        options = found.defaults
        if given:
            if "files" in given:
                given["files"] = self._manifest(given["files"])
            options = options.changed(given)
            if options.heartbeat is not None:
                check_heartbeat(found)
            if options.capture_output:
                self._capture()
        if options.housed:
            work = Housed(work)
        if template is not None:
            work = template.around(work)
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

    def _manifest(self, files: object) -> Manifest | None:
        """What names the copies of some files and directories.

        Raises:
            OptionError: one cannot be copied.
        """
        if files is None:
            return None
        from nsjob.pool.files import Depot, Manifest  # late: few jobs have files

        if isinstance(files, Manifest):
            return files
        core = self._core
        if core.depot is None:
            core.guarded(nothing)
            core.depot = Depot()
        return cast("Depot", core.depot).manifest(files)

    def _enter_when_room(self, job: Job, patience: float | None) -> Job:
        queue = job._queue
        try:
            return cast(Job, self._core.waits.until([queue.room], lambda: self._core.enter(job), patience))
        except TimeoutError:
            raise QueueFull(queue.name, queue.maxqueued or 0) from None


def check_heartbeat(queue: JobQueue) -> None:
    """See that the queue's jobs can say that they are alive.

    Raises:
        OptionError: they cannot.
    """
    if queue.pushed or queue.engine_name == "command":
        why = "programs say nothing" if queue.engine_name == "command" else "what bodies say comes with their answer"
        raise OptionError(f"heartbeat is not for the {queue.engine_name} engine, where {why}: use timeout")


def dressed(queue: JobQueue, work: Work) -> Work:
    """The work as the queue has it done: by its host, with its scripts before and after it.

    Raises:
        OptionError: the host cannot do it.
    """
    if queue.host is not None:
        queue.host.check(work)
        work = Hosted(queue.host, work)
    if queue.before is not None or queue.after is not None:
        work = Hooked(queue.before, work, queue.after)
    return work


def bound(snippet: Snippet, defaults: JobOptions, given: dict[str, Any]) -> Work:
    """The snippet with the job's own values, which are taken out of `given`."""
    values = variables("vars", given.pop("vars") or {}) if "vars" in given else defaults.vars
    one = given.pop("input", None)
    return snippet if values is None and one is None else Bound(snippet, values, one)


def nothing() -> None:
    return None


def caller_variables(names: object) -> Mapping[str, Any]:
    """Values of variables that the caller of the verb which calls this has."""
    if isinstance(names, str) or not isinstance(names, (list, tuple, set, frozenset)):
        raise OptionError(f"use takes a list of names of variables, but got {brief(names)}")
    frame = sys._getframe(2)
    found = {}
    for name in names:
        if name in frame.f_locals:
            found[name] = frame.f_locals[name]
        elif name in frame.f_globals:
            found[name] = frame.f_globals[name]
        else:
            raise OptionError(f"use: the caller has no variable {brief(name)}")
    return found


def id_of(job: object, queue: JobQueue) -> str:
    """The id by which a job of the queue is named."""
    if isinstance(job, Job):
        if job._queue is not queue:
            raise NoSuchJob(f"{job.id} (the handle is of queue {job.queue})")
        return job.id
    if not isinstance(job, str):
        raise OptionError(f"a job is named by its id (str) or its Job, but got {type(job).__name__}")
    return job
