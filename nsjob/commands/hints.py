"""Hints: what was probably meant where a command failed. A mistake that many make gets a sentence."""

from __future__ import annotations

import re

from nsjob.commands.declare import GENERAL, NS_JOB
from nsjob.commands.shell import Shell
from nsjob.errors import nearest
from nsjob.tcl import TclError, parse
from nsjob.tcl.errors import ParseError
from nsjob.tcl.parser import Command
from nsjob.tcl.values import text

__all__ = ["hint"]

_COMMON = {
    "ls": "glob *, or queues and jobs QUEUE for what is here",
    "print": "puts prints; py {print(...)} runs Python here",
    "quit": "exit",
    "import": "py {import ...} runs Python here, and ns_eval {import ...} defines it for all jobs",
    "def": "py {def ...} runs Python here, and ns_eval {def ...} defines it for all jobs",
    "list_queues": "queues",
    "ps": "joblist QUEUE, or threadlist -detail",
    "status": "queuelist, joblist QUEUE, or counts",
    "add": "queue QUEUE {script}",
}


def hint(shell: Shell, error: TclError) -> str:
    """A sentence for the person who made this mistake, or nothing."""
    given = error.options.get("-hint")
    if given:
        return text(given)
    if tuple(error.code[:3]) == ("TCL", "LOOKUP", "COMMAND"):
        return _unknown(shell, error)
    return ""


def _unknown(shell: Shell, error: TclError) -> str:
    name = text(error.code[3]) if len(error.code) > 3 else ""
    command = _failing(error)
    if command is not None and len(command.words) > 1 and command.words[1].value == "=":
        return f"to give a variable a value: set {name} ..."
    if name.endswith("=") or "=" in name.strip("="):
        variable, _, value = name.partition("=")
        if re.fullmatch(r"[A-Za-z_]\w*", variable):
            return f"to give a variable a value: set {variable} {value or '...'}"
    if name in _COMMON:
        return f"did you mean: {_COMMON[name]}"
    if "(" in name or name.endswith(":"):
        return "this shell speaks Tcl; py {...} runs Python here"
    found = nearest(name, [*NS_JOB.specs, *GENERAL, *shell.interp.commands])
    return found.removeprefix(", ")


def _failing(error: TclError) -> Command | None:
    """The command that failed, as it stands in its source."""
    if error.position is None:
        return None
    source, start = error.position
    try:
        commands = parse(source[start:]).commands
    except ParseError:
        return None
    return commands[0] if commands else None
