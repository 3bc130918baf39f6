"""Validation: what is wrong with entered text for certain, at its place, before it is sent.

It tells what would fail whatever the text's variables hold. What only running can tell is left to running; text that
goes on on the next line is not wrong. It evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from prompt_toolkit.document import Document
from prompt_toolkit.validation import ValidationError, Validator

from nsjob.commands.queueing import snippet_hint
from nsjob.commands.spec import Spec
from nsjob.errors import NsjobError, SnippetError
from nsjob.shell.line.drafts import list_words
from nsjob.shell.line.indentation import closing_indentation, indentation
from nsjob.shell.line.roles import Role, element_roles
from nsjob.shell.line.scope import Scope, is_option, roles
from nsjob.snippet import compile_snippet
from nsjob.tcl import TclError
from nsjob.tcl.command import wrong_args
from nsjob.tcl.errors import ParseError
from nsjob.tcl.expr import parse_expr
from nsjob.tcl.library import COMMANDS
from nsjob.tcl.parser import Command, Parser, Part, Script, Substitution, Variable, Word, is_complete, parse_partly

if TYPE_CHECKING:
    from nsjob.shell.session import Session

__all__ = ["NsjobValidator", "closing_indentation", "indentation", "mistakes"]

_LARGEST = 200_000  # signs: a longer text was pasted, and running it tells as well
_DEEPEST = 24
_MAY_FAIL = ("catch", "try")  # whose scripts may be wrong on purpose
_EXTRA = {"}": "close-brace", "]": "close-bracket", ")": "close-parenthesis"}

Mistake = tuple[int, str]


def mistakes(session: Session, text: str) -> Mistake | None:
    """The first thing that is wrong with a text, for certain: its offset, and a sentence. None where it can be sent.

    That is also the answer for text that is not complete yet.
    """
    if len(text) > _LARGEST:
        return None
    try:
        if is_complete(text):
            _Inspector(Scope.of(session.shell, text), text).script(parse_partly(text))
    except _Found as found:
        return min(found.at, len(text)), found.message
    except RecursionError:  # it is nested deeper than can be told
        return None
    return None


class _Found(Exception):
    """Ends the search."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


