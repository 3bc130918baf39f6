"""What a script is parsed to: commands, words, and the substitutions in them, with their places.

Without `from __future__ import annotations`: NamedTuple would compile every annotation that is a text, and Python's
compiler takes as long to get ready as a quarter of Python itself.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from nsjob.tcl.errors import ParseError

__all__ = ["Command", "Part", "Script", "Substitution", "Variable", "Word"]


class Script:
    """What a text was parsed to.

    Attributes:
        source: the whole text; all places are offsets into it.
        start, end: the part of it that this script is.
        commands: in order.
        comments: the places of comments.
        error: why the text after the last command is no command, or None.
    """

    __slots__ = ("commands", "comments", "end", "error", "source", "start")

    def __init__(
        self,
        source: str,
        start: int,
        end: int,
        commands: "list[Command]",
        comments: Sequence[tuple[int, int]] = (),
        error: ParseError | None = None,
    ) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.commands = commands
        self.comments = comments
        self.error = error

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Script):
            return NotImplemented
        return all(getattr(self, slot) == getattr(other, slot) for slot in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # it changes while it is made

    def __repr__(self) -> str:
        return f"<Script {self.start}-{self.end}: {self.commands!r}{f', {self.error!r}' if self.error else ''}>"


class Variable(NamedTuple):
    """`$name`, `${name}` or `$name(index)`.

    Attributes:
        start, end: its place in the source, as an offset and the offset after it.
        name: of the variable, without the index.
        element: the parts of the index, or None where there is none.
    """

    start: int
    end: int
    name: str
    element: list["Part"] | None = None


class Substitution(NamedTuple):
    """`[script]`; the place is that of the brackets too."""

    start: int
    end: int
    script: Script


Part: TypeAlias = str | Variable | Substitution


class Word(NamedTuple):
    """One word of a command.

    Attributes:
        start, end: its place, delimiters and `{*}` included.
        kind: `bare`, `quoted` or `braced`.
        value: its text where nothing is substituted in it but backslashes, else None.
        parts: what its text is put together from where `value` is None.
        expand: whether `{*}` is before it.
    """

    start: int
    end: int
    kind: str
    value: str | None
    parts: list["Part"] | None = None
    expand: bool = False


class Command(NamedTuple):
    """One command: its place, from its first word to before its terminator, and its words."""

    start: int
    end: int
    words: list[Word]
