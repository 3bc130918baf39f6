"""The thread engine: bodies run in the pool's own threads, in this process.

An idle thread parks; who publishes a job wakes the one that went idle last, and the woken thread claims the job and
wakes the next. A thread that ends a job takes the next one under the same acquisition of the lock.
"""

from __future__ import annotations

import logging
import threading
from _thread import get_ident
from collections.abc import Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

from nsjob.engines.interrupts import (
    attempt,
    attempt_hosted,
    inline,
    send,
    shield,
    trim,
    unshield,
)
from nsjob.pool.context import PLACES
from nsjob.pool.engine import Interrupt, Run
from nsjob.pool.job import Job
from nsjob.pool.waiting import Park
from nsjob.pool.work import Hosted
from nsjob.snippet import Ending

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.queue import JobQueue

__all__ = ["Place", "ThreadEngine"]

_logger = logging.getLogger("nsjob")


class Place:
    """One pool thread, seen from outside.

    Attributes:
        over: whether an interrupt may not be sent: True save while a body runs its own code.
        sent: whether an exception has been sent and may still be pending.
        lost: whether its job was written off while the body went on.
        ahead: what the worker that it keeps was handed before its turn; see nsjob.pool.prefetching.
    """

    __slots__ = (
        "acquire",
        "ahead",
        "contend",
        "context",
        "core",
        "error",
        "gone",
        "ident",
        "idle",
        "idle_since",
        "job",
        "jobs",
        "lock",
        "lost",
        "namespace",
        "over",
        "park",
        "run",
        "sent",
        "thread",
        "woken",
    )

    def __init__(self, core: Core) -> None:
        self.core = core
        self.namespace = core.definitions.namespace
        self.context = Context()  # for jobs that were queued in an empty one
        self.park = Park()
        self.lock = core.lock
        self.acquire = core.lock.acquire
        self.contend = core.contend
        self.idle = False
        self.idle_since = 0.0
        self.gone = False
        self.woken = False  # while idle: whether it was woken and has not come yet
        self.ident = 0
        self.jobs = 0
        self.job: Job | None = None  # what runs here
        self.run: Run | None = None  # its Run, where somebody asked for it
        self.error: BaseException | None = None  # that the body raised
        self.over = True
        self.sent = False
        self.lost = False
        self.ahead: Any = None
        self.thread: threading.Thread | None = None

    @property
    def slot(self) -> Place:
        """Itself, as it is the `slot` of its Run."""
        return self

    def the_run(self) -> Run:
        """The Run of what runs here. Under the lock: most jobs never need one, so it is made when first asked for."""
        run = self.run
        if run is None:
            job = cast(Job, self.job)
            run = self.run = job._runner = Run(self.core, job)
            run.slot = self
            run.begun_at = job._started
        return run

    def forget_calm_run(self) -> None:
        """Let go of the Run where nothing came of it: the job then ends as one does that never had one."""
        run = self.run
        if run is not None and run.reason is None and run.limit is None and run.nudge is None and run.holding:
            run.ended = True
            self.run = None

    def own_run(self) -> Run:
        """The same, for the thread itself while its body runs."""
        return self.run or cast(Run, self.core.guarded(self.the_run))

    def shield(self) -> bool:
        """Keep interrupts out while the pool's own code runs in this thread; see interrupts.py."""
        return not self.over and shield(self)

    def unshield(self) -> None:
        """Let interrupts in again."""
        unshield(self)


