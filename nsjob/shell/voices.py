"""Voices: `sys.stdout` and `sys.stderr` of a program with a prompt, which ask who writes.

What the commands that were typed print goes to the stream as it would without a prompt; what jobs and other threads
print goes to whoever shows it in the background.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import UnsupportedOperation
from typing import Any, TextIO

from nsjob.pool.context import PLACES

__all__ = ["Speaker", "Voices", "speaker"]

Speaker = tuple[str, str]  # queue and job; empty where it is no job


def speaker() -> Speaker | None:
    """The queue and the id of the job whose body runs in this thread; None where none does."""
    place = PLACES.get(get_ident())
    job = place.job if place is not None else None
    return None if job is None else (job.queue, job.id)


class _Bytes:
    """The `buffer` of a voice."""

    def __init__(self, voice: _Voice) -> None:
        self._voice = voice

    def write(self, data: Any) -> int:
        text = bytes(data).decode("utf-8", "replace")
        if self._voice.is_direct():
            self._voice.flush()
            return int(self._voice.original.buffer.write(data))
        self._voice.write(text)
        return len(data)

    def close(self) -> None:
        """As of the voice; a TextIOWrapper that was put around this calls it when it goes."""
        self._voice.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._voice.original.buffer, name)


class _Voice:
    """One stream. What is not about writing is the original's business."""

    def __init__(self, original: TextIO, voices: Voices, error: bool) -> None:
        self.original = original
        self._voices = voices
        self._error = error

    def is_direct(self) -> bool:
        """Whether what this thread writes goes to the stream itself."""
        voices = self._voices
        return voices.closed or get_ident() == voices.foreground

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.is_direct():
            if self._voices.closed:
                return self.original.write(text)
            self._voices.direct(self.original, text)
        else:
            self._voices.background(speaker() or ("", ""), text, self._error)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self.is_direct():
            self.original.flush()

    def isatty(self) -> bool:
        return self.is_direct() and self.original.isatty()

    def close(self) -> None:
        """What a job or a command closes stays open: the prompt goes on."""
        self.flush()

    def detach(self) -> Any:
        raise UnsupportedOperation("the prompt needs this stream")

    @property
    def buffer(self) -> _Bytes:
        return _Bytes(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


class Voices:
    """The two streams, while this is installed.

    Arguments:
        direct: writes a text of the foreground to the stream that is meant.
        background: shows a text: by whom (see `speaker`), what, and whether it was for stderr.

    Attributes:
        foreground: the thread in which the commands run that were typed, while they do.
        closed: whether the streams have been put back; whoever holds one then writes to the original.
    """

    def __init__(
        self, direct: Callable[[TextIO, str], object], background: Callable[[Speaker, str, bool], object]
    ) -> None:
        self.direct = direct
        self.background = background
        self.foreground = 0
        self.closed = True

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The program's streams are these."""
        before: list[tuple[str, Any, Any]] = []
        self.closed = False
        for name in ("stdout", "stderr"):
            original = getattr(sys, name)
            if original is not None:
                voice: Any = _Voice(original, self, name == "stderr")
                setattr(sys, name, voice)
                before.append((name, voice, original))
        try:
            yield
        finally:
            self.closed = True
            for name, voice, original in before:
                if getattr(sys, name) is voice:  # else somebody else has wrapped it, who will unwrap it
                    setattr(sys, name, original)

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """This thread is the foreground."""
        before, self.foreground = self.foreground, get_ident()
        try:
            yield
        finally:
            self.foreground = before
