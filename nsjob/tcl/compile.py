"""Compilation: parsed scripts and expressions to closures over a frame.

Code is a function of the frame in which it runs, and belongs to no interpreter: it is cached by source for all.

A script is compiled in one of two ways, as Tcl does it. *Directly*, where it was given to an interpreter: each command
is looked up and called with its words, and each level of it adds to `errorInfo`. As a *body* (of a procedure, a loop,
an `eval`): control commands whose scripts are literal are woven in, and only the innermost command is named in
`errorInfo`. In a body, `return`, `break` and `continue` that stand where they can be seen travel as return values, not
as exceptions: a Jump.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from nsjob.tcl.arithmetic import BINARY, COMPARISONS, UNARY, function, tidy, truth
from nsjob.tcl.bodies import WITH_BODIES, inlines
from nsjob.tcl.command import wrong_args
from nsjob.tcl.errors import ParseError, Signal, TclError
from nsjob.tcl.folding import converts, simplified
from nsjob.tcl.frames import Frame, Inlined
from nsjob.tcl.inlining import MOST_PIECES, Inline
from nsjob.tcl.late import late
from nsjob.tcl.parser import Command, Parser, Part, Script, Substitution, Variable, Word
from nsjob.tcl.values import canonical, elements, text

if TYPE_CHECKING:
    from nsjob.tcl.expr import Node

__all__ = ["Code", "Context", "compile_body", "compile_direct", "compile_expr", "compile_procedure", "cut"]

Code: TypeAlias = Callable[[Frame], Any]


class Jump:
    """What a statement returns that ends more than itself."""


RETURNING = Jump()  # the value is in the frame
BREAKING = Jump()
CONTINUING = Jump()

DEEPEST = 1000  # nested procedures and evaluations, as Tcl's `interp recursionlimit`
_LONGEST = 150  # signs of a command in errorInfo
_TRAILING = late(r"(?:[ \t\v\f\r]|\\\n[ \t]*)*")


class Context:
    """Where a script stands.

    Attributes:
        returns: whether its value is looked at for RETURNING.
        loops: whether it is looked at for BREAKING and CONTINUING.
        jumps: whether any Jump may come out.
    """

    __slots__ = ("jumps", "loops", "returns")

    def __init__(self, returns: bool = False, loops: bool = False) -> None:
        self.returns = returns
        self.loops = loops
        self.jumps = returns or loops


PLAIN = Context()


def cut(source: str, longest: int = _LONGEST) -> str:
    """A text as errorInfo shows it: whole signs of so many bytes at most, and three dots."""
    if source.isascii():
        return source if len(source) <= longest else source[:longest] + "..."
    encoded = source[: longest + 1].encode("utf-8", "surrogatepass")
    return source if len(encoded) <= longest else encoded[:longest].decode("utf-8", "ignore") + "..."


class Compiler:
    """Compiles one source text."""

    def __init__(self, source: str, direct: bool, woven: bool, procedure: bool = False) -> None:
        self.source = source
        self.direct = direct
        self.woven = woven and not direct
        self.procedure = procedure
        self.jumps_on_not = True  # whether the condition of a `!` is that of what is behind it, turned round
        self.jumping = False  # whether a Jump may come out of what was compiled last
        self.inlines: dict[Code, Inline] = {}  # the statements that can be put into a loop
        self.sequences: dict[Code, list[Code]] = {}  # the statements of scripts

    # -- errors --------------------------------------------------------------------------------------------------

    def noter(self, command: Command, nested: bool = False) -> Callable[[TclError], None]:
        """What enters a failing command in `errorInfo`."""
        source = self.source
        start, end = command.start, command.end
        direct = self.direct

        def note(error: TclError) -> None:
            if error.logged:
                if direct:
                    error.logged = False
                return
            trailing = _TRAILING.match(source, end)
            shown = cut(source[start : trailing.end() if trailing else end])
            error.add(f'\n    {"while executing" if not error.begun else "invoked from within"}\n"{shown}"')
            error.line = source.count("\n", 0, start) + 1
            error.position = (source, start)
            error.logged = not direct

        return note

    # -- scripts -------------------------------------------------------------------------------------------------

    def script(self, script: Script, context: Context, nested: bool = False) -> Code:
        """Code for a parsed script."""
        codes = [self.command(command, context, nested) for command in script.commands]
        if self.direct and not nested:
            codes = [self.marked(code, command) for code, command in zip(codes, script.commands, strict=True)]
        if script.error is not None:
            codes.append(self.broken(script.error, script))
        code = sequence(codes, context)
        self.sequences[code] = codes
        return code

    def marked(self, code: Code, command: Command) -> Code:
        """Code that lets a completion code which nobody handles say where it came from."""
        note = self.noter(command)

        def run(frame: Frame) -> Any:
            try:
                return code(frame)
            except Signal as signal:
                signal.note = signal.note or note
                raise

        return run

    def broken(self, error: ParseError, script: Script) -> Code:
        """Code for what could not be parsed: it fails when it is come to."""
        source = self.source
        start = script.end

        def fail(frame: Frame) -> Any:
            found = ParseError(str(error), error.at, error.open, *error.code)
            end = error.at + (source[error.at : error.at + 1] < "\x80")  # no part of a sign of several bytes
            shown = cut(source[start:end])
            found.add(f'\n    while executing\n"{shown}"')
            found.line = source.count("\n", 0, start) + 1
            found.position = (source, error.at)
            raise found

        return fail

    def command(self, command: Command, context: Context, nested: bool = False) -> Code:
        """Code for one command."""
        words = command.words
        first = words[0]
        name = first.value
        if self.woven and name is not None and not first.expand:
            weave = WEAVES.get(name)
            if weave is not None and not any(word.expand for word in words):
                try:
                    code = weave(self, command, context)
                except TclError:
                    code = None  # what is wrong with it is said when it runs
                if code is not None:
                    return code
            if name in WITH_BODIES and inlines(words, self.procedure):
                return self.with_bodies(command, nested)
        return self.invocation(command, nested)

    def invocation(self, command: Command, nested: bool = False) -> Code:
        """Code that calls a command with its words."""
        words = command.words
        note = self.noter(command, nested)
        if any(word.expand for word in words):
            return _expanding([(self.word(word), word.expand) for word in words], note, self.direct)
        codes = [self.word(word) for word in words[1:]]
        name = words[0].value
        if name is None:
            return _calling_computed(self.word(words[0]), codes, note)
        return _calling(name, codes, note)

    def with_bodies(self, command: Command, nested: bool) -> Code:
        """Code that calls a command whose scripts Tcl weaves in: `errorInfo` does not show that it was called."""
        words = command.words
        codes = [self.word(word) for word in words[1:]]
        if self.procedure:
            first = next((at + 3 for at, word in enumerate(words) if word.value == "--"), len(words))
            for at in {*range(first, len(words), 2), len(words) - 1}:
                codes[at - 1] = constant(Inlined(words[at].value or ""))
        return self.seamless(_calling(words[0].value or "", codes, self.noter(command, nested)), command)

    def seamless(self, call: Code, command: Command) -> Code:
        """Code that calls a command so that in `errorInfo` its scripts look as if they were part of this one."""
        source = self.source
        start = (command if command.words[0].value in ("switch", "try") else command.words[-1]).start

        def run(frame: Frame) -> Any:
            interp = frame.interp
            try:
                return call(frame)
            except TclError as error:
                failed = interp.failed
                if failed is not None and failed[0] is error:
                    _, size, body, line = failed
                    error.cut(size)
                    found = source.find(body, start)
                    if found >= 0:
                        error.line = line + source.count("\n", 0, found)
                    error.logged = True
                    interp.failed = None
                raise

        return run

    # -- words ---------------------------------------------------------------------------------------------------

    def word(self, word: Word) -> Code:
        """Code for the value of a word."""
        if word.value is not None:
            return constant(canonical(word.value))
        assert word.parts is not None
        return self.parts(word.parts)

    def parts(self, parts: list[Part]) -> Code:
        """Code for texts and substitutions, put together; a single substitution keeps its value as it is."""
        codes = [self.part(part) for part in parts]
        if len(codes) == 1:
            return codes[0]
        if len(codes) == 2:
            first, second = codes
            return lambda frame: text(first(frame)) + text(second(frame))

        def together(frame: Frame) -> str:
            return "".join([text(code(frame)) for code in codes])

        return together

    def part(self, part: Part) -> Code:
        """Code for one text or substitution."""
        if type(part) is str:
            return constant(part)
        if type(part) is Variable:
            return self.variable(part)
        assert type(part) is Substitution
        return self.substitution(part)

    def variable(self, variable: Variable) -> Code:
        """Code for the value of a variable."""
        name = variable.name
        if variable.element is None:
            return reading(name, self.procedure)
        if len(variable.element) == 1 and type(variable.element[0]) is str:
            key = variable.element[0]
            return lambda frame: frame.get(name, key)
        index = self.parts(variable.element)
        return lambda frame: frame.get(name, text(index(frame)))

    def substitution(self, substitution: Substitution) -> Code:
        """Code for the result of a script in brackets."""
        return self.script(substitution.script, PLAIN, nested=True)

    # -- bodies and expressions in words -------------------------------------------------------------------------

    def body(self, word: Word, context: Context) -> Code | None:
        """Code for a script that a word holds, or None where that is known only when it runs."""
        if word.value is None or word.expand:
            return None
        if word.kind == "braced":
            script = Parser(self.source, word.end - 1).script(word.start + 1, False)
            return self.script(script, context)
        if "\\" in self.source[word.start : word.end]:
            return None
        edge = 1 if word.kind == "quoted" else 0
        return self.script(Parser(self.source, word.end - edge).script(word.start + edge, False), context)

    def loop_body(self, word: Word, context: Context) -> tuple[Code | None, bool]:
        """Code for the body of a loop, and whether a Jump may come out of it."""
        before, self.jumping = self.jumping, False
        body = self.body(word, Context(context.returns, True))
        jumping = self.jumping
        self.jumping = before or (jumping and context.returns)
        return body, jumping

    def pieces(self, body: Code) -> list[Inline | Code]:
        """A body of which no Jump comes, as what a loop is put together from."""
        codes = self.sequences.get(body, [body])
        if len(codes) > MOST_PIECES or not any(code in self.inlines for code in codes):
            return [body]
        return [self.inlines.get(code, code) for code in codes]

    def local(self, word: Word) -> str | None:
        """The name of the plain variable whose value a word is, or None."""
        if word.parts is None or len(word.parts) != 1:
            return None
        return _local(("parts", word.parts))

    def expression(self, word: Word) -> Node | None:
        """The tree of an expression that a word holds, or None where that is known only when it runs."""
        if word.value is None or word.expand or (word.kind != "braced" and "\\" in word.value):
            return None
        from nsjob.tcl.expr import parse_expr  # late: the shortest scripts have no expression

        edge = 0 if word.kind == "bare" else 1
        return simplified(parse_expr(self.source, word.start + edge, word.end - edge))

    # -- expressions ---------------------------------------------------------------------------------------------

    def value(self, node: Node) -> Code:
        """Code for the value of an expression's node."""
        kind = node[0]
        if kind == "const":
            return constant(node[1])
        if kind == "parts":
            return self.part(node[1][0])
        if kind == "failing":
            return failing(self.value(node[1]))
        if kind == "text":
            codes = [self.part(part) for part in node[1]]
            return lambda frame: "".join([text(code(frame)) for code in codes])
        if kind == "binary":
            return self.binary(node)
        if kind == "unary":
            return self.unary(node)
        if kind in ("&&", "||"):
            condition = self.condition(node)
            return lambda frame: 1 if condition(frame) else 0
        if kind == "?":
            test, first, second = self.condition(node[1]), self.value(node[2]), self.value(node[3])
            return lambda frame: first(frame) if test(frame) else second(frame)
        name, codes = node[1], [self.value(argument) for argument in node[2]]
        return lambda frame: function(frame.interp, name, [code(frame) for code in codes])

    def noted(self, node: Node, note: Callable[[TclError], None]) -> Code | None:
        """Code for a node whose errors are entered where they arise, so that no call is needed around it.

        For sums and the like of local variables, integers and calls; None for all else.
        """
        if node[0] == "const":
            return constant(node[1]) if type(node[1]) is int else None
        name = _local(node)
        if name is not None:
            return reading_noted(name, self.procedure, note)
        if node[0] == "parts":
            part = node[1][0]
            return self.part(part) if type(part) is Substitution else None
        if node[0] != "binary" or node[1] not in FAST:
            return None
        left, right = self.noted(node[2], note), self.noted(node[3], note)
        if left is None or right is None:
            return None
        apply = BINARY[node[1]]

        def slowly(one: Any, other: Any) -> Any:
            try:
                return apply(one, other)
            except TclError as error:
                note(error)
                raise

        return fast(node[1])(left, right, slowly, _local(node[2]), _small(node[3]))

    def condition(self, node: Node) -> Code:
        """Code that returns whether a node is true, as a Python bool."""
        kind = node[0]
        if kind == "&&":
            first, second = self.condition(node[1]), self.condition(node[2])
            return lambda frame: first(frame) and second(frame)
        if kind == "||":
            first, second = self.condition(node[1]), self.condition(node[2])
            return lambda frame: first(frame) or second(frame)
        if kind == "unary" and node[1] == "!":
            if self.jumps_on_not and node[2][0] != "const":
                operand = self.condition(node[2])
                return lambda frame: not operand(frame)
            value = self.value(node)
            return lambda frame: value(frame) == 1
        if kind == "binary" and node[1] in COMPARISONS:
            return self.comparison(node)
        value = self.value(node)
        return lambda frame: truth(value(frame))

    def unary(self, node: Node) -> Code:
        _, op, operand = node
        if op == "-" and operand[0] == "const" and type(operand[1]) in (int, float):
            return constant(-operand[1])
        apply = UNARY[op]
        value = self.value(operand)
        return lambda frame: apply(value(frame))

    def binary(self, node: Node) -> Code:
        op = node[1]
        if op in COMPARISONS:
            compare = self.comparison(node)
            return lambda frame: 1 if compare(frame) else 0
        left, right = self.value(node[2]), self.value(node[3])
        if op in FAST:
            name, number = _local(node[2]), _small(node[3])
            return fast(op)(left, right, BINARY[op], name, number)
        apply = BINARY[op]
        return lambda frame: apply(left(frame), right(frame))

    def comparison(self, node: Node) -> Code:
        op = node[1]
        left, right = self.value(node[2]), self.value(node[3])
        apply = COMPARISONS[op]
        if op in FAST_COMPARISONS:
            name, number = _local(node[2]), _small(node[3])
            return fast(op)(left, right, apply, name, number)
        return lambda frame: apply(left(frame), right(frame))


