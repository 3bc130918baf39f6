"""Times as people write them, in seconds: 1.5, "1:500000", "100ms", timedelta."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from nsjob.errors import OptionError, brief

__all__ = ["seconds"]

_UNITS = {
    "μs": 1e-6,
    "µs": 1e-6,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "y": 365 * 86400.0,
}
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_WITH_UNIT = re.compile(rf"([+-]?{_NUMBER})\s*([a-zμµ]*)", re.ASCII)
_PAIR = re.compile(r"(\d+):(\d+)", re.ASCII)


def seconds(value: object) -> float:
    """Return a time in seconds, 0 or more.

    Arguments:
        value: a number of seconds, a timedelta, or text: `seconds:microseconds`, a number, or a number with one of
            the units μs, us, ms, s, m, h, d, w, y (365 days).

    Raises:
        OptionError: the value is no time, is negative, or is not finite.

    The forms are NaviServer's (Ns_GetTimeFromString); a negative time is an error here.
    """
    if isinstance(value, timedelta):
        number = value.total_seconds()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            raise OptionError("expected a finite time, but got an integer beyond any clock") from None
    elif isinstance(value, str):
        number = _from_text(value)
    else:
        raise OptionError(f"expected time value but got {brief(value)}")
    if not math.isfinite(number):
        raise OptionError(f"expected a finite time, but got {brief(value)}")
    if number < 0:
        raise OptionError(f"expected a time of 0 or more, but got {brief(value)}")
    return number


def _from_text(text: str) -> float:
    stripped = text.strip()
    pair = _PAIR.fullmatch(stripped)
    if pair:
        return int(pair[1]) + int(pair[2]) / 1e6
    match = _WITH_UNIT.fullmatch(stripped)
    if not match or (match[2] and match[2] not in _UNITS):
        shown = f'"{text}"' if len(text) <= 80 else brief(text)
        raise OptionError(f"expected time value but got {shown}")
    return float(match[1]) * _UNITS[match[2] or "s"]
