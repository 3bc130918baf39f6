"""Backlog: where the scheduled jobs of one queue wait, highest priority first, first come first served within one.

All of it is guarded by the pool's lock. Entries that left without being taken (cancelled, moved) stay behind as stale
entries, are skipped when they come up, and are swept out when they are more than half: no step searches.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from nsjob.pool.job import SCHEDULED, Job
from nsjob.pool.waiting import Ticket

if TYPE_CHECKING:
    from nsjob.pool.ranges import Range

__all__ = ["HEAD", "NOWHERE", "TICKET", "Backlog", "Seat"]

HEAD = 256  # above all priorities: `head`, `run`
TICKET = 257  # above HEAD: jobs that wait to take their slot again
NOWHERE = -1  # not in a bucket: delayed, waiting for other jobs, parked behind its key, running or done
_SWEEP_FROM = 64


_EMPTY: deque[Any] = deque(maxlen=0)


class Seat:
    """Where a job or ticket waits that did not come by being queued: run next, put back, arrived, moved, let out of
    its key.

    A job waits in one place, and `_where` says in which: a number for the one entry that queueing made, which is the
    job itself, or else its latest Seat. So an older entry can never come to life again.
    """

    __slots__ = ("entry", "order", "place")
    _where = None  # no place of a job's own entry: who compares it sees that this is none

    def __init__(self, entry: Holder, place: int, order: int = 0) -> None:
        self.entry = entry
        self.place = place  # whose bucket it is in
        # Among those that were let out of their keys, or called back: the order in which they had come up, or had been
        # queued; less than 0 for those that were moved to the front, and go before them.
        self.order = order


Entry = Job | Seat
Holder: TypeAlias = "Job | Ticket | Range"


def _waiting(entry: Entry, place: int) -> Holder | None:
    """Who waits by this entry, or None where it is stale."""
    if type(entry) is Seat:
        holder = entry.entry
        return holder if holder._where is entry and holder.state is SCHEDULED else None
    job: Any = entry
    return job if job._where == place and job.state is SCHEDULED else None


class Backlog:
    """Buckets by priority and a bit mask of those that may hold entries. Every step is O(1), amortised."""

    __slots__ = ("buckets", "first", "fronts", "mask", "rank", "stale")

    def __init__(self) -> None:
        self.buckets: dict[int, deque[Entry]] = {}
        self.mask = 0
        self.rank = NOWHERE  # of the bucket that is looked into first: none above it holds entries
        self.first: deque[Entry] = _EMPTY  # that bucket
        self.stale = 0
        self.fronts = 0  # the order of who was moved to the front last; see Seat

    def bucket(self, place: int) -> deque[Entry]:
        """Return the bucket for `place`, made where it is missing. Changes nothing that counts."""
        found = self.buckets.get(place)
        if found is None:
            found = self.buckets[place] = deque()
        return found

    def put(self, holder: Holder, place: int, first: bool = False) -> None:
        """Let somebody wait at the end of the bucket, or at its front. Never in a caller's thread."""
        seat = Seat(holder, place)
        holder._where = seat
        bucket = self._bucket_to_fill(place)
        if first:
            bucket.appendleft(seat)
        else:
            bucket.append(seat)

    def put_among_first(self, holder: Holder, place: int, order: int) -> None:
        """Let somebody wait before all of the bucket, save those who wait so too and are of a lower order."""
        seat = Seat(holder, place, order)
        holder._where = seat
        bucket = self._bucket_to_fill(place)
        before = 0
        for entry in bucket:
            if type(entry) is not Seat or not entry.order or entry.order > order:
                break
            before += 1
        bucket.insert(before, seat)

    def put_first(self, holder: Job, place: int) -> None:
        """Let a job wait before all of the bucket, also before those that will be let out of their keys."""
        self.fronts -= 1
        seat = Seat(holder, place, self.fronts)
        holder._where = seat
        self._bucket_to_fill(place).appendleft(seat)

    def put_beside(self, holder: Job, other: Job, offset: int) -> None:
        """Let a job wait just before another one that waits here (offset 0), or just behind it (1). Searches it."""
        entry: Any = other._where
        place, order = (entry.place, entry.order) if type(entry) is Seat else (entry, 0)
        if type(entry) is not Seat:
            entry = other
        seat = Seat(holder, place, order)
        holder._where = seat
        bucket = self._bucket_to_fill(place)
        bucket.insert(bucket.index(entry) + offset, seat)

    def _bucket_to_fill(self, place: int) -> deque[Entry]:
        bucket = self.bucket(place)
        self.mask |= 1 << place
        if place > self.rank:
            self.rank = place
            self.first = bucket
        return bucket

    def top(self) -> int:
        """Return the place of who is next, or NOWHERE. Drops stale entries that have come up."""
        while self.mask:
            place = self.rank = self.mask.bit_length() - 1
            bucket = self.first = self.buckets[place]
            while bucket:
                if _waiting(bucket[0], place) is not None:
                    return place
                bucket.popleft()
                if self.stale:
                    self.stale -= 1
            self.mask &= ~(1 << place)
        return NOWHERE

    def pop(self) -> Holder | None:
        """Take out who is next, or None where nobody waits."""
        while self.mask:
            place = self.rank = self.mask.bit_length() - 1
            bucket = self.first = self.buckets[place]
            while bucket:
                entry: Any = bucket.popleft()
                # `_waiting`, written out for the commonest case
                holder = entry if type(entry) is not Seat and entry._where == place else _waiting(entry, place)
                if holder is not None and holder.state is SCHEDULED:
                    holder._where = NOWHERE
                    if not bucket:
                        self.mask &= ~(1 << place)
                    return cast("Holder", holder)
                if self.stale:
                    self.stale -= 1
            self.mask &= ~(1 << place)
        return None

    def sweep(self, scheduled: int) -> None:
        """Rebuild the buckets where more entries are stale than jobs are scheduled. O(1), amortised."""
        if self.stale < _SWEEP_FROM or self.stale < scheduled:
            return
        kept = {
            place: deque(entry for entry in bucket if _waiting(entry, place) is not None)
            for place, bucket in self.buckets.items()
        }
        first = kept.get(self.rank, _EMPTY)
        # Stores without a call between them: an exception in a caller's thread finds all or nothing.
        self.buckets = kept
        self.first = first
        self.stale = 0
