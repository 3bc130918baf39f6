"""TerminalFace: who sits before a command file that runs at a terminal: progress is shown there, nothing is asked."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from nsjob.commands.face import Silent
from nsjob.shell.view.strip import Stream, Strip
from nsjob.shell.view.terminal import Terminal, is_terminal

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool
    from nsjob.shell.view.progress import Display

__all__ = ["TerminalFace", "at_terminal"]

_STREAMS = ("stdout", "stderr")


def at_terminal(pool: Pool) -> TerminalFace:
    """The face of a file that runs while standard error is a terminal. Close it when the file has ended."""
    return TerminalFace(pool)


class TerminalFace(Silent):
    """While there is one, `sys.stdout` and `sys.stderr` write past the progress where they are terminals."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._strip = strip = Strip(Terminal(sys.stderr))
        self._display: Display | None = None
        self._replaced: list[tuple[str, Stream]] = []
        for name in _STREAMS:
            original = getattr(sys, name)
            if is_terminal(original):
                stream: Any = Stream(original, strip)
                setattr(sys, name, stream)
                self._replaced.append((name, stream))
        strip.streams = tuple(stream.original for _, stream in self._replaced)
        atexit.register(self.close)

    def waiting(self, queues: Sequence[str], job: str) -> AbstractContextManager[Any]:
        from nsjob.shell.view.progress import Display, Wait  # late: not every file waits

        if self._display is None:
            self._display = Display(self._pool, self._strip)
        return Wait(self._display, queues, job)

    def clear(self) -> None:
        """Take the progress away."""
        if self._display is not None:
            self._display.clear()

    def close(self) -> None:
        """Take the progress away for good, and put the streams back."""
        atexit.unregister(self.close)
        self.clear()
        for name, stream in self._replaced:
            if getattr(sys, name) is stream:  # else somebody else has wrapped it
                setattr(sys, name, stream.original)
        self._replaced.clear()