def _local(node: Node) -> str | None:
    """The name of the plain variable that a node is, or None."""
    if node[0] == "parts" and type(node[1][0]) is Variable and node[1][0].element is None:
        name: str = node[1][0].name
        return name if "::" not in name else None
    return None


def _small(node: Node) -> int | None:
    return node[1] if node[0] == "const" and type(node[1]) is int else None


# -- pieces of code ---------------------------------------------------------------------------------------------------


def constant(value: Any) -> Code:
    """Code for a value that is known."""
    return lambda frame: value


def reading(name: str, procedure: bool) -> Code:
    """Code for the value of a plain variable, in a procedure or elsewhere."""
    if "::" in name:
        return lambda frame: frame.get(name)
    slowly = Frame.read if procedure else Frame.get

    def read(frame: Frame) -> Any:
        try:
            return frame.vars[name]
        except KeyError:
            pass
        return slowly(frame, name)

    return read


def reading_noted(name: str, procedure: bool, note: Callable[[TclError], None]) -> Code:
    """The same, where there is no code around it that would enter the error."""
    slowly = Frame.read if procedure else Frame.get

    def read(frame: Frame) -> Any:
        try:
            return frame.vars[name]
        except KeyError:
            pass
        try:
            return slowly(frame, name)
        except TclError as error:
            note(error)
            raise

    return read


