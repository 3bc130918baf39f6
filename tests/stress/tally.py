"""Tally: what a scenario did and which violations it found; Witness: what goes wrong outside of any caller."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from types import CodeType, TracebackType
from typing import Any

__all__ = ["Tally", "Witness", "in_library", "in_thread"]

_SHOWN = 20
_OURS = ("nsjob", "tests")


class Tally:
    """What was done, by name, and what should not have happened.

    Bodies, which can be interrupted, may call `violation` (one append); `add` takes a lock and is for others.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.violations: list[str] = []
        self._done: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, what: str, number: int = 1) -> None:
        """Count something that was done, or that came of it."""
        with self._lock:
            self._done[what] += number

    def violation(self, text: str) -> None:
        """Note something that should not have happened."""
        self.violations.append(text)

    def expect(self, holds: object, text: str) -> bool:
        """Note a violation where `holds` is false. Returns whether it holds."""
        if not holds:
            self.violation(text)
        return bool(holds)

    def line(self, seconds: float) -> str:
        """The scenario's one line."""
        done = ", ".join(f"{number:,} {what}" for what, number in self._done.items())
        return f"{self.name}: {done}; violations: {len(self.violations)}; {seconds:.1f} s"

    def complaints(self) -> str:
        """The violations, equal ones counted, the first few."""
        counted = Counter(self.violations)
        lines = [f"  {number} x {text}" for text, number in counted.most_common(_SHOWN)]
        if len(counted) > _SHOWN:
            lines.append(f"  ... and {len(counted) - _SHOWN} others")
        return "\n".join(lines)


class Witness(logging.Handler):
    """Sees exceptions that end threads, those that finalizers drop, and errors that the pool logs.

    Arguments:
        expected: tells of a dropped exception or a log record whether the scenario provokes it on purpose.
    """

    def __init__(self, tally: Tally, expected: Callable[[object], bool] = lambda _: False) -> None:
        super().__init__(logging.ERROR)
        self._tally = tally
        self._expected = expected
        self._hooks: tuple[Any, Any] = (threading.excepthook, sys.unraisablehook)

    def __enter__(self) -> Witness:
        self._hooks = (threading.excepthook, sys.unraisablehook)
        threading.excepthook = self._thread_died
        sys.unraisablehook = self._dropped
        logging.getLogger("nsjob").addHandler(self)
        logging.getLogger("nsjob").propagate = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        threading.excepthook, sys.unraisablehook = self._hooks
        logging.getLogger("nsjob").removeHandler(self)
        logging.getLogger("nsjob").propagate = True

    def _thread_died(self, what: Any) -> None:
        name = what.thread.name if what.thread is not None else "?"
        self._tally.violation(f"thread {name} died: {_brief(what.exc_value)}")

    def _dropped(self, what: Any) -> None:
        if not self._expected(what):
            self._tally.violation(f"dropped in {what.object!r:.80}: {_brief(what.exc_value)}")

    def emit(self, record: logging.LogRecord) -> None:
        if not self._expected(record):
            error = record.exc_info[1] if record.exc_info else None
            self._tally.violation(f"logged: {record.getMessage()}: {_brief(error)}")


def _brief(error: BaseException | None) -> str:
    if error is None:
        return ""
    where = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__}: {error} at " + " < ".join(
        f"{f.filename[-30:]}:{f.lineno}" for f in reversed(where)
    )


def in_library(what: object, *handlers: CodeType) -> bool:
    """Whether a dropped exception came up in code that is neither nsjob's nor the tests': a callback of a weak
    reference, a finalizer.

    Arguments:
        what: what `sys.unraisablehook` is given.
        handlers: frames of these do not count: of a signal's handler, which may run anywhere.
    """
    error: BaseException | None = getattr(what, "exc_value", None)
    walked = traceback.walk_tb(error.__traceback__ if error is not None else None)
    rooms = {str(frame.f_globals.get("__name__")) for frame, _ in walked if frame.f_code not in handlers}
    rooms.add(str(getattr(getattr(what, "object", None), "__module__", None) or ""))
    rooms.discard("")
    return bool(rooms) and not any(room.partition(".")[0] in _OURS for room in rooms)


def in_thread(action: Callable[[], object], seconds: float = 10.0) -> str:
    """Call `action` in a thread of its own. Returns what went wrong, or nothing: an error, or that it hangs."""
    wrong: list[str] = []

    def work() -> None:
        try:
            action()
        except BaseException as error:
            wrong.append(_brief(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        frame = sys._current_frames().get(thread.ident or 0)
        stack = traceback.extract_stack(frame)[-6:] if frame is not None else []
        return f"hangs for {seconds:g} s at " + " < ".join(f"{f.filename[-30:]}:{f.lineno}" for f in reversed(stack))
    return wrong[0] if wrong else ""
