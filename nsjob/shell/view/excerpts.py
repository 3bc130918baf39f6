"""Excerpts: the beginning of a value's Tcl text, made without making the rest of it. Knows every value there can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from nsjob.errors import NsjobError
from nsjob.tcl.errors import TclError
from nsjob.tcl.values import quoted, text

__all__ = ["excerpt", "is_list", "items"]

_DEEPEST = 50  # lists in lists; deeper ones end in dots, and so do lists that contain themselves
_BITS_A_DIGIT = 3.3219280948873626


def is_list(value: Any) -> bool:
    """Whether a value is shown as a list."""
    return isinstance(value, Sequence | AbstractSet) and not isinstance(value, str | bytes | bytearray | memoryview)


def items(value: Any, most: int) -> list[Any]:
    """The first elements of a list, at most so many. An object whose iteration fails has none."""
    try:
        return list(islice(iter(value), most))
    except Exception:  # a class of somebody's, which is shown all the same
        return []


def excerpt(value: Any, most: int) -> tuple[str, bool]:
    """Return the beginning of a value's text, some `most` characters, and whether that is all of it."""
    return _excerpt(value, most, 0)


def _excerpt(value: Any, most: int, depth: int) -> tuple[str, bool]:
    if isinstance(value, str):
        return str.__str__(value)[:most], len(value) <= most
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _BITS_A_DIGIT * (most + 1):
        return f"an integer of some {int(value.bit_length() / _BITS_A_DIGIT) + 1:,} digits", False
    if isinstance(value, bytes | bytearray):
        return value[:most].decode("latin-1"), len(value) <= most
    if isinstance(value, Mapping) or is_list(value):
        return _list_excerpt(value, most, depth)
    whole = _text(value)
    return whole[:most], len(whole) <= most


def _list_excerpt(value: Any, most: int, depth: int) -> tuple[str, bool]:
    if depth > _DEEPEST:
        return "...", False
    shown: list[str] = []
    room = most
    entries: Iterable[Any] = (part for pair in value.items() for part in pair) if isinstance(value, Mapping) else value
    try:
        for entry in entries:
            if room <= 0:
                return " ".join(shown)[:most], False
            part, whole = _excerpt(entry, room, depth + 1)
            shown.append(quoted(part, first=not shown))
            if not whole:
                return " ".join(shown)[:most], False
            room -= len(shown[-1]) + 1
    except Exception:  # a class of somebody's, whose iteration fails
        return f"{type(value).__name__} (its text cannot be had)", True
    line = " ".join(shown)
    return line[:most], len(line) <= most


def _text(value: Any) -> str:
    try:
        shown = text(value)
        if isinstance(value, BaseException) and not isinstance(value, NsjobError | TclError):
            name = type(value).__name__
            return f"{name}: {shown}" if shown else name
        return shown
    except Exception:  # its own __str__ failed; it is shown all the same
        return f"{type(value).__name__} (its text cannot be had)"
