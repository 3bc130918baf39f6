"""Patterns: glob patterns as `string match` has them, and Tcl's regular expressions as objects that search."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from nsjob.tcl.are import Node, Options, failed, parse_expression
from nsjob.tcl.are_match import Plan, plan, search
from nsjob.tcl.are_python import first_is_preferred, places_of, python_text
from nsjob.tcl.charsets import ASCII_TOP, TOP, lower, word_like

__all__ = ["Match", "Pattern", "glob_match", "lowered", "regular"]

# -- glob -------------------------------------------------------------------------------------------------------------


def glob_match(pattern: str, source: str, nocase: bool = False) -> bool:
    """Whether a text matches a glob pattern (*, ?, [a-z], \\x), as Tcl's `string match` says."""
    if nocase:
        return _glob(lowered(pattern))(lowered(source))
    return _glob(pattern)(source)


def lowered(source: str) -> str:
    """A text in lower case, character by character."""
    return source.lower() if source.isascii() else "".join(map(lower, source))


_GLOB_MARKS = re.compile(r"[*?\[\\]")


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> Callable[[str], bool]:
    """A function that says whether a text matches."""
    if not _GLOB_MARKS.search(pattern):
        return pattern.__eq__
    inner = pattern.strip("*")
    if not _GLOB_MARKS.search(inner):
        front, back = pattern.startswith("*"), pattern.endswith("*")
        if not inner:
            return lambda source: True
        if front and back:
            return lambda source: inner in source
        if front:
            return lambda source: source.endswith(inner)
        return lambda source: source.startswith(inner)
    if "-]" in pattern:
        return lambda source: _walked(pattern, 0, source, 0)
    parts = _glob_parts(pattern)
    if parts is None:
        return lambda source: False
    # A part between two stars may stop at the first place where it fits: hence atomic, and linear.
    pieces = [f"(?>.*?{piece})" if at else piece for at, piece in enumerate(parts)]
    if len(parts) > 1:
        pieces[-1] = f".*{parts[-1]}"
    matches = re.compile("".join(pieces) + r"\Z", re.DOTALL).match
    return lambda source: matches(source) is not None


def _walked(pattern: str, at: int, source: str, place: int) -> bool:
    """Match character by character: where a set has a range up to a bracket, its end depends on what matched in it."""
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            return any(_walked(pattern, at, source, start) for start in range(place, len(source) + 1))
        if place >= len(source):
            return False
        if char == "[":
            at = _after_set(pattern, at, source[place])
        elif char == "\\":
            at = at + 1 if pattern[at : at + 1] == source[place] else -1
        elif char != "?" and char != source[place]:
            return False
        if at < 0:
            return False
        place += 1
    return place == len(source)


def _after_set(pattern: str, at: int, char: str) -> int:
    """The end of a set that has a character, or -1."""
    while at < len(pattern) and pattern[at] != "]":
        first = last = pattern[at]
        at += 1
        if pattern[at : at + 1] == "-":
            if at + 1 >= len(pattern):
                return -1
            last = pattern[at + 1]
            at += 2
        if min(first, last) <= char <= max(first, last):
            end = pattern.find("]", at)
            return len(pattern) if end < 0 else end + 1
    return -1


def _glob_parts(pattern: str) -> list[str] | None:
    """What stands between the stars, for `re`; None where nothing can match."""
    parts: list[str] = [""]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            parts.append("")
        elif char == "?":
            parts[-1] += "."
        elif char == "[":
            shown, at = _glob_set(pattern, at)
            parts[-1] += shown
        elif char == "\\":
            if at >= len(pattern):
                return None
            parts[-1] += re.escape(pattern[at])
            at += 1
        else:
            parts[-1] += re.escape(char)
    return parts


def _glob_set(pattern: str, at: int) -> tuple[str, int]:
    """Read a set, of which the bracket is read. One that is not closed ends with the pattern."""
    ranges: list[str] = []
    while at < len(pattern) and pattern[at] != "]":
        first = last = pattern[at]
        at += 1
        if at < len(pattern) and pattern[at] == "-":
            if at + 1 >= len(pattern):
                at += 1
                break
            last = pattern[at + 1]
            at += 2
        if last < first:
            first, last = last, first
        ranges.append(f"{re.escape(first)}-{re.escape(last)}")
    return (f"[{''.join(ranges)}]" if ranges else "(?!)"), at + 1


