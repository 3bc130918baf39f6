"""JSON lines: Tcl values, and what nsjob tells, for other programs. One value is one line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from nsjob.tcl.values import text

__all__ = ["json_line"]


def json_line(value: Any, encoding: str = "utf-8") -> str:
    """A value as one line of JSON, without the newline.

    Numbers, booleans, texts, sequences and mappings are what they are; everything else is its text. JSON has no
    infinities and no NaN: they are text too. Nothing of a list that contains itself is shown but its text.

    Arguments:
        encoding: that of the stream; what it has no bytes for is written as an escape sequence.
    """
    try:
        line = json.dumps(_plain(value), ensure_ascii=False)
    except RecursionError:
        line = json.dumps("(nested too deeply to be shown)")
    try:
        line.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        line = json.dumps(json.loads(line))
    return line


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else text(float(value))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Mapping):
        return {text(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence | AbstractSet) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(one) for one in value]
    return text(value)
