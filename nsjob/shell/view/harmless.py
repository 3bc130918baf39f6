"""Harmless text: what may be written to a terminal whoever made it, measured and cut in the terminal's cells."""

from __future__ import annotations

import re

__all__ = ["DOTS", "cells", "folded", "harmless", "one_line", "shortened"]

DOTS = "…"
_NEWLINE = "↵"

# Controls, what some programs take for the end of a line, what turns the direction of the text around it, and halves
# of surrogate pairs, which no encoding has. Newlines stay.
_HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]")
# Signs of one cell each, by far the commonest: ASCII, Latin, Greek, Cyrillic, frames and bars. For others rich's
# tables are needed, whose import takes seconds where jobs keep the interpreter busy.
_SINGLE = re.compile("[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u2013\u2014\u2018-\u201d\u2026\u21b5\u2500-\u25fc]*")
_TAB = 8
_LONGEST_STEP = 4096  # characters that are measured at once


def harmless(text: str) -> str:
    """Return a text in which control characters can be read instead of obeyed. Newlines stay, tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if "\t" in text:
        text = text.expandtabs(_TAB)
    return _HARMFUL.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] == "\r":
        return "\\r"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str) -> str:
    """Return a text in harmless form as one line, with a mark for each line that ended."""
    stripped = text.strip("\r\n")
    if "\n" in stripped:
        stripped = f" {_NEWLINE} ".join(line.strip() for line in stripped.split("\n") if line.strip())
    return harmless(stripped)


def cells(line: str) -> int:
    """How many cells of a terminal a line takes."""
    if _SINGLE.fullmatch(line):
        return len(line)
    from rich.cells import cell_len  # late: plain text needs no tables of widths

    return cell_len(line)


def shortened(line: str, width: int) -> str:
    """Return a line in at most so many cells: as it is, or its beginning and dots."""
    if len(line) <= width and _SINGLE.fullmatch(line):
        return line
    if len(line) <= 2 * width and cells(line) <= width:
        return line
    if width <= 0:
        return ""
    return line[: _end(line, 0, width - 1)] + DOTS


def folded(text: str, width: int, most: int) -> list[str]:
    """Return a text as lines of at most so many cells, at most `most` of them.

    Arguments:
        text: a harmless one.
        width: 1 or more.
    """
    found: list[str] = []
    begun = 0
    while len(found) < most:
        end = text.find("\n", begun)
        line = text[begun:] if end < 0 else text[begun:end]
        _fold(line, width, found, most)
        if end < 0:
            break
        begun = end + 1
    return found


def _fold(line: str, width: int, found: list[str], most: int) -> None:
    if not line:
        found.append("")
    at = 0
    while at < len(line) and len(found) < most:
        end = _end(line, at, width)
        if end == at:  # not even one character has room
            end = at + 1
            found.append(DOTS)
        else:
            found.append(line[at:end])
        at = end


def _end(line: str, begun: int, width: int) -> int:
    """Where so much of a line ends, from `begun` on, as fits into so many cells."""
    most = line[begun : begun + width + 1]
    if _SINGLE.fullmatch(most):
        return min(begun + max(width, 0), len(line))
    from rich.cells import cell_len, get_character_cell_size

    taken = 0
    end = begun
    while end < len(line) and end - begun < _LONGEST_STEP:
        taken += get_character_cell_size(line[end])
        if taken > width:
            break
        end += 1
    while end > begun and cell_len(line[begun:end]) > width:  # what stands together may be wider than its parts
        end -= 1
    return end
