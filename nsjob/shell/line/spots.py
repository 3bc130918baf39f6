"""Spots: where in a text the cursor stands: in which word of which command, or in which Python script.

Only the text before the cursor counts. What is offered there is the matter of `offers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from nsjob.shell.line.drafts import Lexeme, Operand, lexemes, list_words, parameter_end, read_draft
from nsjob.shell.line.roles import PLAIN, Role, element_roles, names_in
from nsjob.shell.line.scope import Scope, roles
from nsjob.tcl.parser import Command, Script, Substitution, Variable, Word

__all__ = ["Spot", "spot_at"]

_DEEPEST = 24
_CONTINUED = re.compile(r"\\\n")
_ELEMENT = re.compile(r"[^\s{}\"]*\Z")
_EVALUATED = ("tcl", "expr", "python", "arms", "lambda")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the cursor stands.

    Attributes:
        role: of the word at the cursor; besides those of `roles` there are `dollar` (a variable's name after `$`),
            `index` (of an array's element) and `function` (a name in an expression).
        start: where the typed beginning of what can be completed begins.
        typed: that beginning.
        words: the command up to the cursor, the word at it included; empty in Python.
        scope: what is known there.
        opener: how the word begins, where that decides how it must go on: `{`, `"`, `$`, `${`, or nothing.
        names: the variables that the text gives values to, before.
        array: for `index`, the array's name.
    """

    role: Role
    start: int
    typed: str
    words: list[Word]
    scope: Scope
    opener: str = ""
    names: tuple[str, ...] = ()
    array: str = ""


def spot_at(scope: Scope, text: str, cursor: int) -> Spot | None:
    """Where the cursor stands; None where nothing can be offered: in comments, after what is closed already."""
    seeker = _Seeker(text[:cursor])
    try:
        found = seeker.script(scope, 0)
    except RecursionError:
        return None
    return None if found is None else replace(found, names=tuple(seeker.names))


