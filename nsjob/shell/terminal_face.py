"""TerminalFace: who sits before a command file that runs at a terminal: progress is shown there, nothing is asked."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from nsjob.commands.face import Silent
from nsjob.shell.progress import Display, Wait
from nsjob.shell.strip import Stream, Strip

if TYPE_CHECKING:
    from rich.console import Console

    from nsjob.pool.pool import Pool

__all__ = ["TerminalFace", "at_terminal"]

_STREAMS = ("stdout", "stderr")


def at_terminal(pool: Pool) -> TerminalFace:
    """The face of a file that runs while standard error is a terminal. Close it when the file has ended."""
    return TerminalFace(pool)


class TerminalFace(Silent):
    """While there is one, `sys.stdout` and `sys.stderr` write past the progress where they are terminals."""

    def __init__(self, pool: Pool) -> None:
        terminal = sys.stderr
        strip = Strip(lambda: _console(terminal))
        self._display = Display(pool, strip)
        self._replaced: list[tuple[str, Stream]] = []
        for name in _STREAMS:
            original = getattr(sys, name)
            if original is not None and original.isatty():
                stream: Any = Stream(original, strip)
                setattr(sys, name, stream)
                self._replaced.append((name, stream))
        strip.streams = tuple(stream.original for _, stream in self._replaced)
        atexit.register(self.close)

    def waiting(self, queues: Sequence[str], job: str) -> AbstractContextManager[Any]:
        return Wait(self._display, queues, job)

    def clear(self) -> None:
        """Take the progress away."""
        self._display.clear()

    def close(self) -> None:
        """Take the progress away for good, and put the streams back."""
        atexit.unregister(self.close)
        self._display.clear()
        for name, stream in self._replaced:
            if getattr(sys, name) is stream:  # else somebody else has wrapped it
                setattr(sys, name, stream.original)
        self._replaced.clear()


def _console(terminal: Any) -> Console:
    from rich.console import Console  # late: short waits show nothing

    return Console(file=terminal, highlight=False)
