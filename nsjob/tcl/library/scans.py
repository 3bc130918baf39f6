"""What `scan` does: a template read into conversions, and values taken out of a text by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nsjob.tcl.charsets import in_class
from nsjob.tcl.errors import TclError
from nsjob.tcl.values import parse_number

__all__ = ["Conversion", "scanned", "scanning"]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One part of a template.

    Attributes:
        kind: the letter; `[` with `accepts`; `=` for a literal character, ` ` for white space.
        target: the number of the value that it gives, or None.
        width: the most characters to take; 0: as many as there are.
        size: `l`, `ll` or nothing.
    """

    kind: str
    target: int | None = None
    width: int = 0
    size: str = ""
    literal: str = ""
    accepts: Callable[[str], bool] | None = None


_SPEC = re.compile(
    r"%(?:(?P<star>\*)|(?P<position>[0-9]+)\$)?(?P<width>[0-9]+)?(?P<size>ll|[lLh])?(?P<kind>.)?", re.DOTALL
)


def _error(message: str, code: str) -> TclError:
    return TclError(message, "TCL", "FORMAT", code)


def scanning(template: str, variables: int) -> tuple[list[Conversion], int]:
    """Return the parts of a template, and how many values it gives.

    Arguments:
        variables: how many variables there are for the values; 0: there may be any number of values.

    Raises:
        TclError: bad scan conversion character "...", and its like.
    """
    found: list[Conversion] = []
    assigned: dict[int, int] = {}
    positional: bool | None = None
    following = highest = at = 0
    while at < len(template):
        char = template[at]
        if char != "%" or template.startswith("%%", at):
            found.append(Conversion(" " if in_class("space", char) else "=", literal=char))
            at += 2 if char == "%" else 1
            continue
        spec = _SPEC.match(template, at)
        assert spec is not None
        kind = spec["kind"] or "\0"
        if spec["star"] is None:
            if positional is not None and positional != (spec["position"] is not None):
                raise _error('cannot mix "%" and "%n$" conversion specifiers', "MIXEDSPECTYPES")
            positional = spec["position"] is not None
            if positional:
                following = int(spec["position"]) - 1
                if following < 0 or (variables and following >= variables):
                    raise _error('"%n$" argument index out of range', "INDEXRANGE")
                highest = max(highest, following + 1) if not variables else 0
            elif variables and following >= variables:
                raise _error("different numbers of variable names and field specifiers", "FIELDVARMISMATCH")
        size = {"L": "l", "h": ""}.get(spec["size"] or "", spec["size"] or "")
        at = spec.end()
        _check(kind, size, spec["width"])
        accepts = None
        if kind == "[":
            accepts, at = _set(template, at)
        target = following if spec["star"] is None else None
        if target is not None:
            assigned[target] = assigned.get(target, 0) + 1
            following += 1
        found.append(Conversion(kind, target, int(spec["width"] or 0), size, accepts=accepts))
    count = variables or highest or following
    for number in range(count):
        if assigned.get(number, 0) > 1:
            raise _error('variable is assigned by multiple "%n$" conversion specifiers', "POLYASSIGNED")
        if not highest and number not in assigned:
            raise _error("variable is not assigned by any conversion specifiers", "UNASSIGNED")
    return found, count


def _check(kind: str, size: str, width: str | None) -> None:
    if kind == "c" and width is not None:
        raise _error("field width may not be specified in %c conversion", "BADWIDTH")
    if kind in "cns[" and size:
        raise _error(f"field size modifier may not be specified in %{kind} conversion", "BADSIZE")
    if kind not in "cnsdefgioxXbu[":
        raise _error(f'bad scan conversion character "{kind}"', "BADTYPE")
    if kind == "u" and size == "ll":
        raise _error("unsigned bignum scans are invalid", "BADUNSIGNED")


def _set(template: str, at: int) -> tuple[Callable[[str], bool], int]:
    """Read a set of characters, of which the bracket is read."""
    negated = template.startswith("^", at)
    begin = at + negated
    end = template.find("]", begin + 1)
    if end < 0 or begin >= len(template):
        raise _error("unmatched [ in format string", "BRACKET")
    inner = template[begin:end]
    ranges: list[tuple[str, str]] = []
    place = 0
    while place < len(inner):
        first = last = inner[place]
        if inner[place + 1 : place + 2] == "-" and place + 2 < len(inner):
            last = inner[place + 2]
            place += 2
        place += 1
        ranges.append((min(first, last), max(first, last)))
    return (lambda char: any(first <= char <= last for first, last in ranges) != negated), end + 1


