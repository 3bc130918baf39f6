"""Figures: how far the jobs are that somebody waits for, asked of the pool in few and cheap questions."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nsjob.errors import NsjobError
from nsjob.pool.pool import Pool
from nsjob.pool.records import Counts

__all__ = ["Batches", "Figures", "Pace", "Progress", "detailed"]

_MOST_JOBS = 5
_MOST_QUEUES = 50  # whose counts are added one by one; beyond, and for all queues, the whole pool's are taken
_MOST_BATCHES = 20
_WINDOW = 20.0  # seconds over which a pace is measured
_BREAK = 3.0  # seconds without a look after which it begins anew
_LEAST = 1.0  # seconds of measuring without which nothing is foretold


@dataclass(frozen=True, slots=True)
class Progress:
    """One job.

    Attributes:
        seconds: how long it has been running; None where it does not run.
        done, total, note: what it told by `job.progress`; None where it did not.
        rest: seconds that it will take yet, as far as can be told.
        reason: why it does not run.
    """

    queue: str
    job: str
    script: str
    seconds: float | None
    done: float | None
    total: float | None
    note: str
    rest: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What a wait is about.

    Attributes:
        queues: their names.
        done, total: jobs of this batch (see `Batches`).
        failed: of those, how many did not end ok.
        running, scheduled: jobs.
        rest: seconds until all are done, as far as can be told.
        job: the one that is waited for.
        others: some jobs that run.
        unnamed: how many more run.
        paused: whether nothing runs because all the queues with jobs are paused.
    """

    queues: tuple[str, ...]
    done: int
    total: int
    failed: int
    running: int
    scheduled: int
    rest: float | None
    job: Progress | None
    others: tuple[Progress, ...]
    unnamed: int
    paused: bool


class Pace:
    """How fast something goes on, over the last 20 seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, now: float, amount: float) -> None:
        """So much is done now."""
        seen = self._seen
        if seen and (amount < seen[-1][1] or now - seen[-1][0] > _BREAK):  # it began anew, or nobody looked
            seen.clear()
        seen.append((now, amount))
        while len(seen) > 2 and now - seen[1][0] >= _WINDOW:
            seen.popleft()

    def rest(self, amount: float) -> float | None:
        """Seconds until so much more is done; None where that cannot be told yet."""
        if amount <= 0 or len(self._seen) < 2:
            return None
        (begun, before), (now, after) = self._seen[0], self._seen[-1]
        if now - begun < _LEAST or after <= before:
            return None
        return amount * (now - begun) / (after - before)


class _Batch:
    """What has been seen of the jobs of some queues since they were queued together."""

    def __init__(self, counts: Counts) -> None:
        self.pace = Pace()
        self.begin(counts)

    def begin(self, counts: Counts) -> None:
        self.ended = _ended(counts) - counts.done  # before it; what is done and not taken yet belongs to it
        self.failed = _failed(counts)
        self.note(counts)

    def note(self, counts: Counts) -> None:
        self.seen = _ended(counts)
        self.end = self.seen + counts.scheduled + counts.running  # when so many have ended, all that is known has


class Batches:
    """Batches of jobs by their queues. One begins where somebody waits and all jobs of the one before have ended."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Batch] = {}

    def open(self, pool: Pool, queues: tuple[str, ...]) -> None:
        """A wait begins: from here on jobs are counted."""
        counts = _counts(pool, queues)
        if counts is None:
            return
        batch = self._known.get(queues)
        if batch is None:
            while len(self._known) >= _MOST_BATCHES:
                del self._known[next(iter(self._known))]
            self._known[queues] = _Batch(counts)
        elif batch.end <= _ended(counts) or _ended(counts) < batch.seen:
            batch.begin(counts)

    def look(self, pool: Pool, queues: tuple[str, ...], now: float) -> Figures | None:
        """The figures of some queues, without single jobs; None where a queue is gone."""
        counts = _counts(pool, queues)
        if counts is None:
            return None
        if queues not in self._known:
            self.open(pool, queues)
        batch = self._known.get(queues) or _Batch(counts)
        batch.note(counts)
        ended = _ended(counts)
        waiting = counts.scheduled + counts.running
        batch.pace.note(now, ended)
        done = max(ended - batch.ended, 0)
        return Figures(
            queues=queues,
            done=done,
            total=done + waiting,
            failed=max(_failed(counts) - batch.failed, 0),
            running=counts.running,
            scheduled=counts.scheduled,
            rest=batch.pace.rest(waiting),
            job=None,
            others=(),
            unnamed=0,
            paused=False,
        )


