"""What a Tcl script can end with besides a result: an error, or another completion code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "BREAK",
    "CONTINUE",
    "ERROR",
    "OK",
    "RETURN",
    "ParseError",
    "Signal",
    "TclError",
    "TclExit",
    "TclInterrupted",
]

OK, ERROR, RETURN, BREAK, CONTINUE = range(5)


class TclError(Exception):
    """An error of a script.

    Attributes:
        result: the message, as a Tcl value; `str()` of the error is its text.
        code: the elements of `errorCode`, the standard's or the script's own.
        info: the stack trace that `errorInfo` shows, as far as it is built.
        options: further return options (`-foo bar`) that the script gave.
        line: the line of the failing command within the script that is being evaluated; 1 is the first.
        position: the offset of the failing command in its source, and that source.
    """

    def __init__(self, result: Any, *code: Any, info: str | None = None) -> None:
        super().__init__(result)
        self.result = result
        self.code: tuple[Any, ...] | Any = code or ("NONE",)
        self._info: list[str] | None = None if info is None else [info]
        self.begun = info is not None  # whether a command is in `info`
        self.logged = info is not None  # whether the next command is not to be entered: it is there already
        self.options: dict[str, Any] = {}
        self.level = 0
        self.line = 1
        self.position: tuple[str, int] | None = None

    def __str__(self) -> str:
        from nsjob.tcl.values import text

        return text(self.result)

    @property
    def info(self) -> str:
        """The text of `errorInfo`."""
        return "".join(self._info) if self._info is not None else str(self)

    @info.setter
    def info(self, text: str) -> None:
        self._info = [text]

    def add(self, text: str) -> None:
        """Append to the stack trace."""
        if self._info is None:
            self._info = [str(self)]
        self._info.append(text)
        self.begun = True

    @property
    def size(self) -> int:
        """How many entries the stack trace has; for `cut`."""
        return len(self._info) if self._info is not None else 0

    def cut(self, size: int) -> None:
        """Drop what was appended since."""
        if self._info is not None:
            del self._info[size:]


class ParseError(TclError):
    """Text that is no script.

    Attributes:
        open: what is not closed, `brace`, `bracket`, `quote`, `paren` or `variable`; None where no more text helps.
        at: the offset where that was opened, or where the error is.
    """

    def __init__(self, message: str, at: int, unclosed: str | None = None, *code: Any) -> None:
        super().__init__(message, *code)
        self.at = at
        self.open = unclosed


class Signal(Exception):
    """A completion code other than ok and error, on its way to who handles it.

    Attributes:
        code: RETURN, BREAK, CONTINUE, or the script's own number above 4, or below 0.
        value: the result.
        after: for RETURN, the code that the level that it returns to completes with.
        level: for RETURN, how many levels are still to go.
        options: further return options.
        note: enters the command that it came out of in the stack trace of the error that it becomes.
    """

    def __init__(
        self, code: int, value: Any = "", after: int = OK, level: int = 1, options: dict[str, Any] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.value = value
        self.after = after
        self.level = level
        self.options = options or {}
        self.note: Callable[[TclError], None] | None = None


class TclExit(SystemExit):
    """The script called `exit`."""


class TclInterrupted(BaseException):
    """The embedder stopped the script (`Interp.interrupt`); no `catch` holds it."""
