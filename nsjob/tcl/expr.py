"""Expressions: the text of `expr` to a tree. See expr(n).

It is read lexeme by lexeme, with a stack of what is not complete yet, in the order in which Tcl's own parser looks: so
of several errors the same one is found. Nothing recurses, however deep the parentheses are.
"""

from __future__ import annotations

import re
from typing import Any

from nsjob.tcl.errors import ParseError, TclError
from nsjob.tcl.parser import Parser, Part
from nsjob.tcl.values import parse_number, text, truth_word

__all__ = ["Node", "parse_expr"]

# A node: ("const", value), ("parts", [part]), ("text", [part, ...]), ("unary", op, node), ("binary", op, node, node),
# ("&&", node, node), ("||", node, node), ("?", node, node, node), ("call", name, [node, ...]).
Node = tuple[Any, ...]

_END, _START, _CLOSE, _OPEN, _COMMA, _CONDITIONAL = 1, 2, 3, 4, 5, 6
_LEVELS = [
    ["||"], ["&&"], ["|"], ["^"], ["&"], ["in", "ni", "eq", "ne", "==", "!="],
    ["<", ">", "<=", ">="], ["<<", ">>"], ["+", "-"], ["*", "/", "%"], ["**"],
]  # fmt: skip
_BINDS = {
    "end": _END, ")": _CLOSE, ",": _COMMA, "?": _CONDITIONAL, ":": _CONDITIONAL,
    **{op: rank for rank, ops in enumerate(_LEVELS, _CONDITIONAL + 1) for op in ops},
}  # fmt: skip
_UNARY = max(_BINDS.values()) + 1
_OPERATOR = re.compile(r"\*\*|<<|>>|<=|>=|==|!=|&&|\|\||(?:eq|ne|in|ni)(?![A-Za-z])|[-+*/%<>&^|?:,()!~]")
_GAP = re.compile(r"(?:[ \t\n\r\v\f]|\\\n)*")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)
_WORD = re.compile(r"[A-Za-z_0-9]+")
_LIMIT = 25  # signs of the text around an error that are shown
_UNMARKED = ("UNBALANCED", "SURPRISE", "PARTOP", "BADCHAR", "BAREWORD", "BADNUMBER")
_BAD_OCTAL = re.compile(r"0o(?:(?![0-7])|[0-7]*[89])|0[0-9]*[89][0-9]*(?![0-9]|[eE][0-9])")
_BAD_BINARY = re.compile(r"0b(?:(?![01])|[01]*[2-9])")
_FOLDED = re.compile(r"(\\\\)|\\\n[ \t]*")


class _Open:
    """An operator that waits for its right operand.

    Attributes:
        op: `start`, `(`, `call`, `unary`, `,` or an operator.
        binds: how tightly.
        left: the node on its left, or the name of a function, or the sign of a unary operator.
    """

    __slots__ = ("binds", "left", "op")

    def __init__(self, op: str, binds: int, left: Any = None) -> None:
        self.op = op
        self.binds = binds
        self.left = left


