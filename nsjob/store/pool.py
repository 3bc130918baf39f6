"""StoredPool: a pool whose jobs, queues and definitions are in a database. The verbs that change something.

What a verb promises holds when it returns: it is committed. What it tells of other pools' jobs is what they have
committed.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any
from weakref import WeakValueDictionary

from nsjob.durations import seconds
from nsjob.errors import (
    OptionError,
    QueueExists,
    StoreError,
    WaitTimeout,
    brief,
)
from nsjob.pool.clock import Clock
from nsjob.pool.core import Core
from nsjob.pool.engine import OPTION_OF
from nsjob.pool.job import DONE, Job
from nsjob.pool.options import count, flag, name_text
from nsjob.pool.pool import Pool, _hook, _threads
from nsjob.pool.queue import JobQueue
from nsjob.pool.records import Settings
from nsjob.pool.verbs import nothing
from nsjob.pool.waiting import Audience
from nsjob.store import sql
from nsjob.store.bell import Bell
from nsjob.store.commits import Commits
from nsjob.store.contents import StoredDepot
from nsjob.store.core import LocalRun, StoredCore
from nsjob.store.database import Cursor, Database, Row
from nsjob.store.editing import StoredEditing
from nsjob.store.ends import End
from nsjob.store.entering import FIRST_BLOCK
from nsjob.store.finding import StoredFinding
from nsjob.store.job import StoredJob
from nsjob.store.keeper import Keeper
from nsjob.store.languages import Languages
from nsjob.store.many import StoredMany
from nsjob.store.news import News
from nsjob.store.queues import StoredQueue
from nsjob.store.ranging import StoredRanging
from nsjob.store.schema import DONE as ENDED
from nsjob.store.serving import Serving
from nsjob.store.templates import StoredTemplates
from nsjob.store.tending import StoredTending
from nsjob.store.values import keepable, pack
from nsjob.store.watching import RunEvents, StoredWatching

__all__ = ["StoredPool"]

_KEEP = 30 * 86_400.0
_MAXRESULT = 16 * 1024 * 1024


class StoredPool(
    StoredWatching, StoredFinding, StoredEditing, StoredTemplates, StoredRanging, StoredMany, StoredTending, Pool
):
    """A pool with a store. See Pool; and beside its arguments:

    Arguments:
        store: a URL (`sqlite:///jobs.db`, `postgresql://user@host/database`) or the path of a SQLite file.
        maxthreads: how many jobs this pool runs at once; 0 for none: a client, that queues, watches and waits.
        name: what the pool is called in the store; the machine's name and the process's number where none is given.
        lease: seconds for which what it has taken is its own without a word from it.
        keep: seconds for which jobs are kept after their end, unless they say otherwise.
        maxlosses: how many times a job may be lost with its pool before it ends in error.
        maxresult: how many bytes a job's value may have in the store.
        maxpoll: seconds between two looks at the store at most.
        queues, topics, timeout: which jobs it takes, and how long those may run that do not say so; see Serving.
        waiting: take nothing before `take_again`.

    Raises:
        OptionError, StoreUnavailable, StoreDamaged, StoreVersion.
    """

    _core: StoredCore

    def __init__(
        self,
        maxthreads: int | None = None,
        *,
        store: str | os.PathLike[str],
        capture_output: bool = False,
        immediate: bool = False,
        name: str | None = None,
        clock: Clock | None = None,
        lease: object = 60.0,
        keep: object = _KEEP,
        maxlosses: int = 3,
        maxresult: int = _MAXRESULT,
        maxpoll: object = 5.0,
        queues: Sequence[str] = (),
        topics: Sequence[str] = (),
        timeout: object = None,
        waiting: bool = False,
    ) -> None:
        self._closed = True
        if flag("immediate", immediate):
            raise OptionError("a pool is immediate, for tests, or has a store: not both")
        length, kept, longest = seconds(lease), seconds(keep), seconds(maxpoll)
        if length < 0.1:
            raise OptionError(f"lease must be 0.1 seconds or more, but got {brief(lease)}")
        if longest <= 0:
            raise OptionError(f"maxpoll must be more than 0 seconds, but got {brief(maxpoll)}")
        count("maxlosses", maxlosses, 1)
        count("maxresult", maxresult, 1)
        serving = Serving(queues, topics, None if timeout is None else seconds(timeout))
        serving.stopped = flag("waiting", waiting)
        client = maxthreads == 0 and maxthreads is not False
        import socket

        title = f"{socket.gethostname()}-{os.getpid()}" if name is None else name_text("name", name)
        super().__init__(None if client else maxthreads, capture_output=capture_output, name=title, clock=clock)
        self._closed = True
        self.languages = Languages(self)
        self._database = Database(store)
        self._core.keeper = self._keeper = Keeper(
            self._core, self._database, title, length, kept, 0 if client else maxthreads, maxlosses, maxresult,
            self.languages, serving, self._committed,
        )  # fmt: skip
        self._core.depot = StoredDepot(self._read, self._change)
        self._token = f"{title}-{os.urandom(6).hex()}"
        self._handles: WeakValueDictionary[int, StoredJob] = WeakValueDictionary()
        self._calls: dict[int, list[tuple[StoredJob, Callable[[Job], object]]]] = {}
        self._awaited: dict[int, int] = {}  # keys of jobs that somebody waits for, and how many do
        self._waited: set[tuple[str, str]] = set()  # (queue, id) of the waits by id
        self._own: set[int] = set()  # keys of the jobs that were queued here and have not ended, as far as is known
        self._news = 0  # counts what has happened
        self._lock = threading.Lock()  # of the blocks, and of these tables
        self._changes = Audience(self._core)
        self._early: dict[int, list[End]] = {}  # of jobs that come in, and end at once by those that they come after
        self._next_key = self._last_key = 0
        self._block = FIRST_BLOCK
        self._next_speech = 0.0
        self._next_release = 0.0
        self._next_return = 0.0
        self._take_at = None
        self._ask_lock = threading.Lock()
        self._overdue_at = 0.0
        self._draining = False
        sqlite = self._database.dialect == "sqlite"
        self._new_job = sql.NEW_JOB if sqlite else sql.NEW_JOB_POSTGRES
        self._new_plain = sql.NEW_PLAIN if sqlite else sql.NEW_PLAIN_POSTGRES
        self._feed = News(self._database, self._keeper.now)
        self._run_events = self._keeper.observers = RunEvents(self._core)
        keeper = self._keeper
        keeper.commits = self._commits = Commits(
            self._database, title, keeper.head, keeper.tail, keeper.busy, keeper.claims
        )
        self._commits.release = self._keeper.start_held_back
        self._commits.hurry = lambda: bool(self._awaited or self._watchers)
        keeper.put_off = self._ask_at
        self._keeper.set_clock()
        self._begun = self._keeper.now()
        self._refresh()
        self._keeper.define(self._database.read(lambda cursor: cursor.rows(sql.DEFINITIONS, number=0)))
        if self._keeper.leasing:
            self._commits.do(lambda cursor: None)  # the lease, before anything else
        works = self._keeper.leasing
        self._bell = Bell(self._database, title, longest, self._commits, self._look, self._tick, self._hear, works)
        self._closed = False

    def _new_core(self, clock: Clock, name: str, cap: int | None, settings: Settings) -> Core:
        return StoredCore(clock, name, cap, settings)

    @property
    def store(self) -> str:
        """The store's address, without a password."""
        return self._database.shown()

    # -- queues --------------------------------------------------------------------------------------------------

    def create(self, queue: str, maxthreads: int = 4, **given: Any) -> str:
        """Make a queue, for all pools of the store. See Pool.create.

        Arguments:
            engine: must be a name: another process has to find it, too.
            onfinish: must be a script. It runs in the pool that has committed the job's end: the one that ran it, or
                that cancelled it before it began, or found it expired or lost. It runs once, or not at all where that
                pool dies just then.
            lang: the language of its jobs' scripts, for shells: `languages_of_queues` tells it.
        """
        exist_ok = flag("exist_ok", given.pop("exist_ok", False))
        self._core.guarded(nothing)
        keepable("queueId", name_text("queueId", queue))
        self._refresh()
        known = self._keeper.queues.get(queue)
        if known is not None:
            if exist_ok and known.req != "delete":
                return queue
            raise QueueExists(queue)
        kept = self._settings(queue, maxthreads, given)
        unsure = self._database.unsure
        row = self._change(partial(_new_queue, queue, maxthreads, *kept))
        self._keeper.stamp += 1
        if row is None and not exist_ok and self._database.unsure == unsure:  # else it may be this very one
            self._core.locked(self._drop_local, queue)
            raise QueueExists(queue)
        self._refresh()
        self._tell_all()
        return queue

    def _settings(self, queue: str, maxthreads: int, given: Mapping[str, Any]) -> tuple[str, bytes | None]:
        """Check what `create` was given by making the queue that runs its jobs here; what the store keeps of it."""
        if not isinstance(given.get("engine", "thread"), str):
            raise OptionError(
                "a store keeps the name of a queue's engine, and other processes look for it: give a name"
            )
        settings = {name: value for name, value in given.items() if name in _SETTINGS and value is not None}
        engine = {name: value for name, value in given.items() if name in OPTION_OF}
        if engine:
            settings["engine_options"] = engine
        for hook in ("pre", "post", "onfinish"):
            script = given.get(hook)
            if hook == "onfinish" and callable(script):
                raise OptionError("a store keeps no callables: onfinish must be a script, which any pool of it can run")
            work = _hook(hook, script)
            if work is not None:
                settings[hook] = [getattr(work, "lang", ""), work.source]
        try:
            text_ = json.dumps(settings)
        except (TypeError, ValueError) as error:
            raise OptionError(f"the store keeps a queue's settings as JSON: {error}") from None
        rest = {name: value for name, value in given.items() if name not in ("lang", "onfinish")}
        super().create(queue, maxthreads, **rest)
        local = self._core.queues[queue]
        options = {
            name: value
            for name, value in given.items()
            if name not in _SETTINGS and name not in OPTION_OF and name not in ("pre", "post", "onfinish")
        }
        if self._defaults.capture_output:
            options.setdefault("capture_output", True)
        if "retryon" in options:
            options["retryon"] = [getattr(kind, "__name__", kind) for kind in local.defaults.retryon]
        if "metadata" in options:
            options["metadata"] = dict(options["metadata"])
        if "vars" in options:
            options["vars"] = dict(options["vars"] or {})
        _tame(local)
        return text_, pack(options or None, "the defaults of a queue")

    def _local_queue(self, stored: StoredQueue) -> JobQueue:
        """Make the queue that runs a stored queue's jobs here; in the thread that commits, too."""
        found = self._core.queues.get(stored.name)
        if found is None or found.req == "delete":
            hooks: dict[str, Any] = {
                name: source if not lang else self.languages[lang](source)
                for name, kept in (("pre", stored.pre), ("post", stored.post))
                if kept is not None
                for lang, source in [kept]
            }
            super().create(
                stored.name, max(stored.maxthreads, 1), engine=stored.engine, keep=stored.defaults.keep, **hooks,
                **stored.engine_options,
            )  # fmt: skip
            found = self._core.queues[stored.name]
            _tame(found)
        return found

    def languages_of_queues(self) -> dict[str, str]:
        """The language of a queue's scripts, where `create` was given one."""
        return {name: queue.lang for name, queue in list(self._keeper.queues.items()) if queue.lang}

    def delete(self, queue: str, *, force: bool = False) -> None:
        flag("force", force)
        found = self._stored(queue, fresh=True)

        def leave(cursor: Cursor) -> None:
            cursor.run(sql.REQUEST, req="delete", queue=found.number)
            cursor.run(sql.DROP_QUEUE, queue=found.number)

        self._feed.look()
        self._change(leave)
        if force:
            self._cancel_all(found, True)
            self._feed.look()
            self._change(leave)
        self._keeper.stamp += 1
        self._refresh()
        self._tell_all()

    def pause(self, queue: str) -> None:
        self._queue_change(queue, sql.PAUSE)

    def resume(self, queue: str) -> None:
        self._queue_change(queue, sql.RESUME)

    def resize(self, queue: str, maxthreads: int) -> None:
        _threads("maxthreads", maxthreads)
        self._queue_change(queue, sql.RESIZE, maxthreads=maxthreads)

    def drain(self, queue: str) -> None:
        self._queue_change(queue, sql.REQUEST, req="drain")

    def _queue_change(self, queue: str, statement: str, **values: Any) -> None:
        found = self._stored(queue, fresh=True)
        self._change(lambda cursor: cursor.run(statement, queue=found.number, **values))
        self._keeper.stamp += 1
        self._refresh()
        found.hungry = True
        self._commits.ring()
        self._tell_all()

    # -- the rest ------------------------------------------------------------------------------------------------

    def genid(self) -> str:
        """A queue name that no pool of the store was ever given before."""
        number = self._change(lambda cursor: cursor.value(sql.TAKE_KEYS, name="genid", count=1))
        return f"queue_id_{number - 1:x}_{int(time.time()):x}"

    def define(self, source: str, filename: str | None = None) -> None:
        super().define(source, filename)
        self.keep_definition("python", source, filename)

    def keep_definition(self, lang: str, source: str, filename: str | None = None) -> None:
        """Let all pools of the store have a definition that holds here already."""
        keeper = self._keeper

        def keep(cursor: Cursor) -> tuple[int, list[Row]]:
            missing = cursor.rows(sql.DEFINITIONS, number=keeper.defined)
            if filename is None:
                cursor.run(sql.UNDEFINE, lang=lang, source=source)  # it is the last one now
            else:
                known = cursor.row(sql.DEFINED_IN, lang=lang, filename=filename)
                if known is not None and known["source"] == source:  # the same file, as at each start of a program
                    return known["number"], missing
            return cursor.value(sql.DEFINE, lang=lang, source=source, filename=filename), missing

        number, missing = self._change(keep)
        keeper.define(missing)
        keeper.defined = max(keeper.defined, number)

    def cleanup(self) -> int:
        """Remove jobs whose time is over (`keep`), and the directories of such programs. Returns how many."""
        removed = 0
        while True:
            gone: int = self._change(lambda cursor: cursor.run(sql.CLEAN, count=500))
            removed += gone
            if gone < 500:
                return removed + super().cleanup()

    # -- the end -------------------------------------------------------------------------------------------------

    def drain_all(self) -> None:
        """Take no more jobs; what runs here finishes."""
        self._draining = True
        self._keeper.serves.stopped = True
        self._keeper.give_everything_back()

    def take_again(self) -> None:
        """Undo `drain_all`."""
        self._draining = self._keeper.leaving = False
        self._keeper.serves.stopped = False
        for queue in list(self._keeper.by_number.values()):
            queue.hungry = True
        self._commits.ring()

    def give_back(self, patience: object = 0) -> int:
        """Give all jobs that this pool has back to the store, also those that run, and take no more of them.

        What runs is interrupted, and what comes of it is refused; a job that was to be cancelled is. Each leaves a run
        record, and no attempt is counted.

        Arguments:
            patience: seconds that what runs has to end before others may have it.

        Returns how many ran.
        """
        limit = seconds(patience)
        self.drain_all()
        core = self._core
        runs = [run for run in list(self._keeper.runs.values()) if core.locked(self._disown, run)]
        if not runs:
            return 0
        try:
            core.waits.until([core.idlers], core.idle, limit)
        except WaitTimeout:
            pass
        self._committed(self._change(partial(self._return_runs, runs)))
        for run in runs:
            self._keeper.runs.pop(run.key, None)
        self._tell_all()
        return len(runs)

    def _disown(self, run: LocalRun) -> bool:
        """Let a run end without its end being kept. Under the pool's lock. Returns whether it had not ended."""
        if run.state is DONE:
            return False
        run.asked = run.req == "cancel"
        run.orphan = True
        self._core.stops.cancel(run)
        return True

    def _return_runs(self, runs: Sequence[LocalRun], cursor: Cursor) -> list[End]:
        keeper = self._keeper
        ends: list[End] = []
        for run in runs:
            if run.asked:
                keeper.cancel_leased(cursor, run, ends)
                continue
            cursor.run(
                sql.GIVEN_BACK, key=run.key, owner=run.owner, name=keeper.name, host=keeper.host, pid=os.getpid(),
                reason="Returned: its pool was stopped",
            )  # fmt: skip
            cursor.run(sql.GIVE_BACK, key=run.key, owner=run.owner)
        return ends

    def leave(self, timeout: object = None) -> None:
        """End the pool: take nothing more, and wait for what runs here. What was queued here is left to others.

        Arguments:
            timeout: seconds to wait at most; then what runs goes back to the store. None waits for ever.
        """
        if self._closed or self._core.forked:
            return
        end = None if timeout is None else time.monotonic() + seconds(timeout)
        self.drain_all()
        late = not self._await_runs(end)
        if late:
            self.give_back()
        self._end(0.0 if late else None)

    def shutdown(self, wait: bool = True, *, cancel: bool = False, timeout: object = None) -> None:
        """End the pool. What it has queued is waited for, unless it is a client; other pools' jobs are left to them.

        Arguments:
            wait: wait until the jobs that were queued here, and those that run here, have ended.
            cancel: cancel what was queued here; what else runs here goes back to the store.
            timeout: seconds to wait at most, then what runs here goes back to the store; None waits for ever.

        Raises:
            WaitTimeout: jobs still run. The pool stays shut.
            StoreUnavailable, StoreDamaged: the store cannot be used. The pool is shut all the same; what it had goes to
                others when its lease runs out.
        """
        flag("wait", wait)
        flag("cancel", cancel)
        limit = None if timeout is None else seconds(timeout)
        if self._closed or self._core.forked:
            return
        end = None if limit is None else time.monotonic() + limit
        try:
            late = self._wind_up(wait, cancel, end)
        except StoreError:
            for run in list(self._keeper.runs.values()):
                self._core.locked(self._core.stops.cancel, run)
            self._end(0.0)
            raise
        self._end(None if wait and not late else 0.0)
        if late:
            raise WaitTimeout

    def _wind_up(self, wait: bool, cancel: bool, end: float | None) -> bool:
        """Bring what was queued here, and what runs here, to an end. Returns whether it took too long."""
        if cancel:
            own = list(self._own)
            found = self._read(
                lambda cursor: [row for key in own if (row := cursor.row(sql.BY_KEY, key=key)) is not None]
            )
            for row in sorted(
                found, key=itemgetter("state")
            ):  # those that wait first: else they come in where others were
                queue = self._keeper.by_number.get(row["queue"])
                if queue is not None and row["state"] != ENDED:
                    self._cancel(queue, row["key"])
        late = False
        if wait and self._keeper.leasing:
            late = not self._await_own(end)
        self.drain_all()
        if cancel and not late:
            self.give_back()
        if wait and not late:
            late = not self._await_runs(end)
        if late:
            self.give_back()
        return late

    def wait_own(self, timeout: object = None) -> None:
        """Wait until the jobs that were queued here have ended, wherever they run.

        Raises:
            WaitTimeout: they have not.
        """
        if not self._await_own(None if timeout is None else time.monotonic() + seconds(timeout)):
            raise WaitTimeout

    def settled(self, timeout: object = None) -> bool:
        """Wait until nothing runs here any more. Returns whether that came in time.

        Arguments:
            timeout: seconds to wait at most; None waits for ever.
        """
        return self._await_runs(None if timeout is None else time.monotonic() + seconds(timeout))

    def _await_own(self, end: float | None) -> bool:
        """Wait for the jobs that were queued here."""
        while self._own:
            seen = self._news
            keys = list(self._own)[:1000]
            unknown = [key for key in keys if key not in self._keeper.runs]
            if unknown:
                self._look_at(unknown)
            if not self._own:
                break
            if self._news == seen and not self._await_news(seen, end):
                return False
        return True

    def _await_runs(self, end: float | None) -> bool:
        while self._keeper.runs:
            seen = self._news
            if self._keeper.runs and not self._await_news(seen, end):
                return False
        return True

    def _end(self, timeout: float | None) -> None:
        """Let go of everything."""
        self._keeper.leasing = False
        self._closed = True
        pool = self._keeper.id
        self._bell.close(2.0)
        self._run_events.finish()
        self._keeper.keep_tallies()
        if pool is not None:
            self._commits.post(partial(self._keeper.leave, pool), self._recovered_last)
        self._commits.close(5.0)
        try:
            self._feed.close()
        except StoreError:  # it cannot be read any more: who listens hears the end all the same
            pass
        self._over = True
        self._core.locked(self._stir)  # nobody waits for what is not heard of
        self._closed = False  # for the part of it that knows of no store
        try:
            super().shutdown(timeout is None, cancel=timeout is not None, timeout=timeout)
        finally:
            self._closed = True
            self._database.close()

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is None:
            self.shutdown()
            return
        try:
            self.shutdown(cancel=True, timeout=self._core.settings.grace)
        except TimeoutError:
            self._core.write_off_all()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            super().__del__()

    def __repr__(self) -> str:
        return f"<StoredPool {self._core.name} {self._database.shown()}>"


_SETTINGS = ("desc", "maxqueued", "maxperkey", "onerror", "engine", "lang")


def _tame(queue: JobQueue) -> None:
    """A queue that runs the store's jobs decides nothing by itself."""
    queue.maxqueued = queue.maxperkey = None
    queue.onerror = "continue"
    queue.simple = queue.plain = queue.calm = False


def _new_queue(name: str, maxthreads: int, settings: str, defaults: bytes | None, cursor: Cursor) -> Row | None:
    made = cursor.run(sql.NEW_QUEUE, name=name, maxthreads=maxthreads, settings=settings, defaults=defaults)
    return cursor.row(sql.QUEUE, name=name) if made else None
