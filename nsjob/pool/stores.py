"""The mark of functions that change the pool in one run of stores; see the rules in core.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

__all__ = ["STORES", "stores"]

_F = TypeVar("_F", bound=Callable[..., Any])

STORES: Final[list[Callable[..., Any]]] = []


def stores(function: _F) -> _F:
    """Mark a function as one run of stores, without a call or a loop in it, save one C call as its last step."""
    STORES.append(function)
    return function
