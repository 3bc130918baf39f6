"""The dict command: values that map keys to values, and variables that hold them. Its loops are in dict_scripts.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.patterns import glob_match
from nsjob.tcl.places import Place, own_dict, own_list, place
from nsjob.tcl.values import TclDict, integer, mapping, number, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["DICT", "FAMILY", "descend", "followed", "unknown"]

FAMILY = Family("Dicts")
DICT = FAMILY.ensemble("dict", "Work with dicts: values that map keys to values, in the order in which keys came.")


def unknown_key(key: str) -> TclError:
    """`key "..." not known in dictionary`."""
    return TclError(f'key "{key}" not known in dictionary', "TCL", "LOOKUP", "DICT", key)


def followed(value: Any, path: list[Any]) -> Any:
    """Return what a path of keys leads to.

    Raises:
        TclError: key not known in dictionary, or something on the way is no dict.
    """
    for step in path:
        key = text(step)
        level = mapping(value)
        if key not in level:
            raise unknown_key(key)
        value = level[key]
    return value


def paired(words: list[Any]) -> TclDict:
    """The dict of keys and values that alternate."""
    found = iter(words)
    return TclDict((text(key), value) for key, value in zip(found, found, strict=True))


# -- values -----------------------------------------------------------------------------------------------------------


@DICT.command("create", "?key value ...?", 0, -1)
def create(interp: Interp, arguments: list[Any]) -> Any:
    """Return a dict of these keys and values."""
    if len(arguments) % 2:
        raise wrong_args("dict create", "?key value ...?")
    return paired(arguments)


@DICT.command("get", "dictionary ?key ...?", 1, -1)
def get(interp: Interp, arguments: list[Any]) -> Any:
    """Return the value of a key; further keys are for dicts in dicts. Without keys the result is the whole."""
    if len(arguments) == 1:
        return mapping(arguments[0])
    return followed(arguments[0], arguments[1:])


@DICT.command("exists", "dictionary key ?key ...?", 2, -1)
def exists(interp: Interp, arguments: list[Any]) -> Any:
    """Whether the key, or the key in the dict of a key, is there."""
    try:
        followed(arguments[0], arguments[1:])
    except TclError:
        return 0
    return 1


@DICT.command("size", "dictionary", 1)
def size(interp: Interp, arguments: list[Any]) -> Any:
    """Return the number of keys."""
    return len(mapping(arguments[0]))


@DICT.command("keys", "dictionary ?pattern?", 1, 2)
def keys(interp: Interp, arguments: list[Any]) -> Any:
    """Return the keys, all or those that match a glob pattern."""
    whole = mapping(arguments[0])
    if len(arguments) == 1:
        return list(whole)
    pattern = text(arguments[1])
    return [key for key in whole if glob_match(pattern, key)]


@DICT.command("values", "dictionary ?pattern?", 1, 2)
def values(interp: Interp, arguments: list[Any]) -> Any:
    """Return the values, all or those that match a glob pattern."""
    whole = mapping(arguments[0])
    if len(arguments) == 1:
        return list(whole.values())
    pattern = text(arguments[1])
    return [value for value in whole.values() if glob_match(pattern, text(value))]


@DICT.command("merge", "?dictionary ...?", 0, -1)
def merge(interp: Interp, arguments: list[Any]) -> Any:
    """Return a dict with the keys of all; later dicts win."""
    dicts = [mapping(value) for value in arguments]
    if dicts and not any(dicts[1:]):
        return arguments[0]
    whole = TclDict()
    for one in dicts:
        whole.update(one)
    return whole


@DICT.command("remove", "dictionary ?key ...?", 1, -1)
def remove(interp: Interp, arguments: list[Any]) -> Any:
    """Return the dict without some keys."""
    left = TclDict(mapping(arguments[0]))
    for key in arguments[1:]:
        left.pop(text(key), None)
    return left


@DICT.command("replace", "dictionary ?key value ...?", 1, -1)
def replace(interp: Interp, arguments: list[Any]) -> Any:
    """Return the dict with some keys added, or given other values."""
    if len(arguments) % 2 == 0:
        raise wrong_args("dict replace", "dictionary ?key value ...?")
    whole = TclDict(mapping(arguments[0]))
    whole.update(paired(arguments[1:]))
    return whole


@DICT.command("info", "dictionary", 1)
def info(interp: Interp, arguments: list[Any]) -> Any:
    """Return how full the hash table would be that real Tcl keeps such a dict in."""
    whole = mapping(arguments[0])
    buckets = 4
    while len(whole) >= buckets * 3:
        buckets *= 4
    chains = [0] * buckets
    for key in whole:
        chains[_hash(key) % buckets] += 1
    lengths = [sum(chain == length for chain in chains) for length in range(10)]
    distance = sum((chain + 1) * chain / len(whole) / 2 for chain in chains if chain)
    return "\n".join(
        [
            f"{len(whole)} entries in table, {buckets} buckets",
            *(f"number of buckets with {length} entries: {count}" for length, count in enumerate(lengths)),
            f"number of buckets with 10 or more entries: {buckets - sum(lengths)}",
            f"average search distance for entry: {distance:.1f}",
        ]
    )


def _hash(key: str) -> int:
    found = 0
    for byte in key.encode("utf-8", "surrogatepass"):
        found = (found * 9 + byte) & 0xFFFFFFFF
    return found


# -- variables --------------------------------------------------------------------------------------------------------


def _opened(interp: Interp, name: Any) -> tuple[Place | None, TclDict]:
    """Where a variable keeps its value, if it has one, and a dict of that value that may be changed."""
    where = place(interp, name)
    return (None, TclDict()) if where is None else (where, own_dict(*where))


def _stored(interp: Interp, name: Any, where: Place | None, whole: TclDict) -> TclDict:
    """Give the variable the changed dict, and return that."""
    if where is None:
        interp.set(name, whole)
    else:
        where[0][where[1]] = whole
    return whole


def descend(whole: TclDict, path: list[Any], absent: Callable[[str], TclDict]) -> TclDict:
    """Return the dict that a path of keys leads to, made fit to be changed together with all on the way.

    Nothing has changed where this fails.
    """
    level = whole
    changes = []
    for step in path:
        key = text(step)
        inner = own_dict(level, key) if key in level else absent(key)
        changes.append((level, key, inner))
        level = inner
    for outer, key, inner in changes:
        outer[key] = inner
    return level


def _fresh(key: str) -> TclDict:
    return TclDict()


def unknown(key: str) -> TclDict:
    """What `descend` is to do where a key is missing: fail."""
    raise unknown_key(key)


@DICT.command("set", "dictVarName key ?key ...? value", 3, -1)
def set_key(interp: Interp, arguments: list[Any]) -> Any:
    """Give a key of the dict in a variable a value; more keys lead to dicts in dicts, which are made as needed."""
    name = arguments[0]
    where, whole = _opened(interp, name)
    level = whole if len(arguments) == 3 else descend(whole, arguments[1:-2], _fresh)
    level[text(arguments[-2])] = arguments[-1]
    return _stored(interp, name, where, whole)


@DICT.command("unset", "dictVarName key ?key ...?", 2, -1)
def unset_key(interp: Interp, arguments: list[Any]) -> Any:
    """Remove a key from the dict in a variable; more keys lead to dicts in dicts."""
    name = arguments[0]
    where, whole = _opened(interp, name)
    descend(whole, arguments[1:-1], unknown).pop(text(arguments[-1]), None)
    return _stored(interp, name, where, whole)


@DICT.command("append", "dictVarName key ?value ...?", 2, -1)
def append(interp: Interp, arguments: list[Any]) -> Any:
    """Append text to the value of a key of the dict in a variable."""
    name, key = arguments[0], text(arguments[1])
    where, whole = _opened(interp, name)
    if len(arguments) > 2 or key not in whole:
        whole[key] = "".join([text(whole.get(key, "")), *map(text, arguments[2:])])
    return _stored(interp, name, where, whole)


@DICT.command("lappend", "dictVarName key ?value ...?", 2, -1)
def lappend(interp: Interp, arguments: list[Any]) -> Any:
    """Append elements to the list at a key of the dict in a variable."""
    name, key = arguments[0], text(arguments[1])
    where, whole = _opened(interp, name)
    if key not in whole:
        whole[key] = arguments[2:]
    elif len(arguments) > 2:
        found = own_list(whole, key)
        found.extend(arguments[2:])
        whole[key] = found
    return _stored(interp, name, where, whole)


@DICT.command("incr", "dictVarName key ?increment?", 2, 3)
def incr(interp: Interp, arguments: list[Any]) -> Any:
    """Add to the number at a key of the dict in a variable, 1 by default; a key that is not there counts as 0."""
    name, key = arguments[0], text(arguments[1])
    where, whole = _opened(interp, name)
    increment = arguments[2] if len(arguments) == 3 else 1
    if key not in whole:
        _checked_increment(increment)
        whole[key] = increment
    else:
        before = whole[key]
        if number(before) is not None and number(increment) is None:
            _increment(increment)  # fails first
        whole[key] = integer(before) + _increment(increment)
    return _stored(interp, name, where, whole)


def _increment(value: Any) -> int:
    try:
        return integer(value)
    except TclError as error:
        error.add("\n    (reading increment)")
        raise


def _checked_increment(value: Any) -> None:
    try:
        _increment(value)
    except TclError as error:
        error.code = ("TCL", "VALUE", "NUMBER")
        raise
