"""lsort and lsearch, and what is common to them: orders, and the elements of lists in lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from nsjob.tcl.command import Family, choose
from nsjob.tcl.errors import Signal, TclError
from nsjob.tcl.library.control import note
from nsjob.tcl.library.lists import short_integer
from nsjob.tcl.patterns import lowered
from nsjob.tcl.values import elements, number, parse_index, real, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY", "IndexPath", "dictionary_key", "index_path", "order_key", "selected"]

FAMILY = Family("Sorting lists")
IndexPath: TypeAlias = "list[tuple[bool, int]]"
Key: TypeAlias = "Callable[[Any], Any]"

# -- orders -----------------------------------------------------------------------------------------------------------


_DIGITS = re.compile(r"(0*)([0-9]+)", re.ASCII)


def dictionary_key(value: Any) -> tuple[str, str]:
    """A key for the order of `-dictionary`: numbers in the text by their value, case only where all else is equal.

    A number becomes a 0, its length and its digits, so that longer ones come later. The second part breaks ties:
    leading zeros later, upper case first.
    """
    source = text(value)
    if not _DIGITS.search(source):
        return lowered(source), _by_case(source)
    return _DIGITS.sub(_sized, lowered(source)), _DIGITS.sub(lambda found: chr(_zeros(found)), _by_case(source))


def _zeros(found: re.Match[str]) -> int:
    return min(len(found[1]), 0xD7FF)


def _sized(found: re.Match[str]) -> str:
    digits = found[2]
    return f"0{chr(min(len(digits), 0x10FFFF))}{digits}"


def _by_case(source: str) -> str:
    if source.isascii():
        return source
    return "".join(["\x00" if sign.isupper() else "\x01" if sign.lower() != sign.upper() else sign for sign in source])


def wide(value: Any) -> int:
    """Return a value as the 64-bit integer that Tcl sorts by.

    Raises:
        TclError: expected integer but got "...", or integer value too large to represent.
    """
    found = number(value)
    if type(found) is not int:
        shown = text(value).encode("utf-8", "surrogatepass")[:50].decode("utf-8", "ignore")
        raise TclError(f'expected integer but got "{shown}"', "TCL", "VALUE", "NUMBER")
    if -(1 << 63) <= found < 1 << 63:
        return found
    if not -(1 << 64) < found < 1 << 64:
        message = "integer value too large to represent"
        raise TclError(message, "ARITH", "IOVERFLOW", message)
    return (found + (1 << 63)) % (1 << 64) - (1 << 63)


def ordered_real(value: Any) -> float:
    """Return a value as a number that has a place among others.

    Raises:
        TclError: expected floating-point number but got "...", or it is Not a Number.
    """
    found = real(value)
    if found != found:
        raise TclError("floating point value is Not a Number", "TCL", "VALUE", "DOUBLE", "NAN")
    return found


def order_key(kind: str, nocase: bool) -> Key:
    """The function that gives the key of a value in the order that an option names."""
    if kind == "-ascii":
        return (lambda value: lowered(text(value))) if nocase else text
    return {"-dictionary": dictionary_key, "-integer": wide, "-real": ordered_real}[kind]


# -- lists in lists ---------------------------------------------------------------------------------------------------


def index_path(value: Any) -> IndexPath:
    """Return the indices of an -index option.

    Raises:
        TclError: bad index, or one that is in no list.
    """
    path = []
    for position, step in enumerate(elements(value)):
        found = parse_index(step)
        shown = text(step)
        if found is None or abs(found[1]) >= 1 << 31:
            error = TclError(f'bad index "{shown}": must be integer?[+-]integer? or end?[+-]integer?',
                             "TCL", "VALUE", "INDEX")  # fmt: skip
        elif found[1] > 0 if found[0] else not 0 <= found[1] < (1 << 31) - 1:
            error = TclError(f'index "{shown}" cannot select an element from any list',
                             "TCL", "VALUE", "INDEXOUTOFRANGE")  # fmt: skip
        else:
            path.append(found)
            continue
        error.add(f"\n    (-index option item number {position})")
        raise error
    return path


def selected(value: Any, path: IndexPath) -> Any:
    """Return what a path of indices leads to.

    Raises:
        TclError: element ... missing from sublist.
    """
    for from_end, offset in path:
        values = elements(value)
        at = offset + len(values) - 1 if from_end else offset
        if not 0 <= at < len(values):
            message = f'element {at} missing from sublist "{text(value)}"'
            raise TclError(message, "TCL", "OPERATION", "LSORT", "INDEXFAILED")
        value = values[at]
    return value


def missing(option: str, what: str) -> TclError:
    """`"-index" option must be followed by list index`."""
    return TclError(f'"{option}" option must be followed by {what}', "TCL", "ARGUMENT", "MISSING")


# -- lsort ------------------------------------------------------------------------------------------------------------

_KINDS = ("-ascii", "-command", "-dictionary", "-integer", "-real")
_SORT_OPTIONS = (
    "-ascii", "-command", "-decreasing", "-dictionary", "-increasing", "-index", "-indices", "-integer", "-nocase",
    "-real", "-stride", "-unique",
)  # fmt: skip
_FOLLOWED = {"-command": "comparison command", "-index": "list index", "-stride": "stride length"}


@dataclass(slots=True)
class _Sorting:
    """The options of one `lsort`.

    Attributes:
        kind: of the order: -ascii and its like.
        flags: the options without a value that were given, -decreasing unless -increasing came later.
        command: the prefix for -command.
        path: the indices of what is compared.
        stride: how many elements are one; 1 without -stride.
        offset: of the one within the stride that is compared.
    """

    kind: str = "-ascii"
    flags: set[str] = field(default_factory=set)
    command: Any = None
    path: IndexPath = field(default_factory=list)
    stride: int = 1
    offset: int = 0


@FAMILY.command("lsort", "?-option value ...? list", 1, -1)
def lsort(interp: Interp, arguments: list[Any]) -> Any:
    """Return the list sorted, stably.

    Options: -ascii (by code points; the default), -dictionary, -integer, -real, -command prefix; -increasing,
    -decreasing, -nocase; -index indexList, -stride length; -unique, -indices.
    """
    given = arguments[-1]
    if len(arguments) == 1:
        return sorted(elements(given), key=text)
    sorting = _sorting(arguments[:-1])
    if sorting.kind == "-command":
        elements(sorting.command)
    values = elements(given)
    if not values:
        return []
    _place_stride(sorting, len(values))
    decreasing = "-decreasing" in sorting.flags
    plain = sorting.stride == 1 and not sorting.path and not sorting.flags & {"-unique", "-indices"}
    if plain and sorting.kind != "-command":
        return _sorted_plain(values, sorting, decreasing)
    compared = (selected(values[at], sorting.path) for at in range(sorting.offset, len(values), sorting.stride))
    if sorting.kind == "-command":
        order = _merge_sorted(compared, _Comparison(interp, sorting, decreasing))
    else:
        key = order_key(sorting.kind, "-nocase" in sorting.flags)
        keys = [key(value) for value in compared]
        order = sorted(range(len(keys)), key=keys.__getitem__, reverse=decreasing)
        if "-unique" in sorting.flags:
            order = _last_of_equals(order, keys)
    return _arranged(values, order, sorting)


def _last_of_equals(order: list[int], keys: list[Any]) -> list[int]:
    """What -unique leaves."""
    return [at for at, after in pairwise(order) if keys[at] != keys[after]] + order[-1:]


def _sorting(options: list[Any]) -> _Sorting:
    sorting = _Sorting()
    index: Any = ()
    given = iter(options)
    for word in given:
        option = choose(text(word), _SORT_OPTIONS, "option")
        value = next(given, None) if option in _FOLLOWED else ""
        if value is None:
            raise missing(option, _FOLLOWED[option])
        if option in _KINDS:
            sorting.kind = option
        if option == "-command":
            sorting.command = value
        elif option == "-index":
            index = index_path(value)
        elif option == "-stride":
            sorting.stride = _stride(value)
        elif option == "-increasing":
            sorting.flags.discard("-decreasing")
        else:
            sorting.flags.add(option)
    sorting.path = list(index)
    return sorting


def _stride(value: Any) -> int:
    length = short_integer(value)
    if length < 2:
        raise TclError("stride length must be at least 2", "TCL", "OPERATION", "LSORT", "BADSTRIDE")
    return length


def _place_stride(sorting: _Sorting, size: int) -> None:
    """With -stride, the first index chooses within the group."""
    stride = sorting.stride
    if stride == 1:
        return
    if size % stride:
        message = "list size must be a multiple of the stride length"
        raise TclError(message, "TCL", "OPERATION", "LSORT", "BADSTRIDE")
    if sorting.path:
        from_end, offset = sorting.path.pop(0)
        sorting.offset = offset + stride - 1 if from_end else offset
        if not 0 <= sorting.offset < stride:
            message = 'when used with "-stride", the leading "-index" value must be within the group'
            raise TclError(message, "TCL", "OPERATION", "LSORT", "BADINDEX")


def _sorted_plain(values: list[Any], sorting: _Sorting, decreasing: bool) -> list[Any]:
    """Sort with Python's own sort, without keys where the values are of one fitting type."""
    key: Key | None = order_key(sorting.kind, "-nocase" in sorting.flags)
    kinds = set(map(type, values))
    if key is text and kinds == {str}:
        key = None
    if key is wide and kinds == {int} and min(values) >= -(1 << 63) and max(values) < 1 << 63:
        key = None
    return sorted(values, key=key, reverse=decreasing)