def sequence(codes: list[Code], context: Context) -> Code:
    """Code that runs one piece after the other; nothing of what one returned is held while the next runs."""
    if not codes:
        return constant("")
    if len(codes) == 1:
        return codes[0]
    if not context.jumps:
        if len(codes) == 2:
            one, two = codes

            def both(frame: Frame) -> Any:
                one(frame)
                return two(frame)

            return both
        *before, last = codes

        def run(frame: Frame) -> Any:
            for code in before:
                code(frame)
            return last(frame)

        return run
    if len(codes) == 2:
        one, two = codes

        def either(frame: Frame) -> Any:
            result = one(frame)
            if type(result) is Jump:
                return result
            result = None
            return two(frame)

        return either
    *before, last = codes

    def run_jumping(frame: Frame) -> Any:
        for code in before:
            result = code(frame)
            if type(result) is Jump:
                return result
            result = None
        return last(frame)

    return run_jumping


def _calling(name: str, codes: list[Code], note: Callable[[TclError], None]) -> Code:
    """Code that calls the command of that name, which is looked up when it runs."""
    size = len(codes)
    plain = name.lstrip(":") if name.startswith("::") else name
    if size == 1:
        return _calling_with_one(name, plain, codes[0], note)

    def call(frame: Frame) -> Any:
        interp = frame.interp
        try:
            arguments = [code(frame) for code in codes]
            command = interp.commands.get(plain)
            if command is None:
                return interp.call_unknown([name, *arguments])
            if command.procedure is not None:
                return interp.call_procedure(command.procedure, name, arguments)
            if command.least <= size <= command.most:
                return command.run(interp, arguments)
            raise wrong_args(command.name, command.usage)
        except TclError as error:
            note(error)
            raise
        except RecursionError:
            failed = too_deep()
            note(failed)
            raise failed from None

    return call


