"""Painting: which style each piece of a text has: Tcl, with Python inside job scripts, nested as they really are.

The places come from the language's own parser, their meaning from the declarations of the commands.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from operator import itemgetter

from nsjob.shell.line.drafts import Lexeme, Operand, lexemes, list_words, parameter_end, read_draft
from nsjob.shell.line.python_pieces import python_pieces
from nsjob.shell.line.roles import Role, element_roles
from nsjob.shell.line.scope import Scope, begins_option, begins_subcommand, roles
from nsjob.tcl.arithmetic import FUNCTIONS
from nsjob.tcl.parser import Command, Substitution, Variable, Word

__all__ = ["BRACKET", "VARIABLE", "Painter", "Span"]

_DEEPEST = 24  # scripts within scripts; what is deeper is shown plainly
_KEPT = 400  # commands whose colours are remembered

# The classes are those that prompt_toolkit's default style and every style of pygments know.
_STYLE = "class:pygments."
COMMAND = _STYLE + "name.function"
BUILTIN = _STYLE + "keyword"
UNKNOWN = ""
SUBCOMMAND = _STYLE + "name.function"
OPTION = _STYLE + "name.attribute"
KEYWORD = _STYLE + "keyword"
VARIABLE = _STYLE + "name.variable"
STRING = _STYLE + "literal.string"
ESCAPE = _STYLE + "literal.string.escape"
NUMBER = _STYLE + "literal.number"
OPERATOR = _STYLE + "operator"
FUNCTION = _STYLE + "name.builtin"
BRACKET = _STYLE + "punctuation"
COMMENT = _STYLE + "comment"
CHOICE = _STYLE + "name.constant"
QUEUE = _STYLE + "name.class"
ERROR = _STYLE + "error"

_NUMBER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?:ms|us|[smhdwy])?)\Z")
_ESCAPE = re.compile(r"\\(?:\n[ \t]*|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|[0-7]{1,3}|.)", re.DOTALL)
_OPERATORS = re.compile(r"[-+*/%<>=!&|?:~]+|eq|ne|in|ni")
_BRACE = re.compile(r"[{}]")
_EVALUATED = ("tcl", "python", "expr")

Span = tuple[int, int, str]


class Painter:
    """Paints one text, from left to right.

    Arguments:
        scope: where the text stands.
        source: the text.
        known: the spans of commands that were painted before, by what they depend on; new ones are added.

    Attributes:
        spans: what was painted, in order.
    """

    def __init__(self, scope: Scope, source: str, known: dict[Hashable, list[Span]]) -> None:
        self.scope = scope
        self.source = source
        self.known = known
        self.spans: list[Span] = []
        self.depth = 0

    def paint(self, start: int, end: int, style: str) -> None:
        if start < end:
            self.spans.append((start, end, style))

    # -- scripts --------------------------------------------------------------------------------------------------

    def script(self, start: int, end: int) -> None:
        """A Tcl script."""
        self.depth += 1
        if self.depth <= _DEEPEST:
            draft = read_draft(self.source, start, end)
            self.sequence(draft.commands, draft.comments, draft.wrong, end)
        self.depth -= 1

    def sequence(
        self, commands: list[Command], comments: list[tuple[int, int]], wrong: list[tuple[int, int]], end: int
    ) -> None:
        """Commands, comments and what is wrong, in the order of their places."""
        marked: list[Command | Span] = [(*place, COMMENT) for place in comments]
        marked += [(*place, ERROR) for place in wrong]
        for one in sorted([*commands, *marked], key=itemgetter(0)):
            if not isinstance(one, Command):
                self.paint(one[0], min(one[1], end), one[2])
            elif self.depth == 1 and one.end < end:
                self.remembered(one, end)
            else:
                self.command(one, end)

    def remembered(self, command: Command, end: int) -> None:
        """A command that stands by itself: most of them look as they did one key ago."""
        start = command.start
        text = self.source[start : command.end]
        key = (text, self.scope.fingerprint())
        known = self.known.get(key)
        if known is None:
            before = len(self.spans)
            self.command(command, end)
            if len(self.known) >= _KEPT:
                self.known.clear()
            self.known[key] = [(at - start, stop - start, style) for at, stop, style in self.spans[before:]]
        else:
            self.spans += [(at + start, stop + start, style) for at, stop, style in known]
            self.scope.note(command)

    def command(self, command: Command, end: int) -> None:
        """One command."""
        found = roles(self.scope, command.words)
        for word, role in zip(command.words, found, strict=False):
            if word.start < end:
                self.word(word, role, end)
        self.scope.note(command)

    def nested(self, substitution: Substitution, end: int) -> None:
        """A command in brackets."""
        self.paint(substitution.start, substitution.start + 1, BRACKET)
        self.depth += 1
        if self.depth <= _DEEPEST:
            script = substitution.script
            self.sequence(script.commands, list(script.comments), [], min(script.end, end))
        self.depth -= 1
        self.paint(substitution.end - 1, min(substitution.end, end), BRACKET)

    # -- words ----------------------------------------------------------------------------------------------------

    def word(self, word: Word, role: Role, end: int) -> None:
        """One word."""
        start = word.start
        if word.expand:
            self.paint(start, start + 3, OPERATOR)
            start += 3
        if word.kind == "bare":
            self.bare(word, start, role, end)
            return
        closed = min(word.end - 1, end)
        whole = word.kind == "braced" or (word.value is not None and word.value == self.source[start + 1 : closed])
        if whole and role.what in (*_EVALUATED, "arms", "lambda", "variables", "parameters", "script"):
            self.paint(start, start + 1, BRACKET)
            self.region(role, start + 1, closed)
            self.paint(closed, min(word.end, end), BRACKET)
        elif word.kind == "braced":
            self.paint(start, start + 1, BRACKET)
            self.braces(start + 1, closed)
            self.paint(closed, min(word.end, end), BRACKET)
        else:
            self.paint(start, start + 1, STRING)
            self.parts(word.parts or [], start + 1, closed, STRING, end)
            self.paint(closed, min(word.end, end), STRING)

    def region(self, role: Role, start: int, end: int) -> None:
        """The inside of a word that is more than text."""
        if role.what == "tcl":
            outside = self.scope
            if role.kind is not None and role.kind.offers == "script":
                self.scope = outside.job()
            self.script(start, end)
            self.scope = outside
        elif role.what == "python":
            self.paint_python(start, end)
        elif role.what == "expr":
            self.depth += 1
            if self.depth <= _DEEPEST:
                self.expression(start, end)
            self.depth -= 1
        elif role.what in ("arms", "lambda"):
            words = list_words(self.source, start, end)
            for word, one in zip(words, element_roles(role.what, len(words)), strict=True):
                self.word(word, one, end)
        elif role.what in ("variables", "parameters"):
            self.paint(start, end, VARIABLE)

    def paint_python(self, start: int, end: int) -> None:
        """Python source."""
        for at, style, text in python_pieces(self.source[start:end]):
            self.paint(start + at, start + at + len(text), style)

    def braces(self, start: int, end: int) -> None:
        """Text in braces: only the braces within it are shown."""
        for found in _BRACE.finditer(self.source, start, end):
            self.paint(found.start(), found.end(), BRACKET)

    def bare(self, word: Word, start: int, role: Role, end: int) -> None:
        """A word without delimiters."""
        value = word.value
        if role.what == "expr":
            self.expression(start, min(word.end, end))
        elif value is None:
            self.parts(word.parts or [], start, min(word.end, end), "", end)
        else:
            self.paint(start, min(word.end, end), self.style(value, role))

    def style(self, value: str, role: Role) -> str:
        """How a plain word looks."""
        if role.what == "command":
            return self.command_style(value)
        if role.what == "option":
            return OPTION if role.options is None or begins_option(role.options, value) else ERROR
        if role.what == "subcommand" and not begins_subcommand(self.scope, role.command, value):
            return ERROR
        fixed = _FIXED.get(role.what)
        if fixed is not None:
            return fixed
        return NUMBER if _NUMBER.match(value) else ""

    def command_style(self, name: str) -> str:
        plain = name.removeprefix("::")
        interp = self.scope.shell.interp
        if plain in _CONTROL and plain not in self.scope.redefined:
            return BUILTIN
        if plain in interp.commands or plain in self.scope.redefined or (self.scope.inside and plain == "job"):
            return COMMAND
        return ERROR if plain == "}" else UNKNOWN

    def parts(self, parts: Sequence[object], start: int, end: int, style: str, stop: int) -> None:
        """A word put together from text, variables and commands."""
        at = start
        for part in parts:
            if isinstance(part, Variable | Substitution):
                self.text(at, min(part.start, end), style)
                if isinstance(part, Variable):
                    self.variable(part, stop)
                else:
                    self.nested(part, stop)
                at = part.end
        self.text(at, end, style)

    def text(self, start: int, end: int, style: str) -> None:
        """Text with backslash sequences."""
        at = start
        for found in _ESCAPE.finditer(self.source, start, max(start, end)):
            self.paint(at, found.start(), style)
            self.paint(found.start(), found.end(), ESCAPE)
            at = found.end()
        self.paint(at, end, style)

    def variable(self, variable: Variable, end: int) -> None:
        """`$name(index)`."""
        if variable.element is None or self.source.startswith("{", variable.start + 1):
            self.paint(variable.start, min(variable.end, end), VARIABLE)
            return
        begun = parameter_end(self.source, variable) + 1
        self.paint(variable.start, begun, VARIABLE)
        self.parts(variable.element, begun, min(variable.end - 1, end), "", end)
        self.paint(variable.end - 1, min(variable.end, end), VARIABLE)

    # -- expressions ----------------------------------------------------------------------------------------------

    def expression(self, start: int, end: int) -> None:
        """An expression."""
        for item in lexemes(self.source, start, end):
            if isinstance(item, Variable):
                self.variable(item, end)
            elif isinstance(item, Substitution):
                self.nested(item, end)
            elif isinstance(item, Operand):
                if item.kind == "braced":
                    self.braces(item.start, min(item.end, end))
                else:
                    self.parts(item.parts, item.start, min(item.end, end), STRING, end)
            else:
                self.paint(item.start, min(item.end, end), self.lexeme(item))

    def lexeme(self, item: Lexeme) -> str:
        if item.kind == "number":
            return NUMBER
        if item.kind == "name":
            word = self.source[item.start : item.end]
            if _OPERATORS.fullmatch(word):
                return OPERATOR
            if word in FUNCTIONS:
                return FUNCTION
            return CHOICE if word.lower() in ("true", "false", "yes", "no", "on", "off") else ""
        if item.kind == "operator":
            return BRACKET if self.source[item.start : item.end] in ("(", ")") else OPERATOR
        return ERROR if self.source[item.start] in "}]" else ""


_CONTROL = frozenset(
    "if while for foreach lmap switch proc return break continue catch try throw error eval expr set unset global "
    "upvar uplevel variable apply source exit".split()
)
_FIXED = {
    "subcommand": SUBCOMMAND,
    "keyword": KEYWORD,
    "variable": VARIABLE,
    "variables": VARIABLE,
    "parameters": VARIABLE,
    "queue": QUEUE,
    "procedure": COMMAND,
    "help": COMMAND,
    "choice": CHOICE,
}
