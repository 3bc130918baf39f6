"""Arithmetic: what the operators and functions of expressions do. See expr(n) and mathfunc(n)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.tcl.errors import TclError
from nsjob.tcl.values import brief, elements, number, octal_hint, text, truth_word

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["BINARY", "COMPARISONS", "FUNCTIONS", "UNARY", "function", "tidy", "truth"]


# -- operators --------------------------------------------------------------------------------------------------------


def _operand(value: Any, op: str) -> int | float:
    """A value as the number that an operator needs."""
    found = number(value)
    if found is None:
        shown = text(value)
        what = "empty string" if not shown else "invalid octal number" if octal_hint(shown) else "non-numeric string"
        raise TclError(f'can\'t use {what} as operand of "{op}"', "ARITH", "DOMAIN", what)
    if found != found:
        raise TclError(
            f'can\'t use non-numeric floating-point value as operand of "{op}"',
            "ARITH", "DOMAIN", "non-numeric floating-point value",
        )  # fmt: skip
    return found


def _whole(value: Any, op: str) -> int:
    found = _operand(value, op)
    if type(found) is float:
        raise TclError(
            f'can\'t use floating-point value as operand of "{op}"', "ARITH", "DOMAIN", "floating-point value"
        )
    return int(found)


def _checked(value: float) -> float:
    if value != value:
        raise TclError("domain error: argument not in valid range", "ARITH", "DOMAIN",
                       "domain error: argument not in valid range")  # fmt: skip
    return value


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _arithmetic(op: str, exact: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        a = _operand(left, op)
        b = _operand(right, op)
        if type(a) is int and type(b) is int:
            return exact(a, b)
        try:
            return _checked(exact(_float(a), _float(b)))
        except OverflowError:
            return math.inf

    return apply


def _divide(left: Any, right: Any) -> Any:
    a = _operand(left, "/")
    b = _operand(right, "/")
    if type(a) is int and type(b) is int:
        if b == 0:
            raise TclError("divide by zero", "ARITH", "DIVZERO", "divide by zero")
        return a // b
    x = _float(a)
    y = _float(b)
    if y == 0.0:
        if x == 0.0:
            return _checked(math.nan)
        return math.copysign(math.inf, x) * math.copysign(1.0, y)
    return _checked(x / y)


def _modulo(left: Any, right: Any) -> Any:
    a = _whole(left, "%")
    b = _whole(right, "%")
    if b == 0:
        raise TclError("divide by zero", "ARITH", "DIVZERO", "divide by zero")
    return a % b


def _power(left: Any, right: Any) -> Any:
    a = _operand(left, "**")
    b = _operand(right, "**")
    if type(a) is int and type(b) is int:
        if b < 0:
            if a == 0:
                raise TclError("exponentiation of zero by negative power", "ARITH", "DOMAIN",
                               "exponentiation of zero by negative power")  # fmt: skip
            return 1 if a == 1 else (1 if b % 2 == 0 else -1) if a == -1 else 0
        if abs(a) > 1 and b >= 1 << 28:
            raise TclError("exponent too large")
        return left if b == 1 else a**b  # as it was written: `0x10 ** 1` is 0x10
    return _pow(_float(a), _float(b))


def _pow(x: float, y: float) -> float:
    if x == 0.0 and y < 0:
        raise TclError("exponentiation of zero by negative power", "ARITH", "DOMAIN",
                       "exponentiation of zero by negative power")  # fmt: skip
    try:
        found = math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        return _checked(math.nan)
    return _checked(found)


def _shift_left(left: Any, right: Any) -> Any:
    a = _whole(left, "<<")
    b = _whole(right, "<<")
    if b < 0:
        raise TclError("negative shift argument")
    if a and b > 1 << 28:
        raise TclError("integer value too large to represent")
    return a << b


def _shift_right(left: Any, right: Any) -> Any:
    a = _whole(left, ">>")
    b = _whole(right, ">>")
    if b < 0:
        raise TclError("negative shift argument")
    return (-1 if a < 0 else 0) if b > 1 << 32 else a >> b


def _bits(op: str, exact: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    return lambda left, right: exact(_whole(left, op), _whole(right, op))


def _comparison(exact: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        a = number(left)
        if a is not None:
            b = number(right)
            if b is not None:
                return exact(a, b)
        return exact(text(left), text(right))

    return compare


def _contains(left: Any, right: Any) -> bool:
    wanted = text(left)
    return any((item if type(item) is str else text(item)) == wanted for item in elements(right))


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _comparison(operator.eq),
    "!=": _comparison(operator.ne),
    "<": _comparison(operator.lt),
    ">": _comparison(operator.gt),
    "<=": _comparison(operator.le),
    ">=": _comparison(operator.ge),
    "eq": lambda left, right: text(left) == text(right),
    "ne": lambda left, right: text(left) != text(right),
    "in": _contains,
    "ni": lambda left, right: not _contains(left, right),
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": _arithmetic("+", operator.add),
    "-": _arithmetic("-", operator.sub),
    "*": _arithmetic("*", operator.mul),
    "/": _divide,
    "%": _modulo,
    "**": _power,
    "<<": _shift_left,
    ">>": _shift_right,
    "&": _bits("&", operator.and_),
    "^": _bits("^", operator.xor),
    "|": _bits("|", operator.or_),
}


def _not(value: Any) -> int:
    found = number(value)
    if found is None:
        word = truth_word(text(value))
        if word is None:
            return 0 if _operand(value, "!") else 1
        return 0 if word else 1
    return 0 if _operand(found, "!") else 1


def _plus(value: Any) -> Any:
    return _operand(value, "+")


UNARY: dict[str, Callable[[Any], Any]] = {
    "-": lambda value: -_operand(value, "-"),
    "+": _plus,
    "~": lambda value: ~_whole(value, "~"),
    "!": _not,
}


def truth(value: Any) -> bool:
    """What a value means as a condition.

    Raises:
        TclError: expected boolean value but got "...".
    """
    kind = type(value)
    if kind is bool or kind is int:
        return bool(value)
    found = number(value)
    if found is None:
        word = truth_word(text(value))
        if word is None:
            shown = text(value)
            message = f'expected boolean value but got "{brief(shown)}"{octal_hint(shown)}'
            raise TclError(message, "TCL", "VALUE", "NUMBER")
        return word
    if found != found:
        raise TclError("floating point value is Not a Number", "TCL", "VALUE", "DOUBLE", "NAN")
    return bool(found)


def tidy(value: Any) -> Any:
    """The result of a whole expression: a number in its usual form where it is one."""
    kind = type(value)
    if kind is int:
        return value
    if kind is bool:
        return 1 if value else 0
    if kind is float:
        return _checked(value)
    if kind is str:
        found = number(value)
        if found is None:
            return value
        return _checked(found) if type(found) is float else found
    return value


# -- functions --------------------------------------------------------------------------------------------------------


def _argument(value: Any) -> int | float:
    found = number(value)
    if found is None:
        shown = text(value)
        message = f'expected floating-point number but got "{brief(shown)}"{octal_hint(shown)}'
        raise TclError(message, "TCL", "VALUE", "NUMBER")
    if found != found:
        raise TclError("floating point value is Not a Number", "TCL", "VALUE", "DOUBLE", "NAN")
    return found


def _number_argument(value: Any) -> int | float:
    found = number(value)
    if found is None:
        shown = text(value)
        raise TclError(f'expected number but got "{brief(shown)}"{octal_hint(shown)}', "TCL", "VALUE", "NUMBER")
    if found != found:
        raise TclError("floating point value is Not a Number", "TCL", "VALUE", "DOUBLE", "NAN")
    return found


def _of_reals(function: Callable[..., float]) -> Callable[..., Any]:
    def apply(_: Interp, *values: Any) -> float:
        given = [_float(_argument(value)) for value in values]
        try:
            return _checked(function(*given))
        except ValueError:
            return _checked(math.nan)
        except OverflowError:
            return math.inf

    return apply


def _log(x: float) -> float:
    return -math.inf if x == 0 else math.log(x)


def _log10(x: float) -> float:
    return -math.inf if x == 0 else math.log10(x)


def _sqrt(_: Interp, value: Any) -> float:
    given = _float(_argument(value))
    return math.nan if given < 0 else math.sqrt(given)  # an error only where it is worked on, or is the result


def _real_power(x: float, y: float) -> float:
    if x == 0.0 and y < 0:
        return math.inf
    return _pow(x, y)


def _fmod(x: float, y: float) -> float:
    if y == 0:
        raise ValueError
    return math.fmod(x, y)


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _integral(function: Callable[[float], float], beyond: float) -> Callable[..., Any]:
    def apply(_: Interp, value: Any) -> float:
        exact = _argument(value)
        given = _float(exact)
        if type(exact) is int and not math.isinf(given):  # it may have been rounded the other way
            wrong = given < exact if beyond > 0 else given > exact
            return math.nextafter(given, beyond) if wrong else given
        if math.isinf(given) or given != given:
            return given
        found = float(function(given))
        return found if found else math.copysign(0.0, given)  # -0.0 keeps its sign

    return apply


def _truncated(value: Any) -> int:
    found = _number_argument(value)
    if type(found) is float:
        if math.isinf(found):
            raise TclError("integer value too large to represent", "ARITH", "IOVERFLOW",
                           "integer value too large to represent")  # fmt: skip
        if found != found:
            raise TclError("floating point value is Not a Number", "TCL", "VALUE", "DOUBLE", "NAN")
        return int(found)
    return int(found)


def _wide(_: Interp, value: Any) -> int:
    return (_truncated(value) + (1 << 63)) % (1 << 64) - (1 << 63)


def _round(_: Interp, value: Any) -> int:
    found = _number_argument(value)
    if type(found) is float:
        _truncated(found)
        return math.floor(found + 0.5) if found >= 0 else math.ceil(found - 0.5)
    return int(found)


def _isqrt(_: Interp, value: Any) -> int:
    found = _number_argument(value)
    if found < 0:
        raise TclError("square root of negative argument", "ARITH", "DOMAIN",
                       "domain error: argument not in valid range")  # fmt: skip
    return math.isqrt(_truncated(found))


def _abs(_: Interp, value: Any) -> Any:
    found = _number_argument(value)
    return value if found > 0 else abs(found)  # as it was written: `abs(0x10) eq "0x10"`


def _bool(_: Interp, value: Any) -> int:
    return 1 if truth(value) else 0


def _extreme(better: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    def apply(_: Interp, *values: Any) -> Any:
        for value in values:
            if number(value) is None:
                raise TclError(f'expected floating-point number but got "{brief(text(value))}"')
            if number(value) != number(value):
                raise TclError("floating point value is Not a Number")
        best = _number_argument(values[0])
        for value in values[1:]:
            found = _number_argument(value)
            if better(found, best):
                best = found
        return best

    return apply


_PRIME = 2147483647  # Park and Miller's minimal standard generator, as in Tcl


def _rand(interp: Interp) -> float:
    seed = interp.extras.get("rand")
    if seed is None:
        from random import randrange  # late: few scripts need chance

        seed = randrange(1, _PRIME)
    interp.extras["rand"] = seed = seed * 16807 % _PRIME
    return float(seed * (1.0 / _PRIME))


def _srand(interp: Interp, value: Any) -> float:
    found = number(value)
    if type(found) is not int:
        raise TclError(f'expected integer but got "{brief(text(value))}"', "TCL", "VALUE", "NUMBER")
    seed = found & 0x7FFFFFFF
    if seed in (0, _PRIME):
        seed ^= 123459876
    interp.extras["rand"] = seed
    return _rand(interp)


MANY = 1 << 30
FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    **{name: (1, 1, _of_reals(getattr(math, name))) for name in "acos asin atan cos exp sin tan tanh cosh".split()},
    "log": (1, 1, _of_reals(_log)),
    "log10": (1, 1, _of_reals(_log10)),
    "sqrt": (1, 1, _sqrt),
    "sinh": (1, 1, _of_reals(_sinh)),
    "atan2": (2, 2, _of_reals(math.atan2)),
    "fmod": (2, 2, _of_reals(_fmod)),
    "hypot": (2, 2, _of_reals(math.hypot)),
    "pow": (2, 2, _of_reals(_real_power)),
    "ceil": (1, 1, _integral(math.ceil, math.inf)),
    "floor": (1, 1, _integral(math.floor, -math.inf)),
    "double": (1, 1, lambda _, value: _float(_argument(value))),
    "abs": (1, 1, _abs),
    "bool": (1, 1, _bool),
    "entier": (1, 1, lambda _, value: _truncated(value)),
    "int": (1, 1, _wide),
    "wide": (1, 1, _wide),
    "round": (1, 1, _round),
    "isqrt": (1, 1, _isqrt),
    "max": (1, MANY, _extreme(operator.gt)),
    "min": (1, MANY, _extreme(operator.lt)),
    "rand": (0, 0, _rand),
    "srand": (1, 1, _srand),
}


def function(interp: Interp, name: str, values: list[Any]) -> Any:
    """Call a math function.

    Raises:
        TclError: there is none of that name, or it is given too few or too many arguments.
    """
    found = FUNCTIONS.get(name)
    if found is None:
        command = interp.commands.get(f"tcl::mathfunc::{name}")
        if command is None:
            raise TclError(f'invalid command name "tcl::mathfunc::{name}"', "TCL", "LOOKUP", "COMMAND",
                           f"tcl::mathfunc::{name}")  # fmt: skip
        return interp.call([f"tcl::mathfunc::{name}", *values])
    least, most, run = found
    if len(values) < least:
        if most == MANY:
            raise TclError(f'not enough arguments to math function "{name}"')
        raise TclError(f'not enough arguments for math function "{name}"', "TCL", "WRONGARGS")
    if len(values) > most:
        raise TclError(f'too many arguments for math function "{name}"', "TCL", "WRONGARGS")
    return run(interp, *values)