def _calling_with_one(name: str, plain: str, code: Code, note: Callable[[TclError], None]) -> Code:
    """The same for one argument: the commonest call, with `Interp.call_procedure` written out."""

    def call(frame: Frame) -> Any:
        interp = frame.interp
        try:
            value = code(frame)
            command = interp.commands.get(plain)
            if command is None:
                return interp.call_unknown([name, value])
            procedure = command.procedure
            if procedure is None:
                if command.least <= 1 <= command.most:
                    return command.run(interp, [value])
                raise wrong_args(command.name, command.usage)
            depth = frame.depth
            if procedure.exact != 1 or procedure.epoch is not interp.epoch or depth >= DEEPEST or interp.stopping:
                return interp.call_procedure(procedure, name, [value])
            inner = Frame()
            inner.interp = interp
            inner.vars = {procedure.first: value}
            inner.caller = frame
            inner.called = name
            inner.values = [value]
            inner.depth = depth + 1
            interp.frame = inner
            try:
                result = procedure.code(inner)
                return inner.result if result is RETURNING else result
            except Signal as signal:
                return interp.returned(signal, procedure, name)
            except TclError as error:
                interp.note_procedure(error, procedure, name)
                raise
            finally:
                interp.frame = frame
        except TclError as error:
            note(error)
            raise
        except RecursionError:
            failed = too_deep()
            note(failed)
            raise failed from None

    return call


