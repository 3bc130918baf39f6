"""Lines: what is shown, as pieces of harmless text with a style each, and how they become text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nsjob.shell.view.harmless import cells, shortened

__all__ = ["NOTE", "TITLE", "WORDS", "Line", "Piece", "note", "painted"]

Piece = tuple[str, str]  # text, style
Line = list[Piece]

TITLE = "bold"
NOTE = "dim"

# The styles of states and outcomes. The words stand there too, so nothing is lost without colour.
WORDS: Mapping[str, str] = {
    "scheduled": "dim",
    "idle": "dim",
    "running": "bold cyan",
    "waiting": "cyan",
    "lost": "red",
    "ok": "green",
    "error": "red",
    "cancelled": "yellow",
    "expired": "yellow",
    "timeout": "magenta",
}
# The sixteen colours, as the terminal's owner has chosen them.
_CODES: Mapping[str, str] = {
    "": "",
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
    "bold cyan": "1;36",
}


def note(sentence: str) -> Line:
    """A line about what is shown."""
    return [(sentence, NOTE)]


def painted(lines: Iterable[Line], width: int, colour: bool) -> str:
    """Return lines as text for a terminal, none wider than `width`."""
    fitting = [_fitting(line, width) for line in lines]
    return "\n".join("".join(_dyed(text, style) if colour else text for text, style in line) for line in fitting)


def _dyed(text: str, style: str) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style else text


def _fitting(line: Line, width: int) -> Line:
    """The line, without trailing space, and cut where it is too wide all the same."""
    line = [(text, style) for text, style in line if text]
    while line and line[-1][0].endswith(" "):
        text, style = line.pop()
        if text.rstrip(" "):
            line.append((text.rstrip(" "), style))
    if cells("".join(text for text, _ in line)) <= width:
        return line
    found: Line = []
    room = width
    for text, style in line:
        part = shortened(text, room)
        found.append((part, style))
        room -= cells(part)
        if room <= 0 or part != text:
            break
    while found and cells("".join(text for text, _ in found)) > width:  # pieces may be wider together than apart
        text, style = found.pop()
        if len(text) > 1:
            found.append((text[:-1], style))
    return found
