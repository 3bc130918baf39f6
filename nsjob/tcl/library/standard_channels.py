"""stdin, stdout and stderr: channels over Python's text files, those of the interpreter or else of `sys`.

Which file it is, is asked at each use: `interp.extras["stdout"]`, or else `sys.stdout` as it is at that moment.
"""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, Any

from nsjob.tcl.errors import TclError
from nsjob.tcl.library.channel import Channel
from nsjob.tcl.library.tcl_encodings import Encoding
from nsjob.tcl.posix import posix_error

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp

__all__ = ["StandardChannel", "standard_channels"]


class StandardChannel(Channel):
    """A channel over a text file. Encoding and line ends are the file's own until a script sets others."""

    def __init__(self, interp: Interp, name: str) -> None:
        super().__init__(name, None, None)
        self.interp = interp
        self.own_encoding = self.encoding
        self.ahead = ""
        self.closed = False
        self.buffering = "none" if name == "stderr" else "line"

    @property
    def file(self) -> Any:
        """The text file behind it."""
        found = self.interp.extras.get(self.name)
        return getattr(sys, self.name) if found is None else found

    @property
    def readable(self) -> bool:
        return self.name == "stdin"

    @property
    def writable(self) -> bool:
        return self.name != "stdin"

    def descriptor(self) -> int | None:
        """The descriptor behind the file, or None where it is not one of the system."""
        try:
            return int(self.file.fileno())
        except (AttributeError, OSError, ValueError):
            return None

    def chosen(self) -> Encoding | None:
        """The encoding, where a script has set one and the file can be read and written as bytes."""
        if self.encoding is self.own_encoding or not hasattr(self.file, "buffer"):
            return None
        return self.encoding

    def failed(self, doing: str, error: Exception) -> TclError:
        """The script's error for one of the file: Python code can close it, or put any object in its place."""
        said = f'error {doing} "{self.name}"'
        if isinstance(error, OSError):
            return posix_error(said, error)
        if isinstance(error, UnicodeError):
            return posix_error(said, errno.EILSEQ)
        if isinstance(error, ValueError):  # it was closed
            return posix_error(said, errno.EBADF)
        return TclError(f"{said}: {str(error) or type(error).__name__}", "PYTHON", type(error).__name__)

    # -- in -----------------------------------------------------------------------------------------------------------

    def line(self) -> str | None:
        self.at_end = False
        source = self.read_line()
        if not source:
            self.at_end = True
            return None
        if source.endswith("\n"):
            source = source[:-1]
            return source[:-1] if source.endswith("\r") and self.input_lines in ("auto", "crlf") else source
        self.at_end = True
        return source

    def read_line(self) -> str:
        if self.ahead:
            line, newline, self.ahead = self.ahead.partition("\n")
            return line + newline if newline else line + self.read_line()
        return self.read("readline")

    def read(self, part: str) -> str:
        """What a method of the file reads: `readline`, or `read` for all that is left. Empty where there is no file.

        Raises:
            TclError: the file can't do it, or what it has is no text of its encoding.
        """
        file, chosen = self.file, self.chosen()
        if file is None:
            return ""
        try:
            if chosen is not None:
                return chosen.decoded(getattr(file.buffer, part)())
            return str(getattr(file, part)())
        except Exception as error:
            raise self.failed("reading", error) from None

    def rest(self) -> str:
        self.at_end = True
        source, self.ahead = self.ahead, ""
        return self.with_newlines(source + self.read("read"))

    def characters(self, count: int) -> str:
        self.at_end = False
        while len(self.ahead) < count:
            line = self.read("readline")
            if not line:
                self.at_end = True
                break
            self.ahead += self.with_newlines(line)
        found, self.ahead = self.ahead[:count], self.ahead[count:]
        return found

    # -- out ----------------------------------------------------------------------------------------------------------

    def write(self, text: str) -> None:
        file = self.file
        if file is None:  # a program without a terminal: pythonw, or a service
            return
        if self.output_lines != "lf":
            text = text.replace("\n", "\r\n" if self.output_lines == "crlf" else "\r")
        chosen = self.chosen()
        try:
            if chosen is not None:
                file.flush()
                file.buffer.write(chosen.encoded(text))
            else:
                file.write(self.writable_text(text))
            if self.buffering == "none":
                file.flush()
        except Exception as error:
            raise self.failed("writing", error) from None

    def writable_text(self, text: str) -> str:
        """A text without what the file's own encoding has no bytes for."""
        own = getattr(self.file, "encoding", None)
        if text.isascii() or not own:
            return text
        try:
            text.encode(own, getattr(self.file, "errors", None) or "strict")
        except UnicodeEncodeError:
            return text.encode(own, "replace").decode(own)
        return text

    def flush(self) -> None:
        file = self.file
        if file is not None and self.writable and hasattr(file, "flush"):
            try:
                file.flush()
            except Exception as error:
                raise self.failed("flushing", error) from None

    # -- place, end ---------------------------------------------------------------------------------------------------

    def tell(self) -> int:
        return -1

    def seek(self, offset: int, origin: int) -> None:
        raise posix_error(f'error during seek on "{self.name}"', errno.EINVAL)

    def close(self) -> None:
        self.flush()  # the file itself is the program's


def standard_channels(interp: Interp) -> dict[str, Channel]:
    """Return the three channels that there are from the beginning, by name."""
    return {name: StandardChannel(interp, name) for name in ("stdin", "stdout", "stderr")}
