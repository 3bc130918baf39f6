"""Core: the decision of what runs next. It holds the lock, the queues and their turns; Pool is its face.

Locking rule: everything mutable in Core, JobQueue, Backlog, Job and the timers' heap changes with `lock` held. Nothing
runs under it that is not the pool's own.

Rule for callers' threads: an exception (Ctrl-C, a signal handler's) can land at every call and every loop's turn, but
not between plain stores. So what a caller's thread changes is changed in one run of stores without a call between
them, whose last step may be one C call; functions that are nothing but such a run are marked `@stores`, and a test
reads their byte code. What others must hear of is announced before it: a spurious wake is harmless, a missing one is
not. Pool threads are not interrupted in here (engines see to that), so what only they run needs no such care.

Rule for finalizers and signal handlers: they may run in a thread that holds the lock. The lock is re-entrant, so they
can see that (`lock._is_owned()`), and what they ask for is put off to the timers' thread.
"""

from __future__ import annotations

import logging
import random
from _thread import get_ident
from collections import OrderedDict, deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from threading import RLock, Thread, main_thread
from time import sleep
from typing import TYPE_CHECKING, Any, Literal, cast

from nsjob.errors import (
    DependencyFailed,
    JobCancelled,
    JobExpired,
    JobFailed,
    PoolForked,
    QueueClosed,
    QueueDraining,
    Reentered,
)
from nsjob.pool.backlog import HEAD, NOWHERE, TICKET
from nsjob.pool.context import PLACES, Snoozed
from nsjob.pool.definitions import Definitions
from nsjob.pool.engine import Engine, Run, engine_named
from nsjob.pool.events import Event, EventKind, Subscription
from nsjob.pool.job import CANCELLED, DONE, ERROR, EXPIRED, OK, RUNNING, SCHEDULED, TIMEOUT, Job
from nsjob.pool.output import Output, wrap
from nsjob.pool.queue import JobQueue
from nsjob.pool.records import Settings
from nsjob.pool.stopping import Stopping, timed_out
from nsjob.pool.stores import stores
from nsjob.pool.timers import Timers
from nsjob.pool.waiting import Answer, Audience, Park, Ticket, Wait
from nsjob.pool.waits import Waits
from nsjob.snippet import TCL_ERROR, TCL_OK, Ending

if TYPE_CHECKING:
    from nsjob.pool.clock import Clock
    from nsjob.pool.options import JobOptions
    from nsjob.pool.work import Work

__all__ = ["Core"]

_REMEMBERED = 1_000
_LARGE = 100_000
_LONGEST_BACKOFF = 86_400.0
_TRIES = 200
_NO_END = 1 << 62
_LARGE_QUEUE = "queue %s holds %d done jobs that nobody waited for; configure(maxdone=N) bounds them"
_logger = logging.getLogger("nsjob")


