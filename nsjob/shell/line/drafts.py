"""Drafts: Tcl that is still being typed, read as if what is open in it were closed where it ends.

All places are offsets into the text that was given. It knows no command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from nsjob.tcl.errors import ParseError
from nsjob.tcl.parser import Command, Parser, Script, Substitution, Variable, Word

__all__ = ["Draft", "Lexeme", "Operand", "lexemes", "list_words", "parameter_end", "read_draft"]

T = TypeVar("T")
_CLOSERS = {"bracket": "]", "quote": '"', "paren": ")", "variable": "}"}
_BRACES = re.compile(r"[{}]|\\.", re.DOTALL)
_BACKSLASHES = re.compile(r"\\+\Z")
_ROUNDS = 60  # so many things may be open or wrong; what is after that is not looked at


@dataclass(slots=True)
class Draft:
    """What a part of a text was read as.

    Attributes:
        commands: in order. The last ones may end after the text: so much is missing.
        comments: their places.
        wrong: the places of what cannot be Tcl, whatever follows.
    """

    commands: list[Command] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    wrong: list[tuple[int, int]] = field(default_factory=list)


def read_draft(source: str, start: int, end: int) -> Draft:
    """Read `source[start:end]` as a script. After what is wrong, it goes on with the next line."""
    draft = Draft()
    whole = source[:end]
    text = whole
    at = start
    tried: set[tuple[int, str]] = set()
    for _ in range(_ROUNDS):
        script = Parser(text).script(at, False)
        _add(draft, script)
        error = script.error
        if error is None:
            return draft
        at = script.end
        if error.open is not None and (closer := _closer(text, error, tried)):
            text += closer
            continue
        wrong = min(max(error.at, at), end)
        before = _closed(source[:wrong], lambda parser, at=at: _whole(parser, at))  # type: ignore[misc]
        if before is not None:
            _add(draft, before)
        text = whole
        after = whole.find("\n", max(wrong, at + 1))
        at = end if after < 0 else after
        draft.wrong.append((wrong, at))
    draft.wrong.append((at, end))
    return draft


def _add(draft: Draft, script: Script) -> None:
    draft.commands += script.commands
    draft.comments += script.comments


def _whole(parser: Parser, at: int) -> Script:
    script = parser.script(at, False)
    if script.error is not None:
        raise script.error
    return script


def _closed(text: str, read: Callable[[Parser], T]) -> T | None:
    """What is read from the text, with what is open in it closed; None where it cannot be read."""
    tried: set[tuple[int, str]] = set()
    for _ in range(_ROUNDS):
        try:
            return read(Parser(text))
        except ParseError as error:
            closer = _closer(text, error, tried)
            if not closer:
                return None
            text += closer
    return None


def _closer(text: str, error: ParseError, tried: set[tuple[int, str]]) -> str:
    """What to add to the text so that what the error tells of is closed; empty where that cannot be."""
    kind = error.open
    if kind is None:
        return ""
    closer = "}" * _depth(text, error.at) if kind == "brace" else _CLOSERS[kind]
    if (error.at, kind) not in tried:
        tried.add((error.at, kind))
        backslashes = _BACKSLASHES.search(text)
        return " " + closer if backslashes is not None and len(backslashes[0]) % 2 else closer
    if (error.at, closer) not in tried:
        tried.add((error.at, closer))
        return "\n" + closer  # the text ends with a comment
    return ""


def _depth(text: str, at: int) -> int:
    depth = 0
    for mark in _BRACES.finditer(text, at):
        depth += (mark[0] == "{") - (mark[0] == "}")
    return max(depth, 1)


def list_words(source: str, start: int, end: int) -> list[Word]:
    """The words of `source[start:end]` as elements of a list: newlines and semicolons are nothing special there."""
    return [word for command in read_draft(source, start, end).commands for word in command.words]


# -- expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operand:
    """A text in quotes or braces in an expression: its place, delimiters included."""

    start: int
    end: int
    kind: str
    parts: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Lexeme:
    """Anything else in an expression: `number`, `name`, `operator` or, what cannot be there, `wrong`."""

    start: int
    end: int
    kind: str


Item: TypeAlias = "Variable | Substitution | Operand | Lexeme"
_LEXEME = re.compile(
    r"(?P<number>(?:0[xXoObB][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))"
    r"|(?P<name>[A-Za-z_]\w*(?:::\w+)*)"
    r"|(?P<operator>[-+*/%<>=!&^|?:~(),]+)"
    r"|(?P<gap>(?:\s|\\\n)+)"
    r"|(?P<wrong>.)",
    re.DOTALL,
)


def lexemes(source: str, start: int, end: int) -> Iterator[Item]:
    """What `source[start:end]`, an expression, is made of; blanks are left out."""
    at = start
    text = source[:end]
    while at < end:
        sign = source[at]
        item: Item | None = None
        if sign in '$["{':
            item = _closed(text, lambda parser, at=at, sign=sign: _operand(parser, at, sign))  # type: ignore[misc]
        if item is None:
            found = _LEXEME.match(text, at)
            assert found is not None
            at = found.end()
            if found.lastgroup != "gap":
                yield Lexeme(found.start(), at, found.lastgroup or "wrong")
            continue
        yield item
        at = item.end


def _operand(parser: Parser, at: int, sign: str) -> Item | None:
    if sign == "$":
        return parser.variable(at)
    if sign == "[":
        return parser.bracket(at)
    if sign == '"':
        parts, end = parser.quoted(at)
        return Operand(at, end, "quoted", tuple(parts))
    return Operand(at, parser.brace_end(at) + 1, "braced")


def parameter_end(source: str, variable: Variable) -> int:
    """Where the name of a variable ends in its substitution; its index follows there."""
    begun = variable.start + 1
    return begun + len(variable.name) + 2 * source.startswith("{", begun)
