"""Log: what a worker tells on standard error, a line for each thing."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from nsjob.shell.files.streams import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nsjob.pool.events import Event
    from nsjob.shell.files.failures import JobFailure, ScriptFailure
    from nsjob.store.watching import RunEvent

__all__ = ["Log", "lasting"]

_BACK = {"retry": "retry", "snoozed": "snoozed", "requeued": "requeued"}


class Log:
    """A worker's lines; also a Telling, for what its jobs log.

    Attributes:
        counts: how many jobs have ended here, by outcome.
    """

    def __init__(self, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self.counts: Counter[str] = Counter()

    def line(self, sentence: str) -> None:
        """Something about the worker itself."""
        if not self._quiet:
            _say(time.time(), sentence)

    def trouble(self, sentence: str) -> None:
        """Something that has to be known in any case."""
        _say(time.time(), sentence)

    def run(self, event: RunEvent) -> None:
        """Something has happened to a job here."""
        if event.kind == "ended":
            self.counts[event.outcome] += 1
        if event.kind == "refused":
            _say(event.time, f"queue {event.queue} {event.job}: refused, it has gone to another worker meanwhile")
        elif not self._quiet and (self._verbose or event.kind != "progress"):
            _say(event.time, f"queue {event.queue} {event.job}: {_told(event)}")

    def summary(self) -> str:
        """How many jobs there were."""
        jobs = sum(self.counts.values())
        if not jobs:
            return "no jobs"
        each = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.counts.items()))
        return f"{jobs:,} job{'' if jobs == 1 else 's'}: {each}"

    # -- as a Telling --------------------------------------------------------------------------------------------

    def script(self, failure: ScriptFailure) -> None:
        self.trouble(failure.message)

    def jobs(self, failures: Sequence[JobFailure]) -> None:
        pass  # each has its line

    def note(self, sentence: str) -> None:
        self.trouble(sentence)

    def logged(self, moment: float, severity: str, message: str) -> None:
        _say(moment, f"{severity}: {message}")

    def event(self, event: Event) -> None:
        pass


def _told(event: RunEvent) -> str:
    """What has happened to a job."""
    if event.kind == "started":
        return f"started, attempt {event.attempt}" if event.attempt > 1 else "started"
    if event.kind == "progress":
        total = "" if event.total is None else f" of {event.total:g}"
        return f"progress {event.done or 0.0:g}{total}{f', {event.note}' if event.note else ''}"
    why = f": {event.reason}".replace("\n", " ") if event.reason else ""
    if event.kind == "returned":
        when = f" in {lasting(event.delay)}" if event.delay else ""
        return f"goes back to the store, {_BACK.get(event.outcome, event.outcome)}{when}{why}"
    return f"{event.outcome} after {lasting(event.seconds)}{why}"


def lasting(seconds: float) -> str:
    """A time, in three figures."""
    if seconds < 1:
        return f"{seconds * 1000:.3g}ms"
    if seconds < 100:
        return f"{seconds:.3g}s"
    return f"{seconds / 60:.3g}m" if seconds < 6000 else f"{seconds / 3600:.3g}h"


def _say(moment: float, line: str) -> None:
    milliseconds = int(moment * 1000) % 1000
    say(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(moment))}.{milliseconds:03d} {line}")
