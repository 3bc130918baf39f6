"""State: what a pool knows, its lock, and what callers' threads may change.

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

import sys
from _thread import get_ident
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import RLock, main_thread
from time import sleep
from typing import TYPE_CHECKING, Any

from nsjob.errors import (
    PoolForked,
    Reentered,
)
from nsjob.pool.backlog import TICKET
from nsjob.pool.clock import SystemClock
from nsjob.pool.context import PLACES
from nsjob.pool.definitions import Definitions
from nsjob.pool.engine import Engine, Host, Run
from nsjob.pool.events import Event, EventKind, Subscription
from nsjob.pool.job import Job
from nsjob.pool.queue import JobQueue
from nsjob.pool.records import Settings
from nsjob.pool.stopping import Stopping
from nsjob.pool.stores import stores
from nsjob.pool.timers import Timers
from nsjob.pool.waiting import Answer, Audience
from nsjob.pool.waits import Waits

if TYPE_CHECKING:
    from nsjob.pool.clock import Clock

__all__ = ["LARGE", "State"]

LARGE = 100_000
_REMEMBERED = 1_000
_TRIES = 200
_HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
_NO_END = 1 << 62


class State:
    """What all layers of the core share."""

    def __init__(self, clock: Clock, name: str, cap: int | None, settings: Settings) -> None:
        self.name = name
        self.clock = clock
        self.now = clock.now
        self.epoch = clock.wall() - clock.now()
        self.lock: Any = RLock()
        self.settings = settings
        self.bound = settings.maxdone or LARGE - 1  # of done jobs, above which something is to be done
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
        self.doors: dict[Any, None] = {}  # places whose workers have jobs before their turn
        self.looking = False  # whether it will be looked how long these have waited
        self.prefetching = type(clock) is SystemClock  # it is looked by the time that passes
        self.outbox: deque[Run] = deque()  # runs for engines that are pushed to
        self.left: deque[tuple[Any, ...]] = deque(maxlen=_REMEMBERED)  # as Left has them
        self.calm = True  # whether nobody wants to hear of each job that ends; False where it is not known
        self.watchers = Audience(self)  # woken whenever a job of any queue ends
        self.idlers = Audience(self)  # woken when the last job of a stopping pool has ended
        self.subscriptions: tuple[Subscription, ...] = ()
        self.definitions = Definitions()
        self.stopping = False  # no more jobs
        self.cancelling = False  # and no more retries
        self.forked = False
        self.immediate = False
        self.special = False  # forked or immediate
        self.engines: dict[str, Engine | Host] = {}  # by name; those of single queues by `name queue`
        self.finishers = False  # whether any queue has an `onfinish`
        self.depot: Any = None  # what keeps the files of its jobs, once some have any
        self.timers: Timers
        self.threads: Any  # the engine of pool threads
        self.stops: Stopping
        self.waits: Waits
        self.endings: list[Callable[[], object]] = []  # to be called once the lock is free

    # -- the lock ------------------------------------------------------------------------------------------------------

    def contend(self) -> bool:
        """Get the lock by trying and yielding: who blocks on it owns it before it has the GIL, and a convoy forms.

        Without a GIL the holder runs on meanwhile, and has done before a yield would be over.
        """
        acquire = self.lock.acquire
        for _ in range(_TRIES):
            if _HAS_GIL:
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
        if self.stopping and not self.doors:
            return self.guarded(action, *arguments)
        return self.elsewhere(action, *arguments)

    def elsewhere(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """The same, also while the pool ends. Its timers' thread is there as long as it has jobs."""
        if get_ident() != main_thread().ident or self.special or self.lock._is_owned():
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

    # -- commits of callers' threads -----------------------------------------------------------------------------------

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
    def vanish(self, queue: JobQueue) -> None:
        """The last job of a deleted queue has left."""
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
        self.bound = settings.maxdone or LARGE - 1

    # -- events --------------------------------------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription) -> None:
        self.calm = False
        self.subscriptions = (*self.subscriptions, subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        self.locked(self._unsubscribe, subscription)

    def _unsubscribe(self, subscription: Subscription) -> None:
        self.subscriptions = tuple(other for other in self.subscriptions if other is not subscription)

    def tell(self, kind: EventKind, job: Job, outcome: str = "") -> None:
        """Tell the listeners' threads of a job. Under the lock, so that events come in the order of things."""
        particulars = job._particulars
        if particulars is not None and particulars.index is not None:
            return  # of a range they hear as a whole
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
