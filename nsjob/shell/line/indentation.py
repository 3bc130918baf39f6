"""Indentation: the blanks that the next line of what is being typed begins with, in Tcl and in Python within it."""

from __future__ import annotations

import re

from nsjob.tcl.errors import ParseError
from nsjob.tcl.parser import parse_partly

__all__ = ["closing_indentation", "indentation"]

_STEP = 4
_DEEPEST = 50  # braces, and
_LONGEST = 1_000  # signs before each are looked at, to find out whether it is Python within
_BRACES = re.compile(r"[{}]|\\.", re.DOTALL)
_BLANKS = re.compile(r"[ \t]*")
_TAKES_PYTHON = re.compile(r"(?:\A|[\n;\[{]|ns_job)[ \t]*(?:queue|py|ns_eval)\b(?![^\n]*-lang[ \t]+t)[^\n;]*\Z")
_PYTHON = re.compile(
    r"(?P<text>\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|(?P<endless>\Z))|'''(?:\\.|[^\\])*?(?:'''|(?P<unended>\Z))"
    r"|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?)"
    r"|(?P<comment>#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<newline>\n)|(?P<blank>[ \t\r]+)|(?P<other>.)",
    re.DOTALL,
)
_LEAVES = re.compile(r"(?:return|pass|break|continue|raise)\b")


def indentation(text: str) -> str:
    """The blanks for the line after this text.

    One step per brace that is open; in Python one more after a colon, one less after `return` and its like. Nothing in
    quotes, whose blanks count.
    """
    error = _error(text)
    if error is None or error.open is None:
        return ""
    if error.open != "brace":
        return " " * (_of_line(text, error.at) + _STEP) if error.open == "bracket" else ""
    braces = _open_braces(text, error.at)
    for at in braces[-_DEEPEST:]:
        if _TAKES_PYTHON.search(text[max(text.rfind("\n", 0, at) + 1, at - _LONGEST) : at]):
            return " " * _in_python(text, at, _within(text, braces, at))
    return " " * (_within(text, braces, braces[-1]) + _STEP * _is_continued(text))


def closing_indentation(text: str) -> str:
    """The blanks before a brace that closes what is open in this text, where the brace is the first on its line.

    Arguments:
        text: what is before that brace.
    """
    error = _error(text)
    if error is None or error.open != "brace":
        return ""
    braces = _open_braces(text, error.at)
    return " " * max(_within(text, braces, braces[-1]) - _STEP, 0)


def _error(text: str) -> ParseError | None:
    """What is open at the end of the text, or wrong in it."""
    try:
        return parse_partly(text).error
    except RecursionError:  # it is nested deeper than can be told
        return None


def _open_braces(text: str, start: int) -> list[int]:
    """The places of the braces that are open at the end, the outermost first."""
    opened: list[int] = []
    for mark in _BRACES.finditer(text, start):
        if mark[0] == "{":
            opened.append(mark.start())
        elif mark[0] == "}" and opened:
            opened.pop()
    return opened or [start]


def _of_line(text: str, at: int) -> int:
    """The indentation of the line that has this place."""
    begun = text.rfind("\n", 0, at) + 1
    found = _BLANKS.match(text, begun)
    return len(found[0].expandtabs(8)) if found is not None else 0


def _within(text: str, braces: list[int], at: int) -> int:
    """The indentation within an open brace: a step for each of its line that is still open."""
    begun = text.rfind("\n", 0, at) + 1
    return _of_line(text, at) + _STEP * sum(begun <= one <= at for one in braces)


def _is_continued(text: str) -> bool:
    return text.endswith("\\") and not text.endswith("\\\\")


def _in_python(text: str, brace: int, least: int) -> int:
    """The indentation of the next line of the Python after a brace, whose own lines are indented so at least."""
    opened: list[int] = []
    first = -1  # where the statement begins
    last = ""
    for token in _PYTHON.finditer(text, brace + 1):
        kind = token.lastgroup
        if token["endless"] is not None or token["unended"] is not None:
            return 0
        if kind in ("comment", "blank"):
            continue
        if kind == "newline":
            if not opened and last != "\\":
                last = last and "\n"
            continue
        if last in ("", "\n"):
            first = token.start()
        last = token[0]
        if kind == "open":
            opened.append(token.start())
        elif kind == "close" and opened:
            opened.pop()
    if opened:
        same = text.rfind("\n", 0, opened[-1]) < brace
        return (least if same else _of_line(text, opened[-1])) + _STEP
    if first < 0:
        return least
    level = _of_line(text, first) if text.find("\n", brace, first) >= 0 else least
    ended = _last_sign(text, brace)
    if ended in (":", "\\"):
        return level + _STEP
    return max(level - _STEP, least) if _LEAVES.match(text, first) else level


def _last_sign(text: str, brace: int) -> str:
    """The last sign of the last line that is neither a blank nor in a comment."""
    last = ""
    for token in _PYTHON.finditer(text, brace + 1):
        if token.lastgroup == "newline":
            last = "" if not text[token.end() :].strip() else last
        elif token.lastgroup not in ("comment", "blank"):
            last = token[0]
    return last
