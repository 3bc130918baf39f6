"""Text from values by a template, and back: `format` and `scan`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.scans import scanned, scanning
from nsjob.tcl.values import brief, int_text, number, real, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Formatting")

_SPEC = re.compile(
    r"%(?:(?P<position>[0-9]+)\$)?(?P<flags>[-+ 0#]*)(?P<width>[0-9]+|\*)?(?:(?P<dot>\.)(?P<precision>[0-9]+|\*)?)?"
    r"(?P<size>ll|[hl]|)(?P<kind>.)?",
    re.DOTALL,
)


@dataclass(slots=True)
class _Spec:
    """One conversion of a template, its stars filled in."""

    flags: str
    width: int
    precision: int | None
    size: str
    kind: str


class _Arguments:
    """The values of a `format`, taken one after another or by position."""

    def __init__(self, values: list[Any]) -> None:
        self.values = values
        self.at = 0
        self.positional: bool | None = None

    def choose(self, positional: bool) -> None:
        if self.positional is not None and self.positional != positional:
            raise TclError('cannot mix "%" and "%n$" conversion specifiers', "TCL", "FORMAT", "MIXEDSPECTYPES")
        self.positional = positional

    def star(self) -> int:
        """The value of a star: never the last one."""
        if self.at >= len(self.values) - 1:
            self.at = len(self.values)
        return _int(self.next())

    def next(self) -> Any:
        if self.at >= len(self.values) or self.at < 0:
            if self.positional:
                raise TclError('"%n$" argument index out of range', "TCL", "FORMAT", "INDEXRANGE")
            raise TclError("not enough arguments for all format specifiers", "TCL", "FORMAT", "FIELDVARMISMATCH")
        self.at += 1
        return self.values[self.at - 1]


@FAMILY.command("format", "formatString ?arg ...?", 1, -1)
def formatted(interp: Interp, arguments: list[Any]) -> str:
    """Fill a template in: %s, %d, %x, %f and their like, with flags, width and precision, `%2$s` for the second."""
    template = text(arguments[0])
    taken = _Arguments(arguments[1:])
    parts: list[str] = []
    at = 0
    while True:
        begin = template.find("%", at)
        if begin < 0:
            parts.append(template[at:])
            return "".join(parts)
        parts.append(template[at:begin])
        if template.startswith("%%", begin):
            parts.append("%")
            at = begin + 2
            continue
        found = _SPEC.match(template, begin)
        assert found is not None
        parts.append(_converted(found, taken))
        at = found.end()


def _converted(found: re.Match[str], taken: _Arguments) -> str:
    position, flags, width, dot, precision, size, kind = found.groups()
    taken.choose(position is not None)
    if position is not None:
        taken.at = int(position) - 1
    spec = _Spec(flags, 0, None, size, kind or "")
    if width == "*":
        spec.width = taken.star()
        if spec.width < 0:
            spec.width = -spec.width % (1 << 31)
            spec.flags += "-"
    elif width:
        spec.width = int(width)
        if spec.width >= 1 << 31:
            raise TclError("max size for a Tcl value exceeded", "TCL", "FORMAT", "OVERFLOW")
    if dot:
        spec.precision = max(0, taken.star()) if precision == "*" else int(precision or 0)
    if not kind:
        raise TclError("format string ended in middle of field specifier", "TCL", "FORMAT", "INCOMPLETE")
    if kind not in "diouxXbeEfgGcsaA" or kind in "aA":
        # The missing argument is told of first, as in Tcl.
        taken.next()
        raise TclError(f'bad field specifier "{kind}"', "TCL", "FORMAT", "BADTYPE")
    value = taken.next()
    shown = _shown(spec, value)
    if len(shown) < spec.width:
        fill = "0" if "0" in spec.flags and kind in "cs" else " "
        if "-" in spec.flags:
            return shown.ljust(spec.width, fill)
        return shown.rjust(spec.width, fill)
    return shown


def _int(value: Any) -> int:
    found = number(value)
    if type(found) is not int and found == found:
        raise TclError(f'expected integer but got "{text(value)}"', "TCL", "VALUE", "INTEGER")
    if type(found) is not int or abs(found) >= 1 << 32:
        raise TclError("integer value too large to represent", "ARITH", "IOVERFLOW",
                       "integer value too large to represent")  # fmt: skip
    return _wrapped(found, 32)


def _wrapped(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _shown(spec: _Spec, value: Any) -> str:
    kind = spec.kind
    if kind == "s":
        shown = text(value)
        return shown if spec.precision is None else shown[: spec.precision]
    if kind == "c":
        code = _int(value)
        return chr(code) if 0 <= code <= 0x10FFFF else "\ufffd"
    if kind in "eEfgG":
        return _real_shown(spec, real(value))
    return _integer_shown(spec, value)


_BASES = {"o": "o", "x": "x", "X": "X", "b": "b"}
_PREFIXES = {"o": "0", "x": "0x", "X": "0X", "b": "0b"}


def _integer_shown(spec: _Spec, value: Any) -> str:
    kind = spec.kind
    if spec.size == "ll" and kind == "u":
        raise TclError("unsigned bignum format is invalid", "TCL", "FORMAT", "BADUNSIGNED")
    found = number(value)
    if type(found) is not int:
        raise TclError(f'expected integer but got "{brief(text(value))}"', "TCL", "VALUE", "NUMBER")
    whole = found
    if spec.size != "ll":
        bits = 16 if spec.size == "h" else 64
        whole = _wrapped(whole, bits)
        if kind in "ouxXb":
            whole &= (1 << bits) - 1
    sign = "-" if whole < 0 else "+" if "+" in spec.flags else " " if " " in spec.flags else ""
    if kind in "ouxXb" and whole >= 0 and spec.size != "ll":
        sign = ""
    digits = format(abs(whole), _BASES[kind]) if kind in _BASES else int_text(abs(whole))
    prefix = _PREFIXES.get(kind, "") if "#" in spec.flags and (whole or kind != "o") else ""
    if prefix == "0":  # it counts among the digits
        digits, prefix = prefix + digits, ""
    if spec.precision is not None:
        digits = digits.rjust(spec.precision, "0")
    elif "0" in spec.flags:
        digits = digits.rjust(spec.width - len(sign) - len(prefix), "0")
    return sign + prefix + digits


def _real_shown(spec: _Spec, value: float) -> str:
    sign = "-" if math.copysign(1.0, value) < 0 else "+" if "+" in spec.flags else " " if " " in spec.flags else ""
    if not math.isfinite(value):
        if value != value:
            raise TclError("floating point value is Not a Number", "TCL", "VALUE", "DOUBLE", "NAN")
        shown = "inf"
        return sign + (shown.upper() if spec.kind in "EG" else shown)
    precision = 6 if spec.precision is None else spec.precision
    shown = f"%{'#' if '#' in spec.flags else ''}.{precision}{spec.kind}" % abs(value)
    if "0" in spec.flags and "-" not in spec.flags:
        shown = shown.rjust(spec.width - len(sign), "0")
    return sign + shown


@FAMILY.command("scan", "string format ?varName ...?", 2, -1)
def scan(interp: Interp, arguments: list[Any]) -> Any:
    """Take values out of a text by a template like that of `format`, into variables or, without any, as a list."""
    source, template = text(arguments[0]), text(arguments[1])
    names = arguments[2:]
    steps, size = scanning(template, len(names))
    values, converted, ran_out = scanned(source, steps, size)
    if not names:
        return "" if ran_out and not converted else ["" if value is None else value for value in values]
    if ran_out and not converted:
        return -1
    given = 0
    for name, value in zip(names, values, strict=False):
        if value is not None:
            interp.set(text(name), value)
            given += 1
    return given
