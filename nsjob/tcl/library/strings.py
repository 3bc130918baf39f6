"""Strings: the `string` ensemble. Characters are Python's code points."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nsjob.tcl import charsets
from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.library.string_classes import first_failure
from nsjob.tcl.patterns import glob_match, lowered
from nsjob.tcl.values import elements, index, integer, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Strings")
STRING = FAMILY.ensemble("string", "Inspect and change text.")


@STRING.command("bytelength", "string", 1)
def bytelength(interp: Interp, arguments: list[Any]) -> int:
    """Return how many bytes a text takes in UTF-8, as Tcl stores it: a NUL takes two."""
    source = text(arguments[0])
    return len(source.encode("utf-8", "surrogatepass")) + source.count("\0")


@STRING.command("cat", "?arg ...?", 0, -1)
def cat(interp: Interp, arguments: list[Any]) -> str:
    """Return the arguments joined, with nothing in between."""
    return "".join(map(text, arguments))


def _compared(name: str, arguments: list[Any]) -> tuple[str, str]:
    """The two texts that are to be compared, cut and folded as the options say."""
    if not 2 <= len(arguments) <= 5:
        raise wrong_args(f"string {name}", "?-nocase? ?-length int? string1 string2")
    nocase, length = False, -1
    at = 0
    while at < len(arguments) - 2:
        given = text(arguments[at])
        at += 1
        if len(given) > 1 and "-nocase".startswith(given):
            nocase = True
        elif len(given) > 1 and "-length".startswith(given):
            if at >= len(arguments) - 2:
                raise wrong_args(f"string {name}", "?-nocase? ?-length int? string1 string2")
            length = _small(arguments[at])
            at += 1
        else:
            raise TclError(
                f'bad option "{given}": must be -nocase or -length', "TCL", "LOOKUP", "INDEX", "option", given
            )
    one, other = text(arguments[-2]), text(arguments[-1])
    if length >= 0:
        one, other = one[:length], other[:length]
    return (lowered(one), lowered(other)) if nocase else (one, other)


def _small(value: Any) -> int:
    found = integer(value)
    if not -(1 << 32) < found < 1 << 32:
        raise TclError("integer value too large to represent", "ARITH", "IOVERFLOW",
                       "integer value too large to represent")  # fmt: skip
    return found if found < 1 << 31 else found - (1 << 32)


@STRING.command("compare", "?-nocase? ?-length int? string1 string2", 0, -1)
def compare(interp: Interp, arguments: list[Any]) -> int:
    """Return -1, 0 or 1: whether the first text comes before, is the same as, or comes after the second."""
    one, other = _compared("compare", arguments)
    return (one > other) - (one < other)


@STRING.command("equal", "?-nocase? ?-length int? string1 string2", 0, -1)
def equal(interp: Interp, arguments: list[Any]) -> int:
    """Say whether two texts are the same."""
    one, other = (text(arguments[0]), text(arguments[1])) if len(arguments) == 2 else _compared("equal", arguments)
    return 1 if one == other else 0


@STRING.command("first", "needleString haystackString ?startIndex?", 2, 3)
def first(interp: Interp, arguments: list[Any]) -> int:
    """Return the index where a text is first found in another, from an index on, or -1."""
    needle, source = text(arguments[0]), text(arguments[1])
    start = max(0, index(arguments[2], len(source))) if len(arguments) > 2 else 0
    return source.find(needle, start) if needle else -1


@STRING.command("last", "needleString haystackString ?startIndex?", 2, 3)
def last(interp: Interp, arguments: list[Any]) -> int:
    """Return the index where a text is last found in another, up to an index, or -1."""
    needle, source = text(arguments[0]), text(arguments[1])
    if len(arguments) > 2:
        end = index(arguments[2], len(source))
        source = source[: end + 1] if end >= 0 else ""
    return source.rfind(needle) if needle else -1


@STRING.command("index", "string charIndex", 2)
def char_at(interp: Interp, arguments: list[Any]) -> str:
    """Return the character at an index, or nothing where there is none."""
    source = text(arguments[0])
    at = index(arguments[1], len(source))
    return source[at] if 0 <= at < len(source) else ""


@STRING.command("is", "class ?-strict? ?-failindex var? str", 0, -1)
def is_class(interp: Interp, arguments: list[Any]) -> int:
    """Say whether a text is a number, a truth, a list, or whether all of its characters are of a class."""
    if not 2 <= len(arguments) <= 5:
        raise wrong_args("string is", "class ?-strict? ?-failindex var? str")
    name = choose(text(arguments[0]), _CLASS_NAMES, "class")
    strict, variable = False, None
    at = 1
    while at < len(arguments) - 1:
        option = choose(text(arguments[at]), ("-strict", "-failindex"), "option")
        at += 1
        if option == "-strict":
            strict = True
        elif at >= len(arguments) - 1:
            raise wrong_args(f"string is {name}", "?-strict? ?-failindex var? str")
        else:
            variable = arguments[at]
            at += 1
    failure = first_failure(name, arguments[-1], strict)
    if failure is None:
        return 1
    if variable is not None:
        interp.set(text(variable), failure)
    return 0


_CLASS_NAMES = (
    "alnum", "alpha", "ascii", "control", "boolean", "digit", "double", "entier", "false", "graph", "integer", "list",
    "lower", "print", "punct", "space", "true", "upper", "wideinteger", "wordchar", "xdigit",
)  # fmt: skip


@STRING.command("length", "string", 1)
def length(interp: Interp, arguments: list[Any]) -> int:
    """Return the number of characters."""
    source = arguments[0]
    return len(source) if type(source) is str else len(text(source))


@STRING.command("map", "?-nocase? charMap string", 2, 3)
def mapped(interp: Interp, arguments: list[Any]) -> str:
    """Replace texts by others, given as a list of pairs: at each place the first that fits."""
    nocase = len(arguments) == 3
    if nocase:
        given = text(arguments[0])
        if len(given) < 2 or not "-nocase".startswith(given):
            raise TclError(f'bad option "{given}": must be -nocase', "TCL", "LOOKUP", "INDEX", "option", given)
    pairs = list(map(text, elements(arguments[-2])))
    if len(pairs) % 2:
        raise TclError("char map list unbalanced", "TCL", "OPERATION", "MAP", "UNBALANCED")
    source = text(arguments[-1])
    if not pairs or not source:
        return source
    if len(pairs) == 2 and not nocase:
        return source.replace(pairs[0], pairs[1]) if pairs[0] else source
    keys = [lowered(key) if nocase else key for key in pairs[::2]]
    table: dict[str, str] = {}
    for key, new in zip(keys, pairs[1::2], strict=True):
        if key:
            table.setdefault(key, new)
    if all(len(key) == 1 for key in table) and not nocase:
        return source.translate({ord(key): new for key, new in table.items()})
    return _replaced(source, lowered(source) if nocase else source, table)


def _replaced(source: str, folded: str, table: dict[str, str]) -> str:
    """Replace the keys of a table where they stand in the folded text."""
    found = re.compile("|".join(map(re.escape, table)) or "(?!)")
    parts: list[str] = []
    at = 0
    for mark in found.finditer(folded):
        parts += (source[at : mark.start()], table[mark[0]])
        at = mark.end()
    parts.append(source[at:])
    return "".join(parts)


@STRING.command("match", "?-nocase? pattern string", 2, 3)
def match(interp: Interp, arguments: list[Any]) -> int:
    """Say whether a text matches a glob pattern: * any text, ? any character, [a-z] one of these, \\x an x."""
    if len(arguments) == 3:
        given = text(arguments[0])
        if len(given) < 2 or not "-nocase".startswith(given):
            raise TclError(f'bad option "{given}": must be -nocase', "TCL", "LOOKUP", "INDEX", "option", given)
    return 1 if glob_match(text(arguments[-2]), text(arguments[-1]), len(arguments) == 3) else 0


@STRING.command("range", "string first last", 3)
def part(interp: Interp, arguments: list[Any]) -> str:
    """Return the characters from one index to another."""
    source = text(arguments[0])
    begin, end = index(arguments[1], len(source)), index(arguments[2], len(source))
    return source[max(0, begin) : end + 1] if end >= 0 else ""


@STRING.command("repeat", "string count", 2)
def repeat(interp: Interp, arguments: list[Any]) -> str:
    """Return a text so many times over."""
    return text(arguments[0]) * max(0, _small(arguments[1]))


@STRING.command("replace", "string first last ?string?", 3, 4)
def replace(interp: Interp, arguments: list[Any]) -> str:
    """Replace, or remove, the characters from one index to another."""
    source = text(arguments[0])
    begin, end = index(arguments[1], len(source)), index(arguments[2], len(source))
    if end < 0 or begin >= len(source) or end < begin:
        return source
    new = text(arguments[3]) if len(arguments) > 3 else ""
    return source[: max(0, begin)] + new + source[end + 1 :]


@STRING.command("reverse", "string", 1)
def reverse(interp: Interp, arguments: list[Any]) -> str:
    """Return a text from its last character to its first."""
    return text(arguments[0])[::-1]


# -- case -------------------------------------------------------------------------------------------------------------


def _recased(arguments: list[Any], change: Callable[[str], str]) -> str:
    """Change the case of a text, or of its characters from one index to another."""
    source = text(arguments[0])
    if len(arguments) == 1:
        return change(source)
    begin = max(0, index(arguments[1], len(source)))
    end = index(arguments[2], len(source)) if len(arguments) > 2 else begin
    if end < begin or begin >= len(source):
        return source
    return source[:begin] + change(source[begin : end + 1]) + source[end + 1 :]


def _uppered(source: str) -> str:
    return source.upper() if source.isascii() else "".join(map(charsets.upper, source))


def _titled(source: str) -> str:
    return "".join(map(charsets.title, source[:1])) + lowered(source[1:])


@STRING.command("tolower", "string ?first? ?last?", 1, 3)
def tolower(interp: Interp, arguments: list[Any]) -> str:
    """Return a text in lower case, or with one part of it in lower case."""
    return _recased(arguments, lowered)


@STRING.command("toupper", "string ?first? ?last?", 1, 3)
def toupper(interp: Interp, arguments: list[Any]) -> str:
    """Return a text in upper case, or with one part of it in upper case."""
    return _recased(arguments, _uppered)


@STRING.command("totitle", "string ?first? ?last?", 1, 3)
def totitle(interp: Interp, arguments: list[Any]) -> str:
    """Return a text with its first letter in title case and the others in lower case."""
    return _recased(arguments, _titled)


# -- trimming, words --------------------------------------------------------------------------------------------------

_SPACES = "".join(
    chr(code)
    for first_code, last_code in charsets.class_ranges("space", 0xFFFF)
    for code in range(first_code, last_code + 1)
) + "\0"  # fmt: skip


def _trimmed(arguments: list[Any]) -> str:
    return text(arguments[1]) if len(arguments) > 1 else _SPACES


@STRING.command("trim", "string ?chars?", 1, 2)
def trim(interp: Interp, arguments: list[Any]) -> str:
    """Remove white space, or all of some characters, from both ends."""
    return text(arguments[0]).strip(_trimmed(arguments))


@STRING.command("trimleft", "string ?chars?", 1, 2)
def trimleft(interp: Interp, arguments: list[Any]) -> str:
    """Remove white space, or all of some characters, from the beginning."""
    return text(arguments[0]).lstrip(_trimmed(arguments))


@STRING.command("trimright", "string ?chars?", 1, 2)
def trimright(interp: Interp, arguments: list[Any]) -> str:
    """Remove white space, or all of some characters, from the end."""
    return text(arguments[0]).rstrip(_trimmed(arguments))


@STRING.command("wordend", "string index", 2)
def wordend(interp: Interp, arguments: list[Any]) -> int:
    """Return the index after the last character of the word that an index is in."""
    source = text(arguments[0])
    at = max(0, index(arguments[1], len(source)))
    if at >= len(source):
        return len(source)
    end = at
    while end < len(source) and charsets.in_class("wordchar", source[end]):
        end += 1
    return end if end > at else at + 1


@STRING.command("wordstart", "string index", 2)
def wordstart(interp: Interp, arguments: list[Any]) -> int:
    """Return the index of the first character of the word that an index is in."""
    source = text(arguments[0])
    at = min(index(arguments[1], len(source)), len(source) - 1)
    if at <= 0:
        return 0
    begin = at
    while begin >= 0 and charsets.in_class("wordchar", source[begin]):
        begin -= 1
    return begin + 1 if begin != at else at