class _Inspector:
    """Looks through one text, from its beginning."""

    def __init__(self, scope: Scope, source: str) -> None:
        self.scope = scope
        self.source = source
        self.depth = 0

    def script(self, script: Script) -> None:
        """All commands of a script, and why the rest is none."""
        self.depth += 1
        if self.depth <= _DEEPEST:
            for command in script.commands:
                self.command(command)
            if script.error is not None:
                raise _Found(script.error.at, str(script.error))
        self.depth -= 1

    def command(self, command: Command) -> None:
        """One command."""
        words = command.words
        name = words[0].value
        if name in _EXTRA and words[0].kind == "bare" and name not in self.scope.shell.interp.commands:
            raise _Found(words[0].start, f"extra {_EXTRA[name]}")
        self.arguments(words)
        if name not in _MAY_FAIL:
            for word, role in zip(words, roles(self.scope, words), strict=False):
                self.word(word, role)
        self.scope.note(command)

    # -- the words that a command takes -------------------------------------------------------------------------------

    def arguments(self, words: list[Word]) -> None:
        """Whether a command can take these words."""
        if any(word.expand for word in words):
            return
        name = (words[0].value or "").removeprefix("::")
        ensemble = self.scope.ensemble(name)
        if ensemble is not None:
            self.subcommand(name, words)
        spec, given = self.scope.spec(words)
        if spec is not None:
            self.declared(spec, given, words[-1])
        elif ensemble is None:
            self.counted(name, words)

    def subcommand(self, name: str, words: list[Word]) -> None:
        """Whether an ensemble of ours has the subcommand."""
        ensemble = self.scope.ensemble(name)
        assert ensemble is not None
        if len(words) == 1:
            raise _Found(words[0].end, f"{name} needs a subcommand: {', '.join(ensemble.names())}")
        given = words[1].value
        if given is not None:
            try:
                ensemble.find(given)
            except TclError as error:
                raise _Found(words[1].start, _said(error)) from None

    def declared(self, spec: Spec, words: list[Word], last: Word) -> None:
        """Whether a command of ours takes these words."""
        at = 0
        while at < len(words) and spec.options and is_option(words[at]):
            word = words[at]
            at += 1
            if word.value == "--":
                break
            try:
                option = spec.option(word.value or "")
            except TclError as error:
                raise _Found(word.start, _said(error)) from None
            if option.kind is None:
                continue
            if at >= len(words):
                raise _Found(word.end, f"the option {option.name} needs a value: {option.usage.strip('?')}")
            self.converted(option.name, option.kind.convert, words[at])
            at += 1
        arguments = words[at:]
        known = not arguments or arguments[0].value is not None  # a variable may hold an option, or one's value
        if known or not spec.options:
            self.exact(spec, arguments)
        needed = sum(argument.required and not argument.spared for argument in spec.arguments)
        if len(arguments) < needed:
            raise _Found(last.end, str(spec.wrong_args()))

    def exact(self, spec: Spec, words: list[Word]) -> None:
        """Whether these are not too many arguments, and each can be what it must be."""
        for argument, word in zip(spec.arguments, words, strict=False):
            self.converted(argument.label, argument.kind.convert, word)
        if len(words) > len(spec.arguments) and not any(argument.rest for argument in spec.arguments):
            late = [word for word in words[1:] if word.value in spec.options]
            surplus = late[0] if late else words[len(spec.arguments)]
            try:
                spec.bind([word.value if word.value is not None else "1" for word in words])
            except TclError as error:
                raise _Found(surplus.start, _said(error)) from None
            except NsjobError:
                raise _Found(surplus.start, str(spec.wrong_args())) from None

    def converted(self, label: str, convert: object, word: Word) -> None:
        """Whether a word that is known can be what it must be."""
        if word.value is None or not callable(convert):
            return
        try:
            convert(label, word.value)
        except (NsjobError, TclError) as error:
            raise _Found(word.start, str(error)) from None

    def counted(self, name: str, words: list[Word]) -> None:
        """Whether a command of Tcl takes so many words."""
        command = self.scope.shell.interp.commands.get(name)
        if command is None or command is not COMMANDS.get(name) or name in self.scope.redefined:
            return
        count = len(words) - 1
        if command.subcommands and count:
            chosen = command.subcommands.get(words[1].value or "")
            if chosen is None:
                return
            command, count = chosen, count - 1
        if not command.least <= count <= command.most:
            place = words[-1].end if count < command.least else words[len(words) - count + command.most].start
            raise _Found(place, str(wrong_args(command.name, command.usage)))

    # -- what is within words -----------------------------------------------------------------------------------------

    def word(self, word: Word, role: Role) -> None:
        """One word: the scripts in it, of either language."""
        if word.parts is not None:
            self.parts(word.parts)
        elif role.what == "python":
            self.python(word)
        elif role.what == "keyword" and word.value == "}":
            raise _Found(word.start, f"extra {_EXTRA['}']}")
        elif word.kind == "braced":
            self.braced(word, role)

    def braced(self, word: Word, role: Role) -> None:
        """The scripts in a word in braces."""
        start = word.start + 3 * word.expand + 1
        end = word.end - 1
        if role.what == "tcl":
            self.body(role, start, end)
        elif role.what == "expr":
            self.expression(start, end)
        elif role.what in ("arms", "lambda"):
            inner = list_words(self.source, start, end)
            for one, its in zip(inner, element_roles(role.what, len(inner)), strict=True):
                if one.value != "-":
                    self.word(one, its)

    def parts(self, parts: Sequence[Part]) -> None:
        """The commands in a word of several parts."""
        for part in parts:
            if isinstance(part, Substitution):
                self.script(part.script)
            elif isinstance(part, Variable) and part.element:
                self.parts(part.element)

    def body(self, role: Role, start: int, end: int) -> None:
        """A script in braces. What is open at its end can no more be closed."""
        outside = self.scope
        if role.kind is not None and role.kind.offers == "script":
            self.scope = outside.job()
        self.script(Parser(self.source, end).script(start, False))
        self.scope = outside

    def expression(self, start: int, end: int) -> None:
        """An expression in braces."""
        try:
            node = parse_expr(self.source, start, end)
        except ParseError as error:
            raise _Found(error.at, str(error)) from None
        except TclError as error:
            raise _Found(start, str(error).partition("\n")[0].replace(" at _@_", "") + " in the expression") from None
        self.operands(node)

    def operands(self, node: object) -> None:
        """The commands in an expression."""
        pending = [node]
        while pending:
            one = pending.pop()
            if isinstance(one, Substitution):
                self.script(one.script)
            elif isinstance(one, Variable):
                pending += one.element or []
            elif isinstance(one, tuple | list):
                pending += one

    def python(self, word: Word) -> None:
        """A Python script that is known."""
        script = word.value or ""
        try:
            compile_snippet(script)
        except SnippetError as error:
            delimited = word.kind != "bare"
            start = word.start + 3 * word.expand + delimited
            whole = self.source[start : word.end - delimited] == script
            at = start + _offset(error, script) if whole else word.start
            hint = snippet_hint(script)
            raise _Found(at, hint or f"Python: {error.msg}") from None


def _offset(error: SnippetError, script: str) -> int:
    """Where in a script the error is. It may be about the script without its indentation."""
    if not error.lineno:
        return 0
    lines = script.split("\n")
    number = min(error.lineno, len(lines)) - 1
    line, shown = lines[number], error.text or ""
    column = (error.offset or 1) - 1 - _blanks(shown) if shown.strip() else 0
    begun = sum(len(one) + 1 for one in lines[:number])
    return begun + min(_blanks(line) + max(column, 0), len(line))


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" \t\f"))


def _said(error: TclError) -> str:
    """The error on one line: what was probably meant stands in the place of all that could have been."""
    hint = error.options.get("-hint")
    said = str(error)
    if "did you mean" in said:
        return said.partition("; must be")[0]
    return f"{said.partition(': must be')[0]} - {hint}" if hint else said


class NsjobValidator(Validator):
    """Refuses what is wrong for certain, when it is entered.

    Arguments:
        session: whose commands the text is for.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def validate(self, document: Document) -> None:
        """As prompt_toolkit asks.

        Raises:
            ValidationError: something is wrong; with its place.
        """
        found = mistakes(self._session, document.text)
        if found is not None:
            raise ValidationError(found[0], found[1])
