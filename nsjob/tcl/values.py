"""Values: Python objects that have a Tcl string form, and the other way round: numbers, lists and dicts from text.

A value is never changed in place, save by who can show that nobody else has it (see `ALONE`). Strings stand for
themselves, numbers print as Tcl prints them, True is 1 and None is empty, sequences are lists, mappings are dicts.
"""

from __future__ import annotations

import math
import re
import sys
from collections import UserString
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from typing import Any

from nsjob.tcl.errors import TclError
from nsjob.tcl.late import late

__all__ = [
    "TclDict",
    "boolean",
    "brief",
    "canonical",
    "elements",
    "float_text",
    "index",
    "int_text",
    "integer",
    "list_text",
    "mapping",
    "number",
    "octal_hint",
    "parse_index",
    "parse_number",
    "quoted",
    "real",
    "text",
]

SPACE = " \t\n\r\v\f"


class TclDict(dict[str, Any]):
    """A dict whose keys are all text: the form in which Tcl dicts are worked with."""

    __slots__ = ()


# -- text -------------------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """Return the string form of a value.

    Raises:
        TclError: it is an object whose own code fails at that.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return int_text(value)
    if kind is float:
        return float_text(value)
    if kind is bool:
        return "1" if value else "0"
    if value is None:
        return ""
    if kind is list or kind is tuple:
        return list_text(value)
    if kind is TclDict:
        return list_text([part for pair in value.items() for part in pair])
    try:
        return _object_text(value)
    except (TclError, RecursionError):
        raise
    except Exception as error:
        raise TclError(f"this {kind.__name__} has no text: {_reason(error)}", "PYTHON", type(error).__name__) from error


def _object_text(value: Any) -> str:
    """The string form of an object of a class that need not be known here."""
    if isinstance(value, Mapping):
        return list_text([part for pair in value.items() for part in pair])
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool | int):
        return int_text(int(value))
    if isinstance(value, float):
        return float_text(float(value))
    if isinstance(value, bytes | bytearray):
        return value.decode("latin-1")
    if isinstance(value, UserString):
        return str(value)
    if isinstance(value, Sequence | AbstractSet):
        return list_text(list(value))
    return str(value)


def _reason(error: Exception) -> str:
    """What an exception says; its class, where it says nothing or fails at that too."""
    try:
        return str(error) or type(error).__name__
    except Exception:
        return type(error).__name__


def int_text(value: int) -> str:
    """Decimal digits, of integers of any size: Python by itself refuses more than some 4,300."""
    try:
        return str(value)
    except ValueError:
        return _long_digits(value)


def _long_digits(value: int) -> str:
    if value < 0:
        return "-" + _long_digits(-value)
    size = int(value.bit_length() * 0.30103) // 2
    if size < 1000:
        return str(value)
    high, low = divmod(value, 10**size)
    return _long_digits(high) + _long_digits(low).rjust(size, "0")


def float_text(value: float) -> str:
    """The shortest digits that mean this number, laid out as Tcl does (Tcl_PrintDouble with tcl_precision 0)."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    shown = repr(value)
    if "e" not in shown:
        return shown
    mantissa, _, power = shown.partition("e")
    exponent = int(power)
    if exponent == 16:  # the one for which Tcl has no "e" yet, and Python has
        return f"{mantissa.replace('.', '').ljust(18 if value < 0 else 17, '0')}.0"
    return f"{mantissa}e{exponent:+d}"


def canonical(source: str) -> Any:
    """The integer that a text is the canonical form of, or else the text itself.

    Tcl cannot tell the two apart, and arithmetic is faster on the integer.
    """
    if source and (source[-1] in "0123456789") and len(source) < 20:
        first = source[0]
        if (first in "123456789" and source.isdecimal() and source.isascii()) or source == "0":
            return int(source)
        if first == "-" and source[1] in "123456789" and source[1:].isdecimal() and source.isascii():
            return int(source)
    return source


# -- numbers ----------------------------------------------------------------------------------------------------------


@cache
def _number_form() -> re.Pattern[str]:
    """Compiled late: it takes longer than all other patterns here together."""
    return re.compile(
        r"[ \t\n\r\v\f]*(?:"
        r"(?P<based>[+-]?0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+))"
        r"|(?P<octal>[+-]?0[0-7]+)"
        r"|(?P<int>[+-]?[0-9]+)"
        r"|(?P<float>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
        r"|(?P<named>[+-]?(?:[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN](?:\([ \t]*[0-9a-fA-F]+[ \t]*\))?))"
        r")[ \t\n\r\v\f]*\Z"
    )


@lru_cache(maxsize=4096)
def parse_number(source: str) -> int | float | None:
    """Return the number that a text is, or None: Tcl's forms (0x, 0o, 0b, leading 0 for octal, Inf, NaN)."""
    found = _number_form().match(source)
    if found is None:
        return None
    kind = found.lastgroup
    digits = found[kind or 0]
    if kind == "int":
        if digits.lstrip("+-")[0] == "0" and len(digits.lstrip("+-")) > 1:
            return None  # 08 and 09: octal that is none
        return _long_int(digits)
    if kind == "octal":
        return int(digits, 8)
    if kind == "based":
        return int(digits, 0)
    if kind == "named":
        return float(digits.partition("(")[0])
    return float(digits)