class Core:
    """The queues, their turns, and the jobs' way from scheduled to done."""

    def __init__(self, clock: Clock, name: str, cap: int | None, settings: Settings) -> None:
        self.name = name
        self.clock = clock
        self.now = clock.now
        self.epoch = clock.wall() - clock.now()
        self.lock: Any = RLock()
        self.settings = settings
        self.bound = settings.maxdone or _LARGE - 1  # of done jobs, above which something is to be done
        self.long = settings.logminduration
        self.most = settings.jobsperthread or _NO_END
        self.cap = cap  # of slots of the whole pool; None: the sum of the queues'
        self.total = 0  # the sum of the queues' maxthreads
        self.running = 0  # slots taken
        self.live = 0  # jobs that are not done
        self.queues: dict[str, JobQueue] = {}
        self.ready: list[OrderedDict[JobQueue, None] | None] = [None] * (TICKET + 1)
        self.ready_mask = 0
        self.dispatching = False  # whether `dispatch` is to come
        self.outbox: deque[Run] = deque()  # runs for engines that are pushed to
        self.left: deque[tuple[Any, ...]] = deque(maxlen=_REMEMBERED)  # as Left has them
        self.calm = True  # whether nobody wants to hear of each job that ends; False where it is not known
        self.watchers = Audience(self)  # woken whenever a job of any queue ends
        self.idlers = Audience(self)  # woken when the last job of a stopping pool has ended
        self.subscriptions: tuple[Subscription, ...] = ()
        self.definitions = Definitions()
        self.namespace = self.definitions.namespace
        self.stopping = False  # no more jobs
        self.cancelling = False  # and no more retries
        self.forked = False
        self.immediate = False
        self.special = False  # forked or immediate
        self.engines: dict[str, Engine] = {}
        self.timers = Timers(clock, self.locked, self.finished, self.ended, name)
        self.threads: Any = engine_named("thread")(self)
        self.engines["thread"] = self.threads
        self.stops = Stopping(self)
        self.waits = Waits(self)
        self.endings: list[Callable[[], object]] = []  # to be called once the lock is free

    # -- the lock ------------------------------------------------------------------------------------------------

    def contend(self) -> bool:
        """Get the lock by trying and yielding: who blocks on it owns it before it has the GIL, and a convoy forms."""
        acquire = self.lock.acquire
        for _ in range(_TRIES):
            sleep(0)
            if acquire(False):
                return True
        return bool(acquire())

    def locked(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Call `action(*arguments)` with the lock held, whatever lands in this thread meanwhile."""
        lock = self.lock
        try:
            lock.acquire(False) or self.contend()
            return action(*arguments)
        finally:
            # No call stands between leaving the try and the release, so nothing can land there.
            try:
                lock.release()
            except RuntimeError:  # interrupted before the lock was ours
                pass

    def guarded(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Call `action(*arguments)` with the lock held, for a caller outside of the pool.

        A body that calls is kept from being interrupted meanwhile, and is interrupted here where it was asked to end.

        Raises:
            PoolForked, ThreadLost: the caller has no business with this pool any more.
            Reentered: a finalizer or signal handler stands on this very lock.
        """
        if self.forked:
            raise PoolForked
        place = PLACES.get(get_ident())
        shielded = place is not None and place.shield()
        try:
            if self.lock._is_owned():
                raise Reentered(action.__name__.strip("_"))
            return self.locked(action, *arguments)
        finally:
            if place is not None and shielded:
                place.unshield()

    def whole(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """`guarded`, for what takes more than one run of stores: where Ctrl-C could land, the timers' thread does it.

        An exception in the caller finds it undone, or lets it be done without waiting for the answer.
        """
        if get_ident() != main_thread().ident or self.special or self.stopping or self.lock._is_owned():
            return self.guarded(action, *arguments)
        answer = Answer()
        self.timers.soon(self._answer, answer, action, arguments)
        while not answer.given:
            answer.park.sleep()
        if answer.error is not None:
            raise answer.error
        return answer.value

    def _answer(self, answer: Answer, action: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        try:
            answer.value = self.locked(action, *arguments)
        except BaseException as error:
            answer.error = error
        answer.given = True
        answer.park.wake()

    # -- scheduling ----------------------------------------------------------------------------------------------

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

    def enter_plain(self, queue: JobQueue, work: Work, options: JobOptions, aside: bool) -> Job:
        """Queue work without particular options: `guarded`, naming and `publish` in one.

        It is the pool's hottest path, so it is written out.
        """
        place: Any = PLACES.get(get_ident())
        shielded = place is not None and place.shield()
        job = Job()
        job.state = SCHEDULED
        job.outcome = ""
        job.attempt = 0
        job._queue = queue
        job._work = work
        job._options = options
        job._context = copy_context() or None
        job._queued = self.now()
        job._where = rank = options.priority
        job._aside = aside
        job._particulars = None
        lock = self.lock
        try:
            lock.acquire(False) or self.contend()
            if queue.req != "none" or self.stopping:
                raise refusal(queue, self.stopping)
            # No call stands between reading the serial number and storing the next: a finalizer gets another one.
            serial = queue.serial
            table = queue.table
            job.id = id = f"job{serial}"
            while id in table:  # a caller took that name
                serial += 1
                job.id = id = f"job{serial}"
            queue.serial = serial + 1
            if self.subscriptions:
                self.tell("queued", job)
            backlog = queue.backlog
            if rank == backlog.rank:
                bucket = backlog.first
            else:
                bucket = backlog.bucket(rank)
                if rank > backlog.rank:
                    backlog.rank = rank
                    backlog.first = bucket
            if queue.running < queue.maxthreads and rank > queue.ready_at and not queue.held:
                self.make_ready(queue, rank)
            # From here on stores alone, and one C call at the end.
            table[id] = job
            self.live += 1
            if aside:
                queue.aside += 1
            if not bucket:
                backlog.mask |= 1 << rank
            bucket.append(job)
        finally:
            try:
                lock.release()
            except RuntimeError:  # interrupted before the lock was ours
                pass
            if shielded:
                place.unshield()
        return job

    def publish(self, job: Job, place: int, first: bool) -> None:
        """Enter a new job and let it wait at `place`, or outside the backlog (NOWHERE). In a caller's thread."""
        queue = job._queue
        if place == NOWHERE:
            self._enter(queue, job)
            return
        bucket = queue.backlog.bucket(place)
        if place > queue.ready_at and queue.running < queue.maxthreads and not queue.held:
            self.make_ready(queue, place)
        self._enter_waiting(queue, queue.backlog, job, place, bucket, bucket.appendleft if first else bucket.append)

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

    @stores
    def _enter(self, queue: JobQueue, job: Job) -> None:
        queue.table[job.id] = job
        self.live += 1
        if job._aside:
            queue.aside += 1

    @stores
    def _enter_waiting(
        self, queue: JobQueue, backlog: Any, job: Job, place: int, bucket: Any, append: Callable[[Job], object]
    ) -> None:
        queue.table[job.id] = job
        self.live += 1
        if job._aside:
            queue.aside += 1
        job._where = place
        if place > backlog.rank:
            backlog.rank = place
            backlog.first = bucket
        backlog.mask |= 1 << place
        append(job)

    def wake(self) -> None:
        """See to it that somebody looks for what may run. Under the lock; spurious calls are harmless."""
        if not self.threads.wake() and not self.dispatching:
            self.timers.soon(self.dispatch)
            self.dispatching = True  # after it: an exception between the two costs one dispatch too many

    def wake_up(self) -> None:
        """`wake`, for those who do not have the lock."""
        self.locked(self.wake)

    def dispatch(self) -> None:
        """Start what is ready; on the timers' thread.

        A run for a pool thread cannot be taken here: where one is next, a thread is started, which takes the rest too.
        """
        self.dispatching = False  # before looking: who finds it True has the lock, and is seen when we get it
        if self.outbox:
            self._push()
        self.threads.grow()

    def _push(self) -> None:
        """Hand over what was taken for pushed engines. Outside the lock, on the timers' thread alone."""
        runs: dict[Engine, list[Run]] = {}
        while self.outbox:
            run = self.outbox.popleft()
            runs.setdefault(run.job._queue.engine, []).append(run)
        for engine, mine in runs.items():
            try:
                engine.start(mine)
            except BaseException as error:
                for run in mine:
                    if not run.begun_at:
                        run.finish(error=error)

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
        queue.room.wake()
        if queue.engine is not self.threads:
            job._runner = run = Run(self, job)
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

    def _begun(self, run: Run) -> None:
        job = run.job
        options = job._options
        if options.timeout is not None and not run.ended and not self.immediate:
            run.limit = self.timers.at(run.begun_at + options.timeout, self.stops.late, run)
        if options.capture_output:
            wrap()
            run.output = job.particulars().output = Output(self.settings.maxoutput)
        if self.subscriptions:
            self.tell("started", job)

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
            if type(entry) is Ticket:
                _honour(entry)
                continue
            job = self._start(cast(Job, entry), self.now(), place)
            if job is not None:
                return job
        return None

    # -- endings -------------------------------------------------------------------------------------------------

    def settle(self, run: Run) -> Run | None:
        """End a run of any engine but the pool's threads, from any thread. Returns None: places are not handed on."""
        self.locked(self.finish, run)
        self.call_endings()
        self.wake_up()
        return None

    def pass_on(self, job: Job, value: Any, place: Any) -> Job | None:
        """End a job whose body returned in the pool thread `place`, undisturbed, and start the next one there.

        Under the lock. It is the other half of the pool's hottest path: `end`, `take` and `_start` are written out in
        it for jobs and queues with nothing particular.
        """
        queue = job._queue
        now = self.now()
        particulars: Any = job._particulars
        known = particulars is None or particulars.bare
        if not (known and queue.calm and self.calm and now - job._started < self.long):
            self.end(job, OK, value, now)
            if now - job._started >= self.long:
                self.endings.append(partial(log_long, job, now - job._started))
            return self._hand_on(queue, job, place, now)
        job._value = value
        job._ended = now
        job.outcome = OK
        job.state = DONE
        del job._context
        self.live -= 1
        queue.ok += 1
        handed = particulars is not None and particulars.active
        if handed or job._aside:
            table = queue.table
            del table[job.id]
            if job._aside:
                queue.aside -= 1
            self.left.append(  # `remember`
                (queue, job.id, job._work, job._options, OK, TCL_OK, job.attempt, job._queued, job._started, now, None)
            )
            if not table and queue.req == "delete":
                self.vanish(queue)
        else:
            queue.done.append(job)
        if particulars is not None:
            particulars.handed = handed
            particulars.park.wake()
        if self.stopping and not self.live:
            self.rest()
        if self.cap is None or self.cap >= self.total:
            backlog = queue.backlog
            bucket = backlog.first
            if bucket:
                following: Any = bucket[0]
                if (
                    following._where == backlog.rank
                    and (following._particulars is None or following._particulars.bare)
                    and not following._options.watched
                ):
                    bucket.popleft()
                    following.state = RUNNING
                    following.attempt = 1
                    following._started = now
                    following._runner = place
                    place.job = following
                    return following  # type: ignore[no-any-return]
        return self._hand_on(queue, job, place, now)

    def finish(self, run: Run, place: Any = None) -> Job | None:
        """End `run`, in whatever way. A pool thread gives its `place` and gets the next job there, if there is one."""
        if run.ended:
            return None
        run.ended = True
        job = run.job
        run.ended_at = now = self.now()
        if run.limit is not None:
            self.timers.cancel(run.limit)
        if run.nudge is not None:
            self.timers.cancel(run.nudge)
        if run.reason is not None or run.error is not None:
            self._judge(run, job, now)
        else:
            self.end(job, OK, run.value, now)
        if now - run.begun_at >= self.long:
            self.endings.append(partial(log_long, job, now - run.begun_at))
        if not run.holding:
            job._queue.yielded -= 1
            return self.take(place) if place is not None else None
        return self._hand_on(job._queue, job, place, now)

    def _hand_on(self, queue: JobQueue, job: Job, place: Any, now: float) -> Job | None:
        """A job that has ended gives its slot back: to the next of its queue, or to whoever is next."""
        if not (queue.calm and self.calm):
            queue.calm = queue.settled()
            self.calm = not (self.watchers.parks or self.subscriptions or self.settings.maxdone)
        if len(queue.done) > self.bound:
            self.bound_done(queue)
        if queue.maxperkey is not None:
            queue.release_key(job._options.key)
        backlog = queue.backlog
        fits = queue.running <= queue.maxthreads and (self.cap is None or self.cap >= self.total)
        if fits and place is not None and backlog.mask:
            # No cap of the pool binds: the slot stays with its queue, and the counts as they are.
            entry = queue.next() if queue.held or queue.maxperkey is not None else backlog.pop()
            if entry is not None:
                if type(entry) is Ticket:
                    _honour(entry)
                    return self.take(place)
                following = self._start(cast(Job, entry), now, place)
                return following if following is not None else self.take(place)
        queue.running -= 1
        self.running -= 1
        if backlog.mask or queue.ready_at != NOWHERE:
            self.refresh(queue)
        return self.take(place) if place is not None and self.ready_mask else None

    def _judge(self, run: Run, job: Job, now: float) -> None:
        """Decide what came of a run that was interrupted or raised."""
        reason, error = run.reason, run.error
        asked = job._particulars is not None and job._particulars.cancelling
        if asked or reason == "cancel" or reason == "kill" or (self.cancelling and reason is not None):
            self.end(job, CANCELLED, JobCancelled(), now)
        elif reason == "timeout":
            failure = timed_out(job)
            if not self._retry(job, failure):
                self.end(job, TIMEOUT, failure, now)
        elif reason == "requeue":
            job.attempt -= 1
            self.put_back(job, 0.0)
        elif reason == "snooze" or isinstance(error, Snoozed):
            job.attempt -= 1
            self.put_back(job, run.snoozed)
        else:
            assert error is not None
            if isinstance(error, JobFailed) or not self._retry(job, error):
                self.end(job, ERROR, error, now)

    def _retry(self, job: Job, error: BaseException) -> bool:
        options = job._options
        if self.cancelling or job.attempt > options.retries or not _retried(error, options.retryon):
            return False
        delay = min(options.backoff * 2.0 ** min(job.attempt - 1, 40), _LONGEST_BACKOFF)
        self.put_back(job, delay * (1 + random.random() / 4))
        return True

    def run_here(self) -> None:
        """Run what is ready in this thread, in an immediate pool."""
        self.threads.run_here()

    def put_back(self, job: Job, delay: float) -> None:
        """A running job becomes scheduled again. In a pool thread."""
        queue = job._queue
        job.state = SCHEDULED
        job._runner = None
        job._where = NOWHERE
        if self.subscriptions:
            self.tell("queued", job)
        if delay > 0 and not self.immediate:
            self.postpone(job, self.now() + delay)
        else:
            queue.backlog.put(job, job._options.priority)
            self.refresh(queue)

    def postpone(self, job: Job, until: float) -> None:
        """Let a job that is outside the backlog wait there until a moment of the clock."""
        particulars = job.particulars()
        particulars.not_before = until
        self.timers.cancel(particulars.start_timer)
        particulars.start_timer = self.timers.at(until, self.arrive, job)

    def arrive(self, job: Job) -> None:
        """A delayed job's time has come; on the timers' thread."""
        self.locked(self.admit, job)
        self.wake_up()

    def admit(self, job: Job) -> None:
        """Let a scheduled job enter the backlog, where nothing keeps it out any more. Never in a caller's thread."""
        if job.state is not SCHEDULED or job._where != NOWHERE:
            return
        particulars = job._particulars
        if particulars is not None:
            if particulars.pending or particulars.key_parked:
                return
            if particulars.not_before is not None and particulars.not_before > self.now():
                return
            particulars.not_before = None
        options = job._options
        first = options.head and job.attempt == 0
        job._queue.backlog.put(job, HEAD if first else options.priority, first)
        self.refresh(job._queue)

    def end(self, job: Job, outcome: str, value: object, now: float) -> None:
        """A job is done. In a pool thread, or the timers': others announce first and then commit."""
        queue = job._queue
        particulars = job._particulars
        job._ended = now
        job._code = TCL_ERROR
        if outcome is OK:
            job._code = TCL_OK
            if type(value) is Ending:
                job._code = value.code
                value = value.value
        leaves = job._aside
        if particulars is not None:
            wait = particulars.wait
            if wait is not None and wait.active:
                wait.handed = leaves = True
            leaves = leaves or particulars.cancelling
        self._commit_end(queue, job, outcome, value, job.state is SCHEDULED, leaves)
        if leaves:
            self.remember(job)
        if self.stopping and not self.live:
            self.rest()
        if outcome is not OK and outcome is not CANCELLED:
            self._failed(job, queue, value)
        if self.subscriptions:
            self.tell("finished", job, outcome)
            if queue.req == "delete" and not queue.table:
                self.tell_queue("queue deleted", queue)
        if particulars is not None or queue.watchers.parks or self.watchers.parks:
            self.announce(job)

    @stores
    def _commit_end(
        self, queue: JobQueue, job: Job, outcome: str, value: object, was_scheduled: bool, leaves: bool
    ) -> None:
        job._value = value
        job.outcome = outcome
        job.state = DONE
        job._runner = None
        del job._context
        self.live -= 1
        if outcome is OK:
            queue.ok += 1
        else:
            queue.failed[outcome] += 1
        if was_scheduled:
            if job._where != NOWHERE:
                queue.backlog.stale += 1
                job._where = NOWHERE
        unique = job._options.unique
        if unique is not None:
            if unique in queue.uniques:
                if queue.uniques[unique] is job:
                    del queue.uniques[unique]
        if leaves:
            del queue.table[job.id]
            if job._aside:
                queue.aside -= 1
            if not queue.table:
                if queue.req == "delete":
                    if queue.name in self.queues:
                        del self.queues[queue.name]
                        self.total -= queue.maxthreads
        else:
            queue.done.append(job)

    @stores
    def vanish(self, queue: JobQueue) -> None:
        """The last job of a deleted queue has left."""
        if queue.name in self.queues:
            del self.queues[queue.name]
            self.total -= queue.maxthreads

    @stores
    def commit_departure(self, queue: JobQueue, job: Job) -> None:
        """A done job leaves its queue's table."""
        del queue.table[job.id]
        queue.stale += 1
        if not queue.table:
            if queue.req == "delete":
                if queue.name in self.queues:
                    del self.queues[queue.name]
                    self.total -= queue.maxthreads

    def depart(self, queue: JobQueue, job: Job) -> None:
        """Let a done job leave: it was waited for, cancelled, or is one too many."""
        self.remember(job)
        if queue.req == "delete" and len(queue.table) == 1 and self.subscriptions:
            self.tell_queue("queue deleted", queue)
        self.wake_watchers(queue)
        self.commit_departure(queue, job)
        queue.sweep()

    def remember(self, job: Job, outcome: str = "") -> None:
        """Keep what `show`, `output` and `retry` need of a job that leaves, as Left has it, without its value."""
        self.left.append(
            (
                job._queue,
                job.id,
                job._work,
                job._options,
                outcome or job.outcome,
                TCL_ERROR if outcome else job.code,
                job.attempt,
                job._queued,
                job._started if job.attempt else 0.0,
                job._ended,
                job._particulars,
            )
        )

    def end_early(self, job: Job) -> None:
        """Cancel a scheduled job. Under the lock. In a caller's thread only where it has no Particulars: then
        everything is announced before the commit.
        """
        queue = job._queue
        particulars = job._particulars
        if particulars is not None:
            self._disarm(job)
            queue.gone(job)
        if particulars or queue.room.parks or queue.watchers.parks or self.watchers.parks:
            self.timers.soon(self._follow_up, job)
        if self.subscriptions:
            self.tell("finished", job, CANCELLED)
            if queue.req == "delete" and len(queue.table) == 1:
                self.tell_queue("queue deleted", queue)
        job._ended = self.now()
        self.remember(job, CANCELLED)
        self._commit_cancelled(queue, queue.backlog, job)
        queue.backlog.sweep(queue.scheduled)
        if self.stopping and not self.live:
            self.rest()

    @stores
    def _commit_cancelled(self, queue: JobQueue, backlog: Any, job: Job) -> None:
        job._value = None  # whoever asks gets an error of its own
        job.outcome = CANCELLED
        job._code = TCL_ERROR
        job.state = DONE
        self.live -= 1
        queue.failed[CANCELLED] += 1
        if job._where != NOWHERE:
            backlog.stale += 1
            job._where = NOWHERE
        unique = job._options.unique
        if unique is not None:
            if unique in queue.uniques:
                if queue.uniques[unique] is job:
                    del queue.uniques[unique]
        del queue.table[job.id]
        if job._aside:
            queue.aside -= 1
        if not queue.table:
            if queue.req == "delete":
                if queue.name in self.queues:
                    del self.queues[queue.name]
                    self.total -= queue.maxthreads

    def _follow_up(self, job: Job) -> None:
        """Tell those who wait for a job that a caller cancelled; on the timers' thread."""
        self.locked(self._told, job)
        self.call_endings_elsewhere()
        self.wake_up()

    def _told(self, job: Job) -> None:
        if job.state is DONE:
            self.announce(job)
            job._queue.room.wake()

    def take_out(self, job: Job) -> None:
        """A scheduled job leaves the backlog, to wait elsewhere. Not in a caller's thread."""
        if job._where != NOWHERE:
            job._where = NOWHERE
            job._queue.backlog.stale += 1
        job._queue.gone(job)

    def announce(self, job: Job) -> None:
        """Wake those who wait for the job's end, and note the callbacks to be called when the lock is free."""
        particulars = job._particulars
        if particulars is not None:
            parks, particulars.parks = particulars.parks, ()
            for entry in parks:
                if isinstance(entry, Park):
                    entry.wake()
                else:
                    self.endings.append(partial(entry, job))
            if type(particulars) is Wait:
                particulars.park.wake()
            if particulars.wait is not None:
                particulars.wait.park.wake()
            if particulars.dependents:
                # Those that fail by it end one by one on the timers' thread: chains of them may be long.
                dependents, particulars.dependents = particulars.dependents, ()
                for dependent in dependents:
                    self._precede(job, dependent)
        queue = job._queue
        self.wake_watchers(queue)

    def wake_watchers(self, queue: JobQueue) -> None:
        """Wake who waits for any end in this queue, or in any."""
        queue.watchers.wake()
        self.watchers.wake()

    def call_endings(self) -> None:
        """Call what `announce` noted. Outside the lock; what it raises is logged."""
        while self.endings:
            try:
                call = self.endings.pop(0)
            except IndexError:  # another thread was faster
                return
            try:
                call()
            except BaseException:
                _logger.exception("a callback of a done job failed")

    def call_endings_elsewhere(self) -> None:
        """The same on a thread of its own: callbacks may be slow, and the timers' thread must not be."""
        if self.endings:
            try:
                Thread(target=self.call_endings, name=f"{self.name}-callbacks", daemon=True).start()
            except RuntimeError:  # no more threads can be had
                self.call_endings()

    def _failed(self, job: Job, queue: JobQueue, error: Any) -> None:
        if job._options.detached:
            self.endings.append(partial(_log_detached, job, error))
        if queue.onerror == "pause" and not queue.paused:
            queue.paused = queue.held = True
            queue.calm = False
            self.refresh(queue)
        elif queue.onerror == "cancel" and not queue.clearing:
            queue.clearing = queue.held = True
            queue.calm = False
            self.refresh(queue)
            self.timers.soon(self.clear, queue)

    def clear(self, queue: JobQueue) -> None:
        """A job of the queue failed, and what waits in it is to be cancelled (`onerror`); on the timers' thread.

        The queue starts nothing until that is done, and each job takes the lock by itself.
        """
        jobs: list[Job] = self.locked(lambda: [job for job in queue.table.values() if job.state is SCHEDULED])
        for job in jobs:
            self.locked(self.drop, job, CANCELLED, JobCancelled())
        self.locked(self._cleared, queue)
        self.call_endings_elsewhere()
        self.wake_up()

    def _cleared(self, queue: JobQueue) -> None:
        queue.clearing = False
        queue.held = queue.paused
        self.refresh(queue)

    def drop(self, job: Job, outcome: str, value: object) -> None:
        """End a scheduled job where it still is scheduled. Never in a caller's thread."""
        if job.state is SCHEDULED:
            if outcome is CANCELLED:
                job.particulars().cancelling = True
            queue = job._queue
            self._disarm(job)
            queue.gone(job)
            self.end(job, outcome, value, self.now())
            queue.backlog.sweep(queue.scheduled)
            queue.room.wake()

    def _disarm(self, job: Job) -> None:
        particulars = job._particulars
        if particulars is not None:
            self.timers.cancel(particulars.start_timer)
            self.timers.cancel(particulars.expiry)
            particulars.start_timer = particulars.expiry = None

    def follow(self, job: Job, dependent: Job) -> None:
        """`dependent` waits for the end of `job`."""
        particulars = job.particulars()
        if isinstance(particulars.dependents, list):
            particulars.dependents.append(dependent)
        else:
            particulars.dependents = [dependent]

    def _precede(self, job: Job, dependent: Job) -> None:
        """`job`, which `dependent` comes after, has ended."""
        if dependent.state is not SCHEDULED:
            return
        if job.outcome is not OK:
            self.timers.soon(self.fail_dependent, dependent, dependency_failed(dependent, job))
            return
        pending = dependent.particulars().pending
        if isinstance(pending, list) and job in pending:
            pending.remove(job)
        if not pending:
            self.admit(dependent)
            self.wake()

    def bound_done(self, queue: JobQueue) -> None:
        """Let the oldest done jobs go where there are more than `maxdone`; say so where there are very many."""
        bound = self.settings.maxdone
        while bound and queue.kept > bound:
            oldest = queue.first_done()
            if oldest is None or oldest.req != "none":
                break
            self.depart(queue, oldest)
        if queue.kept >= _LARGE and not queue.said_large:
            queue.said_large = True
            self.endings.append(partial(_logger.warning, _LARGE_QUEUE, queue.name, _LARGE))

    # -- a body that waits gives its slot back --------------------------------------------------------------------

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

    # -- commits of callers' threads -----------------------------------------------------------------------------

    @stores
    def commit_queue(self, name: str, queue: JobQueue) -> None:
        self.queues[name] = queue
        self.total += queue.maxthreads

    @stores
    def commit_delete(self, queue: JobQueue) -> None:
        queue.req = "delete"
        if not queue.table:
            if queue.name in self.queues:
                del self.queues[queue.name]
                self.total -= queue.maxthreads

    @stores
    def commit_resume(self, queue: JobQueue) -> None:
        queue.paused = False
        queue.held = queue.clearing
        if queue.req == "drain":
            queue.req = "none"

    @stores
    def commit_resize(self, queue: JobQueue, maxthreads: int) -> None:
        self.total += maxthreads - queue.maxthreads
        queue.maxthreads = maxthreads
        queue.calm = False

    @stores
    def commit_settings(self, settings: Settings, cap: int | None) -> None:
        self.calm = False
        self.settings = settings
        self.long = settings.logminduration
        self.most = settings.jobsperthread or _NO_END
        self.cap = cap
        self.bound = settings.maxdone or _LARGE - 1

    def remember_unique(self, job: Job) -> None:
        """Let a job be found by its `unique`."""
        if job._options.unique is not None:
            job.particulars()  # by them it is seen that the job is no plain one
            self.commit_unique(job)

    @stores
    def commit_unique(self, job: Job) -> None:
        if job._options.unique is not None:
            job._queue.uniques[job._options.unique] = job

    def subscribe(self, subscription: Subscription) -> None:
        self.calm = False
        self.subscriptions = (*self.subscriptions, subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        self.locked(self._unsubscribe, subscription)

    def _unsubscribe(self, subscription: Subscription) -> None:
        self.subscriptions = tuple(other for other in self.subscriptions if other is not subscription)

    def cancel_job(self, job: Job) -> bool:
        """Cancel by handle; see Stopping.cancel. In a finalizer that interrupted the pool it is put off."""
        return self._cancel(self.stops.cancel, job)

    def cancel_live_job(self, job: Job) -> bool:
        """The same, but a done job stays where it is."""
        return self._cancel(self.stops.cancel_live, job)

    def _cancel(self, cancel: Callable[[Job], bool], job: Job) -> bool:
        if self.lock._is_owned():
            self.timers.soon(self.locked, cancel, job)
            return False
        if job.state is SCHEDULED and job._particulars is None:
            done = self.guarded(self.stops.cancel_plain, job)
            if done:
                return False
        return bool(self.whole(cancel, job))

    def cancel_scheduled_job(self, job: Job) -> None:
        """Cancel a job where it has not started."""
        self.whole(lambda: self.stops.cancel(job) if job.state is SCHEDULED else False)

    # -- put off to the timers' thread ---------------------------------------------------------------------------

    def enter_put_off(self, job: Job) -> None:
        """A job that a finalizer queued."""
        options = job._options
        if options.delay or options.at is not None:
            until = max(self.now() + options.delay, (options.at or 0.0) - self.epoch)
            self.publish(job, NOWHERE, False)
            self.postpone(job, until)
        else:
            self.publish(job, HEAD if options.head else options.priority, options.head)
        if options.expires is not None:
            late = self.now() + options.expires if options.expires > 0 else -options.expires - self.epoch
            job.particulars().expiry = self.timers.at(late, self.expire, job)

    def expire(self, job: Job) -> None:
        """A job's `expires` has come."""
        self.locked(self._expire, job)
        self.call_endings_elsewhere()

    def _expire(self, job: Job) -> None:
        if job.attempt == 0:
            self.drop(job, EXPIRED, JobExpired(f"job {job.id} was given up: it had not started in time (expires)"))

    def fail_dependent(self, job: Job, error: DependencyFailed) -> None:
        """A job came after one that had not ended ok."""
        self.locked(self.drop, job, ERROR, error)
        self.call_endings_elsewhere()

    # -- the end -------------------------------------------------------------------------------------------------

    def stop(self, cancel: bool) -> None:
        """Take no more jobs; let paused queues go on; cancel all jobs where asked."""
        self.locked(self._stop, cancel)
        if cancel:
            for job in self.locked(self._all_jobs):
                if job.state is not DONE:
                    self.locked(self.stops.cancel, job)
        if self.live:
            self.wake_up()
            self.timers.wake()
        else:
            self.timers.rouse()

    def _all_jobs(self) -> list[Job]:
        return [job for queue in self.queues.values() for job in queue.table.values()]

    def _stop(self, cancel: bool) -> None:
        self.stopping = True
        self.cancelling = self.cancelling or cancel
        self.threads.closing = self.timers.closing = True
        for queue in self.queues.values():
            self.commit_resume(queue)
            self.refresh(queue)
        for place in self.threads.idle:
            place.park.wake()

    def write_off_all(self) -> None:
        """Write off whatever runs, however many threads are lost by that: the program goes on without them."""
        for job in self.locked(self._all_jobs):
            self.timers.soon(self.locked, self.stops.write_off_at_exit, job)

    def abandon(self) -> None:
        """The pool was dropped: finish its jobs, then let its threads end."""
        self.stop(False)

    def rest(self) -> None:
        """All jobs of a stopping pool are done."""
        self.timers.wake()  # its thread ends
        self.idlers.wake()

    def idle(self) -> Literal[True] | None:
        """True where all jobs are done, else None."""
        return None if self.live else True

    def ended(self) -> None:
        """Nothing will be due any more: let the listeners' threads end when they have heard everything."""
        for subscription in self.subscriptions:
            subscription.finish()

    def finished(self) -> bool:
        """Whether nothing will ever be due again."""
        return self.forked or (self.stopping and not self.live)

    def fork(self) -> None:
        """In the child of a fork: the names of the queues stay; jobs and threads are the parent's."""
        self.forked = self.special = True
        for queue in self.queues.values():
            queue.plain = False
        self.lock = RLock()
        self.timers.forget()
        for place in self.threads.places:
            place.lock = self.lock
            place.acquire = self.lock.acquire
            place.sent = False
            if place.job is not None:
                place.the_run()  # so that the thread, where it is this one, sees that the job is not its own any more

    # -- what jobs say -------------------------------------------------------------------------------------------

    def progress(self, run: Run, done: float, total: float | None, note: str) -> None:
        if run.ended:
            return
        particulars = run.job.particulars()
        particulars.done, particulars.total, particulars.note = done, total, note
        if self.subscriptions:
            self.tell("progress", run.job)

    def note_line(self, run: Run, line: str, longest: int) -> None:
        particulars = run.job.particulars()
        log = particulars.log
        if log is None:
            log = particulars.log = []
        log.append(line)
        del log[:-longest]

    # -- events --------------------------------------------------------------------------------------------------

    def tell(self, kind: EventKind, job: Job, outcome: str = "") -> None:
        """Tell the listeners' threads of a job. Under the lock, so that events come in the order of things."""
        particulars = job._particulars
        event = Event(
            kind,
            job._queue.name,
            job.id,
            self.wall(self.now()),
            outcome,
            particulars.done if particulars else None,
            particulars.total if particulars else None,
            particulars.note if particulars else "",
        )
        for subscription in self.subscriptions:
            subscription.put(event)

    def tell_queue(self, kind: EventKind, queue: JobQueue) -> None:
        """Tell the listeners' threads of a queue."""
        event = Event(kind, queue.name, "", self.wall(self.now()))
        for subscription in self.subscriptions:
            subscription.put(event)

    def wall(self, moment: float) -> float:
        """The time of day, in seconds since the epoch, of a moment of the clock."""
        return self.epoch + moment


def _retried(error: BaseException, kinds: tuple[type[BaseException] | str, ...]) -> bool:
    if not kinds:
        return isinstance(error, Exception)
    names = {kind.__name__ for kind in type(error).__mro__}
    return any(kind in names if isinstance(kind, str) else isinstance(error, kind) for kind in kinds)


def dependency_failed(job: Job, other: Any) -> DependencyFailed:
    """The error of a job whose predecessor did not end ok."""
    return DependencyFailed(
        f"job {job.id} was not run: job {other.id} of queue {other.queue}, which it comes after, ended {other.outcome}"
    )


def _honour(ticket: Ticket) -> None:
    """The body that left the ticket has its slot again."""
    ticket.run.holding = True
    ticket.run.job._queue.yielded -= 1
    ticket.state = DONE
    ticket.park.wake()


def log_long(job: Job, seconds: float) -> None:
    """Tell of a run that took long (`configure(logminduration=...)`)."""
    _logger.info("job %s of queue %s ran %.3f seconds", job.id, job._queue.name, seconds)


def _log_detached(job: Job, error: BaseException) -> None:
    _logger.error("detached job %s of queue %s failed", job.id, job._queue.name, exc_info=error)


def refusal(queue: JobQueue, stopping: bool) -> QueueClosed | QueueDraining:
    """Why a queue takes no jobs."""
    return QueueDraining(queue.name) if queue.req == "drain" and not stopping else QueueClosed()
