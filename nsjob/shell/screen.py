"""Screen: the terminal, and who has its last lines: a prompt, a picture that `watch` draws, a progress bar, or nobody.

It knows prompt_toolkit's Application, so that text can go above a line that is being typed. What to write is others'.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.output import Output

__all__ = ["Screen", "is_plain"]

_CODES = {"error": "1;31", "hint": "33", "dim": "2", "mark": "36", "wrong": "31", "bold": "1"}
_PATIENCE = 1.0  # seconds until a loop that does not answer is given up
_TOGETHER = "\x1b[?2026h"  # terminals that know it show nothing until the other one comes; the others ignore both
_SHOWN = "\x1b[?2026l"
_ERASE = "\x1b[{}A\x1b[J"


def is_plain(stream: TextIO) -> bool:
    """Whether nothing but text may be written to a stream."""
    return os.environ.get("TERM", "") in ("dumb", "unknown") or not stream.isatty()


class Strip(Protocol):
    """Lines that move by themselves."""

    def aside(self) -> AbstractContextManager[None]:
        """They are taken away while something else is written."""

    def passed(self, text: str) -> None:
        """This was written meanwhile."""

    def clear(self) -> None:
        """They are not wanted any more."""


class Screen:
    """A terminal that several threads write to. `lock` guards the stream and what is known of the cursor.

    Attributes:
        stream: the terminal's text file.
        output: prompt_toolkit's view of it.
        plain: whether nothing but text may be written: TERM=dumb, or no terminal at all.
        colour: whether colours are wanted.
        held: whether another program has the terminal: an editor, a pager.
        strip: lines that move by themselves below everything else, where there are any: progress.
    """

    def __init__(self, stream: TextIO, output: Output) -> None:
        self.stream = stream
        self.output = output
        self.lock = threading.RLock()
        self.plain = is_plain(stream)
        self.colour = not self.plain and not os.environ.get("NO_COLOR")
        self.held = False
        self._app: Application[Any] | None = None
        self._line: Callable[[], str] = str
        self.strip: Strip | None = None
        self._rows = 0  # of the picture that `draw` drew, where nothing was written since
        self._at_start = True  # of a line

    # -- what it is like -----------------------------------------------------------------------------------------

    @property
    def width(self) -> int:
        """Columns."""
        return self._size()[0]

    @property
    def height(self) -> int:
        """Rows."""
        return self._size()[1]

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self.stream.fileno())
        except (OSError, ValueError, AttributeError):
            return 80, 24
        return size.columns or 80, size.lines or 24

    def paint(self, text: str, what: str) -> str:
        """The text in the colour of what it is: error, wrong, hint, dim, mark or bold."""
        return f"\x1b[{_CODES[what]}m{text}\x1b[0m" if self.colour and text else text

    def sign(self, sign: str, instead: str) -> str:
        """A sign, or another one where the terminal's encoding has it not."""
        try:
            sign.encode(self.stream.encoding or "ascii")
        except (UnicodeError, LookupError):
            return instead
        return sign

    # -- writing, where no prompt is -----------------------------------------------------------------------------

    def write(self, text: str) -> None:
        """Write text where the cursor is."""
        with self.lock:
            self._rows = 0
            self._raw(text)

    def line(self, text: str = "") -> None:
        """Write a whole line, or several, on lines of their own."""
        with self.lock:
            self.fresh()
            self.write(text + "\n")

    def fresh(self) -> None:
        """Begin a new line where the last one is not ended."""
        with self.lock:
            if not self._at_start:
                self._raw("\n")

    def pass_on(self, stream: TextIO, text: str) -> None:
        """Write text to a stream of the program's, which is this terminal or is none."""
        with self.lock, self._aside(text):
            stream.write(text)
            if text and stream.isatty():
                self._at_start = text.endswith("\n")
                self._rows = 0

    def echoed(self) -> None:
        """The terminal itself has written something, the `^C` of a key: it is taken away, or its line ended."""
        with self.lock:
            if self._at_start and not self.plain:
                self._control("\r\x1b[K")
            else:
                self._at_start = False

    def draw(self, text: str) -> None:
        """Write a picture in the place of the one before; what does not fit on the screen is cut, and that is said."""
        with self.lock:
            rows = text.rstrip("\n").split("\n")
            room = max(self.height - 1, 2)
            if len(rows) > room and not self.plain:
                rows[room - 1 :] = [self.paint(f"... {len(rows) - room + 1} more lines", "dim")]
            before, self._rows = self._rows, 0
            if before and not self.plain:
                self._control(_ERASE.format(before))
            elif not self._at_start:
                self._raw("\n")
            self._raw("\n".join(rows) + "\n")
            self._rows = len(rows)

    def bell(self) -> None:
        """Ring."""
        if not self.plain:
            with self.lock:
                self.output.bell()
                self.output.flush()

    def _raw(self, text: str) -> None:
        if not text:
            return
        with self._aside(text):
            self._control(text)
        self._at_start = text.endswith("\n")

    def _control(self, sequence: str) -> None:
        """Write what leaves no text behind."""
        try:
            self.stream.flush()
            self.output.write_raw(sequence)
            self.output.flush()
        except (OSError, ValueError):  # the terminal is gone; that is found out where input is read
            pass

    @contextmanager
    def _aside(self, text: str) -> Iterator[None]:
        """What moves is taken away while this text is written."""
        if self.strip is None:
            yield
            return
        with self.strip.aside():
            yield
            self.strip.passed(text)

    # -- writing from other threads ------------------------------------------------------------------------------

    def above(self, take: Callable[[], str]) -> bool:
        """Write lines above whatever is at the bottom of the screen. From a thread of its own, never the prompt's.

        Arguments:
            take: gives the lines, or nothing, when they can be written. It is called once at most.

        Returns whether it was called.
        """
        app = self._app
        if app is None or self.plain:
            return self._above_nothing(take)
        loop = app.loop
        if loop is None:
            return False
        done = threading.Event()
        taken: list[bool] = []

        def in_loop() -> None:
            try:
                if self._app is app and not done.is_set():
                    taken.append(self._above_prompt(app, take))
            finally:
                done.set()

        try:
            loop.call_soon_threadsafe(in_loop)
        except RuntimeError:  # it has just been closed
            return False
        done.wait(_PATIENCE)
        return bool(taken and taken[0])

    def _above_nothing(self, take: Callable[[], str]) -> bool:
        with self.lock:
            if self.held or (self._app is not None and not self.plain):
                return False
            text = take()
            if text and self._app is not None:
                self._raw(f"\n{text}{self._line()}")
            elif text:
                before = "" if self._at_start else "\n"
                if self._rows and not self.plain:
                    self._control(_ERASE.format(self._rows))  # `watch` draws it again soon
                    self._rows = 0
                self._raw(before + text)
            return True

    def _above_prompt(self, app: Application[Any], take: Callable[[], str]) -> bool:
        """In the prompt's thread: take the prompt away, write, and draw it again below."""
        if app.is_done or not app.is_running or getattr(app, "_running_in_terminal", False):
            return False
        text = take()
        if not text:
            return True
        renderer = app.renderer
        below = getattr(renderer, "_min_available_height", 0)
        self._control(_TOGETHER)
        renderer.erase()
        self._raw(text)
        # The toolbar is not drawn before the terminal has told where the cursor is. Until it does, an estimate keeps
        # it from flickering.
        if below:
            renderer._min_available_height = max(below - _rows(text, self.width), 1)
        app._request_absolute_cursor_position()
        if below and not renderer._min_available_height:
            renderer._min_available_height = 1
        app._redraw()
        self._control(_SHOWN)
        return True

    @contextmanager
    def prompting(self, app: Application[Any], line: Callable[[], str]) -> Iterator[None]:
        """The bottom of the screen is a prompt's.

        Arguments:
            app: the prompt.
            line: the last line as it is now, for terminals on which nothing can be taken away.
        """
        with self.lock:
            if self.strip is not None:
                self.strip.clear()
            self.fresh()
            self._app = app
            self._line = line
            self._rows = 0
        try:
            yield
        finally:
            with self.lock:
                self._app = None
                self._at_start = True
                if self.strip is not None:
                    self.strip.passed("\n")

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Another program has the terminal: nothing is written to it meanwhile."""
        with self.lock:
            if self.strip is not None:
                self.strip.clear()
            self.held = True
        try:
            yield
        finally:
            with self.lock:
                self.held = False


def _rows(text: str, width: int) -> int:
    """About how many rows some lines take."""
    return sum(1 + max(len(line) - 1, 0) // width for line in text.split("\n")) - 1
