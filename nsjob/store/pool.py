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
from concurrent.futures import Executor
from functools import partial
from typing import Any, cast
from weakref import WeakValueDictionary

from nsjob.durations import seconds
from nsjob.errors import (
    JobDetached,
    JobExists,
    JobWaited,
    NoSuchJob,
    NoSuchQueue,
    OptionError,
    QueueClosed,
    QueueDraining,
    QueueExists,
    QueueFull,
    StoreError,
    WaitTimeout,
    WrongState,
    brief,
)
from nsjob.pool.clock import Clock
from nsjob.pool.context import PLACES
from nsjob.pool.core import Core
from nsjob.pool.engine import OPTION_OF
from nsjob.pool.indexes import IndexSet
from nsjob.pool.job import CANCELLED, DONE, OK, RUNNING, Job
from nsjob.pool.options import JobOptions, count, flag, name_text, text, variables
from nsjob.pool.pool import Pool, _hook, _threads
from nsjob.pool.queue import JobQueue
from nsjob.pool.records import Settings
from nsjob.pool.templates import Template
from nsjob.pool.verbs import check_heartbeat
from nsjob.pool.waiting import Audience
from nsjob.pool.work import Bound, Work, inner
from nsjob.snippet import Snippet, compile_snippet
from nsjob.store import sql
from nsjob.store.bell import Bell
from nsjob.store.chunks import cancel_range
from nsjob.store.commits import Commits
from nsjob.store.contents import StoredDepot
from nsjob.store.core import LocalRun, StoredCore
from nsjob.store.database import Cursor, Database, Row
from nsjob.store.editing import StoredEditing
from nsjob.store.ends import End
from nsjob.store.finding import StoredFinding
from nsjob.store.job import OUTCOMES, STATES, StoredJob
from nsjob.store.keeper import Keeper
from nsjob.store.languages import Languages
from nsjob.store.many import StoredMany
from nsjob.store.news import News
from nsjob.store.queues import PlainRow, StoredQueue
from nsjob.store.ranging import StoredRanging
from nsjob.store.rows import RANGE, kept_options, kept_work, last_run, micro, restored_options, restored_work
from nsjob.store.schema import BLOCKED, DELAYED, READY, RESERVED
from nsjob.store.schema import DONE as ENDED
from nsjob.store.schema import RUNNING as AT_WORK
from nsjob.store.serving import Serving
from nsjob.store.templates import StoredTemplates, told
from nsjob.store.values import keepable, pack
from nsjob.store.watching import RunEvents, StoredWatching

__all__ = ["StoredPool"]

_HEAD = 256
_FIRST_BLOCK, _LARGEST_BLOCK = 64, 4096
_KEEP = 30 * 86_400.0
_MAXRESULT = 16 * 1024 * 1024
_NEIGHBOURS = 200
_MOST_KNOWN = 256  # scripts whose rows are known
_SPEECH = 0.2  # seconds between two writes of what bodies say
_IDLE_SLOTS = 0.1  # seconds after which slots that are not used are let go


