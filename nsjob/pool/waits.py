"""Waits: for one job, for any, for all; and what a body that waits does with its slot.

Whoever waits looks at the state under the lock, leaves a Park where it will be woken, and sleeps without the lock.
"""

from __future__ import annotations

import functools
import time
from _thread import get_ident
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from nsjob.durations import seconds
from nsjob.errors import JobDetached, JobInterrupted, JobWaited, NoSuchJob, PoolForked, Reentered, WaitTimeout
from nsjob.pool.context import PLACES
from nsjob.pool.job import DONE, OK, Job, Particulars
from nsjob.pool.stores import stores
from nsjob.pool.waiting import Audience, Park, Wait

if TYPE_CHECKING:
    import asyncio

    from nsjob.pool.core import Core
    from nsjob.pool.engine import Run
    from nsjob.pool.queue import JobQueue

_F = TypeVar("_F", bound=Callable[..., Any])

__all__ = ["Waits", "outcome_of"]

LOOK_UP = 0.25  # seconds


def outcome_of(job: Job) -> Any:
    """Return a done job's value, or raise its error."""
    if job.outcome is OK:
        return job._value
    error = job.error
    assert error is not None
    try:
        raise error.with_traceback(error.__traceback__)
    finally:
        del error


def _shielded(method: _F) -> _F:
    """Keep interrupts out of a whole wait: its `finally` clauses are the pool's own code too."""

    @functools.wraps(method)
    def shielded(*arguments: Any) -> Any:
        place = PLACES.get(get_ident())
        if place is None or not place.shield():
            return method(*arguments)
        try:
            return method(*arguments)
        finally:
            place.unshield()

    return cast(_F, shielded)


