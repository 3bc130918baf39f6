"""Channels: text in and out of descriptors, with encoding, line ends and buffers; and an interpreter's open channels.

One thread uses a channel at a time: that of its interpreter. A wait for a pipe is made of short ones, so that an
exception that is raised in the thread from outside arrives.
"""

from __future__ import annotations

import errno
import os
import select
import stat as modes
from typing import TYPE_CHECKING, Any

from nsjob.tcl.errors import TclError
from nsjob.tcl.library.tcl_encodings import encoding
from nsjob.tcl.posix import posix_error

if TYPE_CHECKING:
    from nsjob.tcl.interp import Interp
    from nsjob.tcl.library.pipelines import Pipeline

__all__ = ["Channel", "add_channel", "channel_named", "close_channel", "file_channel", "open_channels", "wait_for"]

CHUNK = 65536
PIPE_CHUNK = 4096  # what a pipe that is ready takes for certain, without a wait
PATIENCE = 100  # milliseconds


def wait_for(descriptor: int, event: int) -> None:
    """Wait until a descriptor can be read (select.POLLIN) or written (select.POLLOUT)."""
    poll = select.poll()
    poll.register(descriptor, event)
    while not poll.poll(PATIENCE):
        pass


class Channel:
    """A file or a pipeline, opened.

    Attributes:
        name: what scripts call it.
        reader, writer: descriptors; None where it is not open for that.
        raw: what was read and not used yet.
        out: what was written and not flushed yet.
        at_end: whether the last read met the end.
        blocked: whether the last read found nothing yet.
        after_return: whether a newline that comes next belongs to the carriage return before it.
        pipeline: the processes, where it is one.
    """

    def __init__(self, name: str, reader: int | None, writer: int | None, pipeline: Pipeline | None = None) -> None:
        self.name = name
        self.reader = reader
        self.writer = writer
        self.pipeline = pipeline
        self.regular = False
        self.raw = bytearray()
        self.out = bytearray()
        self.at_end = self.blocked = self.after_return = False
        self.blocking = True
        self.buffering = "full"
        self.buffer_size = 4096
        self.encoding = encoding("utf-8")
        self.input_end = self.output_end = ""  # -eofchar
        self.input_lines, self.output_lines = "auto", "lf"
        descriptor = reader if reader is not None else writer
        self.regular = descriptor is not None and not is_stream(descriptor)

    @property
    def readable(self) -> bool:
        return self.reader is not None

    @property
    def writable(self) -> bool:
        return self.writer is not None

    # -- in -----------------------------------------------------------------------------------------------------------

    def fill(self) -> bool:
        """Read more. False at the end, or where there is nothing yet and the channel doesn't block."""
        assert self.reader is not None
        try:
            if self.blocking and not self.regular:
                wait_for(self.reader, select.POLLIN)
            more = os.read(self.reader, CHUNK)
        except BlockingIOError:
            self.blocked = True
            return False
        except OSError as error:
            raise posix_error(f'error reading "{self.name}"', error) from None
        self.raw += more
        return bool(more)

    def begin_reading(self) -> None:
        """What is written comes before what is read."""
        self.at_end = self.blocked = False
        if self.out and self.writer is not None:
            self.flush()

    def limit(self) -> int:
        """How much of `raw` comes before the character that ends the input."""
        if self.input_end:
            end = self.raw.find(self.input_end.encode())
            if end >= 0:
                return end
        return len(self.raw)

    def take(self, size: int) -> bytes:
        taken = bytes(self.raw[:size])
        del self.raw[:size]
        return taken

    def skip_newline(self) -> None:
        """Pass over the newline of a \\r\\n whose first half is used."""
        if self.after_return and self.raw:
            newline = self.encoding.encoded("\n")
            if self.raw.startswith(newline):
                del self.raw[: len(newline)]
            self.after_return = False

    def line(self) -> str | None:
        """Return the next line without its end; None at the end, or where there is no whole one yet."""
        self.begin_reading()
        looked = 0
        while True:
            self.skip_newline()
            limit = self.limit()
            found = self.line_end(looked, limit)
            if found is not None:
                return found
            looked = max(0, limit - self.encoding.unit)
            ended = limit < len(self.raw)
            if ended or not self.fill():
                if self.blocked:
                    return None
                self.at_end = True
                return self.encoding.decoded(self.take(limit)) if limit else None

    def line_end(self, looked: int, limit: int) -> str | None:
        """Return a line that is whole in `raw`, of which the part before `looked` has no end of a line."""
        unit = self.encoding.unit
        mode = self.input_lines
        at = self.find("\r" if mode == "cr" else "\r\n" if mode == "crlf" else "\n", looked, limit)
        if mode == "auto":
            other = self.find("\r", looked, limit if at < 0 else at)
            if other >= 0:
                line = self.encoding.decoded(self.take(other))
                del self.raw[:unit]
                self.after_return = True
                self.skip_newline()
                return line
        if at < 0:
            return None
        line = self.encoding.decoded(self.take(at))
        del self.raw[: unit * (2 if mode == "crlf" else 1)]
        return line

    def find(self, sign: str, begin: int, end: int) -> int:
        """Where a character stands in `raw`, or -1."""
        wanted = self.encoding.encoded(sign)
        unit = self.encoding.unit
        at = self.raw.find(wanted, begin - begin % unit, end)
        while at >= 0 and at % unit:
            at = self.raw.find(wanted, at + 1, end)
        return at

    def rest(self) -> str:
        """Return all text up to the end."""
        self.begin_reading()
        while self.limit() == len(self.raw) and self.fill():
            pass
        self.skip_newline()
        self.at_end = not self.blocked
        return self.with_newlines(self.encoding.decoded(self.take(self.limit())))

    def with_newlines(self, source: str) -> str:
        if "\r" not in source or self.input_lines == "lf":
            return source
        if self.input_lines == "cr":
            return source.replace("\r", "\n")
        source = source.replace("\r\n", "\n")
        return source.replace("\r", "\n") if self.input_lines == "auto" else source

    def characters(self, count: int) -> str:
        """Return the next `count` characters, or fewer at the end."""
        self.begin_reading()
        found = ""
        while len(found) < count:
            self.skip_newline()
            limit = self.limit()
            piece, size = self.encoding.beginning(self.raw[:limit], count - len(found)) if limit else ("", 0)
            if piece.endswith("\r") and self.input_lines == "crlf":
                piece, size = self.with_next(piece, size)
            self.after_return = self.input_lines == "auto" and piece.endswith("\r")
            if piece:
                self.take(size)
                found += self.with_newlines(piece)
            elif limit < len(self.raw) or not self.fill():
                if not self.blocked:
                    self.at_end = True
                    found += self.with_newlines(self.encoding.decoded(self.take(limit)))  # half a character
                break
        return found

    def with_next(self, piece: str, size: int) -> tuple[str, int]:
        """Look at what follows a piece that ends with a carriage return: a newline makes one character with it."""
        newline = self.encoding.encoded("\n")
        while len(self.raw) < size + len(newline) and self.fill():
            pass
        if self.raw[size : size + len(newline)] != newline:
            return (piece[:-1], size - len(newline)) if self.blocked else (piece, size)
        if len(piece) > 1:
            return piece[:-1], size - len(newline)  # the two of them, the next time
        return "\r\n", size + len(newline)

    # -- out ----------------------------------------------------------------------------------------------------------

    def write(self, text: str) -> None:
        """Write a text; it goes on when the buffer is full, or as -buffering says."""
        if self.output_lines != "lf":
            text = text.replace("\n", "\r\n" if self.output_lines == "crlf" else "\r")
        self.unread()
        self.out += self.encoding.encoded(text)
        if self.buffering == "none" or (self.buffering == "line" and "\n" in text):
            self.send(len(self.out), "writing")
        elif len(self.out) >= self.buffer_size:
            self.send(len(self.out) - len(self.out) % self.buffer_size, "writing")

    def unread(self) -> None:
        """Go back to where a script has read to: what is written goes there."""
        if self.raw and self.regular and self.writer is not None:
            os.lseek(self.writer, -len(self.raw), os.SEEK_CUR)
            self.raw.clear()

    def flush(self) -> None:
        """Send all that is in the buffer."""
        self.send(len(self.out), "flushing")

    def send(self, size: int, doing: str) -> None:
        """Write the first `size` bytes of the buffer; `doing` is what an error calls it."""
        assert self.writer is not None
        # They leave the buffer before they are written: after an error they are not tried again.
        left = memoryview(self.take_out(size))
        try:
            while left:
                if not self.regular:
                    wait_for(self.writer, select.POLLOUT)
                try:
                    left = left[os.write(self.writer, left if self.regular else left[:PIPE_CHUNK]) :]
                except BlockingIOError:
                    wait_for(self.writer, select.POLLOUT)
        except OSError as error:
            raise posix_error(f'error {doing} "{self.name}"', error) from None

    def take_out(self, size: int) -> bytes:
        taken = bytes(self.out[:size])
        del self.out[:size]
        return taken

    # -- place, end ---------------------------------------------------------------------------------------------------

    def tell(self) -> int:
        """Return the place in bytes, -1 where there are none."""
        descriptor = self.reader if self.reader is not None else self.writer
        if not self.regular or descriptor is None:
            return -1
        return os.lseek(descriptor, 0, os.SEEK_CUR) - len(self.raw) + len(self.out)

    def seek(self, offset: int, origin: int) -> None:
        """Go to a place."""
        descriptor = self.reader if self.reader is not None else self.writer
        if self.writer is not None:
            self.flush()
        if not self.regular or descriptor is None:
            raise posix_error(f'error during seek on "{self.name}"', errno.EINVAL)
        if origin == os.SEEK_CUR:
            offset -= len(self.raw)
        self.raw.clear()
        self.at_end = self.after_return = False
        try:
            os.lseek(descriptor, offset, origin)
        except (OSError, OverflowError):
            raise posix_error(f'error during seek on "{self.name}"', errno.EINVAL) from None

    def close_side(self, descriptor: int) -> None:
        """Close the descriptor of one direction; both, where one serves for both."""
        if descriptor == self.reader:
            self.reader = None
        if descriptor == self.writer:
            self.writer = None
        os.close(descriptor)

    def close(self) -> None:
        """Flush and close, and wait for the processes of a pipeline.

        Raises:
            TclError: what was left could not be written, or a process failed.
        """
        failed: TclError | None = None
        try:
            if self.writer is not None:
                if self.output_end:
                    self.out += self.output_end.encode()
                self.flush()
        except TclError as error:
            failed = error
        finally:
            for descriptor in {self.reader, self.writer} - {None}:
                assert descriptor is not None
                self.close_side(descriptor)
        pipeline, self.pipeline = self.pipeline, None
        if pipeline is not None:
            if self.blocking:
                pipeline.finish()
            else:
                pipeline.detach()
        if failed is not None:
            raise failed

    def __del__(self) -> None:
        """Let go of what nobody closed. What was written to a file is kept, as when a Tcl program ends."""
        descriptors = {self.reader, self.writer} - {None}
        try:
            if self.regular and descriptors and self.out:
                self.flush()
        except (TclError, AssertionError):
            pass
        for descriptor in descriptors:
            assert descriptor is not None
            os.close(descriptor)
        if self.pipeline is not None:
            self.pipeline.detach()


