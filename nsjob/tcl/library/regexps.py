"""Regular expressions: `regexp` and `regsub`. What they match is said in `nsjob.tcl.patterns`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nsjob.tcl.command import Family, choose, wrong_args
from nsjob.tcl.errors import TclError
from nsjob.tcl.patterns import Match, Pattern, lowered, regular
from nsjob.tcl.values import index, text

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["FAMILY"]

FAMILY = Family("Regular expressions")

_REGEXP = ("-all", "-about", "-indices", "-inline", "-expanded", "-line", "-linestop", "-lineanchor", "-nocase",
           "-start", "--")  # fmt: skip
_REGSUB = ("-all", "-nocase", "-expanded", "-line", "-linestop", "-lineanchor", "-start", "--")
_REGEXP_USAGE = "?-option ...? exp string ?matchVar? ?subMatchVar ...?"
_REGSUB_USAGE = "?-option ...? exp string subSpec ?varName?"


@dataclass(frozen=True, slots=True)
class _Call:
    """Options, and the arguments after them."""

    chosen: frozenset[str]
    start: Any
    rest: list[Any]

    def pattern(self) -> Pattern:
        has = self.chosen.__contains__
        return regular(
            text(self.rest[0]),
            nocase=has("-nocase"),
            expanded=has("-expanded"),
            line=has("-line"),
            linestop=has("-linestop"),
            lineanchor=has("-lineanchor"),
        )

    def offset(self, source: str) -> int:
        return 0 if self.start is None else max(0, index(self.start, len(source) + 1))


_NONE: frozenset[str] = frozenset()


def _call(arguments: list[Any], known: tuple[str, ...]) -> _Call:
    first = arguments[0] if arguments else ""
    if type(first) is str and first[:1] != "-":
        return _Call(_NONE, None, arguments)
    chosen: set[str] = set()
    start = None
    at = 0
    while at < len(arguments):
        given = text(arguments[at])
        if given[:1] != "-":
            break
        option = choose(given, known, "option", exact=True)
        at += 1
        if option == "--":
            break
        if option == "-start":
            if at >= len(arguments):
                break
            start = arguments[at]
            index(start, 1)
            at += 1
        else:
            chosen.add(option)
    return _Call(frozenset(chosen), start, arguments[at:])


@FAMILY.command("regexp", _REGEXP_USAGE, 0, -1)
def regexp(interp: Interp, arguments: list[Any]) -> Any:
    """Say whether a regular expression matches a text, and put the match and its groups into variables.

    With `-all` the number of matches, with `-inline` a list of what the variables would get."""
    call = _call(arguments, _REGEXP)
    chosen = call.chosen
    if len(call.rest) < 2 - ("-about" in chosen):
        raise wrong_args("regexp", _REGEXP_USAGE)
    inline = "-inline" in chosen
    if inline and len(call.rest) > 2:
        raise TclError("regexp match variables not allowed when using -inline", "TCL", "OPERATION", "REGEXP",
                       "MIX_VAR_INLINE")  # fmt: skip
    if "-about" in chosen:
        return [call.pattern().groups, []]
    source = text(call.rest[1])
    offset = call.offset(source)
    pattern = call.pattern()
    names = call.rest[2:]
    part = _span if "-indices" in chosen else _part
    groups = pattern.groups + 1
    if "-all" in chosen:
        return _all(interp, pattern, source, offset, names, part) if not inline else [
            part(found, group) for found in matches(pattern, source, offset) for group in range(groups)
        ]  # fmt: skip
    found = pattern.search(source, offset)
    if found is None:
        return [] if inline else 0
    if inline:
        return [part(found, group) for group in range(groups)]
    _store(interp, found, groups, names, part)
    return 1


def _all(interp: Interp, pattern: Pattern, source: str, offset: int, names: list[Any], part: Any) -> int:
    count = 0
    for count, found in enumerate(matches(pattern, source, offset), 1):  # noqa: B007
        _store(interp, found, pattern.groups + 1, names, part)
    return count


def _store(interp: Interp, found: Match, groups: int, names: list[Any], part: Any) -> None:
    for group, name in enumerate(names):
        if group < groups:
            interp.set(text(name), part(found, group))
        else:
            interp.set(text(name), [-1, -1] if part is _span else "")


def _part(found: Match, group: int) -> str:
    return found.group(group) or ""


def _span(found: Match, group: int) -> list[int]:
    first, last = found.span(group)
    return [first, last - 1] if first >= 0 else [-1, -1]


def matches(pattern: Pattern, source: str, offset: int = 0) -> Any:
    """Yield the matches one after another, as `regexp -all` goes through a text."""
    size = len(source)
    while True:
        found = pattern.search(source, offset)
        if found is None:
            return
        yield found
        first, last = found.span()
        offset = last + (first == last)
        if offset >= size:
            return


_SPECIAL = re.compile(r"[*+?{}()\[\].\\|^$]")
_SUBSTITUTED = re.compile(r"&|\\[0-9&\\]")


@FAMILY.command("regsub", _REGSUB_USAGE, 0, -1)
def regsub(interp: Interp, arguments: list[Any]) -> Any:
    """Replace what a regular expression matches, once or (`-all`) everywhere; & and \\0 to \\9 stand for the match and
    its groups. The result is the new text, or the number of replacements where a variable is given for the text."""
    call = _call(arguments, _REGSUB)
    if not 3 <= len(call.rest) <= 4:
        raise wrong_args("regsub", _REGSUB_USAGE)
    source, replacement = text(call.rest[1]), text(call.rest[2])
    offset = call.offset(source)
    every = "-all" in call.chosen
    plain = text(call.rest[0])
    if every and not offset and "&" not in replacement and "\\" not in replacement and not _SPECIAL.search(plain):
        result, count = _replaced(plain, source, replacement, "-nocase" in call.chosen)
    else:
        result, count = _substituted(call.pattern(), source, replacement, offset, every)
    if len(call.rest) < 4:
        return result
    interp.set(text(call.rest[3]), result)
    return count


def _replaced(plain: str, source: str, replacement: str, nocase: bool) -> tuple[str, int]:
    """Replace a text that is no expression. The options that change what one means don't count, in Tcl neither."""
    if not plain:
        return "".join(replacement + char for char in source), len(source)
    if not nocase:
        count = source.count(plain)
        return (source.replace(plain, replacement) if count else source), count
    folded, wanted = lowered(source), lowered(plain)
    parts: list[str] = []
    at = 0
    while (found := folded.find(wanted, at)) >= 0:
        parts += (source[at:found], replacement)
        at = found + len(wanted)
    return "".join(parts) + source[at:], len(parts) // 2


