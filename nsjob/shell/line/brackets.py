"""Brackets: which ones belong together, as Tcl and Python see them; those in strings and comments are none."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments

from nsjob.shell.line.highlight import LARGEST, NsjobLexer, Token
from nsjob.shell.line.painting import BRACKET, VARIABLE

__all__ = ["MatchingBrackets", "matching_bracket"]

_PAIRS = {")": "(", "]": "[", "}": "{"}
_NEAR = 20  # brackets between the two of a pair that may be unclosed


def matching_bracket(tokens: Iterable[Token], text: str, cursor: int) -> tuple[int, int] | None:
    """The places of the bracket at the cursor (or before it) and of the one that belongs to it, or None.

    Arguments:
        tokens: the text in pieces, each with its style.
        cursor: an offset into the text.
    """
    pairs: dict[int, int] | None = None
    for place in (cursor, cursor - 1):
        if 0 <= place < len(text) and text[place] in "()[]{}":
            if pairs is None:
                pairs = _pairs(tokens)
            if place in pairs:
                return place, pairs[place]
    return None


def _pairs(tokens: Iterable[Token]) -> dict[int, int]:
    pairs: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    at = 0
    for style, piece in tokens:
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
        if any(one == wanted for one, _ in opened[-_NEAR:]):
            while opened and opened[-1][0] != wanted:
                opened.pop()
            begun = opened.pop()[1]
            pairs[begun], pairs[place] = place, begun


class MatchingBrackets(Processor):
    """Shows which bracket belongs to the one at the cursor, in the style `class:matching-bracket`.

    Arguments:
        lexer: the one that colours the same text.
    """

    def __init__(self, lexer: NsjobLexer) -> None:
        self._lexer = lexer

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """As prompt_toolkit asks, for each line."""
        document = transformation_input.document
        fragments = transformation_input.fragments
        text = document.text
        if len(text) > LARGEST:
            return Transformation(fragments)
        try:
            found = matching_bracket(self._lexer.tokens(text), text, document.cursor_position)
        except Exception:  # whoever colours the text tells of it; the line can be typed without
            return Transformation(fragments)
        for place in found or ():
            row, column = document.translate_index_to_position(place)
            if row == transformation_input.lineno:
                fragments = explode_text_fragments(fragments)
                column = transformation_input.source_to_display(column)
                if column < len(fragments):
                    style, sign, *_ = fragments[column]
                    cursor = ".cursor" if place == document.cursor_position else ".other"
                    fragments[column] = (f"{style} class:matching-bracket{cursor}", sign)
        return Transformation(fragments)