_FORMS = {
    "d": re.compile("[+-]?[0-9]+"),
    "o": re.compile("[+-]?[0-7]+"),
    "x": re.compile("[+-]?(?:0[xX](?=[0-9a-fA-F]))?[0-9a-fA-F]+"),
    "b": re.compile("[+-]?(?:0[bB](?=[01]))?[01]+"),
    "i": re.compile("[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)"),
    "f": re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"),
}
_FORMS |= {"u": _FORMS["d"], "X": _FORMS["x"], "e": _FORMS["f"], "g": _FORMS["f"]}
_BASES = {"d": 10, "u": 10, "o": 8, "x": 16, "X": 16, "b": 2}
# What is no number yet, but could be the beginning of one: the text ended too early.
_BEGUN = re.compile(r"[+-]?\Z")
_REAL_BEGUN = re.compile(r"[+-]?(?:\.|i|in|n|na)?\Z", re.IGNORECASE)


def _cut_short(source: str, at: int, step: Conversion) -> bool:
    """Whether more text might have made a number."""
    if step.kind not in _FORMS:
        return False
    within = source[at : at + step.width] if step.width else source[at:]
    begun = _REAL_BEGUN if step.kind in "efg" else _BEGUN
    return begun.match(within) is not None and len(within) >= step.width


def scanned(source: str, steps: list[Conversion], size: int) -> tuple[list[Any], int, bool]:
    """Return the values (None where there is none), how many conversions there were, and whether the text was too
    short."""
    values: list[Any] = [None] * size
    converted = at = 0
    for step in steps:
        if step.kind == " ":
            at = _after_space(source, at)
            continue
        if step.kind == "n":
            if step.target is not None:
                values[step.target] = at
            converted += 1
            continue
        if step.kind not in "=c[":
            at = _after_space(source, at)
        if at >= len(source):
            return values, converted, True
        if step.kind == "=":
            if source[at] != step.literal:
                break
            at += 1
            continue
        end = _end(source, at, step)
        if end <= at:
            return values, converted, _cut_short(source, at, step)
        if step.target is not None:
            values[step.target] = _value(source[at:end], step)
        converted += 1
        at = end
    return values, converted, False


def _after_space(source: str, at: int) -> int:
    while at < len(source) and in_class("space", source[at]):
        at += 1
    return at


def _end(source: str, at: int, step: Conversion) -> int:
    """Where the value ends that begins at a place; there, too, if it is none."""
    if step.kind == "c":
        return at + 1
    most = min(len(source), at + step.width) if step.width else len(source)
    if step.kind in _FORMS:
        found = _FORMS[step.kind].match(source, at, most)
        return found.end() if found else at
    accepts = step.accepts or (lambda char: not in_class("space", char))
    while at < most and accepts(source[at]):
        at += 1
    return at


def _value(found: str, step: Conversion) -> Any:
    if step.kind == "c":
        return ord(found)
    if step.kind not in _FORMS:
        return found
    if step.kind in "efg":
        return float(int(found)) if found.lstrip("+-").isdecimal() else float(found)
    value = _integer(found, step.kind)
    if step.size == "ll":
        return value
    return _limited(value, step)


def _integer(found: str, kind: str) -> int:
    base = _BASES.get(kind)
    if base == 10:
        digits = found.lstrip("+-").lstrip("0") or "0"
        value = parse_number(digits)
        assert type(value) is int
        return -value if found[0] == "-" else value
    if base is None:
        digits = found.lstrip("+-")
        base = 16 if digits[1:2] in ("x", "X") else 8 if digits[0] == "0" else 10
    return int(found, base)


def _limited(value: int, step: Conversion) -> int:
    """A value in 64 bits: the nearest one, or, unsigned, the one of the same bits."""
    if step.size != "l" and abs(value) < 1 << 64:
        value = (value + (1 << 63)) % (1 << 64) - (1 << 63)
    value = max(-(1 << 63), min(value, (1 << 63) - 1))
    return value + (1 << 64) if value < 0 and step.kind == "u" else value
