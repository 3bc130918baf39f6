"""Telling: what nsjob says on standard error of a file that it runs, in sentences or as JSON lines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from nsjob.shell.files.streams import say

if TYPE_CHECKING:
    from nsjob.pool.events import Event
    from nsjob.shell.files.failures import JobFailure, ScriptFailure

__all__ = ["JsonLines", "Sentences", "Telling"]

_WITH_TRACE = 10  # failed jobs that are told with their tracebacks
_MOST = 100  # failed jobs that are told one by one


class Telling(Protocol):
    """How things are told."""

    def script(self, failure: ScriptFailure) -> None:
        """A script ended in an error."""

    def jobs(self, failures: Sequence[JobFailure]) -> None:
        """Jobs failed that nobody waited for."""

    def note(self, sentence: str) -> None:
        """Something that the person has to know."""

    def logged(self, moment: float, severity: str, message: str) -> None:
        """A line of the log; `moment` is seconds since the epoch."""

    def event(self, event: Event) -> None:
        """Something happened to a job or a queue."""


class Sentences:
    """For people."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet

    def script(self, failure: ScriptFailure) -> None:
        lines = [f"{failure.name}:{failure.line}: {failure.message}"]
        if failure.trace:
            lines.append(failure.trace)
        if failure.hint and not self._quiet:
            lines.append(f"hint: {failure.hint}")
        say("\n".join(lines))

    def jobs(self, failures: Sequence[JobFailure]) -> None:
        for place, failure in enumerate(failures[:_MOST]):
            line = f"queue {failure.queue} {failure.job}: {failure.message}"
            say(f"{line}\n{failure.trace}" if failure.trace and place < _WITH_TRACE else line)
        if len(failures) > _MOST:
            say(f"nsjob: {len(failures) - _MOST} more jobs failed, {len(failures)} in all")

    def note(self, sentence: str) -> None:
        say(f"nsjob: {sentence}")

    def logged(self, moment: float, severity: str, message: str) -> None:
        say(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(moment))} {severity}: {message}")

    def event(self, event: Event) -> None:
        when = time.strftime("%H:%M:%S", time.localtime(event.time)) + f".{int(event.time * 1000) % 1000:03d}"
        what = f"{event.job}: {event.kind}{_more(event)}" if event.job else event.kind.removeprefix("queue ")
        say(f"{when} queue {event.queue} {what}")


def _more(event: Event) -> str:
    """What else there is to an event of that kind."""
    if event.kind == "finished":
        return f", {event.outcome}"
    if event.kind == "progress":
        total = "" if event.total is None else f" of {event.total:g}"
        note = f", {event.note}" if event.note else ""
        return f" {event.done or 0.0:g}{total}{note}"
    return ""


class JsonLines:
    """For programs: each line is an object, whose first key says what it is."""

    def script(self, failure: ScriptFailure) -> None:
        self._line(
            error=failure.message,
            code=failure.code,
            file=failure.name,
            line=failure.line,
            trace=failure.trace,
            hint=failure.hint,
        )

    def jobs(self, failures: Sequence[JobFailure]) -> None:
        for failure in failures:
            self._line(failed=failure.job, queue=failure.queue, error=failure.message, trace=failure.trace)

    def note(self, sentence: str) -> None:
        self._line(note=sentence)

    def logged(self, moment: float, severity: str, message: str) -> None:
        self._line(log=message, severity=severity, time=moment)

    def event(self, event: Event) -> None:
        more: dict[str, Any] = {}
        if event.kind == "finished":
            more = {"outcome": event.outcome}
        elif event.kind == "progress":
            more = {"done": event.done, "total": event.total, "note": event.note}
        self._line(event=event.kind, queue=event.queue, job=event.job, time=event.time, **more)

    def _line(self, **fields: Any) -> None:
        from nsjob.commands.json_lines import json_line  # late: only who writes JSON pays for it

        say(json_line(fields))
