"""Variables: setting, changing, linking them, and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose
from nsjob.tcl.compile import Code, Compiler
from nsjob.tcl.errors import TclError
from nsjob.tcl.frames import Frame, Link, TclArray, split_name
from nsjob.tcl.parser import Command as Parsed
from nsjob.tcl.patterns import glob_match, regular
from nsjob.tcl.values import TclDict, elements, parse_number, text
from nsjob.tcl.weaving import concatenate, extend, increase

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY", "level_frame", "link"]

FAMILY = Family("Variables")


@FAMILY.command("set", "varName ?newValue?", 1, 2)
def set_(interp: Interp, arguments: list[Any]) -> Any:
    """Give a variable a value, or return the one it has."""
    if len(arguments) == 1:
        return interp.get(arguments[0])
    return interp.set(arguments[0], arguments[1])


@FAMILY.command("incr", "varName ?increment?", 1, 2)
def incr(interp: Interp, arguments: list[Any]) -> int:
    """Add to an integer variable: 1, or the increment. A variable that is not there counts as 0."""
    return increase(interp.frame, text(arguments[0]), arguments[1] if len(arguments) > 1 else 1)


@FAMILY.command("append", "varName ?value ...?", 1, -1)
def append(interp: Interp, arguments: list[Any]) -> Any:
    """Append text to a variable."""
    if len(arguments) == 1:
        return interp.get(arguments[0])
    return concatenate(interp.frame, text(arguments[0]), arguments[1:])


@FAMILY.command("lappend", "varName ?value ...?", 1, -1)
def lappend(interp: Interp, arguments: list[Any]) -> Any:
    """Append elements to a list in a variable."""
    if len(arguments) == 1 and interp.exists(arguments[0]):
        value = interp.get(arguments[0])
        elements(value)
        return value
    return extend(interp.frame, text(arguments[0]), arguments[1:])


@FAMILY.command("unset", "?-nocomplain? ?--? ?varName ...?", 0, -1)
def unset(interp: Interp, arguments: list[Any]) -> str:
    """Remove variables; with -nocomplain also where they are not there."""
    names = [text(argument) for argument in arguments]
    complain = True
    if names and names[0] == "-nocomplain":
        complain = False
        del names[0]
    if names and names[0] == "--":
        del names[0]
    for name in names:
        try:
            interp.unset(name)
        except TclError:
            if complain:
                raise
    return ""


def link(frame: Frame, name: str, target: Frame, other: str) -> None:
    """Let `name` of a frame stand for `other` of another frame.

    Raises:
        TclError: it cannot.
    """
    target, base, key = target.resolve(*split_name(other))
    if key is not None and base in target.vars:
        raise TclError(f"can't access \"{other}\": variable isn't array", "TCL", "LOOKUP", "VARNAME", base)
    if name.startswith("::"):
        frame, name = frame.interp.globals, name.lstrip(":")
    if target is frame and base == name and key is None:
        raise TclError("can't upvar from variable to itself", "TCL", "UPVAR", "SELF")
    if name.endswith(")") and "(" in name:
        raise TclError(
            f'bad variable name "{name}": can\'t create a scalar variable that looks like an array element',
            "TCL", "UPVAR", "LOCAL_ELEMENT",
        )  # fmt: skip
    if key is not None and target.array(base) is None:
        target.make_array(base, key)
    there = frame.others.get(name)
    if name in frame.vars or isinstance(there, TclArray):
        raise TclError(f'variable "{name}" already exists', "TCL", "UPVAR", "EXISTS")
    frame.add_other(name, Link(target, base, key))


@FAMILY.command("global", "?varName ...?", 0, -1)
def global_(interp: Interp, arguments: list[Any]) -> str:
    """Let names of the procedure stand for global variables."""
    if interp.frame is not interp.globals:
        for argument in arguments:
            _link_global(interp, text(argument))
    return ""


def _link_global(interp: Interp, name: str) -> None:
    shown = name.rpartition("::")[2]
    if shown.endswith(")") and "(" in shown:
        raise TclError(
            f'bad variable name "{shown}": can\'t create a scalar variable that looks like an array element',
            "TCL", "UPVAR", "LOCAL_ELEMENT",
        )  # fmt: skip
    there = interp.frame.others.get(shown)
    if isinstance(there, Link):
        del interp.frame.others[shown]
    link(interp.frame, shown, interp.globals, name.lstrip(":") if name.startswith("::") else name)


@FAMILY.command("variable", "?name value ...?", 0, -1)
def variable(interp: Interp, arguments: list[Any]) -> str:
    """Like global, and give the variables values."""
    for at in range(0, len(arguments), 2):
        name = text(arguments[at])
        if name.endswith(")") and "(" in name:
            raise TclError(
                f'can\'t define "{name}": name refers to an element in an array', "TCL", "UPVAR", "LOCAL_ELEMENT"
            )
        if interp.frame is not interp.globals:
            _link_global(interp, name)
        if at + 1 < len(arguments):
            interp.set(name, arguments[at + 1])
    return ""


def level_frame(interp: Interp, given: Any) -> Frame | None:
    """Return the frame that a level word (`1`, `#0`) means, or None where it is no such word.

    Raises:
        TclError: bad level.
    """
    shown = text(given)
    absolute = shown.startswith("#")
    number = parse_number(shown[1:] if absolute else shown)
    if type(number) is not int or number < 0 or (not absolute and not shown[:1].isdigit()):
        if absolute or shown[:1].isdigit():
            raise TclError(f'bad level "{shown}"', "TCL", "LOOKUP", "LEVEL", shown)
        return None
    wanted = number if absolute else interp.frame.level - number
    frame: Frame | None = interp.frame
    while frame is not None and frame.level > wanted:
        frame = frame.caller
    if frame is None or frame.level != wanted:
        raise TclError(f'bad level "{shown}"', "TCL", "LOOKUP", "LEVEL", shown)
    return frame


def caller_frame(interp: Interp) -> Frame:
    """The frame one level up.

    Raises:
        TclError: bad level "1".
    """
    caller = interp.frame.caller
    if caller is None:
        raise TclError('bad level "1"', "TCL", "LOOKUP", "LEVEL", "1")
    return caller


@FAMILY.command("upvar", "?level? otherVar localVar ?otherVar localVar ...?", 2, -1)
def upvar(interp: Interp, arguments: list[Any]) -> str:
    """Let names of the procedure stand for variables of the level that called it, or of the one that is given."""
    frame: Frame | None
    if len(arguments) % 2:
        frame = level_frame(interp, arguments[0])
        if frame is None:
            caller_frame(interp)
            shown = text(arguments[0])
            raise TclError(f'bad level "{shown}"', "TCL", "LOOKUP", "LEVEL", shown)
        arguments = arguments[1:]
    else:
        first = text(arguments[0])
        if len(arguments) == 2 and first[:1] == "#" and parse_number(first[1:]) is not None:
            level_frame(interp, arguments[0])
        frame = caller_frame(interp)
    for other, name in zip(arguments[::2], arguments[1::2], strict=True):
        shown = text(name)
        there = interp.frame.others.get(shown)
        if isinstance(there, Link):
            del interp.frame.others[shown]
        link(interp.frame, shown, frame, text(other))
    return ""


# -- arrays -----------------------------------------------------------------------------------------------------------

ARRAY = FAMILY.ensemble("array", "Arrays: elements by name.")


def _array(interp: Interp, name: Any) -> TclArray | None:
    return interp.frame.array(text(name))


@ARRAY.command("exists", "arrayName", 1)
def array_exists(interp: Interp, arguments: list[Any]) -> int:
    """Whether a variable is an array."""
    return 1 if _array(interp, arguments[0]) is not None else 0


@ARRAY.command("get", "arrayName ?pattern?", 1, 2)
def array_get(interp: Interp, arguments: list[Any]) -> Any:
    """Return names and values, of all elements or of those whose name fits a pattern."""
    array = _array(interp, arguments[0])
    if array is None:
        return ""
    if len(arguments) == 1:
        return TclDict(array)
    pattern = text(arguments[1])
    return TclDict({name: value for name, value in array.items() if glob_match(pattern, name)})


@ARRAY.command("set", "arrayName list", 2)
def array_set(interp: Interp, arguments: list[Any]) -> str:
    """Set elements from a list of names and values."""
    name = text(arguments[0])
    if split_name(name)[1] is not None:
        raise TclError(f"can't set \"{name}\": variable isn't array", "TCL", "LOOKUP", "VARNAME", name)
    parts = elements(arguments[1])
    if not parts:
        _ensured(interp.frame, name)
    return _set_elements(interp.frame, name, parts)


def _ensured(frame: Frame, name: str) -> None:
    """Let a variable be an array."""
    if "::" in name.removeprefix("::"):
        raise TclError(f"can't access \"{name}\": parent namespace doesn't exist", "TCL", "LOOKUP", "VARNAME", name)
    try:
        frame.make_array(name)
    except TclError:
        raise TclError(f"can't array set \"{name}\": variable isn't array", "TCL", "WRITE", "ARRAY") from None


def array_woven(compiler: Compiler, command: Parsed) -> Code | None:
    """Code for an `array set` in a procedure: Tcl makes the array before it looks at the list."""
    words = command.words
    if len(words) != 4 or words[1].value not in ("set", "se"):
        return None
    name = words[2].value
    known = words[3].value
    try:
        literal = None if known is None else elements(known)
    except TclError:
        literal = None
    odd = literal is not None and len(literal) % 2
    if name is None or name.endswith(")") or odd or not (compiler.procedure or literal == []):
        return None
    value = compiler.word(words[3])
    note = compiler.noter(command)

    def array_set(frame: Frame) -> str:
        try:
            _ensured(frame, name)
            return _set_elements(frame, name, elements(value(frame)))
        except TclError as error:
            note(error)
            raise

    return array_set


def _set_elements(frame: Frame, name: str, parts: list[Any]) -> str:
    if len(parts) % 2:
        raise TclError("list must have an even number of elements", "TCL", "ARGUMENT", "FORMAT")
    for key, value in zip(parts[::2], parts[1::2], strict=True):
        frame.set(name, text(key), value)
    return ""


@ARRAY.command("names", "arrayName ?mode? ?pattern?", 1, 3)
def array_names(interp: Interp, arguments: list[Any]) -> list[str]:
    """Return the names of the elements: all, or those that fit (-exact, -glob, -regexp)."""
    array = _array(interp, arguments[0])
    if len(arguments) == 3:
        mode = choose(text(arguments[1]), ["-exact", "-glob", "-regexp"], "option")
    else:
        mode = "-glob"
    if array is None:
        return []
    if len(arguments) == 1:
        return list(array)
    pattern = text(arguments[-1])
    if mode == "-exact":
        return [pattern] if pattern in array else []
    if mode == "-regexp":
        fits = regular(pattern).search
        return [name for name in array if fits(name)]
    return [name for name in array if glob_match(pattern, name)]


@ARRAY.command("size", "arrayName", 1)
def array_size(interp: Interp, arguments: list[Any]) -> int:
    """Return the number of elements."""
    array = _array(interp, arguments[0])
    return 0 if array is None else len(array)


@ARRAY.command("unset", "arrayName ?pattern?", 1, 2)
def array_unset(interp: Interp, arguments: list[Any]) -> str:
    """Remove an array, or the elements whose names fit a pattern."""
    array = _array(interp, arguments[0])
    if array is None:
        return ""
    if len(arguments) == 1:
        interp.frame.unset(text(arguments[0]))
        return ""
    pattern = text(arguments[1])
    for name in [name for name in array if glob_match(pattern, name)]:
        del array[name]
    return ""


@ARRAY.command("statistics", "arrayName", 1)
def array_statistics(interp: Interp, arguments: list[Any]) -> str:
    """Tell how many elements there are."""
    array = _known(interp, arguments[0])
    return f"{len(array)} entries in table"


def _known(interp: Interp, name: Any) -> TclArray:
    array = _array(interp, name)
    if array is None:
        raise TclError(f'"{text(name)}" isn\'t an array', "TCL", "LOOKUP", "ARRAY", text(name))
    return array


def _searches(interp: Interp) -> dict[str, list[str]]:
    found: dict[str, list[str]] = interp.extras.setdefault("array searches", {})
    return found


@ARRAY.command("startsearch", "arrayName", 1)
def array_startsearch(interp: Interp, arguments: list[Any]) -> str:
    """Begin to go through an array; returns the id of that search."""
    names = list(_known(interp, arguments[0]))
    searches = _searches(interp)
    number = 1
    while f"s-{number}-{text(arguments[0])}" in searches:
        number += 1
    id = f"s-{number}-{text(arguments[0])}"
    searches[id] = names[::-1]
    return id


def _search(interp: Interp, arguments: list[Any]) -> list[str]:
    _known(interp, arguments[0])
    id = text(arguments[1])
    found = _searches(interp).get(id)
    if found is None:
        if id.count("-") < 2 or not id.startswith("s-"):
            raise TclError(f'illegal search identifier "{id}"', "TCL", "LOOKUP", "ARRAYSEARCH", id)
        raise TclError(f'couldn\'t find search "{id}"', "TCL", "LOOKUP", "ARRAYSEARCH", id)
    return found


@ARRAY.command("anymore", "arrayName searchId", 2)
def array_anymore(interp: Interp, arguments: list[Any]) -> int:
    """Whether a search has names left."""
    return 1 if _search(interp, arguments) else 0


@ARRAY.command("nextelement", "arrayName searchId", 2)
def array_nextelement(interp: Interp, arguments: list[Any]) -> str:
    """Return the next name of a search, or nothing at its end."""
    names = _search(interp, arguments)
    return names.pop() if names else ""


@ARRAY.command("donesearch", "arrayName searchId", 2)
def array_donesearch(interp: Interp, arguments: list[Any]) -> str:
    """End a search."""
    _search(interp, arguments)
    del _searches(interp)[text(arguments[1])]
    return ""
