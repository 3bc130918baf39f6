"""Frames: the variables that a script sees, and the links between those of one frame and another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.tcl.errors import TclError

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["Frame", "Inlined", "Link", "TclArray", "split_name"]

_MISSING: Any = object()
_EMPTY: dict[str, Any] = {}  # of most frames; never changed
_NO_WORDS: list[Any] = []


class TclArray(dict[str, Any]):
    """An array: elements by their index, which is text."""

    __slots__ = ()
    missing = "no such element in array"

    def explain(self, error: TclError, name: str) -> None:
        """Enter what there is to be said of an element that is missing in the stack trace."""


class Link:
    """A variable that stands for another one (`upvar`, `global`): of a frame, or an element of an array."""

    __slots__ = ("frame", "key", "name")

    def __init__(self, frame: Frame, name: str, key: str | None) -> None:
        self.frame = frame
        self.name = name
        self.key = key


class LambdaName(str):
    """What a call of a lambda expression is called by.

    Attributes:
        source: the expression.
    """

    __slots__ = ("source",)
    source: str


class Inlined(str):
    """A script that a procedure's command holds and Tcl compiles in with the procedure, as the body of `dict for`.

    Attributes:
        code: what it is compiled to, from when it ran first.
        arms: where it is the list of a `switch`, its patterns and scripts.
    """

    __slots__ = ("arms", "code")
    arms: list[Any] | None
    code: Callable[[Frame], Any] | None

    def __new__(cls, source: str) -> Inlined:
        """Make one of a text."""
        made = super().__new__(cls, source)
        made.arms = made.code = None
        return made


class Frame:
    """One level of variables: the global one, or a running procedure's.

    It has no `__init__`: who makes one sets what has no default. A call costs half as much that way.

    Attributes:
        vars: plain variables by name.
        others: arrays and links by name; no name is in both.
        caller: the frame from which the procedure was called.
        called, values: the command and arguments that it was called with, for `info level`.
        depth: how many procedures and evaluations are around what runs in it.
        result: the value on its way out of a `return`.
    """

    interp: Interp
    vars: dict[str, Any]
    others: dict[str, TclArray | Link] = _EMPTY
    caller: Frame | None = None
    called: str = ""
    values: list[Any] = _NO_WORDS
    depth: int = 0
    result: Any = None

    @property
    def level(self) -> int:
        """How many procedures are around it; 0 for the global frame."""
        level = 0
        frame = self.caller
        while frame is not None:
            level += 1
            frame = frame.caller
        return level

    @property
    def words(self) -> list[Any]:
        """The command and arguments that it was called with."""
        if type(self.called) is LambdaName:
            return ["apply", self.called.source, *self.values]
        return [self.called, *self.values]

    # -- by name and index ---------------------------------------------------------------------------------------

    def get(self, name: str, key: str | None = None) -> Any:
        """Return the value of a variable, or of an array's element.

        Raises:
            TclError: can't read "...".
        """
        frame, base, index = self.resolve(name, key)
        if index is None:
            value = frame.vars.get(base, _MISSING)
            if value is not _MISSING:
                return value
            if isinstance(frame.others.get(base), TclArray):
                raise unreadable(name, "variable is array")
            raise unreadable(name, "no such variable")
        array = frame.others.get(base)
        shown = name if key is None else f"{name}({key})"
        if not isinstance(array, TclArray):
            raise unreadable(shown, "variable isn't array" if base in frame.vars else "no such variable")
        value = array.get(index, _MISSING)
        if value is _MISSING:
            error = TclError(f'can\'t read "{shown}": {array.missing}', "TCL", "READ", "VARNAME")
            array.explain(error, shown)
            raise error
        return value

    def read(self, name: str, key: str | None = None) -> Any:
        """The same, for code of a procedure: its variables are compiled in, and Tcl's error code tells so."""
        try:
            return self.get(name, key)
        except TclError as error:
            if self.caller is not None and "::" not in name and error.code[:2] == ("TCL", "LOOKUP"):
                error.code = ("TCL", "READ", "VARNAME")
            raise

    def set(self, name: str, key: str | None, value: Any) -> Any:
        """Give a variable, or an array's element, a value, and return it.

        Raises:
            TclError: can't set "...".
        """
        frame, base, index = self.resolve(name, key)
        if "::" in base:
            raise TclError(f"can't set \"{name}\": parent namespace doesn't exist", "TCL", "LOOKUP", "VARNAME", name)
        if index is None:
            if base in frame.others:
                raise unsettable(name, "variable is array")
            frame.vars[base] = value
            return value
        array = frame.others.get(base)
        if not isinstance(array, TclArray):
            if base in frame.vars:
                raise unsettable(name if key is None else f"{name}({key})", "variable isn't array")
            array = frame.add_array(base)
        array[index] = value
        return value

    def exists(self, name: str, key: str | None = None) -> bool:
        """Whether a variable or element has a value (an array counts)."""
        frame, name, key = self.resolve(name, key)
        if key is None:
            return name in frame.vars or isinstance(frame.others.get(name), TclArray)
        array = frame.others.get(name)
        return isinstance(array, TclArray) and key in array

    def unset(self, name: str, key: str | None = None) -> None:
        """Remove a variable, array or element. A link stays.

        Raises:
            TclError: can't unset "...".
        """
        given = name
        frame, name, key = self.resolve(name, key)
        if key is None:
            if frame.vars.pop(name, _MISSING) is _MISSING and not isinstance(frame.others.pop(name, None), TclArray):
                code = ("LOOKUP", "VARNAME", given) if self.caller is None or "::" in given else ("UNSET", "VARNAME")
                raise TclError(f'can\'t unset "{given}": no such variable', "TCL", *code)
            return
        array = frame.others.get(name)
        shown = f"{name}({key})"
        if not isinstance(array, TclArray):
            reason = "variable isn't array" if name in frame.vars else "no such variable"
            raise TclError(f'can\'t unset "{shown}": {reason}', "TCL", "LOOKUP", "VARNAME", name)
        if array.pop(key, _MISSING) is _MISSING:
            raise TclError(f'can\'t unset "{shown}": no such element in array', "TCL", "LOOKUP", "ELEMENT", key)

    def array(self, name: str) -> TclArray | None:
        """Return the array of that name, or None where it is something else or nothing."""
        frame, name, key = self.resolve(name, None)
        array = frame.others.get(name) if key is None else None
        return array if isinstance(array, TclArray) else None

    def make_array(self, name: str, key_shown: str = "") -> TclArray:
        """Return the array of that name, made where there is none.

        Raises:
            TclError: can't set "...": variable isn't array.
        """
        frame, name, key = self.resolve(name, None)
        array = frame.others.get(name) if key is None else None
        if isinstance(array, TclArray):
            return array
        if name in frame.vars or key is not None:
            raise unsettable(f"{name}({key_shown})", "variable isn't array")
        return frame.add_array(name)

    def add_array(self, name: str) -> TclArray:
        """Make a new array."""
        array = TclArray()
        self.add_other(name, array)
        return array

    def add_other(self, name: str, other: TclArray | Link) -> None:
        """Let a name be an array's, or a link."""
        if self.others is _EMPTY:
            self.others = {}
        self.others[name] = other

    def resolve(self, name: str, key: str | None) -> tuple[Frame, str, str | None]:
        """Follow links: return the frame, name and index where the value really is."""
        frame = self
        if name.startswith("::"):
            frame = frame.interp.globals
            name = name.lstrip(":")
        other = frame.others.get(name)
        while type(other) is Link:
            frame, name = other.frame, other.name
            if other.key is not None:
                if key is not None:
                    return frame, f"{name}({other.key})", key  # an element that is taken for an array: there is none
                return frame, name, other.key
            other = frame.others.get(name)
        return frame, name, key

    def names(self) -> list[str]:
        """The names of all variables that have a value."""
        return [*self.vars, *(name for name in self.others if self.exists(name))]


def split_name(name: str) -> tuple[str, str | None]:
    """Split `a(b)` into name and index; the index of a plain name is None."""
    if name.endswith(")"):
        begun = name.find("(")
        if begun >= 0:
            return name[:begun], name[begun + 1 : -1]
    return name, None


def unreadable(name: str, reason: str) -> TclError:
    """`can't read "...": ...`."""
    if reason == "variable is array":
        return TclError(f'can\'t read "{name}": {reason}', "TCL", "READ", "VARNAME")
    return TclError(f'can\'t read "{name}": {reason}', "TCL", "LOOKUP", "VARNAME", split_name(name)[0])


def unsettable(name: str, reason: str) -> TclError:
    """`can't set "...": ...`."""
    if reason == "variable is array":
        return TclError(f'can\'t set "{name}": {reason}', "TCL", "WRITE", "VARNAME")
    return TclError(f'can\'t set "{name}": {reason}', "TCL", "LOOKUP", "VARNAME", split_name(name)[0])
