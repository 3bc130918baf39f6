"""Session: commands evaluated over a pool, by a prompt, a file or a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nsjob.commands.face import Face
from nsjob.commands.shell import Shell

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["Session"]


class Session:
    """A shell over a pool, without a terminal.

    Arguments:
        pool: whose queues and jobs the commands are about. It is the caller's: the session does not end it.
        face: who sits before it; nobody where it is None.

    Attributes:
        shell: what the commands work with.
        interp: the Tcl interpreter, for a program's own commands (`session.interp.register`).
    """

    def __init__(self, pool: Pool, face: Face | None = None) -> None:
        self.shell = Shell(pool, face=face)
        self.interp = self.shell.interp

    def eval(self, script: str, /, **variables: Any) -> Any:
        """Evaluate commands, and return the result of the last one; the script `$_` has it then.

        Arguments:
            variables: global variables that are set before.

        Raises:
            TclError: a command failed; see its `code`, `info` and, for hints, `nsjob.commands.hints.hint`.
        """
        result = self.interp.eval(script, **variables)
        if result != "" and result is not None:
            self.interp.globals.vars["_"] = result
        return result
