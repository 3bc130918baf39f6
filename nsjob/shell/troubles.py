"""Troubles: how the prompt shows an error: the message, where the job's code failed, how the script came there, a hint.

It prints nothing and asks nobody: it makes text.
"""

from __future__ import annotations

from collections.abc import Callable

from nsjob.shell.files.failures import ScriptFailure
from nsjob.tcl import TclError
from nsjob.tcl.values import text

__all__ = ["Troubles"]

_ENTRIES = ("    while executing", "    invoked from within", "    (")
_MOST = 24  # lines of a trace; the middle of a longer one is left out
_ALL = "puts $errorInfo prints all"

Paint = Callable[[str, str], str]


class Troubles:
    """The texts of errors.

    Arguments:
        paint: gives a text the colour of what it is: error, wrong, hint or dim.
    """

    def __init__(self, paint: Paint) -> None:
        self._paint = paint

    def of_script(self, error: TclError, failure: ScriptFailure, source: str) -> str:
        """An error of commands that were typed.

        Arguments:
            source: what was typed.
        """
        first, _, more = failure.message.rstrip("\n").partition("\n")
        lines = [f"{self._paint('error:', 'error')} {self._paint(first, 'wrong')}"]
        lines += more.split("\n") if more else []
        lines += self._place(failure, source)
        python = text(error.options.get("-traceback", "")).rstrip("\n")
        if python:
            lines += self._dim(_folded(python.split("\n")))
        tcl = _steps(error, failure, python)
        if sum(line.startswith(_ENTRIES) for line in tcl) > 1:
            lines += self._dim(_folded(tcl))
        if failure.hint:
            lines.append(self.hint(failure.hint))
        return "\n".join(lines)

    def hint(self, sentence: str) -> str:
        """What was probably meant."""
        return f"{self._paint('hint:', 'hint')} {sentence}"

    def note(self, sentence: str) -> str:
        """Something that the person has to know."""
        return f"{self._paint('nsjob:', 'hint')} {sentence}"

    def of_nsjob(self, lines: str) -> str:
        """A fault of nsjob's own, with its traceback."""
        head = f"{self._paint('error:', 'error')} {self._paint('this is a fault of nsjob, not of yours', 'wrong')}"
        return "\n".join([head, *self._dim(lines.rstrip("\n").split("\n"))])

    def _place(self, failure: ScriptFailure, source: str) -> list[str]:
        """The line that failed, where several were entered."""
        entered = source.strip("\n").split("\n")
        if len(entered) < 2 or not 1 <= failure.line <= len(entered):
            return []
        return [self._paint(f"line {failure.line}: {entered[failure.line - 1].strip()}", "dim")]

    def _dim(self, lines: list[str]) -> list[str]:
        return [self._paint(line, "dim") for line in lines]


def _steps(error: TclError, failure: ScriptFailure, python: str) -> list[str]:
    """How the script came to the command that failed, as errorInfo tells."""
    info = error.info.removeprefix(failure.message).lstrip("\n")
    if python:
        info = info.removeprefix(python).lstrip("\n")
    return info.split("\n") if info else []


def _folded(lines: list[str]) -> list[str]:
    if len(lines) <= _MOST:
        return lines
    head, tail = _MOST // 3, _MOST - _MOST // 3 - 1
    return [*lines[:head], f"  ... {len(lines) - head - tail} more lines; {_ALL}", *lines[-tail:]]
