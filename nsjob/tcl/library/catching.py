"""Catching: `catch`, `try`, and `switch`, whose scripts Tcl compiles in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.compile import cut
from nsjob.tcl.errors import ERROR, OK, Signal, TclError
from nsjob.tcl.frames import Inlined
from nsjob.tcl.library.control import note
from nsjob.tcl.outcomes import caught, completion_code, options_of_error, options_of_signal, set_during
from nsjob.tcl.patterns import glob_match, regular
from nsjob.tcl.values import TclDict, elements, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

FAMILY = Family("Catching and choosing")


@FAMILY.command("catch", "script ?resultVarName? ?optionVarName?", 1, 3)
def catch(interp: Interp, arguments: list[Any]) -> int:
    """Evaluate a script and return its completion code: 0 ok, 1 error, 2 return, 3 break, 4 continue, or its own."""
    return caught(interp, lambda: interp.eval_body(arguments[0]), arguments[1:])


@dataclass(slots=True)
class _Handler:
    """One clause of `try`: what it handles, where result and options go, and its script."""

    kind: str
    code: int
    prefix: list[str]
    names: list[Any]
    script: Any


@FAMILY.command("try", "body ?handler ...? ?finally script?", 1, -1)
def try_(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate a script, then the first handler that fits how it ended (on code, trap errorcode), then `finally`."""
    return _tried(interp, arguments, True)


def try_woven(interp: Interp, arguments: list[Any]) -> Any:
    """The same, for a `try` in a procedure: Tcl compiles it in, so that the stack trace does not show its scripts."""
    return _tried(interp, arguments, False)


def _tried(interp: Interp, arguments: list[Any], shown: bool) -> Any:
    handlers, last = _handlers(arguments[1:])
    outcome = _outcome(interp, arguments[0], '"try" body line %d' if shown else "")
    chosen = next((at for at, handler in enumerate(handlers) if _fits(handler, outcome)), None)
    if chosen is not None:
        handler = handlers[chosen]
        while text(handlers[chosen].script) == "-":
            chosen += 1
        outcome = _handled(interp, handler, handlers[chosen].script, outcome, shown)
    if last is not None:
        final = _outcome(interp, last, '"try ... finally" body line %d' if shown else "")
        if final.failure is not None:
            if isinstance(final.failure, TclError):
                set_during(final.failure, outcome.options())
            outcome = final
    if outcome.failure is not None:
        if isinstance(outcome.failure, TclError):
            outcome.failure.logged = True
        raise outcome.failure
    return outcome.value


@dataclass(slots=True)
class _Outcome:
    """How a script ended."""

    value: Any
    failure: TclError | Signal | None = None

    def options(self) -> TclDict:
        """The return options of it."""
        if isinstance(self.failure, TclError):
            return options_of_error(self.failure)
        return options_of_signal(self.failure) if self.failure else TclDict({"-code": 0, "-level": 0})


def _outcome(interp: Interp, script: Any, what: str) -> _Outcome:
    try:
        return _Outcome(interp.eval_body(script))
    except TclError as error:
        if what:
            error.add(f"\n    ({what % error.line})")
        interp.remember(error)
        return _Outcome(error.result, error)
    except Signal as signal:
        return _Outcome(signal.value, signal)


def _handlers(words: list[Any]) -> tuple[list[_Handler], Any]:
    handlers: list[_Handler] = []
    at = 0
    while at < len(words):
        kind = choose(text(words[at]), ["finally", "on", "trap"], "handler type")
        rest = words[at + 1 :]
        if kind == "finally":
            if not rest:
                raise TclError('wrong # args to finally clause: must be "... finally script"',
                               "TCL", "OPERATION", "TRY", "FINALLY", "ARGUMENT")  # fmt: skip
            if len(rest) > 1:
                raise TclError("finally clause must be last", "TCL", "OPERATION", "TRY", "FINALLY", "NONTERMINAL")
            if handlers and text(handlers[-1].script) == "-":
                raise TclError('last non-finally clause must not have a body of "-"',
                               "TCL", "OPERATION", "TRY", "BADFALLTHROUGH")  # fmt: skip
            return handlers, rest[0]
        if len(rest) < 3:
            argument = "code" if kind == "on" else "pattern"
            raise TclError(f'wrong # args to {kind} clause: must be "... {kind} {argument} variableList script"',
                           "TCL", "OPERATION", "TRY", kind.upper(), "ARGUMENT")  # fmt: skip
        code = completion_code(rest[0]) if kind == "on" else ERROR
        prefix = _prefix(rest[0]) if kind == "trap" else []
        names = elements(rest[1])
        handlers.append(_Handler(kind, code, prefix, names, rest[2]))
        at += 4
    if handlers and text(handlers[-1].script) == "-":
        raise TclError(
            'last non-finally clause must not have a body of "-"', "TCL", "OPERATION", "TRY", "BADFALLTHROUGH"
        )
    return handlers, None


def _prefix(given: Any) -> list[str]:
    try:
        return [text(part) for part in elements(given)]
    except TclError:
        message = f"bad prefix '{text(given)}': must be a list"
        raise TclError(message, "TCL", "OPERATION", "TRY", "TRAP", "EXNFORMAT") from None


def _fits(handler: _Handler, outcome: _Outcome) -> bool:
    failure = outcome.failure
    code = OK if failure is None else ERROR if isinstance(failure, TclError) else failure.code
    if code != handler.code:
        return False
    if handler.kind == "trap":
        assert isinstance(failure, TclError)
        return [text(part) for part in failure.code[: len(handler.prefix)]] == handler.prefix
    return True


