"""The commands beside `ns_job`: definitions, the log, pauses, Python, help, and looking again and again."""

from __future__ import annotations

import logging
import time as clock
from typing import Any

from nsjob.commands.declare import GENERAL, command
from nsjob.commands.helping import overview, page
from nsjob.commands.kinds import (
    Command,
    Definition,
    Integer,
    Language,
    Python,
    Severity,
    Time,
    Words,
    as_text,
    python_value,
    tcl_value,
)
from nsjob.commands.shell import Shell
from nsjob.commands.waiting import of_python
from nsjob.durations import seconds
from nsjob.errors import JobInterrupted, NsjobError, OptionError
from nsjob.pool.context import LeftBody
from nsjob.snippet import Ending, compile_snippet, is_coroutine
from nsjob.tcl import TclError, TclInterrupted
from nsjob.tcl.values import text

__all__ = ["Variables"]

_LEVELS = {
    "notice": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
    "bug": logging.ERROR,
    "debug": logging.DEBUG,
}
_ENDS = (KeyboardInterrupt, SystemExit, TclInterrupted, JobInterrupted, LeftBody)  # of more than the Python code
_SLICE = 0.05  # seconds: an interrupt does not reach a thread that sleeps


@command()
def ns_eval(shell: Shell, arg: Definition, *more: Definition, lang: Language | None = None) -> str:
    """Define for all later jobs: functions, imports, constants of Python, or procs and variables of Tcl.

    Several words are joined as `eval` does. Tcl's procs are there in this shell too. Where it fails, nothing is
    defined.

    Arguments:
        arg: The definitions.
        more: More of them.
        lang: Their language; the configured one where none is named.

    Example:
        ns_eval {def double(x): return 2 * x}
        create q
        wait q [queue q {double(21)}]
    """
    source = text(arg) if not more else " ".join(text(word).strip() for word in (arg, *more))
    if (lang or shell.languages.default) == "python":
        try:
            shell.pool.define(source)
        except (NsjobError, *_ENDS):
            raise
        except BaseException as error:
            raise of_python(error) from error
        return ""
    defined = shell.languages.define(source).offspring()
    for known in defined.commands.values():
        if known.procedure is not None:
            shell.interp.define(known)
    return ""


@command()
def ns_log(shell: Shell, severity: Severity, message: Words, *more: Words) -> str:
    """Write a line to the log.

    Arguments:
        severity: notice, warning, error, fatal, bug or debug.
        message: The line.
        more: More words of it.

    Example:
        ns_log notice "the nightly run begins"
    """
    shell.log.log(_LEVELS[severity], "%s", " ".join(text(word) for word in (message, *more)))
    return ""


@command()
def ns_sleep(shell: Shell, time: Time) -> str:
    """Do nothing for a time.

    Arguments:
        time: How long.

    Example:
        ns_sleep 10ms
    """
    end = clock.monotonic() + time
    while (rest := end - clock.monotonic()) > 0:
        try:  # a job's interrupt is sent to code of nsjob only within a `try`
            clock.sleep(min(rest, _SLICE))
        finally:
            shell.interp.check()
    return ""


class Variables:
    """The variables of a script, for Python code: `tcl["x"]` reads and sets `x`, `tcl["a(b)"]` an array's element."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return python_value(self._shell.interp.get(name))

    def __setitem__(self, name: str, value: Any) -> None:
        self._shell.interp.set(name, tcl_value(value))

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._shell.interp.unset(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._shell.interp.exists(name)


@command()
def py(shell: Shell, script: Python) -> Any:
    """Run Python here, not in a job, and return its value.

    `pool` is the pool, `tcl` the shell's variables (`tcl["x"] = 5` sets x), and each variable is there under its own
    name, save where Python code has set a name itself. What the code sets stays for the next `py`.

    Arguments:
        script: The code.

    Example:
        set x 20
        py {x + 22}
    """
    snippet = compile_snippet(script)
    namespace = shell.namespace
    namespace.setdefault("__name__", "__nsjob__")
    namespace.setdefault("pool", shell.pool)
    namespace.setdefault("shell", shell)
    namespace["tcl"] = Variables(shell)
    lent: dict[str, Any] = {}
    for name in shell.interp.frame.names():
        if name.isidentifier() and name not in namespace and not isinstance(shell.interp.frame.array(name), dict):
            lent[name] = python_value(shell.interp.get(name))
    namespace.update(lent)
    try:
        value = snippet.run(namespace)
        if is_coroutine(value):
            import asyncio  # late: only who awaits pays for it

            value = asyncio.run(value)
    except (NsjobError, TclError, *_ENDS):
        raise
    except BaseException as error:
        snippet.show_lines()
        raise of_python(error) from error
    finally:
        for name, one in lent.items():
            if namespace.get(name) is one:
                del namespace[name]
    if isinstance(value, Ending):
        value = value.value
    return tcl_value(value)


@command()
def help_(shell: Shell, *topic: Words) -> str:
    """Tell what commands there are, or all about one.

    Arguments:
        topic: The command, or a subcommand of ns_job.

    Example:
        help wait
    """
    if not topic:
        return overview()
    return page(shell.interp, " ".join(as_text("", word) for word in topic))


@command()
def history(shell: Shell, count: Integer | None = None) -> str:
    """Return the lines that were entered at the prompt, the oldest first.

    Arguments:
        count: Only so many of the latest.

    Example:
        history 10
    """
    lines = shell.face.history()
    first = 0 if count is None else max(len(lines) - count, 0)
    width = len(str(len(lines)))
    return "\n".join(f"{place:>{width}}  {line}" for place, line in enumerate(lines[first:], first + 1))


@command()
def watch(shell: Shell, *words: Command, count: Integer = 0) -> str:
    """Run a command again and again, and show its result each time, until Ctrl-C.

    Arguments:
        words: First the pause between two turns where it is not 2s, then the command.
        count: End after so many turns; 0 for no end.

    Example:
        watch -count 2 10ms counts
    """
    interval, script = _interval_and_script(list(words))
    turn = 0
    while True:
        shell.face.redraw(text(script), shell.interp.eval_body(script))
        turn += 1
        if turn == count:
            return ""
        ns_sleep(shell, interval)


def _interval_and_script(words: list[Any]) -> tuple[float, Any]:
    interval = 2.0
    if len(words) > 1:
        try:
            interval = seconds(words[0] if isinstance(words[0], int | float) else text(words[0]))
            words = words[1:]
        except OptionError:
            pass
    if not words:
        raise GENERAL["watch"].wrong_args()
    return interval, words[0] if len(words) == 1 else words
