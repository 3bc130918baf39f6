"""Runs: what is known of each attempt at a job.

A run that ended ok is not kept: its record is made from the job itself, so plain jobs pay nothing. Every other end
leaves a Past among the job's particulars.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nsjob.errors import NsjobError
from nsjob.pool.job import DONE, OK, RUNNING, Job
from nsjob.pool.records import Left, RunRecord

if TYPE_CHECKING:
    from nsjob.pool.core import Core
    from nsjob.pool.queue import JobQueue

__all__ = ["HOST", "KEPT", "LOST", "REQUEUED", "SNOOZED", "Past", "note_run", "pasts", "records_of", "said_by"]

REQUEUED, SNOOZED, LOST = "requeued", "snoozed", "lost"  # how runs end that are not their job's end, or no end
KEPT = 100  # runs of one job, the latest
HOST: str = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
_HERE = ("thread", "interpreter")  # engines whose bodies run in this process


class Past:
    """A run that is over.

    Attributes:
        error: what the body raised, until `settle` has made text of it.
    """

    __slots__ = ("attempt", "deadline", "ended", "error", "host", "outcome", "pid", "reason", "started")

    def __init__(
        self,
        known: Job | Left,
        queue: JobQueue,
        outcome: str,
        ended: float | None,
        reason: str = "",
        error: BaseException | None = None,
    ) -> None:
        if isinstance(known, Left):
            options, started = known.options, known.started
            place: tuple[str, int] | None = None
        else:
            options, started = known._options, known._started
            place = getattr(known, "_ran_at", None)
        self.attempt = known.attempt
        self.started = started
        self.ended = ended
        self.outcome = outcome
        self.reason = reason
        self.error = error
        self.deadline = None if options.timeout is None else started + options.timeout
        if place is None:
            place = ("" if queue.pushed else HOST), os.getpid() if queue.engine_name in _HERE else 0
        self.host, self.pid = place

    def settle(self) -> None:
        """Let the error go, and keep what it says. Outside the lock: that is its own code."""
        error = self.error
        if error is not None:
            self.reason = said_by(error)
            self.error = None

    def record(self, core: Core) -> RunRecord:
        """What is told of it. Outside the lock."""
        self.settle()
        return RunRecord(
            attempt=self.attempt,
            outcome=self.outcome,
            reason=self.reason,
            started=core.wall(self.started),
            ended=None if self.ended is None else core.wall(self.ended),
            deadline=None if self.deadline is None else core.wall(self.deadline),
            host=self.host,
            pid=self.pid,
        )


def note_run(
    core: Core, job: Job, outcome: str, now: float, reason: str = "", error: BaseException | None = None
) -> None:
    """Keep what became of the run of a job that has not ended ok. Under the lock, not in a caller's thread."""
    particulars = job.particulars()
    runs = particulars.runs
    if runs is None:
        runs = particulars.runs = []
    past = Past(job, job._queue, outcome, now, reason, error)
    if hasattr(job, "_ran_at"):
        del job._ran_at
    runs.append(past)
    del runs[:-KEPT]
    if error is not None:
        core.endings.append(past.settle)


def pasts(known: Job | Left) -> list[Past]:
    """The runs of a job, the first one first, the one that goes on among them. Under the lock."""
    if isinstance(known, Left):
        queue, particulars = known.queue, known.particulars
    else:
        queue, particulars = known._queue, known._particulars
    found: list[Past] = list(particulars.runs or ()) if particulars is not None else []
    if known.state is RUNNING:
        found.append(Past(known, queue, "", None))
    elif known.state is DONE and known.outcome == OK and known.attempt:
        found.append(Past(known, queue, OK, _ended(known)))
    return found[-KEPT:]


def records_of(core: Core, known: Job | Left) -> tuple[RunRecord, ...]:
    """The records of a job's runs. Outside the lock, which it takes for a moment."""
    found: list[Past] = core.locked(pasts, known)
    return tuple(past.record(core) for past in found)


def _ended(known: Job | Left) -> float:
    return known.ended if isinstance(known, Left) else known._ended


def said_by(error: Any) -> str:
    """What an exception says, with the name of its class where that is not one of nsjob's own."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # its own __str__ failed
        return f"{name} (its text cannot be had)"
    if isinstance(error, NsjobError) and said:
        return said
    return f"{name}: {said}" if said else name
