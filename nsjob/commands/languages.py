"""Languages: which one the scripts of jobs are in, and how those in Tcl are run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary, ref

from nsjob.errors import JobFailed, QueueClosed
from nsjob.pool.options import JobOptions
from nsjob.pool.work import Script
from nsjob.snippet import TCL_BREAK, TCL_CONTINUE, TCL_RETURN, Ending
from nsjob.tcl import Interp, TclError
from nsjob.tcl.errors import BREAK, CONTINUE, ERROR, OK, RETURN
from nsjob.tcl.values import elements, number, text

if TYPE_CHECKING:
    from nsjob.pool.pool import Pool
    from nsjob.store.pool import StoredPool
    from nsjob.tcl.command import Command

__all__ = ["Languages", "languages_of", "stored_language", "tcl_body"]

_ENDINGS = {RETURN: TCL_RETURN, BREAK: TCL_BREAK, CONTINUE: TCL_CONTINUE}


class Languages:
    """What all shells over one pool share: the languages of its queues, and the Tcl definitions of its jobs.

    Attributes:
        default: the language of scripts whose job and queue name none, `python` or `tcl`.
    """

    def __init__(self) -> None:
        self.default = "python"
        self._queues: dict[str, str] = {}
        self._lock = threading.Lock()  # one definition after the other
        self._definitions: Interp | None = None

    @property
    def queues(self) -> dict[str, str]:
        """The language of a queue's scripts, where it names one."""
        return self._queues

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

    def created(self, queue: str, lang: str | None) -> None:
        """That queue is new, and its scripts are in this language."""
        self._queues.pop(queue, None)
        if lang is not None:
            self._queues[queue] = lang

    def interp(self) -> Interp:
        """A fresh interpreter with the Tcl definitions."""
        definitions = self._definitions  # never changed once it stands there
        return Interp() if definitions is None else definitions.offspring()

    def procedures(self) -> list[Command]:
        """The procs among the Tcl definitions."""
        definitions = self._definitions
        found = [] if definitions is None else list(definitions.commands.values())
        return [known for known in found if known.procedure is not None]

    def script(self, source: str, dress: Callable[[Interp], object]) -> Script:
        """A Tcl script as the body of a job; `dress` adds the shell's commands to its interpreter."""

        def run(options: JobOptions) -> Any:
            interp = self.interp()
            dress(interp)
            for name, value in (options.vars or _NONE).items():
                interp.globals.set(name, None, value)
            return evaluated(interp, source)

        return Script(source, run, "tcl")


_NONE: Mapping[str, Any] = {}


class StoredLanguages(Languages):
    """The same over a pool with a store, which keeps the languages of queues and the definitions for other shells."""

    def __init__(self, pool: StoredPool) -> None:
        super().__init__()
        self._pool = ref(pool)

    @property
    def queues(self) -> dict[str, str]:
        pool = self._pool()
        return {} if pool is None else pool.languages_of_queues()

    def created(self, queue: str, lang: str | None) -> None:
        pass  # the pool knows

    def define(self, source: str) -> Interp:
        fresh = super().define(source)
        pool = self._pool()
        if pool is not None:
            pool.keep_definition("tcl", source)
        return fresh

    def take_over(self, source: str) -> None:
        """Make a definition here that the store has already."""
        super().define(source)


class _StoredTcl:
    """Tcl, as a pool with a store runs the jobs that are in it."""

    def __init__(self, pool: StoredPool) -> None:
        self._pool = ref(pool)

    def __call__(self, source: str) -> Script:
        pool = self._pool()
        if pool is None:
            raise QueueClosed
        return tcl_body(pool, source)

    def define(self, source: str) -> None:
        pool = self._pool()
        if pool is not None:
            cast(StoredLanguages, languages_of(pool)).take_over(source)


def stored_language(pool: StoredPool) -> _StoredTcl:
    """What runs the Tcl jobs of a store; see nsjob/store/languages.py."""
    return _StoredTcl(pool)


def tcl_body(pool: Pool, source: str) -> Script:
    """The body of a job that a Tcl script is: with the shell's commands, and `job`."""

    def dress(interp: Interp) -> None:
        from nsjob.commands.inside import install_job  # late: only Tcl jobs need it
        from nsjob.commands.shell import Shell

        Shell(pool, interp)
        install_job(interp)

    return languages_of(pool).script(source, dress)


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
            stored = bool(pool.store)
            found = _languages[pool] = StoredLanguages(cast("StoredPool", pool)) if stored else Languages()
        return found
