"""Prefetching: jobs that a worker is handed before their turn, so that it need not wait between tiny ones.

They stay scheduled, but stand in no backlog. One worker does one job after the other, so no cap is exceeded; and what
it has not begun can be called back, so whoever changes a queue finds each job either waiting or running. Places that
have such jobs stand in `doors`.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from time import sleep
from typing import TYPE_CHECKING, Any, Protocol, cast

from nsjob.pool.backlog import NOWHERE
from nsjob.pool.engine import Run
from nsjob.pool.job import RUNNING, SCHEDULED, Job
from nsjob.pool.turns import Turns
from nsjob.pool.work import Hosted

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.queue import JobQueue

__all__ = ["Ahead", "Prefetching"]

_LOOK, _PATIENCE = 0.0005, 0.25  # seconds
LOOK_EVERY = 0.002  # seconds; and for how long jobs wait behind another one before they are called back


class Ahead(Protocol):
    """The jobs that one worker was handed before their turn.

    Attributes:
        jobs: in the order of their turns.
        most: how many there may be now; set by the host.
        closed: whether it gets nothing more.

    All of it is called under the pool's lock, and none of it blocks.
    """

    jobs: deque[Job]
    most: int
    closed: bool

    def add(self, job: Job) -> None:
        """Let the worker have one more job."""

    def turn(self, job: Job) -> None:
        """The first one's turn has come; the run before it is over."""

    def settle(self) -> None:
        """The run whose turn it was is over, and none comes after it."""

    def call_back(self) -> bool:
        """Take back what the worker has not begun, to be found by `returned`.

        Returns whether that is all. Where it is not, the run before them is over.
        """

    def returned(self) -> list[Job]:
        """Those that were called back since the last time, in the order of their turns."""


