"""What a pool with a store tells while things happen: events of all jobs of the store, and of the runs here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from nsjob.errors import OptionError
from nsjob.pool.events import Event, Listener, Subscription
from nsjob.store import sql
from nsjob.store.schema import RUNNING as AT_WORK
from nsjob.store.tending import StoredTending
from nsjob.store.values import restored_error

if TYPE_CHECKING:
    from nsjob.store.core import LocalRun, StoredCore
    from nsjob.store.database import Cursor
    from nsjob.store.keeper import Keeper
    from nsjob.store.news import News

__all__ = ["Prospects", "RunEvent", "RunEvents", "StoredWatching"]

RunKind = Literal["started", "progress", "ended", "returned", "refused"]


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that happened to a run in this process.

    Attributes:
        kind: started, progress, ended (that is committed), returned to the store (it is retried, or put off), refused
            (the lease was lost under which it ran, and the job has gone to another pool).
        queue, job: which job.
        time: seconds since the epoch.
        attempt: which attempt it is, 1 for the first.
        outcome: of one that ended; of one that was returned, `retry`, `snoozed` or `requeued`.
        seconds: how long it ran.
        reason: why it did not end ok: an error's class and text.
        delay: seconds after which one that was returned runs again.
        done, total, note: of a progress.
    """

    kind: RunKind
    queue: str
    job: str
    time: float
    attempt: int
    outcome: str = ""
    seconds: float = 0.0
    reason: str = ""
    delay: float = 0.0
    done: float | None = None
    total: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Prospects:
    """What a pool may get to do yet.

    Attributes:
        ready: whether there are jobs for it that could run now.
        live: whether there are any for it that have not ended, wherever they are.
        closed: whether its queues take no more jobs.
        queues: how many queues it serves.
    """

    ready: bool
    live: bool
    closed: bool
    queues: int


_DRIFT = 60_000_000  # microseconds by which what is known of the database's clock may change at most


class RunEvents:
    """Those who listen to the runs of one pool.

    The pool's core tells it of what starts, the keeper of what became of it.
    """

    def __init__(self, core: StoredCore) -> None:
        self._core = core
        self._listeners: tuple[Any, ...] = ()

    def add(self, listener: Callable[[RunEvent], object]) -> Subscription:
        """Let a listener hear of what happens from now on."""
        made = Subscription(listener, self._forget)  # type: ignore[arg-type]
        if not self._listeners:
            self._core.guarded(self._core.subscribe, self)
        self._listeners = (*self._listeners, made)
        return made

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def _forget(self, listener: Subscription) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)

    def put(self, event: Event) -> None:
        """Something has happened here. Under the core's lock."""
        if event.kind not in ("started", "progress"):
            return
        queue = self._core.queues.get(event.queue)
        job = queue.table.get(event.job) if queue is not None else None
        attempt = job.attempt if job is not None else 1
        self.tell(RunEvent(
            "started" if event.kind == "started" else "progress", event.queue, event.job, event.time, attempt,
            done=event.done, total=event.total, note=event.note,
        ))  # fmt: skip

    def ended(self, job: LocalRun, kind: RunKind, outcome: str, reason: str) -> None:
        """What has become of a run is committed."""
        lasted = max(job._ended - job._started, 0.0) if job.attempt > 0 else 0.0
        moment = self._core.wall(job._ended)
        self.tell(RunEvent(kind, job.queue, job.id, moment, job.attempt, outcome, lasted, reason, job.back or 0.0))

    def tell(self, event: RunEvent) -> None:
        """Tell everyone."""
        for listener in self._listeners:
            listener.put(event)

    def finish(self) -> None:
        """The pool has ended."""
        for listener in self._listeners:
            listener.finish()