class StoredPool(StoredWatching, StoredFinding, StoredEditing, StoredTemplates, StoredRanging, StoredMany, Pool):
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
        self._stamp = 0  # counts the changes of queues that were made here
        self._news = 0  # counts what has happened
        self._lock = threading.Lock()  # of the blocks, and of these tables
        self._changes = Audience(self._core)
        self._early: dict[int, list[End]] = {}  # of jobs that come in, and end at once by those that they come after
        self._next_key = self._last_key = 0
        self._block = _FIRST_BLOCK
        self._next_speech = 0.0
        self._next_release = 0.0
        self._overdue_at = 0.0
        self._draining = False
        self._new_job = sql.NEW_JOB if self._database.dialect == "sqlite" else sql.NEW_JOB_POSTGRES
        self._feed = News(self._database, self._keeper.now)
        self._run_events = self._keeper.observers = RunEvents(self._core)
        keeper = self._keeper
        keeper.commits = self._commits = Commits(
            self._database, title, keeper.head, keeper.tail, keeper.busy, keeper.claims
        )
        self._commits.release = self._keeper.start_held_back
        self._commits.hurry = lambda: bool(self._awaited or self._watchers)
        self._keeper.set_clock(int(self._database.read(lambda cursor: cursor.value(sql.NOW))))
        self._begun = self._keeper.now()
        self._refresh()
        self._keeper.define(self._database.read(lambda cursor: cursor.rows(sql.DEFINITIONS, number=0)))
        if self._keeper.leasing:
            self._commits.do(lambda cursor: None)  # the lease, before anything else
        self._bell = Bell(self._database, title, longest, self._commits, self._look, self._tick, self._hear)
        self._closed = False

    def _new_core(self, clock: Clock, name: str, cap: int | None, settings: Settings) -> Core:
        return StoredCore(clock, name, cap, settings)

    @property
    def store(self) -> str:
        """The store's address, without a password."""
        return self._database.shown()

    # -- changing and reading ------------------------------------------------------------------------------------

    def _change(self, action: Callable[[Cursor], Any]) -> Any:
        return self._protected(self._commits.do, action, True)

    def _read(self, action: Callable[[Cursor], Any]) -> Any:
        return self._protected(self._database.read, action, False)

    def _protected(self, do: Callable[[Any], Any], action: Callable[[Cursor], Any], changes: bool) -> Any:
        """Keep interrupts of a body that calls out of what is done here."""
        core = self._core
        if core.forked or core.lock._is_owned():
            core.guarded(_nothing)  # raises
        place = PLACES.get(threading.get_ident())
        shielded: bool = place is not None and place.shield()
        try:
            if changes and self._closed:
                raise QueueClosed
            return do(action)
        finally:
            if place is not None and shielded:
                place.unshield()

    def _stored(self, queue: object, fresh: bool = False) -> StoredQueue:
        """What is known of a queue."""
        found = self._keeper.queues.get(queue) if isinstance(queue, str) else None
        if found is None or fresh:
            if isinstance(queue, str):
                self._refresh()
                found = self._keeper.queues.get(queue)
            if found is None:
                raise NoSuchQueue(queue)
        return found

    def _refresh(self, rows: Sequence[Row] | None = None, stamp: int = 0) -> None:
        """Learn which queues there are now.

        Arguments:
            rows: what was read of them when `stamp` was that of this pool.
        """
        while rows is None:
            stamp = self._stamp
            rows = cast("list[Row]", self._read(lambda cursor: cursor.rows(sql.QUEUES)))
            if stamp != self._stamp:
                rows = None
        if stamp != self._stamp:  # they are older than what was changed here since
            self._bell.ring()
            return
        keeper = self._keeper
        with self._lock:
            names = set()
            for row in rows:
                names.add(row["name"])
                known = keeper.queues.get(row["name"])
                if known is not None and known.number == row["id"]:
                    known.update(row)
                else:
                    made = StoredQueue(row, self._local_queue, self._capture)
                    keeper.queues[row["name"]] = made
                    keeper.by_number[made.number] = made
            for name in [name for name in keeper.queues if name not in names]:
                gone = keeper.queues.pop(name)
                keeper.by_number.pop(gone.number, None)
                self._core.locked(self._drop_local, name)

    def _drop_local(self, name: str) -> None:
        """A queue is gone, and with it what ran its jobs here. Under the pool's lock."""
        core = self._core
        found = core.queues.get(name)
        if found is not None and not found.table:
            core.wake_watchers(found)
            core.let_go(found)
            core.commit_delete(found)

    def _find(self, queue: object) -> JobQueue:
        return self._stored(queue).local(self._core)

    def local_queue(self, name: str) -> JobQueue:
        """Where the jobs of a queue run here."""
        return self._find(name)

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
        self._core.guarded(_nothing)
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
        self._stamp += 1
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
        self._stamp += 1
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
        self._stamp += 1
        self._refresh()
        found.hungry = True
        self._commits.ring()
        self._tell_all()

    # -- jobs come -----------------------------------------------------------------------------------------------

    def _queue(
        self,
        queue: str,
        work: Work,
        given: dict[str, Any],
        block: object,
        owned: bool,
        template: Template | None = None,
    ) -> Job:
        found = self._stored(queue)
        known = None
        if template is None and not given and type(work) is Snippet:
            known = found.plain_rows.get((work, owned))
        if known is not None:
            turn = self._keeper.turn()
            row, before, options = {**known.columns, "ord": turn, "queued": turn}, _NO_JOBS, found.defaults
            row["defined"] = self._keeper.defined
        else:
            row, before, options = self._row(found, work, given, owned)
        if template is not None:
            row["template"] = told(template)
        patience = 0.0 if block == 0 and not isinstance(block, bool) else None if block is None else seconds(block)
        end = None if patience is None else time.monotonic() + patience
        while True:
            self._name(found, [row], options.jobid)
            seen = self._news
            enter = partial(self._enter, found, row, options, before)
            if known is not None and found.maxqueued is None:
                key, id, fresh = self._protected(self._commits.do_alone, enter, True)
            else:
                key, id, fresh = self._change(enter)
            if key is not None:
                return self._entered(found, key, id, fresh)
            if patience == 0.0 or not self._await_news(seen, end):
                raise QueueFull(queue, found.maxqueued or 0)

    def _row(
        self, queue: StoredQueue, work: Work, given: dict[str, Any], owned: bool
    ) -> tuple[dict[str, Any], list[tuple[str, str] | int], JobOptions]:
        """The row of a new job, what it comes after, and its options."""
        defaults = queue.defaults
        given = dict(given)
        if type(work) is Snippet:
            values = variables("vars", given.pop("vars") or {}) if "vars" in given else defaults.vars
            one = given.pop("input", None)
            work = work if values is None and one is None else Bound(work, values, one)
        if given.get("files") is not None:
            given["files"] = self._manifest(given["files"])
        options = defaults.changed(given) if given else defaults
        row = self._columns(queue, work, options, owned)
        if options is defaults and type(work) is Snippet and options.direct and not options.housed:
            if options.heartbeat is None and options.files is None and options.jobid is None:
                if len(queue.plain_rows) >= _MOST_KNOWN:
                    queue.plain_rows.clear()
                queue.plain_rows[work, owned] = PlainRow(row)
        return row, [self._named_before(queue, other) for other in options.after], options

    def _columns(self, queue: StoredQueue, work: Work, options: JobOptions, owned: bool) -> dict[str, Any]:
        """The row of a job with these options, all of which are its own or its queue's."""
        local = queue.local(self._core)
        if local.host is not None:
            local.host.check(work)
        if options.heartbeat is not None:
            check_heartbeat(local)
        if options.capture_output:
            self._capture()
        keeper = self._keeper
        now = keeper.now()
        ready = None
        if options.delay:
            ready = now + micro(options.delay)
        if options.at is not None:
            ready = max(ready or 0, micro(options.at))
        if ready is not None and ready <= now:
            ready = None
        expires = None
        if options.expires is not None:
            expires = now + micro(options.expires) if options.expires > 0 else micro(-options.expires)
        turn = keeper.turn()
        snippet = isinstance(inner(work), Snippet | Bound)
        row = {
            "queue": queue.number, "state": DELAYED if ready is not None else READY,
            "rank": _HEAD if options.head else options.priority, "ord": -turn if options.head else turn,
            "priority": options.priority, "queued": turn, "aside": int(owned or options.detached),
            "options": queue.kept_defaults if options is queue.defaults else kept_options(options, not snippet),
            "ready": ready, "expires": expires, "dead": None if not options.lifetime else now + micro(options.lifetime),
            "blockers": None,
            "share": options.key, "uniq": options.unique, "note": options.note or None,
            "topic": options.topic or None, "subtopic": options.subtopic or None, "grp": options.group or None,
            "keep": None if options.keep is None else micro(options.keep), "token": self._token,
            "defined": keeper.defined, "template": None, **kept_work(work),
        }  # fmt: skip
        for name in ("share", "uniq", "note", "topic", "subtopic", "grp", "script"):
            if row[name] is not None:
                keepable({"share": "key", "uniq": "unique", "grp": "group"}.get(name, name), row[name])
        if options.jobid is not None:
            keepable("jobid", options.jobid)
        return row

    def _named_before(self, queue: StoredQueue, other: Any) -> tuple[str, str] | int:
        if isinstance(other, StoredJob):
            if other._pool._database.url != self._database.url:
                raise OptionError(f"after: job {other.id} is of another store")
            return other.key
        if isinstance(other, (tuple, list)) and len(other) == 2 and all(isinstance(part, str) for part in other):
            self._stored(other[0])
            return other[0], other[1]
        if isinstance(other, Job):
            raise OptionError(f"after: job {other.id} is of another pool")
        if not isinstance(other, str):
            raise OptionError(f"after takes ids, (queue, id) pairs and Job handles, but got {type(other).__name__}")
        return queue.name, other

    def _name(self, queue: StoredQueue, rows: Sequence[dict[str, Any]], id: str | None) -> None:
        """Give rows their keys and ids, out of the blocks that this pool has."""
        with self._lock:
            missing = len(rows) - (self._last_key - self._next_key)
            if missing > 0:
                size = max(missing, self._block)
                self._block = min(self._block * 4, _LARGEST_BLOCK)
                last = self._change(lambda cursor: cursor.value(sql.TAKE_KEYS, name="keys", count=size))
                if missing < len(rows) and last - size != self._last_key:  # what is left of the old block is not needed
                    missing = len(rows)
                    if missing > size:
                        size = missing
                        last = self._change(lambda cursor: cursor.value(sql.TAKE_KEYS, name="keys", count=size))
                    self._next_key = last - size
                elif missing == len(rows):
                    self._next_key = last - size
                self._last_key = last
            for row in rows:
                row["key"] = self._next_key = self._next_key + 1
            if id is not None:
                for row in rows:
                    row["id"] = id
                return
            missing = len(rows) - (queue.last_id - queue.next_id)
            if missing > 0:
                size = max(len(rows), _FIRST_BLOCK)
                last = self._change(lambda cursor: cursor.value(sql.TAKE_IDS, queue=queue.number, count=size))
                if last is None:
                    raise QueueClosed
                queue.next_id, queue.last_id = last - size, last
            for row in rows:
                row["id"] = f"job{queue.next_id}"
                queue.next_id += 1

    def _enter(
        self,
        queue: StoredQueue,
        row: dict[str, Any],
        options: JobOptions,
        before: Sequence[tuple[str, str] | int],
        cursor: Cursor,
    ) -> tuple[int | None, str, bool]:
        """Let a job come in. Returns its key and id and whether it is new; no key where there is no room."""
        if queue.maxqueued is not None:
            cursor.row(sql.LOCK_QUEUE + " FOR UPDATE", queue=queue.number)
            if cursor.value(sql.SCHEDULED, queue=queue.number) >= queue.maxqueued:
                return None, "", False
        failed: Row | None = None
        if before:
            row, failed, firsts = self._after(cursor, row, before)
        else:
            firsts = []
        state = self._insert(cursor, queue, row)
        if state is None:
            other = self._why_not(cursor, queue, row, options)
            if other is not None:
                return other
        if options.files is not None:
            cursor.many(sql.NEED_CONTENT, [{"job": row["key"], "hash": digest} for digest in options.files.hashes])
        for first in firsts:
            cursor.run(sql.COMES_AFTER, job=row["key"], first=first)
            cursor.run(sql.FOLLOW, first=first)
        if failed is not None:
            ends: list[End] = []
            self._keeper._fail_follower(cursor, row["key"], failed["key"], ends)
            self._early[row["key"]] = ends
        if state == READY:
            queue.hungry = True
        elif state == DELAYED:
            self._bell_soon(row["ready"])
        for moment in (row["expires"], row["dead"]):
            if moment is not None:
                self._bell_soon(moment)
        return row["key"], row["id"], True

    def _insert(self, cursor: Cursor, queue: StoredQueue, row: Mapping[str, Any]) -> int | None:
        """Let a row come in, as one that runs here where there is room and none waits. Returns its state, or None."""
        keeper = self._keeper
        plain = row["state"] == READY and row["kind"] != RANGE and not queue.hungry
        claim = keeper.claim(queue) if plain else 0
        row = {**row, "claim": claim, "pool": keeper.id if claim else None}
        if claim and "plain" in row and row["plain"].bare and cursor.concerns(sql.NEW_CLAIMED, row):
            state: int | None = claim
        else:
            state = cursor.one(self._new_job, row)
        if state is not None and claim and state == claim:
            keeper.claimed(queue, {**_UNBEGUN, **row, "state": state})
        return state

    def _notify(self, cursor: Cursor) -> None:
        if self._database.dialect == "postgresql":
            cursor.rows(sql.NOTIFY_WORK)

    def _bell_soon(self, moment: int) -> None:
        due = time.monotonic() + (moment - self._keeper.now()) / 1e6
        if self._keeper.due is None or due < self._keeper.due:
            self._keeper.due = due
            bell = getattr(self, "_bell", None)
            if bell is not None:
                bell.ring()

    def _after(
        self, cursor: Cursor, row: dict[str, Any], before: Sequence[tuple[str, str] | int]
    ) -> tuple[dict[str, Any], Row | None, list[int]]:
        firsts: list[int] = []
        failed: Row | None = None
        for other in before:
            if isinstance(other, int):
                found = cursor.row("SELECT key, state, outcome FROM nsjob_jobs WHERE key = :key FOR UPDATE", key=other)
            else:
                number = self._keeper.queues[other[0]].number
                found = cursor.row(sql.NAMED + " FOR UPDATE", queue=number, id=other[1])
                found = found or cursor.row(sql.LAST_GONE, queue=number, id=other[1])
            if found is None:
                raise NoSuchJob(other if isinstance(other, int) else other[1])
            if found["state"] != ENDED:
                firsts.append(found["key"])
            elif found["outcome"] != OK:
                failed = failed or found
        if firsts or failed is not None:
            row = {**row, "state": BLOCKED, "blockers": len(set(firsts))}
        return row, failed, firsts

    def _why_not(
        self, cursor: Cursor, queue: StoredQueue, row: dict[str, Any], options: JobOptions
    ) -> tuple[int, str, bool] | None:
        """Why a job did not come in: the one that is there in its place, or an error; None where it is in after all."""
        known = cursor.row(sql.WHY_NOT, queue=queue.number)
        if known is None or known["req"] != "none":
            raise QueueDraining(queue.name) if known is not None and known["req"] == "drain" else QueueClosed()
        if cursor.row(sql.BY_TOKEN, key=row["key"], token=row["token"]) is not None:
            return None  # the answer to an earlier commit was lost
        if row["uniq"] is not None:
            same = cursor.row(sql.UNIQUE, queue=queue.number, uniq=row["uniq"])
            if same is not None:
                return same["key"], same["id"], False
        named = cursor.row(sql.NAMED, queue=queue.number, id=row["id"])
        if options.jobid is not None:
            if named is not None and options.ifnew:
                return named["key"], row["id"], False
            raise JobExists(row["id"])
        while True:  # a caller took that name
            number = cursor.value(sql.TAKE_IDS, queue=queue.number, count=1)
            row["id"] = f"job{number - 1}"
            if self._insert(cursor, queue, row) is not None:
                return None
            if cursor.row(sql.NAMED, queue=queue.number, id=row["id"]) is None:
                raise StoreError(f"job {row['id']} did not come in")

    def _entered(self, queue: StoredQueue, key: int, id: str, fresh: bool) -> StoredJob:
        job = self._handle(queue.name, key, id)
        ends = self._early.pop(key, None)
        if ends is not None:
            self._committed(ends)
        if fresh:
            self._own.add(key)
            if job._end is not None:
                self._own.discard(key)
        return job

    def _handle(self, queue: str, key: int, id: str) -> StoredJob:
        found = self._handles.get(key)
        if found is None:
            found = self._handles[key] = StoredJob(self, queue, key, id)
        return found

    # -- ends are heard of ---------------------------------------------------------------------------------------

    def _committed(self, ends: Sequence[End]) -> None:
        """This pool has ended jobs: let the scripts of their queues run that are for that (`onfinish`), and tell."""
        finished: list[tuple[StoredQueue, StoredJob]] = []
        if any(queue.onfinish is not None for queue in self._keeper.by_number.values()):
            for end in ends:
                queue = self._keeper.by_number.get(end.home)
                if queue is not None and queue.onfinish is not None:
                    finished.append((queue, self._handle(queue.name, end.key, end.id)))
        self._arrived(ends)
        core = self._core
        for queue, job in finished:
            core.finishers = True
            core.locked(core.endings.append, partial(self._finish, queue, job))
        if finished:
            core.call_endings_elsewhere()

    def _finish(self, queue: StoredQueue, job: StoredJob) -> None:
        """Run the script of a queue for a job of it that has ended."""
        assert queue.onfinish is not None
        lang, source = queue.onfinish
        self._finisher(self.languages[lang](source) if lang else compile_snippet(source))(job)

    def _arrived(self, ends: Sequence[End]) -> None:
        """Jobs have ended: tell those who wait here. In the thread that commits, or the bell's."""
        calls: list[tuple[StoredJob, Callable[[Job], object]]] = []
        for end in ends:
            self._own.discard(end.key)
            handle = self._handles.get(end.key)
            if handle is not None and handle._end is None:
                end.outcome = OUTCOMES.get(end.outcome, end.outcome)
                handle.ended(end)
            calls += self._calls.pop(end.key, ())
        self._core.locked(self._stir)
        if calls:
            core = self._core
            for job, callback in calls:
                core.locked(core.endings.append, partial(callback, job))
            core.call_endings_elsewhere()

    def _stir(self) -> None:
        """Something has happened. Under the pool's lock."""
        self._news += 1
        self._changes.wake()

    def _await_news(self, seen: int, end: float | None) -> bool:
        """Wait until something has happened since `seen`. Returns whether it did in time."""
        left = None if end is None else max(end - time.monotonic(), 0.0)
        self._watchers += 1
        try:
            self._bell.ring()
            self._core.waits.until([self._changes], lambda: True if self._news != seen else None, left)
            return True
        except WaitTimeout:
            return False
        finally:
            self._watchers -= 1

    _watchers = 0  # how many wait for what other pools may do
    _over = False  # whether this pool hears of nothing any more

    def await_end(self, job: StoredJob, timeout: object = None) -> bool:
        """Wait for a job's end. Returns whether it came in time."""
        limit = None if timeout is None else seconds(timeout)
        key = job.key
        with self._lock:
            self._awaited[key] = self._awaited.get(key, 0) + 1
        try:
            if key not in self._keeper.runs:
                self._look_at(self._with_neighbours(key))
                self._bell.ring()
            self._commits.hasten()
            try:
                self._core.waits.until([self._changes], lambda: job._end is not None or self._over or None, limit)
            except WaitTimeout:
                return job._end is not None
            if job._end is None:
                raise QueueClosed
            return True
        finally:
            with self._lock:
                left = self._awaited[key] - 1
                if left:
                    self._awaited[key] = left
                else:
                    del self._awaited[key]

    def when_ended(self, job: StoredJob, callback: Callable[[Job], object]) -> None:
        """Call `callback(job)` at its end; at once where it has ended."""
        with self._lock:
            self._calls.setdefault(job.key, []).append((job, callback))
        if job._end is None:
            if job.key not in self._keeper.runs:
                self._look_at([job.key])
        else:
            for _, waiting in self._calls.pop(job.key, ()):
                waiting(job)

    async def awaited(self, job: StoredJob) -> Any:
        """Wait in a coroutine."""
        return await self._core.waits.awaited(job)

    def _with_neighbours(self, key: int) -> list[int]:
        """A key, and those that were queued here after it: who waits for one job waits for the next ones, too."""
        own = self._own
        return [key, *(other for other in range(key + 1, key + _NEIGHBOURS) if other in own)]

    def _look_at(self, keys: Sequence[int]) -> None:
        """See whether these jobs have ended."""
        found = self._read(lambda cursor: cursor.rows(sql.ENDS, keys=cursor.keys(keys)))
        if len(found) < len(keys):
            there = {row["key"] for row in self._read(lambda c: c.rows(sql.GONE_KEYS, keys=c.keys(keys)))}
            removed = [End(key, CANCELLED, "TCL_ERROR", None) for key in keys if key not in there]
        else:
            removed = []
        if found or removed:
            self._arrived([*map(_end_of, found), *removed])

    # -- waiting by id -------------------------------------------------------------------------------------------

    def wait(self, queue: str, job: str | Job, timeout: object = None) -> Any:
        from nsjob.pool.waits import outcome_of

        return outcome_of(self.take(queue, job, timeout))

    def take(self, queue: str, job: str | Job, timeout: object = None) -> Job:
        found = self._stored(queue)
        id = self._id(found, job)
        mark = (queue, id)
        with self._lock:
            if mark in self._waited:
                raise JobWaited(id)
            self._waited.add(mark)
        try:
            row = self._row_of(found, id)
            if row["aside"]:
                raise JobDetached(id)
            handle = self._handle(queue, row["key"], id)
            if row["state"] == ENDED:
                handle.ended(_end_of(row))
            elif not self.await_end(handle, timeout):
                raise WaitTimeout
            unsure = self._database.unsure
            if not self._change(partial(self._hand_over, found, handle.key)) and handle.outcome is not CANCELLED:
                if self._database.unsure == unsure:  # else the answer to an earlier commit was lost
                    raise NoSuchJob(id)
            return handle
        finally:
            with self._lock:
                self._waited.discard(mark)

    def _hand_over(self, queue: StoredQueue, key: int, cursor: Cursor) -> int:
        taken = cursor.run(sql.TAKE, key=key)
        if queue.req == "delete":
            cursor.run(sql.DROP_QUEUE, queue=queue.number)
        return taken

    def waitany(self, *queues: str, timeout: object = None) -> Any:
        if not queues:
            raise OptionError("waitany needs a queue: waitany(queue, ...)")
        found = [self._stored(queue) for queue in queues]
        end = None if timeout is None else time.monotonic() + seconds(timeout)

        def look(cursor: Cursor) -> tuple[str, str] | str | None:
            # In this order: PostgreSQL's statements may each see what was committed since the one before.
            live = any(cursor.value(sql.ANY_LIVE, queue=queue.number) is not None for queue in found)
            most = len(self._waited) + 1
            for queue in found:
                for row in cursor.rows(sql.FIRST_ENDED, queue=queue.number, most=most):
                    if (queue.name, row["id"]) not in self._waited:
                        return queue.name, row["id"]
            return None if live else ""

        answer = self._until(look, end)
        return answer if answer == "" or len(queues) > 1 else answer[1]

    def _until(self, look: Callable[[Cursor], Any], end: float | None) -> Any:
        """The first answer of `look` that is not None; it is called again when something has happened.

        Raises:
            WaitTimeout: there was none in time.
        """
        while True:
            seen = self._news
            found = self._read(look)
            if found is not None:
                return found
            if self._over:
                raise QueueClosed
            if not self._await_news(seen, end):
                raise WaitTimeout

    def waitall(self, *queues: str, timeout: object = None, failfast: bool = False) -> list[Job]:
        from nsjob.pool.waits import outcome_of

        flag("failfast", failfast)
        end = None if timeout is None else time.monotonic() + seconds(timeout)
        named = [self._stored(queue) for queue in queues]

        def look(cursor: Cursor) -> list[tuple[StoredQueue, Row]] | None:
            chosen = named or list(self._keeper.queues.values())
            live = any(cursor.value(sql.ANY_LIVE_AT_ALL, queue=queue.number) for queue in chosen)
            if live and not failfast:
                return None
            ended = [(queue, row) for queue in chosen for row in cursor.rows(sql.ALL_ENDED, queue=queue.number)]
            if failfast:
                bad = next(((queue, row) for queue, row in ended if row["outcome"] != OK), None)
                if bad is not None:
                    return [bad]
            return None if live else ended

        ended = self._until(look, end)
        jobs: list[StoredJob] = [self._handle(queue.name, row["key"], row["id"]) for queue, row in ended]
        missing = [job.key for job in jobs if job._end is None]
        for start in range(0, len(missing), 1000):
            self._look_at(missing[start : start + 1000])
        jobs.sort(key=lambda job: 0 if job._end is None else job._end.ended)
        keys = [{"key": job.key} for job in jobs]
        self._change(lambda cursor: cursor.many(sql.TAKE, keys))
        if failfast and jobs and jobs[0].outcome is not OK:
            outcome_of(jobs[0])
        return list(jobs)

    def _executor(self, queue: str, options: dict[str, Any]) -> Executor:
        from nsjob.store.futures import StoredExecutor

        self._stored(queue)
        return StoredExecutor(self, queue, options)

    def as_completed(self, queue: str) -> Any:
        from nsjob.store.completed import StoredCompleted

        return StoredCompleted(self, self._stored(queue))

    # -- stopping and moving -------------------------------------------------------------------------------------

    def cancel(self, queue: str, job: str | Job) -> bool:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] == ENDED:
            self._change(partial(self._hand_over, found, row["key"]))
            return False
        return self._cancel(found, row["key"])

    def cancel_live(self, job: StoredJob) -> bool:
        """Cancel by handle: a done job stays where it is."""
        return job._end is None and self._cancel(self._stored(job.queue), job.key)

    def cancel_unstarted(self, job: StoredJob) -> bool:
        """Cancel a job that no body has begun to run. Returns whether there was none."""
        from nsjob.errors import JobCancelled

        queue = self._stored(job.queue)
        local = self._keeper.runs.get(job.key)
        if local is not None:
            if local.attempt or not self._core.whole(self._core.withdraw, local):
                return False
            self._keeper.runs.pop(job.key, None)
            queue.taken.discard(job.key)

        def end(cursor: Cursor) -> list[End]:
            ends: list[End] = []
            if local is not None:
                _unlease(job.key, local.owner, cursor)
            row = cursor.row(sql.BY_KEY, key=job.key)
            if row is not None and not row["attempt"]:
                self._keeper.end_early(cursor, job.key, queue.number, CANCELLED, JobCancelled(), 1, ends)
            return ends

        ends = self._change(end)
        self._committed(ends)
        return bool(ends)

    def _cancel(self, queue: StoredQueue, key: int, verb: str = "cancel") -> bool:
        """Cancel a job that has not ended, wherever it is. Returns whether it was at work."""
        from nsjob.errors import JobCancelled

        local = self._keeper.runs.get(key)
        core = self._core
        withdrawn = 0
        if local is not None and local.tally is None:
            if local.state is not RUNNING and core.whole(core.withdraw, local):
                self._keeper.runs.pop(key, None)
                queue.taken.discard(key)
                withdrawn = local.owner
            elif verb == "kill":
                core.whole(core.stops.kill, local)
                return True
            else:
                core.whole(core.stops.cancel, local)
                return True

        def end(cursor: Cursor) -> tuple[list[End], int]:
            ends: list[End] = []
            if withdrawn:  # here, because whoever sees it given back takes it
                _unlease(key, withdrawn, cursor)
            row = cursor.row(sql.BY_KEY, key=key)
            if row is not None and row["kind"] == RANGE and row["state"] != ENDED and row["started"]:
                pools = cancel_range(self._keeper, cursor, key, ends)
                for pool in pools:
                    if pool != self._keeper.id:
                        cursor.run(sql.ASK_POOL, pool=pool, job=key, verb=verb)
                if pools and self._database.dialect == "postgresql":
                    cursor.rows(sql.NOTIFY_ALL)
                return ends, 1
            if self._keeper.end_early(cursor, key, queue.number, CANCELLED, JobCancelled(), 1, ends):
                if queue.req == "delete":
                    cursor.run(sql.DROP_QUEUE, queue=queue.number)
                return ends, 0
            asked = cursor.run(sql.ASK, key=key, verb=verb, value=None)
            if asked and self._database.dialect == "postgresql":
                cursor.rows(sql.NOTIFY_ALL)
            return ends, asked

        ends, asked = self._change(end)
        part = self._keeper.runs.get(key)
        if part is not None and part.tally is not None:  # what this pool has of a range
            self._obey(part, verb, None)
        if ends:
            self._committed(ends)
        return bool(asked)

    def cancelall(self, queue: str) -> int:
        return self._cancel_all(self._stored(queue), False)

    def _cancel_all(self, queue: StoredQueue, drop_done: bool) -> int:
        rows = self._read(lambda cursor: cursor.rows(
            "SELECT key, state FROM nsjob_jobs WHERE queue = :queue AND gone = 0", queue=queue.number
        ))  # fmt: skip
        found = 0
        for row in sorted(rows, key=_state_of):  # those that wait first: else they come in where others were
            if row["state"] != ENDED:
                self._cancel(queue, row["key"])
                found += 1
        if drop_done:
            self._change(lambda cursor: cursor.run(sql.BOUND, queue=queue.number, most=0))
        return found

    def kill(self, queue: str, job: str | Job) -> bool:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] == ENDED:
            return self.cancel(queue, job)
        return self._cancel(found, row["key"], "kill")

    def requeue(self, queue: str, job: str | Job) -> None:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        self._ask_running(row, "requeue", None)

    def snooze(self, queue: str, job: str | Job, delay: object) -> None:
        pause = seconds(delay)
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] < RESERVED:
            if self._change(lambda cursor: cursor.run(sql.SNOOZE, key=row["key"], delay=micro(pause))):
                self._bell_soon(self._keeper.now() + micro(pause))
                return
            row = self._row_of(found, row["id"])
        if row["state"] == ENDED:
            raise WrongState(f"job {row['id']} is done: only a scheduled or running job can be put off")
        self._ask_running(row, "snooze", repr(pause))

    def _ask_running(self, row: Row, verb: str, value: str | None) -> None:
        local = self._keeper.runs.get(row["key"])
        if local is not None:
            self._obey(local, verb, value)
            return
        if row["state"] not in (RESERVED, AT_WORK):
            state = STATES[row["state"]]
            raise WrongState(f"job {row['id']} is {state}: only a running job can be put back")

        def ask(cursor: Cursor) -> int:
            asked = cursor.run(sql.ASK, key=row["key"], verb=verb, value=value)
            if asked and self._database.dialect == "postgresql":
                cursor.rows(sql.NOTIFY_ALL)
            return asked

        self._change(ask)

    def _obey(self, run: LocalRun, verb: str, value: str | None) -> None:
        """Do what is asked of a run that is here."""
        core = self._core
        stops = core.stops
        if verb == "cancel":
            core.whole(stops.cancel, run)
        elif verb == "kill":
            core.whole(stops.kill, run)
        elif verb == "requeue":
            core.whole(stops.requeue, run)
        elif verb == "snooze":
            core.whole(stops.snooze, run, float(value or 0))
        elif verb == "drop":
            self._keeper.drop(run)
        elif verb == "expire":
            core.locked(stops.expire, run)
        elif verb == "send":
            self._send_here(run, value or "")

    def run(self, queue: str, job: str | Job) -> None:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        if row["state"] in (RESERVED, AT_WORK, ENDED):
            raise WrongState(f"job {row['id']} is {STATES[row['state']]}: only a scheduled job can be run next")
        if row["state"] == BLOCKED:
            raise WrongState(f"job {row['id']} comes after jobs that have not ended")
        turn = -self._keeper.turn()

        def move(cursor: Cursor) -> None:
            cursor.run(sql.MOVE, key=row["key"], rank=_HEAD, ord=turn)
            found.hungry = True
            self._notify(cursor)

        self._change(move)

    def retry(self, queue: str, job: str | Job) -> Job:
        found = self._stored(queue)
        id = self._id(found, job)
        row = self._read(lambda cursor: cursor.row(sql.BY_NAME, queue=found.number, id=id)) or self._read(
            lambda cursor: cursor.row(sql.GONE_BY_NAME, queue=found.number, id=id)
        )
        if row is None:
            raise NoSuchJob(id)
        if row["state"] != ENDED:
            raise WrongState(f"job {id} is {STATES[row['state']]}: only a job that has ended can be retried")
        return self._again(found, row)

    def retry_failed(self, queue: str) -> list[Job]:
        found = self._stored(queue)
        rows = self._read(lambda cursor: cursor.rows(sql.TABLE, queue=found.number))
        return [self._again(found, row) for row in rows if row["state"] == ENDED and row["outcome"] != OK]

    def _again(self, queue: StoredQueue, row: Row) -> Job:  # type: ignore[override]
        turn = self._keeper.turn()
        lifetime = restored_options(None if row["options"] is None else bytes(row["options"])).lifetime
        dead = None if lifetime is None else self._keeper.now() + micro(lifetime)
        fresh = {name: row.get(name) for name in sql.COLUMNS}
        fresh.update(
            state=READY, rank=row["priority"], ord=turn, queued=turn, ready=None, expires=None, blockers=None,
            token=self._token, dead=dead,
        )  # fmt: skip
        last = last_run(row)
        self._name(queue, [fresh], row["id"])

        def enter(cursor: Cursor) -> int:
            if row["gone"] == 0:
                cursor.run(sql.TAKE, key=row["key"])
            if self._insert(cursor, queue, fresh) is None:
                known = cursor.row(sql.WHY_NOT, queue=queue.number)
                if known is None or known["req"] != "none":
                    raise QueueDraining(queue.name) if known is not None and known["req"] == "drain" else QueueClosed()
                if cursor.row(sql.BY_TOKEN, key=fresh["key"], token=fresh["token"]) is None:
                    same = cursor.row(sql.UNIQUE, queue=queue.number, uniq=fresh["uniq"]) if fresh["uniq"] else None
                    if same is not None:
                        raise WrongState(f"job {row['id']} cannot be retried: {same['id']} is the same (unique)")
                    raise JobExists(row["id"])
            if row["kind"] == RANGE:
                known = cursor.row(sql.RANGE, job=row["key"])
                assert known is not None
                rest = IndexSet.parse(known["indexes"])
                if known["succeeded"]:
                    rest = rest - IndexSet.parse(known["succeeded"])
                if not rest:
                    raise WrongState(f"job {row['id']} cannot be retried: all its indexes have succeeded")
                cursor.run(
                    sql.NEW_RANGE, job=fresh["key"], kind=known["kind"], most=known["most"], indexes=known["indexes"],
                    pending=str(rest), succeeded=known["succeeded"],
                )  # fmt: skip
                queue.note_range()
            cursor.run(sql.SAME_NEEDS, job=fresh["key"], other=row["key"])
            cursor.run(sql.SAME_RUNS, job=fresh["key"], other=row["key"])
            if last is not None:
                cursor.run(sql.RUN, **{**last, "job": fresh["key"]})
            queue.hungry = True
            self._notify(cursor)
            if dead is not None:
                self._bell_soon(dead)
            return int(fresh["key"] or 0)

        return self._entered(queue, self._change(enter), row["id"], True)

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

    def send(self, queue: str, job: str | Job, text_: str) -> None:
        found = self._stored(queue)
        row = self._row_of(found, self._id(found, job))
        local = self._keeper.runs.get(row["key"])
        if local is not None:
            self._send_here(local, text("text", text_))
        elif row["state"] != AT_WORK or found.engine != "command":
            raise WrongState(f"job {row['id']} is no program that runs: nothing can be sent to it")
        else:
            self._ask_running(row, "send", text("text", text_))

    def _send_here(self, run: LocalRun, said: str) -> None:
        engine: Any = run._queue.engine
        runner = run._runner if run.state is RUNNING else None
        if runner is None or not hasattr(engine, "send"):
            raise WrongState(f"job {run.id} is no program that runs: nothing can be sent to it")
        engine.send(self._core.locked(runner.the_run), said)

    def cleanup(self) -> int:
        """Remove jobs whose time is over (`keep`), and the directories of such programs. Returns how many."""
        removed = 0
        while True:
            gone: int = self._change(lambda cursor: cursor.run(sql.CLEAN, count=500))
            removed += gone
            if gone < 500:
                return removed + super().cleanup()

    # -- looking after things ------------------------------------------------------------------------------------

    def _tell_all(self) -> None:
        """Others shall look again."""
        if self._database.dialect == "postgresql":
            self._commits.post(lambda cursor: cursor.rows(sql.NOTIFY_ALL))

    def _tick(self) -> float | None:
        """What is due; in the bell's thread. Returns in how many seconds more is."""
        keeper = self._keeper
        now = time.monotonic()
        dues: list[float] = []
        if keeper.speakers or (keeper.capturing and keeper.runs):
            if now >= self._next_speech:
                self._next_speech = now + _SPEECH
                keeper.hear_prints()
                keeper.keep_speech()
            dues.append(self._next_speech)
        if keeper.tally_at is not None:
            if now >= keeper.tally_at:
                keeper.keep_tallies()
            else:
                dues.append(keeper.tally_at)
        if keeper.settle_at is not None:
            if now >= keeper.settle_at:
                keeper.settle_reserved()
            else:
                dues.append(keeper.settle_at)
        if any(queue.held and not queue.taken for queue in list(keeper.by_number.values())):
            if now >= self._next_release:
                self._next_release = now + _IDLE_SLOTS
                keeper.release_idle(_IDLE_SLOTS)
            dues.append(self._next_release)
        if keeper.leasing:
            if now >= keeper._extend_at:
                self._commits.ring()
            else:
                dues.append(keeper._extend_at)
        told = self._feed.tick(now)
        if told is not None:
            dues.append(told)
        if now >= self._overdue_at:
            self._overdue_at = now + min(keeper.lease / 4, 5.0)
            self._recover()
        dues.append(self._overdue_at)
        if keeper.due is not None:
            if now >= keeper.due:
                keeper.due = None
                self._recover()
            else:
                dues.append(keeper.due)
        return min(dues) - now

    def _recover(self) -> None:
        """Settle what other pools have lost, and what is due."""
        self._commits.post(self._keeper.recover, self._recovered)

    def _recovered_last(self, ends: list[End]) -> None:
        if ends:
            self._committed(ends)

    def _recovered(self, ends: list[End]) -> None:
        self._keeper.drop_here()
        if ends:
            self._committed(ends)
        self._stir_bell()

    def _stir_bell(self) -> None:
        bell = getattr(self, "_bell", None)  # not before the pool is whole
        if bell is not None:
            bell.ring()

    def _look(self) -> bool:
        """See what others have changed; in the bell's thread. Returns whether there was anything for this pool."""
        keeper = self._keeper
        awaited = list(self._awaited) + list(self._calls)
        pool = keeper.id

        def look(cursor: Cursor) -> dict[str, Any]:
            return {
                "queues": cursor.rows(sql.QUEUES),
                "work": self._with_work(cursor) if keeper.leasing else [],
                "ready": cursor.value(sql.NEXT_READY),
                "late": cursor.value(sql.NEXT_LATE),
                "death": cursor.value(sql.NEXT_DEATH),
                "requests": cursor.rows(sql.REQUESTS, pool=pool) if pool is not None and keeper.runs else [],
                "ends": cursor.rows(sql.ENDS, keys=cursor.keys(awaited)) if awaited else [],
                "there": cursor.rows(sql.GONE_KEYS, keys=cursor.keys(awaited)) if awaited else [],
            }

        stamp = self._stamp
        found = self._database.read(look)
        self._refresh(found["queues"], stamp)
        if not self._draining:
            keeper.hungry(*found["work"])
        if keeper.wants():
            self._commits.ring()
        for moment in (found["ready"], found["late"], found["death"]):
            if moment is not None:
                due = time.monotonic() + (moment - keeper.now()) / 1e6
                keeper.due = due if keeper.due is None else min(keeper.due, due)
        there = {row["key"] for row in found["there"]}
        removed = [End(key, CANCELLED, "TCL_ERROR", None) for key in awaited if key not in there]
        ends = [*map(_end_of, found["ends"]), *removed]
        for row in found["requests"]:
            self._answer(row)
        if ends:
            self._arrived(ends)
        else:
            self._core.locked(self._stir)
        return bool(found["work"] or ends or found["requests"] or self._watchers or self._awaited)

    def _with_work(self, cursor: Cursor) -> list[int]:
        serves = self._keeper.serves
        return [row["id"] for row in cursor.rows(serves.queues_with_work, **serves.values)]

    def _hear(self, message: str) -> bool:
        """What PostgreSQL tells. Returns whether that is a reason to look; work for a known queue is taken at once."""
        keeper = self._keeper
        kind, _, number = message.partition(" ")
        if kind == "work":
            queue = keeper.by_number.get(int(number)) if number else None
            if queue is None or self._draining or not keeper.leasing:
                return keeper.leasing
            keeper.hungry(queue.number)
            if keeper.wants():
                self._commits.ring()
            return False
        if kind == "ends" and number == str(keeper.id):
            return False
        return kind != "ends" or bool(self._watchers or self._awaited or self._calls)

    def _answer(self, row: Row) -> None:
        """Do what another pool asks."""
        run = self._keeper.runs.get(row["job"])
        if run is not None:
            try:
                self._obey(run, row["verb"], row["value"])
            except WrongState:
                pass
        self._commits.post(lambda cursor: cursor.run(sql.ANSWERED, id=row["id"]))

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
            for row in sorted(found, key=_state_of):  # those that wait first: else they come in where others were
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


