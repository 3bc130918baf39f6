"""Origin: the line of a file where an error arose, which is often deep within the command that Tcl's trace ends with.

The trace tells each command on the way, and its line within the body that it stands in; here they are found again in
the text of the file, from the outermost inwards, as far as that goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from nsjob.tcl.errors import ParseError
from nsjob.tcl.parser import Command, Parser, Word, parse_partly

if TYPE_CHECKING:
    from nsjob.tcl import TclError

__all__ = ["origin"]

_STEP = re.compile(
    r'\n    (?:while executing|invoked from within)\n"(?P<command>.*?)"(?=\n    |\Z)'
    r'|\n    \(procedure "(?P<procedure>[^"\n]*)" line (?P<line>\d+)\)'
    r"|\n    \([^\n]* line (?P<inner>\d+)\)",
    re.DOTALL,
)


class _Step(NamedTuple):
    """A step of the trace: a command, or the body that the command before it stands in.

    Attributes:
        command: the text of the command, which may be cut; empty for a body.
        procedure: whose body it is.
        line: within the body.
    """

    command: str = ""
    procedure: str = ""
    line: int = 0


def origin(source: str, error: TclError) -> int:
    """The line of `source`, counted from 1, where an error of its evaluation arose."""
    if error.position is None or error.position[0] != source:
        return error.line
    at = error.position[1]
    body = _Step()
    steps = [
        _Step(found["command"] or "", found["procedure"] or "", int(found["line"] or found["inner"] or 0))
        for found in _STEP.finditer(error.info.removeprefix(str(error)))
    ]
    while steps and not steps[-1].command:
        steps.pop()  # the line of `(file ... line ...)` is that of the position
    for step in reversed(steps[:-1]):
        if not step.command:
            body = step
            continue
        try:
            place = _place(source, at, body, step.command.partition("\n")[0].removesuffix("..."))
        except (ParseError, RecursionError):
            place = None
        if place is None:
            break
        at, body = place, _Step()
    return source.count("\n", 0, at) + 1


def _place(source: str, at: int, body: _Step, command: str) -> int | None:
    """Where a command is that was called by the one at `at`, or by the body of a procedure."""
    if not body.line:  # it stands in brackets
        found = source.find(command, at + 1)
        return found if 0 <= found < _end(source, at) else None
    if body.procedure:
        words = [words[3] for words in _procedures(source) if words[1].value == body.procedure.removeprefix("::")]
    else:
        outer = _command(source, at)
        words = [] if outer is None else outer.words
    for word in words:
        start = word.start
        for _ in range(body.line - 1):
            start = source.find("\n", start, word.end) + 1
            if not start:
                break
        else:
            found = source.find(command, start, word.end)
            if word.kind == "braced" and found >= 0 and "\n" not in source[start:found]:
                return found
    return None


def _command(source: str, at: int) -> Command | None:
    commands = Parser(source).script(at, False).commands
    return commands[0] if commands else None


def _end(source: str, at: int) -> int:
    found = _command(source, at)
    return len(source) if found is None else found.end


def _procedures(source: str) -> list[list[Word]]:
    commands = parse_partly(source).commands
    return [command.words for command in commands if command.words[0].value == "proc" and len(command.words) == 4]
