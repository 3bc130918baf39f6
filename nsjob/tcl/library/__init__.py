"""The built-in commands, a module per family."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Command, Family, LateCommand
from nsjob.tcl.frames import TclArray

if TYPE_CHECKING:
    from nsjob.tcl.errors import TclError
    from nsjob.tcl.interp import Interp

__all__ = ["COMMANDS", "PATCHLEVEL", "families", "prepare"]

PATCHLEVEL = "8.6.13"  # the Tcl whose behaviour this is

# Which modules declare which commands. They are imported when a command of theirs is first looked at.
_DECLARED = {
    "control": "if while for foreach lmap break continue return error throw exit eval time after",
    "catching": "catch try switch",
    "variables": "set incr append lappend unset global variable upvar array",
    "procedures": "proc apply rename unknown uplevel info",
    "scripts": "expr subst source package",
    "lists": "list concat lrepeat split llength lindex lrange lreverse join lassign linsert lreplace lset",
    "sorting": "lsort",
    "searching": "lsearch",
    "sequences": "lseq",
    "dicts dict_scripts": "dict",
    "strings": "string",
    "formats": "format scan",
    "regexps": "regexp regsub",
    "files": "file cd pwd",
    "globs": "glob",
    "channels": "open close gets read eof fblocked puts flush tell seek fconfigure",
    "processes": "exec pid",
    "clocks": "clock",
    "jsons": "json",
}  # fmt: skip


def _family(modules: str) -> Family:
    """The family that some modules declare."""
    found: list[Family] = [import_module(f"nsjob.tcl.library.{name}").FAMILY for name in modules.split()]
    return found[0]


def _late(name: str, modules: str) -> Command:
    return LateCommand(name, lambda: _family(modules).commands[name])


def families() -> list[Family]:
    """All families, for the reference page."""
    return [_family(modules) for modules in _DECLARED]


COMMANDS = {name: _late(name, modules) for modules, names in _DECLARED.items() for name in names.split()}


class Environment(TclArray):
    """The array `env`: the variables of the process's environment."""

    __slots__ = ()
    missing = "no such variable"

    def explain(self, error: TclError, name: str) -> None:
        """Say that it is a trace that looked for the variable, as in Tcl."""
        error.info = f'{self.missing}\n    (read trace on "{name}")'
        error.begun = True

    def __setitem__(self, name: str, value: Any) -> None:
        from nsjob.tcl.values import text

        os.environ[name] = text(value)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        os.environ.pop(name, None)
        super().__delitem__(name)

    def pop(self, name: str, default: Any = None) -> Any:
        """Remove a variable of the environment too."""
        os.environ.pop(name, None)
        return super().pop(name, default)


def prepare(interp: Interp) -> None:
    """Set the variables that every interpreter begins with."""
    known = interp.globals.vars
    known["tcl_version"] = PATCHLEVEL.rpartition(".")[0]
    known["tcl_patchLevel"] = PATCHLEVEL
    known["argv"] = []
    known["argv0"] = ""
    known["argc"] = 0
    environment = Environment()
    dict.update(environment, _environment())
    interp.globals.add_other("env", environment)


_seen: tuple[Mapping[Any, Any], Mapping[str, str]] = ({}, {})  # the process's environment, as it is kept and as text


def _environment() -> Mapping[str, str]:
    """The variables of the process's environment: decoded again only where they have changed."""
    global _seen
    kept = getattr(os.environ, "_data", None)  # CPython's, under no public name; to ask it is a tenth of a copy
    if kept is None:
        return dict(os.environ)
    before, decoded = _seen
    if kept == before:
        return decoded
    kept = kept.copy()
    decoded = {os.environ.decodekey(name): os.environ.decodevalue(value) for name, value in kept.items()}
    _seen = (kept, decoded)
    return decoded