def detailed(pool: Pool, figures: Figures, job: str, paces: dict[tuple[str, str], Pace], now: float) -> Figures:
    """The figures with what single jobs tell.

    Arguments:
        job: the one that is waited for, or nothing.
    """
    own = _progress(pool, figures.queues[0], job, paces, now) if job else None
    others = [
        other
        for other in _running_jobs(pool, figures.queues, paces, now)
        if own is None or (other.queue, other.job) != (own.queue, own.job)
    ]
    paused = bool(figures.scheduled) and not figures.running and _all_paused(pool, figures.queues)
    return replace(figures, job=own, others=tuple(others), paused=paused)


def _all_paused(pool: Pool, queues: Sequence[str]) -> bool:
    chosen = set(queues)
    return all(queue.paused for queue in pool.queuelist() if queue.name in chosen and queue.scheduled)


def _running_jobs(pool: Pool, queues: Sequence[str], paces: dict[tuple[str, str], Pace], now: float) -> list[Progress]:
    """Some of the jobs that run, at most five, each in its place."""
    found: list[Progress] = []
    for queue, job in pool.running(*queues, most=2 * _MOST_JOBS):  # some may end meanwhile
        told = _progress(pool, queue, job, paces, now)
        if told is not None and told.seconds is not None:
            found.append(told)
            if len(found) == _MOST_JOBS:
                break
    return found


def _progress(pool: Pool, queue: str, job: str, paces: dict[tuple[str, str], Pace], now: float) -> Progress | None:
    """How far one job is; None where it is gone."""
    try:
        info = pool.info(queue, job)
        reason = pool.show(queue, job).reason if info.state == "scheduled" else ""
    except NsjobError:
        return None
    done, total, note = info.progress or (None, None, "")
    done, total = _real(done), _real(total)
    return Progress(
        queue=queue,
        job=job,
        script=info.script[:1000],
        seconds=info.time / 1000 if info.state == "running" else None,
        done=done,
        total=total,
        note=note,
        rest=_rest(paces, (queue, job), done, total, now),
        reason=reason,
    )


def _real(amount: float | None) -> float | None:
    """An amount as a float, which an integer may be too large for."""
    try:
        return None if amount is None else float(amount)
    except OverflowError:
        return sys.float_info.max


def _rest(
    paces: dict[tuple[str, str], Pace], key: tuple[str, str], done: float | None, total: float | None, now: float
) -> float | None:
    if done is None or not total:
        return None
    if key not in paces:
        if len(paces) >= 1_000:
            paces.clear()
        paces[key] = Pace()
    paces[key].note(now, done)
    return paces[key].rest(total - done)


def _counts(pool: Pool, queues: tuple[str, ...]) -> Counts | None:
    try:
        if len(queues) == 1:
            return pool.counts(queues[0])
        if len(queues) > _MOST_QUEUES or set(queues) == set(pool.queues()):
            return pool.counts()
        each = [pool.counts(queue) for queue in queues]
    except NsjobError:  # the queue is gone, and the wait will end with that
        return None
    return Counts(*(sum(getattr(counts, name) for counts in each) for name in Counts.__slots__))


def _ended(counts: Counts) -> int:
    return counts.ok + _failed(counts)


def _failed(counts: Counts) -> int:
    return counts.error + counts.cancelled + counts.timeout + counts.expired