def _long_int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        if digits[0] in "+-":
            return -_long_int(digits[1:]) if digits[0] == "-" else _long_int(digits[1:])
        half = len(digits) // 2
        return int(_long_int(digits[:half]) * 10 ** (len(digits) - half)) + _long_int(digits[half:])


def number(value: Any) -> int | float | None:
    """Return a value as a number, or None where it is none."""
    kind = type(value)
    if kind is int or kind is float:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return int(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    source = value if kind is str else text(value)
    return parse_number(source) if len(source) < 400 else parse_number.__wrapped__(source)


def integer(value: Any) -> int:
    """Return a value as an integer of any size.

    Raises:
        TclError: expected integer but got "...".
    """
    if type(value) is int:
        return value
    found = number(value)
    if type(found) is int:
        return found
    shown = text(value)
    raise TclError(f'expected integer but got "{shown}"', "TCL", "VALUE", "INTEGER")


def brief(shown: str) -> str:
    """So much of a value as these messages of Tcl show: 50 bytes."""
    if len(shown) <= 16:
        return shown
    return shown.encode("utf-8", "surrogatepass")[:50].decode("utf-8", "ignore")


def octal_hint(source: str) -> str:
    """What messages add where a text would be a number, were it not taken for octal."""
    octal = re.match(r"[ \t\n\r\v\f]*[+-]?0[0-9]*[89][0-9]*[ \t\n\r\v\f]*\Z", source)
    return " (looks like invalid octal number)" if octal else ""


def real(value: Any) -> float:
    """Return a value as a floating-point number.

    Raises:
        TclError: expected floating-point number but got "...".
    """
    found = number(value)
    if found is None:
        shown = text(value)
        raise TclError(f'expected floating-point number but got "{shown}"{octal_hint(shown)}', "TCL", "VALUE", "NUMBER")
    try:
        return float(found)
    except OverflowError:
        return math.inf if found > 0 else -math.inf


_TRUTH = {
    word[:size]: truth
    for word, truth in (("true", True), ("false", False), ("yes", True), ("no", False), ("on", True), ("off", False))
    for size in range(1, len(word) + 1)
    if word[:size] != "o"
}


def boolean(value: Any) -> bool:
    """Return a value as a truth: a number, or an abbreviation of yes, no, true, false, on, off.

    Raises:
        TclError: expected boolean value but got "...".
    """
    found = number(value)
    if found is not None:
        if found != found:
            raise TclError(f'expected boolean value but got "{brief(text(value))}"', "TCL", "VALUE", "NUMBER")
        return found != 0
    truth = truth_word(text(value))
    if truth is None:
        raise TclError(f'expected boolean value but got "{brief(text(value))}"', "TCL", "VALUE", "NUMBER")
    return truth


def truth_word(source: str) -> bool | None:
    """What a word like `yes` or `off` means, or None."""
    return _TRUTH.get(source.lower()) if len(source) < 6 else None


_WIDEST = 0xFFFFFFFF


@cache
def _index_form() -> re.Pattern[str]:
    return re.compile(
        r"(?:(?P<end>end(?=[+-])|(?:end|en|e)\Z)|[ \t\n\r\v\f]*(?P<base>[+-]?[0-9a-zA-Z]+))"
        r"(?:(?P<sign>[+-])(?P<more>[+-]?[0-9a-zA-Z]+))?[ \t\n\r\v\f]*\Z"
    )


def parse_index(value: Any) -> tuple[bool, int] | None:
    """Return an index as (whether it counts from the end, offset), or None: 3, end, end-1, 2+1.

    Numbers are C's ints, as in Tcl 8.6: those beyond 32 bits are none, and those beyond 31 wrap.
    """
    if type(value) is int and -0x80000000 <= value <= 0x7FFFFFFF:
        return False, value
    found = _index_form().match(text(value))
    if found is None:
        return None
    from_end = found["end"] is not None
    first = 0 if from_end else parse_number(found["base"])
    second = parse_number(found["more"]) if found["more"] is not None else 0
    if type(first) is not int or type(second) is not int or abs(first) > _WIDEST or abs(second) > _WIDEST:
        return None
    return from_end, _wrapped(
        _wrapped(first) - _wrapped(second) if found["sign"] == "-" else _wrapped(first) + _wrapped(second)
    )


def _wrapped(number: int) -> int:
    return (number + 0x80000000) % 0x100000000 - 0x80000000


def index(value: Any, size: int) -> int:
    """Return an index into something of `size` elements; it may be outside of it.

    Raises:
        TclError: bad index "...".
    """
    if type(value) is int and -0x80000000 <= value <= 0x7FFFFFFF:
        return value
    found = parse_index(value)
    if found is None:
        shown = text(value)
        raise TclError(
            f'bad index "{shown}": must be integer?[+-]integer? or end?[+-]integer?{octal_hint(shown)}',
            "TCL", "VALUE", "INDEX",
        )  # fmt: skip
    return found[1] + size - 1 if found[0] else found[1]


# -- lists ------------------------------------------------------------------------------------------------------------

_PLAIN = late(r"[^ \t\n\r\v\f;\"{}\[\]$\\]+\Z")
_SIMPLE_LIST = late(r"[^{}\"\\]*\Z")
_BARE = late(r"[^ \t\n\r\v\f\\]+")
_GAP = late(r"[ \t\n\r\v\f]*")
_FOLDED = late(r"\\\n[ \t]*")
_BRACES = late(r"[{}]|\\(?:\n|.)?", re.DOTALL)
_IN_QUOTES = late(r"[^\"\\]*")


_TEXTS = (str, bytes, bytearray, UserString)  # sequences that are no lists


def elements(value: Any) -> list[Any]:
    """Return the elements of a value as a list. It may be the value itself, or shared with others: never change it.

    Raises:
        TclError: the text is not a well-formed list.
    """
    kind = type(value)
    if kind is list:
        return value  # type: ignore[no-any-return]
    if kind is str:
        return _cached_list(value) if len(value) < 100_000 else parse_list(value)
    if kind is int or kind is float or kind is bool:
        return [value]
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, _TEXTS):
        return list(value)
    return _cached_list(text(value))


