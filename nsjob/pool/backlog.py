"""Backlog: where the scheduled jobs of one queue wait, highest priority first, first come first served within one.

All of it is guarded by the pool's lock. Entries that left without being taken (cancelled, moved) stay behind as stale
entries, are skipped when they come up, and are swept out when they are more than half: no step searches.
"""

from __future__ import annotations

from collections import deque

from nsjob.pool.job import SCHEDULED, Job
from nsjob.pool.waiting import Ticket

__all__ = ["HEAD", "NOWHERE", "TICKET", "Backlog"]

HEAD = 256  # above all priorities: `head`, `run`
TICKET = 257  # above HEAD: jobs that wait to take their slot again
NOWHERE = -1  # not in a bucket: delayed, waiting for other jobs, parked behind its key, running or done
_SWEEP_FROM = 64


class Backlog:
    """Buckets by priority and a bit mask of those that may hold entries. Every step is O(1), amortised.

    An entry is live where its job is scheduled and says that it waits in that very bucket.
    """

    __slots__ = ("buckets", "mask", "stale")

    def __init__(self) -> None:
        self.buckets: dict[int, deque[Job | Ticket]] = {}
        self.mask = 0
        self.stale = 0

    def bucket(self, place: int) -> deque[Job | Ticket]:
        """Return the bucket for `place`, made where it is missing. Changes nothing that counts."""
        found = self.buckets.get(place)
        if found is None:
            found = self.buckets[place] = deque()
        return found

    def put(self, job: Job | Ticket, place: int, first: bool = False) -> None:
        """Let `job` wait at the end of the bucket, or at its front. Callers' threads commit by hand."""
        bucket = self.bucket(place)
        self.mask |= 1 << place
        job._where = place
        if first:
            bucket.appendleft(job)
        else:
            bucket.append(job)

    def top(self) -> int:
        """Return the place of the job that is next, or NOWHERE. Drops stale entries that have come up."""
        while self.mask:
            place = self.mask.bit_length() - 1
            bucket = self.buckets[place]
            while bucket:
                job = bucket[0]
                if job._where == place and job.state is SCHEDULED:
                    return place
                bucket.popleft()
                if self.stale:
                    self.stale -= 1
            self.mask &= ~(1 << place)
        return NOWHERE

    def pop(self) -> Job | Ticket | None:
        """Take out the job that is next, or None where none waits."""
        while self.mask:
            place = self.mask.bit_length() - 1
            bucket = self.buckets[place]
            while bucket:
                job = bucket.popleft()
                if job._where == place and job.state is SCHEDULED:
                    job._where = NOWHERE
                    if not bucket:
                        self.mask &= ~(1 << place)
                    return job
                if self.stale:
                    self.stale -= 1
            self.mask &= ~(1 << place)
        return None

    def sweep(self, scheduled: int) -> None:
        """Rebuild the buckets where more entries are stale than jobs are scheduled. O(1), amortised."""
        if self.stale < _SWEEP_FROM or self.stale < scheduled:
            return
        kept = {
            place: deque(job for job in bucket if job._where == place and job.state is SCHEDULED)
            for place, bucket in self.buckets.items()
        }
        # Two stores without a call between them: an exception in a caller's thread finds all or nothing.
        self.buckets = kept
        self.stale = 0
