"""Turns: which queue and which job is next, and whom to wake for it."""

from __future__ import annotations

from collections import OrderedDict
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

from nsjob.pool.backlog import HEAD, NOWHERE, TICKET
from nsjob.pool.engine import Engine, Run
from nsjob.pool.job import DONE, RUNNING, SCHEDULED, Job, scheduled_job
from nsjob.pool.output import Output, wrap
from nsjob.pool.queue import JobQueue
from nsjob.pool.ranges import Range, work_for
from nsjob.pool.state import State
from nsjob.pool.stores import stores
from nsjob.pool.waiting import Park, Ticket
from nsjob.pool.work import Templated

if TYPE_CHECKING:
    from nsjob.pool.core import Core

__all__ = ["Turns", "honour"]


class Turns(State):
    """The ready queues, the starts of jobs, and the slots of those that wait for others."""

    def refresh(self, queue: JobQueue) -> None:
        """Put `queue` where it belongs among the ready ones; behind those of equal priority where it is new there."""
        place = queue.place()
        was = queue.ready_at
        if place == was:
            return
        if place != NOWHERE and self.ready[place] is None:
            self.ready[place] = OrderedDict()
        self._move_queue(queue, was, place)

    @stores
    def _move_queue(self, queue: JobQueue, was: int, place: int) -> None:
        if was >= 0:
            old: Any = self.ready[was]
            del old[queue]
            if not old:
                self.ready_mask &= ~(1 << was)
        queue.ready_at = place
        if place >= 0:
            new: Any = self.ready[place]
            new[queue] = None
            self.ready_mask |= 1 << place

    # -- waking --------------------------------------------------------------------------------------------------------

    def make_ready(self, queue: JobQueue, place: int) -> None:
        """A job is about to wait at `place`: wake somebody, and let the queue stand among the ready ones.

        Where the job does not come, whoever looks puts the queue right.
        """
        if self.ready[place] is None:
            self.ready[place] = OrderedDict()
        idle = self.threads.idle
        if not idle:
            self.wake()
        elif not idle[-1].woken:  # `wake`, written out
            idle[-1].park.wake()
            idle[-1].woken = True
        self._move_queue(queue, queue.ready_at, place)

    def wake(self) -> None:
        """See to it that somebody looks for what may run. Under the lock; spurious calls are harmless."""
        if not self.threads.wake() and not self.dispatching:
            self.timers.soon(self.dispatch)
            self.dispatching = True  # after it: an exception between the two costs one dispatch too many

    def wake_up(self) -> None:
        """`wake`, for those who do not have the lock."""
        self.locked(self.wake)

    def outrank(self, queue: JobQueue, rank: int) -> None:
        """Somebody is about to wait at `rank`: workers give back what they were handed and goes after that.

        In any thread; see nsjob.pool.prefetching.
        """
        if self.doors and queue.prefetches and rank > queue.prefetched:
            self.timers.soon(self.locked, cast("Core", self).recall_now)

    def dispatch(self) -> None:
        """Start what is ready; on the timers' thread.

        A run for a pool thread cannot be taken here: where one is next, a thread is started, which takes the rest too.
        """
        self.locked(self._begin_dispatch)
        if self.outbox:
            self._push()
        self.threads.grow()

    def _begin_dispatch(self) -> None:
        # Under the lock, as it is set: who asks now has either set it already, or will find it False. And before
        # looking: what was changed by those who found it True is seen.
        self.dispatching = False

    def _push(self) -> None:
        """Hand over what was taken for pushed engines. Outside the lock, on the timers' thread alone."""
        runs: dict[Engine, list[Run]] = {}
        while self.outbox:
            run = self.outbox.popleft()
            runs.setdefault(cast(Engine, run.job._queue.engine), []).append(run)
        for engine, mine in runs.items():
            checked = [run for run in mine if isinstance(run.work, Templated) and run.work.check is not None]
            if checked:  # it can take a while: not on this thread
                mine = [run for run in mine if run not in checked]
                Thread(target=_start_checked, args=(engine, checked), name=f"{self.name}-checks", daemon=True).start()
                if not mine:
                    continue
            try:
                engine.start(mine)
            except BaseException as error:
                for run in mine:
                    if not run.begun_at:
                        run.finish(error=error)

    # -- starting ------------------------------------------------------------------------------------------------------

    def take(self, place: Any) -> Job | None:
        """Start the job whose turn it is in a pool thread, which `place` is, or return None. Under the lock."""
        while (mask := self.ready_mask) and (self.cap is None or self.running < self.cap):
            top = mask.bit_length() - 1
            ready: Any = self.ready[top]
            queue = next(iter(ready))
            if queue.calm and not self.subscriptions:  # the commonest case, written out
                backlog = queue.backlog
                bucket = backlog.first
                if bucket and backlog.rank == top:
                    first = bucket[0]
                    if (
                        first._where == top
                        and (first._particulars is None or first._particulars.bare)
                        and not first._options.watched
                    ):
                        bucket.popleft()
                        queue.running += 1
                        self.running += 1
                        first.state = RUNNING
                        first.attempt = 1
                        first._started = self.now()
                        first._runner = place
                        place.job = first
                        del ready[queue]
                        if bucket and queue.running < queue.maxthreads:
                            ready[queue] = None  # at the end of those of its priority
                            return first  # type: ignore[no-any-return]
                        queue.ready_at = NOWHERE
                        if not ready:
                            self.ready_mask = mask & ~(1 << top)
                        if not bucket:
                            backlog.mask &= ~(1 << top)
                        if backlog.mask:
                            self.refresh(queue)
                        return first  # type: ignore[no-any-return]
            if queue.held or queue.maxperkey is not None:
                if queue.park_blocked() != top:
                    self.refresh(queue)
                    continue
                entry = queue.next()
            elif queue.backlog.stale and queue.backlog.top() != top:
                self.refresh(queue)
                continue
            else:
                entry = queue.backlog.pop()
            if entry is None:
                self.refresh(queue)
                continue
            queue.running += 1
            self.running += 1
            if queue.backlog.mask and queue.running < queue.maxthreads:
                del ready[queue]  # to the end of those of its priority
                ready[queue] = None
                self.refresh(queue)
            else:
                del ready[queue]
                queue.ready_at = NOWHERE
                if not ready:
                    self.ready_mask = mask & ~(1 << top)
            if type(entry) is not Job:
                if type(entry) is Ticket:
                    honour(entry)
                    continue
                if type(entry) is Range:
                    entry = self.feed(entry)
            job = self._start(cast(Job, entry), self.now(), place)
            if job is not None:
                return job
        return None

    def _start(self, job: Job, now: float, place: Any) -> Job | None:
        """Let a scheduled job run, at `place` where pool threads run it. Its slot is counted already.

        Returns None where its engine is pushed to.
        """
        queue = job._queue
        job.state = RUNNING
        job.attempt += 1
        job._started = now
        job._runner = place
        if queue.simple and job._particulars is None and not job._options.watched and not self.subscriptions:
            place.job = job
            return job
        particulars = job._particulars
        if particulars is not None and particulars.expiry is not None:
            self.timers.cancel(particulars.expiry)
            particulars.expiry = None
        if particulars is not None and particulars.index is not None:
            queue.indexes += 1
        queue.room.wake()
        if queue.pushed:
            job._runner = run = Run(cast("Core", self), job)
            self.outbox.append(run)
            self.timers.soon(self._push)
            return None
        place.job = job
        if job._options.watched or self.subscriptions:
            self._begun(place.the_run())
        return job

    def begin(self, run: Run) -> None:
        """The body starts now."""
        run.begun_at = run.job._started = self.now()
        self._begun(run)

    def restart_limit(self, run: Run) -> None:
        """The body starts only now: its time limit counts from here."""
        if run.limit is not None and not run.ended:
            self.timers.cancel(run.limit)
            run.begun_at = self.now()
            run.limit = self.timers.at(self.stops.due(run), self.stops.late, run)

    def _begun(self, run: Run) -> None:
        job = run.job
        options = job._options
        limited = options.timeout is not None or options.heartbeat is not None
        if limited and not run.ended and not self.immediate:
            run.limit = self.timers.at(self.stops.due(run), self.stops.late, run)
        if options.capture_output:
            wrap()
            run.output = job.particulars().output = Output(self.settings.maxoutput)
        if self.subscriptions:
            self.tell("started", job)

    # -- ranges --------------------------------------------------------------------------------------------------------

    def offer(self, ranged: Range) -> None:
        """Let a range wait for the slot of its next index, where one may begin. Not in a caller's thread.

        It waits where it has waited before: first come, first served, and it came before those behind it.
        """
        job = ranged.job
        queue = job._queue
        if ranged.state is SCHEDULED or job.state is DONE or not ranged.may_begin(queue.maxthreads):
            return
        head = ranged.next or job._options.head
        ranged.state = SCHEDULED
        self.outrank(queue, HEAD if head else job._options.priority)
        queue.backlog.put(ranged, HEAD if head else job._options.priority, head or ranged.began)
        ranged.began = True
        self.refresh(queue)

    def offer_again(self, queue: JobQueue) -> None:
        """The queue was resized: its ranges may have more indexes under way."""
        for job in queue.table.values():
            particulars = job._particulars
            if particulars is not None and particulars.range is not None:
                self.offer(particulars.range)
        self.wake()

    def hold_range(self, ranged: Range) -> None:
        """Let a range wait no more; what is under way goes on. Not in a caller's thread."""
        queue = ranged.job._queue
        ranged.held = True
        if ranged.state is not SCHEDULED:
            return
        ranged.state = RUNNING
        if ranged._where != NOWHERE:
            ranged._where = NOWHERE
            queue.backlog.stale += 1
        queue.let_out(ranged._options.key)  # it may have been let out itself, and others wait behind it
        self.refresh(queue)
        self.wake()

    def feed(self, ranged: Range) -> Job:
        """Make the job of a range's next index, whose slot is counted already. Under the lock, in a pool thread."""
        whole = ranged.job
        queue = whole._queue
        now = self.now()
        if whole.state is SCHEDULED:
            self._begin_range(whole, now)
        index = ranged.pending.pop()
        context: Any = whole._context.copy() if whole._context else None
        job = scheduled_job(queue, whole.id, work_for(whole._work, index), whole._options, context, now, False)
        particulars = job.particulars()
        particulars.part_of = ranged
        particulars.index = index
        ranged.active[index] = job
        ranged.state = RUNNING
        self.offer(ranged)
        return job

    def _begin_range(self, whole: Job, now: float) -> None:
        particulars = whole.particulars()
        self.timers.cancel(particulars.expiry)
        particulars.expiry = None
        whole.state = RUNNING
        whole.attempt = 1
        whole._started = now
        whole._runner = None
        queue = whole._queue
        queue.yielded += 1
        queue.ranges += 1
        if self.subscriptions:
            self.tell("started", whole)

    # -- a body that waits gives its slot back -------------------------------------------------------------------------

    def leave_slot(self, run: Run, park: Park) -> None:
        """The body of `run` waits in `park`: its slot is free meanwhile. In a pool thread."""
        run.waiting = park
        if run.ended or not run.holding:
            return
        queue = run.job._queue
        run.holding = False
        run.yielded = True
        self.threads.waiting += 1
        queue.yielded += 1
        queue.running -= 1
        self.running -= 1
        queue.release_key(run.job._options.key)
        self.refresh(queue)

    def enter_slot(self, run: Run, park: Park) -> bool:
        """The wait is over: take a slot again, or leave a ticket that wakes `park` when there is one.

        Returns whether that is settled. A run that was asked to end takes no slot any more.
        """
        queue = run.job._queue
        if run.holding or run.ended or run.reason is not None:
            self.stop_waiting(run)
            return True
        if queue.running < queue.maxthreads and (self.cap is None or self.running < self.cap):
            if not queue.backlog.buckets.get(TICKET) and queue.take_key(run.job._options.key):
                queue.running += 1
                queue.yielded -= 1
                self.running += 1
                run.holding = True
                self.refresh(queue)
                self.stop_waiting(run)
                return True
        run.waiting = park
        run.ticket = Ticket(run, park)
        queue.backlog.put(run.ticket, TICKET)
        self.refresh(queue)
        self.wake()  # nobody else may come by: what kept this one out can have been a void ticket
        return False

    def stop_waiting(self, run: Run) -> None:
        """The thread of `run` counts again. A ticket that was not honoured is void."""
        run.waiting = None
        if run.ticket is not None:
            run.ticket.state = DONE
            run.ticket = None
        if run.yielded:
            run.yielded = False
            self.threads.waiting -= 1


def _start_checked(engine: Engine, runs: list[Run]) -> None:
    """Start those whose input still is as their templates want it."""
    for run in runs:
        work = run.work
        try:
            if isinstance(work, Templated) and work.check is not None and run.reason is None:
                work.check(run.job.options.input)
        except BaseException as error:
            run.begun()
            run.finish(error=error.with_traceback(None))
            continue
        try:
            engine.start([run])
        except BaseException as error:
            if not run.begun_at:
                run.finish(error=error)


def honour(ticket: Ticket) -> None:
    """The body that left the ticket has its slot again."""
    ticket.run.holding = True
    ticket.run.job._queue.yielded -= 1
    ticket.state = DONE
    ticket.park.wake()
