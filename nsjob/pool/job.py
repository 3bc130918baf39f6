"""Job: one job, from scheduled to done, and the handle by which programs hold it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any

from nsjob.errors import JobCancelled
from nsjob.pool.work import options_of

if TYPE_CHECKING:
    from nsjob.pool.backlog import Seat
    from nsjob.pool.engine import Runner
    from nsjob.pool.options import JobOptions
    from nsjob.pool.queue import JobQueue
    from nsjob.pool.ranges import Range
    from nsjob.pool.runs import Past
    from nsjob.pool.waiting import Park
    from nsjob.pool.work import Work

__all__ = [
    "CANCELLED",
    "DONE",
    "ERROR",
    "EXPIRED",
    "OK",
    "RUNNING",
    "SCHEDULED",
    "TIMEOUT",
    "Job",
    "Particulars",
    "scheduled_job",
]

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
    """What only some jobs have, made when first needed, so that a plain scheduled job stays small.

    The defaults stand in the class, so that making one costs little.
    """

    done: float | None = None  # progress
    total: float | None = None
    note = ""
    log: list[str] | None = None
    runs: list[Past] | None = None  # those that did not end ok
    output: Any = None
    workdir = ""  # of the run that goes on, or that was kept
    dependents: list[Job] | tuple[()] = ()  # jobs that come after this one
    pending: list[Any] | tuple[()] = ()  # jobs that this one comes after
    not_before: float | None = None
    start_timer: Any = None
    expiry: Any = None
    lifetime: Any = None  # the timer of its end, whatever it does
    key_parked = 0  # its number among those that wait behind their keys; 0 where it does not
    let_out = False  # whether it was let out of its key and has not started
    parks: list[Park | Callable[[Job], object]] | tuple[()] = ()  # who waits by handle, and callbacks
    wait: Any = None  # the latest Wait by id
    cancelling = False
    bare = False  # whether there is nothing here but a Wait
    shared = False  # see Wait
    range: Range | None = None  # of a job over many indexes
    part_of: Range | None = None  # of the job of one index
    index: int | None = None  # that one


class Job:
    """A job: work, options, and what became of it.

    Attributes that may be read at any time, from any thread:
        id: its id in its queue.
        state: `scheduled`, `running` or `done`.
        outcome: of a done job `ok`, `error`, `cancelled`, `timeout` or `expired`; before that the empty string.
        attempt: how many runs have begun.

    A handle keeps the outcome: it can be waited for by anyone, any number of times. Everything with an underscore is
    the pool's, and changes only under its lock.
    """

    __slots__ = (
        "__weakref__",
        "_aside",
        "_code",
        "_context",
        "_ended",
        "_options",
        "_particulars",
        "_queue",
        "_queued",
        "_ran_at",
        "_runner",
        "_started",
        "_value",
        "_where",
        "_work",
        "attempt",
        "id",
        "outcome",
        "state",
    )

    # There is no `__init__`: a call of it would be a fifth of what entering a job costs. See `scheduled_job`.
    id: str
    state: str
    outcome: str
    attempt: int
    _queue: JobQueue
    _work: Work
    _options: JobOptions
    _context: Context | None  # a copy of the one it was queued in; None for an empty one
    _queued: float
    _where: int | Seat | None  # see Backlog
    _aside: bool  # leaves the table when done, and is not waited for by id
    _particulars: Particulars | None
    # Set when they come to be:
    _started: float
    _ended: float
    _value: Any
    _code: str
    _runner: Runner | None  # while it runs
    _ran_at: tuple[str, int]  # host and pid of its run, where another process does it

    @property
    def code(self) -> str:
        """`TCL_OK`, or how a done job ended: `TCL_RETURN`, `TCL_BREAK`, `TCL_CONTINUE`, `TCL_ERROR`."""
        if self.state is not DONE:
            return "TCL_OK"
        code: str = getattr(self, "_code", "TCL_OK")  # the way of a plain job does not set it
        return code

    @property
    def queue(self) -> str:
        """The name of its queue."""
        return self._queue.name

    @property
    def options(self) -> JobOptions:
        """How it is to be run."""
        return options_of(self._work, self._options)

    @property
    def req(self) -> str:
        """`cancel` where it was asked to end, `wait` where someone waits by its id, else `none`."""
        particulars = self._particulars
        if particulars is None or self.state is DONE:
            return "none"
        if particulars.cancelling:
            return "cancel"
        wait = particulars.wait
        return "wait" if wait is not None and wait.active else "none"

    @property
    def error(self) -> BaseException | None:
        """The exception that a done job ended with, or None."""
        if self.state is not DONE or self.outcome is OK:
            return None
        return JobCancelled() if self.outcome is CANCELLED else self._value

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
        if self.state is DONE and self.outcome is OK:
            return self._value
        return self._queue.core.waits.handle(self, timeout)

    def cancel(self) -> bool:
        """Ask it to end. Returns whether it was running; a done job is left as it is."""
        return self._queue.core.cancel_live_job(self)

    def add_done_callback(self, callback: Callable[[Job], object]) -> None:
        """Call `callback(job)` once it is done, in a thread of the pool; at once in this thread where it is done.

        What the callback raises is logged.
        """
        self._queue.core.waits.callback(self, callback)

    def particulars(self) -> Particulars:
        """Its Particulars, made where missing, to put something in. Under the pool's lock."""
        found = self._particulars
        if found is None:
            found = self._particulars = Particulars()
        found.bare = False
        return found

    def __await__(self) -> Generator[Any, None, Any]:
        return self._queue.core.waits.awaited(self).__await__()

    def __repr__(self) -> str:
        return f"<Job {self._queue.name} {self.id} {self.outcome or self.state}>"


def scheduled_job(
    queue: JobQueue, id: str, work: Work, options: JobOptions, context: Context | None, queued: float, aside: bool
) -> Job:
    """Make a job that waits nowhere yet. `Entering.enter_plain` has the same written out."""
    job = Job()
    job.id = id
    job.state = SCHEDULED
    job.outcome = ""
    job.attempt = 0
    job._queue = queue
    job._work = work
    job._options = options
    job._context = context
    job._queued = queued
    job._where = -1
    job._aside = aside
    job._particulars = None
    return job
