"""Output: what a job prints, kept with the job, while the program's own prints go where they went before.

While a captured body runs, `sys.stdout` and `sys.stderr` are streams that ask which thread writes.
"""

from __future__ import annotations

import sys
import threading
from _thread import get_ident
from collections import deque
from typing import Any, TextIO

from nsjob.pool.context import PLACES

__all__ = ["Follower", "Output", "install", "uninstall", "wrap"]


class Output:
    """The tail of what one run printed. One thread writes, any may read; no lock, so that none can be left taken."""

    __slots__ = ("_chunks", "_kept", "_most", "_written")

    def __init__(self, most: int) -> None:
        self._most = most
        self._chunks: deque[tuple[int, str]] = deque()  # each behind the number of characters up to its end
        self._written = 0
        self._kept = 0

    def write(self, text: str) -> None:
        self._written += len(text)
        if len(text) > self._most:
            text = text[-self._most :] if self._most else ""
        self._chunks.append((self._written, text))
        self._kept += len(text.encode("utf-8", "replace"))
        while self._kept > self._most and self._chunks:
            end, oldest = self._chunks.popleft()
            first = oldest.encode("utf-8", "replace")
            beyond = self._kept - self._most
            if beyond < len(first):
                self._chunks.appendleft((end, first[beyond:].decode("utf-8", "ignore")))
            self._kept -= min(beyond, len(first))

    def text(self) -> str:
        """What is kept, the last of what was printed."""
        return "".join([text for _, text in self._chunks.copy()])

    def news(self, position: Any, over: bool) -> tuple[str, Any]:
        """What has come since a position, as far as it is kept, and the new position.

        Arguments:
            position: what the call before returned; None for the beginning.
            over: whether nothing more will come.
        """
        begin = position or 0
        news = []
        for end, text in self._chunks.copy():
            if end > begin:
                news.append(text[max(len(text) - (end - begin), 0) :])
                begin = end
        return "".join(news), begin


class Follower:
    """Follows what one job prints, through all its runs."""

    def __init__(self) -> None:
        self._kept: Any = None  # an Output, or what has its methods
        self._position: Any = None

    def news(self, kept: Any, over: bool) -> str:
        """What has come since the call before.

        Arguments:
            kept: the output of the run that goes on, or None.
            over: whether the job is done.
        """
        news: str = ""
        if kept != self._kept:  # another run
            if self._kept is not None:
                news = self._kept.news(self._position, True)[0]
            self._kept, self._position = kept, None
        if kept is None:
            return news
        more, self._position = kept.news(self._position, over)
        return f"{news}{more}"


def _output() -> Output | None:
    place = PLACES.get(get_ident())
    run = place.run if place is not None else None
    return run.output if run is not None else None


class _Bytes:
    """The `buffer` of a stream that asks."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        output = _output()
        if output is None:
            return int(self._stream.original.buffer.write(data))
        output.write(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream.original.buffer, name)


class _Stream:
    """A text stream that hands on what it is given: to the job whose body writes, or to the original stream."""

    def __init__(self, original: TextIO) -> None:
        self.original = original

    def write(self, text: str) -> int:
        output = _output()
        if output is None:
            return self.original.write(text)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        output.write(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if _output() is None:
            self.original.flush()

    @property
    def buffer(self) -> _Bytes:
        return _Bytes(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


_lock = threading.Lock()
_users = 0


def install() -> None:
    """Let the process's streams ask who writes. Called once for each pool that captures, undone by `uninstall`."""
    global _users
    with _lock:
        _users += 1
        wrap()


def wrap() -> None:
    """Wrap the streams again where the program has replaced them."""
    if sys.stdout is not None and not isinstance(sys.stdout, _Stream):
        sys.stdout = _Stream(sys.stdout)
    if sys.stderr is not None and not isinstance(sys.stderr, _Stream):
        sys.stderr = _Stream(sys.stderr)


def uninstall() -> None:
    """The last one puts the streams back, where nobody else has replaced them meanwhile."""
    global _users
    with _lock:
        _users -= 1
        if not _users:
            if isinstance(sys.stdout, _Stream):
                sys.stdout = sys.stdout.original
            if isinstance(sys.stderr, _Stream):
                sys.stderr = sys.stderr.original
