"""What a running job can see and say: `job` in a snippet, `current_job()` in a callable."""

from __future__ import annotations

import logging
import math
from _thread import get_ident
from typing import TYPE_CHECKING, Any, NoReturn

from nsjob.durations import seconds
from nsjob.errors import JobError, JobFailed, NoCurrentJob, OptionError

if TYPE_CHECKING:
    from pathlib import Path

    from nsjob.pool.engine import Run

__all__ = ["PLACES", "JobContext", "LeftBody", "Requeued", "Snoozed", "Succeeded", "current_job"]

_LONGEST_LOG = 1_000  # lines; the latest are kept

# Where bodies run in this process: thread id -> the pool thread's place. A thread adds and removes only its own entry,
# each by one dict operation.
PLACES: dict[int, Any] = {}


class LeftBody(BaseException):
    """Raised to leave the body at once. Not an Exception, so that `except Exception` lets it pass."""


class Snoozed(LeftBody):
    """Raised by `job.snooze`: the job runs again later."""


class Requeued(Snoozed):
    """Raised by `job.requeue`: the job goes back into its queue."""


class Succeeded(LeftBody):
    """Raised by `job.success`.

    Attributes:
        value: the job's.
    """

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class JobContext:
    """One attempt at a job, seen from its body."""

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def id(self) -> str:
        """The job's id."""
        return self._run.job.id

    @property
    def queue(self) -> str:
        """The name of its queue."""
        return self._run.job._queue.name

    @property
    def input(self) -> Any:
        """The job's `input`."""
        return self._run.job.options.input

    @property
    def index(self) -> int | None:
        """The job's index in its range; None outside of ranges."""
        return self._run.index

    @property
    def workdir(self) -> Path | None:
        """The job's own working directory, with its files; None where it has none. It is removed after the run.

        It is the current directory of programs, and of jobs in worker processes. In threads it is not: they share one.
        """
        from pathlib import Path  # late: it takes long to import

        return Path(self._run.workdir) if self._run.workdir else None

    @property
    def attempt(self) -> int:
        """Which run this is, 1 for the first. Snoozes and requeues do not count."""
        return self._run.attempt

    @property
    def cancelled(self) -> bool:
        """Whether the job was asked to end: cancelled, timed out, requeued or killed."""
        return self._run.reason is not None

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Tell how far the job is.

        Arguments:
            done: how much is done, 0 or more, in any unit.
            total: how much there is, in the same unit; None where it is not known.
            note: what goes on, in a few words.
        """
        for name, value in (("done", done), ("total", total)):
            if value is None and name == "total":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise OptionError(f"progress: {name} must be a number of 0 or more, but got {value!r}")
        if not isinstance(note, str):
            raise OptionError(f"progress: note must be text, but got {note!r}")
        self._run.core.guarded(self._run.core.progress, self._run, done, total, note)

    def snooze(self, seconds_: object) -> NoReturn:
        """Leave the body now; the job runs again after that many seconds. No attempt is counted."""
        self._run.snoozed = seconds(seconds_)
        raise Snoozed

    def requeue(self, delay: object = 0) -> NoReturn:
        """Leave the body now; the job goes back behind those of its priority. No attempt is counted.

        Arguments:
            delay: seconds that it waits before.
        """
        self._run.snoozed = seconds(delay)
        raise Requeued

    def success(self, value: Any = None) -> NoReturn:
        """Leave the body now; the job ends with outcome `ok` and this value."""
        raise Succeeded(value)

    def error(self, reason: str) -> NoReturn:
        """Leave the body now; this attempt has failed for this reason. It is retried where the job has retries left."""
        raise JobError(str(reason))

    def fail(self, reason: str) -> NoReturn:
        """Leave the body now; the job ends with outcome `error` and this reason, and is not retried."""
        raise JobFailed(str(reason))

    def fatal(self, reason: str) -> NoReturn:
        """The same as `fail`, by the name that it has in pcas jobdb."""
        self.fail(reason)

    def heartbeat(self) -> None:
        """Say that the job is alive: one with the option `heartbeat` that does not say so in time is ended."""
        self._run.core.guarded(self._run.core.heartbeat, self._run)

    def log(self, message: object) -> None:
        """Add a line to the job's own log, which `show` tells, and to the logger `nsjob.job`."""
        line = str(message)
        self._run.core.guarded(self._run.core.note_line, self._run, line, _LONGEST_LOG)
        logging.getLogger("nsjob.job").info("%s %s: %s", self.queue, self.id, line)

    def __repr__(self) -> str:
        return f"<job {self.queue} {self.id}, attempt {self.attempt}>"


def current_job() -> JobContext:
    """Return the job whose body runs in this thread.

    Raises:
        NoCurrentJob: no body runs here. Threads that a body starts itself count as outside.
    """
    place = PLACES.get(get_ident())
    if place is None or place.job is None:
        raise NoCurrentJob
    return JobContext(place.run or place.core.guarded(place.the_run))
