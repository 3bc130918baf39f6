"""Where variables keep their values, and values that may be changed there in place.

A value may be changed where its variable alone has it; else it is copied first. That is Tcl's own rule, and makes
`lset` and `dict set` in a loop cost the same per turn however large the value is.
"""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any, TypeAlias

from nsjob.tcl.frames import TclArray, split_name
from nsjob.tcl.values import ALONE, TclDict, elements, mapping, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["Place", "own_dict", "own_list", "place"]

Place: TypeAlias = "tuple[dict[str, Any], str]"


def place(interp: Interp, name: Any) -> Place | None:
    """Return the dict and the key there under which a variable of the present frame has its value.

    None: it has none, or is an array.
    """
    frame = interp.frame
    if type(name) is str and name in frame.vars:
        return frame.vars, name
    frame, found, key = frame.resolve(*split_name(text(name)))
    if key is None:
        return (frame.vars, found) if found in frame.vars else None
    array = frame.others.get(found)
    return (array, key) if isinstance(array, TclArray) and key in array else None


def own_list(holder: Any, key: Any) -> list[Any]:
    """Return the list that is at `key` in a dict or list, or a copy where somebody else has it too.

    The caller puts the copy in its place.

    Raises:
        TclError: it is no list.
    """
    value = holder[key]
    if type(value) is list and getrefcount(value) == ALONE:
        return value
    return list(elements(value))


def own_dict(holder: dict[str, Any], key: str) -> TclDict:
    """Return the dict that is at `key` in a dict, or a copy where somebody else has it too; see own_list.

    Raises:
        TclError: it is no dict.
    """
    value = holder[key]
    if type(value) is not TclDict:
        return TclDict(mapping(value))
    return value if getrefcount(value) == ALONE else TclDict(value)