_NO_JOBS: list[tuple[str, str] | int] = []
_UNBEGUN = {"attempt": 1, "losses": 0, "suspect": 0}
_SETTINGS = ("desc", "maxqueued", "maxperkey", "onerror", "engine", "lang")


def _state_of(row: Row) -> int:
    return int(row["state"])


def _nothing() -> None:
    return None


def _tame(queue: JobQueue) -> None:
    """A queue that runs the store's jobs decides nothing by itself."""
    queue.maxqueued = queue.maxperkey = None
    queue.onerror = "continue"
    queue.simple = queue.plain = queue.calm = False


def _new_queue(name: str, maxthreads: int, settings: str, defaults: bytes | None, cursor: Cursor) -> Row | None:
    made = cursor.run(sql.NEW_QUEUE, name=name, maxthreads=maxthreads, settings=settings, defaults=defaults)
    return cursor.row(sql.QUEUE, name=name) if made else None


def _unlease(key: int, owner: int, cursor: Cursor) -> int:
    return cursor.run(sql.GIVE_BACK, key=key, owner=owner)


def _end_of(row: Row) -> End:
    data = row["result"]
    outcome = OUTCOMES[row["outcome"]]
    end = End(row["key"], outcome, row["code"] or "TCL_OK", None if data is None else bytes(data))
    end.started, end.ended, end.attempt = row["started"], row["ended"] or 0, row["attempt"]
    return end


# Used by looking.py.
__all__ += []
_USED = (DONE, restored_options, restored_work)