class ThreadEngine:
    """The threads of one pool. Its counts are guarded by the pool's lock."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.idle: list[Place] = []
        self.places: set[Place] = set()
        self.count = 0  # threads, lost ones left out
        self.lost = 0
        self.waiting = 0  # threads whose jobs wait for others and hold no slot
        self.started = 0
        self.closing = False

    def limit(self) -> int:
        """How many threads may work at once: as many as there are slots."""
        core = self._core
        return core.total if core.cap is None else min(core.cap, core.total)

    def _surplus(self) -> int:
        """How many threads there are above those that may work: below 0, one more may be started.

        Queues that were made smaller may still run more than they have slots for; others must not wait for that.
        """
        return self.count - self.waiting - max(self.limit(), self._core.running + 1)

    # -- what the pool asks for ----------------------------------------------------------------------------------

    def wake(self) -> bool:
        """Wake an idle thread. Returns whether one was there, or as many run as may. Under the lock."""
        if self.idle:
            place = self.idle[-1]
            if not place.woken:
                place.park.wake()
                place.woken = True  # after it: an exception between the two costs one wake too many
            return True
        return self._core.immediate or (self._surplus() >= 0 and not self._core.outbox)

    def grow(self) -> None:
        """Start a thread where work is ready and none is free for it. On the timers' thread, outside the lock."""
        while True:
            place: Place | None = self._core.locked(self._want)
            if place is None:
                return
            thread = threading.Thread(
                target=self._work, args=(place,), name=f"{self._core.name}-{self.started}", daemon=True
            )
            place.thread = thread
            try:
                thread.start()
            except RuntimeError:  # the system's limit, or the interpreter ends
                self._core.locked(self._not_started, place)
                if not self._core.stopping:
                    _logger.error("cannot start a thread of pool %s", self._core.name, exc_info=True)
                    self._core.locked(self._try_later)
                return
            if not self._core.locked(lambda: bool(self._core.ready_mask) and not self.idle):
                return

    def _want(self) -> Place | None:
        core = self._core
        if self.idle:
            self.wake()
            return None
        if not core.ready_mask or self._surplus() >= 0 or core.immediate:
            return None
        place = Place(core)
        self.count += 1
        self.started += 1
        self.places.add(place)
        return place

    def _not_started(self, place: Place) -> None:
        self.count -= 1
        self.places.discard(place)

    def _try_later(self) -> None:
        self._core.timers.at(self._core.now() + 1.0, self.grow)

    def may_lose(self) -> bool:
        """Whether one more thread may be lost."""
        return self.lost < self._core.settings.maxlost

    def lose(self, run: Run) -> None:
        """The thread of `run` is lost until its body returns. Under the lock."""
        place: Place = run.slot
        place.lost = True
        self.count -= 1
        self.lost += 1
        run.job._queue.lost += 1
        if run.yielded:
            run.yielded = False
            self.waiting -= 1

    def holds(self, run: Run) -> bool:
        """Whether a lost thread is still in the body of `run`."""
        place: Place | None = run.slot
        return place is not None and place.lost and place.run is run and place in self.places

    def in_lost_thread(self, queue: JobQueue, id: str) -> bool:
        """Whether a lost thread is still in the body of that job."""
        return any(
            place.lost and place.job is not None and place.job.id == id and place.job._queue is queue
            for place in self.places
        )

    # -- the Engine protocol -------------------------------------------------------------------------------------

    def start(self, runs: Sequence[Run]) -> None:
        """Threads take their runs themselves; nothing is pushed to them."""
        raise TypeError("the thread engine takes its runs itself")

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """Raise JobInterrupted in the thread of `run`, or cancel its task. Returns False where it must wait."""
        place: Place | None = run.slot
        if place is None:
            return False
        if run.loop is not None and run.loop.cancel():
            return True
        sent: bool = self._core.locked(self._send, place, run)
        return sent

    def _send(self, place: Place, run: Run) -> bool:
        if place.run is not run or place.over:
            return True  # in the pool's code, which looks at run.reason itself, or gone
        sent = send(place, run.looks)
        run.looks = 0 if sent else run.looks + 1
        return sent

    def abandon(self, run: Run) -> None:
        """The lost thread's place is taken by a new one as soon as there is work for it."""
        self.grow()

    def close(self, timeout: float | None) -> None:
        """Let idle threads end, and wait for those that are not lost."""
        self.closing = True
        self._core.locked(self._wake_all)
        if timeout is None or timeout > 0:
            for place in self._core.locked(lambda: list(self.places)):
                thread = place.thread
                # One that has not begun will find that nothing is left to do.
                if not place.lost and place.ident and thread is not None and thread is not threading.current_thread():
                    thread.join(timeout)

    def _wake_all(self) -> None:
        for place in self.idle:
            place.park.wake()

    # -- a pool thread -------------------------------------------------------------------------------------------

    def _work(self, place: Place) -> None:
        place.ident = get_ident()
        PLACES[place.ident] = place
        try:
            self._serve(place)
        finally:
            while place.lock._is_owned():  # an error of the pool's own must not hold everything
                place.lock.release()
            PLACES.pop(place.ident, None)

    def _serve(self, place: Place) -> None:
        core = self._core
        acquire, release, contend = core.lock.acquire, core.lock.release, core.contend
        job: Job | None = None
        while True:
            if job is None:
                if place.idle:
                    place.park.sleep(core.settings.timeout)
                acquire(False) or contend()
                job = self._claim(place)
                release()
                if place.gone:
                    return
                continue
            work = job._work
            if type(work) is Hosted:
                value = attempt_hosted(place, job, work)
                if place.error is None and type(value) is not Ending:
                    place.forget_calm_run()
            else:
                value = attempt(place, job)  # returns with the lock held
            place.jobs += 1
            if place.run is None and place.error is None and place.jobs < core.most:
                following = core.pass_on(job, value, place)
            else:
                following = self._conclude(place, job, value)
            if following is None:
                place.job = None
                if not place.gone and not core.endings and not self.closing:
                    self._rest(place, False)
            if core.ready_mask and not core.dispatching and (core.cap is None or core.running < core.cap):
                if not self.idle or not self.idle[-1].woken:
                    core.wake()
            endings = core.endings
            release()
            if endings:
                core.call_endings()
            if place.gone:
                return
            if len(place.context):  # its job has set variables
                place.context = Context()
            value = None
            del work
            job = following  # what the last job held is let go here, outside of the lock

    def _conclude(self, place: Place, job: Job, value: Any) -> Job | None:
        """End a job whose run somebody asked for, or that raised, or is the last one here; start the next, if any."""
        core = self._core
        if core.forked:
            raise SystemExit  # this is the child of a fork: the job is the parent's
        run = place.the_run()
        error, place.error = place.error, None
        if error is not None:
            trim(error, job._work)
        run.value, run.error = value, error
        place.run = None
        if place.lost:
            self._found(place, run)
            return None
        leaving = place.jobs >= core.most and place.ahead is None
        following = core.finish(run, None if leaving else place)
        if leaving:
            self._leave(place)
        return following

    def _claim(self, place: Place) -> Job | None:
        """Take a job, or go idle, or leave (`place.gone`). Under the lock."""
        core = self._core
        woken = place.idle
        if woken:
            place.idle = False
            if self.idle and self.idle[-1] is place:
                self.idle.pop()
            else:
                self.idle.remove(place)
        if (
            self.count > core.total or core.cap is not None
        ) and self._surplus() > 0:  # the queues were resized, or a waiting job is back
            self._leave(place)
            core.wake()
            return None
        job = core.take(place)
        if job is not None:
            if core.ready_mask and (core.cap is None or core.running < core.cap):
                core.wake()
        elif self.closing or core.forked or (woken and core.now() >= place.idle_since + core.settings.timeout):
            self._leave(place)
        else:
            self._rest(place, woken)
        return job

    def _rest(self, place: Place, again: bool) -> None:
        place.idle = True
        place.woken = False
        if not again:
            place.idle_since = self._core.now()
        self.idle.append(place)

    def _leave(self, place: Place) -> None:
        place.gone = True
        self.count -= 1
        self.places.discard(place)

    def _found(self, place: Place, run: Run) -> None:
        """The body of a written-off job has returned: its lost thread ends."""
        if place.ahead is not None:
            self._core.let_worker_go(place, run.job._queue)
        place.gone = True
        self.lost -= 1
        run.job._queue.lost -= 1
        self.places.discard(place)

    # -- immediate pools -----------------------------------------------------------------------------------------

    def run_here(self) -> None:
        """Run whatever is ready in this thread (`Pool(immediate=True)`)."""
        core = self._core
        ident = get_ident()
        outer = PLACES.get(ident)
        place = Place(core)
        place.ident = ident
        PLACES[ident] = place
        try:
            while core.locked(core.take, place) is not None:
                run = core.locked(place.the_run)
                inline(place, run)
                place.job = place.run = None
                core.locked(core.finish, run)
                core.call_endings()
        finally:
            if outer is None:
                PLACES.pop(ident, None)
            else:
                PLACES[ident] = outer