def _arranged(values: list[Any], order: list[int], sorting: _Sorting) -> list[Any]:
    """The result, from the order of the groups."""
    stride = sorting.stride
    positions = order if stride == 1 else [at * stride + more for at in order for more in range(stride)]
    return positions if "-indices" in sorting.flags else [values[at] for at in positions]


class _Comparison:
    """Compares values by a command, for -command."""

    def __init__(self, interp: Interp, sorting: _Sorting, decreasing: bool) -> None:
        self.interp = interp
        self.prefix = elements(sorting.command)
        self.sign = -1 if decreasing else 1
        self.unique = "-unique" in sorting.flags

    def __call__(self, left: Any, right: Any) -> int:
        """Return a number below, above or equal to 0, as left is to come before, after, or with right."""
        try:
            result = self.interp.eval_list([*self.prefix, left, right])
        except TclError as error:
            note(error, "-compare command")
            raise
        try:
            return short_integer(result) * self.sign
        except TclError:
            message = "-compare command returned non-integer result"
            raise TclError(message, "TCL", "OPERATION", "LSORT", "COMPARISONFAILED") from None


def _merge_sorted(values: Iterator[Any], compare: _Comparison) -> list[int]:
    """Return the positions of the values in order.

    This is Tcl's merge sort, not Python's sort, because scripts see which comparisons are made, and in which order.
    """
    try:
        return _in_runs(values, compare)
    except (TclError, Signal):
        for _ in values:  # an element that lacks what -index asks for is reported before the command's error
            pass
        raise


def _in_runs(values: Iterator[Any], compare: _Comparison) -> list[int]:
    runs: list[list[tuple[Any, int]]] = []
    for position, value in enumerate(values):
        run = [(value, position)]
        for size, other in enumerate(runs):
            if not other:
                runs[size] = run
                break
            run = _merged(other, run, compare)
            runs[size] = []
        else:
            runs.append(run)
    whole: list[tuple[Any, int]] = []
    for run in runs:
        whole = _merged(run, whole, compare)
    return [position for _, position in whole]


def _merged(left: list[tuple[Any, int]], right: list[tuple[Any, int]], compare: _Comparison) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    first = second = 0
    while first < len(left) and second < len(right):
        order = compare(left[first][0], right[second][0])
        if order > 0 or (order == 0 and compare.unique):
            if order == 0:
                first += 1
            found.append(right[second])
            second += 1
        else:
            found.append(left[first])
            first += 1
    return found + left[first:] + right[second:]