def _substituted(pattern: Pattern, source: str, replacement: str, offset: int, every: bool) -> tuple[str, int]:
    pieces = _pieces(replacement)
    size = len(source)
    parts: list[str] = [source[:offset]]
    count = 0
    while offset <= size:
        found = pattern.search(source, offset)
        if found is None:
            break
        count += 1
        first, last = found.span()
        parts.append(source[offset:first])
        for piece in pieces:
            if type(piece) is str:
                parts.append(piece)
            elif piece <= pattern.groups:
                parts.append(found.group(piece) or "")
        if first == last:
            parts.append(source[last : last + 1])
        offset = last + (first == last)
        if not every:
            break
    if not count:
        return source, 0
    parts.append(source[offset:])
    return "".join(parts), count


def _pieces(replacement: str) -> list[Any]:
    """What a replacement is made of: texts, and the numbers of groups."""
    if "&" not in replacement and "\\" not in replacement:
        return [replacement] if replacement else []
    pieces: list[Any] = []
    at = 0
    for mark in _SUBSTITUTED.finditer(replacement):
        if mark.start() > at:
            pieces.append(replacement[at : mark.start()])
        sign = mark[0]
        pieces.append(0 if sign == "&" else sign[1] if sign[1] in "&\\" else int(sign[1]))
        at = mark.end()
    if at < len(replacement):
        pieces.append(replacement[at:])
    return pieces
