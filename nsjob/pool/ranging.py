"""The verbs about ranges: one script over many indexes (a job array)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeAlias

from nsjob.durations import seconds
from nsjob.errors import NoSuchQueue, OptionError, QueueFull, Reentered, WrongState, brief
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import RUNNING, Job, scheduled_job
from nsjob.pool.options import count, variables
from nsjob.pool.ranges import Range
from nsjob.pool.records import IndexInfo, Left, RangeStatus
from nsjob.pool.runs import Past
from nsjob.pool.verbs import Verbs, bound, caller_variables, check_heartbeat, dressed, nothing
from nsjob.pool.work import Call, Housed, Script, Work
from nsjob.snippet import compile_snippet

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["Indexes", "Ranging", "index_info"]

Indexes: TypeAlias = str | Iterable[int]
Body: TypeAlias = str | Script | Callable[[int], Any]


class Ranging(Verbs):
    """Ranges of indexes as jobs."""

    def range(
        self, queue: str, indexes: Indexes, script: Body, *, maxconcurrent: int | None = None, **options: Any
    ) -> Job:
        """Queue one script over a range of indexes, and return the one Job that stands for all of them.

        Each index runs as a job does: it takes a slot of the queue, it has the time limit and the retries, and it finds
        its index as `job.index`. It is made when its slot is there, so a million of them take no room. They go in
        order, and come before what is queued behind the range with the same priority.

        The Job's value is a dict: which indexes succeeded (`"1..1000"`), failed and were cancelled. What the script
        returns is not kept. Where an index fails, the others go on, and the Job ends in error.

        Arguments:
            indexes: integers from 0 on: text like "1..1000" or "5..9,12", a range, or any iterable.
            script: Python source, a Script, or a callable, which is called with the index.
            maxconcurrent: how many indexes may be under way at once, 1 or more, those that wait for a retry among them;
                None for as many as the queue runs.
            options: as those of `queue`. `timeout`, `retries`, `key` and the like are about each index; `jobid`,
                `after`, `delay`, `expires` (where none has started by then), `lifetime`, `unique` and `detached` about
                the whole.

        Raises:
            RangeFailed: from the Job, where indexes have failed: says which ones.
            NoSuchQueue, QueueClosed, QueueDraining, QueueFull, JobExists, SnippetError, OptionError, NoSuchJob.
        """
        core = self._core
        chosen = IndexSet.of(indexes)
        if not chosen:
            raise OptionError('a range needs an index, but got none: like "1..1000"')
        most = 0 if maxconcurrent is None else count("maxconcurrent", maxconcurrent, 1)
        block = options.pop("block", 0)
        patience = 0.0 if block == 0 and not isinstance(block, bool) else None if block is None else seconds(block)
        use = options.pop("use", ())
        if use:
            options["vars"] = {**caller_variables(use), **(variables("vars", options.get("vars") or {}))}
        found = core.queues.get(queue) if isinstance(queue, str) else None
        if found is None:
            core.guarded(nothing)
            raise NoSuchQueue(queue)
        if isinstance(script, Script):
            work: Work = script
        elif isinstance(script, str):
            work = bound(compile_snippet(str(script)), found.defaults, options)
        elif callable(script):
            work = Call(script, (), {})
        else:
            raise OptionError(f"script must be Python source (str) or a callable, but got {brief(script)}")
        work = dressed(found, work)
        if "files" in options:
            options["files"] = self._manifest(options["files"])
        given = found.defaults.changed(options)
        if given.housed:
            work = Housed(work)
        if given.heartbeat is not None:
            check_heartbeat(found)
        if given.heartbeat is not None:
            check_heartbeat(found)
        if given.capture_output:
            self._capture()
        if core.lock._is_owned():
            raise Reentered("range")
        job = scheduled_job(found, "", work, given, copy_context(), core.now(), given.detached)
        core.set_range(job, Range(job, chosen, most))
        entered = self._enter_indexes(job, patience)
        self._run_immediate()
        return entered

    def _enter_indexes(self, job: Job, patience: float | None) -> Job:
        """Enter it, in the time that there is for waiting for room. The waiting and the entering are apart: a range
        takes more than one run of stores, and so Ctrl-C must not find it half entered."""
        core = self._core
        queue = job._queue
        deadline = None if patience is None else time.monotonic() + patience

        def room() -> bool | None:
            closed = queue.req != "none" or core.stopping
            return True if closed or queue.maxqueued is None or queue.scheduled < queue.maxqueued else None

        while True:
            entered: Job | None = core.whole(core.enter, job)
            if entered is not None:
                return entered
            rest = None if deadline is None else deadline - time.monotonic()
            try:
                if rest is not None and rest <= 0:
                    raise TimeoutError
                core.waits.until([queue.room], room, rest)
            except TimeoutError:
                raise QueueFull(queue.name, queue.maxqueued or 0) from None

    def range_status(self, queue: str, job: str | Job) -> RangeStatus:
        """What has become of the indexes of a range, also of one that left its queue (the last 1,000 jobs).

        Raises:
            NoSuchJob: it is not known.
            WrongState: it is no range.
        """
        known = self._known(queue, job)
        ranged = _range_of(known)

        def look() -> tuple[str, str, list[IndexSet]]:
            sets = [ranged.pending, IndexSet(ranged.active), ranged.succeeded, ranged.failed, ranged.cancelled]
            return known.state, known.outcome, [one.copy() for one in sets]

        state, outcome, (pending, active, succeeded, failed, cancelled) = self._core.guarded(look)
        return RangeStatus(  # the texts may be long: outside of the lock
            queue=known.queue if isinstance(known, Job) else known.queue.name,
            id=known.id,
            state=state,
            outcome=outcome,
            indexes=str(ranged.indexes),
            total=len(ranged.indexes),
            maxconcurrent=ranged.most or None,
            pending=str(pending),
            active=str(active),
            succeeded=str(succeeded),
            failed=str(failed),
            cancelled=str(cancelled),
            numpending=len(pending),
            numactive=len(active),
            numsucceeded=len(succeeded),
            numfailed=len(failed),
            numcancelled=len(cancelled),
        )

    def range_index(self, queue: str, job: str | Job, index: int) -> IndexInfo:
        """What has become of one index of a range.

        Of indexes that have ended, the runs of the first 1,000 that failed and of the latest 1,000 that succeeded are
        remembered; of others the state alone is told.

        Raises:
            NoSuchJob: the job is not known.
            WrongState: it is no range.
            OptionError: it has no such index.
        """
        core = self._core
        known = self._known(queue, job)
        ranged = _range_of(known)
        count("index", index)
        if index not in ranged.indexes:
            raise OptionError(f"job {known.id} has no index {brief(index)}: it must be one of {ranged.indexes.brief()}")

        return index_info(core, ranged, index)


def index_info(core: Core, ranged: Range, index: int) -> IndexInfo:
    """What has become of one index of a range. Outside the lock, which it takes for a moment."""

    def look() -> tuple[str, int, Past | None]:
        one = ranged.active.get(index)
        if one is not None and one.state is RUNNING:
            return "active", one.attempt - 1, Past(one, one._queue, "", None)
        if one is not None:  # it waits for a retry, or was put back
            runs = one.particulars().runs
            return "active", one.attempt, runs[-1] if runs else None
        if index in ranged.failed:
            last = ranged.failures.get(index)
            return "failed", last.attempt if last is not None else 1, last
        if index in ranged.succeeded:
            last = ranged.successes.get(index)
            return "succeeded", last.attempt - 1 if last is not None else 0, last
        return "cancelled" if index in ranged.cancelled else "pending", 0, None

    state, failures, last = core.guarded(look)
    run = last.record(core) if last is not None else None
    return IndexInfo(
        index=index,
        state=state,
        name=core.name if run is not None else "",
        host=run.host if run is not None else "",
        start=run.started if run is not None else None,
        deadline=run.deadline if run is not None else None,
        end=run.ended if run is not None else None,
        failures=failures,
        error=run.reason if run is not None else "",
    )


def _range_of(known: Job | Left) -> Range:
    particulars = known._particulars if isinstance(known, Job) else known.particulars
    if particulars is None or particulars.range is None:
        raise WrongState(f"job {known.id} is no range: it must be one that `range` made")
    return particulars.range
