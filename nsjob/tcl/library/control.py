"""Control: decisions, loops, and what ends them."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING, Any, NoReturn

from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.compile import BREAKING
from nsjob.tcl.errors import BREAK, CONTINUE, ERROR, OK, RETURN, Signal, TclError, TclExit
from nsjob.tcl.frames import Frame, split_name
from nsjob.tcl.outcomes import joined, return_options
from nsjob.tcl.values import elements, integer, text
from nsjob.tcl.weaving import loop_columns, looping

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

FAMILY = Family("Control")


def note(error: TclError, what: str) -> None:
    """Enter a body, which failed, in the stack trace."""
    error.add(f"\n    ({what})")
    error.logged = False


@FAMILY.command("if", "expr1 ?then? body1 elseif expr2 ?then? body2 elseif ... ?else? ?bodyN?", 0, -1)
def if_(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate the first body whose condition is true, or else the last one."""
    size = len(arguments)
    chosen = -1  # the body to evaluate; what follows it is only looked at
    at = 0
    clause = "if"
    while True:
        if at >= size:
            raise TclError(f'wrong # args: no expression after "{clause}" argument', "TCL", "WRONGARGS")
        true = chosen < 0 and interp.test(arguments[at])
        at += 1
        if at >= size:
            raise _no_script(arguments[at - 1])
        if text(arguments[at]) == "then":
            at += 1
            if at >= size:
                raise _no_script("then")
        if true:
            chosen = at
        at += 1
        if at >= size:
            break
        word = text(arguments[at])
        if word == "elseif":
            clause = word
            at += 1
            continue
        if word == "else":
            at += 1
            if at >= size:
                raise _no_script("else")
        if at < size - 1:
            raise TclError('wrong # args: extra words after "else" clause in "if" command', "TCL", "WRONGARGS")
        chosen = at if chosen < 0 else chosen
        break
    return interp.eval_body(arguments[chosen]) if chosen >= 0 else ""


def _no_script(word: Any) -> TclError:
    return TclError(f'wrong # args: no script following "{text(word)}" argument', "TCL", "WRONGARGS")