class Waits:
    """How threads wait for the jobs of one pool."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._parks: list[Park] = []  # to be used again: making one costs as much as the rest of a wait

    # -- one job -------------------------------------------------------------------------------------------------

    def by_id(self, queue: JobQueue, id: str, timeout: object) -> Job:
        """Wait for a job by its id and let it leave its queue.

        Raises:
            NoSuchJob, JobDetached, JobWaited: nothing is waited for.
            WaitTimeout: it stays.
        """
        deadline = None if timeout is None else _deadline(timeout)
        if get_ident() in PLACES:
            return self._by_id_shielded(queue, id, deadline)
        return self._by_id(queue, id, deadline)

    def _by_id(self, queue: JobQueue, id: str, deadline: float | None) -> Job:
        core = self._core
        lock = core.lock
        if core.forked:
            raise PoolForked
        if lock._is_owned():
            raise Reentered("wait")
        parks = self._parks
        wait = Wait()
        try:
            park = parks.pop()
        except IndexError:
            park = Park()
        wait.park = park
        try:
            try:  # `locked`, written out
                lock.acquire(False) or core.contend()
                job = self._take_or_wait(queue, id, wait)
            finally:
                try:
                    lock.release()
                except RuntimeError:  # interrupted before the lock was ours
                    pass
            while job.state is not DONE:
                if not self._block(park, deadline) and not core.guarded(self._give_up, job, wait):
                    raise WaitTimeout
        except BaseException:
            # Whatever landed here, the wait is over; a result that was handed to it goes back.
            core.whole(self._give_back, queue, wait)
            raise
        wait.job = None  # the wait can be remembered with the job's particulars; the value is not
        parks.append(park)  # a wake that comes late is a spurious one to who sleeps in it then
        return job

    def _take_or_wait(self, queue: JobQueue, id: str, wait: Wait) -> Job:
        job = queue.table.get(id)
        if job is None:
            raise NoSuchJob(id)
        if job._aside:
            raise JobDetached(id)
        if job.state is DONE:
            self._core.depart(queue, job)
            return job
        particulars = job._particulars
        if particulars is not None:
            if particulars.wait is not None and particulars.wait.active:
                raise JobWaited(id)
        if particulars is None or (particulars.bare and not particulars.shared):
            self._commit_wait(job, wait)
        else:
            self._commit_wait_among(job, job.particulars(), wait)
        return job

    @stores
    def _commit_wait(self, job: Job, wait: Wait) -> None:
        wait.job = job
        wait.active = True
        job._particulars = wait

    @stores
    def _commit_wait_among(self, job: Job, particulars: Particulars, wait: Wait) -> None:
        wait.job = job
        wait.active = True
        particulars.wait = wait

    def _give_up(self, job: Job, wait: Wait) -> bool:
        """The time is over: whether the job is done all the same."""
        if job.state is DONE:
            return True
        wait.active = False
        return False

    def _give_back(self, queue: JobQueue, wait: Wait) -> None:
        job, wait.job = wait.job, None
        wait.active = False
        if job is None:
            return
        if wait.handed and job.id not in queue.table and queue.core.queues.get(queue.name) is queue:
            queue.table[job.id] = job
            queue.done.append(job)
        self._core.wake_watchers(queue)  # the job is theirs again

    _by_id_shielded = _shielded(_by_id)

    @_shielded
    def handle(self, job: Job, timeout: object) -> Any:
        """Wait by handle: the job stays where it is."""
        if job.state is not DONE:
            park = Park()
            try:
                self._core.guarded(self._leave_park, job, park)
                deadline = _deadline(timeout)
                while job.state is not DONE:
                    if not self._block(park, deadline) and job.state is not DONE:
                        raise WaitTimeout
            finally:
                if job.state is not DONE:
                    self._core.guarded(self._fetch_park, job, park)
        return outcome_of(job)

    def _leave_park(self, job: Job, park: Park) -> None:
        if job.state is DONE:
            park.wake()
        elif job._particulars is None:
            wait = Wait()
            wait.park = park
            wait.shared = True
            job._particulars = wait
        else:
            _leave(job, park)

    def _fetch_park(self, job: Job, park: Park) -> None:
        if job._particulars is None or job._particulars.bare:
            return  # it may stay: to wake it does no harm
        parks = job.particulars().parks
        if isinstance(parks, list) and park in parks:
            parks.remove(park)

    def callback(self, job: Job, callback: Callable[[Job], object]) -> None:
        """Call `callback(job)` at its end; at once where it is done."""

        def leave() -> bool:
            if job.state is DONE:
                return False
            _leave(job, callback)
            return True

        if not self._core.guarded(leave):
            callback(job)

    async def awaited(self, job: Job) -> Any:
        """Wait in a coroutine. Giving up leaves the job alone."""
        import asyncio  # late: only coroutines pay for it

        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not ended.done():
                ended.set_result(None)

        def tell(_: Job) -> None:
            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:  # the loop is closed: nobody waits any more
                pass

        job.add_done_callback(tell)
        await ended
        try:
            return outcome_of(job)
        except StopIteration as error:
            raise RuntimeError("the job raised StopIteration, which cannot pass through a coroutine") from error

    # -- several jobs --------------------------------------------------------------------------------------------

    @_shielded
    def until(
        self,
        watched: Iterable[Audience],
        look: Callable[[], Any],
        timeout: object,
        peek: Callable[[], object] | None = None,
    ) -> Any:
        """Return the first result of `look` that is not None; it is called under the lock, again after each end.

        Arguments:
            watched: the audiences that are woken when something may have changed.
            peek: tells without the lock whether it is worth looking; a body takes no slot again before.

        Raises:
            WaitTimeout: it was None for that long.
        """
        deadline = _deadline(timeout)
        core = self._core
        audiences = list(watched)
        park = Park()

        def watch() -> Any:
            found = look()
            if found is None:
                for audience in audiences:
                    audience.add(park)
            return found

        def leave() -> None:
            for audience in audiences:
                audience.remove(park)

        try:
            found = core.guarded(watch)
            while found is None:
                awake = self._block(park, deadline, peek)
                found = core.guarded(look)
                if found is None and not awake:
                    raise WaitTimeout
            return found
        finally:
            core.guarded(leave)

    # -- a body that waits ---------------------------------------------------------------------------------------

    def _block(self, park: Park, deadline: float | None, peek: Callable[[], object] | None = None) -> bool:
        """Sleep in `park`. A body gives its slot back meanwhile. Returns whether it was woken in time.

        Raises:
            JobInterrupted: the body that waits was asked to end.
        """
        core = self._core
        if core.immediate:
            core.run_here()
        place = PLACES.get(get_ident())
        if place is None or place.job is None:
            return _sleep(park, deadline)
        # The verb that waits is shielded: nothing lands in here, and an interrupt wakes `run.waiting`.
        owner = place.core
        run: Run = owner.locked(place.the_run)
        if run.ended:
            return park.sleep(None if deadline is None else deadline - time.monotonic())
        owner.locked(owner.leave_slot, run, park)
        owner.wake_up()
        if owner.immediate:
            owner.run_here()
        awake = run.reason is not None
        while not awake:
            awake = park.sleep(None if deadline is None else deadline - time.monotonic())
            if not awake:
                break
            awake = peek is None or run.reason is not None or bool(peek())
        own_park = Park()
        if not owner.locked(owner.enter_slot, run, own_park):
            while not run.holding and run.reason is None:
                own_park.sleep()
            owner.locked(owner.stop_waiting, run)
        if run.reason is not None:
            raise JobInterrupted
        return awake


def _sleep(park: Park, deadline: float | None) -> bool:
    """Sleep in `park`, in a thread of the program's own. Returns whether it was woken in time.

    It looks up now and then: a signal (Ctrl-C) that arrives while this thread waits for the GIL, just before it sleeps,
    has its handler called when the sleep ends, and not before.
    """
    while True:
        rest = LOOK_UP if deadline is None else deadline - time.monotonic()
        if park.sleep(min(rest, LOOK_UP)):
            return True
        if rest <= LOOK_UP and deadline is not None:
            return False


def _leave(job: Job, entry: Park | Callable[[Job], object]) -> None:
    """Note who is to be woken or called at the job's end."""
    particulars = job.particulars()
    if isinstance(particulars.parks, list):
        particulars.parks.append(entry)
    else:
        particulars.parks = [entry]


def _deadline(timeout: object) -> float | None:
    return None if timeout is None else time.monotonic() + seconds(timeout)
