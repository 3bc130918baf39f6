"""A model of the pool: what is to run next, what becomes of each job, and what each verb answers or refuses.

Slow and plain on purpose. It has no threads: a job runs from `start` to `finish`, both called by the test. What the
pool must tell its listeners because of a step is left in `due`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

HEAD = 256
GRACE = 2.0
OUTCOMES = ("ok", "error", "cancelled", "timeout", "expired")


class Refused(Exception):
    """The verb raises the error of that name."""


@dataclass(eq=False)
class ModelJob:
    queue: ModelQueue
    id: str = ""
    priority: int = 127
    head: bool = False
    key: str | None = None
    unique: str | None = None
    detached: bool = False
    owned: bool = False  # by its handle: submit, executor
    retries: int = 0
    backoff: float = 0.0
    limit: float | None = None
    expires: float | None = None  # a moment
    not_before: float | None = None  # a moment
    after: list[ModelJob] = field(default_factory=list)
    state: str = "scheduled"
    outcome: str = ""
    attempt: int = 0
    place: tuple[int, int] = (0, 0)  # the higher, the sooner
    asked: str = ""  # why it was asked to end
    cancelled: bool = False
    snoozed: float = 0.0
    late: float | None = None  # when its time limit is over
    grace: float | None = None  # when it is written off
    waited: bool = False

    @property
    def req(self) -> str:
        return "cancel" if self.cancelled else "wait" if self.waited else "none"

    def __repr__(self) -> str:
        parts = {
            "place": self.place,
            "key": self.key,
            "not_before": self.not_before,
            "after": [j.id for j in self.after],
        }
        queue = self.queue
        return f"<{queue.name} {self.id} {self.state} {parts}, paused {queue.paused}, {len(queue.of('running'))} run>"

    @property
    def aside(self) -> bool:
        return self.detached or self.owned


@dataclass(eq=False)
class ModelQueue:
    name: str
    maxthreads: int
    maxqueued: int | None = None
    maxperkey: int | None = None
    onerror: str = "continue"
    req: str = "none"
    paused: bool = False
    jobs: dict[str, ModelJob] = field(default_factory=dict)
    done: list[ModelJob] = field(default_factory=list)  # of its jobs, in order of completion
    passed: list[ModelJob] = field(default_factory=list)  # done and gone in one step: a waiter may have seen them
    pausing: set[str] = field(default_factory=set)  # jobs whose failure pauses it once it is told; see `end`
    serial: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    top: int | None = None  # the place of its next job
    passed_by: set[ModelQueue] = field(default_factory=set)  # who was served while it stood there

    def of(self, state: str) -> list[ModelJob]:
        return [job for job in self.jobs.values() if job.state == state]

    def waitable(self) -> list[ModelJob]:
        return [job for job in self.jobs.values() if not job.aside]

    def next(self) -> ModelJob | None:
        running = self.of("running")
        if self.paused or len(running) >= self.maxthreads:
            return None
        keys = Counter(job.key for job in running if job.key is not None)
        free = [
            job
            for job in self.of("scheduled")
            if not job.after and job.not_before is None and (not self.maxperkey or keys[job.key] < self.maxperkey)
        ]
        return max(free, key=lambda job: job.place, default=None)


class Model:
    def __init__(self, cap: int | None, now: float) -> None:
        self.cap = cap
        self.now = now
        self.queues: dict[str, ModelQueue] = {}
        self.left: list[ModelJob] = []
        self.due: Counter[tuple[str, str, str, str]] = Counter()  # kind, queue, job, outcome
        self._order = 0

    # -- what runs next

    def startable(self) -> list[ModelJob]:
        """The jobs of which one must start now: where a cap binds, of queues of equal priority any whose turn it is."""
        chosen: list[ModelJob] = []
        for queue in self.queues.values():
            job = queue.next()
            top = job.place[0] if job else None
            if top != queue.top:
                queue.top = top
                queue.passed_by.clear()
            if job:
                chosen.append(job)
        if self.cap is not None and sum(len(queue.of("running")) for queue in self.queues.values()) >= self.cap:
            return []
        if self.cap is None or self.cap >= sum(queue.maxthreads for queue in self.queues.values()):
            return chosen  # each queue has slots of its own: which of them is first is not said
        best = max((job.place[0] for job in chosen), default=0)
        chosen = [job for job in chosen if job.place[0] == best]
        return [job for job in chosen if not any(job.queue in other.queue.passed_by for other in chosen)]

    def start(self, job: ModelJob) -> None:
        for queue in self.queues.values():
            if queue.top == job.place[0]:
                queue.passed_by.add(job.queue)
        job.queue.passed_by.clear()
        job.state, job.asked = "running", ""
        job.attempt += 1
        job.expires = None
        job.late = None if job.limit is None else self.now + job.limit

    def finish(self, job: ModelJob, how: str, snooze: float = 0.0) -> None:
        """The body returns (`ok`), raises (`error`), fails for good (`fail`) or leaves for a while (`snooze`)."""
        job.late = job.grace = None
        if job.cancelled:
            self.end(job, "cancelled")
        elif job.asked == "timeout":
            self._retry_or_end(job, "timeout")
        elif job.asked in ("requeue", "snooze") or how == "snooze":
            job.attempt -= 1
            self._put_back(job, job.snoozed if job.asked == "snooze" else snooze if not job.asked else 0.0)
        elif how == "error":
            self._retry_or_end(job, "error")
        else:
            self.end(job, "ok" if how == "ok" else "error")

    def _retry_or_end(self, job: ModelJob, outcome: str) -> None:
        if job.attempt > job.retries:
            self.end(job, outcome)
        else:
            self._put_back(job, job.backoff * 2 ** (job.attempt - 1))

    def _put_back(self, job: ModelJob, delay: float) -> None:
        job.state, job.asked = "scheduled", ""
        job.not_before = self.now + delay if delay else None
        job.place = self._behind(job.priority)
        self._tell("queued", job)

    def end(self, job: ModelJob, outcome: str, follows: bool = False) -> None:
        """The job is done.

        Arguments:
            follows: it ends because of another one that it came after. That takes the pool a moment, in which the slot
                of the other one can be given to a job that waits: the failure pauses the queue when it is told.
        """
        queue = job.queue
        leaves = job.aside or job.waited or outcome == "cancelled"
        job.state, job.outcome, job.late, job.grace = "done", outcome, None, None
        job.expires = job.not_before = None
        job.after = []
        queue.ended[outcome] += 1
        queue.done.append(job)
        self._tell("finished", job, outcome)
        if leaves:
            self.leave(job)
        for other in [other for queue in self.queues.values() for other in queue.of("scheduled") if job in other.after]:
            if job not in other.after:  # it has ended already, by another one that ended by this
                continue
            other.after.remove(job)
            if outcome != "ok":
                self.end(other, "error", follows=True)
            elif not other.after and other.not_before is None:
                other.place = self._arrival(other)
        if outcome not in ("ok", "cancelled"):
            if queue.onerror == "pause" and follows:
                queue.pausing.add(job.id)
            elif queue.onerror == "pause":
                queue.paused = True
            elif queue.onerror == "cancel":
                for other in queue.of("scheduled"):
                    self.end(other, "cancelled")

    def told(self, kind: str, queue: str, id: str) -> None:
        """The pool told of the end of a job."""
        found = self.queues.get(queue)
        if kind == "finished" and found is not None and id in found.pausing:
            found.pausing.remove(id)
            found.paused = True

    def leave(self, job: ModelJob) -> None:
        queue = job.queue
        del queue.jobs[job.id]
        if job in queue.done:
            queue.done.remove(job)
            if not job.waited and not job.aside:
                queue.passed.append(job)
        self.left.append(job)
        if queue.req == "delete" and not queue.jobs:
            self._drop(queue)

    def _drop(self, queue: ModelQueue) -> None:
        del self.queues[queue.name]
        self.due["queue deleted", queue.name, "", ""] += 1

    # -- time

    def next_due(self) -> float | None:
        """The next moment at which something happens by itself."""
        jobs = [job for queue in self.queues.values() for job in queue.jobs.values() if job.state != "done"]
        moments = [m for job in jobs for m in (job.not_before, job.expires, job.late, job.grace) if m is not None]
        return min(moments, default=None)

    def passes(self, moment: float) -> None:
        """It is that moment. At most one thing is due at a time."""
        self.now = moment
        for job in [job for queue in self.queues.values() for job in queue.jobs.values()]:
            if job.expires is not None and job.expires <= moment:
                self.end(job, "expired")
            elif job.not_before is not None and job.not_before <= moment:
                job.not_before = None
                if not job.after:
                    job.place = self._arrival(job)
            elif job.late is not None and job.late <= moment:
                job.late = None
                if not job.asked and not job.cancelled:  # the first reason stands
                    job.asked, job.grace = "timeout", moment + GRACE
            elif job.grace is not None and job.grace <= moment:
                self.end(job, "cancelled" if job.cancelled else "timeout")

    def _behind(self, priority: int) -> tuple[int, int]:
        self._order += 1
        return priority, -self._order

    def _arrival(self, job: ModelJob) -> tuple[int, int]:
        self._order += 1
        return (HEAD, self._order) if job.head and not job.attempt else (job.priority, -self._order)

    # -- verbs

    def find(self, queue: str) -> ModelQueue:
        if queue not in self.queues:
            raise Refused("NoSuchQueue")
        return self.queues[queue]

    def create(self, queue: ModelQueue, exist_ok: bool) -> None:
        if queue.name in self.queues:
            if exist_ok and self.queues[queue.name].req != "delete":
                return
            raise Refused("QueueExists")
        self.queues[queue.name] = queue
        self.due["queue created", queue.name, "", ""] += 1

    def delete(self, queue: ModelQueue, force: bool) -> None:
        queue.req = "delete"
        if not queue.jobs:
            self._drop(queue)
        elif force:
            for job in list(queue.jobs.values()):
                self.cancel(job)

    def refuse(self, queue: ModelQueue) -> None:
        """Where a queue takes no jobs, say why."""
        if queue.req != "none":
            raise Refused("QueueDraining" if queue.req == "drain" else "QueueClosed")

    def enter(self, job: ModelJob, jobid: str | None, ifnew: bool, after: list[ModelJob]) -> ModelJob:
        """The job that `queue` returns: this one, or an older one."""
        queue = job.queue
        self.refuse(queue)
        for other in queue.jobs.values():
            if job.unique is not None and other.unique == job.unique and other.state != "done":
                return other
        if jobid is not None and jobid in queue.jobs:
            if ifnew:
                return queue.jobs[jobid]
            raise Refused("JobExists")
        if queue.maxqueued is not None and len(queue.of("scheduled")) >= queue.maxqueued:
            raise Refused("QueueFull")
        while jobid is None:
            jobid = f"job{queue.serial}"
            queue.serial += 1
            jobid = None if jobid in queue.jobs else jobid
        job.id = jobid
        queue.jobs[job.id] = job
        self._tell("queued", job)
        job.after = [other for other in after if other.state != "done"]
        job.place = self._arrival(job)
        if any(other.state == "done" and other.outcome != "ok" for other in after):
            self.end(job, "error")
        return job

    def cancel(self, job: ModelJob) -> bool:
        if job.state == "scheduled":
            self.end(job, "cancelled")
            return False
        if job.state == "done":
            if job.queue.jobs.get(job.id) is job:
                self.leave(job)
            return False
        job.cancelled = True
        return True

    def kill(self, job: ModelJob) -> bool:
        was_running = self.cancel(job)
        if was_running:
            self.end(job, "cancelled")
        return was_running

    def requeue(self, job: ModelJob) -> None:
        if job.state != "running":
            raise Refused("WrongState")
        if not job.asked and not job.cancelled:
            job.asked = "requeue"

    def snooze(self, job: ModelJob, seconds: float) -> None:
        if job.state == "done":
            raise Refused("WrongState")
        if job.state == "running":
            if not job.asked and not job.cancelled:
                job.asked = "snooze"
            job.snoozed = seconds  # of two that come before it ends, the later one says for how long
        else:
            job.not_before = self.now + seconds

    def run(self, job: ModelJob) -> None:
        if job.state != "scheduled" or job.after:
            raise Refused("WrongState")
        job.not_before = None
        self._order += 1
        job.place = (HEAD, self._order)

    def edit(self, job: ModelJob, priority: int, key: str | None) -> None:
        if job.state != "scheduled":
            raise Refused("WrongState")
        if priority != job.priority and job.place[0] != HEAD and not job.after and job.not_before is None:
            job.place = self._behind(priority)
        job.priority, job.key = priority, key

    def move(self, job: ModelJob, first: bool) -> None:
        if job.state != "scheduled" or job.after or job.not_before is not None:
            raise Refused("WrongState")
        self._order += 1
        ahead = (job.place[0], self._order)
        job.place = ahead if first else (job.priority, -self._order)

    def retry(self, old: ModelJob, fresh: ModelJob) -> None:
        if old.state != "done":
            raise Refused("WrongState")
        self.refuse(old.queue)
        if old.queue.jobs.get(old.id) is old:
            # It is replaced, so its queue does not become empty.
            old.queue.done.remove(old)
            del old.queue.jobs[old.id]
            self.left.append(old)
        old.queue.jobs[old.id] = fresh
        fresh.place = self._behind(fresh.priority)
        self._tell("queued", fresh)

    def wait(self, queue: ModelQueue, id: str) -> ModelJob:
        """The done job that is handed over, or the refusal of a wait that does not wait."""
        job = queue.jobs.get(id)
        if job is None:
            raise Refused("NoSuchJob")
        if job.aside:
            raise Refused("JobDetached")
        if job.waited:
            raise Refused("JobWaited")
        if job.state != "done":
            raise Refused("WaitTimeout")
        self.leave(job)
        return job

    def waitany(self, queues: list[ModelQueue]) -> tuple[str, str] | str:
        for queue in queues:
            for job in queue.done:
                return queue.name, job.id
        if any(queue.waitable() for queue in queues):
            raise Refused("WaitTimeout")
        return ""

    def waitall(self, queue: ModelQueue, failfast: bool) -> list[ModelJob]:
        bad = [job for job in queue.done if job.outcome != "ok"]
        if failfast and bad:
            self.leave(bad[0])
            return bad[:1]
        if queue.of("scheduled") or queue.of("running"):
            raise Refused("WaitTimeout")
        done = list(queue.done)
        for job in done:
            self.leave(job)
        return done

    def _tell(self, kind: str, job: ModelJob, outcome: str = "") -> None:
        self.due[kind, job.queue.name, job.id, outcome] += 1