def too_deep() -> TclError:
    """`too many nested evaluations (infinite loop?)`."""
    return TclError("too many nested evaluations (infinite loop?)", "TCL", "LIMIT", "STACK")


def _calling_computed(name: Code, codes: list[Code], note: Callable[[TclError], None]) -> Code:
    def call(frame: Frame) -> Any:
        try:
            return frame.interp.call([name(frame), *[code(frame) for code in codes]])
        except TclError as error:
            note(error)
            raise

    return call


def _expanding(codes: list[tuple[Code, bool]], note: Callable[[TclError], None], direct: bool) -> Code:
    def call(frame: Frame) -> Any:
        try:
            words: list[Any] = []
            for at, (code, expand) in enumerate(codes):
                value = code(frame)
                if expand:
                    words.extend(_expanded(value, at) if direct else elements(value))
                else:
                    words.append(value)
            return frame.interp.call(words) if words else ""
        except TclError as error:
            note(error)
            raise

    return call


def _expanded(value: Any, at: int) -> list[Any]:
    try:
        return elements(value)
    except TclError as error:
        error.add(f"\n    (expanding word {at})")
        raise


@cache
def fast(exact: str) -> Callable[..., Code]:
    """Make the maker of code for an operator: numbers are worked on here, all else by `apply`.

    The operator's own sign is put into the text of the makers: a call for each operation would cost twice the time.
    """
    source = f"""
def make(left, right, apply, name, number):
    if name is not None and number is not None:
        def variable_and_number(frame):
            a = frame.vars.get(name)
            return a {exact} number if type(a) is int else apply(left(frame), number)
        return variable_and_number
    def general(frame):
        a = left(frame)
        b = right(frame)
        return a {exact} b if type(a) is int and type(b) is int else apply(a, b)
    return general
"""
    made: dict[str, Any] = {}
    exec(source, made)
    return made["make"]  # type: ignore[no-any-return]


