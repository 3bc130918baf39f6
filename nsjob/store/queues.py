"""StoredQueue: what a pool knows of one queue of the store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nsjob.pool.options import NO_OPTIONS, JobOptions
from nsjob.store import sql
from nsjob.store.crowds import Crowd
from nsjob.store.database import Row
from nsjob.store.values import unpack

if TYPE_CHECKING:
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.work import Work
    from nsjob.snippet import Snippet
    from nsjob.store.core import StoredCore
    from nsjob.store.serving import Serving

__all__ = ["PlainRow", "StoredQueue"]

_TINY = 0.005
_SAMPLES = 8
_STALE = 5.0  # seconds


class PlainRow:
    """What jobs have in common that are queued with the same script and no options.

    Attributes:
        columns: of their rows.
        bare: whether the columns of sql.PLAIN_COLUMNS are all that they have.
        work, options: what they do where they run here, once that is known; and for what queue and serving.
    """

    __slots__ = ("bare", "columns", "local", "options", "serves", "work")

    work: Work
    options: JobOptions

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.columns: dict[str, Any] = {**columns, "plain": self}
        self.bare = all(columns[name] is None for name in sql.COLUMNS if name not in (*sql.PLAIN_COLUMNS, "id", "key"))
        self.local: JobQueue | None = None
        self.serves: Serving | None = None


class StoredQueue:
    """One queue.

    Attributes:
        number: its id in the store.
        held: the slots that this pool holds of it.
        wanted: how many it has said that it could use.
        share: of all slots, where others want more than they have; None where they do not.
        contested, heeded: how often it was found that this may have changed, and how many of those were looked at.
        begun: how many jobs it had taken to run at once when its share became smaller: those do.
        calm, sated: whether nothing more was to be had when that was last looked at; whether that is so for a while.
        taken: keys of the jobs that this pool has.
        crowd: what it knows of other pools that want its jobs.
        reacting: how many failures hold it up here until what it does then (`onerror`) is committed.
        hungry: whether it may have jobs to be taken.
    """

    def __init__(self, row: Row, made: Callable[[StoredQueue], JobQueue], capture: Callable[[], None]) -> None:
        self._made = made
        self.capture = capture
        self._local: JobQueue | None = None
        self.number: int = row["id"]
        self.name: str = row["name"]
        self.next_id = self.last_id = 0  # the block of ids that this pool has
        self.held = 0
        self.wanted = 0
        self.share: int | None = None
        self.begun = 0
        self.contested = self.heeded = 0
        self.calm = self.sated = False
        self.reacting = 0
        self.taken: set[int] = set()
        self.claims = 0  # in the transaction that goes on
        self.hungry = True
        self.crowd = Crowd()
        self.shrunk = False  # it has fewer slots than pools may hold
        self.idle_since = time.monotonic()
        self._runs = 0
        self._mean = 0.0
        self._settings = ""
        self._kept: object = None
        self.plain_rows: dict[tuple[Snippet, bool], PlainRow] = {}  # of jobs that were given no options
        self.ranges = False  # whether it has ranges that have not ended
        self.ranged_until = 0.0  # by the monotonic clock: what is read before may be older than what was done here
        self.update(row)

    def update(self, row: Row) -> None:
        """The store says this of it now."""
        if row["maxthreads"] > getattr(self, "maxthreads", 0) or (getattr(self, "paused", False) and not row["paused"]):
            self.hungry = True
        self.maxthreads: int = row["maxthreads"]
        if row["paused"] or not self.reacting:  # else it may be paused by what is being committed
            self.pause(bool(row["paused"]))
        if "ranges" in row and time.monotonic() >= self.ranged_until:
            self.ranges = bool(row["ranges"])
        self.req: str = row["req"]
        self.created: int = row["created"]
        if row["settings"] != self._settings:
            self._settings = row["settings"]
            settings: dict[str, Any] = json.loads(self._settings)
            self.desc: str = settings.get("desc", "")
            self.maxqueued: int | None = settings.get("maxqueued")
            self.maxperkey: int | None = settings.get("maxperkey")
            self.onerror: str = settings.get("onerror", "continue")
            self.engine: str = settings.get("engine", "thread")
            self.engine_options: dict[str, Any] = settings.get("engine_options", {})
            self.pre: list[str] | None = settings.get("pre")
            self.post: list[str] | None = settings.get("post")
            self.onfinish: list[str] | None = settings.get("onfinish")
            self.lang: str = settings.get("lang", "")
        kept = row["defaults"]
        if kept != self._kept or not hasattr(self, "defaults"):
            self._kept = kept
            self.plain_rows.clear()
            self.kept_defaults = bytes(kept) if kept is not None else None
            given = unpack(self.kept_defaults) or {}
            if "retryon" in given:
                given["retryon"] = tuple(given["retryon"])
            self.defaults: JobOptions = NO_OPTIONS.changed(given)
        if self.held > self.maxthreads:
            self.shrunk = True
            self.hold(self.maxthreads, self.wanted)

    def busy(self) -> int:
        """How many of its jobs this pool has that want a slot: those that wait for others have given theirs back."""
        local = self._local
        known = len(self.taken) + self.claims
        return known if local is None else known - local.yielded + local.indexes  # a range yields to its indexes

    def note_range(self) -> None:
        """A range comes in."""
        self.ranges = True
        self.ranged_until = time.monotonic() + _STALE

    def pause(self, paused: bool) -> None:
        """Nothing of it is to start any more, what this pool has taken included; or all that goes on."""
        changed = paused != getattr(self, "paused", False)
        self.paused = paused
        if changed and self._local is not None:
            core = self._local.core
            core.locked(_pause, core, self._local, paused)
            self._resize()

    def hold_up(self) -> None:
        """Nothing of it is to start here until what comes of a failure is committed. Under the pool's lock."""
        self.reacting += 1
        if self._local is not None:
            self._local.calm = False
            self._local.held = True
            self._local.core.refresh(self._local)

    def go_on(self) -> None:
        """That is committed. What was held up starts again, unless the queue is paused."""
        self.reacting -= 1
        self._resize()

    def hold(self, slots: int, wanted: int) -> None:
        """This pool has so many slots now, and could use so many."""
        self.held, self.wanted = slots, wanted
        self._resize()

    def divide(self, share: int | None, heeded: int, begun: int) -> None:
        """No more of its jobs are to start here than that, so that slots come free; or as many as there are slots."""
        self.heeded = heeded
        self.share = share
        self.begun = begun
        self._resize()

    def thin(self) -> None:
        """Some of its jobs have ended."""
        if self.begun > len(self.taken):
            self.begun = len(self.taken)
            self._resize()

    @property
    def usable(self) -> int:
        """How many of its jobs may run here."""
        return self.held if self.share is None else min(self.held, max(self.share, self.begun))

    def running(self) -> int:
        """How many of its jobs run here, those that wait for others not counted."""
        return self._local.running if self._local is not None else 0

    def ranges_here(self) -> int:
        """How many parts of ranges this pool has."""
        return self._local.ranges if self._local is not None else 0

    def _resize(self) -> None:
        if self._local is not None:
            core = self._local.core
            core.locked(_resize, core, self._local, self.usable, self._stands())

    def _stands(self) -> bool:
        """Whether nothing of it is to start here."""
        return bool(self.paused or self.reacting or (self.held and not self.usable))

    def local(self, core: StoredCore) -> JobQueue:
        """Where its jobs run here."""
        if self._local is None or core.queues.get(self.name) is not self._local:
            self._local = self._made(self)
        if self.held and self._local.maxthreads != self.usable:
            self._resize()
        if self._local.paused != self.paused:
            core.locked(_pause, core, self._local, self.paused)
        return self._local

    def dress(self, work: Work, local: JobQueue) -> Work:
        """Work with what its queue puts around it."""
        from nsjob.pool.work import Hooked, Hosted

        if local.host is not None:
            work = Hosted(local.host, work)
        if local.before is not None or local.after is not None:
            work = Hooked(local.before, work, local.after)
        return work

    # -- how long its jobs take ------------------------------------------------------------------------------------

    def took(self, seconds: float) -> None:
        """One of its jobs took that long."""
        self._runs += 1
        self._mean += (seconds - self._mean) / min(self._runs, 32)

    def forget_mean(self) -> None:
        """Its jobs are not what they were."""
        self._runs = 0
        self._mean = 0.0

    def puts_off(self, now: float) -> bool:
        """Whether it is not to be asked for work now, but at the crowd's `ask_at`."""
        return self.crowd.puts_off(now) and self.tiny()

    def tiny(self) -> bool:
        """Whether its jobs are so short that they are had in batches."""
        return self._runs >= _SAMPLES and self._mean < _TINY and self.maxperkey is None


def _pause(core: Any, queue: JobQueue, paused: bool) -> None:
    if queue.paused == paused:
        return
    queue.calm = False
    if paused:
        queue.paused = queue.held = True
    else:
        core.wake()
        core.commit_resume(queue)
    core.refresh(queue)
    core.wake()


def _resize(core: Any, queue: JobQueue, slots: int, stands: bool) -> None:
    """Let so many of its jobs run here, or none begin.

    Arguments:
        slots: how many; 0 leaves the number as it was.
        stands: whether none is to begin.
    """
    resized = slots and queue.maxthreads != slots
    if resized or queue.held != stands:
        core.wake()
        if resized:
            core.commit_resize(queue, slots)
        queue.calm = False
        queue.held = stands
        core.refresh(queue)
        core.wake()
