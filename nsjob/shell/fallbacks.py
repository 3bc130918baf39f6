"""Fallbacks: colours, completions and checks that may fail without harm to the line that is typed.

Each has something that does the work. Once that has failed, it is told, and the line goes on without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer, SimpleLexer
from prompt_toolkit.validation import ValidationError, Validator

__all__ = ["Checks", "Colours", "Completions"]

_logger = logging.getLogger("nsjob")


def _told(what: str) -> None:
    _logger.error("%s failed, and the prompt goes on without; this is a fault of nsjob", what, exc_info=True)


class Colours(Lexer):
    """A lexer; plain text where it fails, and for texts longer than `most` signs."""

    def __init__(self, lexer: Lexer, most: int) -> None:
        self._lexer = lexer
        self._plain = SimpleLexer()
        self._most = most

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        if len(document.text) > self._most:
            return self._plain.lex_document(document)
        try:
            coloured = self._lexer.lex_document(document)
        except Exception:
            self._lexer = self._plain
            _told("colouring")
            return self._plain.lex_document(document)
        return coloured

    def invalidation_hash(self) -> Hashable:
        return self._lexer.invalidation_hash()


class Completions(Completer):
    """A completer, made when it is first asked; nothing where it fails."""

    def __init__(self, make: Callable[[], Completer]) -> None:
        self._make = make
        self._completer: Completer | None = None
        self._failed = False

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        if self._failed:
            return
        try:
            if self._completer is None:
                self._completer = self._make()
            yield from self._completer.get_completions(document, complete_event)
        except Exception:
            self._failed = True
            _told("completion")


class Checks(Validator):
    """A validator, made when it is first asked; content with everything where it fails."""

    def __init__(self, make: Callable[[], Validator]) -> None:
        self._make = make
        self._validator: Validator | None = None
        self._failed = False

    def validate(self, document: Document) -> None:
        if self._failed:
            return
        try:
            if self._validator is None:
                self._validator = self._make()
            self._validator.validate(document)
        except ValidationError:
            raise
        except Exception:
            self._failed = True
            _told("checking what is entered")
