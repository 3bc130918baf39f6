"""Outcomes: completion codes, return options, and what `catch` makes of how a script ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nsjob.tcl.errors import ERROR, OK, RETURN, Signal, TclError
from nsjob.tcl.values import SPACE, TclDict, elements, mapping, parse_number, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = [
    "CODES",
    "caught",
    "completion_code",
    "joined",
    "options_of_error",
    "options_of_signal",
    "return_options",
    "set_during",
]

CODES = {"ok": 0, "error": 1, "return": 2, "break": 3, "continue": 4}


def completion_code(given: Any) -> int:
    """Return a completion code by its name or number.

    Raises:
        TclError: bad completion code.
    """
    shown = text(given)
    if shown in CODES:
        return CODES[shown]
    found = parse_number(shown)
    if type(found) is int and -(1 << 31) <= found < 1 << 32:
        return found
    raise TclError(
        f'bad completion code "{shown}": must be ok, error, return, break, continue, or an integer',
        "TCL", "RESULT", "ILLEGAL_CODE",
    )  # fmt: skip


def return_options(given: list[Any]) -> tuple[int, int, dict[str, Any]]:
    """Read the options of `return`: the code, the level, and all others.

    Raises:
        TclError: one of them is no code, level, list or dict.
    """
    options: dict[str, Any] = {}
    for name, value in zip(given[::2], given[1::2], strict=True):
        shown = text(name)
        if shown == "-options":
            try:
                more = mapping(value)
            except TclError:
                raise TclError(f'expected dict but got "{text(value)}"', "TCL", "RESULT", "ILLEGAL_OPTIONS") from None
            options.update(more)
        else:
            options[shown] = value
    code = completion_code(options.pop("-code", OK))
    level_given = options.pop("-level", 1)
    level = parse_number(text(level_given))
    if type(level) is not int or level < 0:
        raise TclError(
            f'bad -level value: expected non-negative integer but got "{text(level_given)}"',
            "TCL",
            "RESULT",
            "ILLEGAL_LEVEL",
        )
    if "-errorcode" in options:
        try:
            elements(options["-errorcode"])
        except TclError:
            raise TclError(
                f'bad -errorcode value: expected a list but got "{text(options["-errorcode"])}"',
                "TCL", "RESULT", "ILLEGAL_ERRORCODE",
            ) from None  # fmt: skip
    return code, level, options


def options_of_error(error: TclError) -> TclDict:
    """The return options of an error, as `catch` stores them: in Tcl's order, those that a script gave come first."""
    code = error.code
    found = TclDict(error.options)
    found["-code"] = ERROR
    found["-level"] = 0
    found["-errorcode"] = list(code) if len(code) != 1 else code[0]
    found["-errorinfo"] = error.info
    found["-errorline"] = error.line
    return found


def options_of_signal(signal: Signal) -> TclDict:
    """The return options of another completion code."""
    if signal.code == RETURN:
        found = TclDict({**signal.options, "-code": signal.after, "-level": signal.level})
        if signal.after == ERROR:
            found.setdefault("-errorcode", "NONE")
            if "-errorinfo" in found:
                found["-errorline"] = 1
        return found
    return TclDict({**signal.options, "-code": signal.code, "-level": 0})


def set_during(error: TclError, options: TclDict) -> None:
    """Let an error's options tell during what it happened: the options of what was handled then."""
    found = options_of_error(error)
    del found["-code"], found["-level"]
    error.options = {**found, "-during": options}


def caught(interp: Interp, run: Callable[[], Any], names: list[Any]) -> int:
    """Run something and return its completion code; its result and options go to the variables, where there are any."""
    code: int = OK
    value: Any
    options = _SUCCESS
    interp.kept = {}
    try:
        value = run()
        if interp.kept:
            options = TclDict({**interp.kept, **_SUCCESS})
    except TclError as error:
        interp.remember(error)
        code, value = ERROR, error.result
        if len(names) > 1:
            options = options_of_error(error)
    except Signal as signal:
        code, value = signal.code, signal.value
        if len(names) > 1:
            options = options_of_signal(signal)
    except RecursionError:
        code, value = ERROR, "too many nested evaluations (infinite loop?)"
        options = TclDict({"-code": 1, "-level": 0, "-errorcode": ["TCL", "LIMIT", "STACK"]})
    if names:
        interp.set(names[0], value)
    if len(names) > 1:
        interp.set(names[1], options)
    return code


_SUCCESS = TclDict({"-code": 0, "-level": 0})


def joined(words: list[Any]) -> str:
    """Several words put together to one script, as `concat` does it."""
    return " ".join([shown for word in words if (shown := _trimmed(text(word)))])


def _trimmed(word: str) -> str:
    """A word without the white space around it, save one after a backslash."""
    shown = word.strip(SPACE)
    backslashes = len(shown) - len(shown.rstrip("\\"))
    if backslashes % 2 and len(word.rstrip(SPACE)) < len(word):
        shown += word[len(word.rstrip(SPACE))]
    return shown
