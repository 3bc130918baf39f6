"""Late: regular expressions that are compiled when they are first used. A program starts without those it needs not.

For patterns of modules that every program imports; the same way as LateCommand.
"""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = ["late"]


class _Pattern:
    """What is used of a compiled expression."""

    __slots__ = ("findall", "finditer", "flags", "match", "pattern", "search", "sub")


class _LatePattern(_Pattern):
    """One that is not compiled yet: its slots are empty but for two, so that Python asks `__getattr__`."""

    __slots__ = ()

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, method: str) -> Any:
        compiled = re.compile(self.pattern, self.flags)
        for slot in ("findall", "finditer", "match", "search", "sub"):
            setattr(self, slot, getattr(compiled, slot))
        self.__class__ = _Pattern  # type: ignore[assignment]
        return getattr(compiled, method)


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """An expression with the methods findall, finditer, match, search and sub."""
    return cast("re.Pattern[str]", _LatePattern(pattern, flags))
