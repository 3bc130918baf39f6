"""Pool: the verbs. Each checks everything that it is given before anything changes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import Executor
from importlib import import_module
from types import TracebackType
from typing import Any, Self, cast

from nsjob.durations import seconds
from nsjob.errors import (
    OptionError,
    QueueClosed,
    QueueExists,
    brief,
    named,
)
from nsjob.pool import exits, output, reports
from nsjob.pool.clock import Clock, SystemClock
from nsjob.pool.completed import Completed
from nsjob.pool.core import Core
from nsjob.pool.editing import Editing
from nsjob.pool.engine import OPTION_OF, Engine, EngineKind, engine_named
from nsjob.pool.events import Listener, Subscription
from nsjob.pool.finding import Finding
from nsjob.pool.job import OK, Job
from nsjob.pool.looking import Looking
from nsjob.pool.many import Many
from nsjob.pool.moving import Moving
from nsjob.pool.options import NO_OPTIONS, count, flag, name_text, text, variables
from nsjob.pool.programs import Programs
from nsjob.pool.queue import JobQueue, OnError
from nsjob.pool.ranging import Ranging
from nsjob.pool.records import QueueInfo, Settings
from nsjob.pool.runs import said_by
from nsjob.pool.templates import Template, Templates
from nsjob.pool.verbs import caller_variables, check_heartbeat, id_of, nothing
from nsjob.pool.waits import outcome_of
from nsjob.pool.work import Call, Script, Work
from nsjob.snippet import COMPILED, Snippet, compile_snippet, is_coroutine

__all__ = ["Pool"]

_serial = itertools.count()
_ONERROR = ("continue", "pause", "cancel")
_MOST_THREADS = 1_000_000
_BOTH = frozenset(["keep"])  # options of jobs that engines may heed too


class Pool(Looking, Finding, Moving, Editing, Templates, Ranging, Many, Programs):
    """One pool of threads, and its queues.

    A context manager: leaving it waits for everything; leaving it by an exception cancels what is scheduled and
    interrupts what runs. A pool that is dropped finishes its jobs and lets its threads end; so does a program that
    ends without shutting it down.

    Arguments:
        maxthreads: how many jobs of all queues together run at once, 1 or more; None for the sum of the queues'.
        capture_output: whether jobs' prints are kept with the job, unless their queue or they say otherwise.
        immediate: run each job where it is queued, before `queue` returns: for tests of code that embeds a pool.
            Delays and back-offs do not wait then, and time limits and interrupts do not act.
        name: what its threads are called after.
        clock: where it gets the time from; for tests.
        store: a URL or a path of a database in which jobs, queues and definitions are kept, shared with other
            processes; see StoredPool in nsjob/store for what more may be given then.
    """

    def __new__(cls, *arguments: Any, store: Any = None, **options: Any) -> Self:
        if store is None or cls is not Pool:
            return super().__new__(cls)
        try:
            home = import_module("nsjob.store.pool")  # late: it imports SQLAlchemy
        except ModuleNotFoundError as error:
            if error.name and error.name.startswith("nsjob"):
                raise
            raise OptionError(f"a store needs {error.name}: pip install 'nsjob[store]'") from None
        return cast(Self, object.__new__(home.StoredPool))

    def __init__(
        self,
        maxthreads: int | None = None,
        *,
        capture_output: bool = False,
        immediate: bool = False,
        name: str | None = None,
        clock: Clock | None = None,
        store: Any = None,
        **of_stores: Any,
    ) -> None:
        self._closed = True  # until all is checked
        if of_stores:
            raise OptionError(f"{', '.join(of_stores)}: only a pool with a store takes that")
        cap = None if maxthreads is None else _threads("maxthreads", maxthreads)
        title = f"nsjob-{next(_serial)}" if name is None else name_text("name", name)
        self._defaults = NO_OPTIONS.changed({"capture_output": True} if flag("capture_output", capture_output) else {})
        settings = Settings(maxthreads=cap or 0)
        self._core = self._new_core(clock or SystemClock(), title, cap, settings)
        self._core.immediate = self._core.special = flag("immediate", immediate)
        self._captures = False
        self._templates: dict[str, Template] = {}
        self._closed = False
        exits.register(self._core)

    @property
    def store(self) -> str:
        """Where its jobs are kept; empty where that is memory."""
        return ""

    def _new_core(self, clock: Clock, name: str, cap: int | None, settings: Settings) -> Core:
        return Core(clock, name, cap, settings)

    # -- queues --------------------------------------------------------------------------------------------------

    def create(
        self,
        queue: str,
        maxthreads: int = 4,
        *,
        desc: str = "",
        exist_ok: bool = False,
        maxqueued: int | None = None,
        maxperkey: int | None = None,
        onerror: OnError = "continue",
        engine: Any = "thread",
        pre: str | Script | None = None,
        post: str | Script | None = None,
        onfinish: str | Script | Callable[[Job], object] | None = None,
        **defaults: Any,
    ) -> str:
        """Make a queue and return its name.

        Arguments:
            queue: its name, not empty.
            maxthreads: how many of its jobs may run at once, 1 or more.
            desc: what it is for.
            exist_ok: where it exists, leave it as it is instead of raising.
            maxqueued: how many of its jobs may wait, 1 or more; None for any number.
            maxperkey: how many running jobs may share a `key`, 1 or more; None for any number.
            onerror: what a failed job does to the queue: `continue`, `pause` it, or `cancel` what waits.
            engine: where its jobs run: `thread`, `process`, ... by name, or any concurrent.futures.Executor, or a
                callable that makes one (then it is made again where it breaks).
            pre, post: scripts that run before and after each of its jobs, in the pool's threads. `post` runs also after
                a failure, not after an interrupt; an error of either is the job's.
            onfinish: what is called with each of its jobs that is done, however it ended, cancelled and expired ones
                among them: a callable, which gets the Job; or a script, which finds `queue`, `id`, `outcome` and
                `result` (the value, or what the error says), and in Python the Job as `job`. It runs in a thread of the
                pool, holds no slot, and changes nothing about the job; what it raises is logged.
            defaults: options of its jobs, see JobOptions; and those of the engine.

        Raises:
            QueueExists, OptionError, NoSuchEngine, QueueClosed.
        """
        name_text("queueId", queue)
        _threads("maxthreads", maxthreads)
        text("desc", desc)
        flag("exist_ok", exist_ok)
        for label, bound in (("maxqueued", maxqueued), ("maxperkey", maxperkey)):
            if bound is not None:
                count(label, bound, 1)
        if onerror not in _ONERROR:
            raise OptionError(f"bad onerror {brief(onerror)}: must be {', '.join(_ONERROR)}")
        for own in ("jobid", "ifnew", "after", "unique", "files"):
            if own in defaults:
                raise OptionError(f"{own} is for single jobs, not for a queue's defaults")
        before, after = _hook("pre", pre), _hook("post", post)
        finisher = onfinish if onfinish is None or callable(onfinish) else self._finisher(_hook("onfinish", onfinish))
        core = self._core
        kind, name, engine_options = _engine(engine, defaults)
        options = self._defaults.changed(defaults)
        if exist_ok and queue in core.queues and core.queues[queue].req != "delete" and not core.stopping:
            return queue
        if isinstance(kind, EngineKind):
            if queue in core.queues:
                raise QueueExists(queue)
            place = f"{name} {queue}"
            chosen: Any = kind.make(core, queue, engine_options)
        else:
            place = name
            chosen = core.engines[name] if name in core.engines else kind(core)
        made = JobQueue(core, queue, maxthreads, desc, chosen, options)
        made.engine_name = name
        made.host = chosen if hasattr(chosen, "perform") else None
        made.pushed = chosen is not core.threads and made.host is None
        made.maxqueued, made.maxperkey, made.onerror = maxqueued, maxperkey, onerror
        made.before, made.after, made.onfinish = before, after, finisher
        if made.pushed and (before or after):
            raise OptionError(f"pre and post run in the pool's threads, and the engine {name} has its own places")
        special = bool(options.vars is not None or core.special or made.host is not None or before or after)
        special = special or options.housed
        made.plain = options.plain and maxqueued is None and not special
        made.simple = not made.pushed and maxqueued is None
        undisturbed = made.simple and maxperkey is None and onerror == "continue"
        made.prefetches = undisturbed and bool(getattr(made.host, "prefetches", False))
        made.calm = made.settled()
        if options.heartbeat is not None:
            check_heartbeat(made)
        if options.capture_output:
            self._capture()

        def enter() -> None:
            if core.stopping:
                raise QueueClosed
            if queue in core.queues:
                if exist_ok and core.queues[queue].req != "delete":
                    return
                raise QueueExists(queue)
            core.engines[place] = chosen
            core.finishers = core.finishers or finisher is not None
            if core.subscriptions:
                core.tell_queue("queue created", made)
            core.commit_queue(queue, made)

        core.guarded(enter)
        return queue

    def _finisher(self, script: Work | None) -> Callable[[Job], object]:
        """What runs the script `onfinish` of a queue."""
        definitions = self._core.definitions

        def call(job: Job) -> None:
            result = job._value if job.outcome is OK else said_by(job.error)
            told = {"queue": job.queue, "id": job.id, "outcome": job.outcome, "result": result}
            if isinstance(script, Script):
                script.function(NO_OPTIONS.changed({"vars": told}))
            elif isinstance(script, Snippet):
                value = script.run({**definitions.namespace, **told, "job": job})
                if is_coroutine(value):
                    import asyncio  # late: only who awaits pays for it

                    asyncio.run(value)

        return call

    def delete(self, queue: str, *, force: bool = False) -> None:
        """Delete a queue: at once where it has no jobs, else when its last job has left. It takes no more jobs.

        Arguments:
            force: cancel what waits, interrupt what runs, and drop what is done.
        """
        core = self._core
        flag("force", force)

        def leave() -> JobQueue:
            found = self._find(queue)
            if not found.table:
                if core.subscriptions:
                    core.tell_queue("queue deleted", found)
                core.wake_watchers(found)
                core.let_go(found)
            found.room.wake()
            core.commit_delete(found)
            return found

        found: JobQueue = core.guarded(leave)
        if force:
            self._cancel_every(found)

    def queues(self) -> list[str]:
        """The names of the queues, in the order in which they were made."""
        if self._core.forked:
            return list(self._core.queues)
        return cast("list[str]", self._core.guarded(lambda: list(self._core.queues)))

    def queuelist(self) -> list[QueueInfo]:
        """All queues, as ns_job's `queuelist` tells them."""
        core = self._core
        return cast("list[QueueInfo]", core.guarded(lambda: [reports.queue_info(q) for q in core.queues.values()]))

    def exists(self, queue: str, job: str | Job) -> bool:
        """Whether the queue has a job of that id."""
        found = self._find(queue)
        if isinstance(job, Job) and job._queue is not found:
            return False
        id = id_of(job, found)
        return bool(self._core.guarded(lambda: id in found.table))

    def pause(self, queue: str) -> None:
        """Let no more jobs of the queue start. What runs goes on."""

        def hold() -> JobQueue:
            found = self._find(queue)
            found.calm = False
            found.paused = found.held = True
            self._core.refresh(found)
            return found

        held: JobQueue = self._core.guarded(hold)
        self._core.recall_and_see(held)

    def resume(self, queue: str) -> None:
        """Undo `pause` and `drain`."""
        core = self._core

        def go_on() -> None:
            found = self._find(queue)
            core.wake()
            core.commit_resume(found)
            core.refresh(found)
            core.wake()

        core.guarded(go_on)
        self._run_immediate()

    def resize(self, queue: str, maxthreads: int) -> None:
        """Change how many jobs of the queue may run at once, 1 or more. What runs goes on."""
        _threads("maxthreads", maxthreads)
        core = self._core

        def change() -> None:
            found = self._find(queue)
            core.wake()
            if found.ranges:
                core.timers.soon(core.locked, core.offer_again, found)
            core.commit_resize(found, maxthreads)
            core.refresh(found)
            core.wake()

        core.guarded(change)
        core.recall_all()

    def drain(self, queue: str) -> None:
        """Take no more jobs into the queue; what is there finishes. `resume` undoes it."""

        def close() -> None:
            found = self._find(queue)
            found.room.wake()
            if found.req == "none":
                found.req = "drain"

        self._core.guarded(close)

    # -- jobs ----------------------------------------------------------------------------------------------------

    def queue(self, queue: str, script: str | Script, **options: Any) -> Job:
        """Queue a snippet of Python and return its Job.

        Arguments:
            queue: the queue's name.
            script: the source; it is compiled here, so nothing is queued that cannot run. Or a Script: a body in
                another language.
            options: how to run it; see JobOptions. And two more:
            block: seconds to wait for room where the queue is full (`maxqueued`); None waits for ever, 0 (the default)
                not at all.
            use: names of the caller's variables that the snippet gets, as `vars` gives them by value.

        Raises:
            NoSuchQueue, QueueClosed, QueueDraining, QueueFull, JobExists, SnippetError, OptionError, NoSuchJob.
        """
        core = self._core
        if not options:  # the commonest case, without a step too many
            try:
                found = core.queues.get(queue)
                work: Work | None = COMPILED.get(script)  # type: ignore[arg-type]
            except TypeError:  # not even hashable
                found = work = None
            if work is not None and found is not None and found.plain and not core.lock._is_owned():
                defaults = found.defaults
                return core.enter_plain(found, work, defaults, defaults.detached)
        if isinstance(script, Script):
            work = script
        elif isinstance(script, str):
            work = compile_snippet(script if type(script) is str else str(script))
        else:
            raise OptionError(f"script must be Python source (str), but got {type(script).__name__}: see submit")
        block = options.pop("block", 0)
        use = options.pop("use", ())
        if use:
            options["vars"] = {**caller_variables(use), **(variables("vars", options.get("vars") or {}))}
        return self._queue(queue, work, options, block, False)

    def submit(self, queue: str, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Job:
        """Queue `fn(*args, **kwargs)`, a function or coroutine function, and return its Job.

        The job belongs to the handle: it leaves its queue when done, and cannot be waited for by id.
        """
        if not callable(fn):
            raise OptionError(f"submit needs a callable, but got {type(fn).__name__}: queue takes Python source")
        work = Call(fn, args, kwargs)
        core = self._core
        try:
            found = core.queues.get(queue)
        except TypeError:  # not even hashable
            found = None
        if found is not None and found.plain and not core.lock._is_owned():
            return core.enter_plain(found, work, found.defaults, True)
        return self._queue(queue, work, {}, 0, True)

    def executor(self, queue: str, **options: Any) -> Executor:
        """A view of the queue as a concurrent.futures.Executor, whose jobs have these options.

        Shutting the executor down leaves the queue and the pool as they are.
        """
        for own in ("jobid", "ifnew", "detached", "unique", "vars", "use"):
            if own in options:
                raise OptionError(f"{own} is not for the jobs of an executor")
        NO_OPTIONS.changed({name: value for name, value in options.items() if name != "block"})
        if options.get("block") is not None:
            seconds(options["block"])
        return self._executor(queue, options)

    def _executor(self, queue: str, options: dict[str, Any]) -> Executor:
        from nsjob.pool.futures import QueueExecutor  # late: only those who ask pay for it

        self._core.guarded(self._find, queue)
        return QueueExecutor(self, queue, options)

    # -- waiting -------------------------------------------------------------------------------------------------

    def wait(self, queue: str, job: str | Job, timeout: object = None) -> Any:
        """Wait for a job by its id and return its value; the job leaves its queue. One waiter at a time.

        Arguments:
            timeout: seconds, or a time as text; None waits for ever.

        Raises:
            NoSuchQueue, NoSuchJob, JobDetached, JobWaited: nothing was waited for.
            WaitTimeout: the job stays, and can be waited for again.
            JobCancelled, JobTimeout, JobExpired, DependencyFailed: it ended so.
            Exception: the body's own.
        """
        core = self._core
        found = core.queues.get(queue) if type(queue) is str else None
        if found is None:
            found = self._find(queue)
        ended = core.waits.by_id(found, job if type(job) is str else id_of(job, found), timeout)
        return ended._value if ended.outcome is OK else outcome_of(ended)

    def take(self, queue: str, job: str | Job, timeout: object = None) -> Job:
        """Wait for a job by its id as `wait` does, and return the Job itself, however it ended; it leaves its queue."""
        found = self._find(queue)
        return self._core.waits.by_id(found, job if type(job) is str else id_of(job, found), timeout)

    def waitany(self, *queues: str, timeout: object = None) -> Any:
        """Wait until a job is done, and return its id; it stays, for `wait`.

        Returns the empty string where the queue has no jobs left that could be waited for. Over several queues the
        answer is a pair, queue and id, or the empty string.

        Raises:
            WaitTimeout: none was done in time.
        """
        if not queues:
            raise OptionError("waitany needs a queue: waitany(queue, ...)")
        found = [self._find(queue) for queue in queues]

        def look() -> tuple[str, str] | str | None:
            left = False
            for queue in found:
                queue.first_done()  # what has left would be passed again by each look
                for job in queue.done_jobs():
                    if job.req == "none":
                        return queue.name, job.id
                left = left or len(queue.table) > queue.aside
            return None if left else ""

        answer = self._core.waits.until([queue.watchers for queue in found], look, timeout)
        return answer if answer == "" or len(queues) > 1 else answer[1]

    def waitall(self, *queues: str, timeout: object = None, failfast: bool = False) -> list[Job]:
        """Wait for all jobs of the queues, and return them in order of completion; they leave their queues.

        Arguments:
            failfast: raise the error of the first job that did not end ok, as soon as it has ended. It leaves its
                queue; the others stay.

        Raises:
            WaitTimeout: the jobs stay.
        """
        flag("failfast", failfast)
        found = [self._find(queue) for queue in queues] if queues else None
        core = self._core

        def looked_at() -> list[JobQueue]:
            return list(core.queues.values()) if found is None else found

        def look() -> list[Job] | None:
            chosen = looked_at()
            live = any(queue.live for queue in chosen)
            if live and not failfast:  # it is asked at each end: without going through all that are done
                return None
            done = [job for queue in chosen for job in queue.done_jobs() if job.req == "none"]
            if failfast:
                bad = next((job for job in done if job.outcome is not OK), None)
                if bad is not None:
                    core.depart(bad._queue, bad)
                    return [bad]
            if live:
                return None
            done.sort(key=lambda job: job._ended)
            return done

        lists = [core.watchers] if found is None else [queue.watchers for queue in found]
        jobs: list[Job] = core.waits.until(lists, look, timeout)
        if failfast and jobs and jobs[0].outcome is not OK:
            outcome_of(jobs[0])

        def leave() -> None:
            for job in jobs:
                if job._queue.table.get(job.id) is job:
                    core.depart(job._queue, job)

        core.guarded(leave)
        return jobs

    def as_completed(self, queue: str) -> Completed:
        """Iterate over the jobs of a queue as they end, until it has none left; each leaves the queue.

        An iterator and an asynchronous iterator of Jobs.
        """
        return Completed(self._core, self._find(queue))

    def genid(self) -> str:
        """A queue name that was never given before: a counter and the time in seconds, both hexadecimal."""
        return exits.genid()

    def configure(self, **settings: Any) -> Settings:
        """Change settings, and return all of them. See Settings for names and units; times may be text."""
        core = self._core
        checked: dict[str, Any] = {}
        known = Settings.__dataclass_fields__
        for name, value in settings.items():
            if name not in known:
                raise OptionError(f'unknown setting "{named(name)}": must be {", ".join(known)}')
            if name in ("timeout", "logminduration", "grace"):
                checked[name] = seconds(value)
            elif name == "maxthreads" and value is None:
                checked[name] = 0
            else:
                checked[name] = count(name, value)

        def change() -> Settings:
            values = {name: checked.get(name, getattr(core.settings, name)) for name in known}
            core.wake()
            core.commit_settings(Settings(**values), values["maxthreads"] or None)
            core.wake()
            for queue in core.queues.values():
                if checked.get("maxdone"):
                    core.bound_done(queue)
            return core.settings

        configured = cast(Settings, core.guarded(change))
        core.recall_all()
        return configured

    # -- definitions, listeners, the end -------------------------------------------------------------------------

    def define(self, source: str, filename: str | None = None) -> None:
        """Run Python source whose names all later snippets see: functions, imports, constants.

        What it makes is shared by the jobs. It runs once, here and now; where it fails, nothing is defined.

        Arguments:
            filename: the file that it is from, for tracebacks.
        """
        if not isinstance(source, str):
            raise OptionError(f"define takes Python source (str), but got {type(source).__name__}")
        self._core.guarded(nothing)
        self._core.definitions.define(source, filename)
        self._core.recall_all()

    def subscribe(self, listener: Listener) -> Subscription:
        """Call `listener(event)` for every event of the pool, in order, on a thread of its own.

        A listener that is 100,000 events behind misses the oldest; what it raises is logged.
        """
        if not callable(listener):
            raise OptionError(f"subscribe needs a callable, but got {type(listener).__name__}")
        core = self._core
        subscription = Subscription(listener, core.unsubscribe)
        core.guarded(core.subscribe, subscription)
        return subscription

    def shutdown(self, wait: bool = True, *, cancel: bool = False, timeout: object = None) -> None:
        """End the pool: it takes no more jobs; paused queues go on, and threads end when there is nothing to do.

        Arguments:
            wait: wait until all jobs are done.
            cancel: cancel what is scheduled, and interrupt what runs.
            timeout: seconds to wait at most; None waits for ever.

        Raises:
            WaitTimeout: jobs still run. The pool stays shut.
        """
        flag("wait", wait)
        flag("cancel", cancel)
        limit = None if timeout is None else seconds(timeout)
        core = self._core
        if core.forked:
            return
        started = time.monotonic()
        core.stop(cancel)
        self._run_immediate()
        if wait:
            core.waits.until([core.idlers], core.idle, limit)
            rest = None if limit is None else max(limit - (time.monotonic() - started), 0.0)
            for engine in list(core.engines.values()):
                engine.close(rest)
            core.finish_endings(rest)
            if core.depot is not None:
                core.depot.close()
        self._release_output()
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.shutdown()
            return
        try:
            self.shutdown(cancel=True, timeout=self._core.settings.grace)
        except TimeoutError:  # what does not end must hide no error that is on its way, nor hold the program's exit
            self._core.write_off_all()

    def __del__(self) -> None:
        if not self._closed and not self._core.forked and not self._core.stopping:
            self._core.timers.soon(self._core.abandon)

    def __repr__(self) -> str:
        return f"<Pool {self._core.name} {len(self._core.queues)} queues>"

    def _release_output(self) -> None:
        if self._captures:
            self._captures = False
            output.uninstall()


def _hook(name: str, script: object) -> Work | None:
    """The work that a script of a queue is."""
    if script is None or isinstance(script, Script):
        return script
    return compile_snippet(text(name, script))


def _engine(engine: Any, given: dict[str, Any]) -> tuple[Callable[[Core], Engine] | EngineKind, str, dict[str, Any]]:
    """What makes an engine, its name, and its options, which are taken out of `given`."""
    options: dict[str, Any] = {}
    if not isinstance(engine, str):
        options["executor"] = engine
        engine = "executor"
    kind = engine_named(engine)
    if isinstance(kind, EngineKind):
        for name in [name for name in given if name in kind.options]:
            options[name] = given[name] if name in _BOTH else given.pop(name)
        options = {name: value for name, value in options.items() if value is not None or name not in _BOTH}
        options = {name: kind.options[name](name, value) for name, value in options.items()}
    for name in given:
        if name in OPTION_OF:
            raise OptionError(f"{name} is an option of the {OPTION_OF[name]} engine, and this queue's is {engine}")
    return kind, engine, options


def _threads(name: str, value: object) -> int:
    number = count(f"?{name}", value, 1)
    if number > _MOST_THREADS:
        raise OptionError(f"expected integer in range [1,{_MOST_THREADS}] for '?{name}', but got {brief(number)}")
    return number
