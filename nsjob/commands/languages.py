"""Languages: which one the scripts of jobs are in, and how those in Tcl are run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nsjob.errors import JobFailed
from nsjob.pool.options import JobOptions
from nsjob.pool.work import Script
from nsjob.snippet import TCL_BREAK, TCL_CONTINUE, TCL_RETURN, Ending
from nsjob.tcl import Interp, TclError
from nsjob.tcl.errors import BREAK, CONTINUE, ERROR, OK, RETURN
from nsjob.tcl.values import elements, number, text

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool

__all__ = ["Languages", "languages_of"]

_ENDINGS = {RETURN: TCL_RETURN, BREAK: TCL_BREAK, CONTINUE: TCL_CONTINUE}


class Languages:
    """What all shells over one pool share: the languages of its queues, and the Tcl definitions of its jobs.

    Attributes:
        default: the language of scripts whose job and queue name none, `python` or `tcl`.
        queues: the language of a queue's scripts, where it names one.
    """

    def __init__(self) -> None:
        self.default = "python"
        self.queues: dict[str, str] = {}
        self._lock = threading.Lock()  # one definition after the other
        self._definitions: Interp | None = None

    def of(self, queue: str, given: str | None) -> str:
        """The language of a script for that queue."""
        return given or self.queues.get(queue) or self.default

    def define(self, source: str) -> Interp:
        """Evaluate Tcl definitions for all later jobs; where that fails, there are those of before.

        Returns an interpreter that has them.
        """
        with self._lock:
            before = self._definitions or Interp()
            fresh = before.offspring()
            fresh.eval(source)
            self._definitions = fresh
            return fresh

    def interp(self) -> Interp:
        """A fresh interpreter with the Tcl definitions."""
        definitions = self._definitions  # never changed once it stands there
        return Interp() if definitions is None else definitions.offspring()

    def script(self, source: str, dress: Callable[[Interp], object]) -> Script:
        """A Tcl script as the body of a job; `dress` adds the shell's commands to its interpreter."""

        def run(options: JobOptions) -> Any:
            interp = self.interp()
            dress(interp)
            for name, value in (options.vars or _NONE).items():
                interp.globals.set(name, None, value)
            return evaluated(interp, source)

        return Script(source, run)


_NONE: Mapping[str, Any] = {}


def evaluated(interp: Interp, source: str) -> Any:
    """The value of a Tcl script, or an Ending where it ended by return, break or continue.

    Raises:
        TclError: with the script's own errorInfo and errorCode.
    """
    code = interp.run(lambda frame: interp.call(["catch", source, "\0result", "\0options"]))
    result = interp.globals.vars.pop("\0result")
    options = interp.globals.vars.pop("\0options")
    if code == RETURN and number(options["-code"]) != OK:
        code = number(options["-code"])  # `return -code error` ends a job as it ends a procedure
    if code == ERROR:
        info = options.get("-errorinfo")
        errorcode = elements(options.get("-errorcode", "NONE"))
        if tuple(errorcode) == JobFailed.errorcode:
            raise JobFailed(text(result))  # by `job fail`: not to be retried
        raise TclError(result, *errorcode, info=text(result if info is None else info))
    ending = _ENDINGS.get(code)
    if ending is not None:
        return Ending(ending, result if code == RETURN else None)
    if code:
        raise TclError(f"command returned bad code: {code}", "TCL", "UNEXPECTED_RESULT_CODE", code)
    return result


_languages: WeakKeyDictionary[Pool, Languages] = WeakKeyDictionary()
_lock = threading.Lock()


def languages_of(pool: Pool) -> Languages:
    """The languages of a pool's queues."""
    with _lock:
        found = _languages.get(pool)
        if found is None:
            found = _languages[pool] = Languages()
        return found
