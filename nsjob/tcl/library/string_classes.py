"""What `string is` asks: whether a value is a number, a truth, a list, or all of one class of characters."""

from __future__ import annotations

import re
from typing import Any

from nsjob.tcl.charsets import in_class
from nsjob.tcl.errors import TclError
from nsjob.tcl.values import elements, number, parse_list, text, truth_word

__all__ = ["first_failure"]

_INTEGER = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*))?")
_REAL = re.compile(
    r"[ \t\n\r\v\f]*([+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?"
    r"|[nN][aA][nN]))?"
)
_GAP = re.compile(r"[ \t\n\r\v\f]*")


def first_failure(name: str, value: Any, strict: bool) -> int | None:
    """Return None where a value is of a class, or else the index of the first character that is not; -1 where that is
    not known."""
    source = text(value)
    if not source and name != "list":
        return 0 if strict else None
    if name in ("boolean", "true", "false"):
        return None if _is_truth(name, value) else 0
    if name in ("integer", "wideinteger", "entier"):
        return _integer_failure(name, value, source)
    if name == "double":
        return None if number(value) is not None else _number_end(source, _REAL)
    if name == "list":
        return _list_failure(source)
    known = {"control": "cntrl"}.get(name, name)
    if name == "digit" and source.isascii() and source.isdecimal():
        return None
    for at, char in enumerate(source):
        if not in_class(known, char):
            return at
    return None


def _is_truth(name: str, value: Any) -> bool:
    source = text(value)
    truth = source == "1" if source in ("0", "1") else truth_word(source)
    return truth is not None and (name == "boolean" or truth == (name == "true"))


def _integer_failure(name: str, value: Any, source: str) -> int | None:
    found = number(value)
    if type(found) is int:
        limit = {"integer": 32, "wideinteger": 64}.get(name)
        return None if limit is None or abs(found) < 1 << limit else -1
    return _number_end(source, _INTEGER)


def _number_end(source: str, form: re.Pattern[str]) -> int:
    """Where a text stops to be a number."""
    found = form.match(source)
    if found is None or found[1] is None:
        return 0
    return _GAP.match(source, found.end()).end()  # type: ignore[union-attr]


def _list_failure(source: str) -> int | None:
    try:
        elements(source)
    except TclError:
        return _broken_element(source)
    return None


def _broken_element(source: str) -> int:
    """Where the first element begins that no list can have: the longest beginning that is one ends there."""
    at = 0
    for end in range(len(source) + 1):
        if end == len(source) or source[end].isspace():
            try:
                parse_list(source[:end])
            except TclError:
                continue
            at = end
    return _GAP.match(source, at).end()  # type: ignore[union-attr]
