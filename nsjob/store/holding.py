"""Holding: what a pool knows of its lease, and of the jobs that it has taken.

Everything with `cursor` runs in the thread that commits, within a transaction that may be done again: it changes
nothing of the keeper's but by what it returns, which is called after the commit.
"""

from __future__ import annotations

import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nsjob.pool.ranges import Range
from nsjob.store import sql
from nsjob.store.commits import Commits
from nsjob.store.core import LocalRun, StoredCore
from nsjob.store.database import Database, Row
from nsjob.store.ends import End
from nsjob.store.queues import StoredQueue
from nsjob.store.rows import Languages, micro
from nsjob.store.serving import Serving
from nsjob.store.values import clean

if TYPE_CHECKING:
    from nsjob.store.watching import RunEvents

__all__ = ["Holding", "indexes_ahead"]

_WORTH = 1.0  # seconds of work of a range that are taken ahead
_ASKS = 3
_WAVERS = 20_000  # microseconds
_LARGEST = 20_000  # indexes that are taken at once


class Holding:
    """The lease of one pool, its slots, and the jobs that it has taken.

    Attributes:
        id: of the lease; None where there is none.
        leasing: whether jobs are taken.
        queues: as the store has them, by name.
        runs: what was taken and has not ended, by key.
    """

    def __init__(
        self,
        core: StoredCore,
        database: Database,
        name: str,
        lease: float,
        keep: float,
        threads: int | None,
        maxlosses: int,
        maxresult: int,
        languages: Languages,
        serving: Serving,
        arrived: Callable[[Sequence[End]], object],
    ) -> None:
        self._core = core
        self._database = database
        self.name = name
        self.host = socket.gethostname()
        self.lease = lease
        self.keep = micro(keep)
        self._threads = threads
        self.maxlosses = maxlosses
        self.leaving = False  # whether what is interrupted here is to go back
        self._maxresult = maxresult
        self._languages = languages
        self._arrived = arrived
        self.id: int | None = None
        self.epoch = 0
        self.leasing = threads != 0
        self.queues: dict[str, StoredQueue] = {}
        self.by_number: dict[int, StoredQueue] = {}
        self.runs: dict[int, LocalRun] = {}
        self.serves = serving
        self._lease = serving.lease(database.dialect)
        self._ends: deque[LocalRun] = deque()
        self._settling: list[LocalRun] = []
        self._dropping: deque[int] = deque()  # keys of ranges of which no more is to begin here
        self._posted = False
        self._extend_at = 0.0  # by the monotonic clock
        self._offset = 0  # of the database's clock to the monotonic one, microseconds
        self._ord = 0
        self.stamp = 0  # counts the changes of queues that are made here: what was read before one is older
        self._held_up: dict[int, StoredQueue] = {}  # by failures, by key
        self._pausing: list[StoredQueue] = []  # by the transaction that goes on
        self.defined = 0  # how many of the store's definitions there are here
        self.due: float | None = None  # when something is to be looked for, by the monotonic clock
        self.commits: Commits
        self._sure = database.unsure
        self.observers: RunEvents
        self.settle_at: float | None = None
        self.put_off: Callable[[float], object] = lambda moment: None  # have `wants` asked at that moment
        self._rates: dict[int, float] = {}  # of ranges: indexes a second
        self._claimed: dict[StoredQueue, list[Row]] = {}
        self._held_back: list[tuple[LocalRun, int]] = []  # tiny ones that start together, with their ranks
        self._claiming: list[StoredQueue] = []
        self.tallies: Counter[tuple[int, str]] = Counter()
        self.tallying = 0  # how often they are being kept just now
        self.tallied = 0  # how often that was begun
        self.tally_at: float | None = None
        self.capturing = False  # whether what bodies print may be kept
        self._heard: dict[int, Any] = {}  # up to where that has been looked at, by key
        self.speakers: dict[int, LocalRun] = {}  # runs that have said something since it was last kept

    # -- the clock -----------------------------------------------------------------------------------------------

    def set_clock(self) -> None:
        """Ask for the database's clock: of a few answers the one that came soonest is the most exact."""
        soonest = None
        for _ in range(_ASKS):
            asked = time.monotonic()
            now = int(self._database.read(lambda cursor: cursor.value(sql.NOW)))
            took = time.monotonic() - asked
            if soonest is None or took < soonest:
                soonest, self._offset = took, now - micro(asked + took / 2)

    def correct_clock(self, asked: float, took: float, now: int) -> None:
        """The database's clock said so when it was asked then. It may have been set; what wavers counts little.

        Arguments:
            took: seconds until it answered.
        """
        wrong = now - micro(asked) - self._offset
        if abs(wrong) > _WAVERS + 2 * micro(took):
            self._offset += wrong
        elif micro(took) < _WAVERS:
            self._offset += wrong // 8

    def now(self) -> int:
        """The time by the database's clock, as far as that is known without asking."""
        return micro(time.monotonic()) + self._offset

    def turn(self) -> int:
        """The next job's turn: later than all that were given here."""
        self._ord = max(self._ord + 1, self.now())
        return self._ord

    # -- the lease -----------------------------------------------------------------------------------------------

    def hungry(self, *numbers: int) -> None:
        """These queues may have work."""
        for number in numbers:
            queue = self.by_number.get(number)
            if queue is not None:
                queue.crowd.heard += 1  # before it: a lease that goes on may have been too early to see it
                queue.hungry = True

    def ahead(self, key: int, slots: int) -> int:
        """How many indexes of a range are to be taken beside those that begin at once."""
        return indexes_ahead(self._rates.get(key, 0.0), slots)

    # -- where and when runs are ---------------------------------------------------------------------------------

    def _tell(self, ends: list[End]) -> None:
        if ends:
            self._arrived(ends)

    def _number(self, job: LocalRun) -> int:
        queue = self.queues.get(job.queue)
        return queue.number if queue is not None else -1

    def _wall(self, moment: float) -> int:
        """A moment of the pool's clock by the database's."""
        return micro(moment) + self._shift()

    def _shift(self) -> int:
        """By how many microseconds the database's clock is ahead of the pool's."""
        return self.now() - micro(self._core.now())

    def _run(self, job: LocalRun, ended: int, outcome: str, reason: str) -> dict[str, Any]:
        """The record of a run that did not end ok, as the core has it; `outcome` and `reason` where that has none."""
        attempt, host, pid = job.attempt, self.host, os.getpid()
        past = job._particulars.runs[-1] if job._particulars is not None and job._particulars.runs else None
        if past is not None:
            past.settle()
            attempt, outcome, reason = past.attempt, past.outcome, past.reason
            if past.pid:
                host, pid = past.host, past.pid
        return {
            "job": job.key, "attempt": attempt, "started": self._wall(job._started), "ended": ended,
            "pool": self.name, "host": host, "pid": pid, "outcome": outcome, "reason": clean(reason),
        }  # fmt: skip

    def _ran(self, job: LocalRun | None = None) -> str:
        """Where runs are that run here, or where this one was."""
        host, pid = getattr(job, "_ran_at", None) or (self.host, os.getpid())
        return f"{self.name}\n{host}\n{pid}\n{self.id}"

    if TYPE_CHECKING:  # of the layers above

        def wants(self) -> bool: ...

        def index_ended(self, job: LocalRun, ranged: Range) -> None: ...


def indexes_ahead(rate: float, slots: int) -> int:
    """See Keeper.ahead. Of indexes that take long none is kept from other pools.

    Arguments:
        rate: how many end in a second.
    """
    return min(round(rate * _WORTH), _LARGEST) if rate > 2 * slots else 0
