"""stdin, stdout and stderr: channels over Python's text files, those of the interpreter or else of `sys`.

Which file it is, is asked at each use: `interp.extras["stdout"]`, or else `sys.stdout` as it is at that moment.
"""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING, Any

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
        file, chosen = self.file, self.chosen()
        if file is None:
            return ""
        return chosen.decoded(file.buffer.readline()) if chosen is not None else str(file.readline())

    def rest(self) -> str:
        self.at_end = True
        source, self.ahead = self.ahead, ""
        file, chosen = self.file, self.chosen()
        if file is not None:
            source += chosen.decoded(file.buffer.read()) if chosen is not None else str(file.read())
        return self.with_newlines(source)

    def characters(self, count: int) -> str:
        self.at_end = False
        while len(self.ahead) < count:
            line = "" if self.file is None else self.file_line()
            if not line:
                self.at_end = True
                break
            self.ahead += self.with_newlines(line)
        found, self.ahead = self.ahead[:count], self.ahead[count:]
        return found

    def file_line(self) -> str:
        chosen = self.chosen()
        return chosen.decoded(self.file.buffer.readline()) if chosen is not None else str(self.file.readline())

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
        except OSError as error:
            raise posix_error(f'error writing "{self.name}"', error) from None

    def writable_text(self, text: str) -> str:
        """A text without what the file's own encoding has no bytes for."""
        own = getattr(self.file, "encoding", None)
        if text.isascii() or not own or getattr(self.file, "errors", "strict") != "strict":
            return text
        return text.encode(own, "replace").decode(own)

    def flush(self) -> None:
        file = self.file
        if file is not None and self.writable and hasattr(file, "flush"):
            try:
                file.flush()
            except OSError as error:
                raise posix_error(f'error flushing "{self.name}"', error) from None

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
