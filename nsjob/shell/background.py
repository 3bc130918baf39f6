"""Background: what jobs print, line by line and marked with queue and job, brought to the screen in batches.

It knows no terminal: a sink takes the lines when it can. Nothing is dropped in silence: what is too much is counted.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Background", "Mark"]

_BATCH = 32_768  # signs that go to the screen at once: a line that is typed waits for no more than them
_MOST = 16_000_000  # signs that wait for the screen
_LONGEST = 65_536  # signs of a line without end
_PAUSE = 0.03  # seconds between two batches
_LINGER = 1.0  # seconds after which the beginning of a line is shown without its end
_STUCK = 0.5  # seconds without any progress after which writers do not wait for the screen any more

_STRANGE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)")


class Mark(NamedTuple):
    """Who wrote: a job of a queue, nobody in particular where they are empty; and whether to stderr."""

    queue: str
    job: str
    error: bool = False


class _Open:
    """The beginning of a line."""

    __slots__ = ("since", "text")

    def __init__(self) -> None:
        self.text = ""
        self.since = 0.0


class Background:
    """Lines from any thread, and a thread that gives them to the sink.

    Arguments:
        sink: called with a function that takes the next lines; calls it once at most, when they can be shown, and
            returns whether it did.
        marked: how a mark is shown, before each line.
        colour: whether the colours that jobs print are kept.
    """

    def __init__(
        self, sink: Callable[[Callable[[], str]], bool], marked: Callable[[Mark], str], colour: bool = False
    ) -> None:
        self._sink = sink
        self._marked = marked
        self._colour = colour
        self._lock = threading.Lock()  # guards all that follows
        self._lines: deque[tuple[Mark, str]] = deque()
        self._open: dict[Mark, _Open] = {}
        self._size = 0
        self._cut = 0
        self._taken = 0  # batches
        self._thread: threading.Thread | None = None
        self._closing = False
        self._news = threading.Event()

    def write(self, mark: Mark, text: str, patient: bool = True) -> None:
        """Let some text be shown, at the next batch if it ends a line.

        Arguments:
            patient: whether the caller may be held up for a moment where too much waits already.
        """
        if not text:
            return
        if self._size > _MOST and patient:
            self._wait_for_room()
        with self._lock:
            begun = self._open.get(mark)
            if begun is not None:
                text = begun.text + text
            *whole, rest = text.split("\n")
            if len(rest) > _LONGEST:
                whole.append(rest)
                rest = ""
            if rest:
                if begun is None:
                    begun = self._open[mark] = _Open()
                begun.text = rest.rpartition("\r")[2] or rest
                begun.since = time.monotonic()
            elif begun is not None:
                del self._open[mark]
            for line in whole:
                self._add(mark, line)
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._show, name="nsjob-output", daemon=True)
                self._thread.start()
        self._news.set()

    def _add(self, mark: Mark, line: str) -> None:
        if self._size > _MOST + _LONGEST:
            self._cut += 1
            return
        self._lines.append((mark, line))
        self._size += len(line) + 1

    def _wait_for_room(self) -> None:
        taken, since = self._taken, time.monotonic()
        while self._size > _MOST and time.monotonic() - since < _STUCK:
            time.sleep(_PAUSE)
            if taken != self._taken:
                taken, since = self._taken, time.monotonic()

    def settle(self, timeout: float) -> None:
        """Wait until all whole lines are shown that were written before, for `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        self._news.set()
        while self._lines and self._thread is not None and time.monotonic() < deadline:
            time.sleep(0.005)

    def close(self, timeout: float = 5.0) -> None:
        """Show what is left, for `timeout` seconds at most, and end the thread."""
        with self._lock:
            self._end_lines(0.0)
        self.settle(timeout)
        self._closing = True
        self._news.set()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None
        self._closing = False

    # -- the thread ----------------------------------------------------------------------------------------------

    def _show(self) -> None:
        while not self._closing:
            self._news.wait(_LINGER if self._open else None)
            self._news.clear()
            time.sleep(_PAUSE)  # what comes together is shown together
            with self._lock:
                self._end_lines(_LINGER)
            while self._lines or self._cut:
                begun = time.monotonic()
                shown = self._sink(self._take)
                # As long as the batch took: half of the time is left for whoever types.
                time.sleep(max(_PAUSE, time.monotonic() - begun if shown else 0.1))
                if self._closing and not shown:
                    return

    def _end_lines(self, age: float) -> None:
        """Under the lock: lines that were begun so long ago are taken for whole."""
        if not self._open:
            return
        now = time.monotonic()
        for mark, begun in list(self._open.items()):
            if now - begun.since >= age:
                del self._open[mark]
                self._add(mark, begun.text)

    def _take(self) -> str:
        """The next batch, as it is shown."""
        with self._lock:
            taken: list[tuple[Mark, str]] = []
            size = 0
            while self._lines and size < _BATCH:
                entry = self._lines.popleft()
                size += len(entry[1]) + 1
                taken.append(entry)
            self._size -= size
            self._taken += 1
            cut = 0
            if not self._lines:
                cut, self._cut = self._cut, 0
        shown = [self._marked(mark) + self.cleaned(line) for mark, line in taken]
        if cut:
            shown.append(f"... {cut:,} lines were cut: jobs print faster than they can be shown")
        return "\n".join(shown) + "\n" if shown else ""

    def cleaned(self, line: str) -> str:
        """A line without what would move the cursor."""
        if line.isprintable():
            return line
        if "\r" in line:
            line = line.rstrip("\r").rpartition("\r")[2]
        if "\x1b" in line:
            coloured = self._colour and "m" in line
            line = _SEQUENCE.sub(lambda found: found[0] if self._colour and _is_colour(found[0]) else "", line)
            kept = _STRANGE.sub(lambda found: found[0] if found[0] == "\x1b" and self._colour else "", line)
            return kept + "\x1b[0m" if coloured else kept
        return _STRANGE.sub("", line)


def _is_colour(sequence: str) -> bool:
    return sequence.startswith("\x1b[") and sequence.endswith("m")
