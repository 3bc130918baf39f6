"""The subcommands of dict that evaluate scripts: for, map, filter, update, with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import choose, wrong_args
from nsjob.tcl.errors import BREAK, CONTINUE, Signal, TclError
from nsjob.tcl.frames import Inlined
from nsjob.tcl.library.control import note
from nsjob.tcl.library.dicts import DICT, FAMILY, descend, followed, unknown
from nsjob.tcl.patterns import glob_match
from nsjob.tcl.places import own_dict, place
from nsjob.tcl.values import TclDict, boolean, elements, mapping, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]


def _two_names(value: Any, command: str) -> list[Any]:
    names = elements(value)
    if len(names) != 2:
        raise TclError("must have exactly two variable names", "TCL", "SYNTAX", "dict", command)
    return names


_LOOP = "{keyVarName valueVarName} dictionary script"


def _turns(interp: Interp, arguments: list[Any], command: str) -> Iterator[tuple[Any, Any]]:
    """Evaluate a body with two variables set to each key and value; yields the key's variable and the result."""
    names = _two_names(arguments[0], command)
    script = arguments[2]
    for key, value in mapping(arguments[1]).items():
        interp.check()
        interp.set(names[0], key)
        interp.set(names[1], value)
        try:
            result = interp.eval_body(script)
        except Signal as signal:
            if signal.code == BREAK:
                yield None, None
                return
            if signal.code == CONTINUE:
                continue
            raise
        except TclError as error:
            note(error, f'"dict {command}" body line {error.line}')
            raise
        yield names[0], result


@DICT.command("for", _LOOP, 3)
def for_each(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a script with two variables set to each key and value in turn."""
    for _ in _turns(interp, arguments, "for"):
        pass
    return ""


@DICT.command("map", _LOOP, 3)
def map_each(interp: Interp, arguments: list[Any]) -> Any:
    """Return a dict of the same keys, with the results of a script that has two variables set to key and value.

    After `break` the result is empty; `continue` leaves the key out.
    """
    made = TclDict()
    for key_name, result in _turns(interp, arguments, "map"):
        if key_name is None:
            return ""
        made[text(interp.get(key_name))] = result
    return made


@DICT.command("filter", "dictionary filterType ?arg ...?", 2, -1)
def filter_dict(interp: Interp, arguments: list[Any]) -> Any:
    """Return a dict of some keys and their values: those that match one of the patterns that follow `key` or `value`,
    or those for which the script is true that follows `script {keyVar valueVar}`."""
    kind = choose(text(arguments[1]), ("key", "script", "value"), "filterType")
    if kind == "script":
        return _script_filtered(interp, arguments)
    whole = mapping(arguments[0])
    patterns = [text(pattern) for pattern in arguments[2:]]
    kept = TclDict()
    for key, value in whole.items():
        shown = key if kind == "key" else text(value)
        if any(glob_match(pattern, shown) for pattern in patterns):
            kept[key] = value
    return kept


def _script_filtered(interp: Interp, arguments: list[Any]) -> TclDict:
    if len(arguments) != 4:
        raise wrong_args("dict filter", "dictionary script {keyVarName valueVarName} filterScript")
    names = _two_names(arguments[2], "filter")
    kept = TclDict()
    for key, value in mapping(arguments[0]).items():
        interp.check()
        for name, part, what in ((names[0], key, "key"), (names[1], value, "value")):
            try:
                interp.set(name, part)
            except TclError as error:
                note(error, f'"dict filter" filter script {what} variable')
                raise
        try:
            result = interp.eval_body(arguments[3])
        except Signal as signal:
            if signal.code == BREAK:
                break
            if signal.code == CONTINUE:
                continue
            raise
        except TclError as error:
            note(error, f'"dict filter" script line {error.line}')
            raise
        if boolean(result):
            kept[key] = value
    return kept


def _body(interp: Interp, script: Any, command: str, write_back: Callable[[], None]) -> Any:
    """Evaluate a script, and write back what it changed, however it ended."""
    try:
        result = interp.eval_body(script)
    except Signal:
        write_back()
        raise
    except TclError as error:
        note(error, f'body of "dict {command}"')
        try:
            write_back()
        except TclError as second:
            second.info = error.info
            second.begun = True
            raise
        raise
    write_back()
    return result


_UPDATE = "dictVarName key varName ?key varName ...? script"


@DICT.command("update", _UPDATE, 4, -1)
def update(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a script with variables set to the values of keys, and write what they are then back to the dict."""
    if len(arguments) % 2:
        raise wrong_args("dict update", _UPDATE)
    name = arguments[0]
    words = iter(arguments[1:-1])
    pairs = [(text(key), variable) for key, variable in zip(words, words, strict=True)]
    whole = mapping(interp.get(name))
    for key, variable in pairs:
        if key in whole:
            interp.set(variable, whole[key])
        elif interp.exists(variable):
            interp.unset(variable)
    del whole

    def write_back() -> None:
        where = place(interp, name)
        if where is not None:
            changed = own_dict(*where)
            if _collect(interp, changed, pairs) or type(arguments[-1]) is Inlined:
                where[0][where[1]] = changed

    return _body(interp, arguments[-1], "update", write_back)


@DICT.command("with", "dictVarName ?key ...? script", 2, -1)
def with_dict(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a script with a variable for each key, and write what they are then back to the dict.

    Keys before the script lead to a dict in the dict.
    """
    name, *path, script = arguments
    inner = mapping(followed(interp.get(name), path))
    pairs = [(key, key) for key in inner]
    for key, value in inner.items():
        interp.set(key, value)
    del inner

    def write_back() -> None:
        where = place(interp, name)
        if where is None:
            return
        changed = own_dict(*where)
        if not _leads_somewhere(changed, path) if path else not pairs:
            return
        _collect(interp, descend(changed, path, unknown), pairs)
        where[0][where[1]] = changed

    return _body(interp, script, "with", write_back)


def _leads_somewhere(whole: TclDict, path: list[Any]) -> bool:
    level = whole
    for step in path:
        key = text(step)
        if key not in level:
            return False
        level = mapping(level[key])
    return True


def _collect(interp: Interp, whole: TclDict, pairs: list[tuple[str, Any]]) -> bool:
    """Set keys to the values of variables, and remove those whose variable is not there. Returns whether it did any."""
    touched = False
    for key, variable in pairs:
        where = place(interp, variable)
        if where is None:
            touched = whole.pop(key, None) is not None or touched
            continue
        value = where[0][where[1]]
        whole[key] = TclDict(whole) if value is whole else value
        touched = True
    return touched
