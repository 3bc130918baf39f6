"""Strip: the lines at the cursor of a terminal that change in place, and how other output gets past them.

The cursor stays at the start of the strip, so taking it away needs to know neither its height nor the terminal's width.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nsjob.shell.harmless import cells
from nsjob.shell.lines import Line, painted

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Stream", "Strip"]

_PAUSE = 0.05  # seconds between two redraws for the sake of other output


class Strip:
    """A strip on a terminal. Any thread may draw, clear, and write past it.

    Arguments:
        console: gives the terminal, when something is drawn for the first time.

    Attributes:
        width: cells of a line.
        rows: how many lines there is room for.
        streams: what else is written to the terminal, to be flushed before a drawing.
    """

    def __init__(self, console: Callable[[], Console], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = console
        self._made: Console | None = None
        self._clock = clock
        self._lock = threading.RLock()  # guards the terminal and everything below
        self._drawn = ""  # what is to be seen
        self._shown = False
        self._redrawn = 0.0
        self._column = 0  # cells of the line that other output has begun and not ended
        self._below = False  # whether the strip is on the line below that one
        self.streams: tuple[Any, ...] = ()

    @property
    def _console(self) -> Console:
        if self._made is None:
            self._made = self._make()
        return self._made

    @property
    def works(self) -> bool:
        """Whether the terminal can do it."""
        console = self._console
        return console.is_terminal and not console.is_dumb_terminal and not console.legacy_windows

    @property
    def width(self) -> int:
        return max(self._console.width - 1, 1)  # a full line would wrap in some terminals

    @property
    def rows(self) -> int:
        return max(self._console.height - 1, 1)

    def sign(self, sign: str, instead: str) -> str:
        """A sign, or another one where the terminal's encoding has it not."""
        return sign if self._encodable(sign) == sign else instead

    def draw(self, lines: Sequence[Line], wanted: Callable[[], bool]) -> None:
        """Show these lines in the place of those before, if that is wanted at the very moment when it can be done."""
        colour = self._console.color_system is not None and not self._console.no_color
        shown = painted(lines[: self.rows], self.width, colour)
        rows = shown.split("\n")
        up = f"\x1b[{len(rows) - 1}A" if len(rows) > 1 else ""
        picture = self._encodable("\r" + "\r\n".join(f"{row}\x1b[K" for row in rows) + f"\x1b[J{up}\r")
        with self._lock:
            if not wanted() or (self._shown and picture == self._drawn):
                return
            self._drawn = picture
            self._show()

    def clear(self) -> None:
        """Take the strip away; the cursor is where it was before."""
        with self._lock:
            self._hide()
            self._drawn = ""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Others may write to the terminal meanwhile; then the strip is below what they have written."""
        with self._lock:
            shown = self._shown
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
            self._write(self._encodable(lines if lines.endswith("\n") else f"{lines}\n"))

    def passed(self, text: str) -> None:
        """Others have written this to the terminal. Inside of `aside`."""
        if text:
            last = text[text.rfind("\n") + 1 :]
            self._column = cells(last) + (0 if "\n" in text else self._column)

    def _show(self) -> None:
        before = ""
        if not self._shown:
            self._flush_others()
        if not self._shown and self._column:
            before = "\r\n"
            self._below = True
        self._write(before + self._drawn)
        self._shown = True

    def _hide(self) -> None:
        if not self._shown:
            return
        self._shown = False
        back = f"\x1b[A\x1b[{self._column % max(self._console.width, 1) + 1}G" if self._below else ""
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
            file = self._console.file
            file.write(text)
            file.flush()
        except (OSError, ValueError):  # the terminal is gone, which others will find out
            pass

    def _encodable(self, text: str) -> str:
        encoding = getattr(self._console.file, "encoding", None) or "utf-8"
        try:
            return text.encode(encoding, "replace").decode(encoding)
        except LookupError:
            return text.encode("ascii", "replace").decode("ascii")


class Stream:
    """Stands for `sys.stdout` or `sys.stderr` at the terminal of a strip: what is written gets past the strip."""

    def __init__(self, original: Any, strip: Strip) -> None:
        self.original = original
        self._strip = strip

    def write(self, text: str) -> int:
        with self._strip.aside():
            written = self.original.write(text)
            self._strip.passed(text)
            return int(written)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)
