"""Terminal: what a text stream can show, and a result in the form that suits it."""

from __future__ import annotations

import os
import shutil
from typing import Any, TextIO

from nsjob.tcl.values import text

__all__ = ["answer", "has_colours", "is_terminal", "width_of"]


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sees what is written to it."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False


def has_colours(stream: TextIO | None) -> bool:
    """Whether colours are wanted there: at a terminal that is not dumb, unless NO_COLOR is set (https://no-color.org)."""
    return is_terminal(stream) and os.environ.get("TERM") not in ("dumb", "unknown") and not os.environ.get("NO_COLOR")


def width_of(stream: TextIO) -> int:
    """How many cells its lines have; 80 where that is not known."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return shutil.get_terminal_size().columns


def answer(value: Any, stream: TextIO) -> str:
    """A result as it is written to a stream: for a person at a terminal, as plain Tcl text for programs."""
    if not is_terminal(stream):
        return text(value)
    from nsjob.shell.render import shown  # late: programs need no tables

    picture = shown(value, width_of(stream), has_colours(stream))
    encoding = stream.encoding or "utf-8"
    return picture.encode(encoding, "replace").decode(encoding)
