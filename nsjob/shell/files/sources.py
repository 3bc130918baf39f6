"""Sources: the text of a command file, of standard input or of -c, read so that every mistake is a sentence."""

from __future__ import annotations

import sys

__all__ = ["Source", "Unreadable", "file_source", "standard_source", "word_source"]


class Source:
    """Commands to be run.

    Attributes:
        text: the commands.
        name: how messages call it.
        path: what `info script` answers; empty where it is no file.
    """

    __slots__ = ("name", "path", "text")

    def __init__(self, text: str, name: str, path: str = "") -> None:
        self.text = text
        self.name = name
        self.path = path


class Unreadable(Exception):
    """There is nothing to run. `str()` is the sentence; `code` is what the program ends with."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def word_source(text: str) -> Source:
    """What was given after -c."""
    return Source(text, "-c")


def file_source(path: str) -> Source:
    """The commands in a file.

    Raises:
        Unreadable: it cannot be read (2), or is no UTF-8 (1).
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except IsADirectoryError:
        raise Unreadable(f"{path} is a directory, and no command file", 2) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Unreadable(f"cannot read {path}: {_reason(error)}", 2) from None
    return Source(decoded(content, path), path, path)


def standard_source() -> Source:
    """All of standard input.

    Raises:
        Unreadable: there is none, it cannot be read (2), or it is no UTF-8 (1).
    """
    if sys.stdin is None:
        raise Unreadable("standard input is closed: give a command file, or commands after -c", 2)
    try:
        stream = getattr(sys.stdin, "buffer", None)
        content = sys.stdin.read() if stream is None else stream.read()
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot read standard input: {_reason(error)}", 2) from None
    return Source(content if isinstance(content, str) else decoded(content, "<stdin>"), "<stdin>")


def decoded(content: bytes, name: str) -> str:
    """The text of a file: UTF-8, with or without a mark at its beginning, and with line ends of any system.

    As Tcl reads it, it ends before the first Ctrl-Z.

    Raises:
        Unreadable: it is no UTF-8; says where.
    """
    content = content.partition(b"\x1a")[0]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        before = content[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        line = before.count(b"\n") + 1
        raise Unreadable(
            f"{name}:{line}: this is no UTF-8 (byte {content[at : at + 1].hex()}): save it as UTF-8", 1
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reason(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return (strerror or str(error)).lower()
