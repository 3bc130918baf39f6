"""Pager: a long text page by page, by the person's own program or, where there is none, by a few lines of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

__all__ = ["paged", "pager_words", "pages"]

_ASK = "-- more: Enter, q for no more -- "


def paged(text: str, height: int) -> None:
    """Write a text to standard output; where it does not fit on a terminal of so many rows, page by page.

    The pager is $PAGER, else `less`, else a plain one. PAGER= (empty) or PAGER=cat turns paging off. Ctrl-C ends it.

    Arguments:
        text: one whose lines are no wider than the terminal.
        height: rows; 0 for no paging.
    """
    stream = sys.stdout
    text = text.rstrip("\n")
    words = pager_words(os.environ)
    if not height or text.count("\n") < height - 1 or not words or not stream.isatty():
        stream.write(f"{text}\n")
        stream.flush()
        return
    stream.flush()
    if words == [""] or not _by_program(words, text, stream.encoding or "utf-8"):
        pages(text, height, stream, sys.stdin.readline)


def pager_words(environ: Mapping[str, str]) -> list[str]:
    """The pager's command line; empty for none, and one empty word for our own."""
    chosen = environ.get("PAGER")
    if environ.get("TERM") in ("dumb", "unknown"):
        return []
    if chosen is None:
        found = shutil.which("less")
        return [found] if found else [""]
    import shlex  # late: few texts are long

    try:
        words = shlex.split(chosen, posix=os.name == "posix")
    except ValueError:  # quotes that are not closed
        words = chosen.split()
    return [] if words == ["cat"] else words


def pages(text: str, height: int, stream: TextIO, ask: Callable[[], str]) -> None:
    """Write a text page by page.

    Arguments:
        ask: returns the line with which the person goes on; one that begins with q, or no line at all, is the end.
    """
    lines = text.split("\n")
    size = max(height - 1, 1)
    for begun in range(0, len(lines), size):
        stream.write("\n".join(lines[begun : begun + size]) + "\n")
        if begun + size >= len(lines):
            break
        stream.write(_ASK)
        stream.flush()
        try:
            said = ask()
        except KeyboardInterrupt:
            stream.write("\n")
            break
        if not said or said.strip().lower().startswith("q"):
            break
    stream.flush()


def _by_program(words: list[str], text: str, encoding: str) -> bool:
    """Let a program show it. Returns whether there is such a program."""
    environ = dict(os.environ)
    environ.setdefault("LESS", "-RX")  # colours pass, and the last page stays on the screen
    try:
        pager: Any = subprocess.Popen(words, stdin=subprocess.PIPE, env=environ)
    except (OSError, ValueError):
        return False
    for step in (lambda: pager.stdin.write(f"{text}\n".encode(encoding, "replace")), pager.stdin.close):
        try:
            step()
        except (OSError, KeyboardInterrupt):  # it was left before the end
            pass
    while True:
        try:
            pager.wait()
            return True
        except KeyboardInterrupt:  # Ctrl-C is the pager's
            pass
