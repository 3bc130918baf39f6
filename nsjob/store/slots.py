"""Slots: how many of a queue's jobs each pool may run at once, so that all pools together keep its cap.

A pool holds a number of slots of a queue under its lease, and the store knows how many it could use. Where there are
not enough for all, each has its share (max-min fairness): who has more gives that up as its runs end.

Everything with `cursor` runs in the thread that commits, within a transaction that may be done again: it changes
nothing of the keeper's but by what it returns, which is called after the commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from nsjob.store import sql
from nsjob.store.database import Cursor, Row
from nsjob.store.queues import StoredQueue
from nsjob.store.settling import Settling

__all__ = ["Slots", "shares"]

_AHEAD = 64  # tiny jobs reserved for each slot
_MOST_AHEAD = 512


def shares(slots: int, wanted: Mapping[int, int]) -> dict[int, int]:
    """Divide slots among pools by max-min fairness; what cannot be divided goes to the oldest of them.

    Arguments:
        wanted: by pool, how many it could use.
    """
    found = dict.fromkeys(sorted(wanted), 0)
    while slots:
        open_ = [pool for pool in found if found[pool] < wanted[pool]]
        if not open_:
            break
        each = max(slots // len(open_), 1)
        for pool in open_[:slots]:
            more = min(each, wanted[pool] - found[pool])
            found[pool] += more
            slots -= more
    return found


class Slots(Settling):
    """The slots of one pool."""

    def wants(self) -> bool:
        """Whether a transaction is wanted for the lease's or some queue's sake."""
        if not self.leasing:
            return False
        now = time.monotonic()
        return now >= self._extend_at or any(
            (queue.hungry and not queue.puts_off(now) and self._room(queue)) or self._unsettled(queue)
            for queue in self.by_number.values()
        )

    def next_ask(self) -> float | None:
        """When the next of those queues is to be asked for work that it puts off; None where there is none."""
        now = time.monotonic()
        queues = list(self.by_number.values())
        return min((queue.crowd.ask_at for queue in queues if queue.hungry and queue.puts_off(now)), default=None)

    def _room(self, queue: StoredQueue) -> int:
        """How many more jobs of the queue could be had here."""
        if queue.paused or not self.serves(queue):
            return 0
        slots = self._slots(queue)
        taken = queue.busy()
        if queue.tiny():
            ahead = ahead_of(slots)
            return ahead - taken if taken <= ahead // 2 else 0
        return max(slots - taken, 0)

    def _slots(self, queue: StoredQueue) -> int:
        """How many of its jobs may run here at once, as far as slots are had for them."""
        most = self._use(queue)
        return most if queue.share is None else min(most, queue.share)

    def _use(self, queue: StoredQueue) -> int:
        """How many of its jobs could run here at once."""
        if self._threads is None:
            return queue.maxthreads
        elsewhere = sum(min(other.busy(), other.held) for other in self.by_number.values() if other is not queue)
        return min(queue.maxthreads, max(self._threads - elsewhere, 0))

    # -- shares --------------------------------------------------------------------------------------------------

    def compare(self, rows: Iterable[Row]) -> None:
        """What the pools hold and want of the queues of which this one has slots. In the bell's thread."""
        pool = self.id
        by_queue: dict[int, list[Row]] = {}
        for row in rows:
            by_queue.setdefault(row["queue"], []).append(row)
        for queue in list(self.by_number.values()):
            found = by_queue.get(queue.number, [])
            if pool is not None and _share(queue.maxthreads, pool, _own(pool, found), found) != queue.share:
                queue.contested += 1

    def look_at_wishes(self) -> None:
        """See which queues have had nothing more for this pool since this was last called. In the bell's thread."""
        for queue in list(self.by_number.values()):
            queue.sated = queue.calm and not queue.hungry and queue.wanted > 0
            queue.calm = not queue.hungry
            if self._unsettled(queue):
                self.commits.ring()

    def _settle_slots(self, cursor: Cursor, queue: StoredQueue, pool: int, after: list[Callable[[], object]]) -> bool:
        """Give up slots that others shall have, and wishes that are fulfilled. Returns whether there were any."""
        if not self._unsettled(queue):
            return False
        if queue.contested != queue.heeded:
            heeded = queue.contested  # before the rows are read: what is found later is looked at once more
            rows = cursor.rows(sql.SLOTS, queue=queue.number)
            share = _share(queue.maxthreads, pool, _own(pool, rows), rows)
            after += [partial(self._divide, queue, share, heeded), self.commits.ring]
            return True
        kept = self._kept(queue)
        wanted = kept if self._sated(queue) else max(queue.wanted, kept)
        if kept or wanted:
            cursor.run(sql.HOLD, pool=pool, queue=queue.number, slots=kept, wanted=wanted)
        else:
            cursor.run(sql.LET_GO, pool=pool, queue=queue.number)
        if self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_SLOTS, queue=queue.number, pool=pool)
        after.append(partial(queue.hold, kept, wanted))
        return True

    def _sated(self, queue: StoredQueue) -> bool:
        """Whether this pool has no use for more slots than it has jobs."""
        return self.leaving or (queue.sated and not queue.hungry)

    def _unsettled(self, queue: StoredQueue) -> bool:
        """Whether something about its slots is to be changed. Asked of all queues for each commit."""
        if queue.contested != queue.heeded:
            return True
        return (queue.share is not None or queue.sated or self.leaving) and self._spares(queue)

    def _spares(self, queue: StoredQueue) -> bool:
        """Whether this pool has slots that others shall have, or a wish that nothing is behind any more."""
        return self._kept(queue) < queue.held or (self._sated(queue) and queue.wanted > queue.held)

    def _kept(self, queue: StoredQueue) -> int:
        """How many slots this pool goes on to hold. No more than those run here: see StoredQueue.divide."""
        if not queue.held or (queue.share is None and not self.leaving):
            return queue.held
        wanted = queue.held if queue.share is None else queue.share
        there = len(queue.taken) + queue.claims
        if self._sated(queue) and not queue.ranges_here():  # those begin more by themselves
            wanted = min(wanted, there)
        return min(queue.held, max(wanted, queue.begun, queue.running(), min(there, 1)))

    def _divide(self, queue: StoredQueue, share: int | None, heeded: int) -> None:
        """That is this pool's share from now on. What it has taken to run at once does not wait for another slot."""
        runs = [self.runs.get(key) for key in list(queue.taken)]
        begun = sum(run is not None and not run.reserved and run.tally is None for run in runs)
        queue.divide(share, heeded, begun)

    def _grant(self, cursor: Cursor, queue: StoredQueue, pool: int) -> tuple[int, Callable[[], object] | None]:
        """Hold as many slots as could be used and are free, over all pools; returns how many, and what comes after."""
        known = cursor.row(sql.LOCK_QUEUE, queue=queue.number)
        if known is None or known["paused"]:
            return queue.held, None
        rows = cursor.rows(sql.SLOTS, queue=queue.number)
        wanted = self._use(queue)
        share = _share(known["maxthreads"], pool, wanted, rows)
        free = known["maxthreads"] - sum(row["slots"] for row in rows if row["pool"] != pool)
        most = wanted if share is None else max(min(wanted, share), queue.held)
        granted = max(min(most, free), 0)
        if (granted, wanted) != (queue.held, queue.wanted) or queue.shrunk:
            cursor.run(sql.HOLD, pool=pool, queue=queue.number, slots=granted, wanted=wanted)
            if granted < wanted and self._database.dialect == "postgresql":
                cursor.rows(sql.NOTIFY_ALL)
        elif share == queue.share:
            return granted, None
        return granted, partial(self._granted, queue, granted, wanted, share)

    def _granted(self, queue: StoredQueue, slots: int, wanted: int, share: int | None) -> None:
        queue.shrunk = False
        queue.hold(slots, wanted)
        self._divide(queue, share, queue.heeded)
        for run in [run for key in list(queue.taken) if (run := self.runs.get(key)) is not None]:
            ranged = run._particulars.range if run._particulars is not None else None
            if ranged is not None:  # it may have more indexes under way
                self._core.locked(self.index_ended, run, ranged)


def ahead_of(slots: int) -> int:
    """How many tiny jobs are reserved for so many slots."""
    return min(slots * _AHEAD, _MOST_AHEAD)


def _own(pool: int, rows: Iterable[Row]) -> int:
    """How many slots a pool has said that it could use."""
    return max((row["wanted"] for row in rows if row["pool"] == pool), default=0)


def _share(slots: int, pool: int, own: int, rows: Sequence[Row]) -> int | None:
    """A pool's share, where others want more than they have, or all have more than there is since a resize.

    None where it may have what they leave.

    Arguments:
        own: how many it could use.
        rows: what pools hold and want.
    """
    others = [row for row in rows if row["pool"] != pool]
    too_many = sum(row["slots"] for row in rows) > slots
    if all(row["wanted"] <= row["slots"] for row in others) and not too_many:
        return None
    share = shares(slots, {pool: own, **{row["pool"]: max(row["wanted"], row["slots"]) for row in others}})[pool]
    return min(share, max(slots - sum(row["slots"] for row in others), 0)) if too_many else share
