"""Lines: what is shown, as pieces of harmless text with a style each, and how rich makes a terminal's text of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nsjob.shell.harmless import cells, shortened

__all__ = ["NOTE", "STYLES", "TITLE", "WORDS", "Line", "Piece", "note", "painted"]

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
STYLES = frozenset({TITLE, NOTE, *WORDS.values()})


def note(sentence: str) -> Line:
    """A line about what is shown."""
    return [(sentence, NOTE)]


def painted(lines: Iterable[Line], width: int, colour: bool) -> str:
    """Return lines as text for a terminal, none wider than `width`."""
    fitting = [_fitting(line, width) for line in lines]
    if not colour or not any(style for line in fitting for _, style in line):
        return "\n".join("".join(text for text, _ in line) for line in fitting)
    from rich.segment import Segment, Segments  # late: only colours need them
    from rich.style import Style

    styles = {name: Style.parse(name) for name in STYLES}
    segments: list[Segment] = []
    for line in fitting:
        segments += [Segment(text, styles.get(style)) for text, style in line]
        segments.append(Segment.line())
    return _written(Segments(segments), width).removesuffix("\n")


def _written(renderable: object, width: int) -> str:
    from io import StringIO

    from rich.console import Console

    sheet = StringIO()
    console = Console(
        file=sheet,
        width=width,
        height=25,
        color_system="standard",  # the sixteen colours that the terminal's owner has chosen
        force_terminal=True,
        legacy_windows=False,
        no_color=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(renderable, end="", soft_wrap=True)
    return sheet.getvalue()


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