class StoredWatching(StoredTending):
    """The verbs of a pool with a store for those who watch."""

    _core: StoredCore
    _keeper: Keeper
    _feed: News
    _run_events: RunEvents
    _token: str
    _begun: int

    def subscribe(self, listener: Listener) -> Subscription:
        """Call `listener(event)` for every event of the store's jobs, whichever pool runs them. See Pool.subscribe.

        What other processes do is heard of within some 50 ms. A run that ends at once may be told of when it has.
        """
        if not callable(listener):
            raise OptionError(f"subscribe needs a callable, but got {type(listener).__name__}")
        self._core.guarded(lambda: None)
        subscription = Subscription(listener, self._feed.remove)
        self._feed.add(subscription)
        self._stir_bell()
        return subscription

    @property
    def name(self) -> str:
        """What the pool is called in the store."""
        return self._keeper.name

    @property
    def leases(self) -> bool:
        """Whether the pool runs jobs; a client does not."""
        return self._keeper.leasing

    def busy(self) -> int:
        """How many jobs this pool has that have not ended, or whose end is not committed."""
        return len(self._keeper.runs)

    def own_failures(self) -> list[tuple[str, str, Any]]:
        """The jobs that were queued here, have not ended well, and were not waited for: queue, id and error."""
        names = {queue.number: queue.name for queue in list(self._keeper.queues.values())}
        since = self._begun - _DRIFT
        found = self._read(lambda cursor: cursor.rows(sql.OWN_FAILURES, token=self._token, since=since))
        return [
            (names[row["queue"]], row["id"], restored_error(row["result"]))
            for row in found
            if row["queue"] in names and row["result"] is not None
        ]

    def own_live(self) -> dict[str, int]:
        """How many jobs that were queued here have not ended, by queue."""
        names = {queue.number: queue.name for queue in list(self._keeper.queues.values())}
        found = self._read(lambda cursor: cursor.rows(sql.OWN_LIVE, token=self._token))
        return {names[row["queue"]]: row["jobs"] for row in found if row["queue"] in names}

    def prospects(self) -> Prospects:
        """What this pool may get to do yet."""
        self._refresh()
        serves = self._keeper.serves
        served = [queue for queue in list(self._keeper.queues.values()) if serves.covers(queue)]
        numbers = {queue.number for queue in served}

        def look(cursor: Cursor) -> tuple[bool, bool]:
            ready = any(number in numbers for number in self._with_work(cursor))
            live = any(cursor.value(serves.live, queue=number, **serves.values) is not None for number in numbers)
            return ready, live

        ready, live = self._read(look)
        return Prospects(ready, live, all(queue.req != "none" for queue in served), len(served))

    def observe(self, listener: Callable[[RunEvent], object]) -> Subscription:
        """Call `listener(event)` for what happens to the runs in this process, on a thread of its own."""
        if not callable(listener):
            raise OptionError(f"observe needs a callable, but got {type(listener).__name__}")
        return self._run_events.add(listener)

    def running(self, *queues: str, most: int = 100) -> list[tuple[str, str]]:
        """The jobs that run now, in whichever process, as queue and id; `most` of them at most.

        Arguments:
            queues: of these; none for all. Those that are not there have none.
        """
        if any(name not in self._keeper.queues for name in queues) or not queues:
            self._refresh()
        known = [
            self._keeper.queues[name] for name in queues or list(self._keeper.queues) if name in self._keeper.queues
        ]
        found: dict[tuple[str, str], None] = {}
        for queue in known:
            rows = self._read(partial(_at_work, queue.number, most))
            found.update(dict.fromkeys((queue.name, row["id"]) for row in rows))
            if len(found) >= most:
                break
        chosen = {queue.name for queue in known}
        for run in list(self._keeper.runs.values()):  # some are only reserved, as far as the store knows
            if run.state == "running" and run.queue in chosen:
                found[run.queue, run.id] = None
        return list(found)[:most]


def _at_work(queue: int, most: int, cursor: Any) -> Any:
    return cursor.rows(sql.AT_WORK, queue=queue, state=AT_WORK, most=most)
