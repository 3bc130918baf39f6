"""Integers of 64 bits: times, places in files."""

from __future__ import annotations

from typing import Any

from nsjob.tcl.errors import TclError
from nsjob.tcl.values import brief, number, text

__all__ = ["wide_integer"]


def wide_integer(value: Any) -> int:
    """Return a value as an integer of 64 bits.

    Raises:
        TclError: expected integer but got "...", or integer value too large to represent.
    """
    found = number(value)
    if type(found) is not int:
        raise TclError(f'expected integer but got "{brief(text(value))}"', "TCL", "VALUE", "NUMBER")
    if not -(1 << 63) <= found < 1 << 63:
        too_large = "integer value too large to represent"
        raise TclError(too_large, "ARITH", "IOVERFLOW", too_large)
    return found
