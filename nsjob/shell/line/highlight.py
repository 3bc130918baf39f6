"""Highlighting: what is typed, in colours."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from nsjob.shell.line.painting import Painter, Span
from nsjob.shell.line.scope import Scope

if TYPE_CHECKING:
    from nsjob.shell.session import Session

__all__ = ["LARGEST", "NsjobLexer", "Token", "tokens"]

LARGEST = 20_000  # signs: a longer text is shown plainly; it was pasted, and is read by nobody

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


class NsjobLexer(Lexer):
    """Highlights what is typed into a session.

    Arguments:
        session: whose commands, queues and languages the colours go by.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._latest: tuple[Hashable, list[Token], list[StyleAndTextTuples]] = (None, [], [])
        self._painted: dict[Hashable, list[Span]] = {}

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The tokens of each line, by its number."""
        lines = self._look(document.text)[2]
        return lambda number: lines[number] if 0 <= number < len(lines) else []

    def tokens(self, text: str) -> list[Token]:
        """The text in pieces, each with its style; remembered for the latest text."""
        return self._look(text)[1]

    def _look(self, text: str) -> tuple[Hashable, list[Token], list[StyleAndTextTuples]]:
        known = (text, self.invalidation_hash())
        latest = self._latest
        if latest[0] != known:
            found = _tokens(self._session, text, self._painted)
            self._latest = latest = (known, found, _by_line(found))
        return latest

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
