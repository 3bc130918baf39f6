"""Interp: commands, variables and procedures of one interpreter, and the evaluation of scripts in it.

One thread at a time may use an interpreter; `interrupt` may be called from any.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock, get_ident
from collections.abc import Callable
from typing import Any, cast

from nsjob.tcl import weaving  # noqa: F401  declares what is compiled in
from nsjob.tcl.bodies import WITH_BODIES
from nsjob.tcl.command import MANY, Command, wrong_args
from nsjob.tcl.compile import (
    DEEPEST,
    RETURNING,
    WEAVES,
    Code,
    compile_body,
    compile_direct,
    compile_expr,
    compile_inlined,
    compile_loop,
    compile_procedure,
    cut,
    too_deep,
)
from nsjob.tcl.errors import BREAK, CONTINUE, ERROR, OK, RETURN, Signal, TclError, TclInterrupted
from nsjob.tcl.frames import Frame, Inlined, LambdaName, TclArray, split_name
from nsjob.tcl.values import elements, list_text, parse_number, quoted, text

__all__ = ["Interp", "Procedure", "no_command"]

# How often Tcl and Python may call each other, one within the other. Python's C functions may lie in between (a sort's
# key that evaluates a script), which take the stack of the machine.
MOST_CROSSINGS = 200
_FRAMES = 14  # of Python's stack that one of them takes at most
_CACHED = 2000  # sources
_SHORT = 5_000_000  # signs of all cached sources together


class Procedure:
    """What `proc` defines, or the function of an `apply`.

    Attributes:
        name: for messages.
        parameters: names and defaults, None where there is none.
        body: its script.
        collects: whether the last parameter is `args`.
        exact: how many arguments it takes, where that is the whole question; else -1.
    """

    __slots__ = (
        "body",
        "code",
        "collects",
        "epoch",
        "exact",
        "first",
        "lambda_text",
        "name",
        "names",
        "parameters",
        "size",
    )

    def __init__(self, name: str, parameters: list[tuple[str, Any | None]], body: str, lambda_text: str | None) -> None:
        self.name = name
        self.parameters = parameters
        self.body = body
        self.lambda_text = lambda_text
        self.names = [name for name, _ in parameters]
        for place, repeated in enumerate(self.names):
            if repeated in self.names[:place]:
                self.names[place] = f"\0{place}"  # the first of that name is seen
        self.size = len(parameters)
        self.collects = bool(parameters) and parameters[-1][0] == "args"
        plain = not self.collects and all(default is None for _, default in parameters)
        self.exact = self.size if plain else -1
        self.first = self.names[0] if self.names else ""
        self.code: Code
        self.epoch: object = None

    def copied(self) -> Procedure:
        """The same for another interpreter."""
        return Procedure(self.name, self.parameters, self.body, self.lambda_text)

    def usage(self) -> str:
        """Its parameters, as `wrong # args` shows them."""
        shown = []
        for position, (name, default) in enumerate(self.parameters):
            if self.collects and position == self.size - 1:
                shown.append("?arg ...?")
            else:
                shown.append(f"?{name}?" if default is not None else quoted(name))
        return " ".join(shown)

    def bind(self, name: str, values: list[Any]) -> dict[str, Any]:
        """The variables that a call with these values begins with.

        Raises:
            TclError: wrong # args.
        """
        count = len(values)
        size = self.size - self.collects
        missing = any(default is None for _, default in self.parameters[count:size])
        if (count > size and not self.collects) or missing:
            raise wrong_args(name if type(name) is LambdaName else quoted(name), self.usage())
        bound = dict(zip(self.names[:size], values, strict=False))
        bound.update(self.parameters[count:size])
        if self.collects:
            bound["args"] = values[size:]
        return bound


class _Depth:
    """Python's recursion limit, raised while scripts run: Tcl allows 1,000 levels, each takes several of Python's."""

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.users = 0
        self.before = 0

    def enter(self) -> None:
        with self.lock:
            if not self.users:
                self.before = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self.before, DEEPEST * _FRAMES))
            self.users += 1

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                try:
                    sys.setrecursionlimit(self.before)
                except RecursionError:  # the caller itself is deeper by now
                    pass


_depth = _Depth()
_codes: dict[tuple[str, str], Any] = {}
_kept = 0


def _cached(kind: str, source: str, compiling: Callable[[str], Any]) -> Any:
    """Code by source; the cache is emptied where it has grown too large."""
    global _kept
    code = _codes.get((kind, source))
    if code is None:
        code = compiling(source)
        _kept += len(source)
        if len(_codes) >= _CACHED or _kept > _SHORT:
            _codes.clear()
            _kept = len(source)
        _codes[kind, source] = code
    return code


class Interp:
    """A Tcl interpreter.

    Attributes:
        commands: by name, without a leading `::`.
        globals: the global frame.
        frame: that of the script that runs.
        extras: what families of commands keep: channels, a random generator, ...
        redefined: the names of compiled-in commands that were redefined.
    """

    def __init__(self) -> None:
        from nsjob.tcl.library import COMMANDS, prepare

        self.commands: dict[str, Command] = dict(COMMANDS)
        self.extras: dict[str, Any] = {}
        self.redefined: set[str] = set()
        self.epoch: object = object()
        self.globals = Frame()
        self.globals.interp = self
        self.globals.vars = {}
        self.frame = self.globals
        self.stopping: list[bool] = []  # not empty: stop. A list, so that loops can hold it in a local name
        self.failed: tuple[TclError, int, str, int] | None = None
        self.scripts: list[str] = []  # files that are being read
        self.evaluations = 0
        self.thread = 0  # the one that uses it, while there are evaluations
        self.crossings = 0  # Python callables that run one within the other
        self.kept: dict[str, Any] = {}  # return options of the procedure that returned last, for `catch`
        prepare(self)

    def offspring(self) -> Interp:
        """A fresh interpreter with the procedures and plain global variables of this one, as they are now."""
        made = Interp()
        for name, command in list(self.commands.items()):
            if command.procedure is not None:
                copied = Command(name, command.usage, command.run, command.least, command.most, command.doc)
                copied.procedure = command.procedure.copied()
                made.commands[name] = copied
        made.redefined = {name for name in self.redefined if name in made.commands and made.commands[name].procedure}
        made.globals.vars.update(self.globals.vars)
        for name, other in list(self.globals.others.items()):
            if type(other) is TclArray:  # not `env`, which is everybody's
                array = made.globals.add_array(name)
                array.update(other)
        return made

    # -- for embedders -------------------------------------------------------------------------------------------

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Make a Python callable a command.

        Arguments:
            name: the command's name.
            function: called with the interpreter and the values of the words; what it returns is the result. What it
                raises becomes an error with the code `PYTHON ClassName`, and the exception as its `__cause__`.
        """

        def run(interp: Interp, values: list[Any]) -> Any:
            interp.crossings += 1
            try:
                if interp.crossings > MOST_CROSSINGS:
                    raise too_deep()
                return function(interp, *values)
            except (TclError, Signal, RecursionError):
                raise
            except Exception as error:
                raise _from_python(error, name) from error
            finally:
                interp.crossings -= 1

        self.define(Command(name.removeprefix("::"), "?arg ...?", run, 0, MANY, (function.__doc__ or "").strip()))

    def eval(self, script: str, /, **variables: Any) -> Any:
        """Evaluate a script at the global level, and return its result.

        Arguments:
            variables: global variables that are set before.

        Raises:
            TclError: the script failed.
            TclInterrupted: it was stopped.
        """
        for name, value in variables.items():
            self.globals.set(name, None, value)
        before, self.frame = self.frame, self.globals
        try:
            return self.run(_cached("direct", script, compile_direct))
        finally:
            self.frame = before

    def run(self, code: Code) -> Any:
        """Run code in the present frame, for a caller from Python: what comes out is a result or an error."""
        outermost = self.evaluations == 0
        if not outermost and self.thread != get_ident():
            raise RuntimeError("another thread uses this interpreter: make one for each thread")
        if self.evaluations > MOST_CROSSINGS:
            raise too_deep()
        if outermost:
            _depth.enter()
            self.thread = get_ident()
            self.stopping.clear()
        self.evaluations += 1
        try:
            return code(self.frame)
        except Signal as signal:
            try:
                return self.outcome(signal)
            except TclError as error:
                if signal.note is not None:
                    signal.note(error)
                self.remember(error)
                raise
        except TclError as error:
            error.logged = False
            self.remember(error)
            raise
        except RecursionError:
            raise too_deep() from None
        finally:
            self.evaluations -= 1
            if outermost:
                _depth.leave()

    def outcome(self, signal: Signal) -> Any:
        """What a completion code means at the outermost level."""
        if signal.code == RETURN:
            if signal.level > 1:
                raise TclError(f"command returned bad code: {RETURN}", "TCL", "UNEXPECTED_RESULT_CODE", RETURN)
            if signal.after == OK:
                return signal.value
            if signal.after == ERROR:
                raise self.error_of(signal)
            signal = Signal(signal.after, signal.value)
        if signal.code == BREAK:
            raise TclError('invoked "break" outside of a loop', "TCL", "UNEXPECTED_RESULT_CODE", BREAK)
        if signal.code == CONTINUE:
            raise TclError('invoked "continue" outside of a loop', "TCL", "UNEXPECTED_RESULT_CODE", CONTINUE)
        raise TclError(f"command returned bad code: {signal.code}", "TCL", "UNEXPECTED_RESULT_CODE", signal.code)

    def interrupt(self) -> None:
        """Stop the script that runs, from any thread: it ends with TclInterrupted at its next loop's turn or call."""
        self.stopping.append(True)

    def check(self) -> None:
        """Stop where `interrupt` was called.

        Raises:
            TclInterrupted: it was.
        """
        if self.stopping:
            self.stopping.clear()
            raise TclInterrupted("the script was interrupted")

    # -- variables -----------------------------------------------------------------------------------------------

    def get(self, name: Any) -> Any:
        """Return the value of a variable of the present frame; the name may be that of an array's element."""
        return self.frame.get(*split_name(text(name)))

    def set(self, name: Any, value: Any) -> Any:
        """Give a variable of the present frame a value, and return it."""
        return self.frame.set(*split_name(text(name)), value)

    def unset(self, name: Any) -> None:
        """Remove a variable of the present frame."""
        self.frame.unset(*split_name(text(name)))

    def exists(self, name: Any) -> bool:
        """Whether a variable of the present frame has a value."""
        return self.frame.exists(*split_name(text(name)))

    # -- commands ------------------------------------------------------------------------------------------------

    def define(self, command: Command) -> None:
        """Add a command, or replace one."""
        if command.name in WEAVES or command.name in WITH_BODIES:
            self.redefined.add(command.name)
            self.epoch = object()
        self.commands[command.name] = command

    def rename(self, old: str, new: str) -> None:
        """Give a command another name; none: it is deleted."""
        command = self.commands.pop(old)
        if old in WEAVES or old in WITH_BODIES:
            self.redefined.add(old)
            self.epoch = object()
        if new:
            made = Command(new, command.usage, command.run, command.least, command.most, command.doc)
            made.subcommands = command.subcommands
            made.procedure = command.procedure
            if made.procedure is None:
                made.name = command.name  # messages speak of the original
            if new in WEAVES or new in WITH_BODIES:
                self.redefined.add(new)
            self.commands[new] = made

    def call(self, words: list[Any]) -> Any:
        """Call a command with ready values.

        Raises:
            TclError: invalid command name, wrong # args, or its own.
        """
        name = text(words[0])
        command = self.commands.get(name.lstrip(":") if name.startswith("::") else name)
        if command is None:
            return self.call_unknown(words)
        if command.procedure is not None:
            return self.call_procedure(command.procedure, name, words[1:])
        return command.call(self, words[1:])

    def call_unknown(self, words: list[Any]) -> Any:
        """Call `unknown` with the words of a command that is not there."""
        handler = self.commands.get("unknown")
        if handler is None:
            raise no_command(text(words[0]))
        if handler.procedure is not None:
            return self.call_procedure(handler.procedure, "::unknown", words)
        return handler.call(self, words)

    def call_procedure(self, procedure: Procedure, name: str, values: list[Any]) -> Any:
        """Call a procedure in a frame of its own."""
        caller = self.frame
        frame = Frame()
        if len(values) == procedure.exact:
            frame.vars = dict(zip(procedure.names, values, strict=False))
        else:
            frame.vars = procedure.bind(name, values)
        if procedure.epoch is not self.epoch:
            self.prepare(procedure)
        frame.interp = self
        frame.caller = caller
        frame.called = name
        frame.values = values
        frame.depth = depth = caller.depth + 1
        if depth > DEEPEST:
            raise too_deep()
        self.frame = frame
        try:
            if self.stopping:
                self.check()
            result = procedure.code(frame)
            return frame.result if result is RETURNING else result
        except Signal as signal:
            return self.returned(signal, procedure, name)
        except TclError as error:
            self.note_procedure(error, procedure, name)
            raise
        except RecursionError:
            failure = too_deep()
            self.note_procedure(failure, procedure, name)
            raise failure from None
        finally:
            self.frame = caller

    def prepare(self, procedure: Procedure) -> None:
        """Compile a procedure's body, for the commands as they are now."""
        procedure.code = self.procedure_code(procedure.body)
        procedure.epoch = self.epoch

    def note_procedure(self, error: TclError, procedure: Procedure, name: str) -> None:
        """Enter a procedure in the stack trace."""
        if procedure.lambda_text is not None:
            shown = cut(procedure.lambda_text, 60)
            error.add(f'\n    (lambda term "{shown}" line {error.line})')
        else:
            error.add(f'\n    (procedure "{cut(name, 60)}" line {error.line})')
        error.logged = False

    def returned(self, signal: Signal, procedure: Procedure, name: str) -> Any:
        """What becomes of a completion code that leaves a procedure."""
        if signal.code == RETURN:
            if signal.level > 1:
                raise Signal(RETURN, signal.value, signal.after, signal.level - 1, signal.options)
            if signal.after == OK:
                self.kept = signal.options
                return signal.value
            if signal.after == ERROR:
                error = self.error_of(signal)
                error.logged = False
                raise error
            raise Signal(signal.after, signal.value, options=signal.options)
        if signal.code in (BREAK, CONTINUE):
            word = "break" if signal.code == BREAK else "continue"
            error = TclError(f'invoked "{word}" outside of a loop', "TCL", "RESULT", "UNEXPECTED")
            error.line = 1
            self.note_procedure(error, procedure, name)
            raise error
        raise signal

    def error_of(self, signal: Signal) -> TclError:
        """The error that a `return -code error` makes."""
        options = signal.options
        info = options.get("-errorinfo")
        error = TclError(signal.value, info=None if info is None else text(info))
        if "-errorcode" in options:
            error.code = tuple(elements(options["-errorcode"]))
        error.options = options
        line = parse_number(text(options.get("-errorline", "")))
        if type(line) is int:
            error.line = line
        error.logged = info is not None
        return error

    def procedure_code(self, body: str) -> Code:
        """Code for a procedure's body."""
        if self.redefined:
            return compile_procedure(body, woven=False)
        return cast(Code, _cached("procedure", body, compile_procedure))

    # -- scripts and expressions ---------------------------------------------------------------------------------

    def body_code(self, source: str) -> Code:
        """Code for a script that a command evaluates."""
        if self.redefined:
            return compile_body(source, woven=False)
        return cast(Code, _cached("body", source, compile_body))

    def loop_code(self, source: str) -> Code:
        """Code for the body of a loop: BREAKING and CONTINUING may come out."""
        if self.redefined:
            return compile_body(source, woven=False)
        return cast(Code, _cached("loop", source, compile_loop))

    def eval_body(self, script: Any) -> Any:
        """Evaluate a script in the present frame.

        Raises:
            TclError, Signal: it ended so.
        """
        if type(script) is list:
            return self.eval_list(script)
        if type(script) is Inlined and not self.redefined:
            return self.eval_inlined(script)
        source = text(script)
        frame = self.frame
        frame.depth = depth = frame.depth + 1
        try:
            if depth > DEEPEST:
                raise too_deep()
            return self.body_code(source)(frame)
        except TclError as error:
            self.failed = (error, error.size, source, error.line)
            error.logged = False
            raise
        finally:
            frame.depth = depth - 1

    def eval_inlined(self, script: Inlined) -> Any:
        """The same for a script that is compiled in with a procedure."""
        frame = self.frame
        frame.depth = depth = frame.depth + 1
        try:
            if depth > DEEPEST:
                raise too_deep()
            if script.code is None:
                script.code = compile_inlined(text(script))
            return script.code(frame)
        except TclError as error:
            self.failed = (error, error.size, text(script), error.line)
            error.logged = False
            raise
        finally:
            frame.depth = depth - 1

    def eval_list(self, words: list[Any]) -> Any:
        """Evaluate a list as one command: what Tcl does with a script that is a pure list."""
        if not words:
            return ""
        frame = self.frame
        frame.depth = depth = frame.depth + 1
        try:
            if depth > DEEPEST:
                raise too_deep()
            return self.call(words)
        except TclError as error:
            if not error.logged:
                how = "invoked from within" if error.begun else "while executing"
                error.add(f'\n    {how}\n"{cut(list_text(words))}"')
                error.line = 1
            self.failed = (error, error.size, "", error.line)
            error.logged = False
            raise
        finally:
            frame.depth = depth - 1

    def expr(self, source: Any) -> Any:
        """Return the value of an expression."""
        if type(source) is int:
            return source
        code: tuple[Code, Code] = _cached("expr", text(source), compile_expr)
        try:
            return code[0](self.frame)
        except TclError as error:
            error.logged = False
            raise

    def test(self, source: Any) -> bool:
        """Return whether an expression is true."""
        code: tuple[Code, Code] = _cached("expr", text(source), compile_expr)
        try:
            return bool(code[1](self.frame))
        except TclError as error:
            error.logged = False
            raise

    def test_code(self, source: Any) -> Code:
        """Code for the truth of an expression."""
        code: tuple[Code, Code] = _cached("expr", text(source), compile_expr)
        return code[1]

    def remember(self, error: TclError) -> None:
        """Set the global errorInfo and errorCode."""
        if error.info is not None:
            self.globals.vars["errorInfo"] = error.info
        code = error.code
        self.globals.vars["errorCode"] = list(code) if len(code) != 1 else code[0]


def no_command(name: str) -> TclError:
    """`invalid command name "..."`, from a procedure's `return -errorcode` in Tcl."""
    error = TclError(f'invalid command name "{name}"', "TCL", "LOOKUP", "COMMAND", name)
    error.options["-errorcode"] = list(error.code)
    return error


def _from_python(error: Exception, name: str) -> TclError:
    """An exception of a registered callable, as an error of the script."""
    import traceback  # late: few scripts need it, and it takes long

    shown = str(error) or type(error).__name__
    made = TclError(shown, "PYTHON", type(error).__name__)
    made.options["-traceback"] = "".join(traceback.format_exception(error))
    return made
