"""Entering: how jobs come into their queue."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from nsjob.errors import (
    JobExists,
    NoSuchJob,
    NoSuchQueue,
    OptionError,
    QueueClosed,
    QueueDraining,
    Reentered,
    WrongState,
)
from nsjob.pool.backlog import HEAD, NOWHERE
from nsjob.pool.context import PLACES
from nsjob.pool.endings import Endings, dependency_failed
from nsjob.pool.job import DONE, OK, SCHEDULED, Job, scheduled_job
from nsjob.pool.queue import JobQueue
from nsjob.pool.ranges import Range
from nsjob.pool.records import Left
from nsjob.pool.runs import pasts
from nsjob.pool.stores import stores
from nsjob.pool.work import Call, Work, inner

if TYPE_CHECKING:
    from nsjob.pool.options import JobOptions

__all__ = ["Entering", "refusal"]


class Entering(Endings):
    """Naming a job, finding its place, and letting it be seen, so that Ctrl-C finds all of it done or nothing."""

    def enter_plain(
        self, queue: JobQueue, work: Work, options: JobOptions, aside: bool, name: str | None = None
    ) -> Job:
        """Queue work without particular options: `guarded`, naming and `publish` in one.

        It is the pool's hottest path, so it is written out.

        Arguments:
            name: the caller's own id for the job.
        """
        place: Any = PLACES.get(get_ident())
        shielded = place is not None and place.shield()
        job = Job()
        job.state = SCHEDULED
        job.outcome = ""
        job.attempt = 0
        job._queue = queue
        job._work = work
        job._options = options
        job._context = copy_context() or None
        job._queued = self.now()
        job._where = rank = options.priority
        job._aside = aside
        job._particulars = None
        lock = self.lock
        try:
            lock.acquire(False) or self.contend()
            if queue.req != "none" or self.stopping:
                raise refusal(queue, self.stopping)
            table = queue.table
            if name is None:
                # No call stands between reading the serial number and storing the next: a finalizer gets another one.
                serial = queue.serial
                job.id = id = f"job{serial}"
                while id in table:  # a caller took that name
                    serial += 1
                    job.id = id = f"job{serial}"
                queue.serial = serial + 1
            else:
                if name in table:
                    if options.ifnew:
                        return table[name]
                    raise JobExists(name)
                job.id = id = name
            if self.subscriptions:
                self.tell("queued", job)
            if self.doors:
                self.outrank(queue, rank)
            backlog = queue.backlog
            if rank == backlog.rank:
                bucket = backlog.first
            else:
                bucket = backlog.bucket(rank)
                if rank > backlog.rank:
                    backlog.rank = rank
                    backlog.first = bucket
            if queue.running < queue.maxthreads and rank > queue.ready_at and not queue.held:
                self.make_ready(queue, rank)
            # From here on stores alone, and one C call at the end.
            table[id] = job
            self.live += 1
            if aside:
                queue.aside += 1
            if not bucket:
                backlog.mask |= 1 << rank
            bucket.append(job)
        finally:
            try:
                lock.release()
            except RuntimeError:  # interrupted before the lock was ours
                pass
            if shielded:
                place.unshield()
        return job

    def enter(self, job: Job) -> Job | None:
        """Give the job its id and its place. Under the lock. Returns the job, an older one, or None: no room."""
        queue = job._queue
        options = job._options
        if queue.req != "none" or self.stopping:
            raise refusal(queue, self.stopping)
        if options.unique is not None and options.unique in queue.uniques:
            return queue.uniques[options.unique]
        if options.jobid is not None and options.jobid in queue.table:
            if options.ifnew:
                return queue.table[options.jobid]
            raise JobExists(options.jobid)
        before: list[Job | Left] = [self._predecessor(queue, other) for other in options.after]
        failed = next((other for other in before if other.state is DONE and other.outcome is not OK), None)
        if queue.maxqueued is not None and queue.scheduled >= queue.maxqueued:
            return None
        self.name_job(queue, job)
        if self.subscriptions:
            self.tell("queued", job)
        pending = [other for other in before if other.state is not DONE]
        moments = (options.delay and self.now() + options.delay, options.at and options.at - self.epoch)
        until = max(moment or 0.0 for moment in moments)
        late_start = until > self.now() and not self.immediate
        held = bool(pending) or failed is not None or late_start
        ranged = job._particulars.range if job._particulars is not None else None
        if options.expires is not None:
            late = self.now() + options.expires if options.expires > 0 else -options.expires - self.epoch
            job.particulars().expiry = self.timers.at(late, self.expire, job)
        self.limit_lifetime(job)
        if held:
            particulars = job.particulars()
            particulars.pending = pending if failed is None else [*pending, failed]  # nothing else lets it run
            for other in pending:
                if isinstance(other, Job):
                    self.follow(other, job)
            if late_start:
                particulars.not_before = until
                particulars.start_timer = self.timers.at(until, self.arrive, job)
            if failed is not None:
                self.timers.soon(self.fail_dependent, job, dependency_failed(job, failed))
        self.remember_unique(job)
        waits = held or ranged is not None
        self.publish(job, NOWHERE if waits else HEAD if options.head else options.priority, options.head)
        if ranged is not None and not held:
            self.admit(job)
            self.wake()
        return job

    def enter_many(self, queue: JobQueue, jobs: list[Job]) -> list[Job] | None:
        """Give jobs their ids and places, all or none. Under the lock, not where Ctrl-C could land.

        Returns them, with older ones in the place of those that are there already; or None: no room.
        """
        if queue.req != "none" or self.stopping:
            raise refusal(queue, self.stopping)
        if all(job._options.plain for job in jobs):
            if queue.maxqueued is not None and queue.scheduled + len(jobs) > queue.maxqueued:
                return None
            self._enter_plain_ones(queue, jobs)
            return jobs
        fresh = self._check_many(queue, jobs)
        if queue.maxqueued is not None and queue.scheduled + fresh > queue.maxqueued:
            return None
        return [self.enter(job) or job for job in jobs]

    def _enter_plain_ones(self, queue: JobQueue, jobs: list[Job]) -> None:
        """Jobs without particular options get the next ids and wait at the end of those of their priority."""
        table = queue.table
        serial = queue.serial
        places: dict[int, list[Job]] = {}
        for job in jobs:
            id = f"job{serial}"
            while id in table:  # a caller took that name
                serial += 1
                id = f"job{serial}"
            serial += 1
            job.id = id
            job._where = rank = job._options.priority
            if rank in places:
                places[rank].append(job)
            else:
                places[rank] = [job]
        queue.serial = serial
        if self.subscriptions:
            for job in jobs:
                self.tell("queued", job)
        backlog = queue.backlog
        table.update([(job.id, job) for job in jobs])
        self.live += len(jobs)
        queue.aside += sum([job._aside for job in jobs])
        for rank, waiting in places.items():
            if self.doors:
                self.outrank(queue, rank)
            backlog.bucket(rank).extend(waiting)
            backlog.mask |= 1 << rank
            if rank > backlog.rank:
                backlog.rank = rank
                backlog.first = backlog.bucket(rank)
        self.refresh(queue)
        self.wake()

    def _check_many(self, queue: JobQueue, jobs: list[Job]) -> int:
        """See that all of these can enter, one after the other; returns how many of them would be new.

        Raises:
            JobExists, NoSuchJob, OptionError: one cannot.
        """
        table = queue.table
        ids: set[str] = set()
        uniques: set[str] = set()
        fresh = 0
        for place, job in enumerate(jobs):
            options = job._options
            try:
                if options.unique is not None:
                    if options.unique in queue.uniques or options.unique in uniques:
                        continue
                    uniques.add(options.unique)
                if options.jobid is not None:
                    if options.jobid in table or options.jobid in ids:
                        if options.ifnew:
                            continue
                        raise JobExists(options.jobid)
                for other in options.after:
                    if not (type(other) is str and other in ids):
                        self._predecessor(queue, other)
            except Exception as error:
                error.add_note(f"it is item {place} of those given to queue_many")
                raise
            if options.jobid is not None:
                ids.add(options.jobid)
            fresh += 1
        return fresh

    def name_job(self, queue: JobQueue, job: Job) -> None:
        """Give a job its id: the caller's, or the next."""
        id = job._options.jobid
        if id is None:
            serial = queue.serial
            id = f"job{serial}"
            while id in queue.table:  # a caller took that name
                serial += 1
                id = f"job{serial}"
            queue.serial = serial + 1
        job.id = id

    def publish(self, job: Job, place: int, first: bool) -> None:
        """Enter a new job and let it wait at `place`, or outside the backlog (NOWHERE). In a caller's thread."""
        queue = job._queue
        if place == NOWHERE:
            self._enter(queue, job)
            return
        bucket = queue.backlog.bucket(place)
        if self.doors:
            self.outrank(queue, place)
        if place > queue.ready_at and queue.running < queue.maxthreads and not queue.held:
            self.make_ready(queue, place)
        self._enter_waiting(queue, queue.backlog, job, place, bucket, bucket.appendleft if first else bucket.append)

    @stores
    def _enter(self, queue: JobQueue, job: Job) -> None:
        queue.table[job.id] = job
        self.live += 1
        if job._aside:
            queue.aside += 1

    @stores
    def _enter_waiting(
        self, queue: JobQueue, backlog: Any, job: Job, place: int, bucket: Any, append: Callable[[Job], object]
    ) -> None:
        queue.table[job.id] = job
        self.live += 1
        if job._aside:
            queue.aside += 1
        job._where = place
        if place > backlog.rank:
            backlog.rank = place
            backlog.first = bucket
        backlog.mask |= 1 << place
        append(job)

    def remember_unique(self, job: Job) -> None:
        """Let a job be found by its `unique`."""
        if job._options.unique is not None:
            job.particulars()  # by them it is seen that the job is no plain one
            self.commit_unique(job)

    @stores
    def commit_unique(self, job: Job) -> None:
        if job._options.unique is not None:
            job._queue.uniques[job._options.unique] = job

    def put_off(self, job: Job) -> Job:
        """A finalizer or signal handler queues a job while this thread holds the lock: the timers' thread enters it."""
        if job._options.after or job._options.unique is not None or job._queue.maxqueued is not None:
            raise Reentered("queue with after, unique or maxqueued")
        if self.stopping or job._queue.req != "none":
            raise QueueClosed
        self.name_job(job._queue, job)
        self.timers.soon(self.locked, self.enter_put_off, job)
        return job

    def enter_put_off(self, job: Job) -> None:
        """A job that a finalizer queued."""
        options = job._options
        if options.delay or options.at is not None:
            until = max(self.now() + options.delay, (options.at or 0.0) - self.epoch)
            self.publish(job, NOWHERE, False)
            self.postpone(job, until)
        else:
            self.publish(job, HEAD if options.head else options.priority, options.head)
        if options.expires is not None:
            late = self.now() + options.expires if options.expires > 0 else -options.expires - self.epoch
            job.particulars().expiry = self.timers.at(late, self.expire, job)
        self.limit_lifetime(job)

    def limit_lifetime(self, job: Job) -> None:
        """Let a new job end when its lifetime is over."""
        lifetime = job._options.lifetime
        if lifetime is not None:
            job.particulars().lifetime = self.timers.at(job._queued + lifetime, self.outlive, job)

    def again(self, queue: JobQueue, id: str) -> Job:
        """Queue a job once more that has ended. Under the lock, not where Ctrl-C could land."""
        old: Job | Left = queue.table.get(id) or self.left_record(queue, id)
        if isinstance(old, Job) and old.state is not DONE:
            raise WrongState(f"job {id} is {old.state}: only a job that has ended can be retried")
        if self.threads.in_lost_thread(queue, id):
            raise WrongState(f"job {id} cannot be retried while its lost thread still runs it")
        if isinstance(old, Job):
            work, options = old._work, old._options
        else:
            work, options = old.work, old.options
        options = options.changed({"jobid": id, "after": (), "delay": 0.0})
        particulars = old._particulars if isinstance(old, Job) else old.particulars
        ranged = particulars.range if particulars is not None else None
        aside = options.detached or (ranged is None and type(inner(work)) is Call)
        fresh = scheduled_job(queue, id, work, options, copy_context(), self.now(), aside)
        if ranged is not None and len(ranged.succeeded) == len(ranged.indexes):
            raise WrongState(f"job {id} cannot be retried: all its indexes have succeeded")
        fresh.particulars().runs = pasts(old)
        if queue.req != "none" or self.stopping:
            raise refusal(queue, self.stopping)
        if options.unique is not None and options.unique in queue.uniques:
            raise WrongState(f"job {id} cannot be retried: {queue.uniques[options.unique].id} is the same (unique)")
        if isinstance(old, Job):
            self.depart(queue, old)
        if self.subscriptions:
            self.tell("queued", fresh)
        self.remember_unique(fresh)
        self.limit_lifetime(fresh)
        if ranged is None:
            self.publish(fresh, options.priority, False)
        else:
            self.set_range(fresh, ranged.again(fresh))
            self.publish(fresh, NOWHERE, False)
            self.admit(fresh)
            self.wake()
        return fresh

    def set_range(self, job: Job, ranged: Range) -> None:
        """Let a new job stand for the indexes of a range."""
        particulars = job.particulars()
        particulars.range = ranged
        particulars.done, particulars.total = ranged.ended(), len(ranged.indexes)

    def _predecessor(self, queue: JobQueue, other: Any) -> Job | Left:
        """The job that `after` names, or what is remembered of it."""
        if isinstance(other, Job):
            if other._queue.core is not self:
                raise OptionError(f"after: job {other.id} is of another pool")
            return other
        if isinstance(other, (tuple, list)) and len(other) == 2 and all(isinstance(part, str) for part in other):
            queue, other = self._queue_named(other[0]), other[1]
        if not isinstance(other, str):
            raise OptionError(f"after takes ids, (queue, id) pairs and Job handles, but got {type(other).__name__}")
        found = queue.table.get(other)
        return found if found is not None else self.left_record(queue, other)

    def left_record(self, queue: JobQueue, id: str) -> Left:
        """What is remembered of a job that left. Searches the last 1,000, the latest first."""
        for record in reversed(self.left):
            if record[1] == id and record[0] is queue:
                return Left._make(record)
        raise NoSuchJob(id)

    def _queue_named(self, name: str) -> JobQueue:
        found = self.queues.get(name)
        if found is None:
            raise NoSuchQueue(name)
        return found


def refusal(queue: JobQueue, stopping: bool) -> QueueClosed | QueueDraining:
    """Why a queue takes no jobs."""
    return QueueDraining(queue.name) if queue.req == "drain" and not stopping else QueueClosed()
