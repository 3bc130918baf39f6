"""Sizes as people write them, in bytes: 512M, 2G, 65536."""

from __future__ import annotations

import re

from nsjob.errors import OptionError, brief

__all__ = ["size"]

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", re.ASCII | re.IGNORECASE)


def size(name: str, value: object) -> int:
    """Return a size in bytes, 1 or more.

    Arguments:
        name: what messages call it.
        value: a number of bytes, or text: a number with one of the units K, M, G, T (powers of 1,024).

    Raises:
        OptionError: it is none.
    """
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        number = int(float(found[1]) * _UNITS[found[2].lower()])
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        raise OptionError(f"{name} takes a size like 512M or 2G, but got {brief(value)}")
    if number < 1:
        raise OptionError(f"{name} must be more than 0 bytes, but got {brief(value)}")
    return number
