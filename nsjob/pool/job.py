"""Job: one job, from scheduled to done, and the handle by which programs hold it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nsjob.pool.engine import Run
    from nsjob.pool.options import JobOptions
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.waiting import Park, Wait
    from nsjob.pool.work import Work

__all__ = ["CANCELLED", "DONE", "ERROR", "EXPIRED", "OK", "RUNNING", "SCHEDULED", "TIMEOUT", "Job", "Particulars"]

# States and outcomes are these very objects: they are compared by identity.
SCHEDULED = "scheduled"
RUNNING = "running"
DONE = "done"

OK = "ok"
ERROR = "error"
CANCELLED = "cancelled"
TIMEOUT = "timeout"
EXPIRED = "expired"


class Particulars:
    """What only some jobs have; made when first needed, so that a plain scheduled job stays small."""

    __slots__ = (
        "dependents",
        "done",
        "expiry",
        "key_parked",
        "log",
        "not_before",
        "note",
        "output",
        "pending",
        "start_timer",
        "total",
    )

    def __init__(self) -> None:
        self.done: float | None = None
        self.total: float | None = None
        self.note = ""
        self.log: list[str] = []
        self.output: Any = None
        self.dependents: list[Job] = []
        self.pending: list[Job] = []
        self.not_before: float | None = None
        self.start_timer: Any = None
        self.expiry: Any = None
        self.key_parked = False


class Job:
    """A job: work, options, and what became of it.

    Attributes that may be read at any time, from any thread:
        id: its id in its queue.
        state: `scheduled`, `running` or `done`.
        outcome: of a done job `ok`, `error`, `cancelled`, `timeout` or `expired`; before that the empty string.
        code: `TCL_OK`, `TCL_RETURN`, `TCL_BREAK`, `TCL_CONTINUE` or `TCL_ERROR`, as ns_job reports it.
        attempt: how many runs have begun.

    A handle keeps the outcome: it can be waited for by anyone, any number of times. Everything with an underscore is
    the pool's, and changes only under its lock.
    """

    __slots__ = (
        "__weakref__",
        "_aside",
        "_cancelling",
        "_context",
        "_ended",
        "_options",
        "_parks",
        "_particulars",
        "_queue",
        "_queued",
        "_run",
        "_started",
        "_value",
        "_wait",
        "_where",
        "_work",
        "attempt",
        "code",
        "id",
        "outcome",
        "state",
    )

    def __init__(
        self, queue: JobQueue, id: str, work: Work, options: JobOptions, context: Context, queued: float, owned: bool
    ) -> None:
        self.id = id
        self.state = SCHEDULED
        self.outcome = ""
        self.code = "TCL_OK"
        self.attempt = 0
        self._queue = queue
        self._work = work
        self._options = options
        self._context: Context | None = context
        self._queued = queued
        self._aside = owned or options.detached  # leaves the table when done, and is not waited for by id
        self._started = 0.0
        self._ended = 0.0
        self._value: Any = None
        self._where = -1
        self._run: Run | None = None
        self._wait: Wait | None = None  # the wait by id that is under way
        self._parks: list[Park | Callable[[Job], object]] | None = None
        self._particulars: Particulars | None = None
        self._cancelling = False

    @property
    def queue(self) -> str:
        """The name of its queue."""
        return self._queue.name

    @property
    def options(self) -> JobOptions:
        """How it is to be run."""
        return self._options

    @property
    def req(self) -> str:
        """`cancel` where it was asked to end, `wait` where someone waits by its id, else `none`."""
        if self._cancelling:
            return "cancel"
        wait = self._wait
        return "wait" if wait is not None and wait.active else "none"

    @property
    def error(self) -> BaseException | None:
        """The exception that a done job ended with, or None."""
        return self._value if self.state is DONE and self.outcome != OK else None

    def done(self) -> bool:
        """Whether it has ended, whatever the outcome."""
        return self.state is DONE

    def wait(self, timeout: object = None) -> Any:
        """Wait for its end and return its value.

        Arguments:
            timeout: seconds, or a time as text; None waits for ever.

        Raises:
            WaitTimeout: it has not ended in time; it goes on.
            JobCancelled, JobTimeout, JobExpired, DependencyFailed: it ended so.
            Exception: the body's own.
        """
        return self._queue.core.waits.handle(self, timeout)

    def cancel(self) -> bool:
        """Ask it to end. Returns whether it was running; a done job is left as it is."""
        return self._queue.core.cancel_job(self)

    def add_done_callback(self, callback: Callable[[Job], object]) -> None:
        """Call `callback(job)` once it is done, in a thread of the pool; at once in this thread where it is done.

        What the callback raises is logged.
        """
        self._queue.core.waits.callback(self, callback)

    def particulars(self) -> Particulars:
        """Its Particulars, made where missing. Under the pool's lock."""
        found = self._particulars
        if found is None:
            found = self._particulars = Particulars()
        return found

    def __await__(self) -> Generator[Any, None, Any]:
        return self._queue.core.waits.awaited(self).__await__()

    def __repr__(self) -> str:
        return f"<Job {self._queue.name} {self.id} {self.outcome or self.state}>"
