"""The Engine protocol: where the bodies of jobs run; and Run, one attempt at a job, which engines are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

from nsjob.errors import NoSuchEngine, named, nearest

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.job import Job
    from nsjob.pool.options import JobOptions
    from nsjob.pool.work import Work

__all__ = [
    "ENGINES",
    "LATE",
    "OPTION_OF",
    "Engine",
    "EngineKind",
    "Host",
    "Interrupt",
    "Run",
    "Runner",
    "engine_named",
    "engine_names",
]

Interrupt = Literal["cancel", "timeout", "expire", "kill", "requeue", "snooze"]


class Run:
    """One attempt at a job.

    The engine calls `begun()` when the body starts (time limits count from there) and `finish()` when it has ended;
    only the first call of each counts, from any thread.
    """

    # The defaults stand in the class: making a run is on the pool's hottest path.
    holding = True  # whether it holds a slot: not while it waits for other jobs
    reason: Interrupt | None = None  # set under the lock; it decides the outcome, the interrupt is a nudge
    ended = False
    begun_at = 0.0
    beaten_at = 0.0  # when it last said that it is alive
    slot: Any = None  # the engine's own: the place where it runs
    value: Any = None
    error: BaseException | None = None
    snoozed = 0.0
    limit: Any = None  # the timer of its time limit
    nudge: Any = None  # the timer of the next nudge
    looks = 0  # how many times it was found where it must not be interrupted, since it was last interrupted
    loop: Any = None  # of a coroutine body: how to cancel it
    output: Any = None
    waiting: Any = None  # the Park in which the body waits for other jobs
    ticket: Any = None
    remote: Any = None  # what does its work, where that is not its thread
    workdir = ""  # its own working directory
    yielded = False  # its thread is counted among the waiting ones

    def __init__(self, core: Core, job: Job) -> None:
        self.core = core
        self.job = job
        self.attempt = job.attempt
        self.context = job._context if job._context is not None else Context()

    def the_run(self) -> Run:
        """Itself; see Runner."""
        return self

    @property
    def work(self) -> Work:
        """What to run."""
        return self.job._work

    @property
    def index(self) -> int | None:
        """The index in its range, or None."""
        particulars = self.job._particulars
        return particulars.index if particulars is not None else None

    @property
    def options(self) -> JobOptions:
        """How to run it."""
        return self.job._options

    @property
    def definitions(self) -> dict[str, Any]:
        """The namespace that the pool's definitions made in this process."""
        return self.core.definitions.namespace

    def begun(self) -> None:
        """Tell that the body starts now."""
        self.core.locked(self.core.begin, self)

    def finish(self, value: Any = None, error: BaseException | None = None) -> Run | None:
        """Tell how the body ended. Returns the next run for the same place, or None."""
        self.value, self.error = value, error
        after: Run | None = self.core.settle(self)
        return after


class Runner(Protocol):
    """What a running job knows of where it runs: its Run, or a pool thread, which makes one when it is asked for."""

    @property
    def slot(self) -> Any:
        """The engine's own: the place where the job runs, or None."""

    def the_run(self) -> Run:
        """The Run of the job. Under the pool's lock."""


class Engine(Protocol):
    """Where bodies run. Everything is called outside the pool's lock, and none of it may block, save `close`."""

    def start(self, runs: Sequence[Run]) -> None:
        """Start these runs. What it raises is the error of those that have not begun."""

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """Try to end a run; called again every 100 ms while it goes on. Returns whether anything could be done."""

    def abandon(self, run: Run) -> None:
        """The run is written off: replace its capacity."""

    def close(self, timeout: float | None) -> None:
        """Let go of everything; wait for what runs for at most `timeout` seconds."""


class Host(Protocol):
    """What does the work of a queue elsewhere while a pool thread stands for it: caps, order and limits are the pool's.

    Where it has work done, an interrupt of the thread would reach nothing: `interrupt` and `abandon` end the work
    itself, and `perform` returns or raises soon after.
    """

    def check(self, work: Work) -> None:
        """Refuse work that cannot be done there, when it is queued.

        Raises:
            OptionError: says what would be right.
        """

    def perform(self, run: Run, work: Work) -> Any:
        """Have the work done, and return its value, an Ending or not; its error is raised. In a pool thread."""

    def interrupt(self, run: Run, reason: Interrupt) -> bool:
        """Try to end a run; called again every 100 ms while it goes on. Returns whether anything could be done."""

    def abandon(self, run: Run) -> None:
        """The run is written off: end it by all means."""

    def close(self, timeout: float | None) -> None:
        """Let go of everything."""


@dataclass(frozen=True, slots=True)
class EngineKind:
    """An engine of which each queue has its own, made with options of its own.

    Attributes:
        make: called with the core, the queue's name and the options; makes an Engine or a Host.
        options: what `create` may be given for it: names, and what checks a value (given the name and the value).
        summary: what a slot of it is, in a few words.
        missing: returns what must be done to have it here (an extra to install, a newer Python), or nothing.
    """

    make: Callable[[Core, str, Mapping[str, Any]], Engine | Host]
    options: Mapping[str, Callable[[str, Any], Any]]
    summary: str
    missing: Callable[[], str]


ENGINES: dict[str, Callable[[Core], Engine] | EngineKind] = {}
LATE: dict[str, str] = {}
"""Engines whose module is imported when one is first wanted: `module:name` by the engine's name."""
OPTION_OF: dict[str, str] = {}
"""Of which engine an option is; for messages about those of another one."""
_GROUP = "nsjob.engines"  # of entry points


def engine_names() -> list[str]:
    """The names of all engines there are, those of other packages (entry points `nsjob.engines`) among them."""
    from importlib.metadata import entry_points  # late: it reads what is installed

    return sorted({*ENGINES, *LATE, *(point.name for point in entry_points(group=_GROUP))})


def _found(name: object) -> Callable[[Core], Engine] | EngineKind | None:
    if not isinstance(name, str):
        return None
    if name not in ENGINES:
        if name in LATE:
            module, _, attribute = LATE[name].partition(":")
            ENGINES[name] = getattr(import_module(module), attribute)
        else:
            from importlib.metadata import entry_points

            for point in entry_points(group=_GROUP, name=name):
                ENGINES[name] = point.load()
    return ENGINES.get(name)


def engine_named(name: object) -> Callable[[Core], Engine] | EngineKind:
    """Return what makes the engine of that name; a callable makes one that all queues share.

    Raises:
        NoSuchEngine: there is none, or it cannot be had here; the message says what there is.
    """
    found = _found(name)
    if found is None:
        known = engine_names()
        raise NoSuchEngine(
            f'no such engine: "{named(name)}"{nearest(name, known) or "."} There are: {", ".join(known)}'
        )
    if isinstance(found, EngineKind) and (reason := found.missing()):
        raise NoSuchEngine(f'the engine "{name}" is not here: {reason}')
    return found
