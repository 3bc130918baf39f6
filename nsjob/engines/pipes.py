"""Pipes: messages behind their length, in as few calls of the system as can be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import FileIO
from struct import Struct

__all__ = ["HEAD", "Receiver", "Sender", "joined", "open_pipes"]

_head, _length, _LENGTH = Struct("<Q").pack, Struct("<Q").unpack_from, 8
HEAD = _LENGTH
"""Bytes before each message."""
_CHUNK = 8192  # bytes that are asked for at once: more than most messages have
_WHOLE = 65_536  # bytes up to which a message is joined to its length


def open_pipes(count: int) -> list[tuple[int, int]]:
    """Open so many pipes, or none.

    Raises:
        OSError: there are not as many descriptors.
    """
    opened: list[tuple[int, int]] = []
    try:
        while len(opened) < count:
            opened.append(os.pipe())
    except OSError:
        for pipe in opened:
            os.close(pipe[0])
            os.close(pipe[1])
        raise
    return opened


def joined(messages: Sequence[bytes]) -> bytes:
    """Several messages as they stand in a pipe."""
    return b"".join([part for data in messages for part in (_head(len(data)), data)])


class Sender:
    """The end that is written to. One thread at a time.

    Arguments:
        descriptor: becomes this one's.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._file = FileIO(descriptor, "wb")
        self._write = self._file.write
        self.close = self._file.close

    def send(self, data: bytes) -> None:
        """Write one message.

        Raises:
            OSError: nobody reads it.
            ValueError: it is closed.
        """
        head = _head(len(data))
        if len(data) <= _WHOLE:
            self._all(head + data)
        else:
            self._all(head)
            self._all(data)

    def _all(self, data: bytes) -> None:
        written = self._write(data)
        while written < len(data):  # a signal came in between
            data = data[written:]
            written = self._write(data)


class Receiver:
    """The end that is read from. One thread at a time.

    Arguments:
        descriptor: becomes this one's.
    """

    def __init__(self, descriptor: int) -> None:
        self._file = FileIO(descriptor, "rb")
        self._read = self._file.read
        self._left = b""  # of what was read, the beginning of what comes next

    def close(self) -> None:
        """Close it; what was read and not received is lost."""
        self._left = b""
        self._file.close()

    def receive(self) -> bytes | memoryview:
        """Read one message.

        Raises:
            EOFError: the other side is gone.
            ValueError: it is closed.
        """
        data = self._left or self._more()
        while len(data) < _LENGTH:
            data += self._more()
        end = _LENGTH + _length(data)[0]
        if len(data) >= end:
            self._left = data[end:]
            return data[_LENGTH:end]
        self._left = b""
        return self._long(data, end)

    def _more(self) -> bytes:
        data = self._read(_CHUNK)
        if not data:
            raise EOFError
        return data

    def _long(self, data: bytes, end: int) -> bytes | memoryview:
        whole = bytearray(end)
        whole[: len(data)] = data
        view = memoryview(whole)
        have = len(data)
        while have < end:
            count = self._file.readinto(view[have:])
            if not count:
                raise EOFError
            have += count
        return view[_LENGTH:]