class Prefetching(Turns):
    """Which jobs are handed over before their turn, and how they come back."""

    def prefetch(self, place: Any, queue: JobQueue, ahead: Ahead) -> None:
        """Take out as many plain jobs of the queue as may be handed over to who serves `place`. In a pool thread.

        Only where all slots are taken: idle ones come first; only its share of what waits; and only where it has less
        than half of what it may have, so that many are handed over at once.
        """
        room = ahead.most - len(ahead.jobs)
        if room <= len(ahead.jobs) or not self._may_prefetch(queue):
            return
        if ahead.closed or place.lost or place.thread is None or place.jobs + ahead.most >= self.most:
            return
        backlog = queue.backlog
        bucket = backlog.first
        room = min(room, len(bucket) // queue.maxthreads)
        while room > 0 and bucket:
            first: Any = bucket[0]
            if first._where != backlog.rank or type(first._work) is not Hosted or not _plain(first):
                break
            bucket.popleft()
            first._where = NOWHERE
            ahead.jobs.append(first)
            ahead.add(first)
            room -= 1
        if ahead.jobs:
            queue.prefetched = backlog.rank
            place.ahead = ahead
            self.doors[place] = None
            if not self.looking:
                self.looking = True
                self.timers.at(self.now() + LOOK_EVERY, self._look)

    def _may_prefetch(self, queue: JobQueue) -> bool:
        capped = self.cap is not None and self.cap < self.total
        freely = queue.prefetches and queue.simple and not queue.held and queue.running == queue.maxthreads
        return freely and not capped and self.prefetching and not self.special

    def next_ahead(self, place: Any, queue: JobQueue, now: float) -> Job | None:
        """Start the next of the jobs that were handed over before their turn, if any is left. In a pool thread.

        The slot is the one of the run before it.
        """
        ahead: Ahead = place.ahead
        self._put_back(place, ahead)
        if not ahead.jobs:
            self.let_worker_go(place, queue)
            return None
        job = ahead.jobs.popleft()
        ahead.turn(job)
        self.prefetch(place, queue, ahead)
        if not ahead.jobs:
            self.doors.pop(place, None)
        if job.state is SCHEDULED:
            return self._start(job, now, place)
        run = cast(Run, job._runner)  # it was seen that it had begun
        run.holding = True
        queue.yielded -= 1
        if run.reason == "kill":
            self.timers.soon(self.locked, self.stops.written_off, run)
        place.job = job
        place.run = run
        return job

    def let_worker_go(self, place: Any, queue: JobQueue) -> None:
        """Nothing is left that the worker was handed which the place keeps."""
        ahead, place.ahead = place.ahead, None
        ahead.settle()
        self.doors.pop(place, None)
        host: Any = queue.host
        if not host.park(ahead):
            self.endings.append(partial(host.release, ahead))

    # -- back again ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Call back what has waited too long behind another job; on the timers' thread."""
        self.locked(self._look_again)

    def _look_again(self) -> None:
        now = self.now()
        for place in list(self.doors):
            if place.job is not None and now - place.job._started >= LOOK_EVERY:
                place.ahead.call_back()
                self._put_back(place, place.ahead)
        self.looking = bool(self.doors)
        if self.looking:
            self.timers.at(now + LOOK_EVERY, self._look)

    def recall(self, place: Any) -> bool:
        """Let what was handed over to this place wait in its queue again, save what the worker has begun.

        Returns whether nothing has begun. Else the run before it is over. Under the lock, not in a caller's thread.
        """
        ahead: Ahead = place.ahead
        ahead.call_back()
        self._put_back(place, ahead)
        return not ahead.jobs

    def recall_returned(self, place: Any) -> None:
        """The host has called back what was handed over to this place. Not in a caller's thread."""
        if place.ahead is not None:
            self._put_back(place, place.ahead)

    def recall_job(self, job: Job) -> None:
        """See to it that the job waits in its queue, or runs. Under the lock, not in a caller's thread."""
        if job.state is SCHEDULED and job._where == NOWHERE:
            for place in list(self.doors):
                if job in place.ahead.jobs:
                    self.recall(place)
                    if job in place.ahead.jobs:
                        self._start_unseen(job, place)

    def recall_all(self) -> None:
        """Let everything that was handed over before its turn wait in its queue again. Outside the lock."""
        if self.doors:
            self.elsewhere(self.recall_now)

    def recall_and_see(self, queue: JobQueue | None = None) -> None:
        """The same, where nothing more is handed over; wait until it is seen what the workers have begun.

        All of that but the last of each is over, so it is a matter of hearing the answers.

        Arguments:
            queue: the one to whose workers nothing more is handed over; None where that is so for all.
        """
        self.recall_all()
        patience = _PATIENCE
        while self.doors and patience > 0 and self.locked(self._is_behind, queue):
            sleep(_LOOK)
            patience -= _LOOK

    def _is_behind(self, queue: JobQueue | None) -> bool:
        return any(queue is None or (place.job is not None and place.job._queue is queue) for place in self.doors)

    def recall_now(self) -> None:
        """The same, under the lock, not in a caller's thread."""
        for place in list(self.doors):
            self.recall(place)

    def is_over(self, run: Run) -> bool:
        """Whether the run's worker has begun another job already, or the run is that of one that waited behind another.

        It ends by itself then, as soon as its thread comes to it. Under the lock, not in a caller's thread.
        """
        place = run.slot
        return place in self.doors and not self.recall(place)

    def _put_back(self, place: Any, ahead: Ahead) -> None:
        back = ahead.returned()
        if not back:
            return
        gone = set(back)
        left = [job for job in ahead.jobs if job not in gone]
        ahead.jobs.clear()
        ahead.jobs.extend(left)
        if not left:
            self.doors.pop(place, None)
        for job in back:  # before those that were left, and behind those of other places that were queued before it
            job._queue.backlog.put_among_first(job, job._options.priority, int(job._queued * 1e9) + 1)
        self.refresh(back[0]._queue)
        self.wake()

    def _start_unseen(self, job: Job, place: Any) -> None:
        """A job's body has begun, and its thread has not seen the end of the one before it."""
        now = self.now()
        job.state = RUNNING
        job.attempt += 1
        job._started = now
        job._runner = run = Run(cast("Core", self), job)
        run.slot = place
        run.begun_at = now
        run.holding = False  # until it has the slot of the one before it
        job._queue.yielded += 1
        if self.subscriptions:
            self.tell("started", job)


def _plain(job: Any) -> bool:
    """Whether nothing particular is known of a job that waits by its own entry."""
    particulars = job._particulars
    ordinary = job._where == job._options.priority and job.state is SCHEDULED
    return ordinary and not job._options.watched and (particulars is None or particulars.bare)
