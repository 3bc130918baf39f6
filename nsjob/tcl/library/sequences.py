"""lseq: lists of numbers, as Tcl 9 makes them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.lists import LONGEST, too_long
from nsjob.tcl.values import number, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Number sequences")
USAGE = "n ??op? n ??by? n??"
OPERATIONS = ("..", "to", "count", "by")


@FAMILY.command("lseq", USAGE, 1, 5)
def lseq(interp: Interp, arguments: list[Any]) -> Any:
    """Return a list of numbers: `lseq 5`, `lseq 1 10`, `lseq 1 to 10 by 2`, `lseq 1 count 5 by 3`. As Tcl 9 does."""
    start = _term(arguments[0])
    rest = arguments[1:]
    if not rest:
        return _series(0, _count(start), 1)
    operation = "to"
    if text(rest[0]) in OPERATIONS:
        operation = text(rest.pop(0))
    second = _next_term(rest, operation)
    if operation == "by":
        if rest:
            raise wrong_args("lseq", USAGE)
        return _series(0, _count(start), second)
    step = _step(rest)
    if operation == "count":
        return _series(start, _count(second), 1 if step is None else step)
    if step is None:
        step = 1 if start <= second else -1
    return _range(start, second, step)


def _step(rest: list[Any]) -> int | float | None:
    """What is after the limit: nothing, a number, or `by` and a number."""
    if not rest:
        return None
    if number(rest[0]) is None:
        if choose(text(rest.pop(0)), OPERATIONS, "operation", exact=True) != "by":
            raise wrong_args("lseq", USAGE)
    step = _next_term(rest, "by")
    if rest:
        raise wrong_args("lseq", USAGE)
    return step


def _next_term(rest: list[Any], operation: str) -> int | float:
    if not rest:
        raise TclError(f'missing "{operation}" value.', "TCL", "ARGUMENT", "MISSING")
    return _term(rest.pop(0))


def _term(value: Any) -> int | float:
    found = number(value)
    if found is None or found != found or abs(found) == float("inf"):
        raise TclError(f'expected number but got "{text(value)}"', "TCL", "VALUE", "NUMBER")
    return found


def _count(value: Any) -> int:
    """How many elements there are to be: a whole number; none where it is negative."""
    if value != int(value):
        raise TclError(f'expected integer but got "{text(value)}"', "TCL", "VALUE", "NUMBER")
    if value > LONGEST:
        raise too_long()
    return max(int(value), 0)


def _range(start: int | float, limit: int | float, step: int | float) -> list[Any]:
    """From one number to another, which is a limit and need not be met."""
    if step == 0:
        return _series(start + 0 * limit, 1, step)
    if type(start) is int and type(limit) is int and type(step) is int:
        _count((limit - start) // step)
        return list(range(start, limit + (1 if step > 0 else -1), step))
    exact = [Fraction(Decimal(repr(value))) for value in (start, limit, step)]
    count = _count((exact[1] - exact[0]) // exact[2] + 1)
    return _series(float(start), count, step)


def _series(start: int | float, count: int, step: int | float) -> list[Any]:
    """So many numbers, each by `step` above the one before; without the noise of binary fractions."""
    if type(start) is int and type(step) is int:
        return [start + position * step for position in range(count)]
    exponents = [Decimal(repr(value)).as_tuple().exponent for value in (start, step)]
    digits = max(1, *(-exponent for exponent in exponents if type(exponent) is int))
    first, by = float(start), float(step)
    return [round(first + position * by, digits) for position in range(count)]