def parse_list(source: str) -> list[Any]:
    """Split a text into list elements.

    Raises:
        TclError: unmatched open brace in list, and its like.
    """
    if _SIMPLE_LIST.match(source):
        if source.isascii():
            # str.split takes \x1c to \x1f for spaces too, Tcl does not.
            if not _ODD_SPACES.search(source):
                return [canonical(word) for word in source.split()]
        return [canonical(word) for word in _WORDS.findall(source)]
    found: list[Any] = []
    at = 0
    size = len(source)
    while True:
        at = _GAP.match(source, at).end()  # type: ignore[union-attr]
        if at >= size:
            return found
        first = source[at]
        if first == "{":
            end = _closing_brace(source, at)
            found.append(canonical(source[at + 1 : end]))
            at = _after_element(source, end + 1, "braces")
        elif first == '"':
            element, end = _in_quotes(source, at)
            found.append(canonical(element))
            at = _after_element(source, end + 1, "quotes")
        else:
            begun = at
            while True:
                run = _BARE.match(source, at)
                if run is not None:
                    at = run.end()
                if at < size and source[at] == "\\":
                    newline = _FOLDED.match(source, at)
                    at = newline.end() if newline else min(at + 2, size)
                    continue
                break
            word = source[begun:at]
            found.append(canonical(word) if "\\" not in word else backslashed(word))


_ODD_SPACES = late(r"[\x1c-\x1f]")
_WORDS = late(r"[^ \t\n\r\v\f]+")
_cached_list = lru_cache(maxsize=1024)(parse_list)