@FAMILY.command("while", "test command", 2)
def while_(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a body as long as a condition is true."""
    return _loop(interp, arguments[0], arguments[1], "while", None)


def _loop(interp: Interp, test: Any, body: Any, what: str, following: Any) -> Any:
    def own(error: TclError) -> None:
        """The condition is the command's own."""
        error.logged = False

    run = looping(
        interp.test_code(test),
        interp.loop_code(text(body)),
        None if following is None else interp.body_code(text(following)),
        own,
        lambda error: note(error, f'"{what}" body line {error.line}'),
        lambda error: note(error, f'"{what}" loop-end command'),
    )
    return run(interp.frame)


@FAMILY.command("for", "start test next command", 4)
def for_(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a first script, then a body as long as a condition is true, each time followed by another script."""
    start, test, following, body = arguments
    try:
        interp.eval_body(start)
    except TclError as error:
        note(error, '"for" initial command')
        raise
    return _loop(interp, test, body, "for", following)


@FAMILY.command("foreach", "varList list ?varList list ...? command", 3, -1)
def foreach(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a body for each element of a list, or for several at a time, or of several lists."""
    if len(arguments) == 3:
        names = elements(arguments[0])
        if len(names) == 1:
            return _plain_foreach(interp, text(names[0]), elements(arguments[1]), text(arguments[2]))
    for _ in _turns(interp, arguments, "foreach"):
        pass
    return ""


def _plain_foreach(interp: Interp, name: str, items: list[Any], body: str) -> Any:
    run = interp.loop_code(body)
    frame = interp.frame
    base, key = split_name(name)
    stopping = interp.stopping
    known = frame.vars if key is None and "::" not in base and base not in frame.others else None
    for item in items:
        if known is not None:
            known[base] = item
        else:
            _set_loop_variable(frame, base, key, item, "foreach")
        try:
            result = run(frame)
            if result is BREAKING:
                break
            result = None  # nothing may hold what the body made while it runs again
        except Signal as signal:
            if signal.code == BREAK:
                break
            if signal.code != CONTINUE:
                raise
        except TclError as error:
            note(error, f'"foreach" body line {error.line}')
            raise
        if stopping:
            interp.check()
    return ""


def _set_loop_variable(frame: Frame, base: str, key: str | None, item: Any, what: str) -> None:
    if key is None and base not in frame.others and "::" not in base:
        frame.vars[base] = item
        return
    try:
        frame.set(base, key, item)
    except TclError as error:
        name = base if key is None else f"{base}({key})"
        error.add(f'\n    (setting {what} loop variable "{name}")')
        raise


@FAMILY.command("lmap", "varList list ?varList list ...? command", 3, -1)
def lmap(interp: Interp, arguments: list[Any]) -> Any:
    """Like foreach; the result is the list of what the body returned each time."""
    return list(_turns(interp, arguments, "lmap"))


def _turns(interp: Interp, arguments: list[Any], what: str) -> Any:
    if len(arguments) % 2 == 0:
        raise wrong_args(what, "varList list ?varList list ...? command")
    groups = []
    lists = []
    for given, values in zip(arguments[:-1:2], arguments[1::2], strict=True):
        groups.append([text(name) for name in elements(given)])
        if not groups[-1]:
            raise TclError(f"{what} varlist is empty", "TCL", "OPERATION", what.upper(), "NEEDVARS")
        lists.append(elements(values))
    columns = loop_columns(groups, lists)
    body = arguments[-1]
    for turn in range(len(columns[0][1])):
        for name, column in columns:
            base, key = split_name(name)
            _set_loop_variable(interp.frame, base, key, column[turn], what)
        try:
            result = interp.eval_body(body)
        except Signal as signal:
            if signal.code == BREAK:
                return
            if signal.code != CONTINUE:
                raise
        except TclError as error:
            note(error, f'"{what}" body line {error.line}')
            raise
        else:
            yield result
        interp.check()


@FAMILY.command("break")
def break_(interp: Interp, arguments: list[Any]) -> NoReturn:
    """End the loop."""
    raise Signal(BREAK)


@FAMILY.command("continue")
def continue_(interp: Interp, arguments: list[Any]) -> NoReturn:
    """Go on with the loop's next turn."""
    raise Signal(CONTINUE)


@FAMILY.command("return", "?-option value ...? ?result?", 0, -1)
def return_(interp: Interp, arguments: list[Any]) -> Any:
    """Return from a procedure, with a result, or with another completion code (-code, -level, -errorcode, ...)."""
    count = len(arguments)
    value = arguments[-1] if count % 2 else ""
    code, level, options = return_options(arguments[: count - count % 2])
    if level == 0:
        if code == OK:
            return value
        if code == ERROR:
            raise interp.error_of(Signal(RETURN, value, ERROR, 1, options))
        raise Signal(code, value, level=0, options=options)
    if code == RETURN:
        code, level = OK, level + 1
    raise Signal(RETURN, value, code, level, options)


@FAMILY.command("error", "message ?errorInfo? ?errorCode?", 1, 3)
def error_(interp: Interp, arguments: list[Any]) -> NoReturn:
    """Raise an error, with a stack trace and an error code where they are given."""
    info = text(arguments[1]) if len(arguments) > 1 else ""
    error = TclError(arguments[0], info=info or None)
    error.options = dict(zip(("-errorinfo", "-errorcode"), arguments[1:], strict=False))
    if len(arguments) > 2:
        error.code = tuple(elements(arguments[2]))
    raise error


@FAMILY.command("throw", "type message", 2)
def throw(interp: Interp, arguments: list[Any]) -> NoReturn:
    """Raise an error with that error code."""
    code = elements(arguments[0])
    if not code:
        raise TclError("type must be non-empty list", "TCL", "OPERATION", "THROW", "BADEXCEPTION")
    error = TclError(arguments[1], *code)
    error.options["-errorcode"] = arguments[0]
    raise error


@FAMILY.command("exit", "?returnCode?", 0, 1)
def exit_(interp: Interp, arguments: list[Any]) -> NoReturn:
    """End the program, with an exit code (0 unless it is given): raises TclExit, a SystemExit."""
    raise TclExit(integer(arguments[0]) if arguments else 0)


@FAMILY.command("eval", "arg ?arg ...?", 1, -1)
def eval_(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a script, or what several words make together."""
    try:
        return interp.eval_body(arguments[0] if len(arguments) == 1 else joined(arguments))
    except TclError as error:
        note(error, f'"eval" body line {error.line}')
        raise


@FAMILY.command("time", "command ?count?", 1, 2)
def time(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a script, or do so several times, and tell how long that took: `12.5 microseconds per iteration`."""
    count = integer(arguments[1]) if len(arguments) > 1 else 1
    begun = clock.perf_counter_ns()
    for _ in range(count):
        interp.eval_body(arguments[0])
        interp.check()
    if count <= 0:
        return "0 microseconds per iteration"
    spent = (clock.perf_counter_ns() - begun) / 1000
    shown = f"{spent:.0f}" if count == 1 else f"{spent / count:g}"
    return f"{shown} microseconds per iteration"


@FAMILY.command("after", "option ?arg ...?", 1, -1)
def after(interp: Interp, arguments: list[Any]) -> Any:
    """Pause for that many milliseconds. There is no event loop, so nothing can be put off to later."""
    shown = text(arguments[0])
    try:
        pause = integer(arguments[0])
    except TclError:
        given = choose_after(shown)
        raise TclError(f"after {given} is not offered: there is no event loop", "TCL", "UNSUPPORTED") from None
    if len(arguments) > 1:
        raise TclError("after with a script is not offered: there is no event loop", "TCL", "UNSUPPORTED")
    until = clock.monotonic() + max(pause, 0) / 1000
    while (left := until - clock.monotonic()) > 0:
        try:  # a job's interrupt is sent to this code only within a `try`
            clock.sleep(min(left, 0.05))
        finally:
            interp.check()
    return ""


def choose_after(given: str) -> str:
    """The option of `after` that a word is; it must be one."""
    try:
        return choose(given, ["cancel", "idle", "info"], "argument")
    except TclError:
        raise TclError(
            f'bad argument "{given}": must be cancel, idle, info, or an integer',
            "TCL",
            "LOOKUP",
            "INDEX",
            "argument",
            given,
        ) from None
