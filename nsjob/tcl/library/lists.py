"""Commands on lists, save sorting and searching, which is in sorting.py, and lappend, which is with the variables."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family
from nsjob.tcl.errors import TclError
from nsjob.tcl.frames import split_name
from nsjob.tcl.places import own_list, place
from nsjob.tcl.values import elements, index, integer, parse_index, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY", "LONGEST", "short_integer", "too_long"]

FAMILY = Family("Lists")
LONGEST = 536_870_909  # elements, in real Tcl


def short_integer(value: Any) -> int:
    """Return a value as the 32-bit integer that Tcl wants for counts and the results of comparisons.

    Raises:
        TclError: expected integer but got "...", or integer value too large to represent.
    """
    try:
        found = integer(value)
    except TclError as error:
        error.code = ("TCL", "VALUE", "INTEGER")
        raise
    if not -(1 << 32) < found < 1 << 32:
        message = "integer value too large to represent"
        raise TclError(message, "ARITH", "IOVERFLOW", message)
    return found - (1 << 32) if found >= 1 << 31 else found + (1 << 32) if found < -(1 << 31) else found


def too_long() -> TclError:
    """`max length of a Tcl list exceeded`."""
    return TclError(f"max length of a Tcl list ({LONGEST} elements) exceeded", "TCL", "MEMORY")


def path_of(indices: list[Any]) -> list[Any]:
    """Return the indices along the way to an element: one argument may be a list of them."""
    if len(indices) != 1:
        return indices
    only = indices[0]
    kind = type(only)
    if kind is int or (kind is not list and parse_index(only) is not None):
        return indices
    try:
        return elements(only)
    except TclError:
        return indices  # it will be a bad index


# -- making lists -----------------------------------------------------------------------------------------------------


@FAMILY.command("list", "?arg ...?", 0, -1)
def make_list(interp: Interp, arguments: list[Any]) -> Any:
    """Return a list of the arguments."""
    return list(arguments)


@FAMILY.command("concat", "?arg ...?", 0, -1)
def concat(interp: Interp, arguments: list[Any]) -> Any:
    """Join lists to one. Other text is joined with a space between, without the white space around it."""
    if all(type(value) is list or value == "" for value in arguments):
        return [element for value in arguments if type(value) is list for element in value]
    parts = []
    for value in arguments:
        source = text(value)
        part = source.lstrip(" \f\v\r\t\n")
        size = len(part)
        part = part.rstrip(" \f\v\r\t\n")
        if part.endswith("\\") and size > len(part):
            part += source[-(size - len(part))]  # the backslash keeps what it stands before
        if part:
            parts.append(part)
    return " ".join(parts)


@FAMILY.command("lrepeat", "count ?value ...?", 1, -1)
def lrepeat(interp: Interp, arguments: list[Any]) -> Any:
    """Return a list of the values, repeated."""
    count = short_integer(arguments[0])
    if count < 0:
        raise TclError(f'bad count "{count}": must be integer >= 0', "TCL", "OPERATION", "LREPEAT", "NEGARG")
    values = arguments[1:]
    if count * len(values) > LONGEST:
        raise too_long()
    return values * count


@FAMILY.command("split", "string ?splitChars?", 1, 2)
def split(interp: Interp, arguments: list[Any]) -> Any:
    """Split text at each of the characters, white space by default; at every character where they are empty."""
    source = text(arguments[0])
    if not source:
        return []
    marks = text(arguments[1]) if len(arguments) == 2 else " \n\t\r"
    if not marks:
        return list(source)
    if len(marks) == 1:
        return source.split(marks)
    return _splitter(marks).split(source)


@lru_cache(maxsize=64)
def _splitter(marks: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(marks)}]")


# -- looking into lists -----------------------------------------------------------------------------------------------


@FAMILY.command("llength", "list", 1)
def llength(interp: Interp, arguments: list[Any]) -> Any:
    """Return how many elements a list has."""
    return len(elements(arguments[0]))


@FAMILY.command("lindex", "list ?index ...?", 1, -1)
def lindex(interp: Interp, arguments: list[Any]) -> Any:
    """Return an element; with further indices, one of a list in a list. Outside of a list the result is empty."""
    found = arguments[0]
    if len(arguments) == 2 and type(found) is list and type(arguments[1]) is int:
        at = arguments[1]
        return found[at] if 0 <= at < len(found) else ""
    indices = path_of(arguments[1:])
    for position, step in enumerate(indices):
        values = elements(found)
        at = index(step, len(values))
        if 0 <= at < len(values):
            found = values[at]
            continue
        for later in indices[position + 1 :]:
            index(later, 0)
        return ""
    return found


@FAMILY.command("lrange", "list first last", 3)
def lrange(interp: Interp, arguments: list[Any]) -> Any:
    """Return the elements from one index to another."""
    values = elements(arguments[0])
    first = index(arguments[1], len(values))
    last = index(arguments[2], len(values))
    return values[max(first, 0) : max(last + 1, 0)]


@FAMILY.command("lreverse", "list", 1)
def lreverse(interp: Interp, arguments: list[Any]) -> Any:
    """Return the elements in reverse order."""
    values = elements(arguments[0])
    return values[::-1] if values else arguments[0]


@FAMILY.command("join", "list ?joinString?", 1, 2)
def join(interp: Interp, arguments: list[Any]) -> Any:
    """Return the elements as text, a space or the given text between them."""
    values = elements(arguments[0])
    if len(values) == 1:
        return values[0]
    between = text(arguments[1]) if len(arguments) == 2 else " "
    return between.join([value if type(value) is str else text(value) for value in values])


@FAMILY.command("lassign", "list ?varName ...?", 1, -1)
def lassign(interp: Interp, arguments: list[Any]) -> Any:
    """Set variables to the elements, in order, and return the elements that are left."""
    values = elements(arguments[0])
    names = arguments[1:]
    for position, name in enumerate(names):
        interp.set(name, values[position] if position < len(values) else "")
    return values[len(names) :]


# -- changing lists ---------------------------------------------------------------------------------------------------


@FAMILY.command("linsert", "list index ?element ...?", 2, -1)
def linsert(interp: Interp, arguments: list[Any]) -> Any:
    """Return the list with elements inserted before an index; `end` stands for after the last."""
    values = elements(arguments[0])
    at = max(index(arguments[1], len(values) + 1), 0)
    return [*values[:at], *arguments[2:], *values[at:]]


@FAMILY.command("lreplace", "list first last ?element ...?", 3, -1)
def lreplace(interp: Interp, arguments: list[Any]) -> Any:
    """Return the list with the elements from one index to another replaced by others, or by none."""
    values = elements(arguments[0])
    size = len(values)
    first = index(arguments[1], size)
    last = index(arguments[2], size)
    first = min(max(first, 0), size)
    return [*values[:first], *arguments[3:], *values[max(first, last + 1) :]]


@FAMILY.command("lset", "listVar ?index? ?index ...? value", 2, -1)
def lset(interp: Interp, arguments: list[Any]) -> Any:
    """Change an element of the list in a variable, or of a list in it, and return the whole.

    The index after the last appends.
    """
    where = place(interp, arguments[0])
    if where is None:
        interp.frame.read(*split_name(text(arguments[0])))  # says why
        raise AssertionError("a variable with a value has a place")
    holder, key = where
    indices = path_of(arguments[1:-1])
    if not indices:
        holder[key] = arguments[-1]
        return arguments[-1]
    top = level = own_list(holder, key)
    changes: list[tuple[list[Any], int, Any]] = []  # made when all indices are known to be good
    final = len(indices) - 1
    for position, step in enumerate(indices):
        at = index(step, len(level))
        if not 0 <= at <= len(level):
            raise TclError("list index out of range", "TCL", "OPERATION", "LSET", "BADINDEX")
        if position == final:
            changes.append((level, at, arguments[-1]))
        else:
            inner = own_list(level, at) if at < len(level) else []
            changes.append((level, at, inner))
            level = inner
    for level, at, value in changes:
        level[at : at + 1] = (value,)
    holder[key] = top
    return top
