"""The parser: a script's text to commands and words, with their places in it. See Tcl(n), the twelve rules.

It knows no command. Evaluation, highlighting and completion all work on what it returns.
"""

from __future__ import annotations

import re

from nsjob.tcl.errors import ParseError
from nsjob.tcl.late import late
from nsjob.tcl.syntax import Command, Part, Script, Substitution, Variable, Word
from nsjob.tcl.values import BACKSLASH, backslash

__all__ = [
    "Command",
    "Parser",
    "Part",
    "Script",
    "Substitution",
    "Variable",
    "Word",
    "is_complete",
    "parse",
    "parse_partly",
]

DEEPEST = 120  # brackets within brackets


def parse(source: str) -> Script:
    """Parse a script.

    Raises:
        ParseError: it is none; see its `open` and `at`.
    """
    script = parse_partly(source)
    if script.error is not None:
        raise script.error
    return script


def parse_partly(source: str) -> Script:
    """Parse as far as it goes: what is wrong with the rest is the script's `error`."""
    try:
        return Parser(source).script(0, False)
    except RecursionError:  # the caller has left less of the stack than the deepest nesting takes
        script = Script(source, 0, 0, [])
        script.error = _too_deep(0)
        return script


def is_complete(source: str) -> bool:
    """Whether a prompt need not ask for more: no brace, bracket or quote is open, and no line continued."""
    script = parse_partly(source)
    if script.error is not None:
        return script.error.open is None
    return not (source.endswith("\\\n") and not _ESCAPED_END.search(source))


def _too_deep(at: int) -> ParseError:
    return ParseError("too many nested evaluations (infinite loop?)", at, None, "TCL", "LIMIT", "STACK")


_GAP = re.compile(r"(?:[ \t\v\f\r]|\\\n[ \t]*)*")
_BETWEEN = re.compile(r"(?:[ \t\v\f\r\n;]|\\\n)*")
_COMMENT = late(r"(?:[^\\\n]|\\(?:\n|.|\Z))*", re.DOTALL)
_ONE_WORD = (
    r"(?:([^ \t\n\v\f\r;\[\]$\\{\"][^ \t\n\v\f\r;\[\]$\\]*+)|\$([A-Za-z0-9_]++)"
    r"|\{([^{}\\]*+)\}|\"([^\"\\\[$]*+)\")"
)
# Words that need no second look, which most are, with the blanks after them.
_COMMON = re.compile(_ONE_WORD + r"(?:[ \t]++(?![\\\v\f\r])|(?=[\n;]|\Z))")
_COMMON_NESTED = late(_ONE_WORD + r"(?:[ \t]++(?![\\\v\f\r])|(?=[\n;\]]|\Z))")
_BARE = late(r"[^ \t\n\v\f\r;\[\]$\\]+")
_IN_QUOTES = late(r"[^\"\[$\\]+")
_IN_INDEX = late(r"[^)\[$\\]+")
_BRACES = late(r"[{}]|\\(?:\n|.)?", re.DOTALL)
_FOLDED = late(r"(\\\\)|\\\n[ \t]*")
_COMMENTED = late(r"[ \t\v\f\r]#")
_NAME = late(r"(?:[A-Za-z0-9_]|::+)+")
_ESCAPED_END = late(r"(?<!\\)(?:\\\\)+\n\Z")
_AFTER = " \t\v\f\r\n;"


