"""Park: where one thread sleeps until it is woken; Wait: a wait for a job by its id; Ticket: a wait for a slot."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.pool.job import SCHEDULED, Particulars

if TYPE_CHECKING:
    from nsjob.pool.backlog import Seat
    from nsjob.pool.engine import Run
    from nsjob.pool.job import Job
    from nsjob.pool.options import JobOptions

__all__ = ["Answer", "Audience", "Bell", "Park", "Ticket", "Wait"]

LONGEST = 86_400.0  # seconds of one sleep: lock.acquire overflows on very long ones, and sleepers look again anyway


class Park:
    """A binary semaphore without fuss: `wake` is idempotent and never blocks; wakes before the sleep are not lost."""

    __slots__ = ("_acquire", "_release")

    def __init__(self) -> None:
        lock = allocate_lock()
        lock.acquire()
        self._acquire = lock.acquire
        self._release = lock.release

    def wake(self) -> None:
        """End the sleep that goes on, or else the next one."""
        try:
            self._release()
        except RuntimeError:  # woken already
            pass

    def sleep(self, timeout: float | None = None) -> bool:
        """Sleep until woken, or for `timeout` seconds. Returns whether it was woken. Spurious wakes happen."""
        if timeout is None:
            return self._acquire()
        return self._acquire(True, min(max(timeout, 0.0), LONGEST))


class Audience:
    """Who is woken together. Changes under the pool's lock; `owner.calm` is False while there is anybody."""

    __slots__ = ("_owner", "parks")

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self.parks: list[Park | Bell] = []

    def add(self, park: Park | Bell) -> None:
        """Let somebody hear."""
        self._owner.calm = False  # before it; a pool thread sees to it that it becomes True again
        self.parks.append(park)

    def remove(self, park: Park | Bell) -> None:
        """Let somebody go, if he is there."""
        while park in self.parks:
            self.parks.remove(park)

    def wake(self) -> None:
        """Wake all."""
        for park in self.parks:
            park.wake()


class Bell:
    """Stands among Parks for a coroutine that waits: `wake` lets its loop be called on the timers' thread."""

    __slots__ = ("_call", "_soon")

    def __init__(self, soon: Callable[..., None], *call: Any) -> None:
        self._soon = soon
        self._call = call

    def wake(self) -> None:
        """Tell the loop."""
        self._soon(self._ring)

    def _ring(self) -> None:
        call, *arguments = self._call
        try:
            call(*arguments)
        except RuntimeError:  # the loop is closed: nobody waits any more
            pass


class Wait(Particulars):
    """A wait for one job. For most jobs it is the only particular, so it stands in the place of their Particulars.

    Attributes:
        active: whether it goes on and is by id: then the job is handed over to it.
        handed: whether the job was taken out of its queue for it. Changed under the lock, as `active` is.
        job: the job, once it is waited for.
        park: where the waiter sleeps.
        shared: whether it is by handle, so that others may wait too.
    """

    bare = True
    shared = False
    active = False
    handed = False
    job: Job | None = None
    park: Park
    _latest: Wait | None = None

    @property
    def wait(self) -> Wait:
        return self._latest or self

    @wait.setter
    def wait(self, wait: Wait) -> None:
        self._latest = wait


class Answer:
    """What the timers' thread answers to who put something off to it and waits."""

    __slots__ = ("error", "given", "park", "value")

    def __init__(self) -> None:
        self.park = Park()
        self.given = False
        self.value: Any = None
        self.error: BaseException | None = None


class Ticket:
    """Stands in a backlog for a job that waits to take its slot again. It has what the backlog looks at in a job."""

    __slots__ = ("_options", "_where", "park", "run", "state")

    def __init__(self, run: Run, park: Park) -> None:
        self.run = run
        self.park = park
        self.state = SCHEDULED
        self._where: int | Seat = -1
        self._options: JobOptions = run.job._options
