"""Terminal: what a text stream can show, and a result in the form that suits it."""

from __future__ import annotations

import os
import shutil
from typing import Any, TextIO

from nsjob.tcl.values import text

__all__ = ["Terminal", "answer", "is_terminal"]


class Terminal:
    """A text stream, as what it shows on."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def width(self) -> int:
        """Cells of a line; 80 where that is not known."""
        return self._size()[0]

    @property
    def height(self) -> int:
        """Lines; 24 where that is not known."""
        return self._size()[1]

    @property
    def seen(self) -> bool:
        """Whether a person sees what is written to it."""
        return is_terminal(self.stream)

    @property
    def moves(self) -> bool:
        """Whether what was written can be taken away again."""
        return self.seen and os.environ.get("TERM") not in ("dumb", "unknown") and (os.name != "nt" or _is_modern())

    @property
    def colours(self) -> bool:
        """Whether colours are wanted there, which NO_COLOR denies (https://no-color.org)."""
        return self.moves and not os.environ.get("NO_COLOR")

    def encodable(self, text: str) -> str:
        """The text, with a question mark for what the stream's encoding has not."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        try:
            return text.encode(encoding, "replace").decode(encoding)
        except LookupError:
            return text.encode("ascii", "replace").decode("ascii")

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self.stream.fileno())
        except (OSError, ValueError, AttributeError):
            size = shutil.get_terminal_size()
        return size.columns or 80, size.lines or 24


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sees what is written to it."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False


def _is_modern() -> bool:
    """Whether a terminal of Windows understands control sequences."""
    return any(name in os.environ for name in ("WT_SESSION", "ANSICON", "TERM", "TERM_PROGRAM"))


def answer(value: Any, stream: TextIO) -> str:
    """A result as it is written to a stream: for a person at a terminal, as plain Tcl text for programs."""
    terminal = Terminal(stream)
    if not terminal.seen:
        return text(value)
    from nsjob.shell.view.render import shown  # late: programs need no tables

    return terminal.encodable(shown(value, terminal.width, terminal.colours))
