"""Logs: what is logged while a prompt has the terminal appears above it. A program's own log files stay as they are."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Logs"]

_SEVERITIES = {10: "debug", 20: "notice", 30: "warning", 40: "error", 50: "fatal"}


class _Handler(logging.Handler):
    """Shows records of the logger `nsjob`, where the program has no handlers of its own for them."""

    def __init__(self, show: Callable[[str, int], object]) -> None:
        super().__init__()
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        try:
            clock = time.strftime("%H:%M:%S", time.localtime(record.created))
            severity = _SEVERITIES.get(record.levelno, record.levelname.lower())
            shown = self.format(record)
            self._show(f"{clock} {severity}: {shown}", record.levelno)
        except Exception:
            self.handleError(record)


class Logs:
    """The log, while this is installed.

    Arguments:
        show: called with a text and its level, from any thread.
    """

    def __init__(self, show: Callable[[str, int], object]) -> None:
        self._show = show

    @contextmanager
    def installed(self) -> Iterator[None]:
        """nsjob's own records are shown; handlers that write to the terminal write to where `sys.stderr` is now."""
        logger = logging.getLogger("nsjob")
        notices = logging.getLogger("nsjob.log")
        handler = None
        level = notices.level
        if not logger.hasHandlers():
            handler = _Handler(self._show)
            logger.addHandler(handler)
            logger.propagate = False  # handlers that a command adds to the root would show all again
            if level == logging.NOTSET:
                notices.setLevel(logging.INFO)  # what `ns_log notice` says is meant to be seen
        moved = list(_to_terminal())
        for stream_handler, stream in moved:
            stream_handler.setStream(stream)
        try:
            yield
        finally:
            for stream_handler, stream in moved:
                stream_handler.setStream(getattr(stream, "original", stream))
            if handler is not None:
                logger.removeHandler(handler)
                logger.propagate = True
                notices.setLevel(level)


def _to_terminal() -> Iterator[tuple[logging.StreamHandler[Any], Any]]:
    """The root's handlers that hold the streams which the present ones stand for, and the present ones."""
    for handler in logging.getLogger().handlers:
        for stream in (sys.stdout, sys.stderr):
            original = getattr(stream, "original", None)
            if original is not None and isinstance(handler, logging.StreamHandler) and handler.stream is original:
                yield handler, stream