@dataclass(slots=True)
class _Seeker:
    """Follows what is open at the end of a text."""

    text: str
    names: dict[str, None] = field(default_factory=dict)
    depth: int = 0

    @property
    def cursor(self) -> int:
        return len(self.text)

    def script(self, scope: Scope, start: int) -> Spot | None:
        """In a script that begins at `start`."""
        self.depth += 1
        if self.depth > _DEEPEST:
            return None
        draft = read_draft(self.text, start, self.cursor)
        if draft.wrong and draft.wrong[-1][1] >= self.cursor:
            return None
        return self.sequence(scope, draft.commands, draft.comments)

    def sequence(self, scope: Scope, commands: list[Command], comments: list[tuple[int, int]]) -> Spot | None:
        """In commands that were read already."""
        cursor = self.cursor
        if comments and comments[-1][1] >= cursor > comments[-1][0]:
            return None
        for command in commands[:-1]:
            self.gather(scope, command)
        if commands:
            last = commands[-1]
            if last.end >= cursor:
                return self.command(scope, last.words)
            gap = _CONTINUED.sub("  ", self.text[last.end : cursor])
            if not comments or comments[-1][0] < last.end:
                if ";" not in gap and "\n" not in gap:
                    return self.command(scope, [*last.words, self.empty()])
            self.gather(scope, last)
        return Spot(Role("command"), cursor, "", [self.empty()], scope)

    def empty(self) -> Word:
        return Word(self.cursor, self.cursor, "bare", "")

    def gather(self, scope: Scope, command: Command) -> None:
        """Remember what a command before the cursor tells."""
        scope.note(command)
        for word, role in zip(command.words, roles(scope, command.words), strict=False):
            for name in names_in(role, word):
                self.names[name] = None

    def command(self, scope: Scope, words: list[Word]) -> Spot | None:
        """In the last word of a command."""
        found = roles(scope, words)
        for word, role in zip(words[:-1], found, strict=False):
            for name in names_in(role, word):
                self.names[name] = None
        role = found[len(words) - 1] if len(found) >= len(words) else PLAIN
        return self.word(scope, words, role)

    def word(self, scope: Scope, words: list[Word], role: Role) -> Spot | None:
        """In the last of these words."""
        word = words[-1]
        start = word.start + 3 * word.expand
        if word.kind == "bare":
            return self.text_spot(scope, words, role, start, "")
        if word.end <= self.cursor and word.end > start + 1 and self.closed(word):
            return None
        if role.what in _EVALUATED and (word.kind == "braced" or word.value is not None):
            return self.region(scope, words, role, start + 1)
        if word.kind == "quoted":
            return self.text_spot(scope, words, role, start + 1, '"')
        listed = role.what == "variables" or (role.kind is not None and role.kind.shown == "list")
        element = _ELEMENT.search(self.text, start + 1) if listed else None
        begun = element.start() if element is not None else start + 1
        return Spot(role, begun, self.text[begun:], words, scope, "{")

    def closed(self, word: Word) -> bool:
        """Whether the delimiter at the end of a word was typed, not added to read it."""
        return word.end <= self.cursor and self.text[word.end - 1] in '}"'

    def region(self, scope: Scope, words: list[Word], role: Role, start: int) -> Spot | None:
        """In a word that is a script, an expression, or a list of scripts."""
        if role.what == "python":
            return Spot(role, start, self.text[start:], words, scope, self.text[start - 1])
        if role.what == "tcl":
            job = role.kind is not None and role.kind.offers == "script"
            return self.script(scope.job() if job else scope, start)
        if role.what == "expr":
            return self.expression(scope, words, start)
        inner = list_words(self.text, start, self.cursor)
        if not inner or inner[-1].end < self.cursor:
            inner.append(self.empty())
        kinds = element_roles(role.what, len(inner))
        for word, one in zip(inner, kinds, strict=True):
            for name in names_in(one, word):
                self.names[name] = None
        return self.word(scope, [*words, *inner], kinds[-1])

    def expression(self, scope: Scope, words: list[Word], start: int) -> Spot | None:
        """In an expression."""
        found = list(lexemes(self.text, start, self.cursor))
        item = found[-1] if found else None
        if item is None or item.end < self.cursor:
            return Spot(Role("function"), self.cursor, "", words, scope)
        if isinstance(item, Variable | Substitution):
            return self.part(scope, words, item)
        if isinstance(item, Operand):
            return self.parts(scope, words, list(item.parts))
        typed = self.text[item.start :]
        if typed == "$":
            return Spot(Role("dollar"), self.cursor, "", words, scope, "$")
        if isinstance(item, Lexeme) and item.kind == "name":
            return Spot(Role("function"), item.start, typed, words, scope)
        return Spot(Role("function"), self.cursor, "", words, scope)

    def text_spot(self, scope: Scope, words: list[Word], role: Role, start: int, opener: str) -> Spot | None:
        """In a word of text, variables and commands."""
        word = words[-1]
        if self.text.endswith("$") and not self.text.endswith("\\$"):
            return Spot(Role("dollar"), self.cursor, "", words, scope, "$")
        if role.what == "expr" and word.kind == "bare":
            return self.expression(scope, words, start)
        if word.value is None:
            return self.parts(scope, words, list(word.parts or []))
        typed = word.value if "\\" in self.text[start:] else self.text[start:]
        return Spot(role, start, typed, words, scope, opener)

    def parts(self, scope: Scope, words: list[Word], parts: list[Any]) -> Spot | None:
        """In the last of the parts of a word."""
        last = parts[-1] if parts else None
        if isinstance(last, Variable | Substitution) and last.end >= self.cursor:
            return self.part(scope, words, last)
        if self.text.endswith("$") and not self.text.endswith("\\$"):
            return Spot(Role("dollar"), self.cursor, "", words, scope, "$")
        return None

    def part(self, scope: Scope, words: list[Word], part: Variable | Substitution) -> Spot | None:
        """In a variable or a command within a word."""
        if isinstance(part, Substitution):
            if part.end <= self.cursor:
                return None
            return self.nested(scope, part.script)
        if self.text.startswith("{", part.start + 1):
            if part.end <= self.cursor:
                return None
            begun = part.start + 2
            return Spot(Role("dollar"), begun, self.text[begun:], words, scope, "${")
        if part.element is None:
            begun = part.start + 1
            return Spot(Role("dollar"), begun, self.text[begun:], words, scope, "$")
        if part.end <= self.cursor:
            return None
        last = part.element[-1] if part.element else None
        if isinstance(last, Variable | Substitution):
            return self.part(scope, words, last)
        begun = parameter_end(self.text, part) + 1
        return Spot(Role("index"), begun, self.text[begun:], words, scope, "$", array=part.name)

    def nested(self, scope: Scope, script: Script) -> Spot | None:
        """In a command in brackets."""
        self.depth += 1
        if self.depth > _DEEPEST:
            return None
        return self.sequence(scope, script.commands, list(script.comments))
