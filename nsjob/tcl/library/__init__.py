"""The built-in commands, a module per family."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Command, Family
from nsjob.tcl.frames import TclArray

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["COMMANDS", "FAMILIES", "prepare"]

_MODULES = (
    "control catching variables procedures scripts lists sorting searching sequences dicts dict_scripts "
    "strings formats regexps files globs channels processes clocks jsons"
).split()


def _families() -> list[Family]:
    found: list[Family] = []
    for name in _MODULES:
        module = import_module(f"nsjob.tcl.library.{name}")
        family: Family = module.FAMILY
        if family not in found:
            found.append(family)
    return found


class Environment(TclArray):
    """The array `env`: the variables of the process's environment."""

    __slots__ = ()
    missing = "no such variable"

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
    from nsjob.tcl.library.procedures import PATCHLEVEL

    known = interp.globals.vars
    known["tcl_version"] = PATCHLEVEL.rpartition(".")[0]
    known["tcl_patchLevel"] = PATCHLEVEL
    known["argv"] = []
    known["argv0"] = ""
    known["argc"] = 0
    environment = Environment()
    dict.update(environment, os.environ)
    interp.globals.add_other("env", environment)


FAMILIES = _families()
COMMANDS: dict[str, Command] = {name: command for family in FAMILIES for name, command in family.commands.items()}
