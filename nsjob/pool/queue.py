"""JobQueue: one named queue: its jobs, its order, its cap and its counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Literal, cast

from nsjob.pool.backlog import NOWHERE, TICKET, Backlog, Holder, Seat
from nsjob.pool.job import CANCELLED, ERROR, EXPIRED, SCHEDULED, TIMEOUT, Job
from nsjob.pool.waiting import Audience

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.engine import Engine, Host
    from nsjob.pool.options import JobOptions
    from nsjob.pool.work import Work

__all__ = ["JobQueue", "OnError"]

_SWEEP_FROM = 64

OnError = Literal["continue", "pause", "cancel"]


class Key:
    """The running jobs of one key, and those that come up while it is at its cap."""

    __slots__ = ("parked", "running")

    def __init__(self) -> None:
        self.running = 0
        self.parked: list[tuple[int, int, int, Holder]] = []


class JobQueue:
    """One queue. Everything here is guarded by the pool's lock."""

    def __init__(
        self, core: Core, name: str, maxthreads: int, desc: str, engine: Engine | Host, defaults: JobOptions
    ) -> None:
        self.core = core
        self.name = name
        self.desc = desc
        self.maxthreads = maxthreads
        self.engine: Engine | Host = engine
        self.engine_name = "thread"
        self.host: Host | None = None  # the same, where pool threads have work done by it
        self.before: Work | None = None  # what is done before each of its jobs, and after it
        self.after: Work | None = None
        self.onfinish: Callable[[Job], object] | None = None  # called with each of its jobs that is done
        self.prefetches = False  # whether its workers take jobs before their turn
        self.prefetched = NOWHERE  # the place from which they took the last ones
        self.pushed = False  # whether runs are handed to the engine; else pool threads take its jobs
        self.defaults = defaults
        self.maxqueued: int | None = None
        self.maxperkey: int | None = None
        self.simple = True  # whether its jobs start without more ado, where they have no options of their own
        self.plain = True  # whether its jobs enter without more ado, where they have no options of their own
        self.onerror: OnError = "continue"
        self.req: Literal["none", "delete", "drain"] = "none"
        self.paused = False
        self.clearing = False  # what waits in it is being cancelled
        self.held = False  # paused or clearing: nothing starts
        self.running = 0  # slots taken
        self.yielded = 0  # jobs in state running that gave their slot back, to wait for others
        self.indexes = 0  # jobs in state running that are indexes of ranges: those do not stand in the table
        self.ranges = 0  # ranges in state running: they hold no slot, and count as yielded
        self.aside = 0  # jobs of the table that cannot be waited for by id
        self.lost = 0  # threads that its written-off jobs still hold
        self.serial = 0
        self.ready_at = NOWHERE  # in which bucket of the pool's ready queues it stands
        self.backlog = Backlog()
        self.table: dict[str, Job] = {}
        self.done: deque[Job] = deque()  # in order of completion; those that are not in the table any more are stale
        self.stale = 0  # of those
        self.keys: dict[str, Key] = {}
        self.uniques: dict[str, Job] = {}
        self.ok = 0  # jobs that have ended so since the beginning
        self.failed = {ERROR: 0, CANCELLED: 0, TIMEOUT: 0, EXPIRED: 0}
        self.calm = True  # whether a job that ends and the one that follows need no looking at; see `settled`
        self.watchers = Audience(self)  # woken whenever one of its jobs ends
        self.room = Audience(self)  # callers that wait for room (maxqueued)
        self.said_large = False
        self._parked = 0

    @property
    def live(self) -> int:
        """Jobs that are not done."""
        return len(self.table) - len(self.done) + self.stale

    @property
    def active(self) -> int:
        """Jobs of the table in state running."""
        return self.running + self.yielded - self.indexes

    @property
    def bodies(self) -> int:
        """How many bodies run."""
        return self.running + self.yielded - self.ranges

    @property
    def scheduled(self) -> int:
        """Jobs in state scheduled, wherever they wait."""
        return len(self.table) - len(self.done) + self.stale - self.running - self.yielded + self.indexes

    @property
    def kept(self) -> int:
        """Done jobs of the table."""
        return len(self.done) - self.stale

    def done_jobs(self) -> Iterator[Job]:
        """The done jobs of the table, in order of completion. Under the lock, to its end."""
        table = self.table
        return (job for job in self.done if table.get(job.id) is job)

    def first_done(self) -> Job | None:
        """The one of `done_jobs` that ended first; drops stale entries before it. In any thread."""
        done = self.done
        while done:
            job = done[0]
            if self.table.get(job.id) is job:
                return job
            self.stale -= 1
            done.popleft()
        return None

    def sweep(self) -> None:
        """Drop stale entries of `done` where they are more than half. O(1), amortised; in any thread."""
        if self.stale > _SWEEP_FROM and self.stale * 2 > len(self.done):
            kept = deque(self.done_jobs())
            self.done = kept  # two stores, and no call between them
            self.stale = 0

    def settled(self) -> bool:
        """What `calm` may be. Who changes one of these in a caller's thread sets it False; a pool thread looks here."""
        freely = self.simple and not self.held and self.maxperkey is None and self.running <= self.maxthreads
        return freely and not self.watchers.parks and self.onfinish is None

    def place(self) -> int:
        """Where it stands among the ready queues: its next job's place, or NOWHERE where nothing may start."""
        if self.running >= self.maxthreads:
            return NOWHERE
        top = self.backlog.top()
        if self.held and top < TICKET:
            return NOWHERE
        return top

    def next(self) -> Holder | None:
        """Take out what is to run next, and count it for its key. In a pool thread."""
        if self.park_blocked() == NOWHERE:
            return None
        entry = self.backlog.pop()
        if entry is not None:
            self.take_key(entry._options.key)
        return entry

    def park_blocked(self) -> int:
        """Park those that come up while their key is at its cap. Returns the place of what is next then, or NOWHERE.

        In a pool thread.
        """
        while True:
            place = self.backlog.top()
            if place == NOWHERE or (self.held and place < TICKET):
                return NOWHERE
            if self.maxperkey is None:
                return place
            first = self.backlog.buckets[place][0]
            holder = first.entry if isinstance(first, Seat) else first
            name = holder._options.key
            key = self.keys.get(name) if name is not None else None
            if key is None or key.running < self.maxperkey:
                return place
            self.backlog.pop()
            self._parked += 1
            order = first.order if isinstance(first, Seat) and first.order < 0 else self._parked
            heappush(key.parked, (-place, order, self._parked, holder))
            if isinstance(holder, Job):
                holder.particulars().key_parked = order
                holder.particulars().let_out = False

    def take_key(self, name: str | None) -> bool:
        """Count one more running job of the key, unless it is at its cap. Returns whether it was not."""
        if name is None or self.maxperkey is None:
            return True
        key = self.keys.get(name)
        if key is None:
            key = self.keys[name] = Key()
        if key.running >= self.maxperkey:
            return False
        key.running += 1
        return True

    def release_key(self, name: str | None) -> None:
        """A job of the key gave its slot back: let the next one out that waits behind the key."""
        if name is None or self.maxperkey is None:
            return
        self.keys[name].running -= 1
        self.let_out(name)

    def let_out(self, name: str | None) -> None:
        """Let the next one behind a key wait in the backlog again, in its old turn. Not in a caller's thread."""
        key = self.keys.get(name) if name is not None else None
        if key is None:
            return
        while key.parked:
            rank, order, _, holder = heappop(key.parked)
            if isinstance(holder, Job):
                particulars = holder.particulars()
                if holder.state is not SCHEDULED or particulars.key_parked != order:
                    continue
                particulars.key_parked = 0
                particulars.let_out = True
            elif holder.state is not SCHEDULED:
                continue
            self.backlog.put_among_first(holder, -rank, order)
            break
        if not key.running and not key.parked:
            del self.keys[cast(str, name)]

    def gone(self, job: Job) -> None:
        """A scheduled job goes elsewhere; the next one behind its key gets its turn. Not in a caller's thread."""
        particulars = job._particulars
        if particulars is not None:
            particulars.key_parked = 0
            if particulars.let_out:
                particulars.let_out = False
                self.let_out(job._options.key)
                self.core.refresh(self)
                self.core.wake()

    def __repr__(self) -> str:
        return f"<JobQueue {self.name} {self.running}/{self.maxthreads}>"