class Parser:
    """Parses one text. Every method takes the offset to begin at; expressions are parsed with its help too."""

    def __init__(self, source: str, end: int | None = None) -> None:
        self.source = source
        self._size = len(source) if end is None else end
        self._depth = 0

    def script(self, at: int, nested: bool) -> Script:
        """Parse commands, up to the end or, where nested, to the closing bracket, which must be there."""
        source = self.source
        size = self._size
        commands: list[Command] = []
        comments: list[tuple[int, int]] = []
        script = Script(source, at, size, commands)
        opened = at - 1
        while True:
            at = _BETWEEN.match(source, at, size).end()  # type: ignore[union-attr]
            if at >= size:
                if nested:
                    raise ParseError("missing close-bracket", opened, "bracket")
                return script
            sign = source[at]
            if sign == "#":
                end = _COMMENT.match(source, at, size).end()  # type: ignore[union-attr]
                if not comments:
                    script.comments = comments = []
                comments.append((at, end))
                at = end
                continue
            if nested and sign == "]":
                script.end = at
                return script
            try:
                command = self._command(at, nested)
            except ParseError as error:
                if nested:
                    raise
                script.error = error
                script.end = at
                return script
            commands.append(command)
            at = command.end

    def _command(self, at: int, nested: bool) -> Command:
        source = self.source
        size = self._size
        words: list[Word] = []
        start = at
        common = _COMMON_NESTED.match if nested else _COMMON.match
        new = tuple.__new__  # what the class itself would call: a call in between would cost as much again
        while True:
            found = common(source, at, size)
            if found is not None:
                kind = found.lastindex or 0
                text = found[kind]
                end = found.end(kind)
                if kind == 1:
                    words.append(new(Word, (at, end, "bare", text, None, False)))
                elif kind == 2:
                    words.append(new(Word, (at, end, "bare", None, [new(Variable, (at, end, text, None))], False)))
                else:
                    end += 1
                    words.append(new(Word, (at, end, "braced" if kind == 3 else "quoted", text, None, False)))
                at = found.end()
            else:
                if at >= size:
                    break
                sign = source[at]
                if sign in "\n;" or (nested and sign == "]"):
                    break
                word = self.word(at, nested)
                words.append(word)
                at = word.end
                if at < size and source[at] in " \t\v\f\r\\":
                    at = _GAP.match(source, at, size).end()  # type: ignore[union-attr]
        return Command(start, words[-1].end, words)

    def word(self, at: int, nested: bool) -> Word:
        """Parse the word that begins at `at`."""
        source = self.source
        sign = source[at]
        if sign == "{":
            if source.startswith("{*}", at) and at + 3 < self._size:
                after = source[at + 3]
                if after not in _AFTER and not (nested and after == "]") and not source.startswith("\\\n", at + 3):
                    return self.plain_word(at + 3, nested)._replace(start=at, expand=True)
        return self.plain_word(at, nested)

    def plain_word(self, at: int, nested: bool) -> Word:
        """Parse a word without `{*}` before it."""
        source = self.source
        sign = source[at]
        if sign == "{":
            end = self.brace_end(at)
            self._check_after(end + 1, nested, "brace")
            body = source[at + 1 : end]
            return Word(at, end + 1, "braced", _folded(body) if "\\\n" in body else body)
        if sign == '"':
            parts, end = self.quoted(at)
            self._check_after(end, nested, "quote")
            return _word(at, end, "quoted", parts)
        parts, end = self._bare(at, nested)
        return _word(at, end, "bare", parts)

    def _check_after(self, at: int, nested: bool, what: str) -> None:
        source = self.source
        if at < self._size and source[at] not in _AFTER and not (nested and source[at] == "]"):
            if not source.startswith("\\\n", at):
                raise ParseError(f"extra characters after close-{what}", at)

    def brace_end(self, at: int) -> int:
        """Return where the brace that opens at `at` is closed."""
        source = self.source
        depth = 0
        for mark in _BRACES.finditer(source, at, self._size):
            sign = mark[0]
            if sign == "{":
                depth += 1
            elif sign == "}":
                depth -= 1
                if not depth:
                    return mark.start()
        raise ParseError(f"missing close-brace{self._comment_hint(at)}", at, "brace")

    def _comment_hint(self, at: int) -> str:
        """Whether a brace in a comment may be the reason: Tcl guesses so too, line by line."""
        for line in self.source[at : self._size].split("\n"):
            before = line[: max(line.rfind("{"), 0)]
            if _COMMENTED.search(before) or before.startswith("#"):
                return ": possible unbalanced brace in comment"
        return ""

    def quoted(self, at: int) -> tuple[list[Part], int]:
        """Parse a word in quotes. Returns its parts, and the offset after the closing quote."""
        parts, end = self._parts(at + 1, _IN_QUOTES)
        if end >= self._size:
            raise ParseError('missing "', at, "quote")
        return parts, end + 1

    def _bare(self, at: int, nested: bool) -> tuple[list[Part], int]:
        source = self.source
        size = self._size
        parts: list[Part] = []
        while at < size:
            run = _BARE.match(source, at, self._size)
            if run is not None:
                parts.append(run[0])
                at = run.end()
                continue
            sign = source[at]
            if sign in _AFTER or (sign == "\\" and source.startswith("\n", at + 1)):
                break
            if sign == "]":
                if nested:
                    break
                parts.append("]")
                at += 1
            else:
                at = self._part(at, parts)
        return parts, at

    def _parts(self, at: int, plain: re.Pattern[str]) -> tuple[list[Part], int]:
        """Parse text with all substitutions, up to the first sign that `plain` does not take."""
        source = self.source
        size = self._size
        parts: list[Part] = []
        while at < size:
            run = plain.match(source, at, self._size)
            if run is not None:
                parts.append(run[0])
                at = run.end()
            elif source[at] in "[$\\":
                at = self._part(at, parts)
            else:
                break
        return parts, at

    def _part(self, at: int, parts: list[Part]) -> int:
        """Parse a substitution: of a variable, a command, or a backslash sequence. Returns the offset after it."""
        sign = self.source[at]
        if sign == "$":
            variable = self.variable(at)
            if variable is None:
                parts.append("$")
                return at + 1
            parts.append(variable)
            return variable.end
        if sign == "[":
            substitution = self.bracket(at)
            parts.append(substitution)
            return substitution.end
        found = BACKSLASH.match(self.source, at, self._size)
        assert found is not None
        parts.append(backslash(found[0]))
        return found.end()

    def bracket(self, at: int) -> Substitution:
        """Parse a command substitution."""
        self._deeper(at)
        script = self.script(at + 1, True)
        self._depth -= 1
        return Substitution(at, script.end + 1, script)

    def _deeper(self, at: int) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _too_deep(at)

    def variable(self, at: int) -> Variable | None:
        """Parse a variable substitution, or return None where the dollar sign stands for itself."""
        source = self.source
        begun = at + 1
        if source.startswith("{", begun):
            end = source.find("}", begun, self._size)
            if end < 0:
                raise ParseError("missing close-brace for variable name", begun, "variable")
            name = source[begun + 1 : end]
            if name.endswith(")") and "(" in name:
                array, _, index = name[:-1].partition("(")
                return Variable(at, end + 1, array, [index])
            return Variable(at, end + 1, name)
        found = _NAME.match(source, begun, self._size)
        end = found.end() if found is not None else begun
        if source.startswith("(", end):
            self._deeper(at)
            parts, after = self._parts(end + 1, _IN_INDEX)
            self._depth -= 1
            if after >= self._size:
                raise ParseError("missing )", end, "paren")
            return Variable(at, after + 1, source[begun:end], parts or [""])
        if found is None:
            return None
        return Variable(at, end, found[0])


def _word(start: int, end: int, kind: str, parts: list[Part]) -> Word:
    if all(type(part) is str for part in parts):
        return Word(start, end, kind, "".join(parts))  # type: ignore[arg-type]
    return Word(start, end, kind, None, joined(parts))


def joined(parts: list[Part]) -> list[Part]:
    """The same parts, with neighbouring texts put together."""
    found: list[Part] = []
    for part in parts:
        if type(part) is str and found and type(found[-1]) is str:
            found[-1] += part
        else:
            found.append(part)
    return found


def _folded(body: str) -> str:
    """A braced text with its backslash-newlines replaced: the only substitution there."""
    return _FOLDED.sub(lambda found: found[1] or " ", body)
