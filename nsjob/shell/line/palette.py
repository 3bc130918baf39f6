"""Palette: the colours of what is typed: the terminal's own sixteen, which its owner can read, light or dark."""

from __future__ import annotations

from prompt_toolkit.styles import BaseStyle, Style

__all__ = ["typing_style"]

_RULES = {
    "pygments.keyword": "nobold ansimagenta",
    "pygments.keyword.constant": "nobold ansigreen",
    "pygments.name.function": "nobold ansicyan",
    "pygments.name.builtin": "nobold ansicyan",
    "pygments.name.attribute": "nobold ansiyellow",
    "pygments.name.decorator": "nobold ansiyellow",
    "pygments.name.class": "bold fg:default",
    "pygments.name.namespace": "bold fg:default",
    "pygments.name.exception": "nobold ansired",
    "pygments.name.constant": "nobold ansigreen",
    "pygments.name.variable": "nobold ansibrightblue",
    "pygments.literal.string": "nobold ansigreen",
    "pygments.literal.string.interpol": "nobold ansibrightblue",
    "pygments.literal.string.escape": "nobold ansiyellow",
    "pygments.literal.number": "nobold ansigreen",
    "pygments.operator": "nobold fg:default",
    "pygments.operator.word": "nobold ansimagenta",
    "pygments.comment": "noitalic ansibrightblack",
    "pygments.error": "ansired underline",
    "matching-bracket.cursor": "fg:default bg:default bold underline",
    "matching-bracket.other": "fg:default bg:default bold underline",
}


def typing_style() -> BaseStyle:
    """The rules for the styles of `highlight` and `brackets`, to be put over prompt_toolkit's own."""
    return Style.from_dict(_RULES)