# -- regular expressions ----------------------------------------------------------------------------------------------


class Found:
    """A match, as spans in a text."""

    __slots__ = ("source", "spans")

    def __init__(self, source: str, spans: list[tuple[int, int]]) -> None:
        self.source = source
        self.spans = spans

    def span(self, group: int = 0, /) -> tuple[int, int]:
        """Where a group is, or (-1, -1)."""
        return self.spans[group]

    def group(self, group: int = 0, /) -> str | None:
        """The text of a group, or None."""
        first, last = self.spans[group]
        return None if first < 0 else self.source[first:last]


Match: TypeAlias = re.Match[str] | Found
"""What a search found: `span` and `group` are what both have."""


class Pattern:
    """A regular expression.

    Attributes:
        pattern: its text.
        groups: how many groups capture.
    """

    def __init__(self, pattern: str, options: Options) -> None:
        self.pattern = pattern
        self._tree: Node
        self._tree, self.groups = parse_expression(pattern, options)
        self._plan: Plan = plan(self._tree)
        places = places_of(self._tree)
        self._looks_back = bool(places & {"word-start", "word-end", "edge", "no-edge"})
        self._begins = "begin" in places
        self._anchored = "start" in places
        self._compiled: dict[tuple[int, bool], re.Pattern[str] | None] = {}

    def search(self, source: str, start: int = 0) -> Match | None:
        """Return the first match from `start` on, or None.

        Tcl takes the text from `start` for a text of its own, but `^` matches there only after a newline.
        """
        if start > len(source):
            return self._beyond(start)
        bol = start == 0 or source[start - 1] == "\n"
        compiled = self._python(ASCII_TOP if source.isascii() else TOP, True)
        if compiled is None:
            spans = search(self._plan, self.groups, source, start, bol)
            return None if spans is None else Found(source, spans)
        if not start or not self._cut(source, start, bol):
            return compiled.search(source, start)
        if not bol:
            compiled = self._python(ASCII_TOP if source.isascii() else TOP, False)
        found = compiled.search(source[start:]) if compiled else None
        if found is None:
            return None
        return Found(source, _shifted(found.regs, start))

    def _beyond(self, start: int) -> Found | None:
        """Match the nothing beyond the end of a text."""
        spans = search(self._plan, self.groups, "", 0, False)
        return None if spans is None else Found("", _shifted(spans, start))

    def _cut(self, source: str, start: int, bol: bool) -> bool:
        """Whether the text before `start` would make a difference to `re`."""
        if self._begins or (self._anchored and bol):
            return True
        return self._looks_back and word_like(source[start - 1])

    def _python(self, top: int, bol: bool) -> re.Pattern[str] | None:
        """This expression for `re`, for texts up to a code point, or None where the two would differ."""
        key = (top, bol)
        if key not in self._compiled:
            made = None
            if first_is_preferred(self._tree, self._plan, top):
                made = re.compile(python_text(self._tree, top, bol))
                if made.groups != self.groups:  # some were cancelled by {0}, or are in lookaheads
                    made = None
            self._compiled[key] = made
        return self._compiled[key]


def _shifted(spans: Sequence[tuple[int, int]], offset: int) -> list[tuple[int, int]]:
    return [(first + offset, last + offset) if first >= 0 else (-1, -1) for first, last in spans]


def regular(
    pattern: str,
    *,
    nocase: bool = False,
    expanded: bool = False,
    line: bool = False,
    linestop: bool = False,
    lineanchor: bool = False,
) -> Pattern:
    """Return a regular expression that searches as Tcl's do.

    Raises:
        TclError: couldn't compile regular expression pattern: ...
    """
    return _regular(pattern, Options(nocase, expanded, linestop or line, lineanchor or line))


@lru_cache(maxsize=512)
def _regular(pattern: str, options: Options) -> Pattern:
    try:
        return Pattern(pattern, options)
    except RecursionError:
        failed("ETOOBIG")