def is_stream(descriptor: int) -> bool:
    """Whether one may have to wait for what a descriptor gives."""
    mode = os.fstat(descriptor).st_mode
    return not (modes.S_ISREG(mode) or modes.S_ISDIR(mode) or modes.S_ISBLK(mode))


def file_channel(descriptor: int, *, readable: bool, writable: bool) -> Channel:
    """Return a channel for a file that is open."""
    return Channel(f"file{descriptor}", descriptor if readable else None, descriptor if writable else None)


# -- an interpreter's channels ----------------------------------------------------------------------------------------


def open_channels(interp: Interp) -> dict[str, Channel]:
    """Return an interpreter's channels by name."""
    found: dict[str, Channel] | None = interp.extras.get("channels")
    if found is None:
        from nsjob.tcl.library.standard_channels import standard_channels

        found = interp.extras["channels"] = standard_channels(interp)
    return found


def add_channel(interp: Interp, channel: Channel) -> str:
    """Make a channel known to scripts, and return its name."""
    open_channels(interp)[channel.name] = channel
    return channel.name


def channel_named(interp: Interp, name: str) -> Channel:
    """Return a channel.

    Raises:
        TclError: can not find channel named "...".
    """
    found: Any = open_channels(interp).get(name)
    if found is None:
        raise TclError(f'can not find channel named "{name}"', "TCL", "LOOKUP", "CHANNEL", name)
    return found  # type: ignore[no-any-return]


def close_channel(interp: Interp, channel: Channel) -> None:
    """Close a channel and forget it."""
    open_channels(interp).pop(channel.name, None)
    channel.close()
