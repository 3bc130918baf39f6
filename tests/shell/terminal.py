"""A terminal for tests: a program behind a pseudo-terminal, and the screen as a person sees it."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import pyte

__all__ = ["DEADLINE", "Terminal"]

DEADLINE = 60.0  # seconds; for a machine that has much else to do
_WHERE = b"\x1b[6n"


def _heed_interrupts() -> None:
    """In the child: whoever started the tests in the background may have had Ctrl-C or a hang-up ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A program at a terminal.

    Arguments:
        words: the program and its words; the Python that runs the tests is before them.
        home: where it finds its files.
        variables: of its environment, beside those that all have.
    """

    def __init__(
        self,
        words: Sequence[str],
        home: Path,
        variables: Mapping[str, str] | None = None,
        size: tuple[int, int] = (24, 90),
    ) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("XDG_", "NO_COLOR", "COLUMNS", "LINES", "PAGER", "VISUAL", "EDITOR"))
        }
        environment.update(TERM="xterm-256color", HOME=str(home), LC_ALL="C.UTF-8", PYTHONUTF8="1")
        environment.update(variables or {})
        rows, columns = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self.child = pexpect.spawn(
            sys.executable,
            list(words),
            env=environment,
            dimensions=size,
            cwd=str(home),
            timeout=DEADLINE,
            preexec_fn=_heed_interrupts,
        )
        self.child.delaybeforesend = None
        self._drawing = True

    # -- typing --------------------------------------------------------------------------------------------------

    def type(self, keys: str) -> None:
        """Press keys. Enter is `\\r`, Ctrl-C `\\x03`."""
        self.child.send(keys.encode())

    def enter(self, line: str) -> None:
        """Type a line, and press Enter when it is there to be seen, so that nothing is typed ahead of the prompt."""
        self.type(line)
        shown = "".join(line.split())[-20:]
        self.until(lambda: shown in "".join(self.text().split()), f"typed: {shown}")
        self.type("\r")

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    # -- seeing --------------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The rows of the screen, without the blanks at their ends."""
        return [row.rstrip() for row in self.screen.display]

    def text(self) -> str:
        """All rows in one text."""
        return "\n".join(self.lines()).rstrip()

    def see(self, wanted: str) -> None:
        """Wait until a text is on the screen."""
        self.until(lambda: wanted in self.text(), wanted)

    def see_match(self, pattern: str) -> None:
        """Wait until a pattern is on the screen, as `re.MULTILINE` has it."""
        self.until(lambda: re.search(pattern, self.text(), re.MULTILINE) is not None, pattern)

    def ready(self) -> None:
        """Wait for an empty prompt with the cursor behind it."""
        self.until(lambda: self.current() == "nsjob>" and self.screen.cursor.x == 7, "an empty prompt")

    def current(self) -> str:
        """The row that the cursor is in."""
        return self.lines()[self.screen.cursor.y]

    def until(self, seen: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        end = time.monotonic() + DEADLINE
        while not seen():
            if not self.read() and not seen():
                raise AssertionError(f"the program has ended, and this was not to be seen: {what}\n{self.text()}")
            if time.monotonic() > end:
                raise AssertionError(f"not to be seen: {what}\n{self.text()}")

    def until_written(self, wanted: bytes, times: int) -> None:
        """Wait until bytes were written so many times, without drawing what comes before them; much may come."""
        end = time.monotonic() + DEADLINE
        self._drawing = False
        begun = 0
        while times:
            found = self.raw.find(wanted, begun)
            if found >= 0:
                begun = found + 1
                times -= 1
            else:
                begun = max(begun, len(self.raw) - len(wanted) + 1)
                assert self.read(), "the program has ended"
                assert time.monotonic() < end, f"never written: {wanted!r}"
        self._drawing = True

    def read(self) -> bool:
        """Take what was written, or wait a moment for it. Returns whether the program is still there."""
        try:
            got = self.child.read_nonblocking(65536, 0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += got
        if self._drawing:
            self._stream.feed(got)
        for _ in range(got.count(_WHERE)):
            row = self.screen.cursor.y + 1 if self._drawing else self.screen.lines
            self.child.send(f"\x1b[{row};1R".encode())
        return True

    # -- the end -------------------------------------------------------------------------------------------------

    def ended(self) -> int:
        """Wait for the program's end. Returns its exit code, or the negative number of the signal that ended it."""
        end = time.monotonic() + DEADLINE
        while self.read():
            assert time.monotonic() < end, f"it does not end\n{self.text()}"
        self.child.close()
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.child.close(force=True)