FAST = frozenset(["+", "-", "*"])
FAST_COMPARISONS = frozenset(["<", ">", "<=", ">=", "==", "!="])


# -- commands that are compiled in ------------------------------------------------------------------------------------

Weave: TypeAlias = Callable[[Compiler, Command, Context], "Code | None"]
WEAVES: dict[str, Weave] = {}


# -- whole sources ----------------------------------------------------------------------------------------------------


def compile_direct(source: str) -> Code:
    """Code for a script that is given to an interpreter."""
    compiler = Compiler(source, True, False)
    return compiler.script(Parser(source).script(0, False), PLAIN)


def compile_body(source: str, woven: bool = True) -> Code:
    """Code for a script that a command evaluates."""
    compiler = Compiler(source, False, woven)
    return compiler.script(Parser(source).script(0, False), PLAIN)


def compile_loop(source: str) -> Code:
    """Code for the body of a loop that is called like any command: BREAKING and CONTINUING may come out."""
    compiler = Compiler(source, False, True)
    return compiler.script(Parser(source).script(0, False), Context(loops=True))


def compile_procedure(source: str, woven: bool = True) -> Code:
    """Code for a procedure's body: it may return RETURNING."""
    compiler = Compiler(source, False, woven, True)
    return compiler.script(Parser(source).script(0, False), Context(returns=True))


def compile_inlined(source: str) -> Code:
    """Code for a script that is compiled in with a procedure's body: its variables are the procedure's."""
    compiler = Compiler(source, False, True, True)
    return compiler.script(Parser(source).script(0, False), PLAIN)


def compile_expr(source: str) -> tuple[Code, Code]:
    """Code for the value of an expression, and for its truth.

    Raises:
        TclError: it is none.
    """
    from nsjob.tcl.expr import parse_expr  # late, as above

    compiler = Compiler(source, False, True)
    compiler.jumps_on_not = False
    node = parse_expr(source)
    value = compiler.value(node)
    condition = compiler.condition(node)
    return (lambda frame: tidy(value(frame))) if converts(node) else value, condition


def failing(value: Code) -> Code:
    """Code for what failed when it was worked out at first: the error precedes the execution."""

    def fail(frame: Frame) -> Any:
        try:
            return value(frame)
        except TclError as error:
            error.begun = True
            raise

    return fail
