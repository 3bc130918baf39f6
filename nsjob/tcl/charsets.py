"""Characters: Tcl's classes (`alpha`, `space`, ...), its case mappings, and sets of code points as sorted ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from unicodedata import category

__all__ = [
    "ASCII_TOP", "CLASSES", "TOP", "Ranges", "any_case", "class_ranges", "complement", "disjoint", "in_class", "lower",
    "merged", "ranges_text", "title", "upper", "with_case", "word_like",
]  # fmt: skip

Ranges = tuple[tuple[int, int], ...]
"""Code points, as (first, last), in order, not touching one another."""

TOP = 0x10FFFF
ASCII_TOP = 0x7F

# -- classes ----------------------------------------------------------------------------------------------------------

_LETTERS = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo"))
_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Cs", "Co"))
_SPACES = frozenset(("Zs", "Zl", "Zp"))
# What Tcl has among the spaces beside Unicode's separators.
_MORE_SPACES = frozenset(map(chr, (9, 10, 11, 12, 13, 0x85, 0x180E, 0x200B, 0x2060, 0xFEFF)))
_CATEGORIES = {
    "alnum": _LETTERS | {"Nd"},
    "alpha": _LETTERS,
    "cntrl": frozenset(("Cc", "Cf", "Co")),
    "digit": frozenset(("Nd",)),
    "lower": frozenset(("Ll",)),
    "punct": frozenset(("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po")),
    "upper": frozenset(("Lu",)),
    "wordchar": _LETTERS | {"Nd", "Pc"},
}
_LISTED = {
    "ascii": frozenset(map(chr, range(128))),
    "blank": frozenset("\t "),
    "xdigit": frozenset("0123456789abcdefABCDEF"),
}
CLASSES = ("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
           "xdigit")  # fmt: skip
"""The classes that regular expressions know."""


def in_class(name: str, char: str) -> bool:
    """Whether Tcl's class has a character: a class of regular expressions, or `wordchar`."""
    listed = _LISTED.get(name)
    if listed is not None:
        return char in listed
    return (name == "space" and char in _MORE_SPACES) or _of_category(name, category(char))


def _of_category(name: str, kind: str) -> bool:
    if name == "space":
        return kind in _SPACES
    if name == "graph":
        return kind not in _UNSEEN and kind not in _SPACES
    if name == "print":
        return kind not in _UNSEEN
    return kind in _CATEGORIES[name]


def word_like(char: str) -> bool:
    """Whether regular expressions take a character for part of a word: \\w."""
    return char == "_" or category(char) in _CATEGORIES["alnum"]


@lru_cache(maxsize=64)
def class_ranges(name: str, top: int) -> Ranges:
    """The characters of a class, up to the code point `top`."""
    listed = _LISTED.get(name, _MORE_SPACES if name == "space" else frozenset())
    found = [(ord(char), ord(char)) for char in listed]
    if name not in _LISTED:
        found += [(first, last) for first, last, kind in _runs() if _of_category(name, kind)]
    if name == "print":
        # Regular expressions count spaces as printing, save those among the ASCII controls.
        found += [(first, last) for first, last in class_ranges("space", TOP) if first > 0x1F]
    return tuple((first, min(last, top)) for first, last in merged(found) if first <= top)


@lru_cache(maxsize=1)
def _runs() -> tuple[tuple[int, int, str], ...]:
    """Runs of characters of one category, of all characters that are assigned."""
    found: list[tuple[int, int, str]] = []
    for begin, end in ((0, 0x33480), (0xE0000, 0xE0200)):
        at = begin
        for kind, run in groupby(map(category, map(chr, range(begin, end)))):
            size = len(list(run))
            found.append((at, at + size - 1, kind))
            at += size
    found.append((0xF0000, TOP, "Co"))
    return tuple(found)


# -- case -------------------------------------------------------------------------------------------------------------


def lower(char: str) -> str:
    """The lower case of a character, one character: what has none, or a longer one, stays."""
    found = char.lower()
    return found if len(found) == 1 else found[0] if char == "\u0130" else char


def upper(char: str) -> str:
    """The upper case of a character, one character."""
    found = char.upper()
    return found if len(found) == 1 else title(char)


def title(char: str) -> str:
    """The title case of a character, one character."""
    found = char.title()
    return found if len(found) == 1 else char


def any_case(code: int) -> tuple[tuple[int, int], ...]:
    """A character in its lower, upper and title case."""
    char = chr(code)
    return tuple((ord(other), ord(other)) for other in {lower(char), upper(char), title(char)})


def with_case(first: int, last: int) -> list[tuple[int, int]]:
    """A range of code points with the other cases of all its characters."""
    found = [(first, last)]
    for code in _cased() if last - first > 5000 else range(first, last + 1):
        if first <= code <= last:
            char = chr(code)
            found += [(ord(other), ord(other)) for other in (lower(char), upper(char), title(char)) if other != char]
    return found


@lru_cache(maxsize=1)
def _cased() -> tuple[int, ...]:
    return tuple(code for code in range(0x20000) if (char := chr(code)).lower() != char or char.upper() != char)


# -- sets -------------------------------------------------------------------------------------------------------------


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The union of ranges that may overlap."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            if last > found[-1][1]:
                found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def complement(ranges: Ranges, top: int) -> Ranges:
    """All other code points up to `top`."""
    found: list[tuple[int, int]] = []
    at = 0
    for first, last in ranges:
        if first > at:
            found.append((at, first - 1))
        at = last + 1
    if at <= top:
        found.append((at, top))
    return tuple(found)


def disjoint(one: Ranges, other: Ranges) -> bool:
    """Whether two sets have nothing in common."""
    at = 0
    for first, last in one:
        while at < len(other) and other[at][1] < first:
            at += 1
        if at < len(other) and other[at][0] <= last:
            return False
    return True


def ranges_text(ranges: Ranges, top: int) -> str:
    """A set of code points up to `top` as Python's `re` writes it."""
    if not ranges:
        return "(?!)"
    if ranges == ((0, top),):
        return r"[\s\S]"
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return re.escape(chr(ranges[0][0]))
    others = complement(ranges, top)
    negated = len(others) < len(ranges)
    inner = "".join(
        _escaped(first) if first == last else f"{_escaped(first)}-{_escaped(last)}"
        for first, last in (others if negated else ranges)
    )
    return f"[{'^' if negated else ''}{inner}]"


def _escaped(code: int) -> str:
    char = chr(code)
    if char.isalnum() and code < 128:
        return char
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
