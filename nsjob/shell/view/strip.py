"""Strip: the lines at the cursor of a terminal that change in place, and how other output gets past them.

The cursor stays at the start of the strip, so taking it away needs to know neither its height nor the terminal's width.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from nsjob.shell.view.harmless import cells
from nsjob.shell.view.lines import Line, painted
from nsjob.shell.view.terminal import Terminal

__all__ = ["Stream", "Strip"]

_PAUSE = 0.05  # seconds between two redraws for the sake of other output


class Strip:
    """A strip on a terminal. Any thread may draw, clear, and write past it.

    Attributes:
        width: cells of a line.
        rows: how many lines there is room for.
        streams: what else is written to the terminal, to be flushed before a drawing.
        shown: whether it is to be seen.
        lock: guards the terminal, and what is known of it.
    """

    def __init__(self, terminal: Terminal, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal = terminal
        self._clock = clock
        self.lock = threading.RLock()
        self._drawn = ""  # what is to be seen
        self.shown = False
        self._redrawn = 0.0
        self._column = 0  # cells of the line that other output has begun and not ended
        self._below = False  # whether the strip is on the line below that one
        self.streams: tuple[Any, ...] = ()

    @property
    def works(self) -> bool:
        """Whether the terminal can do it."""
        return self._terminal.moves

    @property
    def width(self) -> int:
        return max(self._terminal.width - 1, 1)  # a full line would wrap in some terminals

    @property
    def rows(self) -> int:
        return max(self._terminal.height - 1, 1)

    def sign(self, sign: str, instead: str) -> str:
        """A sign, or another one where the terminal's encoding has it not."""
        return sign if self._terminal.encodable(sign) == sign else instead

    def draw(self, lines: Sequence[Line], wanted: Callable[[], bool]) -> None:
        """Show these lines in the place of those before, if that is wanted at the very moment when it can be done."""
        shown = painted(lines[: self.rows], self.width, self._terminal.colours)
        rows = shown.split("\n")
        up = f"\x1b[{len(rows) - 1}A" if len(rows) > 1 else ""
        picture = self._terminal.encodable("\r" + "\r\n".join(f"{row}\x1b[K" for row in rows) + f"\x1b[J{up}\r")
        with self.lock:
            if not wanted() or (self.shown and picture == self._drawn):
                return
            self._drawn = picture
            self._show()

    def clear(self) -> None:
        """Take the strip away; the cursor is where it was before."""
        with self.lock:
            self._hide()
            self._drawn = ""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Others may write to the terminal meanwhile; then the strip is below what they have written."""
        with self.lock:
            shown = self.shown
            self._hide()
            try:
                yield
            finally:
                if shown and self._drawn and self._clock() - self._redrawn >= _PAUSE:
                    self._redrawn = self._clock()
                    self._show()

    def write_past(self, lines: str) -> None:
        """Write whole lines to the terminal, above the strip."""
        with self.aside():
            self._write(self._terminal.encodable(lines if lines.endswith("\n") else f"{lines}\n"))

    def passed(self, text: str) -> None:
        """Others have written this to the terminal. Inside of `aside`."""
        if text:
            last = text[text.rfind("\n") + 1 :]
            self._column = cells(last) + (0 if "\n" in text else self._column)

    def _show(self) -> None:
        before = ""
        if not self.shown:
            self._flush_others()
        if not self.shown and self._column:
            before = "\r\n"
            self._below = True
        self._write(before + self._drawn)
        self.shown = True

    def _hide(self) -> None:
        if not self.shown:
            return
        self.shown = False
        back = f"\x1b[A\x1b[{self._column % max(self._terminal.width, 1) + 1}G" if self._below else ""
        self._below = False
        self._write(f"\r\x1b[J{back}")

    def _flush_others(self) -> None:
        for stream in self.streams:
            try:
                stream.flush()
            except (OSError, ValueError):  # whoever writes to it next finds out
                pass

    def _write(self, text: str) -> None:
        try:
            self._terminal.stream.write(text)
            self._terminal.stream.flush()
        except (OSError, ValueError):  # the terminal is gone, which others will find out
            pass


class _Bytes:
    """The `buffer` of a Stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        original = self._stream.original

        def write() -> None:
            original.flush()
            original.buffer.write(data)
            original.flush()

        self._stream.pass_by(write, bytes(data).decode("utf-8", "replace"))
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream.original.buffer, name)


class Stream:
    """Stands for `sys.stdout` or `sys.stderr` at the terminal of a strip: what is written gets past the strip."""

    def __init__(self, original: Any, strip: Strip) -> None:
        self.original = original
        self._strip = strip

    def write(self, text: str) -> int:
        self.pass_by(partial(self.original.write, text), text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def pass_by(self, write: Callable[[], object], text: str) -> None:
        """Let `write` write this text to the terminal."""
        strip = self._strip
        with strip.lock:
            if strip.shown:
                with strip.aside():
                    write()
                    strip.passed(text)
            else:
                write()
                strip.passed(text)

    @property
    def buffer(self) -> _Bytes:
        return _Bytes(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)
