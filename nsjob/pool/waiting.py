"""Park: where one thread sleeps until it is woken; Wait: a wait for a job by its id; Ticket: a wait for a slot."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.pool.job import SCHEDULED

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


class Wait:
    """A wait by id that is under way.

    Attributes:
        active: whether it goes on.
        handed: whether the job was taken out of its queue for it. Changed under the lock, as `active` is.
    """

    __slots__ = ("active", "handed", "job", "park")

    def __init__(self, park: Park) -> None:
        self.park = park
        self.active = True
        self.handed = False
        self.job: Job | None = None


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
