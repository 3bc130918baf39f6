"""Words: all commands of the shell, put into an interpreter."""

from __future__ import annotations

from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.tcl import Interp
from nsjob.tcl.command import Command, LateCommand
from nsjob.tcl.library import COMMANDS

__all__ = ["WORDS", "install"]


def _late(name: str) -> Command:
    return LateCommand(name, lambda: GENERAL[name].command())


def _words() -> dict[str, Command]:
    """Every command by its name: each subcommand is one of its own, save where Tcl has a command of that name."""
    found = {name: command for name, command in NS_JOB.commands.items() if name not in COMMANDS}
    found.update({name: _late(name) for name in GENERAL})
    found[NS_JOB.name] = NS_JOB.command()
    return found


WORDS = _words()


def install(interp: Interp) -> None:
    """Give an interpreter the commands; procedures of the same name go before them."""
    commands = interp.commands
    known = {name: commands[name] for name in commands.keys() & WORDS.keys()}
    commands.update(WORDS)
    for name, command in known.items():
        if command.procedure is not None:
            commands[name] = command
