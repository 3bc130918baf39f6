"""Crowds: which of several pools asks for a queue's tiny jobs, where many come and all pools hear of each (PostgreSQL).

To ask costs about as much for one job as for a hundred, so pools that race for each job pay several times for all of
them. One that is ahead of the others has the jobs by the batch; the others look now and then whether it has left any.
That one is who has a lock in the database that is gone with its connection.
"""

from __future__ import annotations

__all__ = ["Crowd"]

_WINDOW = 0.02  # seconds over which it is seen who has the jobs that come
_DENSE = 400  # words of new jobs in a second
_RARELY = 0.1  # seconds between two asks where another pool has them
_MISSES = 2
_PATIENCE = 0.01  # seconds from one miss to the next try
_FORGOTTEN = 0.1  # seconds after which a miss says nothing any more


class Crowd:
    """What one pool knows of the others that want one queue's jobs. All moments are the monotonic clock's.

    Attributes:
        heard: how often there was reason to ask.
        dense: whether there was much word of new jobs lately.
        session: in which session of the database this pool is ahead of the others; 0 where it is not.
    """

    def __init__(self) -> None:
        self.heard = 0
        self.dense = False
        self.session = 0
        self.ask_at = 0.0  # when to ask again, where another one has the jobs
        self._losing = False  # whether others had most of what came lately
        self._had = 0
        self._told = 0
        self._window = 0.0, 0, 0  # when, and after how much, that was last seen
        self._misses = 0  # how often in a row there was nothing to be had
        self._missed_at = 0.0

    def tell(self, now: float) -> None:
        """There was word of new jobs."""
        self._told += 1
        since, told, had = self._window
        if now - since >= _WINDOW:
            came = self._told - told
            self.dense = came >= _DENSE * (now - since)
            self._losing = 2 * (self._had - had) < came
            self._window = now, self._told, self._had

    def had(self, now: float, jobs: int, more: bool) -> None:
        """This pool has asked, and had so many.

        Arguments:
            more: whether there may be others.
        """
        self._had += jobs
        self.ask_at = now if more else now + _RARELY
        if jobs:
            self._misses = 0
        else:
            self._misses += 1
            self._missed_at = now

    def puts_off(self, now: float) -> bool:
        """Whether not to ask before `ask_at`."""
        return now < self.ask_at and self.dense and self._losing and not self.session

    def patience(self, now: float) -> float:
        """How many seconds to wait after word of a new job before it is asked for.

        Where jobs come one by one, and others are always there first, not all pools shall ask for each of them.
        """
        since = now - self._missed_at
        if self._misses < _MISSES or since >= _FORGOTTEN:
            return 0.0
        return max(_PATIENCE - since, 0.0)
