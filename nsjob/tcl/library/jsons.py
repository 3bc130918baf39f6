"""The json command: JSON text to values and back. Tcl has no such command; it is ours."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.values import TclDict, boolean, elements, integer, mapping, number, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY", "format_json", "parse_json"]

FAMILY = Family("JSON")
JSON = FAMILY.ensemble("json", "Read and write JSON. An extension: real Tcl has no such command.")
DEEPEST = 200  # lists and objects within each other
_USAGE = "value ?-indent count? ?-as type?"

# -- reading ----------------------------------------------------------------------------------------------------------


@JSON.command("parse", "text", 1)
def parse(interp: Interp, arguments: list[Any]) -> Any:
    """Return what a JSON text means: objects are dicts, arrays are lists, true and false are 1 and 0, null is empty.

    The error code is `JSON PARSE line column`.
    """
    return parse_json(text(arguments[0]))


def parse_json(source: str) -> Any:
    """Return the value of a JSON text: TclDict, list, str, int, float, bool or None.

    Raises:
        TclError: it is no JSON.
    """
    _check_depth(source)
    try:
        return _DECODER.decode(source)
    except json.JSONDecodeError as error:
        raise _no_json(error) from None
    except _NotJson as error:
        at = re.search(rf"(?<![\w\"]){re.escape(str(error))}(?![\w\"])", source)
        where = json.JSONDecodeError("Expecting value", source, at.start() if at else 0)
        raise _no_json(where) from None


class _NotJson(Exception):
    """NaN or Infinity, which Python takes for numbers."""


def _refuse(name: str) -> None:
    raise _NotJson(name)


_DECODER = json.JSONDecoder(object_pairs_hook=TclDict, parse_int=number, parse_constant=_refuse)


def _no_json(error: json.JSONDecodeError) -> TclError:
    line, column = error.lineno, error.colno
    reason = error.msg[0].lower() + error.msg[1:].removesuffix(" at")
    return TclError(f"invalid JSON: {reason} at line {line}, column {column}", "JSON", "PARSE", line, column)


_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def _check_depth(source: str) -> None:
    """Refuse what would exhaust the stack."""
    if source.count("[") + source.count("{") <= DEEPEST:
        return
    depth = 0
    for mark in _NESTING.finditer(source):
        sign = mark[0]
        depth += (sign in "[{") - (sign in "]}")
        if depth > DEEPEST:
            raise _no_json(json.JSONDecodeError(f"more than {DEEPEST} levels", source, mark.start()))


# -- writing ----------------------------------------------------------------------------------------------------------


@JSON.command("format", _USAGE, 1, 5)
def format_(interp: Interp, arguments: list[Any]) -> Any:
    """Return a value as JSON text, on one line or, with -indent, so many spaces deeper per level.

    By itself (`-as auto`) a value is written as what it was made as: by `dict` an object, by `list` an array; text is a
    string, or a number where it has the form of one. -as says it for sure: `string`, `number`, `boolean`, `list`,
    `dict`, `{list type}` with the type of the elements, or `{dict key type ... * type}` with those of the values. The
    error code is `JSON FORMAT` and the type.
    """
    if len(arguments) % 2 == 0:
        raise wrong_args("json format", _USAGE)
    indent, kind = 0, "auto"
    for option, value in zip(arguments[1::2], arguments[2::2], strict=True):
        if choose(text(option), ("-as", "-indent"), "option") == "-as":
            kind = value
        else:
            indent = integer(value)
            if not 0 <= indent <= 100:
                raise TclError(f'bad indent "{indent}": must be from 0 to 100', "JSON", "FORMAT", "INDENT")
    return format_json(arguments[0], kind, indent)


def format_json(value: Any, kind: Any = "auto", indent: int = 0) -> str:
    """Return the JSON text of a value.

    Arguments:
        kind: what to take it for; see the command.
        indent: spaces per level; 0: all on one line.

    Raises:
        TclError: it is not of that kind, or has no form in JSON.
    """
    parts: list[str] = []
    _write(value, kind, " " * indent, "\n" if indent else "", parts)
    return "".join(parts)


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z", re.ASCII)
_KINDS = ("auto", "boolean", "dict", "list", "number", "string")


def _write(value: Any, kind: Any, indent: str, newline: str, parts: list[str]) -> None:
    """Append the parts of the text. `newline` is empty, or a line's end and the present indentation."""
    words: list[Any] = []
    if kind == "auto":
        name = _kind(value)
    else:
        words = elements(kind)
        name = choose(text(words[0]) if words else "", _KINDS, "JSON type", exact=True)
        if name == "auto":
            name = _kind(value)
    if name == "string":
        parts.append(encode_basestring(text(value)))
    elif name == "number":
        parts.append(_number(value))
    elif name == "dict":
        _write_object(mapping(value), _kinds_of_values(words), indent, newline, parts)
    elif name == "list":
        _write_array(elements(value), words[1] if len(words) > 1 else "auto", indent, newline, parts)
    elif name == "boolean":
        parts.append("true" if boolean(value) else "false")
    else:
        parts.append("null")


def _kind(value: Any) -> str:
    """What a value was made as."""
    if type(value) is int:
        return "number"
    if isinstance(value, str):
        return "number" if _NUMBER.match(value) else "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "dict"
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, bytes | bytearray):
        return "list"
    return "number" if _NUMBER.match(text(value)) else "string"


def _number(value: Any) -> str:
    shown = text(value)
    if type(value) is int or _NUMBER.match(shown):
        return shown
    found = number(value)
    if found is None or not math.isfinite(found):
        raise TclError(f'expected JSON number but got "{shown}"', "JSON", "FORMAT", "number")
    return text(found)


def _kinds_of_values(words: list[Any]) -> dict[str, Any]:
    if len(words) > 1 and len(words) % 2 == 0:
        raise TclError("missing type to go with key", "JSON", "FORMAT", "dict")
    found = iter(words[1:])
    return {text(key): kind for key, kind in zip(found, found, strict=True)}


def _write_array(values: list[Any], kind: Any, indent: str, newline: str, parts: list[str]) -> None:
    inner = newline + indent
    between = "[" + inner
    for value in values:
        parts.append(between)
        _write(value, kind, indent, inner, parts)
        between = "," + inner
    parts.append(newline + "]" if values else "[]")


def _write_object(values: TclDict, kinds: dict[str, Any], indent: str, newline: str, parts: list[str]) -> None:
    inner = newline + indent
    usual = kinds.get("*", "auto")
    colon = ": " if newline else ":"
    between = "{" + inner
    for key, value in values.items():
        parts.append(between + encode_basestring(key) + colon)
        _write(value, kinds.get(key, usual), indent, inner, parts)
        between = "," + inner
    parts.append(newline + "}" if values else "{}")
