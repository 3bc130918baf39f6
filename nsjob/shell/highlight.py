"""Highlighting: what is typed, in colours, and which brackets belong together."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from nsjob.shell.painting import BRACKET, VARIABLE, Painter, Span
from nsjob.shell.scope import Scope

if TYPE_CHECKING:
    from nsjob.shell.session import Session

__all__ = ["LARGEST", "NsjobLexer", "matching_bracket", "tokens"]

LARGEST = 40_000  # signs: a longer text is shown plainly; it was pasted, and is read by nobody

Token = tuple[str, str]


def tokens(session: Session, text: str) -> list[Token]:
    """The text in pieces, each with its style. Together they are the text; a very long one is a single piece."""
    return _tokens(session, text, {})


def _tokens(session: Session, text: str, known: dict[Hashable, list[Span]]) -> list[Token]:
    if len(text) > LARGEST:
        return [("", text)]
    try:
        return _filled(text, _spans(session, text, known))
    except RecursionError:
        return [("", text)]


def _filled(text: str, spans: list[Span]) -> list[Token]:
    """Tokens for spans that are in order, with what is between them."""
    found: list[Token] = []
    at = 0
    for start, end, style in spans:
        start, end = max(start, at), min(end, len(text))
        if start >= end:
            continue
        if start > at:
            found.append(("", text[at:start]))
        found.append((style, text[start:end]))
        at = end
    if at < len(text):
        found.append(("", text[at:]))
    return found


def _spans(session: Session, text: str, known: dict[Hashable, list[Span]]) -> list[Span]:
    painter = Painter(Scope.of(session.shell, text), text, known)
    painter.script(0, len(text))
    return painter.spans


# -- brackets ---------------------------------------------------------------------------------------------------------

_PAIRS = {")": "(", "]": "[", "}": "{"}


def matching_bracket(session: Session, text: str, cursor: int) -> tuple[int, int] | None:
    """The places of the bracket at the cursor (or before it) and of the one that belongs to it, or None.

    Brackets in comments and strings are none.
    """
    for place in (cursor, cursor - 1):
        if 0 <= place < len(text) and text[place] in "()[]{}":
            pairs = _pairs(tokens(session, text))
            if place in pairs:
                return place, pairs[place]
    return None


def _pairs(found: list[Token]) -> dict[int, int]:
    pairs: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    at = 0
    for style, piece in found:
        if style in (BRACKET, VARIABLE):
            for place, sign in enumerate(piece, at):
                _pair(sign, place, opened, pairs)
        at += len(piece)
    return pairs


def _pair(sign: str, place: int, opened: list[tuple[str, int]], pairs: dict[int, int]) -> None:
    if sign in "([{":
        opened.append((sign, place))
    elif sign in _PAIRS:
        wanted = _PAIRS[sign]
        if any(one == wanted for one, _ in opened[-20:]):
            while opened and opened[-1][0] != wanted:
                opened.pop()
            begun = opened.pop()[1]
            pairs[begun], pairs[place] = place, begun


# -- for prompt_toolkit -----------------------------------------------------------------------------------------------


class NsjobLexer(Lexer):
    """Highlights what is typed into a session.

    Arguments:
        session: whose commands, queues and languages the colours go by.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: Hashable = None
        self._lines: list[StyleAndTextTuples] = []
        self._painted: dict[Hashable, list[Span]] = {}

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The tokens of each line, by its number."""
        known = (document.text, self.invalidation_hash())
        if known != self._known:
            self._lines = _by_line(_tokens(self._session, document.text, self._painted))
            self._known = known
        lines = self._lines
        return lambda number: lines[number] if 0 <= number < len(lines) else []

    def invalidation_hash(self) -> Hashable:
        """Changes where the same text would look different."""
        shell = self._session.shell
        languages = shell.languages
        return languages.default, tuple(languages.queues.items()), len(shell.interp.commands)


def _by_line(found: list[Token]) -> list[StyleAndTextTuples]:
    lines: list[StyleAndTextTuples] = [[]]
    for style, piece in found:
        first, *more = piece.split("\n")
        if first:
            lines[-1].append((style, first))
        lines += [[(style, line)] if line else [] for line in more]
    return lines