class _Expression:
    """One expression's text."""

    def __init__(self, source: str, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.at = start
        self.parser = Parser(source, end)
        self.stack: list[_Open] = [_Open("start", _START)]
        self.complete: Node | None = None  # the operand that was read last, or None after an operator

    def whole(self) -> Node:
        """Read all of it."""
        while True:
            self.at = _GAP.match(self.source, self.at, self.end).end()  # type: ignore[union-attr]
            op = self.lexeme()
            if op:
                if op == "(" or op in "!~" or (op in "+-" and self.complete is None):
                    self.opened(op)
                else:
                    self.binary(op)
                    if op == "end":
                        assert self.complete is not None
                        return self.complete

    def lexeme(self) -> str:
        """Read the next lexeme: return an operator, which is yet to be passed, or read an operand or a function."""
        source, at = self.source, self.at
        if at >= self.end:
            return "end"
        found = _OPERATOR.match(source, at, self.end)
        if found is not None:
            return found[0]
        sign = source[at]
        if sign in '$[{"':
            self.expect_operand()
            self.complete = self.quoted(sign)
            return ""
        number = _NUMBER.match(source, at, self.end)
        if number is not None and not self.runs_on(number):
            value = parse_number(number[0])
            if value is not None:
                self.expect_operand()
                self.at = number.end()
                self.complete = _number_node(number[0], value)
                return ""
        self.word(sign)
        return ""

    def runs_on(self, number: re.Match[str]) -> bool:
        """Whether letters follow the digits, so that all of it is a word; with a point or a sign in it, it is none."""
        if _WORD.match(self.source, number.end(), self.end) is None:
            return False
        return number[0].isalnum() and _OPERATOR.match(self.source, number.end(), self.end) is None

    def word(self, sign: str) -> None:
        """A function, a boolean, or nothing that could be."""
        source, at = self.source, self.at
        if sign == "=":
            raise self.wrong('incomplete operator "="', "PARTOP", scanned=1)
        found = _WORD.match(source, at, self.end)
        if found is None or sign == "_":
            raise self.wrong(f'invalid character "{sign}"', "BADCHAR", scanned=1)
        name = found[0]
        after = _GAP.match(source, found.end(), self.end).end()  # type: ignore[union-attr]
        if source.startswith("(", after, self.end):
            self.expect_operand()
            self.stack.append(_Open("call", _UNARY, name))
            self.at = after + 1
            self.stack.append(_Open("(", _OPEN, []))
            return
        if parse_number(name) is None and truth_word(name) is None:
            raise self.bareword(name)
        self.expect_operand()
        value = parse_number(name)
        self.complete = ("const", name) if value is None else _number_node(name, value)
        self.at = found.end()

    def expect_operand(self) -> None:
        """Two operands do not stand side by side."""
        if self.complete is not None:
            raise self.wrong("missing operator", "MISSING")

    def quoted(self, sign: str) -> Node:
        """An operand with substitutions, or in braces."""
        source, at = self.source, self.at
        try:
            if sign == "$":
                variable = self.parser.variable(at)
                if variable is None:
                    raise self.wrong('invalid character "$"', "BADCHAR", scanned=1)
                self.at = variable.end
                return ("parts", [variable])
            if sign == "[":
                substitution = self.parser.bracket(at)
                self.at = substitution.end
                return ("parts", [substitution])
            if sign == '"':
                parts, self.at = self.parser.quoted(at)
                return _text_node(parts)
            end = self.parser.brace_end(at)
        except ParseError as error:
            raise self.unclosed(error) from None
        self.at = end + 1
        return ("const", _FOLDED.sub(lambda found: found[1] or " ", source[at + 1 : end]))

    def opened(self, op: str) -> None:
        """A parenthesis or a unary operator."""
        self.expect_operand()
        self.at += 1
        self.stack.append(_Open("(", _OPEN) if op == "(" else _Open("unary", _UNARY, op))

    def binary(self, op: str) -> None:
        """An operator between operands, or what closes them: `)`, `,`, the end."""
        binds = _BINDS[op]
        top = self.stack[-1]
        if self.complete is None:
            if op == ")" and top.op == "(" and not top.left and self.is_call():
                self.stack.pop()
                self.complete = ("call", self.stack.pop().left, [])
                self.at += 1
                return
            raise self.no_operand(op, binds, top)
        self.reduce(op, binds)
        if op == "end":
            return
        self.at += len(op)
        if op == ")":
            return
        if op == ",":
            self.stack[-1].left.append(self.complete)
            self.complete = None
            return
        self.stack.append(_Open(op, binds, self.complete))
        self.complete = None

    def is_call(self) -> bool:
        """Whether the innermost parenthesis is that of a function."""
        return self.stack[-2].op == "call"

    def no_operand(self, op: str, binds: int, top: _Open) -> TclError:
        """Why there is no operand before this operator."""
        after_comma = top.op == "(" and top.left
        if op == ")" and top.op == "(" and not after_comma:
            return self.wrong("empty subexpression", "EMPTY")
        if after_comma and binds < _COMMA:
            return self.wrong("missing function argument", "MISSING")
        if top.binds > binds:
            if top.op == "(":
                return self.wrong("unbalanced open paren", "UNBALANCED")
            if top.op == "start":
                return self.empty()
        elif op == ")":
            return self.wrong("unbalanced close paren", "UNBALANCED", scanned=1)
        elif op == "," and top.op == "(" and self.is_call() and not after_comma:
            error = self.wrong("missing function argument", "MISSING")
            error.code = ("TCL", "PARSE", "EXPR", "UNBALANCED")
            return error
        return self.wrong("missing operand", "MISSING")

    def empty(self) -> TclError:
        """There is nothing at all."""
        error = self.wrong("empty expression", "EMPTY")
        error.result = error.result.replace(" at _@_", "").replace("_@_", "")
        error.info = f'{error.result}\n    (parsing expression "{self.shown()}")'
        return error

    def reduce(self, op: str, binds: int) -> None:
        """Complete what binds more tightly than `op`, and see whether `op` may stand here."""
        stack = self.stack
        while True:
            top = stack[-1]
            if top.binds < binds or (top.binds == binds and self.right_first(op, top)):
                break
            if top.op == "(" and op != ")":
                raise self.wrong("unbalanced open paren", "UNBALANCED")
            colon = self.complete is not None and self.complete[0] == ":"
            if top.op == "?" and not colon:
                raise self.wrong('missing operator ":"', "MISSING")
            if colon and top.op != "?":
                raise self.wrong('unexpected operator ":" without preceding "?"', "SURPRISE", scanned=len_of(op))
            if top.op == "start":
                break
            stack.pop()
            self.attach(top)
            if top.op == "(":
                return
        if op == ")":
            raise self.wrong("unbalanced close paren", "UNBALANCED", scanned=1)
        if op == "," and (top.op != "(" or not self.is_call()):
            raise self.wrong('unexpected "," outside function argument list', "SURPRISE", scanned=1)
        if self.complete is not None and self.complete[0] == ":":
            raise self.wrong('unexpected operator ":" without preceding "?"', "SURPRISE", scanned=len_of(op))

    def right_first(self, op: str, top: _Open) -> bool:
        """Whether of two operators that bind alike the right one goes first."""
        if op == "**":
            return True
        if top.op == "?" and not (self.complete is not None and self.complete[0] == ":"):
            return True
        return top.op == ":" and op == "?"

    def attach(self, top: _Open) -> None:
        """The operand that was read last completes an operator."""
        right = self.complete
        if top.op == "unary":
            self.complete = ("unary", top.left, right)
        elif top.op == "(":
            if self.stack[-1].op == "call":
                self.complete = ("call", self.stack.pop().left, [*top.left, right])
        elif top.op == "?":
            assert right is not None
            self.complete = ("?", top.left, right[1], right[2])
        elif top.op in ("&&", "||", ":"):
            self.complete = (top.op, top.left, right)
        else:
            self.complete = ("binary", top.op, top.left, right)

    # -- errors --------------------------------------------------------------------------------------------------

    def wrong(self, message: str, *code: str, scanned: int = 0, hint: str = "") -> TclError:
        """An error with the expression, cut to what is near the place, which the code says whether to mark.

        What is shown of a long text, and the layout, are Tcl's (ParseExpr in tclCompExpr.c): it is cut before the
        place, after the `scanned` signs there, and at its end.
        """
        source, at, start, end = self.source, self.at, self.start, self.end
        mark = "" if code[0] in _UNMARKED else "_@_"
        before = source[start:at]
        token = source[at : at + scanned]
        rest = source[at + scanned : end]
        shown = _cut_before(before) + _cut_after(token) + mark + _cut_after(rest)
        message = f'{message}{" at _@_" if mark else ""}\nin expression "{shown}"{hint}'
        error = TclError(message, "TCL", "PARSE", "EXPR", *code)
        error.add(f'\n    (parsing expression "{self.shown()}")')
        return error

    def shown(self) -> str:
        """The expression, cut where it is long."""
        return _cut_after(self.source[self.start : self.end])

    def unclosed(self, error: ParseError) -> TclError:
        """A brace, bracket or quote that is not closed, as expressions say it."""
        if error.code[-1] == "STACK":
            return error
        self.at = error.at
        return self.wrong(str(error), "UNBALANCED", scanned=1)

    def bareword(self, name: str) -> TclError:
        """A word that means nothing in an expression."""
        shown = _cut_after(name)
        hint = f';\nshould be "${shown}" or "{{{shown}}}" or "{shown}(...)" or ...'
        code = ["BAREWORD"]
        if _BAD_OCTAL.match(name):
            code, hint = ["BADNUMBER", "OCTAL"], f"{hint} (invalid octal number?)"
        elif _BAD_BINARY.match(name):
            code, hint = ["BADNUMBER", "BINARY"], f"{hint} (invalid binary number?)"
        return self.wrong(f'invalid bareword "{shown}"', *code, scanned=len(name), hint=hint)


def _cut_after(part: str) -> str:
    """The beginning of a text, so many bytes of it as Tcl shows."""
    encoded = part.encode("utf-8", "surrogatepass")
    return part if len(encoded) < _LIMIT else encoded[: _LIMIT - 3].decode("utf-8", "ignore") + "..."


def _cut_before(part: str) -> str:
    """The end of a text, likewise."""
    encoded = part.encode("utf-8", "surrogatepass")
    return part if len(encoded) < _LIMIT else "..." + encoded[3 - _LIMIT :].decode("utf-8", "ignore")


def len_of(op: str) -> int:
    """How many signs an operator has; the end has none."""
    return 0 if op == "end" else len(op)


def _number_node(source: str, value: int | float) -> Node:
    """A literal number; where it is not in its usual form, its text is kept, since it may be compared as text."""
    return ("const", value if text(value) == source else source)


def _text_node(parts: list[Part]) -> Node:
    if all(type(part) is str for part in parts):
        return ("const", "".join(parts))  # type: ignore[arg-type]
    return ("text", parts)


def parse_expr(source: str, start: int = 0, end: int | None = None) -> Node:
    """Parse an expression, which is a part of `source`.

    Raises:
        TclError: it is none; the message shows where.
    """
    return _Expression(source, start, len(source) if end is None else end).whole()