def _handled(interp: Interp, handler: _Handler, script: Any, outcome: _Outcome, shown: bool) -> _Outcome:
    try:
        if handler.names:
            interp.set(handler.names[0], outcome.value)
        if len(handler.names) > 1:
            interp.set(handler.names[1], outcome.options())
    except TclError as error:
        set_during(error, outcome.options())
        return _Outcome(error.result, error)
    ended = _outcome(interp, script, f'"try ... {handler.kind}" handler line %d' if shown else "")
    if isinstance(ended.failure, TclError):
        set_during(ended.failure, outcome.options())
    return ended


_SWITCH = "?-option ...? string ?pattern body ...? ?default body?"
_SWITCH_OPTIONS = ["-exact", "-glob", "-indexvar", "-matchvar", "-nocase", "-regexp", "--"]


@FAMILY.command("switch", _SWITCH, 0, -1)
def switch(interp: Interp, arguments: list[Any]) -> Any:
    """Evaluate the script beside the first pattern that a string fits (-exact, -glob, -regexp), or the default one."""
    mode, nocase, variables, at = _switch_options(arguments)
    if len(arguments) - at < 2:
        raise wrong_args("switch", _SWITCH)
    string, words = arguments[at], arguments[at + 1 :]
    listed = len(words) == 1
    if listed:
        words = _listed_arms(words[0])
        if not words:
            raise wrong_args("switch", "?-option ...? string {?pattern body ...? ?default body?}")
    if len(words) % 2:
        comment = listed and any(text(word).startswith("#") for word in words[::2])
        if comment:
            raise TclError(
                "extra switch pattern with no body, this may be due to a comment incorrectly placed outside of a "
                'switch body - see the "switch" documentation', "TCL", "OPERATION", "SWITCH", "BADARM", "COMMENT?",
            )  # fmt: skip
        raise TclError("extra switch pattern with no body", "TCL", "OPERATION", "SWITCH", "BADARM")
    if words[-1] == "-":
        raise TclError(f'no body specified for pattern "{text(words[-2])}"',
                       "TCL", "OPERATION", "SWITCH", "BADARM", "FALLTHROUGH")  # fmt: skip
    shown = text(string)
    for place in range(0, len(words), 2):
        if _arm_fits(interp, mode, nocase, variables, shown, text(words[place]), place == len(words) - 2):
            return _arm(interp, words, place, arguments[-1], listed)
    return ""


def _listed_arms(given: Any) -> list[Any]:
    """Patterns and scripts of a list; that of a procedure is read once."""
    if type(given) is not Inlined:
        return elements(given)
    if given.arms is None:
        arms = elements(text(given))
        given.arms = [Inlined(text(arm)) if at % 2 else arm for at, arm in enumerate(arms)]
    return given.arms


def _switch_options(arguments: list[Any]) -> tuple[str, bool, dict[str, Any], int]:
    mode = ""
    nocase = False
    variables: dict[str, Any] = {}
    at = 0
    while at < len(arguments) - 1 and text(arguments[at]).startswith("-"):
        if len(arguments) - at == 2:
            break
        option = choose(text(arguments[at]), _SWITCH_OPTIONS, "option")
        at += 1
        if option == "--":
            break
        if option == "-nocase":
            nocase = True
        elif option in ("-indexvar", "-matchvar"):
            if at >= len(arguments) - 2:
                raise TclError(f"missing variable name argument to {option} option",
                               "TCL", "OPERATION", "SWITCH", "NOVAR")  # fmt: skip
            variables[option] = arguments[at]
            at += 1
        else:
            if mode:
                raise TclError(f'bad option "{option}": {mode} option already found',
                               "TCL", "OPERATION", "SWITCH", "DOUBLEOPT")  # fmt: skip
            mode = option
    if variables and mode != "-regexp":
        first = "-indexvar" if "-indexvar" in variables else "-matchvar"
        raise TclError(f"{first} option requires -regexp option", "TCL", "OPERATION", "SWITCH", "MODERESTRICTION")
    return mode, nocase, variables, at


def _arm_fits(
    interp: Interp, mode: str, nocase: bool, variables: dict[str, Any], shown: str, pattern: str, last: bool
) -> bool:
    if last and pattern == "default":
        for name in variables.values():
            interp.set(name, [])
        return True
    if mode == "-glob":
        return glob_match(pattern, shown, nocase)
    if mode != "-regexp":
        return pattern.lower() == shown.lower() if nocase else pattern == shown
    compiled = regular(pattern, nocase=nocase)
    found = compiled.search(shown)
    if found is None:
        return False
    groups = range(compiled.groups + 1)
    if "-matchvar" in variables:
        interp.set(variables["-matchvar"], [found.group(group) or "" for group in groups])
    if "-indexvar" in variables:
        spans = [found.span(group) for group in groups]
        interp.set(variables["-indexvar"], [[first, last - 1 if first >= 0 else -1] for first, last in spans])
    return True


def _arm(interp: Interp, words: list[Any], place: int, given: Any, listed: bool) -> Any:
    pattern = text(words[place])
    while words[place + 1] == "-":
        place += 2
    try:
        return interp.eval_body(words[place + 1])
    except TclError as error:
        failed = interp.failed
        if listed and failed is not None:  # an arm of the same text may stand before it
            whole = text(given)
            line = failed[3] + whole.count("\n", 0, _offset(whole, failed[2], place + 1))
            interp.failed = (error, failed[1], whole, line)
        note(error, f'"{cut(pattern, 50)}" arm line {error.line}')
        raise


def _offset(whole: str, element: str, place: int) -> int:
    """Where in a list's text its element of that number begins; 0 where it is written differently."""
    at = whole.find(element)
    while at >= 0:
        before = whole[: at - 1] if whole[at - 1 : at] in ("{", '"') else whole[:at]
        try:
            if len(elements(before)) == place:
                return at
        except TclError:
            pass
        at = whole.find(element, at + 1)
    return 0
