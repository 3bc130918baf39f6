"""The Engine protocol: where the bodies of jobs run; and Run, one attempt at a job, which engines are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, Literal, Protocol

from nsjob.errors import NoSuchEngine, named, nearest

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.job import Job
    from nsjob.pool.options import JobOptions
    from nsjob.pool.work import Work

__all__ = ["ENGINES", "Engine", "Interrupt", "Run", "Runner", "engine_named"]

Interrupt = Literal["cancel", "timeout", "kill", "requeue", "snooze"]


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


ENGINES: dict[str, Callable[[Core], Engine]] = {}


def engine_named(name: object) -> Callable[[Core], Engine]:
    """Return what makes the engine of that name.

    Raises:
        NoSuchEngine: there is none; the message lists those there are.
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise NoSuchEngine(
            f'no such engine: "{named(name)}"{nearest(name, ENGINES) or "."} There are: {", ".join(sorted(ENGINES))}'
        )
    return ENGINES[name]
