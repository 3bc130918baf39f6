"""Session: commands evaluated over a pool, by a prompt, a file or a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nsjob.commands.face import Face
from nsjob.commands.shell import Shell
from nsjob.tcl.compile import PLAIN, Code, Compiler
from nsjob.tcl.errors import TclError
from nsjob.tcl.parser import Script, parse_partly

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool
    from nsjob.shell.files.sources import Source
    from nsjob.tcl.frames import Frame

__all__ = ["Session", "is_empty"]


class Session:
    """A shell over a pool, without a terminal.

    Arguments:
        pool: whose queues and jobs the commands are about, or what makes it, called when a command asks for it first.
            It is the caller's: the session does not end it.
        face: who sits before it; nobody where it is None.

    Attributes:
        shell: what the commands work with.
        interp: the Tcl interpreter, for a program's own commands (`session.interp.register`).
    """

    def __init__(self, pool: Pool | Callable[[], Pool], face: Face | None = None) -> None:
        self.shell = Shell(pool, face=face)
        self.interp = self.shell.interp
        if not callable(pool) and pool.store:
            self.shell.take_over(pool)

    def eval(self, script: str, /, **variables: Any) -> Any:
        """Evaluate commands, and return the result of the last one; the script `$_` has it then.

        Arguments:
            variables: global variables that are set before.

        Raises:
            TclError: a command failed; see its `code`, `info` and, for hints, `nsjob.commands.hints.hint`.
        """
        result = self.interp.eval(script, **variables)
        if not is_empty(result):
            self.interp.globals.vars["_"] = result
        return result

    def source(self, source: Source, show: Callable[[Any], object] | None = None) -> None:
        """Evaluate the commands of a file, as Tcl's `source` does; `return` ends it.

        Arguments:
            show: called with the result of each of its commands, as soon as it is there, where it is not empty.

        Raises:
            TclError: a command failed; its `line` is that of the file.
        """
        interp = self.interp

        def run(frame: Frame) -> Any:
            for code in _codes(source.text):
                result = code(frame)
                if show is not None and not is_empty(result):
                    show(result)
            return ""

        if source.path:
            interp.scripts.append(source.path)
        before, interp.frame = interp.frame, interp.globals
        try:
            interp.run(run)
        except TclError as error:
            if source.path:
                error.add(f'\n    (file "{source.path}" line {error.line})')
            raise
        finally:
            interp.frame = before
            if source.path:
                interp.scripts.pop()


def is_empty(value: Any) -> bool:
    """Whether a result has nothing to show: an empty text, list or dict, or None."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def _codes(text: str) -> Iterator[Code]:
    """Each command of a script, compiled when its turn has come; at last what is no command, where there is such."""
    script = parse_partly(text)
    commands = script.commands
    commands.reverse()
    while commands:  # one that has run is not kept: a file that another program wrote may have a million of them
        command = commands.pop()
        yield Compiler(text, True, False).script(Script(text, command.start, command.end, [command]), PLAIN)
    if script.error is not None:
        yield Compiler(text, True, False).script(Script(text, script.start, script.end, [], error=script.error), PLAIN)