def _closing_brace(source: str, at: int) -> int:
    depth = 0
    for mark in _BRACES.finditer(source, at):
        sign = mark[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if not depth:
                return mark.start()
    raise TclError("unmatched open brace in list", "TCL", "VALUE", "LIST", "BRACE")


def _in_quotes(source: str, at: int) -> tuple[str, int]:
    begun = at + 1
    at = begun
    while True:
        at = _IN_QUOTES.match(source, at).end()  # type: ignore[union-attr]
        if at >= len(source):
            raise TclError("unmatched open quote in list", "TCL", "VALUE", "LIST", "QUOTE")
        if source[at] == '"':
            inner = source[begun:at]
            return (inner if "\\" not in inner else backslashed(inner)), at
        at += 2


def _after_element(source: str, at: int, kind: str) -> int:
    if at < len(source) and source[at] not in SPACE:
        junk = _WORDS.match(source, at)
        shown = junk[0] if junk else ""
        raise TclError(
            f'list element in {kind} followed by "{shown[:20]}" instead of space', "TCL", "VALUE", "LIST", "JUNK"
        )
    return at


_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BACKSLASH = late(
    r"\\(?:\n[ \t]*|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}"
    # No more digits than make a sign of Unicode.
    r"|U(?:0{0,2}10[0-9a-fA-F]{4}|0{0,3}[0-9a-fA-F]{1,5})|[0-3]?[0-7]{1,2}|.|$)",
    re.DOTALL,
)


def backslash(sequence: str) -> str:
    """What one backslash sequence means, given whole."""
    if len(sequence) == 1:
        return "\\"
    first = sequence[1]
    if first in _ESCAPES:
        return _ESCAPES[first]
    if first == "\n":
        return " "
    if first in "xuU" and len(sequence) > 2:
        return chr(int(sequence[2:], 16))
    if first in "01234567":
        return chr(int(sequence[1:], 8) & 0xFF)
    return first


def backslashed(source: str) -> str:
    """Replace all backslash sequences of a text."""
    return _BACKSLASH.sub(lambda found: backslash(found[0]), source)


BACKSLASH = _BACKSLASH


def list_text(values: Iterable[Any]) -> str:
    """Return the text of a list, quoted as Tcl quotes it."""
    parts = [value if type(value) is str else text(value) for value in values]
    if not parts:
        return ""
    plain = _PLAIN.match
    shown = [part if plain(part) else quoted(part) for part in parts]
    if parts[0][:1] == "#":
        shown[0] = quoted(parts[0], first=True)
    return " ".join(shown)


_MARKS = late(r"\\[\n{}\\]|[ \t\n\r\v\f;\"{}\[\]$\\]")
_ESCAPED = {
    " ": "\\ ", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\v": "\\v", "\f": "\\f",
    ";": "\\;", '"': '\\"', "{": "\\{", "}": "\\}", "[": "\\[", "]": "\\]", "$": "\\$", "\\": "\\\\",
}  # fmt: skip


def quoted(element: str, first: bool = False) -> str:
    """Quote one element of a list as Tcl_ScanElement decides: bare, in braces, or with backslashes.

    Arguments:
        first: whether it is the first of its list, where a leading # would look like a comment.
    """
    if not element:
        return "{}"
    comment = first and element[0] == "#"
    depth = 0
    prefer_braces = element[0] in '{"'
    escape = False
    for mark in _MARKS.finditer(element):
        sign = mark[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            escape = escape or depth < 0
        elif sign == "\\" or sign == "\\\n":  # a backslash at the end, or before a newline
            escape = escape or sign != "\\" or mark.end() == len(element)
            prefer_braces = True
        elif sign not in '"]':
            prefer_braces = True
    if escape or depth:
        shown = "".join(_ESCAPED.get(sign, sign) for sign in element)
        return "\\" + shown if comment else shown
    if not prefer_braces and not comment:
        return element.replace("]", "\\]").replace('"', '\\"')
    return "{" + element + "}"


# -- dicts ------------------------------------------------------------------------------------------------------------


def mapping(value: Any) -> TclDict:
    """Return a value as a dict with text for keys. It may be the value itself: never change it.

    Raises:
        TclError: missing value to go with key.
    """
    if type(value) is TclDict:
        return value
    if isinstance(value, Mapping):
        return TclDict((text(key), entry) for key, entry in value.items())
    parts = dict_elements(value)
    if len(parts) % 2:
        raise TclError("missing value to go with key", "TCL", "VALUE", "DICTIONARY")
    found = iter(parts)
    return TclDict((key if type(key) is str else text(key), entry) for key, entry in zip(found, found, strict=True))


def dict_elements(value: Any) -> list[Any]:
    """The elements of a value that is to be a dict: errors speak of dicts."""
    try:
        return elements(value)
    except TclError as error:
        kind = error.code[-1]
        raise TclError(str(error).replace("list element", "dict element").replace("in list", "in dict"),
                       "TCL", "VALUE", "DICTIONARY", kind) from None  # fmt: skip


# -- whose value it is ------------------------------------------------------------------------------------------------


def _alone() -> int:
    """How many references are counted to a list that only a dict has, beside one local name."""
    holder = {"x": [1]}
    value = holder["x"]
    return sys.getrefcount(value)


def _shared() -> int:
    holder = {"x": [1]}
    value = holder["x"]
    other = value
    count = sys.getrefcount(value)
    return count if other is value else 0


# The count (`sys.getrefcount`, of one local name) of a value that its variable alone has. Tcl's own rule: such a value
# may be changed in place.
ALONE = _alone() if _shared() == _alone() + 1 else -1  # -1: references are not counted here, so everything is copied
