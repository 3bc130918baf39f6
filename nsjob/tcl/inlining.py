"""Inlining: loops whose body is put together from the source of its statements, which saves a call a turn for each.

A statement that can be inlined has one source, from which the function for it alone is made too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from sys import getrefcount
from typing import Any

from nsjob.tcl.errors import BREAK, CONTINUE, Signal, TclError
from nsjob.tcl.values import ALONE

__all__ = ["FOREACH", "INCR", "LAPPEND", "MOST_PIECES", "WHILE", "Inline", "loop", "statement"]

MOST_PIECES = 8  # statements of a body: a longer one gains little, and each shape of body is compiled once
_KNOWN = {"ALONE": ALONE, "BREAK": BREAK, "CONTINUE": CONTINUE, "Signal": Signal, "TclError": TclError,
          "getrefcount": getrefcount}  # fmt: skip


class Inline:
    """A statement as source.

    `known` are the frame's variables; `old` and `new` hold nothing once it is done, so that no value has an owner too
    many (see `ALONE`). `RESULT x` ends it with a result, `SLOWLY` hands it over to code for every case.

    Attributes:
        source: its lines; words in braces are the names of what is bound.
        bound: what those stand for, `slowly` with them.
    """

    __slots__ = ("bound", "source")

    def __init__(self, source: str, bound: dict[str, Any]) -> None:
        self.source = source
        self.bound = bound


LAPPEND = """\
try:
    new = known[{variable}]
    old = known[{name}]
except KeyError:
    old = None
if getrefcount(old) == ALONE and type(old) is list:
    old.append(new)
    RESULT old
else:
    SLOWLY
"""
INCR = """\
old = known.get({name})
if type(old) is int:
    known[{name}] = new = old + {amount}
    RESULT new
else:
    SLOWLY
"""
_CALL = "{slowly}(frame)\n"

FOREACH = """\
    def turns(frame, items):
        known = frame.vars
        interp = frame.interp
        stopping = interp.stopping
        for known[name] in items:
            try:
BODY
            except Signal as signal:
                if signal.code == BREAK:
                    break
                if signal.code != CONTINUE:
                    raise
            if stopping:
                interp.check()
        return ""
    return turns
"""
WHILE = """\
    def turns(frame):
        known = frame.vars
        interp = frame.interp
        stopping = interp.stopping
        while True:
            try:
                if not test(frame):
                    return ""
            except TclError as error:
                note(error)
                raise
            try:
BODY
            except Signal as signal:
                if signal.code == BREAK:
                    return ""
                if signal.code != CONTINUE:
                    raise
            if stopping:
                interp.check()
    return turns
"""


def statement(inline: Inline) -> Callable[[Any], Any]:
    """The function for a statement alone."""
    return _statement(inline.source, tuple(inline.bound))(**inline.bound)  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _statement(source: str, names: tuple[str, ...]) -> Any:
    body = source.format(**{name: name for name in names})
    body = body.replace("RESULT ", "return ").replace("SLOWLY", "old = new = None\n    return slowly(frame)")
    return _made(
        f"def make({', '.join(names)}):\n def run(frame):\n  known = frame.vars\n{_indented(body, '  ')} return run\n"
    )


def loop(shape: str, pieces: Sequence[Inline | Callable[[Any], Any]], **bound: Any) -> Callable[..., Any]:
    """The function for a loop.

    Args:
        shape: FOREACH or WHILE.
        pieces: what is done in each turn, MOST_PIECES at most; none may return a Jump.
        bound: what the shape names.
    """
    inlines = [piece if isinstance(piece, Inline) else Inline(_CALL, {"slowly": piece}) for piece in pieces]
    sources = tuple([(inline.source, tuple(inline.bound)) for inline in inlines])
    for at, inline in enumerate(inlines):
        bound.update({f"{name}{at}": value for name, value in inline.bound.items()})
    return _loop(shape, sources, tuple(bound))(**bound)  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _loop(shape: str, sources: tuple[tuple[str, tuple[str, ...]], ...], parameters: tuple[str, ...]) -> Any:
    lines = []
    for at, (source, names) in enumerate(sources):
        body = source.format(**{name: f"{name}{at}" for name in names})
        body = body.replace("RESULT old", "old = new = None").replace("RESULT new", "old = new = None")
        lines.append(body.replace("SLOWLY", f"old = new = None\n    slowly{at}(frame)"))
    body = _indented("".join(lines), " " * 16).rstrip("\n")
    return _made(f"def make({', '.join(parameters)}):\n{shape.replace('BODY', body)}")


def _indented(source: str, by: str) -> str:
    return "".join([by + line for line in source.splitlines(keepends=True)])


def _made(source: str) -> Any:
    made: dict[str, Any] = dict(_KNOWN)
    exec(source, made)
    return made["make"]
