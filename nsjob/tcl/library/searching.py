"""lsearch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.sorting import IndexPath, index_path, missing, order_key, selected
from nsjob.tcl.patterns import glob_match, regular
from nsjob.tcl.values import elements, index, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Searching lists")
_KINDS = ("-ascii", "-dictionary", "-integer", "-real")
_MODES = ("-exact", "-glob", "-regexp", "-sorted")
_OPTIONS = (
    "-all", "-ascii", "-bisect", "-decreasing", "-dictionary", "-exact", "-glob", "-increasing", "-index", "-inline",
    "-integer", "-nocase", "-not", "-real", "-regexp", "-sorted", "-start", "-subindices",
)  # fmt: skip


@dataclass(slots=True)
class _Search:
    """The options of one `lsearch`.

    Attributes:
        mode: -exact, -glob, -regexp or -sorted.
        kind: what -exact and -sorted compare as.
        flags: the options without a value that were given, -decreasing unless -increasing came later.
        path: the indices of what is compared.
        start: the index to begin at, or None.
    """

    mode: str = "-glob"
    kind: str = "-ascii"
    flags: set[str] = field(default_factory=set)
    path: IndexPath = field(default_factory=list)
    start: Any = None


@FAMILY.command("lsearch", "?-option value ...? list pattern", 2, -1)
def lsearch(interp: Interp, arguments: list[Any]) -> Any:
    """Return the index of the first element that matches, or -1.

    Options: -glob (the default), -exact, -regexp, -sorted; -ascii, -dictionary, -integer, -real, -nocase, -increasing,
    -decreasing, -bisect; -all, -inline, -not, -start index, -index indexList, -subindices.
    """
    *options, given, pattern = arguments
    search = _search(options)
    flags = search.flags
    _check_mix(search)
    if search.mode == "-regexp":
        regular(text(pattern), nocase="-nocase" in flags)
    values = elements(given)
    start = max(index(search.start, len(values)), 0) if search.start is not None else 0
    if search.start is not None and start >= len(values):
        return _nothing(flags)
    if search.mode == "-sorted" and not flags & {"-all", "-not"}:
        return _result(values, [_halved(values, start, pattern, search)], search)
    if search.mode == "-exact" and search.kind == "-ascii" and not search.path and flags <= {"-inline"}:
        return _result(values, _first_equal(values, start, text(pattern)), search)
    matches = _matcher(pattern, search)
    wanted = "-not" not in flags
    path = search.path
    found = []
    for at in range(start, len(values)):
        value = selected(values[at], path) if path else values[at]
        if matches(value) is wanted:
            found.append(at)
            if "-all" not in flags:
                break
    return _result(values, found, search)


def _first_equal(values: list[Any], start: int, wanted: str) -> list[int]:
    """The usual case, made fast."""
    try:
        return [[value if type(value) is str else text(value) for value in values].index(wanted, start)]
    except ValueError:
        return []


def _search(options: list[Any]) -> _Search:
    search = _Search()
    given = iter(options)
    for word in given:
        option = choose(text(word), _OPTIONS, "option")
        if option == "-start":
            search.start = next(given, None)
            if search.start is None:
                raise TclError("missing starting index", "TCL", "ARGUMENT", "MISSING")
        elif option == "-index":
            value = next(given, None)
            if value is None:
                raise missing(option, "list index")
            search.path = index_path(value)
        elif option in _MODES:
            search.mode = option
        elif option in _KINDS:
            search.kind = option
        elif option == "-increasing":
            search.flags.discard("-decreasing")
        else:
            search.flags.add(option)
            if option == "-bisect":
                search.mode = "-sorted"
    return search


def _check_mix(search: _Search) -> None:
    message = ""
    if "-subindices" in search.flags and not search.path:
        message = "-subindices cannot be used without -index option"
    elif "-bisect" in search.flags and search.flags & {"-all", "-not"}:
        message = "-bisect is not compatible with -all or -not"
    if message:
        raise TclError(message, "TCL", "OPERATION", "LSEARCH", "BAD_OPTION_MIX")


def _matcher(pattern: Any, search: _Search) -> Callable[[Any], bool]:
    """The function that says of a value whether it is what is searched for."""
    nocase = "-nocase" in search.flags
    source = text(pattern)
    if search.mode == "-glob":
        if nocase or any(sign in source for sign in "*?[\\"):
            return lambda value: glob_match(source, text(value), nocase)
        return lambda value: text(value) == source
    if search.mode == "-regexp":
        expression = regular(source, nocase=nocase)
        return lambda value: expression.search(text(value)) is not None
    key = order_key(search.kind, nocase)
    wanted = key(pattern)
    if key is text:
        return lambda value: (value if type(value) is str else text(value)) == wanted
    return lambda value: bool(key(value) == wanted)


def _halved(values: list[Any], start: int, pattern: Any, search: _Search) -> int:
    """Search in a sorted list: the first of equal elements, or with -bisect the last element that is not beyond."""
    key = order_key(search.kind, "-nocase" in search.flags)
    wanted = key(pattern)
    bisect = "-bisect" in search.flags
    decreasing = "-decreasing" in search.flags
    found = -1
    lower, upper = start - 1, len(values)
    while lower + 1 != upper:
        at = (lower + upper) // 2
        has = key(selected(values[at], search.path))
        if has == wanted:
            found = at
            below = bisect
        else:
            below = (has < wanted) is not decreasing
        if below:
            lower = at
        else:
            upper = at
    return lower if bisect and found < 0 else found


def _nothing(flags: set[str]) -> Any:
    """The result where the search began after the end."""
    if "-all" in flags:
        return []
    return "" if "-inline" in flags else -1


def _result(values: list[Any], found: list[int], search: _Search) -> Any:
    """What was found, as the options want it."""
    flags = search.flags
    if "-inline" in flags:
        path = search.path if "-subindices" in flags else []
        shown = [selected(values[at], path) for at in found if at >= 0]
        return shown if "-all" in flags else shown[0] if shown else ""
    positions: list[Any] = found or ([] if "-all" in flags else [-1])
    if "-subindices" in flags:
        steps = [offset + len(values) if from_end else offset for from_end, offset in search.path]
        positions = [[at, *steps] for at in positions]
    return positions if "-all" in flags else positions[0]
